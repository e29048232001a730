//! How often the refresh endpoint may be called.

use evertoken::internals::Millis;
use evertoken::internals::pace::{self, Pace};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::any::{clocks, moment, span};
use crate::support::document::parse;
use evertoken::internals::json::Writer;

/// Clocks show whole milliseconds here: what is compared is then exact.
#[derive(Clone, Debug)]
enum Step {
    Pass(f64),
    Fail {
        retry_after: Option<f64>,
        random: f64,
    },
    Succeed,
    Hint,
    Refused {
        worked: bool,
    },
    Forgive,
}

fn any_step(with_success: bool) -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop_oneof![0.0..10.0, 0.0..600.0, 0.0..70_000.0, Just(1.0), Just(250.0), Just(5000.0)]
            .prop_map(Step::Pass),
        8 => (
            option::weighted(0.2, prop_oneof![0.0..30_000.0, 0.0..1e12]),
            prop_oneof![Just(0.0), 0.0..1.0],
        ).prop_map(|(retry_after, random)| Step::Fail { retry_after, random }),
        u32::from(with_success) => Just(Step::Succeed),
        4 => Just(Step::Hint),
        8 => any::<bool>().prop_map(|worked| Step::Refused { worked }),
        1 => Just(Step::Forgive),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn failures_keep_their_distance(steps in vec(any_step(true), 1..200)) {
        let mut pace = Pace::default();
        let mut now = 1e6_f64;
        let (mut failed, mut retry_at) = (None, f64::NEG_INFINITY);
        // Attempts that came sooner than the floor allows, each by a hint.
        let mut hinted: Vec<f64> = Vec::new();
        let mut streak = 0;
        for step in steps {
            match step {
                Step::Pass(by) => now += by.round(),
                Step::Fail { retry_after, random } => {
                    // Nobody calls before the time is up.
                    if pace.wait(moment(now)) > Millis::ZERO {
                        continue;
                    }
                    prop_assert!(now >= retry_at, "before Retry-After");
                    if failed.is_some_and(|before| now < before + 250.0) {
                        hinted.push(now);
                    }
                    let retry_after = retry_after.map_or(Millis::ZERO, |wait| span(wait.round()));
                    pace.failed(moment(now), retry_after, random);
                    let bound = retry_after.as_ms().min(86_400_000.0);
                    retry_at = now + bound;
                    failed = Some(now);
                    let wait = pace.wait(moment(now)).as_ms();
                    let ceiling = (1000.0 * 2f64.powi(streak)).min(60_000.0);
                    prop_assert!(wait >= 250.0 && wait >= bound);
                    prop_assert!(wait <= ceiling.max(bound) + 1.0, "{wait} after {streak}");
                    streak += 1;
                }
                Step::Succeed => {
                    pace.succeeded();
                    prop_assert_eq!(pace.wait(moment(now)), Millis::ZERO);
                    (failed, retry_at, streak) = (None, f64::NEG_INFINITY, 0);
                }
                Step::Hint => pace.hint(moment(now)),
                Step::Refused { worked } => {
                    pace.allows_reactive(moment(now), worked);
                }
                Step::Forgive => pace.forgive(),
            }
            prop_assert!(now >= retry_at || pace.wait(moment(now)) > Millis::ZERO);
        }
        prop_assert!(hinted.windows(2).all(|pair| pair[1] - pair[0] >= 4750.0), "{hinted:?}");
    }

    #[test]
    fn a_window_of_failures_holds_a_bounded_number_of_calls(steps in vec(any_step(false), 1..300)) {
        let mut pace = Pace::default();
        let mut now = 1e6_f64;
        let mut calls: Vec<f64> = Vec::new();
        for step in steps {
            match step {
                Step::Pass(by) => now += by.min(3000.0).round(),
                Step::Hint => pace.hint(moment(now)),
                Step::Fail { random, .. } if pace.wait(moment(now)) == Millis::ZERO => {
                    calls.push(now);
                    pace.failed(moment(now), Millis::ZERO, random);
                }
                _ => {}
            }
        }
        for (first, from) in calls.iter().enumerate() {
            for (last, to) in calls.iter().enumerate().skip(first) {
                let window = to - from;
                let bound = 1.0 + window / 250.0 + 1.0 + window / 5000.0;
                prop_assert!((last - first + 1) as f64 <= bound);
            }
        }
    }

    /// A burst, and one each five seconds that have begun.
    #[test]
    fn a_window_of_refusals_holds_a_bounded_number_of_calls(
        steps in vec((prop_oneof![4 => Just(0.0), 2 => 0.0..10.0, 2 => 0.0..20_000.0, 1 => Just(5000.0)], any::<bool>(), any::<bool>()), 1..200),
    ) {
        let mut pace = Pace::default();
        let mut now = 1e6_f64;
        let mut calls: Vec<f64> = Vec::new();
        for (by, worked, forgives) in steps {
            now += f64::round(by);
            if forgives {
                pace.forgive();
            }
            if pace.allows_reactive(moment(now), worked) {
                calls.push(now);
            }
        }
        for (first, from) in calls.iter().enumerate() {
            for (last, to) in calls.iter().enumerate().skip(first) {
                let bound = f64::from(pace::BURST) + (to - from) / 5000.0;
                prop_assert!((last - first + 1) as f64 <= bound, "{from} to {to}");
            }
        }
    }

    /// Tokens that no server ever accepts are asked for ever more rarely.
    #[test]
    fn futile_refusals_wait_twice_as_long_each(steps in vec(0.0..40_000.0, 1..60)) {
        let mut pace = Pace::default();
        let mut now = 1e6_f64;
        let mut calls: Vec<f64> = Vec::new();
        for by in steps {
            now += f64::round(by);
            if pace.allows_reactive(moment(now), false) {
                calls.push(now);
            }
        }
        for (nth, pair) in calls.windows(2).enumerate() {
            let least = (1000.0 * 2f64.powi(nth as i32)).min(60_000.0);
            prop_assert!(pair[1] - pair[0] >= least, "{nth}: {pair:?}");
        }
    }

    /// The back-off is told as dates, since each page has a monotonic clock of
    /// its own: it ends for all at the same time. A clock that was set back
    /// since cannot make it longer.
    #[test]
    fn another_page_waits_as_long(
        failures in 1u32..8,
        retry_after in option::of(0.0..1e8),
        random in 0.0..1.0,
        written in (0.0..1e13, 0.0..1e9),
        later in prop_oneof![Just(0.0), -1e10..1e10, -1000.0..100_000.0],
        mono in 0.0..1e9,
    ) {
        let here = clocks(f64::round(written.0), f64::round(written.1));
        let mut pace = Pace::default();
        for _ in 0..failures {
            let retry_after = retry_after.map_or(Millis::ZERO, |wait| span(f64::round(wait)));
            pace.failed(here.mono, retry_after, random);
        }
        let mut out = Writer::object();
        pace.write(here, &mut out);
        let later = f64::round(later);
        let there = clocks(here.wall.as_ms() + later, f64::round(mono));
        let found = Pace::read(&*parse(&out.end()).expect("JSON"), there);
        let (wait, left) = (pace.wait(here.mono), found.wait(there.mono));
        if later < -1000.0 {
            prop_assert_eq!(found, Pace::default());
        } else if left > Millis::ZERO {
            prop_assert_eq!(left.as_ms(), wait.as_ms() - later);
            prop_assert_eq!(found.failures, failures);
        } else {
            // A wait of a day and more was not this package's.
            prop_assert!(wait.as_ms() <= later || wait.as_ms() - later > 86_400_000.0);
        }
    }
}
