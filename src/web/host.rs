//! The JavaScript half, as the engine sees it: `src/web/host.js`. None of
//! these throws.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub type Host;

    /// A member of what the next act, query or reply is about.
    #[wasm_bindgen(method)]
    pub fn text(this: &Host, name: &str, value: &str);

    /// The same for a number; one that is not finite is no member, a flag is
    /// the number 1.
    #[wasm_bindgen(method)]
    pub fn number(this: &Host, name: &str, value: f64);

    /// Does what an output asks for, with the members that were told since the
    /// last one.
    #[wasm_bindgen(method)]
    pub fn act(this: &Host, act: Act, number: u32);
}

/// What [`Host::act`] takes: in brackets what its number is, then the members
/// that it is about. An error has the members `fault` and, where there is
/// one, `cause` (numbers of faults), `status`, `call` and `wait` (in
/// milliseconds).
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Act {
    /// (operation) `place`
    Read,
    /// (operation) `place`, `expected`, `text`; a text that is not told is
    /// none
    Swap,
    OpenChannel,
    CloseChannel,
    /// `text`
    Post,
    /// `text`
    Echo,
    /// (lock) `steal`
    Lock,
    /// (lock)
    Unlock,
    /// (call) `target`, `body`, `credentials`, `access`, `refresh` ('header'
    /// or 'field'), `grant`, `keepalive`, `login` (whose it is), `accessToken`
    /// and `refreshToken`, which are those that are held
    Call,
    /// (call)
    Abort,
    /// (whether)
    WatchLeaving,
    /// (whether)
    WatchActivity,
    /// (wait)
    WaitEnded,
    /// (request) an error, if there is one
    SignInEnded,
    /// (request)
    LogoutEnded,
    /// `state`, `refreshing`, `stale`, `expires`, `ends`, `serial`, `party`,
    /// `token`,
    /// and an error, if there is one
    Snapshot,
    /// `until`, `untilMono`, of the token that the snapshot told; neither where
    /// there is no pass
    Pass,
    /// `type`, `reason`, `endsAt`, `ending`, and an error, if there is one
    Event,
    Started,
    Closed,
    /// `at`, on the monotonic clock; missing where nothing is to be awaited
    Wake,
}
