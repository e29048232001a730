//! The database of the records, the same one that the npm package opens. One
//! transaction reads, compares and writes: between processes these are
//! ordered, so of two tabs that commit at once one sees the other's record.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::IdbTransactionMode as Mode;
use web_sys::{IdbDatabase, IdbFactory, IdbRequest, IdbTransaction};

use super::platform::{called, global};
use super::storage::{Area, Changed, Done, Text, web};

#[wasm_bindgen]
extern "C" {
    type Transaction;
    // Not every browser has it.
    #[wasm_bindgen(method, catch)]
    fn commit(this: &Transaction) -> Result<(), JsValue>;
}

const NAME: &str = "evertoken";
const RECORDS: &str = "records";

/// A key of the database. The connection is opened by the first operation that
/// finds none.
#[derive(Default)]
pub(super) struct Database {
    /// The key is the lease that stands in for Web Locks.
    ///
    /// *Algorithm:* a page that is left has no time for a transaction. So it
    /// first writes into `localStorage`, which takes no time, which lease it
    /// gives back: a tab that reads that one from then on finds nothing. A page
    /// that stays then takes both away.
    lease: bool,
    connection: RefCell<Option<IdbDatabase>>,
    /// Operations that are under way.
    busy: Cell<u32>,
    closed: Cell<bool>,
}

impl Area for Database {
    fn read(self: Rc<Self>, key: &str, done: Done<Option<String>>) {
        let key = JsValue::from(key);
        spawn_local(async move {
            let read = self.transact(Mode::Readonly, &key, None).await;
            done(read.map(|(found, _)| found).map_err(Into::into));
        });
    }

    fn swap(self: Rc<Self>, key: &str, expected: Text, text: Text, done: Done<Changed>) {
        let name = key.to_owned();
        let back = self.lease && text.is_none();
        if back && let (Some(marks), Some(lease)) = (marks(), &expected) {
            let _ = marks.set_item(key, lease);
        }
        spawn_local(async move {
            let key = JsValue::from(&*name);
            let change = Some((expected, text));
            let swapped = self.transact(Mode::Readwrite, &key, change).await;
            if back && let Some(marks) = marks() {
                let _ = marks.remove_item(&name);
            }
            let swapped = swapped.map_err(Into::into);
            done(swapped.map(|(found, swapped)| swapped.then_some(()).ok_or(found)));
        });
    }

    fn close(&self) {
        self.closed.set(true);
        self.disconnect();
    }
}

impl Database {
    pub fn lease() -> Self {
        Self {
            lease: true,
            ..Self::default()
        }
    }

    fn disconnect(&self) {
        if let Some(database) = self.connection.take() {
            database.set_onclose(None);
            database.set_onversionchange(None);
            database.close();
        }
    }

    /// Reads what is stored and, if it is what a change expects, puts the
    /// other text in its place. Whatever fails, the next one opens anew. So
    /// does one that begins while another is under way: the core asks for one
    /// at a time, so it has given that up.
    async fn transact(
        self: &Rc<Self>,
        mode: Mode,
        key: &JsValue,
        change: Option<(Text, Text)>,
    ) -> Result<(Option<String>, bool), JsValue> {
        if self.busy.get() > 0 {
            self.disconnect();
        }
        self.busy.set(self.busy.get() + 1);
        let ended = self.changed(mode, key, change).await;
        self.busy.set(self.busy.get() - 1);
        if ended.is_err() {
            self.disconnect();
        }
        ended
    }

    async fn changed(
        self: &Rc<Self>,
        mode: Mode,
        key: &JsValue,
        change: Option<(Text, Text)>,
    ) -> Result<(Option<String>, bool), JsValue> {
        let database = self.connected().await?;
        let transaction = database.transaction_with_str_and_mode(RECORDS, mode)?;
        let records = transaction.object_store(RECORDS)?;
        let ended = end_of(&transaction);
        let back = matches!(change, Some((_, None)));
        let mut found = result_of(&records.get(key)?).await?.as_string();
        if self.lease && !back && found.is_some() && found == given_back(key) {
            found = None;
        }
        let mut swapped = false;
        if let Some((expected, text)) = change
            && expected.as_deref() == found.as_deref()
        {
            // In the task of the read's success, or the transaction is over.
            match text {
                Some(text) => records
                    .put_with_key(&JsValue::from(&*text), key)
                    .map(drop)?,
                None => records.delete(key).map(drop)?,
            }
            commit(&transaction);
            swapped = true;
        }
        JsFuture::from(ended).await?;
        Ok((found, swapped))
    }

    async fn connected(self: &Rc<Self>) -> Result<IdbDatabase, JsValue> {
        if let Some(database) = &*self.connection.borrow() {
            return Ok(database.clone());
        }
        if self.closed.get() {
            return Err(JsValue::UNDEFINED);
        }
        let factory: IdbFactory = global("indexedDB").unwrap_or_default().dyn_into()?;
        let request = factory.open_with_u32(NAME, 1)?;
        let upgrade = {
            let request = request.clone();
            Closure::<dyn FnMut()>::once(move || {
                let made = request
                    .result()
                    .and_then(|made| made.dyn_into::<IdbDatabase>());
                let _ = made.and_then(|made| made.create_object_store(RECORDS));
            })
        };
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let opened = result_of(&request).await;
        request.set_onupgradeneeded(None);
        let database: IdbDatabase = opened?.dyn_into()?;
        // It may have come after the manager was gone, or after another one.
        if self.closed.get() {
            database.close();
            return Err(JsValue::UNDEFINED);
        }
        self.disconnect();
        let lost = {
            let this = Rc::downgrade(self);
            // Another version wants it, or the browser clears the site's data.
            let disconnect = move |_| {
                if let Some(this) = this.upgrade() {
                    this.disconnect();
                }
            };
            called(disconnect).into_js_value()
        };
        database.set_onversionchange(lost.dyn_ref());
        database.set_onclose(lost.dyn_ref());
        self.connection.replace(Some(database.clone()));
        Ok(database)
    }
}

/// Ends a transaction without waiting for what might follow: the page may be
/// going.
fn commit(transaction: &IdbTransaction) {
    let _ = transaction.unchecked_ref::<Transaction>().commit();
}

/// Where it says which lease was given back. Where that is blocked, a lease
/// ends with its transaction or by itself.
fn marks() -> Option<web_sys::Storage> {
    web("localStorage").ok()
}

fn given_back(key: &JsValue) -> Option<String> {
    marks()?.get_item(&key.as_string()?).ok().flatten()
}

fn promise(set: impl FnOnce(&Function, &Function)) -> Promise {
    let mut set = Some(set);
    Promise::new(&mut |resolve, reject| {
        if let Some(set) = set.take() {
            set(&resolve, &reject);
        }
    })
}

/// What a request brings, in the task in which it does.
async fn result_of(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let ended = promise(|resolve, reject| {
        request.set_onsuccess(Some(resolve));
        request.set_onerror(Some(reject));
    });
    match JsFuture::from(ended).await {
        Ok(_) => request.result(),
        Err(_) => Err(request.error()?.map_or(JsValue::UNDEFINED, Into::into)),
    }
}

fn end_of(transaction: &IdbTransaction) -> Promise {
    let ended = promise(|resolve, reject| {
        transaction.set_oncomplete(Some(resolve));
        transaction.set_onabort(Some(reject));
        transaction.set_onerror(Some(reject));
    });
    // Nobody waits for it where reading has failed.
    super::platform::ignore(ended.clone());
    ended
}
