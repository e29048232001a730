#![cfg(not(target_arch = "wasm32"))]
//! What goes where: the places that get the token (rule 11), the calls to the
//! endpoints and what is found in their answers (rule 12).

mod support;

use evertoken::internals::CallId;
use evertoken::internals::Now;
use evertoken::internals::answer::{Answer, Verdict};
use evertoken::internals::call::{Call, Place, Target};
use evertoken::internals::lifetime::Stated;
use evertoken::internals::machine::Machine;
use evertoken::internals::origins::{Misfit, Origins};
use evertoken::internals::policy::{BodyKind, Credentials};
use support::config::policy;
use support::document::{PLATFORM, parse_url};
use support::{Ask, Done, Event, Instant, Manner, Millis, Moment, SignedOutBy, World};

const LAZY: &str = r#""proactive":false"#;

const NOW: Now = Now {
    wall: Instant::EPOCH,
    mono: Moment::START,
};

/// What a machine that does nothing by itself tells of its first call.
fn call_of(world: &World, target: Target) -> Call {
    let now = world.clocks(0);
    let session = world.tabs[0]
        .held()
        .and_then(|record| record.session().cloned());
    Call::new(CallId::new(1), target, &world.policy, session, now)
}

/// J1, J2: exact origins.
#[test]
fn rule_11_j1_only_exact_origins_get_the_token() {
    let mut origins = Origins::default();
    for entry in [
        "https://api.ok",
        "https://other.ok:8443/v1",
        "http://plain.ok/a/b/",
    ] {
        assert_eq!(
            origins.add(&*parse_url(entry, None).expect("a URL")),
            Ok(())
        );
    }
    let admits = |text: &str| {
        parse_url(text, Some(support::config::PAGE)).is_some_and(|url| origins.admits(&*url))
    };
    for good in [
        "https://api.ok",
        "https://api.ok/posts?q=1#x",
        "https://API.ok:443/posts",
        "https://other.ok:8443/v1",
        "https://other.ok:8443/v1/posts",
        "http://plain.ok/a/b/c",
        "https://other.ok:8443/v2/../v1/posts",
    ] {
        assert!(admits(good), "{good}");
    }
    for bad in [
        "/relative",
        "//evil/posts",
        "http://api.ok/posts",
        "https://api.ok:8443/posts",
        "https://sub.api.ok/posts",
        "https://api.ok.evil/posts",
        "https://api.ok@evil/posts",
        "https://evil/https://api.ok/",
        "https://evil\\@api.ok/",
        "https://other.ok:8443/v10",
        "https://other.ok:8443/v1/../v2",
        "https://other.ok/v1",
        "http://plain.ok/a/bc",
        "blob:https://api.ok/0b3c7a3e",
        "data:text/plain,https://api.ok",
        "file:///api.ok",
        "wss://api.ok/",
    ] {
        assert!(!admits(bad), "{bad}");
    }
}

/// J2: an entry that could never match is told at once.
#[test]
fn rule_11_j2_an_entry_that_could_never_match_is_refused() {
    for (entry, misfit) in [
        ("ftp://api.ok", Misfit::Scheme),
        ("blob:https://api.ok/0b3c7a3e", Misfit::Scheme),
        ("data:,", Misfit::Scheme),
        ("https://user@api.ok", Misfit::Excess),
        ("https://api.ok?x=1", Misfit::Excess),
        ("https://api.ok#x", Misfit::Excess),
    ] {
        let url = parse_url(entry, None).expect("a URL");
        assert_eq!(Origins::default().add(&*url), Err(misfit), "{entry}");
    }
}

/// J4, F3: nothing that can be printed holds a token.
#[test]
fn rule_11_j4_nothing_that_can_be_printed_holds_a_token() {
    let mut world = World::signed_in(LAZY);
    world.script([Manner::body(
        200,
        r#"{"accessToken":"SECRETa","refreshToken":"SECRETr","x":"SECRETx""#,
    )]);
    world.pass(25_000);
    let failed = world.fetch(0);
    world.settle();
    world.pass(60_000);
    world.script([Manner::body(
        200,
        r#"{"accessToken":"SECRETa","refreshToken":"SECRETr"}"#,
    )]);
    world.get_token(0);
    world.settle();
    let machine: &Machine = &world.tabs[0].machine;
    let printed = format!(
        "{machine:?}{:?}{:?}{:?}{:?}",
        machine.inspection(),
        machine.snapshot(),
        world.tabs[0].events,
        world.result(failed)
    );
    assert_eq!(
        machine.access_token().map(|token| token.expose()),
        Some("SECRETa")
    );
    assert!(!printed.contains("SECRET"), "{printed}");
    for call in [
        call_of(&world, Target::Refresh),
        call_of(&world, Target::Logout),
    ] {
        assert!(!format!("{call:?}").contains("SECRET"));
    }
}

#[test]
fn rule_12_endpoints_get_the_access_token_only_where_it_is_asked_for() {
    let world = World::signed_in(LAZY);
    assert!(!call_of(&world, Target::Login).access);
    assert!(!call_of(&world, Target::Refresh).access);
    assert!(call_of(&world, Target::Logout).access);
    let mut world = World::signed_in(LAZY);
    world.pass(25_000);
    assert!(!call_of(&world, Target::Logout).access, "only a valid one");
    let world = World::signed_in(
        r#""logout":{"url":"/logout","authenticate":false},"refresh":{"url":"/refresh","authenticate":true}"#,
    );
    assert!(!call_of(&world, Target::Logout).access);
    assert!(call_of(&world, Target::Refresh).access);
}

#[test]
fn rule_12_the_refresh_token_travels_as_configured() {
    let of = |options: &str| call_of(&World::signed_in(options), Target::Refresh);
    let call = of(LAZY);
    assert_eq!(
        (call.refresh, call.body, call.credentials),
        (Some(Place::Field), BodyKind::Json, Credentials::SameOrigin)
    );
    let call = of(r#""refresh":{"url":"/r","body":"form"}"#);
    assert_eq!(
        (call.refresh, call.body, call.grant_type),
        (Some(Place::Field), BodyKind::Form, true)
    );
    let call = of(r#""refreshToken":{"in":"header","name":"x-refresh"}"#);
    assert_eq!(
        (call.refresh, call.body),
        (Some(Place::Header), BodyKind::None)
    );
    let call = of(r#""refresh":{"url":"/r","method":"get"}"#);
    assert_eq!((call.refresh, call.body), (None, BodyKind::None));
    let call = of(r#""refresh":{"url":"/r","body":"none"}"#);
    assert_eq!((call.refresh, call.body), (None, BodyKind::None));
    let mut world = World::new(r#""refreshToken":{"in":"cookie"}"#);
    world.auth.cookie = true;
    world.open();
    world.log_in(0, "ann");
    world.settle();
    let call = call_of(&world, Target::Refresh);
    assert_eq!(
        (call.refresh, call.body, call.credentials),
        (None, BodyKind::None, Credentials::Include)
    );
}

/// A sign-out that wants both tokens in one header: the shell writes the
/// access token's last, which takes it.
#[test]
fn rule_7_a_sign_out_may_carry_both_tokens_in_headers() {
    let world = World::signed_in(r#""refreshToken":{"in":"header"}"#);
    let call = call_of(&world, Target::Logout);
    assert_eq!((call.access, call.refresh), (true, Some(Place::Header)));
}

/// Where tokens are found without `response`.
#[test]
fn rule_12_tokens_are_found_under_the_usual_names() {
    let policy = policy(LAZY);
    let found = |body: &str| {
        let answer = Answer {
            status: 200,

            retry_after: None,
            body,
        };
        match answer.of_refresh(&policy.paths, false, NOW, PLATFORM) {
            Verdict::Renewed(tokens) => tokens.access.map(|token| token.expose().to_owned()),
            _ => None,
        }
    };
    for name in ["accessToken", "access_token", "access", "jwt", "token"] {
        assert_eq!(
            found(&format!(r#"{{"{name}":"t"}}"#)).as_deref(),
            Some("t"),
            "{name}"
        );
        assert_eq!(
            found(&format!(r#"{{"data":{{"{name}":"t"}}}}"#)).as_deref(),
            Some("t"),
            "data.{name}"
        );
        assert_eq!(
            found(&format!(r#"{{"{name}":""}}"#)),
            None,
            "an empty string is no token"
        );
    }
    assert_eq!(
        found(r#"{"accessToken":"","jwt":"t"}"#).as_deref(),
        Some("t")
    );
    assert_eq!(
        found(r#"{"token":"top","data":{"accessToken":"below"}}"#).as_deref(),
        Some("top")
    );
    assert_eq!(found(r#"[{"token":"t"}]"#), None);
}

/// A path replaces only its own search.
#[test]
fn rule_12_a_path_replaces_its_own_search_only() {
    let policy = policy(
        r#""response":{"accessToken":"a.b.0","expiresIn":"ttl","expiresInUnit":"ms","expiresAt":"until"}"#,
    );
    let body = r#"{"a":{"b":["t"]},"token":"no","refresh_token":"r","ttl":"5000","until":"2001-09-09T01:46:40Z"}"#;
    let answer = Answer {
        status: 200,

        retry_after: None,
        body,
    };
    let Verdict::Renewed(tokens) = answer.of_refresh(&policy.paths, false, NOW, PLATFORM) else {
        panic!("no tokens found")
    };
    assert_eq!(
        tokens.access.as_ref().map(|token| token.expose()),
        Some("t")
    );
    assert_eq!(
        tokens.refresh.as_ref().map(|token| token.expose()),
        Some("r")
    );
    assert_eq!(
        tokens.stated.expires_in.map(|span| span.as_ms()),
        Some(5000.0)
    );
    assert_eq!(tokens.stated.expires_at.map(Instant::as_ms), Some(1e12));
}

/// With the access token in a cookie, the status decides.
#[test]
fn rule_12_with_cookie_tokens_the_status_decides() {
    let policy = policy(
        r#""accessToken":{"in":"cookie","lifetimeSeconds":60},"refreshToken":{"in":"cookie"}"#,
    );
    for body in ["", "{}", "null", r#"{"ok":true,"expiresIn":7}"#] {
        let answer = Answer {
            status: 200,

            retry_after: None,
            body,
        };
        let verdict = answer.of_refresh(&policy.paths, true, NOW, PLATFORM);
        let Verdict::Renewed(tokens) = verdict else {
            panic!("{body}: {verdict:?}")
        };
        assert_eq!(
            tokens.stated.expires_in.is_some(),
            body.contains("expiresIn")
        );
    }
}

/// A10: another key is another world.
#[test]
fn rule_1_a10_another_key_shares_nothing() {
    let (mut one, mut other) = (World::signed_in(LAZY), World::signed_in(LAZY));
    one.log_out(0);
    one.settle();
    other.pass(25_000);
    let caller = other.fetch(0);
    other.settle();
    assert_eq!(*other.result(caller), Done::Answer(200));
    assert_eq!((one.refreshes(), other.refreshes()), (0, 1));
}

/// A11: two parts of an application, two audiences elsewhere, that want
/// tokens of one session: one refresh token, used once.
#[test]
fn rule_1_a11_two_wishes_for_one_refresh_token_take_turns() {
    let mut world = World::signed_in(LAZY);
    world.open();
    world.pass(25_000);
    let callers = [world.get_token(0), world.token(1, Ask::TokenForced)];
    let third = world.get_token(1);
    world.settle();
    for caller in callers.into_iter().chain([third]) {
        assert!(matches!(world.result(caller), Done::Token(Some(_))));
    }
    assert_eq!((world.refreshes(), world.auth.reuses.len()), (1, 0));
}

/// Rule 12: a session whose refresh token would travel in the body and was
/// never given ends where its token does.
#[test]
fn rule_12_without_a_refresh_token_no_call_is_made_and_the_session_ends() {
    let mut world = World::new("");
    world.open();
    let tokens = evertoken::internals::answer::from_application(
        Some("abc".into()),
        None,
        Stated {
            expires_in: Millis::from_ms(20_000.0),
            ..Stated::default()
        },
        &world.policy,
    );
    world.hand_in(0, tokens);
    world.settle();
    let early = world.token(
        0,
        Ask::Token {
            least: Millis::from_ms(60_000.0).unwrap_or_default(),
        },
    );
    world.settle();
    assert_eq!(*world.result(early), Done::Token(Some("abc".to_owned())));
    world.pass(21_000);
    let rejected = Event::SignedOut(SignedOutBy::RefreshRejected);
    assert_eq!(world.tabs[0].count(|event| *event == rejected), 1);
    assert_eq!(world.refreshes(), 0);
}

/// A text that cannot be a token does not end the search for one.
#[test]
fn rule_12_a_text_that_is_no_token_does_not_end_the_search() {
    let policy = policy(LAZY);
    let found = |body: &str| {
        let answer = Answer {
            status: 200,
            body,
            ..Answer::default()
        };
        match answer.of_refresh(&policy.paths, false, NOW, PLATFORM) {
            Verdict::Renewed(tokens) => tokens.access.map(|token| token.expose().to_owned()),
            Verdict::Passing(error) => error.cause.map(|cause| format!("{cause:?}")),
            Verdict::Definitive(_) => None,
        }
    };
    for (body, token) in [
        (r#"{"access":"full control","token":"t"}"#, "t"),
        (r#"{"accessToken":"undefined","data":{"jwt":"t"}}"#, "t"),
        (r#"{"access_token":"null","token":"t"}"#, "t"),
        (r#"{"access":"[object Object]","token":"t"}"#, "t"),
        (r#"{"token":"Bearer t"}"#, "t"),
        (r#"{"token":"bearer t"}"#, "t"),
        (r#"{"access":"full control"}"#, "FoundUnusable"),
        (r#"{"access":7}"#, "NothingFound"),
    ] {
        assert_eq!(found(body).as_deref(), Some(token), "{body}");
    }
}
