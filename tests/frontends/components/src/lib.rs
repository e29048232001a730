//! Components that use the session, for the tests on a server and in a page.

/// What a server renders of the components.
pub const RENDERED: &str = "<p>Unknown</p><button></button>";

/// What it renders on a server, it does without a page as well: it is not
/// compiled twice.
#[cfg(target_arch = "wasm32")]
pub mod in_dioxus {
    use dioxus::prelude::*;
    use evertoken::TokenManager;
    use evertoken::hooks::dioxus::{use_session, use_session_provider, use_token_manager};

    #[component]
    fn Greeting() -> Element {
        let (auth, session) = (use_token_manager(), use_session());
        let status = session.read().status;
        rsx! {
            p { {format!("{status:?}")} }
            button { onclick: move |_| auth.touch() }
        }
    }

    #[component]
    pub fn App(auth: TokenManager) -> Element {
        use_session_provider(|| auth);
        rsx! { Greeting {} }
    }
}

pub mod in_leptos {
    use evertoken::TokenManager;
    use evertoken::hooks::leptos::use_session;
    use leptos::prelude::*;

    #[component]
    fn Greeting() -> impl IntoView {
        let session = use_session();
        // As people keep it in components.
        let auth = RwSignal::new(expect_context::<TokenManager>());
        let sign_out = Action::new(move |_: &()| {
            let auth = auth.get_untracked();
            async move { auth.logout().await }
        });
        view! {
            <p>{move || format!("{:?}", session.read().status)}</p>
            <button on:click=move |_| { sign_out.dispatch(()); }></button>
        }
    }

    #[component]
    pub fn App(auth: TokenManager) -> impl IntoView {
        provide_context(auth);
        view! { <Greeting/> }
    }
}

pub mod in_yew {
    /// Yew marks where each of the four components begins and ends.
    pub fn rendered() -> String {
        let (begin, end) = ("<!--<[]>-->".repeat(4), "<!--</[]>-->".repeat(4));
        [&begin, super::RENDERED, &end].concat()
    }

    use evertoken::TokenManager;
    use evertoken::hooks::yew::{SessionProvider, use_session, use_token_manager};
    use yew::prelude::*;

    #[component]
    fn Greeting() -> Html {
        let (auth, session) = (use_token_manager(), use_session());
        html! {
            <>
                <p>{format!("{:?}", session.status)}</p>
                <button onclick={move |_| auth.touch()}></button>
            </>
        }
    }

    #[derive(Properties, PartialEq)]
    pub struct Props {
        pub auth: TokenManager,
    }

    #[component]
    pub fn App(Props { auth }: &Props) -> Html {
        html! { <SessionProvider auth={auth.clone()}><Greeting/></SessionProvider> }
    }
}
