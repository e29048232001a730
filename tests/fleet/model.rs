//! Very many clients and one server, second by second. A client is what the
//! core keeps of a session's time: its back-off and the life of its token.

use evertoken::internals::jwt::Claims;
use evertoken::internals::lifetime::{Freshness, Lifetime, Stated};
use evertoken::internals::pace::Pace;
use evertoken::internals::{Millis, Now};

use crate::support::random::Random;

/// Timers are as exact as this, in milliseconds.
const TICK: u64 = 10;

/// Slots of the wheel: it goes round in twenty minutes, and nobody waits for
/// longer.
const SLOTS: usize = 120_000;

/// What the clocks show at the beginning.
const START: f64 = 1_709_168_400_000.0;

/// How clients try again after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As the core does.
    Core,
    /// Each so many seconds.
    Fixed(u32),
    /// Twice as long each time, from a second to a minute, without jitter.
    Doubled,
}

/// The fleet and what happens to it.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub clients: u32,
    /// Of an access token.
    pub lifetime_s: u32,
    /// When the server goes down: every token is refused from then on, and
    /// everybody notices within `notice_s`.
    pub down_s: u32,
    pub notice_s: u32,
    /// When it comes back.
    pub up_s: u32,
    /// The calls that it takes each second from then on; it answers all
    /// others with 429.
    pub rate: u32,
    pub end_s: u32,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Course {
    /// Calls in each second.
    pub load: Vec<u32>,
    /// The second after its return in which the last client that had been
    /// waiting was served; none if some never were.
    pub back_after_s: Option<u32>,
    pub calls: u64,
}

impl Course {
    /// The most calls in a second since the server came back.
    pub fn peak(&self, scenario: &Scenario) -> u32 {
        let since = &self.load[scenario.up_s as usize..];
        since.iter().copied().max().unwrap_or(0)
    }
}

#[derive(Clone)]
struct Client {
    pace: Pace,
    lifetime: Lifetime,
    random: Random,
    /// Waited for the server when it came back.
    waits: bool,
}

struct Fleet {
    scenario: Scenario,
    way: Way,
    clients: Vec<Client>,
    /// Who calls in which tick.
    wheel: Vec<Vec<u32>>,
    tick: u64,
}

fn at(ms: u64) -> Now {
    Now::from_ms(START + ms as f64, ms as f64)
}

/// A token that was received at `now`.
fn token(scenario: &Scenario, now: Now) -> Lifetime {
    let stated = Stated {
        expires_in: Some(Millis::new(scenario.lifetime_s * 1000)),
        ..Stated::default()
    };
    let claims = Claims::default();
    Lifetime::decide(stated, &claims, Millis::ZERO, Freshness::Fresh, now)
}

impl Fleet {
    fn new(scenario: Scenario, way: Way) -> Self {
        let now = at(0);
        let due = token(&scenario, now).due_age(None).as_ms() as u64;
        let mut fleet = Self {
            scenario,
            way,
            clients: Vec::with_capacity(scenario.clients as usize),
            wheel: vec![Vec::new(); SLOTS],
            tick: 0,
        };
        for number in 0..scenario.clients {
            let mut random = Random::new(u64::from(number) << 20);
            let lifetime = token(&scenario, now);
            // In a fleet that has run for long, refreshes are spread evenly.
            let first = random.below(due);
            fleet.clients.push(Client {
                pace: Pace::default(),
                lifetime,
                random,
                waits: false,
            });
            fleet.call_at(number, first);
        }
        fleet
    }

    fn call_at(&mut self, number: u32, ms: u64) {
        // Never too early, and never in a tick that is over.
        let tick = ms.div_ceil(TICK).max(self.tick + 1);
        assert!(tick - self.tick < SLOTS as u64, "a wait beyond the wheel");
        self.wheel[(tick % SLOTS as u64) as usize].push(number);
    }

    /// Everybody's token is refused at the next request.
    fn notice(&mut self) {
        self.wheel.iter_mut().for_each(Vec::clear);
        let (from, within) = (self.tick * TICK, u64::from(self.scenario.notice_s) * 1000);
        for number in 0..self.scenario.clients {
            let client = &mut self.clients[number as usize];
            let ms = from + client.random.below(within);
            let allowed = client.pace.allows_reactive(at(ms).mono, true);
            assert!(allowed, "one refusal is no storm");
            self.call_at(number, ms);
        }
    }

    fn served(&mut self, number: u32, ms: u64) {
        let now = at(ms);
        let client = &mut self.clients[number as usize];
        client.pace.succeeded();
        client.lifetime = token(&self.scenario, now);
        client.waits = false;
        let due = client.lifetime.due_age(None).as_ms();
        self.call_at(number, ms + due.ceil() as u64);
    }

    fn failed(&mut self, number: u32, ms: u64) {
        let now = at(ms);
        let client = &mut self.clients[number as usize];
        let before = client.pace.failures;
        let fraction = (client.random.next() >> 11) as f64 / (1u64 << 53) as f64;
        client.pace.failed(now.mono, Millis::ZERO, fraction);
        let wait = match self.way {
            Way::Core => client.pace.wait(now.mono).as_ms().ceil() as u64,
            Way::Fixed(seconds) => u64::from(seconds) * 1000,
            Way::Doubled => (1000 << before.min(6)).min(60_000),
        };
        self.call_at(number, ms + wait);
    }
}

/// Lets it happen.
pub fn run(scenario: Scenario, way: Way) -> Course {
    let mut fleet = Fleet::new(scenario, way);
    let mut course = Course {
        load: vec![0; scenario.end_s as usize],
        back_after_s: None,
        calls: 0,
    };
    let (down, up) = (scenario.down_s * 1000, scenario.up_s * 1000);
    let mut waiting = 0u32;
    // What the server may still take; no more than a tick's worth is saved.
    let mut room = 0.0;
    let a_tick = f64::from(scenario.rate) * TICK as f64 / 1000.0;
    for tick in 0..u64::from(scenario.end_s) * 1000 / TICK {
        fleet.tick = tick;
        let ms = tick * TICK;
        if ms == u64::from(down) {
            fleet.notice();
        }
        if ms == u64::from(up) {
            for client in &mut fleet.clients {
                client.waits = client.pace.failures > 0;
                waiting += u32::from(client.waits);
            }
        }
        room = f64::min(room, 1.0) + a_tick;
        let slot = (tick % SLOTS as u64) as usize;
        let callers = std::mem::take(&mut fleet.wheel[slot]);
        course.load[(ms / 1000) as usize] += callers.len() as u32;
        course.calls += callers.len() as u64;
        for number in callers {
            let is_up = ms < u64::from(down) || ms >= u64::from(up);
            let is_limited = ms >= u64::from(up);
            if !is_up || (is_limited && room < 1.0) {
                fleet.failed(number, ms);
                continue;
            }
            room -= 1.0;
            let waited = fleet.clients[number as usize].waits;
            fleet.served(number, ms);
            if waited {
                waiting -= 1;
                if waiting == 0 {
                    course.back_after_s = Some((ms.div_ceil(1000)) as u32 - scenario.up_s);
                }
            }
        }
    }
    course
}
