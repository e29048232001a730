//! Where records are kept, as an application writes it down.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use super::error::Reason;

/// Where tokens are kept. What cannot be used falls back to memory, with an
/// [`Event::Warning`](crate::Event::Warning).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Storage {
    /// In memory. Other tabs are asked at the start.
    #[default]
    Memory,
    /// In `sessionStorage`: for this tab, across reloads.
    Session,
    /// In `localStorage`.
    Local,
    /// In IndexedDB, whose transactions are ordered between tabs.
    IndexedDb,
    /// In a place of the application's own; see [`Storage::custom`].
    Custom(CustomStorage),
}

impl Storage {
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
    /// }
    ///
    /// let config = Config::new().refresh("/refresh").storage(Storage::custom(Shelf::default()));
    /// ```
    pub fn custom(area: impl StorageArea + 'static) -> Self {
        Self::Custom(CustomStorage(Rc::new(area)))
    }

    /// Its name, as in the npm package; `custom` of one's own.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Session => "session",
            Self::Local => "local",
            Self::IndexedDb => "indexeddb",
            Self::Custom(_) => "custom",
        }
    }
}

/// A place of the application's own for the record, which holds the tokens.
///
/// Each operation has 1.5 seconds. One that fails or takes longer means memory
/// and an [`Event::Warning`](crate::Event::Warning), whose error has the
/// failure as its `source`; what is kept from then on is still set here, as
/// long as the manager lives. A manager writes one record after the other, and
/// does not break a write off. Records are never removed: after a sign-out
/// there is one without tokens.
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
}

/// A [`StorageArea`]. A clone is the same one.
#[derive(Clone)]
pub struct CustomStorage(Rc<dyn Area>);

impl CustomStorage {
    pub(super) async fn get(&self, key: &str) -> Result<Option<String>, Reason> {
        self.0.get(key).await
    }

    pub(super) async fn set(&self, key: &str, value: &str) -> Result<(), Reason> {
        self.0.set(key, value).await
    }
}

impl fmt::Debug for CustomStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomStorage(…)")
    }
}

/// Two clones are equal, two areas are not.
impl PartialEq for CustomStorage {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Reason>> + 'a>>;

/// A [`StorageArea`] of which nothing else is known.
trait Area {
    fn get<'a>(&'a self, key: &'a str) -> Later<'a, Option<String>>;
    fn set<'a>(&'a self, key: &'a str, value: &'a str) -> Later<'a, ()>;
}

impl<T: StorageArea> Area for T {
    fn get<'a>(&'a self, key: &'a str) -> Later<'a, Option<String>> {
        Box::pin(async move { Ok(StorageArea::get(self, key).await?) })
    }

    fn set<'a>(&'a self, key: &'a str, value: &'a str) -> Later<'a, ()> {
        Box::pin(async move { Ok(StorageArea::set(self, key, value).await?) })
    }
}
