//! The client on a server: its types are there, and a manager is nobody's
//! (rule 15).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use evertoken::{
    Config, Error, ErrorKind, Event, Preset, Request, Snapshot, Status, Storage, Subscription,
    TokenManager, TokenSet,
};

/// On a server nothing has to be waited for.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits for something"),
    }
}

fn manager() -> TokenManager {
    let config = Config::from_preset(Preset::Strapi5)
        .base_url("https://api.example.com")
        .storage(Storage::local())
        .refresh_with(async |_| Ok(TokenSet::new("abc")));
    at_once(TokenManager::new(config)).expect("a manager")
}

#[test]
fn what_frameworks_share_between_threads_may_be_shared() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<TokenManager>();
    shared::<Snapshot>();
    shared::<Error>();
    shared::<Event>();
    shared::<Subscription>();
    fn passes(auth: &TokenManager) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        at_once(auth.set_tokens(TokenSet::new("abc")))?;
        Ok(())
    }
    assert!(passes(&manager()).is_err());
}

#[test]
fn a_manager_on_a_server_is_nobodys() {
    let auth = manager();
    assert_eq!(auth.snapshot(), Snapshot::new(Status::SignedOut));
    assert_eq!(at_once(auth.token()), Ok(None));
    assert_eq!(at_once(auth.logout()), Ok(()));
    assert_eq!(
        at_once(auth.restore()).map(|now| now.status),
        Ok(Status::SignedOut)
    );
    let kind = |result: Result<(), Error>| result.expect_err("a refusal").kind();
    let refused = ErrorKind::InvalidConfig;
    assert_eq!(kind(at_once(auth.refresh()).map(drop)), refused);
    assert_eq!(kind(at_once(auth.login(&("a", "b"))).map(drop)), refused);
    let tokens = TokenSet::new("abc");
    assert_eq!(kind(at_once(auth.set_tokens(tokens)).map(drop)), refused);
    let request = auth.post("/posts").json(&["a"]).header("a", "b");
    assert_eq!(kind(at_once(request.send()).map(drop)), refused);
    let request = Request::get("/posts").query("page", 1);
    assert_eq!(kind(at_once(auth.fetch(request)).map(drop)), refused);
    auth.touch();
    drop(auth.subscribe(|_| {}));
    auth.on(|_| {}).forget();
    assert_eq!(auth.inspect().waiting, 0);
    auth.dispose();
}

#[test]
fn what_a_manager_does_may_be_awaited_by_the_threads_of_a_server() {
    let auth = manager();
    let work = {
        let auth = auth.clone();
        async move {
            let signed_in = auth.login(&("a", "b")).await.is_ok();
            let refreshed = auth.refresh().await.is_ok();
            let taken = auth.set_tokens(TokenSet::new("abc")).await.is_ok();
            let token = auth.token().await;
            let known = auth.restore().await.map(|now| now.status);
            (
                signed_in,
                refreshed,
                taken,
                token,
                known,
                auth.logout().await,
            )
        }
    };
    let there = thread::spawn(move || at_once(work));
    let nobody = (false, false, false, Ok(None), Ok(Status::SignedOut), Ok(()));
    assert_eq!(there.join().expect("no panic"), nobody);
}

#[test]
fn a_manager_may_be_used_and_dropped_on_another_thread() {
    let auth = manager();
    let there = thread::spawn(move || auth.snapshot().status);
    assert_eq!(there.join().expect("no panic"), Status::SignedOut);
}

mod everything {
    use evertoken::*;

    #[test]
    fn a_glob_import_hides_nothing_of_the_language() {
        let status: Status = core::mem::take(&mut Snapshot::new(Status::SignedIn).status);
        assert_eq!(status, Status::SignedIn);
    }
}
