//! Calls that are in flight: sent, answered, failed, or out of time.

use std::rc::Rc;

use super::answer::{Answer, Tokens, Verdict, is_definitive};
use super::call::{Call, Target};
use super::error::{Error, Fault};
use super::ids::{CallId, LockId, RequestId};
use super::machine::Machine;
use super::output::Output;
use super::record::{Session, Stamp};
use super::time::{Instant, Millis, Moment};

/// A call that is in flight, and on whose behalf.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flight {
    pub id: CallId,
    pub role: Role,
    /// It was sent at this instant, when this record was held: whatever it
    /// brings belongs to that one.
    pub sent: Instant,
    pub base: Stamp,
    pub session: Option<Rc<Session>>,
    /// When its time is up; `timeoutMs` after it was sent, or earlier where a
    /// failure is held back.
    pub deadline: Moment,
    /// A failure that came while the page was being left. It counts if the
    /// page stays: leaving breaks calls off, and says nothing of the server.
    pub held_back: bool,
    /// The lock of the turn that left this call to itself: until it has ended,
    /// another tab's call would meet it at the server.
    lock: Option<LockId>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Role {
    Turn,
    SignIn,
    /// A refresh whose tokens only serve to sign out at the server.
    LastRefresh,
    Logout,
    /// A refresh that nobody waits for any more, and that may still bring a
    /// cookie: what would be answered with another one waits for it.
    Orphan,
}

/// What went wrong with a call that brought no answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Failure {
    /// No connection, a dropped one, or an answer that may not be read.
    Network,
    /// The endpoint redirects, which is not followed.
    Redirected,
    /// The platform cannot build the request: a mistake in its body, its
    /// headers or a token.
    Unsendable,
    /// The refresh function rejected, what it said of that.
    Function {
        definitive: bool,
        /// 0 if it named none.
        status: u16,
        retry_after: Millis,
    },
    /// The refresh function gave no tokens.
    NoTokens,
}

/// How a call ended without an answer, as this module sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Failed(Failure),
    TimedOut,
}

/// How long a failure is held back after `beforeunload`: by then a page that
/// really is left has gone, and one that only began a download is still there.
const HELD_BACK: Millis = Millis::new(400);

impl Machine {
    /// Sends a call on its way.
    pub(super) fn launch(
        &mut self,
        role: Role,
        target: Target,
        session: Option<Rc<Session>>,
        request: Option<RequestId>,
    ) -> CallId {
        let id = CallId::new(self.number());
        if self.flights.is_empty() {
            self.output(Output::WatchLeaving(true));
        }
        self.flights.push(Flight {
            id,
            role,
            sent: self.now.wall,
            base: self.stamp(),
            session: session.clone(),
            deadline: self.now.mono + self.policy.timeout,
            held_back: false,
            lock: None,
        });
        let call = Call::new(id, target, &self.policy, session, self.now);
        self.output(Output::Call(Call { request, ..call }));
        id
    }

    /// Takes a call out of the air. An answer to one that is not there any
    /// more belongs to an older attempt or an older session, and is dropped
    /// here and nowhere else.
    pub(super) fn land(&mut self, call: CallId) -> Option<Flight> {
        let at = self.flights.iter().position(|flight| flight.id == call)?;
        let flight = self.flights.swap_remove(at);
        if let Some(lock) = flight.lock {
            self.leave_lock(lock);
        }
        if self.flights.is_empty() {
            self.output(Output::WatchLeaving(false));
        }
        Some(flight)
    }

    /// Stops a call, or, where it may still bring a cookie, leaves it to end
    /// by itself, with the lock of its turn: some platforms do not stop a call
    /// that outlives its page.
    pub(super) fn give_up_call(&mut self, call: CallId) {
        let orphans = self.policy.cookie_refresh();
        let own = |flight: &Flight| flight.role == Role::Turn;
        let flight = self.flights.iter_mut().find(|flight| flight.id == call);
        match flight {
            Some(flight) if flight.role == Role::LastRefresh || (orphans && own(flight)) => {
                // A sign-out has the one in hand, nobody the other.
                if own(flight) {
                    flight.role = Role::Orphan;
                }
                if orphans {
                    flight.lock = self.turn.as_mut().and_then(|turn| turn.lock.take());
                }
            }
            Some(_) => {
                self.land(call);
                self.output(Output::Abort { call });
            }
            None => {}
        }
    }

    /// Whether a call is in flight whose answer may bring a cookie, or take it
    /// away: a refresh, or a logout.
    pub(super) fn awaits_cookie(&self) -> bool {
        self.policy.cookie_refresh()
            && self
                .flights
                .iter()
                .any(|flight| flight.role != Role::SignIn)
    }

    /// Whether a login is in flight whose answer may bring a cookie: the one of
    /// a refresh must not come after it (rule 8).
    pub(super) fn signs_in_with_cookie(&self) -> bool {
        self.policy.cookie_refresh()
            && self
                .flights
                .iter()
                .any(|flight| flight.role == Role::SignIn)
    }

    /// An endpoint answered.
    #[inline(never)]
    pub(super) fn answered(&mut self, call: CallId, answer: Answer<'_>) {
        let Some(flight) = self.land(call) else {
            return;
        };
        let cookie = self.policy.cookie_access();
        let (now, platform) = (self.now, self.platform);
        match flight.role {
            Role::SignIn => {
                let result = answer.of_login(&self.policy.paths, cookie, now, platform);
                self.sign_in_answered(call, result);
            }
            Role::Logout => self.logout_answered(answer.status),
            Role::Turn | Role::LastRefresh | Role::Orphan => {
                let verdict = answer.of_refresh(&self.policy.paths, cookie, now, platform);
                self.refreshed(&flight, verdict);
            }
        }
        self.proceed();
    }

    /// The refresh function gave these tokens.
    #[inline(never)]
    pub(super) fn provided(&mut self, call: CallId, tokens: Tokens) {
        if let Some(flight) = self.land(call) {
            self.refreshed(&flight, Verdict::Renewed(tokens));
        }
        self.proceed();
    }

    /// What came of a refresh, also of one that no turn waits for. A pause that
    /// the server asked for holds for every later one, also where another tab was
    /// given a token meanwhile.
    fn refreshed(&mut self, flight: &Flight, verdict: Verdict) {
        if let Verdict::Passing(error) = &verdict
            && self.pace.pause(self.now.mono, error.retry_after)
            && flight.role != Role::Turn
        {
            self.share_pace();
        }
        match flight.role {
            Role::Turn => self.verdict(flight, verdict),
            Role::LastRefresh => self.last_refreshed(flight, verdict),
            _ => {}
        }
    }

    /// A call brought no answer.
    #[inline(never)]
    pub(super) fn failed(&mut self, call: CallId, failure: Failure) {
        let (now, away, leaving) = (self.now.mono, self.page.away, self.page.leaving_until);
        if failure == Failure::Network
            && let Some(flight) = self.flights.iter_mut().find(|flight| flight.id == call)
            && (away || now < leaving)
        {
            flight.held_back = true;
            // A page that was put away is looked at when it comes back.
            flight.deadline = match away {
                true => Moment::NEVER,
                false => flight.deadline.min(now + HELD_BACK),
            };
            return;
        }
        self.lost(call, End::Failed(failure));
    }

    fn lost(&mut self, call: CallId, end: End) {
        let Some(flight) = self.land(call) else {
            return;
        };
        let error = |fault| Error {
            call: Some(call),
            ..Error::new(fault)
        };
        match flight.role {
            Role::Turn => {
                let fault = match end {
                    End::TimedOut => Fault::RefreshTimedOut,
                    End::Failed(Failure::Network) => Fault::RefreshLost,
                    End::Failed(Failure::Redirected) => Fault::RefreshRedirected,
                    End::Failed(Failure::Unsendable) => Fault::RefreshUnsendable,
                    End::Failed(Failure::NoTokens) => Fault::FunctionWithoutToken,
                    End::Failed(Failure::Function { .. }) => Fault::FunctionFailed,
                };
                let mut error = error(fault);
                let mut definitive = false;
                if fault == Fault::FunctionWithoutToken {
                    error.cause = Some(Fault::TokenMissing);
                }
                if let End::Failed(Failure::Function {
                    definitive: said,
                    status,
                    retry_after,
                }) = end
                {
                    definitive = said || is_definitive(status);
                    error.status = status;
                    error.retry_after = retry_after;
                }
                self.refreshed(
                    &flight,
                    if definitive {
                        Verdict::Definitive(Error {
                            fault: Fault::FunctionRefused,
                            retry_after: Millis::ZERO,
                            ..error
                        })
                    } else {
                        Verdict::Passing(error)
                    },
                );
            }
            Role::SignIn => {
                let fault = match end {
                    End::TimedOut => Fault::LoginTimedOut,
                    End::Failed(Failure::Redirected) => Fault::LoginRedirected,
                    End::Failed(Failure::Unsendable) => Fault::LoginUnsendable,
                    End::Failed(_) => Fault::LoginLost,
                };
                self.sign_in_answered(call, Err(error(fault)));
            }
            Role::Logout if end == End::Failed(Failure::Redirected) => {
                self.logout_answered(300);
            }
            Role::Logout => self.logout_answered(0),
            Role::LastRefresh | Role::Orphan => {}
        }
        self.proceed();
    }

    /// Ends the calls whose time has run out.
    pub(super) fn expire_flights(&mut self) {
        let now = self.now.mono;
        while let Some(flight) = self.flights.iter().find(|flight| now >= flight.deadline) {
            let (call, held_back) = (flight.id, flight.held_back);
            if held_back {
                self.lost(call, End::Failed(Failure::Network));
            } else {
                self.output(Output::Abort { call });
                self.lost(call, End::TimedOut);
            }
        }
    }

    /// The page stays, or has come back: the failures that were held back
    /// count.
    pub(super) fn count_held_back(&mut self) {
        let now = self.now.mono;
        for flight in self.flights.iter_mut().filter(|flight| flight.held_back) {
            flight.deadline = flight.deadline.min(now);
        }
    }
}
