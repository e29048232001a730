//! The places a record can be kept. Every store has the same two operations:
//! it reads the stored text, and it swaps that for another one unless the
//! other does not outrank it. They may fail; the shell falls back.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use super::database::Database;
use super::document;
use super::error::Reason;
use super::platform::{global, sleep};
use super::signal::{First, Signal, first};
use super::storage::{CustomStorage, Storage};

/// A store that hangs is given up after this; a page waits for it.
const PATIENCE_MS: f64 = 1500.0;

pub(super) type Later<T> = Pin<Box<dyn Future<Output = Result<T, Reason>>>>;

/// What an operation gives: at once where the platform does, so that a page
/// that is left has written its sign-out.
pub(super) enum Given<T> {
    Now(Result<T, Reason>),
    Later(Later<T>),
}

/// What became of a swap: the text that stays, if it was not outranked.
pub(super) type Swapped = Option<String>;

/// Whether the new text outranks a stored one.
pub(super) type Outranks = Rc<dyn Fn(&str) -> bool>;

#[derive(Clone)]
pub(super) enum Store {
    /// Keeps that somebody signed out, which holds no token. The server's
    /// cookie may have outlived the sign-out, and a reload must not sign the
    /// user in again. Where it stands in for a store that failed, that one
    /// gets what is written as well: the next page reads what it has kept, and
    /// must not find a session that has ended.
    Memory(String, Option<Rc<Store>>),
    Web(web_sys::Storage, String),
    Database(Rc<Database>, String),
    Custom(Rc<Shelf>),
}

impl Store {
    pub fn open(storage: &Storage, key: &str) -> Result<Self, JsValue> {
        let key = key.to_owned();
        let web = |name: &str| {
            // Looking at it throws where it is blocked.
            let found = js_sys::Reflect::get(&js_sys::global(), &name.into())?;
            Ok(Self::Web(found.dyn_into()?, key.clone()))
        };
        match storage {
            Storage::Memory => Ok(Self::Memory(key, None)),
            Storage::Session => web("sessionStorage"),
            Storage::Local => web("localStorage"),
            Storage::IndexedDb => Ok(Self::Database(Rc::new(Database::open()?), key)),
            Storage::Custom(area) => Ok(Self::Custom(Rc::new(Shelf {
                area: area.clone(),
                key,
                last: RefCell::default(),
            }))),
        }
    }

    pub fn read(&self) -> Given<Option<String>> {
        match self {
            Self::Memory(key, _) => {
                let stored = local().and_then(|area| area.get_item(key).ok().flatten());
                Given::Now(Ok(stored.filter(|text| is_end(text))))
            }
            Self::Web(area, key) => Given::Now(area.get_item(key).map_err(Reason::from)),
            Self::Database(database, key) => {
                let read = database.clone().read(key.clone());
                Given::Later(Box::pin(bounded(read)))
            }
            Self::Custom(shelf) => Given::Later(Box::pin(bounded(shelf.clone().read()))),
        }
    }

    pub fn swap(&self, text: &str, outranks: Outranks) -> Given<Swapped> {
        match self {
            Self::Memory(key, lost) => {
                if let Some(area) = local() {
                    let _ = if is_end(text) {
                        area.set_item(key, text)
                    } else {
                        match area.get_item(key) {
                            Ok(Some(stored)) if is_end(&stored) && outranks(&stored) => {
                                area.remove_item(key)
                            }
                            _ => Ok(()),
                        }
                    };
                }
                if let Some(Given::Later(swap)) =
                    lost.as_ref().map(|lost| lost.swap(text, outranks))
                {
                    // It has been given up: nobody waits for it.
                    spawn_local(async move {
                        let _ = swap.await;
                    });
                }
                Given::Now(Ok(None))
            }
            Self::Web(area, key) => {
                let swapped = area.get_item(key).and_then(|stored| match stored {
                    Some(stored) if !outranks(&stored) => Ok(Some(stored)),
                    _ => area.set_item(key, text).map(|()| None),
                });
                Given::Now(swapped.map_err(Reason::from))
            }
            Self::Database(database, key) => {
                let swap = database
                    .clone()
                    .swap(key.clone(), text.to_owned(), outranks);
                Given::Later(Box::pin(bounded(swap)))
            }
            Self::Custom(shelf) => {
                let swap = shelf.clone().swap(text.to_owned(), outranks);
                Given::Later(Box::pin(bounded(swap)))
            }
        }
    }
}

fn local() -> Option<web_sys::Storage> {
    global("localStorage")?.dyn_into().ok()
}

fn is_end(text: &str) -> bool {
    let ended = document::parse(text).and_then(|record| record.text("ended"));
    ended.as_deref() == Some("logout")
}

/// A place of the application's own, which has no transactions.
pub(super) struct Shelf {
    area: CustomStorage,
    key: String,
    /// The last swap so far.
    last: RefCell<Option<Signal<Result<Swapped, Reason>>>>,
}

impl Shelf {
    async fn read(self: Rc<Self>) -> Result<Option<String>, Reason> {
        self.area.get(&self.key).await
    }

    /// Swaps in a task of its own, which whoever loses patience leaves behind,
    /// after the swap before: a slow write would come over a sign-out
    /// otherwise.
    fn swap(self: Rc<Self>, text: String, outranks: Outranks) -> Signal<Result<Swapped, Reason>> {
        let ended = Signal::default();
        let before = self.last.replace(Some(ended.clone()));
        spawn_local({
            let ended = ended.clone();
            async move {
                if let Some(before) = before {
                    let _ = before.await;
                }
                ended.set(self.swapped(&text, outranks).await);
            }
        });
        ended
    }

    async fn swapped(&self, text: &str, outranks: Outranks) -> Result<Swapped, Reason> {
        match self.area.get(&self.key).await? {
            Some(stored) if !outranks(&stored) => Ok(Some(stored)),
            _ => self.area.set(&self.key, text).await.map(|()| None),
        }
    }
}

/// Fails what does not end.
async fn bounded<T, E: Into<Reason>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Reason> {
    match first(work, sleep(PATIENCE_MS)).await {
        First::One(result) => result.map_err(Into::into),
        First::Other(()) => {
            let silent = js_sys::Error::new("the storage did not answer");
            Err(JsValue::from(silent).into())
        }
    }
}
