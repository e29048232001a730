//! For Dioxus 0.7. A component provides the manager, and what is below it has
//! the session.

use std::cell::Cell;
use std::rc::Rc;

use dioxus_core::{try_consume_context, use_drop, use_hook};
use dioxus_hooks::{use_context_provider, use_effect, use_signal};
use dioxus_signals::{ReadSignal, WritableExt};

use super::unknown;
use crate::client::manager::TokenManager;
use crate::client::view::Snapshot;

/// What a provider gives.
#[derive(Clone)]
struct Session {
    auth: TokenManager,
    snapshot: ReadSignal<Snapshot>,
}

/// Makes a manager with the component, and gives the component and what is
/// below it its session. The subscription ends with the component.
///
/// ```ignore
/// fn App() -> Element {
///     use_session_provider(|| TokenManager::start(config()).expect("a good configuration"));
///     rsx! { Greeting {} }
/// }
///
/// #[component]
/// fn Greeting() -> Element {
///     let session = use_session();
///     rsx! { p { "{session.read().status:?}" } }
/// }
/// ```
pub fn use_session_provider(make: impl FnOnce() -> TokenManager) -> ReadSignal<Snapshot> {
    // Dioxus says nothing of whether a page is being taken over. The effect
    // runs before anything is painted.
    let mut snapshot = use_signal(unknown);
    let session = use_context_provider(|| Session {
        auth: make(),
        snapshot: snapshot.into(),
    });
    let kept = use_hook(|| Rc::new(Cell::new(None)));
    let (auth, keeps) = (session.auth, kept.clone());
    use_effect(move || {
        snapshot.set(auth.snapshot());
        keeps.set(Some(auth.subscribe(move |now| snapshot.set(now.clone()))));
    });
    use_drop(move || drop(kept.take()));
    session.snapshot
}

/// Gives the state of the session; what reads it renders again when there is
/// another.
///
/// # Panics
///
/// Where no component above has called [`use_session_provider`].
pub fn use_session() -> ReadSignal<Snapshot> {
    use_hook(|| provided().snapshot)
}

/// Gives the manager.
///
/// # Panics
///
/// Where no component above has called [`use_session_provider`].
pub fn use_token_manager() -> TokenManager {
    use_hook(|| provided().auth)
}

fn provided() -> Session {
    let session = try_consume_context();
    session.expect("evertoken: expected a component above with use_session_provider, found none")
}
