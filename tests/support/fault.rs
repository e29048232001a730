//! Mistakes that a shell could make. Put in on purpose, they show that the
//! laws can be broken, and that breaking them is seen.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The record is not read again once the lock is held.
    NoReread,
    /// A commit writes without looking at what is stored.
    NoOutranks,
    /// The lock is granted to whoever asks.
    NoLock,
    /// The lock is given back as soon as the call is sent.
    EarlyUnlock,
    /// The lock is not given back.
    NoUnlock,
    /// An answer is taken for that of the call now under way.
    NoNumbers,
    /// The other tabs are not told.
    NoTell,
    /// A sign-out takes the record away instead of leaving one.
    NoTombstone,
    /// Who waits for a turn is not told that it ended.
    NoTurnEnded,
    /// The timer for the deadline is not set.
    NoTimer,
    /// A pass is used after its end.
    PassForever,
    /// A retry is made for whoever is the user by then.
    PartyForgotten,
    /// A tab is not told that its lock was taken away. It takes tens of
    /// thousands of schedules to find, so it is not among the others.
    NoRobbed,
}

impl Fault {
    pub const ALL: [Self; 12] = [
        Self::NoReread,
        Self::NoOutranks,
        Self::NoLock,
        Self::EarlyUnlock,
        Self::NoUnlock,
        Self::NoNumbers,
        Self::NoTell,
        Self::NoTombstone,
        Self::NoTurnEnded,
        Self::NoTimer,
        Self::PassForever,
        Self::PartyForgotten,
    ];
}
