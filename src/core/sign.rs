//! Signing in and signing out.

use std::rc::Rc;

use super::answer::{Tokens, Verdict};
use super::call::Target;
use super::error::{Error, Fault};
use super::flight::Role;
use super::machine::{Machine, Purpose};
use super::output::{Event, Outcome, Output, SignedOutBy};
use super::record::{Ended, Record, Session, Stamp};
use super::time::Instant;
use super::turn::Stage;

/// A sign-in under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SignIn {
    /// The caller's number for it.
    request: u32,
    /// Its call; later ones have greater numbers.
    order: u32,
    pub began: Instant,
    /// The count of sign-outs when it began.
    fence: u32,
}

/// What is left of a session that was signed out: the call to the server.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Farewell {
    requests: Vec<u32>,
    session: Option<Rc<Session>>,
    /// The logout endpoint is still to be called.
    call: bool,
    /// An access token may still be fetched for it.
    fetch: bool,
}

impl Machine {
    /// Calls the login endpoint, whose body the shell holds under `request`.
    pub fn login(&mut self, now: Instant, request: u32) {
        self.tick(now);
        if self.disposed {
            self.output(Output::SignInEnded {
                request,
                result: Err(Fault::Disposed.into()),
            });
        } else if self.policy.login.is_none() {
            self.output(Output::SignInEnded {
                request,
                result: Err(Fault::NoLoginEndpoint.into()),
            });
        } else {
            let order = self.launch(now, Role::SignIn, Target::Login, None);
            self.sign_ins.push(SignIn {
                request,
                order,
                began: now,
                fence: self.fence,
            });
        }
        self.advance(now);
    }

    /// Gives up on a sign-in whose caller does not want it any more.
    pub fn abandon(&mut self, now: Instant, request: u32) {
        self.tick(now);
        if let Some(at) = self
            .sign_ins
            .iter()
            .position(|sign_in| sign_in.request == request)
        {
            let call = self.sign_ins.swap_remove(at).order;
            if self.land(call).is_some() {
                self.output(Output::Abort { call });
            }
        }
        self.advance(now);
    }

    /// Takes tokens that the application got by itself.
    pub fn set_tokens(&mut self, now: Instant, request: u32, tokens: Result<Tokens, Error>) {
        self.tick(now);
        match tokens {
            _ if self.disposed => self.output(Output::SignInEnded {
                request,
                result: Err(Fault::Disposed.into()),
            }),
            Err(error) => self.output(Output::SignInEnded {
                request,
                result: Err(error),
            }),
            Ok(tokens) => {
                let order = self.number();
                let sign_in = SignIn {
                    request,
                    order,
                    began: now,
                    fence: self.fence,
                };
                self.commit_sign_in(now, sign_in, tokens);
            }
        }
        self.advance(now);
    }

    pub(super) fn sign_in_answered(
        &mut self,
        now: Instant,
        call: u32,
        result: Result<Tokens, Error>,
    ) {
        let Some(at) = self
            .sign_ins
            .iter()
            .position(|sign_in| sign_in.order == call)
        else {
            return;
        };
        let sign_in = self.sign_ins.swap_remove(at);
        match (self.too_late(sign_in), result) {
            (Some(error), _) | (None, Err(error)) => self.end_sign_in(sign_in, Err(error)),
            (None, Ok(tokens)) => self.commit_sign_in(now, sign_in, tokens),
        }
    }

    /// The newest sign-in that was carried out or is being stored.
    fn newest_sign_in(&self) -> u32 {
        self.pendings
            .iter()
            .fold(self.signed_in_by, |newest, pending| match pending.purpose {
                Purpose::SignIn(sign_in) => newest.max(sign_in.order),
                _ => newest,
            })
    }

    /// Whether a sign-out or a newer sign-in came in between.
    pub(super) fn too_late(&self, sign_in: SignIn) -> Option<Error> {
        if sign_in.fence != self.fence {
            Some(Fault::SignedOutBefore.into())
        } else if sign_in.order < self.newest_sign_in() {
            Some(Fault::SignedInSince.into())
        } else {
            None
        }
    }

    fn commit_sign_in(&mut self, now: Instant, sign_in: SignIn, tokens: Tokens) {
        let state = Ok(Rc::new(self.session_of(now, tokens)));
        let stamp = self.next_sign_in(sign_in.began);
        self.commit(Purpose::SignIn(sign_in), Record { stamp, state });
    }

    /// The stamp of a sign-in that began at `began`, after every record seen.
    pub(super) fn next_sign_in(&mut self, began: Instant) -> Stamp {
        let salt = self.random() >> 32;
        let sign_in = self.stamp().sign_in.saturating_add(1);
        Stamp {
            sign_in: sign_in.max(began.as_ms() as u64),
            salt,
            ended: false,
            generation: 0,
        }
    }

    pub(super) fn sign_in_committed(
        &mut self,
        now: Instant,
        sign_in: SignIn,
        record: Record,
        stored: Option<&str>,
    ) {
        if let Some(text) = stored {
            self.hear(now, text);
        }
        if let Some(error) = self.too_late(sign_in) {
            if stored.is_none() && self.session().is_none() && record.stamp > self.stamp() {
                // It was written before the sign-out was heard of. Where the
                // clock was set back meanwhile, it is the greater of the two.
                let stamp = Stamp {
                    ended: true,
                    ..record.stamp
                };
                let state = Err(Ended::Logout);
                self.adopt(
                    Record {
                        stamp,
                        state: state.clone(),
                    },
                    SignedOutBy::OtherTab,
                );
                self.commit(Purpose::SignOut, Record { stamp, state });
            }
            return self.end_sign_in(sign_in, Err(error));
        }
        if stored.is_some() {
            // Another tab signed in earlier than this one, which only learns
            // of it now.
            let stamp = self.next_sign_in(sign_in.began);
            return self.commit(Purpose::SignIn(sign_in), Record { stamp, ..record });
        }
        self.signed_in_by = sign_in.order;
        self.adopt(record, SignedOutBy::OtherTab);
        self.end_sign_in(sign_in, Ok(()));
    }

    fn end_sign_in(&mut self, sign_in: SignIn, result: Result<(), Error>) {
        self.output(Output::SignInEnded {
            request: sign_in.request,
            result,
        });
    }

    /// Signs out: here at once, then in the store, then at the server.
    /// `local` leaves the server out.
    pub fn logout(&mut self, now: Instant, request: u32, local: bool) {
        self.tick(now);
        if self.disposed {
            self.output(Output::LogoutEnded { request });
            return self.advance(now);
        }
        let session = self.session().cloned();
        let mut stamp = self.stamp();
        self.fence = self.fence.wrapping_add(1);
        for pending in core::mem::take(&mut self.pendings) {
            if let Purpose::SignIn(sign_in) = pending.purpose {
                // It may have been written already: the end has to outrank it.
                stamp = stamp.max(pending.record.stamp);
                self.sign_ins.push(sign_in);
            } else {
                self.pendings.push(pending);
            }
        }
        for sign_in in core::mem::take(&mut self.sign_ins) {
            if self.land(sign_in.order).is_some() {
                self.output(Output::Abort {
                    call: sign_in.order,
                });
            }
            if let Some(error) = self.too_late(sign_in) {
                self.end_sign_in(sign_in, Err(error));
            }
        }
        let call = !local
            && self.policy.logout.is_some()
            && (session.is_some() || !self.policy.needs_refresh_token());
        match &mut self.farewell {
            Some(farewell) => farewell.requests.push(request),
            None => {
                let fetch = self
                    .policy
                    .logout
                    .as_ref()
                    .is_some_and(|e| e.authenticate == Some(true));
                let fetch = call && fetch && session.is_some();
                self.farewell = Some(Farewell {
                    requests: vec![request],
                    session,
                    call,
                    fetch,
                });
            }
        }
        if call
            && self
                .turn
                .as_ref()
                .is_some_and(|turn| matches!(turn.stage, Stage::Calling))
        {
            // The server may have rotated already: its answer has the tokens
            // that have to be revoked.
            for flight in self
                .flights
                .iter_mut()
                .filter(|flight| flight.role == Role::Turn)
            {
                flight.role = Role::LastRefresh;
            }
        }
        let signed_out = matches!(&self.record, Some(Record { state: Err(Ended::Logout), stamp: held }) if *held >= stamp);
        if !signed_out {
            // A session that this tab does not know of is meant as well.
            let record = Record {
                stamp: Stamp {
                    sign_in: stamp.sign_in.max(now.as_ms() as u64),
                    ended: true,
                    generation: stamp.generation.saturating_add(1),
                    ..stamp
                },
                state: Err(Ended::Logout),
            };
            self.adopt(record.clone(), SignedOutBy::Logout);
            self.commit(Purpose::SignOut, record);
        }
        self.leave_turn(Outcome::Over(Fault::UserSignedOut.into()));
        self.proceed_farewell(now);
        self.advance(now);
    }

    pub(super) fn sign_out_committed(&mut self, now: Instant, stored: Option<&str>) {
        let Some(text) = stored else { return };
        if self.hear(now, text) && self.session().is_some() && self.farewell.is_some() {
            // Another tab signed in and this one did not know: the user who
            // signed out here meant that session.
            let stamp = Stamp {
                ended: true,
                ..self.stamp()
            };
            let record = Record {
                stamp,
                state: Err(Ended::Logout),
            };
            self.adopt(record.clone(), SignedOutBy::Logout);
            self.commit(Purpose::SignOut, record);
        }
    }

    pub(super) fn last_refreshed(&mut self, now: Instant, verdict: Verdict) {
        if let Verdict::Renewed(tokens) = verdict {
            let mut session = self.session_of(now, tokens);
            if let Some(farewell) = &mut self.farewell {
                let held = farewell
                    .session
                    .take()
                    .and_then(|held| held.refresh.clone());
                session.refresh = session.refresh.or(held);
                farewell.session = Some(Rc::new(session));
            }
        }
    }

    pub(super) fn logout_answered(&mut self, status: u16) {
        if (200..400).contains(&status) {
            return;
        }
        self.event(Event::Warning(Error {
            status,
            ..Error::new(Fault::LogoutUnconfirmed)
        }));
    }

    /// Takes the next step of a sign-out, once nothing of it is under way.
    pub(super) fn proceed_farewell(&mut self, now: Instant) {
        let busy = self
            .flights
            .iter()
            .any(|flight| matches!(flight.role, Role::LastRefresh | Role::Logout));
        let newer = self.session().is_some() && !self.policy.needs_refresh_token();
        let Some(farewell) = self.farewell.as_mut().filter(|_| !busy) else {
            return;
        };
        if newer
            && farewell
                .session
                .as_ref()
                .is_none_or(|session| session.refresh.is_none())
        {
            // The cookie is the newer session's by now: it would be that one
            // which the server ends.
            farewell.fetch = false;
            farewell.call = false;
        }
        let session = farewell.session.clone();
        let over = session
            .as_ref()
            .is_some_and(|session| session.lifetime.is_over(now));
        if core::mem::take(&mut farewell.fetch) && over {
            self.launch(now, Role::LastRefresh, Target::Refresh, session);
        } else if core::mem::take(&mut farewell.call) {
            self.launch(now, Role::Logout, Target::Logout, session);
        } else if !self
            .pendings
            .iter()
            .any(|pending| matches!(pending.purpose, Purpose::SignOut))
            && let Some(farewell) = self.farewell.take()
        {
            for request in farewell.requests {
                self.output(Output::LogoutEnded { request });
            }
        }
    }

    /// Ends everything that waits. A refresh that was already sent is still
    /// finished and stored, then comes [`Output::Closed`].
    pub fn dispose(&mut self, now: Instant) {
        self.tick(now);
        if !self.disposed {
            self.disposed = true;
            for sign_in in core::mem::take(&mut self.sign_ins) {
                if self.land(sign_in.order).is_some() {
                    self.output(Output::Abort {
                        call: sign_in.order,
                    });
                }
                self.end_sign_in(sign_in, Err(Fault::Disposed.into()));
            }
            // Nobody hears any more how the server took a sign-out.
            self.farewell = None;
            let outcome = Outcome::Over(Fault::Disposed.into());
            match self.turn.as_ref().map(|turn| (turn.number, &turn.stage)) {
                Some((_, Stage::Locking { .. } | Stage::Reading { .. })) => {
                    self.leave_turn(outcome)
                }
                Some((turn, _)) => self.output(Output::TurnEnded { turn, outcome }),
                None => {}
            }
        }
        self.advance(now);
    }
}
