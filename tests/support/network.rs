//! The network between the tabs, and to the server.

/// How long things take, in milliseconds: from, to.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    pub server: (u64, u64),
    pub channel: (u64, u64),
    /// Messages that come twice, and that are lost, in a hundred.
    pub twice: u64,
    pub lost: u64,
    /// Nothing reaches the server or comes back.
    pub down: bool,
    /// What fails then could not even be built.
    pub unsendable: bool,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            server: (5, 5),
            channel: (1, 1),
            twice: 0,
            lost: 0,
            down: false,
            unsendable: false,
        }
    }
}
