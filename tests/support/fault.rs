//! Mistakes that a host could make, and lies of a host by which it looks as
//! if the core had made one. Put in on purpose, they show that the laws can
//! be broken, and that breaking them is seen.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The record is not found again once a manager has started.
    NoReread,
    /// A place is written without comparing what it keeps.
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
    /// Who waits is not told that the wait has ended.
    NoTurnEnded,
    /// The timer for the deadline is not set.
    NoTimer,
    /// A pass is used after its end.
    PassForever,
    /// A retry is made for the user of then, who may be another one.
    PartyForgotten,
    /// A tab is not told that its lock was taken away. It takes tens of
    /// thousands of schedules to find, so it is not among the others.
    NoRobbed,
    /// A refresh is told as if it belonged to a newer sign-in.
    OlderWins,
    /// Of two tokens of one sign-in nothing says which call was sent later.
    SendsForgotten,
    /// The cookie of an answer is put into the jar some time after it.
    LateCookie,
    /// Who has waited takes what is held for a renewed token.
    WaitMeansRenewed,
    /// A call that failed is taken for one that was refused.
    FailureIsRefusal,
    /// What a tab hears it does not put into its own store.
    HeardNotStored,
    /// A write is said to be done and is not.
    WritesLost,
    /// A connection that was lost is not opened anew.
    NeverReopened,
    /// What a place answers late is dropped.
    LateDropped,
    /// The record of a later version is taken for one of this.
    LaterRead,
    /// The mark of a sign-out is not stored. It takes many schedules to find,
    /// so it is not among the others.
    NoMark,
    /// Durations are measured on the wall clock.
    WallForMono,
    /// A pass that the core takes back is kept.
    KeptPass,
    /// JSON is HTML where its label says so.
    LabelDecides,
    /// Of the back-off nothing is told or stored.
    PaceUntold,
    /// A call ends with its page, and its cookie is lost.
    NoKeepalive,
    /// A failure while the page may be being left is dropped.
    LeavingDrops,
    /// The server is told of no sign-out.
    LogoutsAreLocal,
}

impl Fault {
    pub const ALL: [Self; 29] = [
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
        Self::OlderWins,
        Self::SendsForgotten,
        Self::LateCookie,
        Self::WaitMeansRenewed,
        Self::FailureIsRefusal,
        Self::HeardNotStored,
        Self::WritesLost,
        Self::NeverReopened,
        Self::LateDropped,
        Self::LaterRead,
        Self::WallForMono,
        Self::KeptPass,
        Self::LabelDecides,
        Self::PaceUntold,
        Self::NoKeepalive,
        Self::LeavingDrops,
        Self::LogoutsAreLocal,
    ];
}
