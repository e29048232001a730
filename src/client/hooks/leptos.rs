//! For Leptos 0.8. The manager is in the context, as anything else that
//! components share.

use reactive_graph::owner::{Owner, expect_context, on_cleanup};
use reactive_graph::signal::{ReadSignal, signal};
use reactive_graph::traits::Set;

use super::unknown;
use crate::client::clock::task;
use crate::client::manager::TokenManager;
use crate::client::view::Snapshot;

/// Gives the state of the session as a signal of the component that asks, with
/// which its subscription ends.
///
/// ```ignore
/// #[component]
/// fn App() -> impl IntoView {
///     provide_context(TokenManager::start(config()).expect("a good configuration"));
///     view! { <Greeting/> }
/// }
///
/// #[component]
/// fn Greeting() -> impl IntoView {
///     let session = use_session();
///     view! { <p>{move || format!("{:?}", session.read().status)}</p> }
/// }
/// ```
///
/// # Panics
///
/// Where no context has a [`TokenManager`].
pub fn use_session() -> ReadSignal<Snapshot> {
    let auth = expect_context::<TokenManager>();
    let shared = Owner::current_shared_context();
    let takes_over = move || {
        let shared = shared.as_ref();
        shared.is_some_and(|shared| shared.during_hydration())
    };
    let known = cfg!(target_arch = "wasm32") && !takes_over();
    let (session, set_session) = signal(if known { auth.snapshot() } else { unknown() });
    if cfg!(not(target_arch = "wasm32")) {
        return session;
    }
    let subscription = auth.subscribe({
        let takes_over = takes_over.clone();
        move |now| {
            if !takes_over() {
                set_session.try_set(now.clone());
            }
        }
    });
    on_cleanup(move || drop(subscription));
    if !known {
        wasm_bindgen_futures::spawn_local(async move {
            // Lazy routes take more than one task.
            while takes_over() {
                task().await;
            }
            set_session.try_set(auth.snapshot());
        });
    }
    session
}
