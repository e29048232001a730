//! The machine: what it holds, how it is fed, and what time asks of it.

use std::rc::Rc;

use super::answer::Tokens;
use super::commit::Commit;
use super::document::Platform;
use super::error::Error;
use super::farewell::Farewell;
use super::flight::Flight;
use super::ids::{LockId, Party, Serial, WaitId};
use super::input::Input;
use super::jwt::Claims;
use super::lifetime::{Freshness, Lifetime};
use super::lock::Lock;
use super::look::Look;
use super::output::{Event, Outcome, Output, Place};
use super::pace::Pace;
use super::page::{Hold, PageState};
use super::peers::Peers;
use super::policy::{Locks, Policy, Proactive};
use super::record::{Record, Session, Stamp};
use super::restore::Restore;
use super::shelf::Shelf;
use super::sign::SignIn;
use super::term::{Spans, Term};
use super::time::{Instant, Moment, Now};
use super::turn::Turn;
use super::view::{Figures, Pass, Snapshot};

/// How many ended waits are remembered. Those who waited ask in the task after
/// the end, so a few are plenty; one who asks later asks afresh.
const REMEMBERED: usize = 8;

/// A wait that has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waited {
    wait: WaitId,
    /// When it began.
    pub since: Moment,
    pub outcome: Outcome,
}

/// See the [module documentation](super).
#[derive(Debug)]
pub struct Machine {
    pub(super) policy: Policy,
    pub(super) platform: Platform,
    /// The time of the input that is being worked on.
    pub(super) now: Now,
    random: u64,
    count: u32,
    outputs: Vec<Output>,

    // What is known of the session.
    pub(super) record: Option<Record>,
    /// Nobody has signed in or out since a start at which a cookie may still
    /// be there.
    pub(super) may_try_again: bool,
    /// A silent refresh was refused.
    pub(super) anonymous: bool,
    /// The cookie of `hint` was there when it was last looked for.
    pub(super) hinted: bool,
    pub(super) serial: Serial,
    pub(super) party: Party,
    /// When the session held ends.
    pub(super) spans: Option<Spans>,
    /// Of a session that this page knows only by its mark: its term, and when
    /// somebody was last active.
    pub(super) known_term: Option<Term>,
    pub(super) active: Option<Instant>,
    pub(super) pace: Pace,
    pub(super) stale: bool,
    pub(super) error: Option<Error>,
    pub(super) last_error: Option<Error>,
    pub(super) figures: Figures,

    // What is under way.
    pub(super) turn: Option<Turn>,
    pub(super) flights: Vec<Flight>,
    pub(super) commits: Vec<Commit>,
    pub(super) sign_ins: Vec<SignIn>,
    /// Counts sign-outs: a sign-in that began before one comes too late.
    pub(super) fence: u32,
    /// The newest sign-in that was carried out.
    pub(super) signed_in_by: u32,
    /// The first that is due is under way.
    pub(super) farewells: Vec<Farewell>,
    /// The session that was signed out without telling the server.
    pub(super) left_locally: Option<Rc<Session>>,
    pub(super) restore: Option<Restore>,
    pub(super) hold: Option<Hold>,
    waits: Vec<Waited>,
    /// Since when the caller that is served now has waited.
    pub(super) since: Moment,

    // The world around.
    pub(super) peers: Peers,
    pub(super) locks: Locks,
    pub(super) held_locks: Vec<Lock>,
    /// Locks to be granted because there are none.
    pub(super) granted_later: Vec<LockId>,
    pub(super) shelves: Vec<Shelf>,
    pub(super) looks: Vec<Look>,
    pub(super) looked_later: Vec<u32>,
    pub(super) page: PageState,
    /// A warning was given that a place cannot be used.
    pub(super) storage_warned: bool,
    /// A place keeps the record of a later version.
    pub(super) superseded: bool,

    // The life of the manager.
    pub(super) starting: Option<Vec<Place>>,
    pub(super) started: bool,
    announced: bool,
    /// Warnings from before the start was over.
    early: Vec<Event>,
    pub(super) disposed: bool,
    closed: bool,
    pub(super) shown: Option<(Snapshot, Option<Pass>)>,
}

impl Machine {
    /// Makes a machine that holds nothing yet. `seed` makes its jitter and
    /// the names of its sign-ins differ from other tabs'.
    pub fn new(policy: Policy, platform: Platform, seed: u64, now: Now) -> Self {
        let mut machine = Self {
            shelves: Self::shelves_of(&policy),
            locks: policy.locks,
            policy,
            platform,
            now,
            random: seed,
            count: 0,
            outputs: Vec::new(),
            record: None,
            may_try_again: true,
            anonymous: false,
            hinted: false,
            serial: Serial::new(0),
            party: Party::new(0),
            spans: None,
            known_term: None,
            active: None,
            pace: Pace::default(),
            stale: false,
            error: None,
            last_error: None,
            figures: Figures::default(),
            turn: None,
            flights: Vec::new(),
            commits: Vec::new(),
            sign_ins: Vec::new(),
            fence: 0,
            signed_in_by: 0,
            farewells: Vec::new(),
            left_locally: None,
            restore: None,
            hold: None,
            waits: Vec::new(),
            since: now.mono,
            peers: Peers::new(0),
            held_locks: Vec::new(),
            granted_later: Vec::new(),
            looks: Vec::new(),
            looked_later: Vec::new(),
            page: PageState::default(),
            storage_warned: false,
            superseded: false,
            starting: None,
            started: false,
            announced: false,
            early: Vec::new(),
            disposed: false,
            closed: false,
            shown: None,
        };
        machine.peers = Peers::new(machine.random() >> 12);
        machine
    }

    /// Feeds an input. Then [`poll`](Self::poll) gives what is to be done.
    ///
    /// What a start has no use for is a function of its own, never inlined: a
    /// browser compiles a function when it is first called, all of it.
    pub fn feed(&mut self, now: Now, input: Input<'_>) {
        self.tick(now);
        // What happens after the session's end is too late to put it off.
        self.expire_term();
        match input {
            Input::Start => self.start(),
            Input::Read { op, found } => self.read(op, found),
            Input::Swapped { op, swapped } => self.swapped(op, swapped),
            Input::Changed { place, text } => self.changed(place, text),
            Input::Granted { lock } => self.granted(lock),
            Input::Robbed { lock } => self.robbed(lock),
            Input::LockUnavailable { lock } => self.lock_unavailable(lock),
            Input::Message(message) => self.message_came(message),
            Input::ChannelUnavailable => self.channel_unavailable(),
            Input::Answered { call, answer } => self.answered(call, answer),
            Input::Provided { call, tokens } => self.provided(call, tokens),
            Input::Failed { call, failure } => self.failed(call, failure),
            Input::Login { request, remember } => self.login(request, remember),
            Input::SetTokens {
                request,
                tokens,
                remember,
            } => self.set_tokens(request, tokens, remember),
            Input::Logout { request, local } => self.logout(request, local),
            Input::Abandon { request } => self.abandon(request),
            Input::Touch => self.touch(false),
            Input::Activity => self.touch(true),
            Input::Page(event) => self.page_event(event),
            Input::Hint(there) => self.hinted = there,
            Input::Wake => {}
            Input::Dispose => self.dispose(),
        }
        self.advance();
    }

    /// Gives the next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        if self.outputs.is_empty() {
            None
        } else {
            Some(self.outputs.remove(0))
        }
    }

    /// When to feed [`Input::Wake`] at the latest, on the monotonic clock.
    pub fn deadline(&self) -> Moment {
        let flights = self.flights.iter().map(|flight| flight.deadline);
        [
            self.next_by_timer(),
            self.pass_deadline(),
            self.turn_deadline(),
            self.places_deadline(),
            self.peers.deadline(),
            self.locks_deadline(),
            self.sign_ins_deadline(),
            self.restore_deadline(),
            self.term_deadline(),
            self.farewell_deadline(),
        ]
        .into_iter()
        .chain(flights)
        .fold(Moment::NEVER, Moment::min)
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The record held.
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
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

    // ---- what time asks for ----

    /// When a refresh ahead of time is due, and never where there is nothing
    /// to refresh with.
    pub(super) fn refresh_due(&self) -> Moment {
        match self.session() {
            Some(session) if self.can_refresh() => {
                let lifetime = session.lifetime;
                lifetime.since + lifetime.due_age(self.policy.ahead)
            }
            _ => Moment::NEVER,
        }
    }

    /// When the next refresh ahead of time can be, the back-off considered.
    pub(super) fn next_refresh(&self) -> Moment {
        self.refresh_due().max(self.pace.not_before)
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
    fn next_by_timer(&self) -> Moment {
        let idle = self.started && self.turn.is_none() && !self.disposed && !self.superseded;
        let Some(session) = self.session().filter(|_| idle) else {
            return Moment::NEVER;
        };
        if !self.can_refresh() {
            return session.lifetime.ends_at();
        }
        // A session is not refreshed ahead of time beyond its own end.
        let next = self.next_refresh();
        match self.policy.proactive {
            _ if next >= self.term_ends_at() => Moment::NEVER,
            Proactive::WhileVisible if self.page.visible => next,
            Proactive::Always => next,
            _ => Moment::NEVER,
        }
    }

    /// Takes the time of an input. A reading of the monotonic clock that goes
    /// back counts as standing still. A wall clock that was set back takes
    /// along what was measured on it; one that is ahead, because the machine
    /// slept or the clock was set, makes tokens older.
    pub(super) fn tick(&mut self, now: Now) {
        let back = self.now.wall.since(now.wall);
        let expected = self.deadline().max(self.now.mono);
        self.now = Now {
            wall: now.wall,
            mono: now.mono.max(self.now.mono),
        };
        let now = self.now;
        self.discount_sleep(expected);
        self.since = now.mono;
        self.reanchor_term(back);
        let commits = self.commits.iter_mut().map(|commit| &mut commit.record);
        for record in self.record.iter_mut().chain(commits) {
            if let Ok(session) = &mut record.state {
                let mut lifetime = session.lifetime;
                lifetime.reanchor(back, now);
                if lifetime != session.lifetime {
                    Rc::make_mut(session).lifetime = lifetime;
                }
            }
        }
    }

    /// Goes on with what waited for something that has just ended.
    pub(super) fn proceed(&mut self) {
        // A sign-in waits for the call of a sign-out, which takes the cookie
        // away.
        self.proceed_farewell();
        self.proceed_sign_ins();
    }

    /// Does what time alone asks for, then says what has changed.
    pub(super) fn advance(&mut self) {
        loop {
            self.expire_term();
            self.expire_places();
            self.expire_question();
            self.expire_leases();
            self.expire_flights();
            self.expire_turn();
            self.finish_looks();
            self.proceed();
            if self.looked_later.is_empty() && self.granted_later.is_empty() {
                break;
            }
        }
        let now = self.now.mono;
        if now >= self.next_by_timer() {
            let _ = self.want();
        }
        // What has just become known need not be asked for again.
        self.settle_restore();
        if self.restore.is_some() && now >= self.restore_deadline() {
            self.ask_again();
            self.settle_restore();
        }
        // A turn that has just begun may already have what it waits for.
        if !self.granted_later.is_empty() {
            return self.advance();
        }
        self.show();
    }

    /// Says what has changed for those who look on.
    fn show(&mut self) {
        if !self.started {
            return;
        }
        let now_shown = (self.snapshot(), self.pass());
        let before = self.shown.replace(now_shown);
        let before = before.as_ref();
        if before.map(|(snapshot, _)| snapshot) != Some(&now_shown.0) {
            self.output(Output::Snapshot);
        }
        if before.map(|(_, pass)| pass) != Some(&now_shown.1) {
            self.output(Output::Pass);
        }
        if !core::mem::replace(&mut self.announced, true) {
            self.output(Output::Started);
            for warning in core::mem::take(&mut self.early) {
                self.output(Output::Event(warning));
            }
        }
        let idle = self.turn.is_none() && self.commits.is_empty();
        if self.disposed && idle && !core::mem::replace(&mut self.closed, true) {
            self.close_channel();
            self.output(Output::Closed);
        }
    }

    // ---- small things ----

    /// Tells of an event. What a start finds is no news; its warnings, also of
    /// the session's end, are told once there is somebody to hear them.
    pub(super) fn event(&mut self, event: Event) {
        if self.disposed {
        } else if self.announced {
            self.output(Output::Event(event));
        } else if matches!(event, Event::Warning(_) | Event::SessionEnding { .. }) {
            self.early.push(event);
        }
    }

    pub(super) fn output(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// Lets those who wait ask again.
    pub(super) fn end_wait(&mut self, wait: WaitId, since: Moment, outcome: Outcome) {
        if self.waits.len() >= REMEMBERED {
            self.waits.remove(0);
        }
        self.waits.push(Waited {
            wait,
            since,
            outcome,
        });
        self.output(Output::WaitEnded(wait));
    }

    /// How a wait ended; `None` for one that is not over, or long over.
    pub(super) fn waited(&self, wait: WaitId) -> Option<Waited> {
        self.waits.iter().rfind(|ended| ended.wait == wait).copied()
    }

    /// Numbers for waits, calls, operations and commits: none is given twice.
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

    /// A session of what an answer brought; `before` is the one that it goes
    /// on from.
    pub(super) fn session_of(
        &mut self,
        tokens: Tokens,
        freshness: Freshness,
        before: Option<&Session>,
    ) -> Session {
        let (now, platform) = (self.now, self.platform);
        let claims = match &tokens.access {
            Some(token) => Claims::of(token.expose(), platform),
            None => Claims::default(),
        };
        let issued = claims.issued.filter(|_| freshness == Freshness::Fresh);
        if let Some(issued) = issued {
            let skew = issued.as_ms() - now.wall.as_ms();
            // `iat` is in whole seconds and the answer took its time.
            self.figures.clock_skew_ms = if skew.abs() < 2000.0 { 0.0 } else { skew };
        }
        let fallback = self.policy.lifetime();
        let refresh = tokens.refresh.as_ref();
        let refresh = refresh.map(|token| Claims::of(token.expose(), platform));
        let before = before.map(|session| session.term);
        Session {
            lifetime: Lifetime::decide(tokens.stated, &claims, fallback, freshness, now),
            access: tokens.access,
            refresh: tokens.refresh,
            user: claims.user,
            remembered: false,
            term: Term::decide(before, tokens.stated, refresh.as_ref(), now),
        }
    }
}
