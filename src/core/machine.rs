//! The machine: what it holds, how it is asked, how it takes over a record.

use std::rc::Rc;

use super::answer::Tokens;
use super::document::Platform;
use super::error::Error;
use super::flight::Flight;
use super::jwt::Claims;
use super::lifetime::Lifetime;
use super::output::{Event, Output};
use super::pace::Pace;
use super::policy::{Policy, Proactive};
use super::record::{Ended, Record, Session, Stamp};
use super::sign::{Farewell, SignIn};
use super::time::{Instant, Millis};
use super::turn::{Stage, Turn};
use super::view::{Figures, Pass, Snapshot};

/// A record on its way to the store, and what follows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pending {
    pub number: u32,
    pub purpose: Purpose,
    pub record: Record,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Purpose {
    Refresh,
    SignIn(SignIn),
    SignOut,
    /// The same record, with a new back-off.
    Pace,
}

/// See the [module documentation](super).
#[derive(Debug)]
pub struct Machine {
    pub(super) policy: Policy,
    pub(super) platform: Platform,
    pub(super) record: Option<Record>,
    /// Nobody has signed in or out since a start at which a cookie may still
    /// be there.
    pub(super) may_try_again: bool,
    /// A silent refresh was refused.
    pub(super) anonymous: bool,
    pub(super) serial: u32,
    pub(super) party: u32,
    /// Counts sign-outs: a sign-in that began before one comes too late.
    pub(super) fence: u32,
    pub(super) pace: Pace,
    pub(super) turn: Option<Turn>,
    pub(super) flights: Vec<Flight>,
    pub(super) pendings: Vec<Pending>,
    /// The last commit that came through, and its record.
    pub(super) settled: (u32, Stamp),
    pub(super) sign_ins: Vec<SignIn>,
    /// The newest sign-in that was carried out.
    pub(super) signed_in_by: u32,
    pub(super) farewell: Option<Farewell>,
    pub(super) stale: bool,
    pub(super) error: Option<Error>,
    pub(super) last_error: Option<Error>,
    pub(super) figures: Figures,
    pub(super) disposed: bool,
    visible: bool,
    count: u32,
    random: u64,
    last_now: Instant,
    pub(super) shown: Option<(Snapshot, Option<Pass>)>,
    closed: bool,
    /// The record that was last told to whoever had missed it.
    pub(super) retold: Stamp,
    outputs: Vec<Output>,
}

impl Machine {
    /// Makes a machine that holds nothing yet. `seed` makes its jitter and
    /// the names of its sign-ins differ from other tabs'.
    pub fn new(policy: Policy, platform: Platform, seed: u64, now: Instant) -> Self {
        Self {
            policy,
            platform,
            record: None,
            may_try_again: true,
            anonymous: false,
            serial: 0,
            party: 0,
            fence: 0,
            pace: Pace::default(),
            turn: None,
            flights: Vec::new(),
            pendings: Vec::new(),
            settled: Default::default(),
            sign_ins: Vec::new(),
            signed_in_by: 0,
            farewell: None,
            stale: false,
            error: None,
            last_error: None,
            figures: Figures::default(),
            disposed: false,
            visible: true,
            count: 0,
            random: seed,
            last_now: now,
            shown: None,
            closed: false,
            retold: Stamp::default(),
            outputs: Vec::new(),
        }
    }

    /// Takes the stored record, if there is one.
    pub fn load(&mut self, now: Instant, stored: Option<&str>) {
        self.tick(now);
        if let Some(text) = stored {
            self.hear(now, text);
        }
        // An end by the server is a reason to ask again at the next start: a
        // page that knows nothing of this manager may have signed in.
        self.may_try_again = !matches!(
            &self.record,
            Some(Record {
                state: Err(Ended::Logout),
                ..
            })
        );
        self.outputs.clear();
        self.advance(now);
    }

    /// A record came from another tab.
    pub fn heard(&mut self, now: Instant, text: &str) {
        self.tick(now);
        self.hear(now, text);
        self.advance(now);
    }

    /// The page became visible or hidden. A page that thaws becomes visible
    /// again; that it slept needs no input of its own, the clock shows it.
    pub fn visible(&mut self, now: Instant, visible: bool) {
        self.tick(now);
        if visible && !self.visible {
            self.pace.hint(now);
        }
        self.visible = visible;
        self.advance(now);
    }

    /// The machine came online.
    pub fn online(&mut self, now: Instant) {
        self.tick(now);
        self.pace.hint(now);
        self.advance(now);
    }

    /// The time that [`Machine::deadline`] named has come, or any other.
    pub fn wake(&mut self, now: Instant) {
        self.tick(now);
        self.advance(now);
    }

    /// When to call [`Machine::wake`] at the latest.
    pub fn deadline(&self) -> Instant {
        let turn = self.turn.as_ref().map_or(Instant::NEVER, Turn::deadline);
        let first = self.next_by_timer().min(turn);
        self.flights
            .iter()
            .fold(first, |first, flight| first.min(flight.deadline))
    }

    /// Gives the next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        if self.outputs.is_empty() {
            None
        } else {
            Some(self.outputs.remove(0))
        }
    }

    /// The record of a commit.
    pub fn pending(&self, number: u32) -> Option<&Record> {
        self.pendings
            .iter()
            .find(|pending| pending.number == number)
            .map(|pending| &pending.record)
    }

    /// The record held.
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The back-off, for the form in which a record is stored and told.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(super) fn session(&self) -> Option<&Rc<Session>> {
        self.record.as_ref().and_then(Record::session)
    }

    pub(super) fn stamp(&self) -> Stamp {
        self.record
            .as_ref()
            .map(|record| record.stamp)
            .unwrap_or_default()
    }

    /// When a refresh ahead of time is due, and never where there is nothing
    /// to refresh with.
    pub(super) fn refresh_due(&self) -> Instant {
        match self.session() {
            Some(session) if self.can_refresh() => session.lifetime.refresh_due(self.policy.ahead),
            _ => Instant::NEVER,
        }
    }

    /// Whether there is anything to refresh with.
    pub(super) fn can_refresh(&self) -> bool {
        !self.policy.needs_refresh_token()
            || self.policy.refresh.is_none()
            || self
                .session()
                .is_some_and(|session| session.refresh.is_some())
    }

    /// When the timer has something to do on its own account: a refresh
    /// ahead of time, or the end of a session that cannot be refreshed.
    fn next_by_timer(&self) -> Instant {
        let Some(session) = self
            .session()
            .filter(|_| self.turn.is_none() && !self.disposed)
        else {
            return Instant::NEVER;
        };
        if !self.can_refresh() {
            return session.lifetime.expires;
        }
        match self.policy.proactive {
            Proactive::WhileVisible if self.visible => self.next_refresh(),
            Proactive::Always => self.next_refresh(),
            _ => Instant::NEVER,
        }
    }

    /// When the next refresh ahead of time can be, the back-off considered.
    pub(super) fn next_refresh(&self) -> Instant {
        self.refresh_due().max(self.pace.not_before)
    }

    /// Does what time alone asks for, then says what has changed.
    #[inline(never)]
    pub(super) fn advance(&mut self, now: Instant) {
        self.expire_flights(now);
        self.expire_lock(now);
        if now >= self.next_by_timer() {
            let _ = self.want(now);
        }
        let snapshot = self.snapshot();
        let pass = self.pass(now);
        let told = self.shown.replace((snapshot, pass));
        let (told_snapshot, told_pass) = match told {
            Some((snapshot, pass)) => (Some(snapshot), Some(pass)),
            None => (None, None),
        };
        let shown = self.shown.as_ref();
        if told_snapshot.as_ref() != shown.map(|(snapshot, _)| snapshot) {
            self.output(Output::Snapshot);
        }
        // A pass that differs in `since` alone is the same pass.
        let same = |a: Option<Pass>, b: Option<Pass>| match (a, b) {
            (Some(a), Some(b)) => {
                (a.serial, a.party, a.until) == (b.serial, b.party, b.until) && a.since <= b.since
            }
            (a, b) => a == b,
        };
        if !told_pass.is_some_and(|told| same(told, pass)) {
            self.output(Output::Pass);
        } else if let (Some(Some(told)), Some((_, Some(pass)))) = (told_pass, self.shown.as_mut()) {
            *pass = told;
        }
        let idle = self.turn.is_none() && self.pendings.is_empty();
        if self.disposed && idle && !self.closed {
            self.closed = true;
            self.output(Output::Closed);
        }
    }

    /// Notices a clock that was set back: everything that was measured on it
    /// moves along, as if no time had passed. A clock that was set forward
    /// looks like sleep, and costs one refresh at most.
    #[inline(never)]
    pub(super) fn tick(&mut self, now: Instant) {
        let by = self.last_now.since(now);
        self.last_now = now;
        if by == Millis::ZERO {
            return;
        }
        if let Some(Record {
            state: Ok(session), ..
        }) = &mut self.record
        {
            Rc::make_mut(session).lifetime.set_back(by);
        }
        for pending in &mut self.pendings {
            if let Ok(session) = &mut pending.record.state {
                Rc::make_mut(session).lifetime.set_back(by);
            }
        }
        self.pace.set_back(by);
        for flight in &mut self.flights {
            flight.deadline = flight.deadline - by;
        }
        match self.turn.as_mut().map(|turn| &mut turn.stage) {
            Some(Stage::Locking { until }) => *until = *until - by,
            // How long it has been reading is not known any more: too long.
            Some(Stage::Reading { since }) => *since = Instant::PAST,
            _ => {}
        }
    }

    #[inline(never)]
    pub(super) fn event(&mut self, event: Event) {
        if !self.disposed {
            self.output(Output::Event(event));
        }
    }

    #[inline(never)]
    pub(super) fn output(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// Numbers for turns, calls and commits: none is given twice.
    pub(super) fn number(&mut self) -> u32 {
        self.count = self.count.wrapping_add(1);
        self.count
    }

    /// The next of a xorshift sequence (Marsaglia 2003): jitter and salt have
    /// to differ between tabs, not to be hard to guess.
    pub(super) fn random(&mut self) -> u64 {
        let mut x = self.random | 1;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random = x;
        x
    }

    pub(super) fn fraction(&mut self) -> f64 {
        (self.random() >> 40) as f64 / (1u64 << 24) as f64
    }

    /// A session of what an answer brought.
    pub(super) fn session_of(&mut self, now: Instant, tokens: Tokens) -> Session {
        let platform = self.platform;
        let claims = match &tokens.access {
            Some(token) => Claims::of(token.expose(), platform),
            None => Claims::default(),
        };
        if let Some(issued) = claims.issued {
            let skew = issued.as_ms() - now.as_ms();
            // `iat` is in whole seconds and the answer took its time.
            self.figures.clock_skew_ms = if skew.abs() < 2000.0 { 0.0 } else { skew };
        }
        Session {
            lifetime: Lifetime::decide(tokens.stated, &claims, self.policy.lifetime(), now),
            access: tokens.access,
            refresh: tokens.refresh,
            user: claims.user,
        }
    }
}
