//! Storage of the application's own: rules 7 and 13.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::rc::Rc;

use evertoken::{ErrorKind, Event, Status, Storage, StorageArea, TokenManager};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, start_timers, stop_timers};
use crate::{ALICE, Gate, fetch, turns, until};

type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// What an area does wrong.
#[derive(Clone, Default)]
pub enum Fault {
    #[default]
    None,
    Reads,
    Writes,
    Hangs,
    /// A reading says that it has begun, and waits.
    ReadsLate {
        begun: Gate,
        end: Gate,
    },
    /// A writing says that it has begun, and waits.
    WritesLate {
        begun: Gate,
        end: Gate,
    },
}

#[derive(Clone, Default)]
pub struct Shelf {
    kept: Rc<RefCell<BTreeMap<String, String>>>,
    fault: Rc<RefCell<Fault>>,
}

impl Shelf {
    fn with(fault: Fault) -> Self {
        let shelf = Self::default();
        shelf.set_fault(fault);
        shelf
    }

    pub fn set_fault(&self, fault: Fault) {
        self.fault.replace(fault);
    }

    pub fn kept(&self, key: &str) -> String {
        self.kept.borrow().get(key).cloned().unwrap_or_default()
    }
}

impl StorageArea for Shelf {
    async fn get(&self, key: &str) -> Done<Option<String>> {
        let fault = self.fault.borrow().clone();
        match fault {
            Fault::Reads => return Err("it cannot be read".into()),
            Fault::Hangs => std::future::pending().await,
            Fault::ReadsLate { begun, end } => {
                begun.open();
                end.opened().await;
            }
            _ => {}
        }
        Ok(self.kept.borrow().get(key).cloned())
    }

    async fn set(&self, key: &str, value: &str) -> Done<()> {
        let fault = self.fault.borrow().clone();
        match fault {
            Fault::Writes => return Err("it cannot be written".into()),
            Fault::WritesLate { begun, end } => {
                begun.open();
                end.opened().await;
            }
            _ => {}
        }
        self.kept
            .borrow_mut()
            .insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn remove(&self, key: &str) -> Done<()> {
        self.kept.borrow_mut().remove(key);
        Ok(())
    }
}

#[wasm_bindgen_test]
async fn a_session_is_found_again_in_an_area_of_the_applications_own() {
    let server = Server::start("area");
    let shelf = Shelf::default();
    let config = server.config().storage(Storage::custom(shelf.clone()));
    assert!(format!("{config:?}").contains("custom"));
    let auth = TokenManager::new(config.clone()).await.unwrap();
    assert_eq!(auth.inspect().storage, "custom");
    auth.login(&ALICE).await.unwrap();
    drop(auth);
    assert!(shelf.kept("area").contains("rt-1-alice"));
    let auth = TokenManager::new(config.clone()).await.unwrap();
    assert_eq!(auth.snapshot().status, Status::SignedIn);
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
    auth.logout().await.unwrap();
    assert!(!shelf.kept("area").contains("alice"), "no token is left");
    drop(auth);
    let auth = TokenManager::new(config).await.unwrap();
    assert_eq!(auth.snapshot().status, Status::SignedOut);
    assert_eq!(auth.inspect().degraded, [""; 0]);
}

/// Signs in over an area that fails, and gives what is behind the warning.
async fn degraded(name: &'static str, fault: Fault) -> String {
    let server = Server::start(name);
    let shelf = Shelf::with(fault);
    let auth = TokenManager::new(server.config().storage(Storage::custom(shelf.clone())));
    let auth = auth.await.unwrap();
    let (warned, source) = (Gate::new(), Rc::new(RefCell::new(String::new())));
    auth.on({
        let (warned, source) = (warned.clone(), source.clone());
        move |event| {
            let Event::Warning(error) = event else { return };
            assert_eq!(error.kind(), ErrorKind::NotSupported);
            assert!(error.to_string().starts_with("storage: "), "{error}");
            let told = error.source().map(ToString::to_string);
            source.replace(told.unwrap_or_default());
            warned.open();
        }
    })
    .forget();
    auth.login(&ALICE).await.unwrap();
    warned.opened().await;
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
    assert_eq!(auth.inspect().storage, "memory");
    assert_eq!(auth.inspect().degraded, ["storage"]);
    assert_eq!(shelf.kept(name), "");
    source.take()
}

#[wasm_bindgen_test]
async fn an_area_that_fails_or_hangs_degrades_to_memory_with_a_warning() {
    let read = degraded("area-read", Fault::Reads).await;
    assert_eq!(read, "it cannot be read");
    let written = degraded("area-written", Fault::Writes).await;
    assert_eq!(written, "it cannot be written");
    let silent = degraded("area-silent", Fault::Hangs).await;
    assert_eq!(silent, "");
}

#[wasm_bindgen_test]
async fn a_slow_write_does_not_come_over_a_sign_out() {
    let server = Server::start("area-slow");
    let (begun, end) = (Gate::new(), Gate::new());
    let shelf = Shelf::with(Fault::WritesLate {
        begun: begun.clone(),
        end: end.clone(),
    });
    let auth = TokenManager::new(server.config().storage(Storage::custom(shelf.clone())));
    let auth = auth.await.unwrap();
    stop_timers();
    let signing_in = future_to_promise({
        let auth = auth.clone();
        async move { Ok(auth.login(&ALICE).await.is_ok().into()) }
    });
    begun.opened().await;
    let signing_out = future_to_promise({
        let auth = auth.clone();
        async move {
            auth.logout().await.unwrap();
            Ok(JsValue::UNDEFINED)
        }
    });
    until(&auth, |snapshot| snapshot.status == Status::SignedOut).await;
    end.open();
    JsFuture::from(signing_in).await.unwrap();
    JsFuture::from(signing_out).await.unwrap();
    start_timers();
    let kept = shelf.kept("area-slow");
    assert!(kept.contains("logout") && !kept.contains("alice"), "{kept}");
    assert_eq!(auth.inspect().degraded, [""; 0]);
}

#[wasm_bindgen_test]
async fn a_sign_out_reaches_an_area_that_was_given_up() {
    let server = Server::start("area-lost");
    let shelf = Shelf::default();
    let auth = TokenManager::new(server.config().storage(Storage::custom(shelf.clone())));
    let auth = auth.await.unwrap();
    auth.login(&ALICE).await.unwrap();
    let (begun, end) = (Gate::new(), Gate::new());
    shelf.set_fault(Fault::WritesLate {
        begun: begun.clone(),
        end: end.clone(),
    });
    auth.refresh().await.unwrap();
    assert_eq!(auth.inspect().degraded, ["storage"]);
    auth.logout().await.unwrap();
    end.open();
    turns().await;
    let kept = shelf.kept("area-lost");
    assert!(kept.contains("logout") && !kept.contains("alice"), "{kept}");
}
