//! The database of the records, the same one that the npm package opens. One
//! transaction reads, compares and writes: between processes these are
//! ordered, so of two tabs that commit at once one sees the other's record.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{
    IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction,
    IdbTransactionMode,
};

use super::platform::global;
use super::signal::Signal;
use super::store::{Outranks, Swapped};

const NAME: &str = "evertoken";
const RECORDS: &str = "records";

type Opened = Result<IdbDatabase, JsValue>;

pub(super) struct Database {
    opened: Signal<Opened>,
    request: IdbOpenDbRequest,
    _handlers: Vec<Closure<dyn Fn()>>,
}

impl Database {
    pub fn open() -> Result<Self, JsValue> {
        let factory: IdbFactory = global("indexedDB").unwrap_or_default().dyn_into()?;
        let request = factory.open_with_u32(NAME, 1)?;
        let opened = Signal::<Opened>::default();
        let upgrade = {
            let request = request.clone();
            Closure::<dyn Fn()>::new(move || {
                if let Ok(database) = database(&request) {
                    let _ = database.create_object_store(RECORDS);
                }
            })
        };
        let success = {
            let (request, opened) = (request.clone(), opened.clone());
            Closure::<dyn Fn()>::new(move || opened.set(database(&request)))
        };
        let failure = {
            let (request, opened) = (request.clone(), opened.clone());
            Closure::<dyn Fn()>::new(move || opened.set(Err(reason(&request))))
        };
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        request.set_onsuccess(Some(success.as_ref().unchecked_ref()));
        request.set_onerror(Some(failure.as_ref().unchecked_ref()));
        Ok(Self {
            opened,
            request,
            _handlers: vec![upgrade, success, failure],
        })
    }

    pub async fn read(self: Rc<Self>, key: String) -> Result<Option<String>, JsValue> {
        let found = Rc::new(RefCell::new(None));
        let result = found.clone();
        self.transact(IdbTransactionMode::Readonly, &key, move |_, stored| {
            found.replace(stored);
        })
        .await?;
        Ok(result.take())
    }

    pub async fn swap(
        self: Rc<Self>,
        key: String,
        text: String,
        outranks: Outranks,
    ) -> Result<Swapped, JsValue> {
        let stays = Rc::new(RefCell::new(None));
        let result = stays.clone();
        let own = JsValue::from(&key);
        self.transact(
            IdbTransactionMode::Readwrite,
            &key,
            move |records, stored| match stored {
                Some(stored) if !outranks(&stored) => {
                    stays.replace(Some(stored));
                }
                // What fails here fails the transaction.
                _ => drop(records.put_with_key(&text.as_str().into(), &own)),
            },
        )
        .await?;
        Ok(result.take())
    }

    /// Calls `work` with what is stored, in a transaction of its own.
    async fn transact(
        &self,
        mode: IdbTransactionMode,
        key: &str,
        work: impl Fn(&IdbObjectStore, Option<String>) + 'static,
    ) -> Result<(), JsValue> {
        let database = self.opened.clone().await?;
        let transaction = database.transaction_with_str_and_mode(RECORDS, mode)?;
        let records = transaction.object_store(RECORDS)?;
        let request = records.get(&key.into())?;
        let success = {
            let request = request.clone();
            Closure::<dyn Fn()>::new(move || {
                let stored = request.result().ok().and_then(|found| found.as_string());
                work(&records, stored);
            })
        };
        request.set_onsuccess(Some(success.as_ref().unchecked_ref()));
        let ended = Signal::<Result<(), JsValue>>::default();
        let complete = {
            let ended = ended.clone();
            Closure::<dyn Fn()>::new(move || ended.set(Ok(())))
        };
        let failure = {
            let (ended, transaction) = (ended.clone(), transaction.clone());
            Closure::<dyn Fn()>::new(move || ended.set(Err(failed(&transaction))))
        };
        transaction.set_oncomplete(Some(complete.as_ref().unchecked_ref()));
        transaction.set_onerror(Some(failure.as_ref().unchecked_ref()));
        transaction.set_onabort(Some(failure.as_ref().unchecked_ref()));
        let _handlers = Handlers(request, transaction);
        ended.await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.request.set_onupgradeneeded(None);
        self.request.set_onsuccess(None);
        self.request.set_onerror(None);
        let opened = self.opened.clone();
        if opened.is_set() {
            wasm_bindgen_futures::spawn_local(async move {
                if let Ok(database) = opened.await {
                    database.close();
                }
            });
        }
    }
}

/// Takes handlers off that are about to go.
struct Handlers(IdbRequest, IdbTransaction);

impl Drop for Handlers {
    fn drop(&mut self) {
        self.0.set_onsuccess(None);
        self.1.set_oncomplete(None);
        self.1.set_onerror(None);
        self.1.set_onabort(None);
    }
}

fn database(request: &IdbOpenDbRequest) -> Opened {
    let database: IdbDatabase = request.result()?.dyn_into()?;
    let close = {
        let database = database.clone();
        // Another version wants it, or the browser clears the site's data.
        Closure::once_into_js(move || database.close())
    };
    database.set_onversionchange(close.dyn_ref());
    Ok(database)
}

fn reason(request: &IdbOpenDbRequest) -> JsValue {
    request
        .error()
        .ok()
        .flatten()
        .map_or(JsValue::UNDEFINED, JsValue::from)
}

fn failed(transaction: &IdbTransaction) -> JsValue {
    transaction
        .error()
        .map_or(JsValue::UNDEFINED, JsValue::from)
}
