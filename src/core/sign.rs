//! Signing in.

use std::rc::Rc;

use super::answer::Tokens;
use super::call::Target;
use super::commit::Purpose;
use super::error::{Error, Fault};
use super::flight::Role;
use super::ids::{CallId, LockId, RequestId};
use super::lifetime::Freshness;
use super::lock::Owner;
use super::machine::Machine;
use super::output::{Output, SignedOutBy};
use super::policy::Locks;
use super::record::{Ended, Record, Stamp};
use super::time::{Instant, Moment};

/// A sign-in under way, until its record is on its way to the store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SignIn {
    pub request: RequestId,
    /// Later ones have greater numbers.
    pub order: u32,
    /// When it began, on the wall clock: what the order of sign-ins in all
    /// tabs goes by.
    pub began: Instant,
    /// The count of sign-outs when it began.
    fence: u32,
    pub remember: bool,
    pub stage: LoginStage,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum LoginStage {
    /// Waits for a refresh that was sent, here or in another tab: its answer
    /// may bring a cookie, which must not come after the one of this sign-in
    /// (rule 8). `until` is `timeoutMs` after it began.
    Waiting {
        lock: Option<LockId>,
        granted: bool,
        until: Moment,
    },
    Calling {
        call: CallId,
        lock: Option<LockId>,
    },
    /// The application brought the tokens, or the answer has: nothing is
    /// awaited but the store.
    Storing {
        lock: Option<LockId>,
    },
}

impl SignIn {
    fn lock(&self) -> Option<LockId> {
        match self.stage {
            LoginStage::Waiting { lock, .. }
            | LoginStage::Calling { lock, .. }
            | LoginStage::Storing { lock } => lock,
        }
    }
}

impl Machine {
    /// Calls the login endpoint, whose body the host holds under `request`.
    #[inline(never)]
    pub(super) fn login(&mut self, request: RequestId, remember: bool) {
        let refused = match () {
            _ if self.disposed => Some(Fault::Disposed),
            _ if self.policy.inert => Some(Fault::NobodysSession),
            _ if self.policy.login.is_none() => Some(Fault::NoLoginEndpoint),
            _ => None,
        };
        if let Some(fault) = refused {
            return self.output(Output::SignInEnded {
                request,
                result: Err(fault.into()),
            });
        }
        let shares_cookie = self.policy.cookie_refresh();
        let lock = (shares_cookie && self.locks != Locks::None)
            .then(|| self.take_lock(Owner::SignIn(request)));
        let sign_in = self.sign_in(
            request,
            remember,
            LoginStage::Waiting {
                lock,
                granted: lock.is_none(),
                until: self.now.mono + self.policy.timeout,
            },
        );
        self.sign_ins.push(sign_in);
        if lock.is_some() {
            self.queue_behind();
        }
        self.proceed_sign_ins();
    }

    fn sign_in(&mut self, request: RequestId, remember: bool, stage: LoginStage) -> SignIn {
        SignIn {
            request,
            order: self.number(),
            began: self.now.wall,
            fence: self.fence,
            remember,
            stage,
        }
    }

    /// The lock that a sign-in waited for is held, or there is none.
    pub(super) fn sign_in_granted(&mut self, request: RequestId) {
        let waits = self.sign_ins.iter_mut().find(|own| own.request == request);
        if let Some(LoginStage::Waiting { granted, .. }) = waits.map(|own| &mut own.stage) {
            *granted = true;
        }
        self.proceed_sign_ins();
    }

    /// Sends the logins that have waited long enough.
    pub(super) fn proceed_sign_ins(&mut self) {
        let (now, awaits) = (self.now.mono, self.awaits_cookie());
        let ready = |own: &SignIn| match own.stage {
            LoginStage::Waiting { granted, until, .. } => (granted && !awaits) || now >= until,
            _ => false,
        };
        while let Some(at) = self.sign_ins.iter().position(ready) {
            let request = self.sign_ins.get(at).map(|own| own.request);
            // Without the lock its cookie could come before that of the refresh
            // of a tab that takes the lock by force.
            if self.policy.cookie_refresh() {
                self.tell_begun();
            }
            let call = self.launch(Role::SignIn, Target::Login, None, request);
            if let Some(own) = self.sign_ins.get_mut(at) {
                let lock = own.lock();
                own.stage = LoginStage::Calling { call, lock };
            }
        }
    }

    /// When a login has waited long enough.
    pub(super) fn sign_ins_deadline(&self) -> Moment {
        let until = self.sign_ins.iter().map(|own| match own.stage {
            LoginStage::Waiting { until, .. } => until,
            _ => Moment::NEVER,
        });
        until.fold(Moment::NEVER, Moment::min)
    }

    /// Gives up on a sign-in whose caller does not want it any more.
    #[inline(never)]
    pub(super) fn abandon(&mut self, request: RequestId) {
        if let Some(at) = self.sign_ins.iter().position(|own| own.request == request) {
            let sign_in = self.sign_ins.swap_remove(at);
            self.stop_sign_in(sign_in);
        }
    }

    /// Takes tokens that the application got by itself.
    #[inline(never)]
    pub(super) fn set_tokens(
        &mut self,
        request: RequestId,
        tokens: Result<Tokens, Error>,
        remember: bool,
    ) {
        let refused = match () {
            _ if self.disposed => Some(Fault::Disposed),
            _ if self.policy.inert => Some(Fault::NobodysSession),
            _ => None,
        };
        let tokens = refused.map_or(tokens, |fault| Err(fault.into()));
        match tokens {
            Err(error) => self.output(Output::SignInEnded {
                request,
                result: Err(error),
            }),
            Ok(tokens) => {
                let refreshable = tokens.refresh.is_some() || !self.policy.needs_refresh_token();
                let sign_in = self.sign_in(request, remember, LoginStage::Storing { lock: None });
                self.commit_sign_in(sign_in, tokens, Freshness::Stored { refreshable });
            }
        }
    }

    pub(super) fn sign_in_answered(&mut self, call: CallId, result: Result<Tokens, Error>) {
        let calls = |own: &SignIn| matches!(own.stage, LoginStage::Calling { call: own, .. } if own == call);
        let Some(at) = self.sign_ins.iter().position(calls) else {
            return;
        };
        let mut sign_in = self.sign_ins.swap_remove(at);
        sign_in.stage = LoginStage::Storing {
            lock: sign_in.lock(),
        };
        match (self.too_late(sign_in), result) {
            (Some(error), _) | (None, Err(error)) => self.end_sign_in(sign_in, Err(error)),
            (None, Ok(tokens)) => self.commit_sign_in(sign_in, tokens, Freshness::Fresh),
        }
    }

    /// The newest sign-in that was carried out or is being stored.
    fn newest_sign_in(&self) -> u32 {
        self.commits
            .iter()
            .fold(self.signed_in_by, |newest, commit| match commit.purpose {
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

    fn commit_sign_in(&mut self, sign_in: SignIn, tokens: Tokens, freshness: Freshness) {
        self.stop_older_sign_ins(sign_in.order);
        let mut session = self.session_of(tokens, freshness, None);
        session.remembered = sign_in.remember && self.policy.remember.is_some();
        let stamp = self.next_sign_in(sign_in.began);
        let state = Ok(Rc::new(session));
        self.commit(Purpose::SignIn(sign_in), Record { stamp, state });
    }

    /// Ends the sign-ins that began before one that has been answered: they
    /// come too late, and their cookie must not come at all (rule 8).
    fn stop_older_sign_ins(&mut self, order: u32) {
        let older = |own: &SignIn| own.order < order;
        while let Some(at) = self.sign_ins.iter().position(older) {
            let sign_in = self.sign_ins.swap_remove(at);
            self.refuse_sign_in(sign_in, Fault::SignedInSince.into());
        }
    }

    /// The stamp of a sign-in that began at `began`, after every record seen.
    pub(super) fn next_sign_in(&mut self, began: Instant) -> Stamp {
        let sign_in = self.stamp().sign_in.saturating_add(1);
        Stamp {
            sign_in: sign_in.max(began.as_ms() as u64),
            salt: self.random() >> 32,
            ..Stamp::default()
        }
    }

    /// The record of a sign-in was stored, or was `overtaken` by one that was
    /// taken over meanwhile.
    pub(super) fn sign_in_committed(&mut self, sign_in: SignIn, record: Record, overtaken: bool) {
        if let Some(error) = self.too_late(sign_in) {
            if !overtaken && self.session().is_none() {
                // It was written before the sign-out was heard of. Where the
                // clock was set back meanwhile, it is the greater of the two.
                let stamp = Stamp {
                    ended: true,
                    ..record.stamp
                };
                let record = Record {
                    stamp,
                    state: Err(Ended::Logout),
                };
                self.adopt(record.clone(), SignedOutBy::OtherTab);
                self.commit(Purpose::SignOut, record);
            }
            return self.end_sign_in(sign_in, Err(error));
        }
        if overtaken {
            // Another tab signed in earlier than this one, which only learns
            // of it now.
            let stamp = self.next_sign_in(sign_in.began);
            return self.commit(Purpose::SignIn(sign_in), Record { stamp, ..record });
        }
        self.signed_in_by = sign_in.order;
        self.adopt(record, SignedOutBy::OtherTab);
        self.tell_committed();
        self.end_sign_in(sign_in, Ok(()));
    }

    pub(super) fn end_sign_in(&mut self, sign_in: SignIn, result: Result<(), Error>) {
        if let Some(lock) = sign_in.lock() {
            self.leave_lock(lock);
        }
        self.output(Output::SignInEnded {
            request: sign_in.request,
            result,
        });
    }

    /// Stops a sign-in, and tells its caller why.
    pub(super) fn refuse_sign_in(&mut self, sign_in: SignIn, error: Error) {
        self.stop_sign_in(sign_in);
        self.output(Output::SignInEnded {
            request: sign_in.request,
            result: Err(error),
        });
    }

    /// Stops the call of a sign-in that is over, and gives its lock back.
    pub(super) fn stop_sign_in(&mut self, sign_in: SignIn) {
        if let LoginStage::Calling { call, .. } = sign_in.stage {
            self.give_up_call(call);
        }
        if let Some(lock) = sign_in.lock() {
            self.leave_lock(lock);
        }
    }
}
