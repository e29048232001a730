// What the core is asked, and what it replies: see Input::Ask and `feed` in
// src/web/engine.rs.

export const REQUEST = 0;
export const REFUSED = 1;
export const TOKEN = 2;
export const TOKEN_NOW = 3;
export const TOKEN_FORCED = 4;
export const REFRESH = 5;
export const RESTORE = 6;
export const RESTORE_AFTER_SIGN_OUT = 7;

export const GO = 0;
export const BARE = 1;
export const DELIVER = 2;
export const FAIL = 3;
/** From here on: the turn to wait for, and this. */
export const WAIT = 4;
