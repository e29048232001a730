//! Calls that are in flight: sent, answered, failed, or out of time.

use std::rc::Rc;

use super::answer::{Answer, Tokens, Verdict, is_definitive};
use super::call::{Call, Target};
use super::error::{Error, Fault};
use super::machine::Machine;
use super::output::Output;
use super::record::Session;
use super::time::{Instant, Millis};

/// A call that is in flight, and on whose behalf.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flight {
    pub number: u32,
    pub role: Role,
    pub deadline: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Role {
    Turn,
    SignIn,
    /// A refresh whose tokens only serve to sign out at the server.
    LastRefresh,
    Logout,
}

/// What went wrong with a call that brought no answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Failure {
    /// No connection, a dropped one, or an answer that may not be read.
    Network,
    TimedOut,
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

impl Machine {
    /// Sends a call on its way.
    pub(super) fn launch(
        &mut self,
        now: Instant,
        role: Role,
        target: Target,
        session: Option<Rc<Session>>,
    ) -> u32 {
        let number = self.number();
        let deadline = now + self.policy.timeout;
        self.flights.push(Flight {
            number,
            role,
            deadline,
        });
        let call = Call::new(number, target, &self.policy, session, now);
        self.output(Output::Call(call));
        number
    }

    /// Takes a call out of the air. An answer to one that is not there any
    /// more belongs to an older attempt or an older session, and is dropped
    /// here and nowhere else.
    pub(super) fn land(&mut self, call: u32) -> Option<Role> {
        let at = self
            .flights
            .iter()
            .position(|flight| flight.number == call)?;
        Some(self.flights.swap_remove(at).role)
    }

    /// An endpoint answered.
    pub fn answered(&mut self, now: Instant, call: u32, answer: Answer<'_>) {
        self.tick(now);
        let cookie = self.policy.cookie_access();
        let platform = self.platform;
        match self.land(call) {
            Some(Role::SignIn) => {
                let result = answer.of_login(&self.policy.paths, cookie, now, platform);
                self.sign_in_answered(now, call, result);
            }
            Some(Role::Logout) => self.logout_answered(answer.status),
            Some(role) => {
                let verdict = answer.of_refresh(&self.policy.paths, cookie, now, platform);
                self.refreshed(now, role, verdict);
            }
            None => {}
        }
        self.proceed_farewell(now);
        self.advance(now);
    }

    /// The refresh function gave these tokens.
    pub fn provided(&mut self, now: Instant, call: u32, tokens: Tokens) {
        self.tick(now);
        if let Some(role) = self.land(call) {
            self.refreshed(now, role, Verdict::Renewed(tokens));
        }
        self.proceed_farewell(now);
        self.advance(now);
    }

    fn refreshed(&mut self, now: Instant, role: Role, verdict: Verdict) {
        if role == Role::Turn {
            self.verdict(now, verdict);
        } else {
            self.last_refreshed(now, verdict);
        }
    }

    /// A call brought no answer.
    pub fn failed(&mut self, now: Instant, call: u32, failure: Failure) {
        self.tick(now);
        self.lost(now, call, failure);
        self.advance(now);
    }

    fn lost(&mut self, now: Instant, call: u32, failure: Failure) {
        let error = |fault| Error {
            call,
            ..Error::new(fault)
        };
        match self.land(call) {
            Some(Role::Turn) => {
                let verdict = match failure {
                    Failure::Network => Verdict::Passing(error(Fault::RefreshLost)),
                    Failure::TimedOut => Verdict::Passing(error(Fault::RefreshTimedOut)),
                    Failure::NoTokens => Verdict::Passing(Error {
                        cause: Some(Fault::TokenMissing),
                        ..error(Fault::FunctionWithoutToken)
                    }),
                    Failure::Function {
                        definitive,
                        status,
                        retry_after,
                    } => {
                        if definitive || is_definitive(status) {
                            Verdict::Definitive(Error {
                                status,
                                ..error(Fault::FunctionRefused)
                            })
                        } else {
                            Verdict::Passing(Error {
                                status,
                                retry_after,
                                ..error(Fault::FunctionFailed)
                            })
                        }
                    }
                };
                self.verdict(now, verdict);
            }
            Some(Role::SignIn) => {
                let fault = match failure {
                    Failure::TimedOut => Fault::LoginTimedOut,
                    _ => Fault::LoginLost,
                };
                self.sign_in_answered(now, call, Err(error(fault)));
            }
            Some(Role::Logout) => self.logout_answered(0),
            Some(Role::LastRefresh) | None => {}
        }
        self.proceed_farewell(now);
    }

    /// Ends the calls whose time has run out.
    pub(super) fn expire_flights(&mut self, now: Instant) {
        while let Some(call) = self
            .flights
            .iter()
            .find(|flight| now >= flight.deadline)
            .map(|f| f.number)
        {
            self.output(Output::Abort { call });
            self.lost(now, call, Failure::TimedOut);
        }
    }
}
