mod support;
use std::collections::BTreeMap;
use support::plan::Plan;
use support::search::course;
#[test]
fn survey() {
    let n: u64 = std::env::var("N").unwrap_or("2000".into()).parse().unwrap();
    let s: u64 = std::env::var("S").unwrap_or("0".into()).parse().unwrap();
    let fault = std::env::var("F").ok().and_then(|name| support::Fault::ALL.into_iter().find(|f| format!("{f:?}") == name));
    let mut kinds: BTreeMap<String, (u64, Vec<u64>)> = BTreeMap::new();
    let began = std::time::Instant::now();
    for number in s..s + n {
        let c = course(&Plan::of(number), fault, None);
        if let Some(b) = c.broken.first() {
            let law = b.split(": ").skip(1).collect::<Vec<_>>().join(": ");
            let kind: String = law.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).take(9).collect::<Vec<_>>().join(" ");
            let e = kinds.entry(kind).or_default();
            e.0 += 1;
            if e.1.len() < 6 { e.1.push(number); }
        }
    }
    println!("{n} in {:?}", began.elapsed());
    for (k, (c, seeds)) in kinds { println!("{c:>6} {k} {seeds:?}"); }
}
#[test]
fn account() {
    use support::shrink::shrink;
    let Ok(seeds) = std::env::var("A") else { return };
    let fault = std::env::var("F").ok().and_then(|name| support::Fault::ALL.into_iter().find(|f| format!("{f:?}") == name));
    for seed in seeds.split(' ') {
        let plan = Plan::of(seed.parse().unwrap());
        let small = shrink(&plan, fault);
        let log: support::world::Log = Default::default();
        let again = course(&small, fault, Some(std::rc::Rc::clone(&log)));
        println!("==== {seed} {:#?}\n{:?}", again.broken, small.setting);
        println!("tabs {}", small.tabs);
        for (n, step) in small.steps.iter().enumerate() { println!("step {n}: sleep {:?} {} ms {:?}", step.sleep, step.gap, step.deed); }
        for line in std::cell::RefCell::borrow(&log).iter() { println!("{line}"); if line.contains("BROKEN") { break } }
    }
}
