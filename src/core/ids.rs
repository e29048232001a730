//! The numbers by which the core and a host name what is under way. Each kind
//! is a type of its own, so that a call cannot be taken for a turn. A manager
//! gives no number twice.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(u32);

            impl $name {
                pub const fn new(number: u32) -> Self {
                    Self(number)
                }

                pub const fn number(self) -> u32 {
                    self.0
                }
            }
        )*
    };
}

ids! {
    /// Something that callers wait for: a turn, the look after a freeze, or
    /// the answer to `restore()`.
    WaitId;
    /// A call to an endpoint.
    CallId;
    /// An operation on a place where records are kept.
    OpId;
    /// A request for the lock that the tabs share.
    LockId;
    /// A `login`, `setTokens` or `logout` of the application, under the number
    /// that the host gave it.
    RequestId;
    /// The access token held: each one that is taken over gets a new number.
    Serial;
    /// The user of the session held: a request is only replayed for the user
    /// it was made for.
    Party;
}
