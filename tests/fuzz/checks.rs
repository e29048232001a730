//! What must hold for any text at all: one function a fuzz target.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use evertoken::internals::answer::Answer;
use evertoken::internals::call::Target;
use evertoken::internals::json::Writer;
use evertoken::internals::jwt::{self, Claims, User};
use evertoken::internals::lifetime::Stated;
use evertoken::internals::origins::Origins;
use evertoken::internals::pace::{self, Pace};
use evertoken::internals::policy::{Keep, Policy};
use evertoken::internals::record::{Record, Stored};
use evertoken::internals::view::Status;
use evertoken::internals::{
    Ask, CallId, Input, Instant, Machine, Millis, Now, Output, Place, Reply, RequestId, Swapped,
    answer as answers, date,
};
use serde_json::Value;

use crate::config::policy;
use crate::document::{PLATFORM, parse, parse_url};

/// A day in 2024, in milliseconds.
const NOW: f64 = 1_709_168_400_000.0;

const DAY: f64 = 86_400_000.0;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn at(ms: f64) -> Instant {
    Instant::from_ms(ms).expect("an instant")
}

/// The payload of a token, by other people's code.
fn payload(token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, payload, _] = parts[..] else {
        return None;
    };
    let bytes = BASE64.decode(payload.replace('+', "-").replace('/', "_"));
    let value: Value = serde_json::from_slice(&bytes.ok()?).ok()?;
    value.is_object().then_some(value)
}

/// A token is read as serde_json and base64 read it.
pub fn token(token: &str) {
    let expected = payload(token);
    assert_eq!(jwt::claims(token, parse).is_some(), expected.is_some());
    let _ = jwt::decode(token);
    let claims = Claims::of(token, PLATFORM);
    let Some(expected) = expected else {
        return assert_eq!(claims, Claims::default());
    };
    let seconds = |name: &str| expected.get(name)?.as_f64().and_then(Instant::from_seconds);
    assert_eq!(claims.expires, seconds("exp"));
    assert_eq!(claims.issued, seconds("iat"));
    if let Some(user) = expected.get("sub").and_then(Value::as_str) {
        assert_eq!(claims.user, Some(User::Name(user.to_owned())));
    }
}

/// What both clocks show so many milliseconds after [`NOW`].
fn clocks(after: f64) -> Now {
    Now::from_ms(NOW + after, after)
}

/// A machine whose session is kept where all tabs keep it.
fn machine(options: &str) -> Machine {
    let policy = Policy {
        storage: Keep::Shared,
        channel: true,
        mark: true,
        ..policy(options)
    };
    Machine::new(policy, PLATFORM, 7, clocks(0.0))
}

/// Does what a machine wants done, with a place that keeps `text` until
/// something else is written; gives the call that it makes.
fn drain(
    machine: &mut Machine,
    now: Now,
    target: Target,
    text: &mut Option<String>,
) -> Option<CallId> {
    let mut call = None;
    let mut outputs = 0;
    while let Some(output) = machine.poll() {
        outputs += 1;
        assert!(outputs < 1_000, "the machine does not come to rest");
        match output {
            Output::Lock { lock, .. } => machine.feed(now, Input::Granted { lock }),
            Output::Read { op, place } => {
                let found = text.as_deref().filter(|_| place == Place::Session);
                machine.feed(
                    now,
                    Input::Read {
                        op,
                        found: Ok(found),
                    },
                );
            }
            Output::Swap {
                op,
                place,
                expected,
                text: new,
            } => {
                let session = place == Place::Session;
                let found = text.clone().filter(|_| session);
                let swapped = match found.as_deref() == expected.as_deref() || !session {
                    true => Swapped::Done,
                    false => Swapped::Found(found.as_deref()),
                };
                if session && swapped == Swapped::Done {
                    *text = new.as_deref().map(String::from);
                }
                machine.feed(now, Input::Swapped { op, swapped });
            }
            Output::Echo(text) => {
                let message = parse(&text).expect("a message is JSON");
                machine.feed(now, Input::Message(&*message));
            }
            Output::Call(made) if made.target == target => call = Some(made.id),
            _ => {}
        }
    }
    assert!(!machine.deadline().as_ms().is_nan());
    call
}

/// A stored record is read, or is as none; what was read is stored the same
/// again; and no machine that starts with it goes wrong.
pub fn record(text: &str) {
    let now = clocks(0.0);
    let mut later = false;
    if let Some(document) = parse(text) {
        for cookie in [false, true] {
            let record = match Record::read(&*document, cookie, PLATFORM, now) {
                Stored::Record(record) => record,
                Stored::Later => {
                    later = true;
                    continue;
                }
                Stored::Mark(_) | Stored::Foreign => continue,
            };
            assert_eq!(record.stamp.ended, record.session().is_none());
            let mut out = Writer::object();
            record.write(&mut out);
            let again = parse(&out.end()).map(|again| Record::read(&*again, cookie, PLATFORM, now));
            let Some(Stored::Record(again)) = again else {
                panic!("what was stored is no record: {again:?}")
            };
            assert_eq!(again.stamp, record.stamp);
            let wait = Pace::read(&*document, now).wait(now.mono);
            assert!(wait.as_ms() <= DAY);
        }
    }
    for options in ["", r#""refreshToken":{"in":"cookie"},"proactive":true"#] {
        let mut machine = machine(options);
        let mut kept = Some(text.to_owned());
        machine.feed(now, Input::Start);
        drain(&mut machine, now, Target::Refresh, &mut kept);
        let signed_in = machine.status() == Status::SignedIn;
        assert_eq!(
            signed_in,
            machine
                .record()
                .is_some_and(|record| record.session().is_some())
        );
        // It comes again from another page, and nothing changes.
        let shown = machine.snapshot();
        let input = Input::Changed {
            place: Place::Session,
            text: Some(text),
        };
        machine.feed(now, input);
        drain(&mut machine, now, Target::Refresh, &mut kept);
        assert_eq!(machine.snapshot().serial, shown.serial);
        let after = clocks(2.0 * DAY);
        machine.ask(after, Ask::Request);
        drain(&mut machine, after, Target::Refresh, &mut kept);
        // Nothing of this version takes the place of a later one's record.
        assert!(!later || kept.as_deref() == Some(text));
    }
}

/// Whatever another page posts, no machine goes wrong: what it holds has only
/// become greater, and what it answers is JSON.
pub fn message(text: &str) {
    let now = clocks(0.0);
    let (mut machine, mut kept) = signed_in();
    let before = machine.record().map(|record| record.stamp);
    for message in text.lines().filter_map(parse) {
        machine.feed(now, Input::Message(&*message));
        while let Some(output) = machine.poll() {
            match output {
                Output::Post(text) | Output::Echo(text) => assert!(parse(&text).is_some()),
                Output::Swap { op, .. } => {
                    let swapped = Swapped::Done;
                    machine.feed(now, Input::Swapped { op, swapped });
                }
                Output::Read { op, .. } => {
                    machine.feed(
                        now,
                        Input::Read {
                            op,
                            found: Ok(None),
                        },
                    );
                }
                _ => {}
            }
        }
        assert!(!machine.deadline().as_ms().is_nan());
    }
    assert!(machine.record().map(|record| record.stamp) >= before);
    let after = clocks(2.0 * DAY);
    machine.ask(after, Ask::Refresh);
    drain(&mut machine, after, Target::Refresh, &mut kept);
}

fn signed_in() -> (Machine, Option<String>) {
    let stated = Stated {
        expires_in: Millis::from_ms(60_000.0),
        ..Stated::default()
    };
    let now = clocks(0.0);
    let mut machine = machine("");
    let tokens = answers::from_application(
        Some("first".into()),
        Some("r1".into()),
        stated,
        machine.policy(),
    );
    let mut kept = None;
    machine.feed(now, Input::Start);
    drain(&mut machine, now, Target::Refresh, &mut kept);
    machine.feed(
        now,
        Input::SetTokens {
            request: RequestId::new(1),
            tokens,
            remember: false,
        },
    );
    drain(&mut machine, now, Target::Refresh, &mut kept);
    assert_eq!(machine.status(), Status::SignedIn);
    (machine, kept)
}

/// An answer of the refresh endpoint renews the session, ends it for a good
/// reason, or leaves it and makes the next attempt wait. Three lines come
/// before the body: status, media type, which says nothing, and Retry-After.
pub fn answer(text: &str) {
    let mut lines = text.splitn(4, '\n');
    let status = lines
        .next()
        .and_then(|line| line.parse().ok())
        .unwrap_or(200);
    let _media_type = lines.next();
    let retry_after = lines.next().filter(|line| !line.is_empty());
    let answer = Answer {
        status,
        retry_after,
        body: lines.next().unwrap_or_default(),
    };
    let now = clocks(0.0);
    let (mut machine, mut kept) = signed_in();
    let before = machine.access_token().cloned();
    machine.ask(now, Ask::Refresh);
    let call = drain(&mut machine, now, Target::Refresh, &mut kept).expect("a call");
    machine.feed(now, Input::Answered { call, answer });
    drain(&mut machine, now, Target::Refresh, &mut kept);
    let wait = match machine.ask(now, Ask::Refresh) {
        Reply::Fail(error) => error.retry_after.as_ms(),
        _ => 0.0,
    };
    assert!(wait <= DAY);
    let renewed = machine.access_token().cloned() != before;
    match machine.status() {
        Status::SignedIn => {
            assert!(wait == 0.0 || machine.access_token().cloned() == before);
            let ok = (200..300).contains(&status);
            assert!(ok || !renewed, "{status} brought a token");
            // It may give the same token again.
            assert!(wait > 0.0 || ok, "{status} makes nothing wait");
        }
        Status::SignedOut => {
            let definitive = [400, 401, 403, 410, 422].contains(&status);
            assert!(
                definitive || answer.body.contains("invalid_grant") || answer.body.contains('\\')
            );
            assert!(!answer.body.trim_ascii_start().starts_with('<'));
        }
        Status::Unknown => panic!("a session became unknown"),
    }
}

/// Retry-After is a number of seconds, what httpdate reads, or nothing.
pub fn retry_after(text: &str) {
    let now = at(NOW);
    let wait = pace::retry_after(text, now, date::read);
    let digits = text.trim_ascii();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = digits.parse::<f64>().expect("digits");
        let expected = (seconds * 1000.0).min(DAY);
        assert_eq!(wait.expect("a wait").as_ms(), expected);
    } else if let Ok(then) = httpdate::parse_http_date(text)
        && let Ok(since) = then.duration_since(std::time::UNIX_EPOCH)
    {
        // httpdate takes any byte for some of the separators, and sees other
        // centuries in two digits: only its own form has to be taken.
        let own = httpdate::fmt_http_date(then) == text;
        let expected = Some(at(since.as_secs() as f64 * 1000.0).since(now));
        let other_century = text.contains('-');
        assert!(
            wait == expected || !own && (wait.is_none() || other_century),
            "{text}"
        );
    }
    // Told to a machine, none of it makes anybody wait for ever.
    let mut pace = Pace::default();
    let mono = clocks(0.0).mono;
    pace.failed(mono, wait.unwrap_or_default(), 0.5);
    assert!((250.0..=DAY).contains(&pace.wait(mono).as_ms()));
    let _ = (date::http(text), date::iso8601(text));
}

/// A token goes to the entry and below, and nowhere else. The entry is the
/// first line, the address the rest.
pub fn origin(text: &str) {
    let (entry, address) = text.split_once('\n').unwrap_or((text, text));
    let Some(taken) = parse_url(entry, None) else {
        return;
    };
    let mut origins = Origins::default();
    if origins.add(&*taken).is_err() {
        return assert!(!origins.admits(&*taken));
    }
    assert!(origins.admits(&*taken));
    let entry = url::Url::parse(entry).expect("a URL");
    let page = url::Url::parse("https://page.example/").expect("a URL");
    let Ok(url) = page.join(address) else {
        return;
    };
    let segments = |path: &str| path.split('/').map(String::from).collect::<Vec<_>>();
    let below = segments(url.path()).starts_with(&segments(entry.path().trim_end_matches('/')));
    let wanted = url.scheme() == entry.scheme()
        && url.host_str() == entry.host_str()
        && url.port_or_known_default() == entry.port_or_known_default()
        && below;
    let taken = parse_url(address, Some(page.as_str())).expect("a URL");
    assert_eq!(origins.admits(&*taken), wanted, "{entry} {url}");
}
