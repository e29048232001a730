//! `restore()`: what an application calls at its start (rule 4).

use super::ask::Reply;
use super::error::{Error, Fault};
use super::ids::WaitId;
use super::machine::Machine;
use super::output::Outcome;
use super::time::Moment;
use super::view::Status;

/// Somebody wants to know who is signed in. It is asked for again after each
/// passing failure, as the back-off allows, until it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Restore {
    pub wait: WaitId,
    /// The server may have begun a session since the user signed out here.
    after_sign_out: bool,
}

impl Machine {
    pub(super) fn ask_restore(&mut self, after_sign_out: bool) -> Reply {
        let again = after_sign_out && self.may_ask_after_sign_out();
        if self.status() != Status::Unknown && !again {
            return Reply::Go;
        }
        let wait = match &mut self.restore {
            Some(restore) => {
                restore.after_sign_out |= again;
                restore.wait
            }
            None => {
                let wait = WaitId::new(self.number());
                self.restore = Some(Restore {
                    wait,
                    after_sign_out: again,
                });
                wait
            }
        };
        // If it has to wait, the timer asks.
        self.ask_again();
        self.settle_restore();
        match self.restore {
            Some(_) => Reply::Wait(wait),
            None => Reply::Go,
        }
    }

    /// Whether a cookie may be there although the user signed out.
    fn may_ask_after_sign_out(&self) -> bool {
        self.status() == Status::SignedOut && !self.policy.needs_refresh_token()
    }

    /// Ends the wait once it is known who is signed in.
    pub(super) fn settle_restore(&mut self) {
        let asks = |restore: &Restore| restore.after_sign_out && self.may_ask_after_sign_out();
        let open = self.status() == Status::Unknown || self.restore.as_ref().is_some_and(asks);
        if !open {
            self.end_restore();
        }
    }

    /// A silent refresh was refused: nobody is signed in, after a sign-out as
    /// well.
    pub(super) fn end_restore(&mut self) {
        if let Some(restore) = self.restore.take() {
            self.end_wait(restore.wait, self.now.mono, Outcome::Looked);
        }
    }

    /// Asks again, or ends the wait where asking is of no use.
    pub(super) fn ask_again(&mut self) {
        let waits = |error: &Error| error.fault == Fault::BackingOff;
        if let Reply::Fail(error) = self.want()
            && !waits(&error)
        {
            self.end_restore();
        }
    }

    /// When to ask again.
    pub(super) fn restore_deadline(&self) -> Moment {
        match self.restore {
            Some(_) if self.turn.is_none() && !self.disposed => self.pace.not_before,
            _ => Moment::NEVER,
        }
    }
}
