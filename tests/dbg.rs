mod support;
use support::*;
#[test]
fn dbg() {
    let mut world = World::new(r#""proactive":false"#);
    let log: support::world::Log = Default::default();
    world.log = Some(log.clone());
    world.store.kind = Kind::Tab;
    world.lease = std::env::var("L").is_ok();
    for _ in 0..4 {
        world.open();
    }
    world.log_in(0, "ann");
    world.pass(25_000);
    world.fetch(0);
    world.pass(3);
    world.stall(0);
    (1..4).for_each(|tab| world.heal(tab, Health::Hangs));
    world.auth.otherwise = Manner::Hang;
    let callers: Vec<_> = (1..4).map(|tab| world.fetch(tab)).collect();
    world.settle();
    for caller in callers {
        println!("{caller} {}", world.took(caller));
    }
    for line in log
        .borrow()
        .iter()
        .filter(|l| l.trim_start().starts_with(|c: char| c.is_ascii_digit()))
    {
        let t: u64 = line
            .trim_start()
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        if t >= 25000 {
            println!("{}", &line[..line.len().min(150)]);
        }
    }
}
