//! Runs a schedule: makes the world that it says and does what it says.

use super::auth::Manner;
use super::fault::Fault;
use super::plan::{Deed, Lock, Plan, Setting, Step, Which};
use super::random::Random;
use super::store::{Health, Kind};
use super::world::{Log, World};

/// Tabs that may be open at once.
const TABS: usize = 5;

/// Makes the world of a setting.
fn world(setting: &Setting, fault: Option<Fault>) -> World {
    let mut options = Vec::new();
    if setting.cookie {
        options.push(r#""refreshToken":{"in":"cookie"}"#);
    }
    if setting.quick {
        options.push(r#""timeoutMs":2000"#);
    }
    options.extend(&setting.options);
    let mut world = World::new(&options.join(","));
    world.fault = fault;
    world.store.kind = setting.store;
    world.store.remember = setting.remember;
    world.locks = setting.lock != Lock::Nothing;
    world.lease = setting.lock == Lock::Lease;
    world.refuses_locks = setting.lock == Lock::Refused;
    world.alone = setting.alone;
    world.stops_keepalive = setting.stops_keepalive;
    world.auth.mislabels = setting.mislabels;
    world.auth.cookie = setting.cookie;
    world.auth.lifetime = setting.lifetime;
    world.auth.strict = setting.strict;
    world.auth.rotates = setting.rotates;
    world.auth.states = setting.states;
    world.auth.opaque = setting.opaque;
    world.network.server = setting.server;
    world.network.channel = setting.channel;
    world.network.twice = setting.twice;
    world.network.lost = setting.lost;
    // Tabs that hear of each other late, or not at all, cannot keep apart.
    world.laws.apart = setting.channel.1 > 200 || setting.lost > 0;
    world.set_clock(setting.clock);
    world
}

/// Whether tabs know only what they tell each other.
fn untold(world: &World) -> bool {
    matches!(world.store.kind, Kind::Memory | Kind::Tab) || world.store.fails
}

fn which(tabs: &[usize], one: Which) -> usize {
    tabs[(one % tabs.len() as u64) as usize]
}

/// A frozen tab thaws, or another one opens.
fn come_back(world: &mut World) {
    let alive = world.alive();
    if let Some(tab) = alive.iter().copied().find(|tab| world.tabs[*tab].frozen) {
        world.thaw(tab);
    } else if alive.len() < TABS {
        world.load();
    }
}

/// Does one thing that happens in such a world, if it can.
fn act(world: &mut World, deed: &Deed) {
    let awake = world.awake();
    if *deed == Deed::Return || awake.is_empty() {
        return come_back(world);
    }
    let all_awake = awake.len() == world.alive().len();
    // A manager that was disposed of refuses everything, and one that has not
    // started is in nobody's hands.
    let awake: Vec<usize> = awake
        .into_iter()
        .filter(|tab| !world.tabs[*tab].disposed && world.tabs[*tab].started)
        .collect();
    if awake.is_empty() {
        return;
    }
    let tab = |one: &Which| which(&awake, *one);
    match deed {
        Deed::Fetch(one) => {
            world.fetch(tab(one));
        }
        Deed::FetchStream(one) => {
            world.fetch_stream(tab(one));
        }
        Deed::FetchAll(count) => {
            for tab in &awake {
                (0..*count).for_each(|_| {
                    world.fetch(*tab);
                });
            }
        }
        Deed::Token(one, ask) => {
            world.token(tab(one), *ask);
        }
        Deed::Refresh(one) => {
            world.refresh(tab(one));
        }
        Deed::LogIn {
            tab: one,
            user,
            remember,
        } => {
            world.log_in_for(tab(one), user, *remember);
        }
        Deed::Restore {
            tab: one,
            after_sign_out,
        } => {
            world.restore(tab(one), *after_sign_out);
        }
        Deed::SetTokens(one, user) => {
            world.set_tokens(tab(one), user);
        }
        Deed::LogOut { tab: one, local } => {
            world.sign_out(tab(one), *local);
        }
        Deed::Freeze { tab: one, cached } => {
            let cached = *cached && !untold(world);
            world.freeze(tab(one), cached);
        }
        Deed::Stall(one) => world.stall(tab(one)),
        Deed::Crash(one) if awake.len() > 1 => world.crash(tab(one)),
        Deed::Close(one) if awake.len() > 1 => world.close(tab(one)),
        Deed::Reload(one) => {
            world.reload(tab(one));
        }
        Deed::Duplicate(one) if world.alive().len() < TABS => {
            world.duplicate(tab(one));
        }
        Deed::BeginToLeave(one) => world.begin_to_leave(tab(one)),
        Deed::Show { tab: one, visible } => world.show(tab(one), *visible),
        Deed::Network => {
            world.network.down = !world.network.down;
            if !world.network.down {
                awake.iter().for_each(|tab| world.online(*tab));
            }
        }
        Deed::SetClock(by) => world.set_clock(*by),
        Deed::Script(manners) => world.script(manners.iter().cloned()),
        Deed::Otherwise(manner) => world.auth.otherwise = manner.clone(),
        Deed::ScriptLogin(manner) => world.auth.login_script.push_back(manner.clone()),
        Deed::ScriptLogout(manner) => world.auth.logout_script.push_back(manner.clone()),
        Deed::StoreFails
            if world.network.lost == 0 && world.network.channel.1 <= 12 && all_awake =>
        {
            world.store.fails = true;
        }
        Deed::Store(one, health) => {
            world.heal(tab(one), *health);
        }
        Deed::Meddle(text) => {
            world.laws.meddled = true;
            world.meddle(*text);
        }
        Deed::ExpireAll => {
            world.tally.expiries += 1;
            world.auth.expire_all();
        }
        Deed::Abort(one) if !world.callers.is_empty() => {
            let caller = (one % world.callers.len() as u64) as usize;
            if world.callers[caller].done.is_none() && world.tabs[world.callers[caller].tab].awake()
            {
                world.abort(caller);
            }
        }
        Deed::Dispose(one) if awake.len() > 1 => world.dispose(tab(one)),
        _ => {}
    }
}

fn take(world: &mut World, setting: &Setting, number: usize, step: &Step) {
    world.random = Random::new(step.seed);
    if let Some(time) = step.sleep {
        world.sleep(time, setting.stands);
    }
    world.pass(step.gap);
    world.note(|| format!("step {number}: {:?}", step.deed));
    act(world, &step.deed);
}

/// Runs a schedule; what it broke is in `laws`, and what happened is noted in
/// `log`.
pub fn run(plan: &Plan, fault: Option<Fault>, log: Option<Log>) -> World {
    let mut world = world(&plan.setting, fault);
    world.log = log;
    world.random = Random::new(plan.seed);
    for _ in 0..plan.tabs {
        world.open();
    }
    world.log_in(0, "ann");
    for (number, step) in plan.steps.iter().enumerate() {
        take(&mut world, &plan.setting, number, step);
        world.taken = number + 1;
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
    world.laws.lossy = world.network.lost > 0;
    world.network.lost = 0;
    world.auth.script.clear();
    world.auth.login_script.clear();
    world.auth.logout_script.clear();
    world.auth.otherwise = Manner::Good;
    // Tokens that live long enough for a moment in which nothing happens.
    world.auth.lifetime = world.auth.lifetime.max(300_000);
    let alive = world.alive();
    for tab in &alive {
        world.heal(*tab, Health::Good);
        world.thaw(*tab);
    }
    world.pass(1_000);
    // A tab that is told nothing looks when it is shown.
    if world.alone {
        world.come_to_rest();
    }
    for tab in &alive {
        world.show(*tab, false);
        world.show(*tab, true);
        world.online(*tab);
    }
    world.pass(31_000);
    for tab in &alive {
        if !world.tabs[*tab].disposed && world.tabs[*tab].started {
            world.fetch(*tab);
        }
    }
    world.pass(25_000);
    world.come_to_rest();
    if world.laws.broken.is_empty() {
        world.laws_of_rest();
    }
    if world.laws.broken.is_empty() {
        world.laws_of_reload();
    }
}
