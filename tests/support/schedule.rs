//! Random schedules: everything that happens in one follows from its seed.

use super::auth::Manner;
use super::fault::Fault;
use super::random::Random;
use super::store::Kind;
use super::world::World;
use evertoken::core::{Ask, Millis};

const USERS: [&str; 3] = ["ann", "bob", "cyd"];
const HOUR: u64 = 3_600_000;

/// Makes the world of a schedule.
fn world(random: &mut Random, fault: Option<Fault>) -> World {
    let cookie = random.percent(25);
    let mut options = Vec::new();
    if cookie {
        options.push(r#""refreshToken":{"in":"cookie"}"#);
    }
    let quick = random.percent(30);
    if quick {
        options.push(r#""timeoutMs":2000"#);
    }
    options.extend(random.pick(&[
        None,
        None,
        Some(r#""proactive":true"#),
        Some(r#""proactive":false"#),
    ]));
    options.extend(random.pick(&[None, None, Some(r#""refreshAheadSeconds":900"#)]));
    options.extend(random.pick(&[
        None,
        None,
        Some(r#""logout":{"url":"/logout","authenticate":true}"#),
    ]));
    let mut world = World::new(&options.join(","));
    world.fault = fault;
    world.random = Random::new(random.next());
    world.store.kind = random.pick(&[
        Kind::Memory,
        Kind::Local,
        Kind::Local,
        Kind::Transaction,
        Kind::Transaction,
    ]);
    world.auth.cookie = cookie;
    world.auth.lifetime = random.pick(&[1_000, 5_000, 20_000, 60_000, 300_000]);
    world.auth.strict = random.percent(75);
    world.auth.rotates = random.percent(90);
    world.auth.states = random.percent(70);
    world.auth.opaque = world.auth.states && random.percent(20);
    world.network.server = if quick {
        (1, 20)
    } else {
        random.pick(&[(1, 20), (1, 20), (50, 3000)])
    };
    world.network.channel = match world.store.kind {
        Kind::Memory => (1, 12),
        _ => random.pick(&[(1, 5), (1, 40), (1, 3000)]),
    };
    world.network.twice = random.pick(&[0, 10]);
    if world.store.kind != Kind::Memory {
        world.network.lost = random.pick(&[0, 0, 10]);
    }
    // Tabs that hear of each other late, or not at all, cannot keep apart.
    world.laws.apart = world.network.channel.1 > 200 || world.network.lost > 0;
    world.set_clock(random.pick(&[0.0, 0.0, 0.0, 3.6e6, -3.6e6, 3.15e11]));
    world
}

/// Whether tabs know only what they tell each other.
fn untold(world: &World) -> bool {
    world.store.kind == Kind::Memory || world.store.fails
}

fn manner(random: &mut Random) -> Manner {
    match random.below(14) {
        0 => Manner::Hang,
        1 => Manner::HangAfter,
        2 => Manner::DropBefore,
        3 => Manner::DropAfter,
        4 => Manner::html(random.pick(&[200, 401, 502])),
        5 => Manner::later(random.pick(&[429, 503]), random.pick(&["1", "30"])),
        6 => Manner::status(random.pick(&[408, 425, 429, 500, 502, 503, 504, 520])),
        7 => Manner::status(random.pick(&[404, 405])),
        8 => Manner::body(200, random.pick(&["", "{}", "{\"accessToken\":", "null"])),
        9 => Manner::body(
            random.pick(&[400, 401, 403, 500]),
            r#"{"error":"invalid_grant"}"#,
        ),
        10 => Manner::SameToken,
        _ => Manner::Slow(random.between(1, 4000)),
    }
}

/// Does one thing that happens in such a world.
fn act(world: &mut World, random: &mut Random) {
    let alive: Vec<usize> = (0..world.tabs.len())
        .filter(|tab| world.tabs[*tab].alive)
        .collect();
    let awake: Vec<usize> = alive
        .iter()
        .copied()
        .filter(|tab| world.tabs[*tab].awake())
        .collect();
    let choice = random.below(100);
    if choice >= 94 || awake.is_empty() {
        if let Some(tab) = alive.iter().copied().find(|tab| world.tabs[*tab].frozen) {
            world.thaw(tab);
        } else if alive.len() < 5 && (awake.len() == alive.len() || !untold(world)) {
            world.open();
        }
        return;
    }
    // A manager that was disposed of refuses everything.
    let awake: Vec<usize> = awake
        .into_iter()
        .filter(|tab| !world.tabs[*tab].disposed)
        .collect();
    if awake.is_empty() {
        return;
    }
    let tab = random.pick(&awake);
    match choice {
        0..=34 => {
            world.fetch(tab);
        }
        35 => {
            world.fetch_stream(tab);
        }
        36..=42 => {
            for tab in &awake {
                for _ in 0..random.between(1, 3) {
                    world.fetch(*tab);
                }
            }
        }
        43..=46 => {
            let least = Millis::from_ms(random.below(100_000) as f64).unwrap_or_default();
            let ask = random.pick(&[
                Ask::Token {
                    least: Millis::ZERO,
                },
                Ask::Token { least },
                Ask::TokenNow,
            ]);
            world.token(tab, ask);
        }
        47 => {
            world.token(tab, Ask::TokenForced);
        }
        48..=50 => {
            world.refresh(tab);
        }
        51..=54 => {
            world.log_in(tab, random.pick(&USERS));
        }
        55 => {
            world.set_tokens(tab, random.pick(&USERS));
        }
        56..=59 => {
            world.sign_out(tab, random.percent(20));
        }
        60..=63 => {
            let cached = random.percent(30) && !untold(world);
            world.freeze(tab, cached);
        }
        64..=65 if awake.len() > 1 => {
            if random.percent(50) {
                world.crash(tab)
            } else {
                world.close(tab)
            }
        }
        66..=70 => {
            let visible = random.percent(50);
            world.show(tab, visible);
        }
        71..=72 => {
            world.network.down = !world.network.down;
            if !world.network.down {
                awake.iter().for_each(|tab| world.online(*tab));
            }
        }
        73..=74 => {
            let by = random.pick(&[
                -3.15e11, -3.6e6, -30_000.0, -1_000.0, 1_000.0, 30_000.0, 3.6e6, 3.15e11,
            ]);
            world.set_clock(by);
        }
        75..=83 => {
            let manners: Vec<_> = (0..random.between(1, 3)).map(|_| manner(random)).collect();
            world.script(manners);
        }
        84..=85 => {
            world.auth.otherwise = if random.percent(50) {
                manner(random)
            } else {
                Manner::Good
            };
        }
        86 if world.network.lost == 0
            && world.network.channel.1 <= 12
            && alive.len() == awake.len() =>
        {
            world.store.fails = true;
        }
        87..=88 => world.auth.expire_all(),
        89..=90 if !world.callers.is_empty() => {
            let caller = random.below(world.callers.len() as u64) as usize;
            if world.callers[caller].done.is_none() && world.tabs[world.callers[caller].tab].awake()
            {
                world.abort(caller);
            }
        }
        91 if awake.len() > 1 && random.percent(30) => world.dispose(tab),
        92 => {
            let manner = random.pick(&[
                Manner::status(401),
                Manner::Hang,
                Manner::status(500),
                Manner::DropBefore,
            ]);
            world.auth.login_script.push_back(manner);
        }
        93 => {
            let manner = random.pick(&[Manner::Hang, Manner::status(500), Manner::DropBefore]);
            world.auth.logout_script.push_back(manner);
        }
        _ => {}
    }
}

fn gap(world: &World, random: &mut Random) -> u64 {
    match random.below(100) {
        0..=54 => random.below(50),
        55..=79 => random.below(5_000),
        80..=97 => random.below(world.auth.lifetime * 2),
        _ => random.below(20_000),
    }
}

/// The machine sleeps for up to eight hours.
fn sleep(world: &mut World, random: &mut Random) {
    let awake: Vec<usize> = (0..world.tabs.len())
        .filter(|tab| world.tabs[*tab].awake())
        .collect();
    awake.iter().for_each(|tab| world.freeze(*tab, false));
    let time = random.below(8 * HOUR);
    world.pass(time);
    awake.iter().for_each(|tab| world.thaw(*tab));
}

/// Runs the schedule of a seed; what it broke is in `laws`. The world with
/// `log` remembers everything that happened.
pub fn run(seed: u64, fault: Option<Fault>, log: bool) -> World {
    let mut random = Random::new(seed);
    let mut world = world(&mut random, fault);
    world.log = log.then(Vec::new);
    for _ in 0..random.between(1, 4) {
        world.open();
    }
    world.log_in(0, "ann");
    let actions = random.between(10, 40);
    for _ in 0..actions {
        if random.percent(1) {
            sleep(&mut world, &mut random);
        } else {
            let gap = gap(&world, &mut random);
            world.pass(gap);
        }
        act(&mut world, &mut random);
        if !world.laws.broken.is_empty() {
            return world;
        }
    }
    rest(&mut world);
    world
}

/// Lets the world come to rest: everything works again, and everybody is
/// there.
fn rest(world: &mut World) {
    world.note(|| "rest".to_owned());
    world.network.down = false;
    world.network.lost = 0;
    world.auth.script.clear();
    world.auth.login_script.clear();
    world.auth.logout_script.clear();
    world.auth.otherwise = Manner::Good;
    // Tokens that live long enough for a moment in which nothing happens.
    world.auth.lifetime = world.auth.lifetime.max(300_000);
    let alive: Vec<usize> = (0..world.tabs.len())
        .filter(|tab| world.tabs[*tab].alive)
        .collect();
    for tab in &alive {
        world.thaw(*tab);
    }
    for tab in &alive {
        world.show(*tab, true);
        world.online(*tab);
    }
    world.pass(31_000);
    for tab in &alive {
        if !world.tabs[*tab].disposed {
            world.fetch(*tab);
        }
    }
    world.pass(25_000);
    for _ in 0..20_000 {
        let refreshing = alive
            .iter()
            .any(|tab| world.tabs[*tab].machine.snapshot().refreshing);
        if world.is_quiet() && !refreshing {
            break;
        }
        world.step(u64::MAX);
    }
    if world.laws.broken.is_empty() {
        world.laws_of_rest();
    }
}
