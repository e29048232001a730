//! The session's end (rule 18): what the server said of it, `maxSeconds` since
//! the sign-in, and `idleSeconds` since somebody was last active in any tab.
//!
//! *Algorithm:* each of the three is a span with a beginning on both clocks, as
//! an access token's lifetime is. All tabs work out the same end from the
//! record that they share, and from the last activity that they tell each
//! other; at the end each signs out by itself. The logout endpoint is called
//! by the tab whose name comes first, and by the next one if that says nothing
//! for two seconds.

use std::rc::Rc;

use super::commit::Purpose;
use super::document::{Document, Members};
use super::farewell::Farewell;
use super::jwt::Claims;
use super::lifetime::{Lifetime, Stated};
use super::machine::Machine;
use super::output::{Ending, Event, Output, SignedOutBy};
use super::policy::{Activity, Limits};
use super::record::{Ended, Record, Session, Stamp};
use super::time::{Instant, Millis, Moment, Now};

/// Activity is told to the other tabs this often at most.
const TELL: Millis = Millis::new(5_000);

/// How long a tab waits for each one that should call the logout endpoint
/// before it.
const TURN: Millis = Millis::new(2_000);

/// What a record says of the session's end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The sign-in.
    pub began: Instant,
    /// The receipt of the answer that named the end, and that end; never, where
    /// the server said nothing.
    pub named: Instant,
    pub ends: Instant,
}

impl Term {
    /// The term of a session that begins now, or goes on from `before`. An
    /// answer that says nothing keeps the end that there is.
    pub fn decide(
        before: Option<Self>,
        stated: Stated,
        refresh: Option<&Claims>,
        now: Now,
    ) -> Self {
        let of_token = |claims: &Claims| {
            let expires = claims.expires?;
            let length = match claims.issued {
                Some(issued) => expires.since(issued),
                None => expires.since(now.wall),
            };
            Some(length)
        };
        let some = |length: &Millis| *length > Millis::ZERO;
        let length = stated
            .session_in
            .filter(some)
            .or_else(|| stated.session_at.map(|at| at.since(now.wall)).filter(some))
            .or_else(|| refresh.and_then(of_token).filter(some));
        let before = before.unwrap_or(Self {
            began: now.wall,
            named: now.wall,
            ends: Instant::NEVER,
        });
        match length {
            Some(length) => Self {
                named: now.wall,
                ends: now.wall + length,
                ..before
            },
            None => before,
        }
    }

    pub fn write(&self, out: &mut dyn Members) {
        out.number("began", self.began.as_ms());
        if self.ends < Instant::NEVER {
            out.number("named", self.named.as_ms());
            out.number("ends", self.ends.as_ms());
        }
    }

    pub fn read(stored: &dyn Document, now: Now) -> Self {
        let instant = |name| stored.number(name).and_then(Instant::from_ms);
        Self {
            began: instant("began").unwrap_or(now.wall),
            named: instant("named").unwrap_or(now.wall),
            ends: instant("ends").unwrap_or(Instant::NEVER),
        }
    }
}

/// The spans of the session held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spans {
    of: Term,
    whole: Lifetime,
    server: Lifetime,
    idle: Lifetime,
    /// The end that was warned of.
    warned: Option<Instant>,
    /// Activity that the other tabs have not been told of.
    untold: bool,
    /// When they may be told of it.
    tell_at: Moment,
    /// The host watches for what the user does.
    watching: bool,
    /// The idle time is up here, and the other tabs have been asked.
    asked: bool,
}

impl Spans {
    fn new(of: Term, active: Instant, limits: Limits, now: Now) -> Self {
        let span = |from: Instant, length: Millis| {
            let end = length.is_finite().then(|| from + length);
            Lifetime::restored(from, end, now)
        };
        Self {
            of,
            whole: span(of.began, limits.lifetime),
            server: span(of.named, of.ends.since(of.named)),
            idle: span(active, limits.idle),
            warned: None,
            untold: false,
            tell_at: Moment::PAST,
            watching: false,
            asked: false,
        }
    }

    /// The span that ends first, and why it ends the session.
    fn first(&self) -> (Lifetime, Ending) {
        let mut first = (self.whole, Ending::Lifetime);
        for next in [(self.server, Ending::Lifetime), (self.idle, Ending::Idle)] {
            if next.0.ends_at() < first.0.ends_at() {
                first = next;
            }
        }
        first
    }

    fn over(&self, now: Now) -> Option<Ending> {
        if self.whole.is_over(now) || self.server.is_over(now) {
            Some(Ending::Lifetime)
        } else {
            self.idle.is_over(now).then_some(Ending::Idle)
        }
    }

    /// When the warning time of a span begins: a third of what there is before
    /// its end, at the most.
    fn warns_from(span: Lifetime, warning: Millis) -> Moment {
        if warning == Millis::ZERO {
            return Moment::NEVER;
        }
        let ahead = warning.min(span.length.times(1.0 / 3.0));
        span.since + span.length.less(ahead)
    }

    /// When a warning is due.
    fn warn_at(&self, warning: Millis) -> Moment {
        let (span, _) = self.first();
        if !span.ends() || self.warned == Some(span.expires()) {
            return Moment::NEVER;
        }
        Self::warns_from(span, warning)
    }

    fn reanchor(&mut self, back: Millis, now: Now) {
        for span in [&mut self.whole, &mut self.server, &mut self.idle] {
            span.reanchor(back, now);
        }
    }
}

impl Machine {
    /// The record held has changed: its end may be another one.
    pub(super) fn term_changed(&mut self, other_sign_in: bool) {
        let Some(term) = self.session().map(|session| session.term) else {
            if self.spans.take().is_some_and(|spans| spans.watching) {
                self.output(Output::WatchActivity(false));
            }
            return;
        };
        let (limits, now) = (self.policy.limits, self.now);
        let before = self.spans.filter(|_| !other_sign_in);
        let active = match before {
            Some(spans) => spans.idle.received,
            // Nobody has done anything since the sign-in.
            None => self.active.take().unwrap_or(term.began),
        };
        let mut spans = Spans::new(term, active, limits, now);
        if let Some(before) = before {
            // What was measured on the monotonic clock stays so.
            spans.idle = before.idle;
            spans.warned = before.warned;
            spans.untold = before.untold;
            spans.tell_at = before.tell_at;
            spans.watching = before.watching;
            if before.of.began == term.began {
                spans.whole = before.whole;
            }
            if (before.of.named, before.of.ends) == (term.named, term.ends) {
                spans.server = before.server;
            }
        }
        self.spans = Some(spans);
        self.tell_activity();
    }

    /// Whether the host is still to be asked to report the next thing that the
    /// user does.
    fn wants_to_watch(&self) -> bool {
        let limits = self.policy.limits;
        let unwatched = self.spans.is_some_and(|spans| !spans.watching);
        limits.idle.is_finite() && unwatched && self.counts_activity()
    }

    /// Whether what the user does on the page puts the idle end off now.
    fn counts_activity(&self) -> bool {
        let Limits {
            activity, warning, ..
        } = self.policy.limits;
        match activity {
            Activity::Page => true,
            Activity::UntilWarned => self
                .spans
                .is_none_or(|spans| self.now.mono < Spans::warns_from(spans.idle, warning)),
            Activity::Manual => false,
        }
    }

    /// Somebody is here: the idle end is put off, in all tabs.
    pub(super) fn touch(&mut self, by_user: bool) {
        let now = self.now;
        let counts = !by_user || self.counts_activity();
        let Some(spans) = &mut self.spans else { return };
        if by_user {
            spans.watching = false;
        }
        if !spans.idle.ends() || !counts {
            return;
        }
        spans.idle.received = now.wall;
        spans.idle.since = now.mono;
        spans.untold = true;
        self.tell_activity();
    }

    /// The page is seen, which is activity where that is what counts.
    pub(super) fn seen(&mut self) {
        if self.counts_activity() && self.page.visible {
            self.touch(false);
        }
    }

    /// Tells the others of activity, and has the host watch for more, both
    /// once in [`TELL`] at the most.
    fn tell_activity(&mut self) {
        let now = self.now.mono;
        let watch = self.wants_to_watch();
        let Some(spans) = self.spans.as_mut().filter(|spans| now >= spans.tell_at) else {
            return;
        };
        let untold = core::mem::take(&mut spans.untold);
        if untold {
            spans.tell_at = now + TELL;
            self.tell_active();
            self.keep_held();
        } else if watch {
            spans.watching = true;
            self.output(Output::WatchActivity(true));
        }
    }

    /// Another tab, or the stored record, tells of activity.
    pub(super) fn heard_active(&mut self, active: Instant) {
        let now = self.now;
        let active = active.min(now.wall);
        match &mut self.spans {
            Some(spans) => {
                if active > spans.idle.received {
                    spans.asked = false;
                    spans.idle.since = now.mono - now.wall.since(active);
                    spans.idle.received = active;
                }
            }
            None => self.active = Some(self.active.map_or(active, |held| held.max(active))),
        }
    }

    /// The last activity, as it is stored and told.
    pub(super) fn write_active(&self, out: &mut dyn Members) {
        if let Some(spans) = self.spans.filter(|spans| spans.idle.ends()) {
            out.number("active", spans.idle.received.as_ms());
        }
    }

    pub(super) fn reanchor_term(&mut self, back: Millis) {
        let now = self.now;
        if let Some(spans) = &mut self.spans {
            spans.reanchor(back, now);
        }
    }

    /// When the session ends, on the monotonic clock.
    pub(super) fn term_ends_at(&self) -> Moment {
        self.spans
            .map_or(Moment::NEVER, |spans| spans.first().0.ends_at())
    }

    /// The same on the wall clock, and why, where that end was warned of.
    pub(super) fn term_shown(&self) -> (Instant, Option<Ending>) {
        let Some(spans) = &self.spans else {
            return (Instant::NEVER, None);
        };
        let (span, cause) = spans.first();
        let ends = span.expires();
        (ends, (spans.warned == Some(ends)).then_some(cause))
    }

    pub(super) fn term_deadline(&self) -> Moment {
        // What looks around has a deadline of its own.
        let Some(spans) = self.spans.filter(|_| !self.disposed && self.hold.is_none()) else {
            return Moment::NEVER;
        };
        let told = match spans.untold || self.wants_to_watch() {
            true => spans.tell_at,
            false => Moment::NEVER,
        };
        let warn_at = spans.warn_at(self.policy.limits.warning);
        spans.first().0.ends_at().min(warn_at).min(told)
    }

    /// Ends a session whose time is up, and warns before.
    pub(super) fn expire_term(&mut self) {
        let now = self.now;
        let Some(spans) = self.spans.filter(|_| self.started && !self.disposed) else {
            return;
        };
        match spans.over(now) {
            Some(Ending::Lifetime) => return self.end_by_time(Ending::Lifetime),
            Some(Ending::Idle) if self.hold.is_some() => return,
            Some(Ending::Idle) if spans.asked => return self.end_by_time(Ending::Idle),
            Some(Ending::Idle) => {
                // Another tab may have been active while this one slept.
                if let Some(spans) = &mut self.spans {
                    spans.asked = true;
                }
                return self.hold_requests();
            }
            None => {}
        }
        if now.mono >= spans.warn_at(self.policy.limits.warning) {
            let (span, cause) = spans.first();
            let ends = span.expires();
            if let Some(spans) = &mut self.spans {
                spans.warned = Some(ends);
            }
            self.event(Event::SessionEnding { ends, cause });
        }
        self.tell_activity();
    }

    /// Signs out because the session has come to its end. Every tab does so by
    /// itself, and all write the same record.
    fn end_by_time(&mut self, cause: Ending) {
        let session = self.session().cloned();
        let (ended, by) = match cause {
            Ending::Idle => (Ended::Idle, SignedOutBy::Idle),
            Ending::Lifetime => (Ended::Lifetime, SignedOutBy::Lifetime),
        };
        let record = Record {
            stamp: Stamp {
                ended: true,
                ..self.stamp()
            },
            state: Err(ended),
        };
        self.adopt(record.clone(), by);
        self.commit(Purpose::SignOut, record);
        self.leave_in_turn(session, 0);
        self.proceed();
    }

    /// Another tab tells that the session `was` has come to its end. It may
    /// freeze before it has called the logout endpoint.
    pub(super) fn heard_of_end(&mut self, was: Option<Rc<Session>>) {
        let by_time = |held: &Record| matches!(held.state, Err(Ended::Idle | Ended::Lifetime));
        if was.is_some() && self.hold.is_none() && self.record.as_ref().is_some_and(by_time) {
            self.leave_in_turn(was, 1);
        }
    }

    /// Calls the logout endpoint unless one of the tabs that come before this
    /// one does, and `more`.
    fn leave_in_turn(&mut self, session: Option<Rc<Session>>, more: u32) {
        if self.policy.logout.is_some() {
            let turn = TURN.times(f64::from(self.peers.before() + more));
            let call = session.is_some() || !self.policy.needs_refresh_token();
            self.farewells
                .push(Farewell::by_time(session, call, self.now.mono + turn));
        }
    }

    /// The mark of a session in memory says when it began, and when somebody
    /// was last active: one that ended while no page was open is over.
    pub(super) fn end_known_term(&mut self) {
        let (limits, now) = (self.policy.limits, self.now);
        let Some(term) = self.known_term.filter(|_| self.record.is_none()) else {
            return;
        };
        let active = self.active.unwrap_or(term.began);
        if let Some(cause) = Spans::new(term, active, limits, now).over(now) {
            self.end_by_time(cause);
            self.may_try_again = false;
        }
    }

    /// Another tab calls the logout endpoint.
    pub(super) fn farewell_heard(&mut self) {
        let now = self.now.mono;
        self.farewells.retain(|farewell| farewell.after <= now);
    }
}
