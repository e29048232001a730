//! What a caller has to do: the questions that requests, `getToken` and
//! `refresh` ask, and the answers (rules 2, 3, 4 and 17).

use super::error::{Error, Fault};
use super::ids::{Party, Serial, WaitId};
use super::lifetime::Lifetime;
use super::machine::Machine;
use super::output::Outcome;
use super::time::{Millis, Now};
use super::view::Status;

/// What a caller wants to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ask {
    /// May a request to an allowed origin go?
    Request,
    /// A request came back unauthorized. `worked`: the token that it carried
    /// has been accepted before.
    Refused {
        serial: Serial,
        party: Party,
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
    /// `restore()`: whether anybody is signed in, however long it takes to
    /// know.
    Restore { after_sign_out: bool },
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
    /// Wait for this to end, then [`Machine::resume`].
    Wait(WaitId),
    Fail(Error),
}

impl Machine {
    /// Decides what a caller has to do.
    pub fn ask(&mut self, now: Now, ask: Ask) -> Reply {
        self.tick(now);
        // A machine that slept past the session's end signs out first.
        self.expire_term();
        let reply = self.decide(ask);
        self.advance();
        reply
    }

    fn decide(&mut self, ask: Ask) -> Reply {
        if self.disposed {
            return Reply::Fail(Fault::Disposed.into());
        }
        if self.policy.cookie_access()
            && matches!(ask, Ask::Token { .. } | Ask::TokenNow | Ask::TokenForced)
        {
            return Reply::Bare;
        }
        if self.policy.inert {
            return match ask {
                Ask::Refresh | Ask::TokenForced => Reply::Fail(Fault::NobodysSession.into()),
                Ask::Refused { .. } => Reply::Deliver,
                Ask::Restore { .. } => Reply::Go,
                _ => Reply::Bare,
            };
        }
        if let Some(hold) = &self.hold {
            return Reply::Wait(hold.wait);
        }
        if let Ask::Restore { after_sign_out } = ask {
            return self.ask_restore(after_sign_out);
        }
        match (self.status(), ask) {
            (Status::SignedOut, Ask::Refresh) if self.record.is_none() || self.may_try_again => {
                self.want()
            }
            (Status::SignedOut, Ask::Refresh) => Reply::Fail(Fault::NoSession.into()),
            (Status::SignedOut | Status::Unknown, Ask::Refused { .. }) => Reply::Deliver,
            (Status::SignedOut, _) | (Status::Unknown, Ask::TokenNow) => Reply::Bare,
            (Status::Unknown, _) => self.want(),
            (Status::SignedIn, ask) => self.decide_signed_in(ask),
        }
    }

    fn decide_signed_in(&mut self, ask: Ask) -> Reply {
        let Some(lifetime) = self.session().map(|session| session.lifetime) else {
            return Reply::Bare;
        };
        let now = self.now;
        let over = lifetime.is_over(now);
        match ask {
            Ask::TokenNow => return if over { Reply::Bare } else { Reply::Go },
            Ask::TokenForced | Ask::Refresh => return self.want(),
            Ask::Refused {
                serial,
                party,
                worked,
            } => {
                if party != self.party {
                    return Reply::Deliver;
                }
                if serial == self.serial {
                    return self.decide_refused(lifetime, worked);
                }
                // A newer one is here already. Whether it can be sent is the
                // same question as for a new request.
            }
            Ask::Token { least } if lifetime.left(now) < least => {
                // A wish beyond the lifetime costs a refresh each time, so it
                // counts as one that the clock did not ask for.
                if !over && !self.pace.allows_reactive(now.mono, true) {
                    return Reply::Go;
                }
                return match self.want() {
                    Reply::Fail(_) if !over => Reply::Go,
                    reply => reply,
                };
            }
            _ => {}
        }
        if over {
            return self.want();
        }
        if now.mono >= self.refresh_due() {
            // It runs beside; whether it can begin does not matter here.
            let _ = self.want();
        }
        Reply::Go
    }

    /// The token that is held was refused.
    fn decide_refused(&mut self, lifetime: Lifetime, worked: bool) -> Reply {
        let now = self.now;
        let over = lifetime.is_over(now);
        if !self.can_refresh() {
            // Of a token with a known end, this is one answer of one server;
            // of one without, it is the end.
            if lifetime.ends() && !over {
                return Reply::Deliver;
            }
            return Reply::Fail(self.end_session(Fault::SessionOver.into()));
        }
        let waits = self.turn.is_some() || self.pace.wait(now.mono) > Millis::ZERO;
        if waits || over || self.pace.allows_reactive(now.mono, worked) {
            self.want()
        } else {
            Reply::Deliver
        }
    }

    /// Decides what somebody does who asked `ask` when the user was `party`,
    /// now that what it waited for has ended.
    pub fn resume(&mut self, now: Now, wait: WaitId, ask: Ask, party: Party) -> Reply {
        self.tick(now);
        self.expire_term();
        let waited = self.waited(wait);
        let outcome = waited.map_or(Outcome::Looked, |waited| waited.outcome);
        if let Some(waited) = waited {
            self.since = waited.since;
        }
        let usable = self
            .session()
            .is_some_and(|session| !session.lifetime.is_over(self.now));
        let reply = match outcome {
            _ if self.disposed => Reply::Fail(Fault::Disposed.into()),
            // The status is known, or as much of it as was asked for.
            Outcome::Looked if matches!(ask, Ask::Restore { .. }) && self.hold.is_none() => {
                Reply::Go
            }
            Outcome::Over(error) => Reply::Fail(error),
            Outcome::Anonymous => Reply::Bare,
            Outcome::Looked => self.decide(ask),
            _ if party != self.party => Reply::Fail(Fault::UserChanged.into()),
            Outcome::Renewed => match ask {
                // A request asks afresh: what was renewed may be old by now.
                Ask::Request => self.decide(ask),
                // The turn had begun before the token was taken over that was
                // refused here.
                Ask::Refused { serial, .. } if serial == self.serial => self.want(),
                _ if self.session().is_none() => Reply::Fail(Fault::SessionEnded.into()),
                // So does everybody who would get a token that has ended.
                _ if !usable => self.want(),
                _ => Reply::Go,
            },
            Outcome::Passing(error) => match ask {
                Ask::Request | Ask::Token { .. } if usable => Reply::Go,
                _ => Reply::Fail(error),
            },
        };
        self.since = self.now.mono;
        self.advance();
        reply
    }
}
