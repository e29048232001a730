//! Turns: two refresh calls with one token are looked at one after the other,
//! the second when the answer to the first has left or failed to. Without
//! that, whether the second is a replay would be a race.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

use crate::token::TokenHash;

/// Who is at turn with which token.
#[derive(Default)]
pub struct Turns {
    taken: Mutex<HashMap<TokenHash, Weak<tokio::sync::Mutex<()>>>>,
}

impl Turns {
    /// Waits for the turn; first come, first served.
    pub async fn take(&self, token: TokenHash) -> OwnedMutexGuard<()> {
        let turn = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.retain(|_, turn| turn.strong_count() > 0);
            match taken.get(&token).and_then(Weak::upgrade) {
                Some(turn) => turn,
                None => {
                    let turn = Arc::default();
                    taken.insert(token, Arc::downgrade(&turn));
                    turn
                }
            }
        };
        turn.lock_owned().await
    }
}
