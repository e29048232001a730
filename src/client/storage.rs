//! Where records are kept: read, and compared and swapped. Whatever fails or
//! hangs, the core deals with it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

#[cfg(feature = "indexed-db")]
use super::database::Database;
use super::page;
use super::platform::Listener;
use super::reason::Reason;
use super::shell::Shell;
use crate::core::policy::Keep;

/// Opens a place. What opens one is only there where an application names it.
type Open = Rc<dyn Fn() -> Result<Rc<dyn Area>, Reason>>;

/// Follows what other tabs do to a place.
pub(super) type Follow = fn(&Rc<Shell>) -> Option<Listener>;

/// Where tokens are kept. What cannot be used falls back to memory, with an
/// [`Event::Warning`](crate::Event::Warning).
#[derive(Clone)]
pub struct Storage {
    name: &'static str,
    pub(super) keep: Keep,
    open: Option<Open>,
    pub(super) follow: Option<Follow>,
}

impl Storage {
    fn new(
        name: &'static str,
        keep: Keep,
        open: impl Fn() -> Result<Rc<dyn Area>, Reason> + 'static,
    ) -> Self {
        let open: Open = Rc::new(open);
        Self {
            name,
            keep,
            open: Some(open),
            follow: None,
        }
    }

    /// Keeps tokens in memory. Other tabs are asked at the start.
    pub fn memory() -> Self {
        Self {
            name: "memory",
            keep: Keep::Memory,
            open: None,
            follow: None,
        }
    }

    /// Keeps tokens in `sessionStorage`: for this tab, across reloads.
    pub fn session() -> Self {
        Self::new("session", Keep::Tab, || Ok(Rc::new(web("sessionStorage")?)))
    }

    /// Keeps tokens in `localStorage`.
    pub fn local() -> Self {
        Self {
            follow: Some(page::follow_storage),
            ..Self::new("local", Keep::Shared, || Ok(Rc::new(web("localStorage")?)))
        }
    }

    /// Keeps tokens in IndexedDB, whose transactions are ordered between tabs.
    #[cfg(feature = "indexed-db")]
    #[cfg_attr(docsrs, doc(cfg(feature = "indexed-db")))]
    pub fn indexed_db() -> Self {
        Self::new("indexeddb", Keep::Shared, || {
            Ok(Rc::new(Database::default()))
        })
    }

    /// Keeps tokens where the application wants them.
    ///
    /// ```no_run
    /// use std::{cell::RefCell, collections::BTreeMap, error::Error};
    /// use evertoken::{Config, Storage, StorageArea};
    ///
    /// #[derive(Default)]
    /// struct Shelf(RefCell<BTreeMap<String, String>>);
    ///
    /// impl StorageArea for Shelf {
    ///     async fn get(&self, key: &str) -> Result<Option<String>, Box<dyn Error>> {
    ///         Ok(self.0.borrow().get(key).cloned())
    ///     }
    ///     async fn set(&self, key: &str, value: &str) -> Result<(), Box<dyn Error>> {
    ///         self.0.borrow_mut().insert(key.to_owned(), value.to_owned());
    ///         Ok(())
    ///     }
    ///     async fn remove(&self, key: &str) -> Result<(), Box<dyn Error>> {
    ///         self.0.borrow_mut().remove(key);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let config = Config::new().refresh("/refresh").storage(Storage::custom(Shelf::default()));
    /// ```
    pub fn custom(area: impl StorageArea + 'static) -> Self {
        let area = Rc::new(Custom(Rc::new(area)));
        Self::new("custom", Keep::Custom, move || Ok(area.clone()))
    }

    /// Its name, as in the npm package; `custom` of one's own.
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn open(&self) -> Option<Result<Rc<dyn Area>, Reason>> {
        self.open.as_ref().map(|open| open())
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self::memory()
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({})", self.name)
    }
}

/// A place of the application's own for the record, which holds the tokens.
///
/// The core bounds each operation: one that fails or takes too long means
/// memory and an [`Event::Warning`](crate::Event::Warning), whose error has
/// the failure as its `source`. An answer that comes late is still taken.
pub trait StorageArea {
    /// Gives what was set last, `None` where nothing is.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being read.
    fn get(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<String>, Box<dyn std::error::Error>>>;

    /// Keeps the record, in the place of the one before.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being written.
    fn set(
        &self,
        key: &str,
        value: &str,
    ) -> impl Future<Output = Result<(), Box<dyn std::error::Error>>>;

    /// Keeps nothing any more.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being removed.
    fn remove(&self, key: &str) -> impl Future<Output = Result<(), Box<dyn std::error::Error>>>;
}

/// A text, or nothing.
pub(super) type Text = Option<Rc<str>>;

/// What became of a swap: the text that stays, if it was not the expected one.
pub(super) type Changed = Result<(), Option<String>>;

/// Takes what an operation brings: at once where the platform has it at once,
/// so that a page that is left has written its sign-out.
pub(super) type Done<T> = Box<dyn FnOnce(Result<T, Reason>)>;

/// A place as the host uses it.
pub(super) trait Area {
    fn read(self: Rc<Self>, key: &str, done: Done<Option<String>>);
    fn swap(self: Rc<Self>, key: &str, expected: Text, text: Text, done: Done<Changed>);
    /// Lets go of what was opened.
    fn close(&self) {}
}

/// `localStorage` or `sessionStorage`.
pub(super) fn web(name: &str) -> Result<web_sys::Storage, JsValue> {
    // Looking at it throws where it is blocked.
    js_sys::Reflect::get(&js_sys::global(), &name.into())?.dyn_into()
}

impl Area for web_sys::Storage {
    fn read(self: Rc<Self>, key: &str, done: Done<Option<String>>) {
        done(self.get_item(key).map_err(Into::into));
    }

    fn swap(self: Rc<Self>, key: &str, expected: Text, text: Text, done: Done<Changed>) {
        let swapped = self.get_item(key).and_then(|stored| {
            if stored.as_deref() != expected.as_deref() {
                return Ok(Err(stored));
            }
            match text {
                Some(text) => self.set_item(key, &text),
                None => self.remove_item(key),
            }
            .map(Ok)
        });
        done(swapped.map_err(Into::into));
    }
}

/// A place of the application's own, which has no transactions.
struct Custom<T>(Rc<T>);

impl<T: StorageArea + 'static> Area for Custom<T> {
    fn read(self: Rc<Self>, key: &str, done: Done<Option<String>>) {
        let key = key.to_owned();
        later(async move { done(self.0.get(&key).await.map_err(Into::into)) });
    }

    fn swap(self: Rc<Self>, key: &str, expected: Text, text: Text, done: Done<Changed>) {
        let key = key.to_owned();
        later(async move {
            let swapped = async {
                let stored = self.0.get(&key).await?;
                if stored.as_deref() != expected.as_deref() {
                    return Ok(Err(stored));
                }
                match text {
                    Some(text) => self.0.set(&key, &text).await,
                    None => self.0.remove(&key).await,
                }
                .map(Ok)
            };
            done(swapped.await.map_err(Reason::from));
        });
    }
}

fn later(work: impl Future<Output = ()> + 'static) {
    let work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
    spawn_local(work);
}
