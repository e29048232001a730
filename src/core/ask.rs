//! What a caller has to do: the questions that requests, `getToken` and
//! `refresh` ask, and the answers (rules 2, 3, 4 and 17).

use super::error::{Error, Fault};
use super::lifetime::Lifetime;
use super::machine::Machine;
use super::output::Outcome;
use super::time::{Instant, Millis};
use super::view::Status;

/// What a caller wants to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ask {
    /// May a request to an allowed origin go?
    Request,
    /// A request came back unauthorized. `worked`: the token that it carried
    /// has been accepted before.
    Refused {
        serial: u32,
        party: u32,
        worked: bool,
    },
    /// `getToken`: a token with at least this much left.
    Token { least: Millis },
    /// `getToken` that may wait for nothing.
    TokenNow,
    /// `getToken` that wants a new one.
    TokenForced,
    /// `refresh()`.
    Refresh,
}

/// What it has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Go on, with the token that is held.
    Go,
    /// Go on without a token.
    Bare,
    /// Give the caller the answer that came.
    Deliver,
    /// Wait for this turn to end, then [`Machine::resume`].
    Wait(u32),
    Fail(Error),
}

impl Machine {
    /// Decides what a caller has to do.
    pub fn ask(&mut self, now: Instant, ask: Ask) -> Reply {
        self.tick(now);
        let reply = self.decide(now, ask);
        self.advance(now);
        reply
    }

    fn decide(&mut self, now: Instant, ask: Ask) -> Reply {
        if self.disposed {
            return Reply::Fail(Fault::Disposed.into());
        }
        if self.policy.cookie_access()
            && matches!(ask, Ask::Token { .. } | Ask::TokenNow | Ask::TokenForced)
        {
            return Reply::Bare;
        }
        match (self.status(), ask) {
            (Status::SignedOut, Ask::Refresh) if self.record.is_none() || self.may_try_again => {
                self.want(now)
            }
            (Status::SignedOut, Ask::Refresh) => Reply::Fail(Fault::NoSession.into()),
            (Status::SignedOut | Status::Unknown, Ask::Refused { .. }) => Reply::Deliver,
            (Status::SignedOut, _) | (Status::Unknown, Ask::TokenNow) => Reply::Bare,
            (Status::Unknown, _) => self.want(now),
            (Status::SignedIn, ask) => self.decide_signed_in(now, ask),
        }
    }

    fn decide_signed_in(&mut self, now: Instant, ask: Ask) -> Reply {
        let Some(lifetime) = self.session().map(|session| session.lifetime) else {
            return Reply::Bare;
        };
        let over = lifetime.is_over(now);
        match ask {
            Ask::TokenNow => return if over { Reply::Bare } else { Reply::Go },
            Ask::TokenForced | Ask::Refresh => return self.want(now),
            Ask::Refused {
                serial,
                party,
                worked,
            } => {
                if party != self.party {
                    return Reply::Deliver;
                }
                if serial == self.serial {
                    return self.decide_refused(now, lifetime, worked);
                }
                // A newer one is here already. Whether it can be sent is the
                // same question as for a new request.
            }
            Ask::Token { least } if lifetime.left(now) < least => {
                // A wish beyond the lifetime costs a refresh each time, so it
                // counts as one that the clock did not ask for.
                if !over && !self.pace.allows_reactive(now, true) {
                    return Reply::Go;
                }
                return match self.want(now) {
                    Reply::Fail(_) if !over => Reply::Go,
                    reply => reply,
                };
            }
            Ask::Request | Ask::Token { .. } => {}
        }
        if over {
            return self.want(now);
        }
        if now >= self.refresh_due() {
            // It runs beside; whether it can begin does not matter here.
            let _ = self.want(now);
        }
        Reply::Go
    }

    /// The token that is held was refused.
    fn decide_refused(&mut self, now: Instant, lifetime: Lifetime, worked: bool) -> Reply {
        if !self.can_refresh() {
            // Of a token with a known end, this is one answer of one server;
            // of one without, it is the end.
            if lifetime.ends() && !lifetime.is_over(now) {
                return Reply::Deliver;
            }
            return self.want(now);
        }
        let waits = self.turn.is_some() || self.pace.wait(now) > Millis::ZERO;
        let free = waits || lifetime.is_over(now);
        if free || self.pace.allows_reactive(now, worked) {
            self.want(now)
        } else {
            Reply::Deliver
        }
    }

    /// Decides what somebody does who asked `ask` when the user was `party`,
    /// now that the turn it waited for has ended.
    pub fn resume(&mut self, now: Instant, ask: Ask, party: u32, outcome: &Outcome) -> Reply {
        self.tick(now);
        let usable = self
            .session()
            .is_some_and(|session| !session.lifetime.is_over(now));
        let reply = match outcome {
            _ if self.disposed => Reply::Fail(Fault::Disposed.into()),
            Outcome::Over(error) => Reply::Fail(*error),
            Outcome::Anonymous => Reply::Bare,
            _ if party != self.party => Reply::Fail(Fault::UserChanged.into()),
            // A request asks afresh: what was renewed may be old by now.
            Outcome::Renewed => match ask {
                Ask::Request => self.decide(now, ask),
                _ if self.session().is_none() => Reply::Fail(Fault::SessionEnded.into()),
                _ => Reply::Go,
            },
            Outcome::Passing(error) => match ask {
                Ask::Request | Ask::Token { .. } if usable => Reply::Go,
                _ => Reply::Fail(*error),
            },
        };
        self.advance(now);
        reply
    }
}
