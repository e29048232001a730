//! Makes a schedule that breaks a law as small as it can be: fewer steps,
//! fewer tabs, fewer faults, shorter times, as long as the same law breaks.

use super::fault::Fault;
use super::plan::{Deed, Plan, Setting};
use super::search::{Course, course};

/// Schedules that are tried at most.
const TRIES: u32 = 6_000;

/// The law in words, without what is of this one case.
fn kind(course: &Course) -> Option<String> {
    let text = course.broken.first()?;
    // "at 4711: the tabs do not agree: …"
    let law = text.split(": ").find(|part| !part.starts_with("at "))?;
    let words = law.split(|c: char| !c.is_alphabetic());
    Some(
        words
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
    )
}

struct Shrinker {
    plan: Plan,
    law: String,
    fault: Option<Fault>,
    tries: u32,
}

/// Gives a smaller schedule that breaks the law that `plan` breaks.
pub fn shrink(plan: &Plan, fault: Option<Fault>) -> Plan {
    let first = course(plan, fault, None);
    let Some(law) = kind(&first) else {
        return plan.clone();
    };
    let mut shrinker = Shrinker {
        plan: plan.clone(),
        law,
        fault,
        tries: 0,
    };
    shrinker.attempt(|plan| plan.steps.truncate(first.taken));
    while shrinker.pass() && shrinker.tries < TRIES {}
    shrinker.plan
}

/// Takes steps out, but not the time that they took.
fn leave_out(plan: &mut Plan, from: usize, to: usize) {
    let time: u64 = plan.steps.drain(from..to).map(|step| step.gap).sum();
    if let Some(next) = plan.steps.get_mut(from) {
        next.gap += time;
    }
}

impl Shrinker {
    /// Keeps a change if the same law breaks with it.
    fn attempt(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let mut plan = self.plan.clone();
        change(&mut plan);
        if plan == self.plan || self.tries >= TRIES {
            return false;
        }
        self.tries += 1;
        let kept = kind(&course(&plan, self.fault, None)).as_ref() == Some(&self.law);
        if kept {
            self.plan = plan;
        }
        kept
    }

    /// Tries every change once; whether any was kept.
    fn pass(&mut self) -> bool {
        let steps = self.fewer_steps();
        let tabs = (1..self.plan.tabs).any(|tabs| self.attempt(|plan| plan.tabs = tabs));
        let setting = self.calmer();
        let deeds = self.simpler();
        let times = self.sooner();
        steps || tabs || setting || deeds || times
    }

    fn fewer_steps(&mut self) -> bool {
        let mut shrunk = false;
        let mut size = self.plan.steps.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < self.plan.steps.len() {
                let end = self.plan.steps.len().min(at + size);
                if self.attempt(|plan| drop(plan.steps.drain(at..end)))
                    || self.attempt(|plan| leave_out(plan, at, end))
                {
                    shrunk = true;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        shrunk
    }

    fn calmer(&mut self) -> bool {
        let changes: [fn(&mut Setting, Setting); 20] = [
            |setting, calm| setting.options = calm.options,
            |setting, calm| setting.clock = calm.clock,
            |setting, calm| setting.lock = calm.lock,
            |setting, calm| setting.remember = calm.remember,
            |setting, calm| setting.alone = calm.alone,
            |setting, calm| setting.mislabels = calm.mislabels,
            |setting, calm| setting.stops_keepalive = calm.stops_keepalive,
            |setting, calm| setting.stands = calm.stands,
            |setting, calm| setting.lost = calm.lost,
            |setting, calm| setting.twice = calm.twice,
            |setting, calm| setting.channel = calm.channel,
            |setting, calm| setting.server = calm.server,
            |setting, calm| setting.opaque = calm.opaque,
            |setting, calm| setting.states = calm.states,
            |setting, calm| setting.rotates = calm.rotates,
            |setting, calm| setting.strict = calm.strict,
            |setting, calm| setting.lifetime = calm.lifetime,
            |setting, calm| setting.quick = calm.quick,
            |setting, calm| setting.cookie = calm.cookie,
            |setting, calm| setting.store = calm.store,
        ];
        let mut calmed = false;
        for change in changes {
            calmed |= self.attempt(|plan| change(&mut plan.setting, Setting::calm()));
        }
        calmed
    }

    fn simpler(&mut self) -> bool {
        let mut simplified = false;
        for at in 0..self.plan.steps.len() {
            while self
                .plan
                .steps
                .get(at)
                .is_some_and(|step| step.sleep.is_some())
                && self.attempt(|plan| plan.steps[at].sleep = None)
            {
                simplified = true;
            }
            let deeds = match &self.plan.steps[at].deed {
                Deed::FetchAll(count) if *count > 1 => vec![Deed::FetchAll(1)],
                Deed::FetchAll(_) => (0..self.plan.tabs).map(Deed::Fetch).collect(),
                Deed::FetchStream(tab) => vec![Deed::Fetch(*tab)],
                Deed::Script(manners) if manners.len() > 1 => (0..manners.len())
                    .map(|without| {
                        let mut fewer = manners.clone();
                        fewer.remove(without);
                        Deed::Script(fewer)
                    })
                    .collect(),
                Deed::Freeze { tab, cached: true } => vec![Deed::Freeze {
                    tab: *tab,
                    cached: false,
                }],
                _ => Vec::new(),
            };
            simplified |= deeds
                .into_iter()
                .any(|deed| self.attempt(|plan| plan.steps[at].deed = deed));
        }
        simplified
    }

    fn sooner(&mut self) -> bool {
        let mut sooner = false;
        for at in 0..self.plan.steps.len() {
            let gap = self.plan.steps[at].gap;
            sooner |= [0, gap / 1000 * 1000, gap / 100 * 100]
                .into_iter()
                .any(|gap| self.attempt(|plan| plan.steps[at].gap = gap));
        }
        sooner
    }
}
