//! The JavaScript half, as the engine sees it: `src/web/host.js`. None of
//! these throws. Structured arguments are JSON.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub type Host;

    /// Does something that an output without a payload asks for.
    #[wasm_bindgen(method)]
    pub fn act(this: &Host, act: Act, number: u32, flag: bool, json: Option<&str>);

    /// `token` is missing where it travels in a cookie; `serial` is 0 where
    /// there is no pass.
    #[wasm_bindgen(method)]
    pub fn issue(this: &Host, token: Option<&str>, serial: u32, party: u32, since: f64, until: f64);

    /// The single timer; infinite where nothing is to be awaited.
    #[wasm_bindgen(method)]
    pub fn wake(this: &Host, at: f64);
}

/// What [`Host::act`] takes; in brackets its other arguments.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Act {
    /// (turn, steal)
    Lock = 0,
    /// (turn)
    Unlock = 1,
    /// (turn)
    Read = 2,
    /// (json: the call)
    Call = 3,
    /// (call)
    Abort = 4,
    /// (commit, json: the record)
    Commit = 5,
    /// (json: the record)
    Tell = 6,
    /// (turn, json: the error if there is one)
    TurnEnded = 7,
    /// (request, json: the error if there is one)
    SignInEnded = 8,
    /// (request)
    LogoutEnded = 9,
    /// (serial of the claims, json: the snapshot)
    Snapshot = 10,
    /// (json: the event)
    Event = 11,
    Closed = 12,
}
