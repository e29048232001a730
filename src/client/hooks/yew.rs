//! For Yew 0.23. A provider has the manager, and what is below it the session.

use yew::functional::{component, hook, use_context, use_effect_with, use_state_eq};
use yew::{ContextProvider, Html, Properties, html};

use super::unknown;
use crate::client::manager::TokenManager;
use crate::client::view::Snapshot;

/// What a provider gives.
#[derive(Clone, PartialEq)]
struct Session {
    auth: TokenManager,
    snapshot: Snapshot,
}

/// The properties of a [`SessionProvider`].
#[derive(Properties, PartialEq)]
pub struct SessionProviderProps {
    /// Made once, outside of any component that renders again.
    pub auth: TokenManager,
    #[prop_or_default]
    pub children: Html,
}

/// Gives the components in it the session of a manager. Its subscription ends
/// with it.
///
/// ```ignore
/// #[component]
/// fn App() -> Html {
///     let auth = use_state(|| TokenManager::start(config()).expect("a good configuration"));
///     html! { <SessionProvider auth={(*auth).clone()}><Greeting/></SessionProvider> }
/// }
///
/// #[component]
/// fn Greeting() -> Html {
///     let session = use_session();
///     html! { <p>{format!("{:?}", session.status)}</p> }
/// }
/// ```
#[component]
pub fn SessionProvider(props: &SessionProviderProps) -> Html {
    let SessionProviderProps { auth, children } = props;
    // Yew says nothing of whether a page is being taken over. The effect runs
    // before anything is painted.
    let snapshot = use_state_eq(unknown);
    let set = snapshot.setter();
    use_effect_with(auth.clone(), move |auth| {
        set.set(auth.snapshot());
        let subscription = auth.subscribe(move |now| set.set(now.clone()));
        move || drop(subscription)
    });
    let session = Session {
        auth: auth.clone(),
        snapshot: (*snapshot).clone(),
    };
    html! { <ContextProvider<Session> context={session}>{children.clone()}</ContextProvider<Session>> }
}

/// Gives the state of the session; the component renders again when there is
/// another.
///
/// # Panics
///
/// Where no [`SessionProvider`] is around the component.
#[hook]
pub fn use_session() -> Snapshot {
    let session = use_context::<Session>();
    session.expect(MISSING).snapshot
}

/// Gives the manager.
///
/// # Panics
///
/// Where no [`SessionProvider`] is around the component.
#[hook]
pub fn use_token_manager() -> TokenManager {
    let session = use_context::<Session>();
    session.expect(MISSING).auth
}

const MISSING: &str =
    "evertoken: expected a <SessionProvider auth={…}> around this component, found none";
