//! The JavaScript half, as the engine sees it: `src/web/host.js`. None of
//! these throws.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub type Host;

    /// Does what an output asks for.
    #[wasm_bindgen(method)]
    pub fn act(this: &Host, act: Act, number: u32, flag: bool);

    /// An error that the next act or query is about: the numbers of the fault
    /// and of its cause, which is the greatest number where there is none;
    /// status, call and wait, in milliseconds, are 0 where there is none.
    #[wasm_bindgen(method)]
    pub fn fail(this: &Host, fault: u32, cause: u32, status: u32, call: u32, wait: f64);

    /// A member of the record that the next act or query is about.
    #[wasm_bindgen(method)]
    pub fn text(this: &Host, name: &str, value: &str);

    /// The same for a number; one that is not finite is no member.
    #[wasm_bindgen(method)]
    pub fn number(this: &Host, name: &str, value: f64);

    /// Sends a call, put together as `how` says (`src/web/numbers.rs`). Tokens
    /// that are held are given, whether they go with it or not.
    #[wasm_bindgen(method)]
    pub fn call(this: &Host, number: u32, how: u32, access: Option<&str>, refresh: Option<&str>);

    /// There is another snapshot, whose error, if it has one, was told
    /// before. `status` 0 is unknown, 1 signed out, 2 signed in; `expires` is
    /// infinite where no end is known; `serial` is that of the claims.
    #[wasm_bindgen(method)]
    pub fn show(
        this: &Host,
        status: u32,
        refreshing: bool,
        stale: bool,
        expires: f64,
        serial: u32,
        token: Option<&str>,
    );

    /// What is counted, and the last error, if there was one, told before.
    #[wasm_bindgen(method)]
    pub fn figures(this: &Host, refreshes: u32, failures: u32, next: f64, skew: f64);

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
    /// (call)
    Abort = 3,
    /// (commit), after the members of the record
    Commit = 4,
    /// After the members of the record.
    Tell = 5,
    /// (turn), after the error if there is one
    TurnEnded = 6,
    /// (request), after the error if there is one
    SignInEnded = 7,
    /// (request)
    LogoutEnded = 8,
    /// (its number, as src/web/host.js has them), after the
    /// error if there is one
    Event = 9,
    Closed = 10,
}
