//! Runs many schedules on all processors, and looks for one that breaks a
//! law.

use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::fault::Fault;
use super::plan::Plan;
use super::schedule;
use super::tally::Tally;
use super::world::Log;

/// How often a long search says how far it is.
const REPORT_EVERY: Duration = Duration::from_secs(15);

/// Schedules that a thread takes at once.
const BATCH: u64 = 16;

/// What came of one schedule.
pub struct Course {
    /// The laws that it broke; a panic breaks one too.
    pub broken: Vec<String>,
    /// Steps that were taken until then.
    pub taken: usize,
    pub tally: Tally,
}

/// What came of many.
pub struct Findings {
    pub schedules: u64,
    pub time: Duration,
    pub tally: Tally,
    /// The number of the first schedule that broke a law.
    pub found: Option<u64>,
}

thread_local!(static SILENT: Cell<bool> = const { Cell::new(false) });

/// Keeps panics that are looked for from being printed.
fn silence_expected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !SILENT.get() {
                loud(panic);
            }
        }));
    });
}

/// Runs one schedule.
pub fn course(plan: &Plan, fault: Option<Fault>, log: Option<Log>) -> Course {
    silence_expected_panics();
    SILENT.set(true);
    let run = catch_unwind(AssertUnwindSafe(|| schedule::run(plan, fault, log)));
    SILENT.set(false);
    match run {
        Ok(world) => Course {
            broken: world.laws.broken,
            taken: world.taken,
            tally: world.tally,
        },
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            Course {
                broken: vec![format!("a panic: {}", text.unwrap_or_default())],
                taken: plan.steps.len(),
                tally: Tally::default(),
            }
        }
    }
}

/// Runs the schedules of these numbers, until one breaks a law; `progress`
/// is told now and then how many are done, and in what time.
pub fn search(
    numbers: Range<u64>,
    fault: Option<Fault>,
    mut progress: impl FnMut(u64, Duration),
) -> Findings {
    let began = Instant::now();
    let next = AtomicU64::new(numbers.start);
    let done = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            let batch = first..numbers.end.min(first.saturating_add(BATCH));
            if batch.is_empty() {
                return (tally, None);
            }
            for number in batch {
                let course = course(&Plan::of(number), fault, None);
                tally += course.tally;
                done.fetch_add(1, Ordering::Relaxed);
                if !course.broken.is_empty() {
                    // Nobody needs to look further than this.
                    next.fetch_max(numbers.end, Ordering::Relaxed);
                    return (tally, Some(number));
                }
            }
        }
    };
    let (mut tally, mut found) = (Tally::default(), None);
    std::thread::scope(|scope| {
        let (send, results) = channel();
        for _ in 0..threads {
            let send = send.clone();
            scope.spawn(move || send.send(work()));
        }
        drop(send);
        loop {
            match results.recv_timeout(REPORT_EVERY) {
                Ok((more, number)) => {
                    tally += more;
                    found = found.into_iter().chain(number).min();
                }
                Err(RecvTimeoutError::Timeout) => {
                    progress(done.load(Ordering::Relaxed), began.elapsed());
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    Findings {
        schedules: done.into_inner(),
        time: began.elapsed(),
        tally,
        found,
    }
}
