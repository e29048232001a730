//! The JavaScript half, as the engine sees it: `src/web/host.js`. None of
//! these throws.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub type Host;

    /// What the next act, query or reply is about: a JSON object, because one
    /// text crosses the boundary for less than its members. A flag is the
    /// number 1.
    #[wasm_bindgen(method)]
    pub fn tell(this: &Host, members: &str);

    /// Does what an output asks for, with what was told since the last one.
    #[wasm_bindgen(method)]
    pub fn act(this: &Host, act: Act, number: f64);
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
    /// (tab) A message whose `to` is another number is another tab's.
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
    /// (until when, on the monotonic clock) `until`, of the token that the
    /// snapshot told; missing where there is no pass
    Pass,
    /// `type`, `reason`, `endsAt`, `ending`, and an error, if there is one
    Event,
    Started,
    Closed,
    /// (when, on the monotonic clock; infinite where nothing is to be awaited)
    Wake,
}
