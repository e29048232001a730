//! One key in several managers, and where records are kept: rules 1, 7, 8
//! and 13.

use evertoken::{ErrorKind, Event, LockKind, Status, Storage, TokenManager};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::areas::{Fault, Shelf};
use crate::server::{self, Server, evaluate, pass, start_timers, stop_timers};
use crate::{ALICE, Gate, fetch, get, turns, until};

async fn two(server: &Server, storage: Storage) {
    let config = server.config().storage(storage);
    let one = TokenManager::new(config.clone()).await.unwrap();
    let other = TokenManager::new(config).await.unwrap();
    assert_eq!(one.inspect().lock, LockKind::WebLocks);
    one.login(&ALICE).await.unwrap();
    until(&other, |snapshot| snapshot.status == Status::SignedIn).await;
    for round in 1..=3 {
        pass(601.0);
        server.hold("/refresh");
        let asked: Vec<_> = [&one, &other, &one, &other]
            .map(|auth| {
                let (auth, request) = (auth.clone(), get(server, "/api"));
                future_to_promise(async move {
                    let response = auth.fetch(request).await.unwrap();
                    assert_eq!(response.status(), 200);
                    Ok(JsValue::UNDEFINED)
                })
            })
            .into();
        server.arrived("/refresh", round).await;
        server.release();
        for asked in asked {
            JsFuture::from(asked).await.unwrap();
        }
        assert_eq!(server.count("/refresh"), round as usize);
    }
    other.logout().await.unwrap();
    until(&one, |snapshot| snapshot.status == Status::SignedOut).await;
    assert_eq!(one.token().await, Ok(None));
}

#[wasm_bindgen_test]
async fn two_managers_in_memory_make_one_refresh_and_sign_out_together() {
    two(&Server::start("two-memory"), Storage::memory()).await;
}

#[wasm_bindgen_test]
async fn two_managers_in_local_storage_make_one_refresh_and_sign_out_together() {
    two(&Server::start("two-local"), Storage::local()).await;
}

#[wasm_bindgen_test]
async fn two_managers_in_indexeddb_make_one_refresh_and_sign_out_together() {
    two(&Server::start("two-indexeddb"), Storage::indexed_db()).await;
}

/// Another tab of the key, which takes the lock away and keeps it until it is
/// set free. `again` is when somebody asks for it after that.
const THIEF: &str = r#"
  const { request } = LockManager.prototype;
  let free, stand;
  const kept = new Promise((resolve) => (free = resolve));
  const again = new Promise((resolve) => (stand = resolve));
  return new Promise((resolve) => {
    request.call(navigator.locks, 'evertoken:robbed', { steal: true }, () => {
      resolve({ again, free });
      return kept;
    });
    LockManager.prototype.request = function (...given) {
      if (given[0] === 'evertoken:robbed') {
        LockManager.prototype.request = request;
        stand();
      }
      return request.apply(this, given);
    };
  });
"#;

#[wasm_bindgen_test]
async fn a_manager_whose_lock_is_taken_away_while_it_reads_waits_for_the_thief() {
    let server = Server::start("robbed");
    let shelf = Shelf::default();
    let config = server.config().storage(Storage::custom(shelf.clone()));
    let auth = TokenManager::new(config).await.unwrap();
    auth.login(&ALICE).await.unwrap();
    pass(601.0);
    let (begun, end) = (Gate::new(), Gate::new());
    shelf.set_fault(Fault::ReadsLate {
        begun: begun.clone(),
        end: end.clone(),
    });
    stop_timers();
    let asked = future_to_promise({
        let (auth, request) = (auth.clone(), get(&server, "/api"));
        async move { Ok(auth.fetch(request).await.unwrap().status().into()) }
    });
    begun.opened().await;
    start_timers();
    let thief = js_sys::Promise::from(evaluate(THIEF));
    let thief = JsFuture::from(thief).await.unwrap();
    // The robbed one stands in line again.
    let again = js_sys::Promise::from(server::get(&thief, "again"));
    JsFuture::from(again).await.unwrap();
    shelf.set_fault(Fault::None);
    end.open();
    turns().await;
    assert_eq!(
        server.count("/refresh"),
        0,
        "what was read under the lost lock starts no call"
    );
    let free: js_sys::Function = server::get(&thief, "free").unchecked_into();
    free.call0(&JsValue::UNDEFINED).unwrap();
    assert_eq!(JsFuture::from(asked).await.unwrap(), 200);
    assert_eq!(server.count("/refresh"), 1);
    assert_eq!(auth.inspect().degraded, [""; 0]);
}

#[wasm_bindgen_test]
async fn a_session_is_found_again_where_it_was_stored() {
    for (name, storage) in [
        ("again-session", Storage::session()),
        ("again-local", Storage::local()),
        ("again-indexeddb", Storage::indexed_db()),
    ] {
        let server = Server::start(name);
        let config = server.config().storage(storage.clone());
        let auth = TokenManager::new(config.clone()).await.unwrap();
        auth.login(&ALICE).await.unwrap();
        drop(auth);
        let auth = TokenManager::new(config).await.unwrap();
        assert_eq!(auth.snapshot().status, Status::SignedIn, "{name}");
        assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
        assert_eq!(auth.inspect().storage, storage.name());
        auth.logout().await.unwrap();
    }
}

/// The record is the npm package's, which reads only what it wrote.
#[wasm_bindgen_test]
async fn the_stored_record_is_the_one_of_the_npm_package() {
    let server = Server::start("record");
    let auth = TokenManager::new(server.config().storage(Storage::local()))
        .await
        .unwrap();
    auth.login(&ALICE).await.unwrap();
    let members = evaluate("return Object.keys(JSON.parse(localStorage.getItem('record'))).join()");
    assert_eq!(
        members.as_string().as_deref(),
        Some("v,sign_in,salt,generation,sent,twist,access,refresh,received,expires,began")
    );
    server.hold("/refresh");
    pass(601.0);
    let asked = future_to_promise({
        let auth = auth.clone();
        async move { Ok(auth.token().await.unwrap().is_some().into()) }
    });
    server.arrived("/refresh", 1).await;
    let names = evaluate(
        "return navigator.locks.query().then(({ held }) => held.map(({ name }) => name).join())",
    );
    let names = JsFuture::from(js_sys::Promise::from(names)).await.unwrap();
    let names = names.as_string().unwrap_or_default();
    assert!(names.contains("evertoken:record"), "{names}");
    server.release();
    JsFuture::from(asked).await.unwrap();
}

/// Opens when there was a warning.
fn warned(auth: &TokenManager) -> Gate {
    let warned = Gate::new();
    auth.on({
        let warned = warned.clone();
        move |event| {
            if let Event::Warning(error) = event {
                assert_eq!(error.kind(), ErrorKind::NotSupported);
                warned.open();
            }
        }
    })
    .forget();
    warned
}

#[wasm_bindgen_test]
async fn a_storage_that_is_blocked_degrades_to_memory_with_a_warning() {
    let server = Server::start("blocked");
    let config = server.config().storage(Storage::local());
    evaluate(
        "globalThis.storage = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');
         Object.defineProperty(globalThis, 'localStorage', { configurable: true, get() { throw new DOMException('blocked', 'SecurityError'); } });",
    );
    let auth = TokenManager::new(config).await;
    evaluate(
        "storage ? Object.defineProperty(globalThis, 'localStorage', storage) : delete globalThis.localStorage",
    );
    let auth = auth.unwrap();
    warned(&auth).opened().await;
    auth.login(&ALICE).await.unwrap();
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
    assert_eq!(auth.inspect().degraded, ["storage"]);
    let kept = evaluate("return localStorage.getItem('blocked')");
    assert!(kept.is_string(), "it is used again as soon as it can be");
}

#[wasm_bindgen_test]
async fn a_storage_that_is_full_degrades_to_memory_with_a_warning() {
    let server = Server::start("full");
    let auth = TokenManager::new(server.config().storage(Storage::local()))
        .await
        .unwrap();
    let warned = warned(&auth);
    evaluate(
        "globalThis.setItem = Storage.prototype.setItem;
         Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };",
    );
    let signed_in = auth.login(&ALICE).await;
    evaluate("Storage.prototype.setItem = setItem");
    signed_in.unwrap();
    warned.opened().await;
    assert_eq!(fetch(&auth, &server).await.unwrap().status(), 200);
    assert_eq!(auth.inspect().degraded, ["storage"]);
}
