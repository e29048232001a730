//! The lock that the tabs of one key share: Web Locks, or a lease in
//! IndexedDB where the page has none.
//!
//! *Algorithm:* a lease is a text with the instant at which it ends, kept in a
//! place of its own and taken by compare-and-swap. Who finds another's lease
//! looks again after [`POLL`]. A tab that died cannot give its lease back: it
//! ends by itself. Sign-ins of one tab share one; between tabs it has one
//! holder. One that was given back says which record was held by then: the
//! places of records may be slower to show it to the next holder.
//!
//! *Boundary:* the holder of a lease is not told when it is taken away. The
//! commit is conditional all the same, so that costs a second call at most.

use std::rc::Rc;

use super::document::Members;
use super::ids::{LockId, OpId, RequestId};
use super::input::{Swapped, Unavailable};
use super::json::Writer;
use super::machine::Machine;
use super::output::{Output, Place};
use super::policy::Locks;
use super::record::Stamp;
use super::time::{Instant, Millis, Moment};

/// How long one who waits for a lease looks away.
const POLL: Millis = Millis::new(50);

/// What a turn takes at most beside its call: reading twice, and a commit.
const GRACE: Millis = Millis::new(5_000);

/// A lock that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Lock {
    pub id: LockId,
    pub owner: Owner,
    steal: bool,
    /// Where it is a lease.
    lease: Option<Lease>,
    /// What the one that had the lease before held when it gave it back.
    after: Stamp,
    /// The tab and the operation that claimed the lease which was found last.
    holder: Option<(u64, u64)>,
}

/// What a lock was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Owner {
    Turn,
    SignIn(RequestId),
}

#[derive(Clone, Debug)]
enum Lease {
    Reading {
        op: OpId,
    },
    Claiming {
        op: OpId,
        text: Rc<str>,
        ends: Instant,
    },
    Waiting {
        until: Moment,
    },
    Held {
        text: Rc<str>,
        ends: Instant,
    },
}

impl Machine {
    /// Asks for the lock. It is granted at once where there is none.
    pub(super) fn take_lock(&mut self, owner: Owner) -> LockId {
        let id = LockId::new(self.number());
        self.held_locks.push(Lock {
            id,
            owner,
            steal: false,
            lease: None,
            after: Stamp::default(),
            holder: None,
        });
        self.ask_for_lock(id, false);
        id
    }

    /// A lock that was asked for by a turn, the one under way or an older one.
    pub(super) fn lock_of_a_turn(&self) -> Option<LockId> {
        let of_turn = |lock: &&Lock| lock.owner == Owner::Turn;
        self.held_locks.iter().find(of_turn).map(|lock| lock.id)
    }

    /// Takes the lock away from a tab that hangs.
    pub(super) fn steal_lock(&mut self, id: LockId) {
        self.ask_for_lock(id, true);
    }

    fn ask_for_lock(&mut self, id: LockId, steal: bool) {
        if let Some(lock) = self.held_locks.iter_mut().find(|lock| lock.id == id) {
            lock.steal = steal;
        }
        let owner = self.held_locks.iter().find(|lock| lock.id == id);
        // Of two sign-ins neither waits for the other: the later one stays. A
        // lease is shared by those of one tab.
        let shared = owner.is_some_and(|lock| lock.owner != Owner::Turn);
        match self.locks {
            Locks::Web => self.output(Output::Lock {
                lock: id,
                steal,
                shared,
            }),
            Locks::Lease => self.read_lease(id),
            // Later, as from the host: the turn that asks for the lock is in the
            // middle of something.
            Locks::None => self.granted_later.push(id),
        }
    }

    /// Gives a lock back, or stops waiting for it.
    pub(super) fn leave_lock(&mut self, id: LockId) {
        let Some(at) = self.held_locks.iter().position(|lock| lock.id == id) else {
            return;
        };
        match self.held_locks.swap_remove(at).lease {
            // Another sign-in of this tab still needs it.
            Some(lease @ Lease::Held { .. }) if self.sharer().is_some() => {
                if let Some(sharer) = self.sharer() {
                    sharer.lease = Some(lease);
                }
            }
            Some(Lease::Held { text, .. } | Lease::Claiming { text, .. }) => {
                let op = OpId::new(self.number());
                // A page that is left, or closes its connections, has no time
                // to say more than that it gives the lease back.
                let stays = !self.page.away && !self.disposed;
                let left = stays.then(|| self.lease_text(Instant::EPOCH, op, self.stamp()));
                self.output(Output::Swap {
                    op,
                    place: Place::Lease,
                    expected: Some(text),
                    text: left,
                });
            }
            Some(_) => {}
            None if self.locks == Locks::Web => self.output(Output::Unlock { lock: id }),
            None => {}
        }
    }

    /// The lock is held, or there is none to hold.
    pub(super) fn granted(&mut self, id: LockId) {
        let owner = self.held_locks.iter().find(|lock| lock.id == id);
        match owner.map(|lock| lock.owner) {
            Some(Owner::Turn) => self.turn_granted(id),
            Some(Owner::SignIn(request)) => self.sign_in_granted(request),
            None => {}
        }
    }

    /// The platform has no such lock for this page: a lease will do.
    #[inline(never)]
    pub(super) fn lock_unavailable(&mut self, id: LockId) {
        // Of two locks that the platform refuses the second says nothing new.
        if self.locks == Locks::Web {
            self.locks = Locks::Lease;
        }
        self.ask_again_for_lock(id);
    }

    /// The place for leases does not work: there is nothing to hold.
    fn lease_unavailable(&mut self, id: LockId) {
        self.locks = Locks::None;
        self.ask_again_for_lock(id);
    }

    fn ask_again_for_lock(&mut self, id: LockId) {
        let lock = self.held_locks.iter().find(|lock| lock.id == id);
        if let Some(steal) = lock.map(|lock| lock.steal) {
            self.ask_for_lock(id, steal);
        }
    }

    // ---- the lease ----

    fn lease(&mut self, id: LockId) -> Option<&mut Lock> {
        self.held_locks.iter_mut().find(|lock| lock.id == id)
    }

    /// A sign-in that was granted the lease which another one of this tab has
    /// claimed anew since.
    fn sharer(&mut self) -> Option<&mut Lock> {
        let web = self.locks != Locks::Lease;
        let shares = |lock: &&mut Lock| lock.owner != Owner::Turn && lock.lease.is_none();
        self.held_locks.iter_mut().filter(|_| !web).find(shares)
    }

    /// The lease of another sign-in of this tab, if `id` is one as well.
    fn shared_lease(&mut self, id: LockId) -> Option<&mut Lock> {
        let owner = self.lease(id)?.owner;
        self.held_locks.iter_mut().find(|lock| {
            let held = matches!(lock.lease, Some(Lease::Held { .. }));
            held && owner != Owner::Turn && lock.owner != Owner::Turn
        })
    }

    /// Whether a lease is one that another lock of this tab holds: that of a
    /// call which a turn left to itself.
    fn is_own(&self, found: Option<&str>) -> bool {
        let own = |lock: &Lock| matches!(&lock.lease, Some(Lease::Held { text, .. }) if Some(&**text) == found);
        self.held_locks.iter().any(own)
    }

    fn read_lease(&mut self, id: LockId) {
        let op = OpId::new(self.number());
        if let Some(lock) = self.lease(id) {
            lock.lease = Some(Lease::Reading { op });
            self.output(Output::Read {
                op,
                place: Place::Lease,
            });
        }
    }

    /// The lease was read; false if the operation is none of a lease.
    pub(super) fn lease_read(
        &mut self,
        op: OpId,
        found: Result<Option<&str>, Unavailable>,
    ) -> bool {
        let reads =
            |lock: &&Lock| matches!(lock.lease, Some(Lease::Reading { op: own }) if own == op);
        let Some((id, steal)) = self
            .held_locks
            .iter()
            .find(reads)
            .map(|lock| (lock.id, lock.steal))
        else {
            return false;
        };
        let now = self.now;
        let Ok(found) = found else {
            self.lease_unavailable(id);
            return true;
        };
        let lease = found.and_then(self.platform.json);
        let lease = lease.as_deref();
        let until = lease
            .and_then(|lease| lease.number("until"))
            .and_then(Instant::from_ms);
        let after = lease.and_then(Stamp::read).unwrap_or_default();
        // One that ends much later than any lease can was written before the
        // clock was set back.
        let longest = now.wall + self.policy.timeout + GRACE;
        let lasts = until.is_some_and(|until| until > now.wall && until <= longest + GRACE);
        let shares = self.shared_lease(id).is_some_and(
            |other| matches!(&other.lease, Some(Lease::Held { text, .. }) if Some(&**text) == found),
        );
        let number = |name| lease.and_then(|lease| lease.number(name));
        let holder = number("by").zip(number("op"));
        let holder = holder.map(|(by, op)| (by as u64, op as u64));
        let before = self.lease(id).and_then(|lock| lock.holder);
        // One that was held a moment ago still is, also if the clock was set
        // since: this tab's patience is measured on the other clock.
        let held = lasts || self.is_own(found) || (before.is_some() && before == holder);
        if let Some(lock) = self.lease(id) {
            lock.holder = holder.filter(|_| held);
        }
        // Another tab was faster to take it from one that hangs, or got it in
        // its turn: from then on it may take its time.
        let other = held && before.is_some() && before != holder;
        if held && (!steal || other) && !shares {
            if other {
                self.lock_changed_hands(id);
            }
            let until = now.mono + POLL;
            self.set_lease(id, Lease::Waiting { until });
            return true;
        }
        let op = OpId::new(self.number());
        let text = self.lease_text(longest, op, after);
        if let Some(lock) = self.lease(id) {
            lock.after = after;
        }
        self.set_lease(
            id,
            Lease::Claiming {
                op,
                text: text.clone(),
                ends: longest,
            },
        );
        self.output(Output::Swap {
            op,
            place: Place::Lease,
            expected: found.map(Rc::from),
            text: Some(text),
        });
        true
    }

    fn lock_changed_hands(&mut self, id: LockId) {
        if let Some(lock) = self.lease(id) {
            lock.steal = false;
        }
        self.begun_by_another(id);
    }

    /// Two leases of one tab differ, where its clock stands still as well.
    fn lease_text(&self, until: Instant, op: OpId, after: Stamp) -> Rc<str> {
        let mut text = Writer::object();
        text.number("until", until.as_ms());
        text.number("by", self.peers.id as f64);
        text.number("op", f64::from(op.number()));
        after.write(&mut text);
        text.end().into()
    }

    /// Whether this lock is a lease that has ended meanwhile: a page slept,
    /// whose monotonic clock stood still.
    pub(super) fn is_over(&self, id: LockId) -> bool {
        let lock = self.held_locks.iter().find(|lock| lock.id == id);
        let lease = lock.and_then(|lock| lock.lease.as_ref());
        matches!(lease, Some(Lease::Held { ends, .. }) if self.now.wall >= *ends)
    }

    /// What the holder of this lock has to have seen before it goes on.
    pub(super) fn after(&self, id: LockId) -> Stamp {
        let lock = self.held_locks.iter().find(|lock| lock.id == id);
        lock.map(|lock| lock.after).unwrap_or_default()
    }

    /// The lease was claimed, or another tab was faster; false if the
    /// operation is none of a lease.
    pub(super) fn lease_swapped(&mut self, op: OpId, swapped: Swapped<'_>) -> bool {
        let claims = |lock: &&mut Lock| matches!(&lock.lease, Some(Lease::Claiming { op: own, .. }) if *own == op);
        let Some(lock) = self.held_locks.iter_mut().find(claims) else {
            return false;
        };
        let id = lock.id;
        let Some(Lease::Claiming { text, ends, .. }) = lock.lease.take() else {
            return false;
        };
        match swapped {
            Swapped::Done => {
                if let Some(other) = self.shared_lease(id) {
                    other.lease = None;
                }
                self.set_lease(id, Lease::Held { text, ends });
                self.granted(id);
            }
            Swapped::Found(_) => {
                let until = self.now.mono + POLL;
                self.set_lease(id, Lease::Waiting { until });
            }
            Swapped::Failed => self.lease_unavailable(id),
        }
        true
    }

    fn set_lease(&mut self, id: LockId, lease: Lease) {
        if let Some(lock) = self.lease(id) {
            lock.lease = Some(lease);
        }
    }

    pub(super) fn locks_deadline(&self) -> Moment {
        let polls = self.held_locks.iter().map(|lock| match lock.lease {
            Some(Lease::Waiting { until }) => until,
            _ => Moment::NEVER,
        });
        polls.fold(Moment::NEVER, Moment::min)
    }

    /// Looks again at the leases of others.
    pub(super) fn expire_leases(&mut self) {
        let now = self.now.mono;
        let due =
            |lock: &&Lock| matches!(lock.lease, Some(Lease::Waiting { until }) if now >= until);
        while let Some(id) = self.held_locks.iter().find(due).map(|lock| lock.id) {
            self.read_lease(id);
        }
        while let Some(id) = self.granted_later.pop() {
            self.granted(id);
        }
    }
}
