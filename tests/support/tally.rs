//! What the worlds of a search went through, added up.

use std::ops::AddAssign;

/// Counts of one world, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Refresh calls that reached the server.
    pub refreshes: u64,
    /// Calls that were answered badly, late or not at all.
    pub answers: u64,
    /// Calls and answers that met a network that was down.
    pub outages: u64,
    /// Messages between tabs that were lost or came twice.
    pub messages: u64,
    /// Tabs that were frozen.
    pub frozen: u64,
    /// Tabs that crashed or were closed.
    pub gone: u64,
    /// Clocks that were set.
    pub clocks: u64,
    /// Writes that the store could not take.
    pub writes: u64,
    /// Times at which every access token ended before its time.
    pub expiries: u64,
    /// Locks that were taken away.
    pub stolen: u64,
}

impl Tally {
    /// Everything in it but the calls, by name.
    pub fn faults(&self) -> [(&'static str, u64); 9] {
        [
            ("calls answered badly, late or never", self.answers),
            ("calls without a network", self.outages),
            ("messages lost or doubled", self.messages),
            ("tabs frozen", self.frozen),
            ("tabs crashed or closed", self.gone),
            ("clocks set", self.clocks),
            ("writes refused by the store", self.writes),
            ("tokens ended early, all at once", self.expiries),
            ("locks taken away", self.stolen),
        ]
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.refreshes += more.refreshes;
        self.answers += more.answers;
        self.outages += more.outages;
        self.messages += more.messages;
        self.frozen += more.frozen;
        self.gone += more.gone;
        self.clocks += more.clocks;
        self.writes += more.writes;
        self.expiries += more.expiries;
        self.stolen += more.stolen;
    }
}
