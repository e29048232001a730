//! The lease that stands in for Web Locks, as the shell uses it: it is kept in
//! a store whose transactions are ordered, those who wait look again and again,
//! and it ends by itself. Nobody is told that it was taken away.

use super::tab::Arrival;
use super::world::World;

/// As in the shell: how long one who waits looks away, and what a turn takes
/// at most beside its call.
const POLL_MS: u64 = 50;
const GRACE_MS: f64 = 5_000.0;

impl World {
    /// One transaction: the lease is taken if nobody has it, or it has ended.
    pub(super) fn claim(&mut self, tab: usize, turn: u32, request: u64, steal: bool) {
        // Who has no use for it any more has stopped looking.
        if self.tabs[tab].lock != Some((turn, request)) {
            return;
        }
        let now = self.wall().as_ms();
        let held = self.lock.holder.is_some();
        if held && !steal && self.lock.until > now {
            let again = Arrival::Claim {
                turn,
                request,
                steal,
            };
            return self.arrive(POLL_MS, tab, again);
        }
        // A clock that was set meanwhile ends a lease too soon.
        self.laws.apart |= held && self.laws.jumped >= self.laws.granted_at;
        if steal {
            self.laws_at_steal(tab);
            self.stolen.push(self.now);
            self.tally.stolen += 1;
        }
        self.lock.holder = Some((tab, turn));
        self.lock.until = now + self.policy.timeout.as_ms() + GRACE_MS;
        self.laws.granted_at = self.now;
        self.arrive(1, tab, Arrival::Granted(turn, request));
    }
}
