//! Signing out, and disposing.

use std::rc::Rc;

use super::answer::Verdict;
use super::call::Target;
use super::commit::Purpose;
use super::error::{Error, Fault};
use super::flight::{Flight, Role};
use super::ids::RequestId;
use super::lifetime::Freshness;
use super::machine::Machine;
use super::output::{Event, Outcome, Output, SignedOutBy};
use super::record::{Ended, Record, Session, Stamp};
use super::secret::Secret;
use super::time::{Millis, Moment};
use super::turn::Stage;

/// What is left of a session that was signed out: the call to the server.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Farewell {
    /// The callers of `logout` that wait for it.
    requests: Vec<RequestId>,
    session: Option<Rc<Session>>,
    /// The logout endpoint is still to be called.
    call: bool,
    /// An access token may still be fetched for it.
    fetch: bool,
    /// Where time has ended the session: when it is this tab's turn to call
    /// the logout endpoint.
    pub after: Moment,
}

impl Farewell {
    /// For a session that has come to its end, which every tab knows: each
    /// waits until it is its turn.
    pub fn by_time(session: Option<Rc<Session>>, call: bool, after: Moment) -> Self {
        Self {
            requests: Vec::new(),
            session,
            call,
            fetch: false,
            after,
        }
    }
}

impl Machine {
    /// Signs out: here at once, then in the store, then at the server.
    /// `local` leaves the server out.
    #[inline(never)]
    pub(super) fn logout(&mut self, request: RequestId, local: bool) {
        if self.disposed || self.policy.inert {
            return self.output(Output::LogoutEnded { request });
        }
        let session = self.session().cloned();
        let mut stamp = self.stamp();
        self.fence = self.fence.wrapping_add(1);
        // The record of a sign-in may have been written already: the end has
        // to outrank it.
        for commit in &self.commits {
            if matches!(commit.purpose, Purpose::SignIn(_)) {
                stamp = stamp.max(commit.record.stamp);
            }
        }
        self.refuse_sign_ins();
        self.begin_farewell(request, session, local);
        // An older end says nothing of a session that began since, and that
        // this tab has not heard of yet.
        let now = self.now.wall.as_ms() as u64;
        let signed_out = self.record.as_ref().is_some_and(|held| {
            held.is_sign_out() && held.stamp >= stamp && held.stamp.sign_in >= now
        });
        if !signed_out {
            // A session that this tab does not know of is meant as well.
            let record = Record {
                stamp: Stamp {
                    sign_in: stamp.sign_in.max(now),
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
        self.proceed();
    }

    /// Rejects the sign-ins that began before a sign-out.
    fn refuse_sign_ins(&mut self) {
        let mut sign_ins = core::mem::take(&mut self.sign_ins);
        self.commits.retain(|commit| match commit.purpose {
            Purpose::SignIn(sign_in) => {
                sign_ins.push(sign_in);
                false
            }
            _ => true,
        });
        for sign_in in sign_ins {
            let error = self
                .too_late(sign_in)
                .unwrap_or(Fault::SignedOutBefore.into());
            self.refuse_sign_in(sign_in, error);
        }
    }

    /// Notes what the server is still to be told. A second sign-out of one
    /// session joins the first, and may ask for the call that the first left
    /// out. That of a session that began since takes its own leave, afterwards.
    fn begin_farewell(&mut self, request: RequestId, session: Option<Rc<Session>>, local: bool) {
        let joins = session.is_none();
        let last = self.farewells.last().filter(|_| joins);
        let held = last.and_then(|farewell| farewell.session.clone());
        let session = session.or(held).or_else(|| self.left_locally.clone());
        self.left_locally = session.clone().filter(|_| local);
        let call = !local
            && self.policy.logout.is_some()
            && (session.is_some() || !self.policy.needs_refresh_token());
        let wants_token = self
            .policy
            .logout
            .is_some_and(|endpoint| endpoint.authenticate == Some(true));
        let fetch = call && wants_token && session.is_some();
        let last = self.farewells.len().checked_sub(1);
        let called = self.due_farewell() == last
            && self
                .flights
                .iter()
                .any(|flight| flight.role == Role::Logout);
        match self.farewells.last_mut().filter(|_| joins) {
            Some(farewell) => {
                farewell.requests.push(request);
                farewell.call |= call && !called;
                farewell.fetch |= fetch && !called;
                farewell.session = session;
                farewell.after = Moment::PAST;
            }
            None => {
                self.farewells.push(Farewell {
                    requests: vec![request],
                    session,
                    call,
                    fetch,
                    after: Moment::PAST,
                });
            }
        }
        let calling = self
            .turn
            .as_ref()
            .is_some_and(|turn| matches!(turn.stage, Stage::Calling { .. }));
        if call && calling {
            // The server may have rotated already: its answer has the tokens
            // that have to be revoked.
            for flight in &mut self.flights {
                if flight.role == Role::Turn {
                    flight.role = Role::LastRefresh;
                }
            }
        }
    }

    /// The mark of a sign-out was stored, or a place was found to keep a record
    /// that comes after it (`outranked`), which has been taken over.
    pub(super) fn sign_out_committed(&mut self, outranked: bool) {
        if outranked && self.session().is_some() && !self.farewells.is_empty() {
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

    pub(super) fn last_refreshed(&mut self, flight: &Flight, verdict: Verdict) {
        let own = |farewell: &&mut Farewell| {
            refresh_of(farewell.session.as_deref()) == refresh_of(flight.session.as_deref())
        };
        let Verdict::Renewed(tokens) = verdict else {
            return;
        };
        let mut session = self.session_of(tokens, Freshness::Fresh, None);
        if let Some(farewell) = self.farewells.iter_mut().find(own) {
            let held = farewell
                .session
                .take()
                .and_then(|held| held.refresh.clone());
            session.refresh = session.refresh.or(held);
            farewell.session = Some(Rc::new(session));
        }
    }

    pub(super) fn logout_answered(&mut self, status: u16) {
        if (200..300).contains(&status) {
            return;
        }
        let redirected = (300..400).contains(&status);
        self.event(Event::Warning(Error {
            status: if status == 300 { 0 } else { status },
            ..Error::new(if redirected {
                Fault::LogoutRedirected
            } else {
                Fault::LogoutUnconfirmed
            })
        }));
    }

    /// The one that is carried out: what is in the air is its. One that leaves
    /// the call to another tab for now holds up no other.
    fn due_farewell(&self) -> Option<usize> {
        let now = self.now.mono;
        self.farewells
            .iter()
            .position(|farewell| now >= farewell.after)
    }

    /// Takes the next step of a sign-out, once nothing of it is under way.
    pub(super) fn proceed_farewell(&mut self) {
        let busy = self
            .flights
            .iter()
            .any(|flight| matches!(flight.role, Role::LastRefresh | Role::Logout | Role::Orphan));
        let signs_in = |flight: &super::flight::Flight| flight.role == Role::SignIn;
        let newer = (self.session().is_some() || self.flights.iter().any(signs_in))
            && !self.policy.needs_refresh_token();
        let now = self.now;
        let paced = self.pace.wait(now.mono) > Millis::ZERO;
        let Some(at) = self.due_farewell().filter(|_| !busy) else {
            return;
        };
        let farewell = &mut self.farewells[at];
        let own = |session: &Rc<Session>| session.refresh.is_some();
        if newer && !farewell.session.as_ref().is_some_and(own) {
            // The cookie is the newer session's by now: it would be that one
            // which the server ends.
            farewell.fetch = false;
            farewell.call = false;
        }
        let session = farewell.session.clone();
        let over = session
            .as_ref()
            .is_some_and(|session| session.lifetime.is_over(now));
        if core::mem::take(&mut farewell.fetch) && over && !paced {
            self.launch(Role::LastRefresh, Target::Refresh, session, None);
        } else if core::mem::take(&mut farewell.call) {
            self.tell_farewell();
            self.launch(Role::Logout, Target::Logout, session, None);
        } else if !self
            .commits
            .iter()
            .any(|commit| commit.purpose == Purpose::SignOut)
        {
            for request in self.farewells.remove(at).requests {
                self.output(Output::LogoutEnded { request });
            }
            self.proceed_farewell();
        }
    }

    /// When it is this tab's turn to take leave of the server.
    pub(super) fn farewell_deadline(&self) -> Moment {
        // One that is under way has nothing to wait for.
        let waits = |after: &Moment| *after > self.now.mono;
        let turns = self.farewells.iter().map(|farewell| farewell.after);
        turns.filter(waits).fold(Moment::NEVER, Moment::min)
    }

    /// Ends everything that waits. A refresh that was already sent is still
    /// finished and stored, then comes [`Output::Closed`].
    #[inline(never)]
    pub(super) fn dispose(&mut self) {
        if core::mem::replace(&mut self.disposed, true) {
            return;
        }
        self.started = true;
        for sign_in in core::mem::take(&mut self.sign_ins) {
            self.refuse_sign_in(sign_in, Fault::Disposed.into());
        }
        // Nobody hears any more how the server took a sign-out.
        self.farewells.clear();
        let outcome = Outcome::Over(Fault::Disposed.into());
        let held = self.hold.take().map(|hold| hold.wait);
        let restore = self.restore.take().map(|restore| restore.wait);
        for wait in held.into_iter().chain(restore) {
            self.end_wait(wait, self.now.mono, outcome);
        }
        match self.turn.as_ref().map(|turn| (turn.id, &turn.stage)) {
            Some((wait, stage)) if stage.has_called() => {
                self.end_wait(wait, self.now.mono, outcome);
            }
            Some(_) => self.leave_turn(outcome),
            None => {}
        }
    }
}

fn refresh_of(session: Option<&Session>) -> Option<&Secret> {
    session.and_then(|session| session.refresh.as_ref())
}
