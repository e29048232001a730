//! What the engine tells the host: the members of each output, by name.

use super::engine::Engine;
use super::host::Act;
use crate::core::call::{self, Target};
use crate::core::document::Members;
use crate::core::json::Writer;
use crate::core::policy::{BodyKind, Credentials};
use crate::core::secret::Secret;
use crate::core::view::Status;
use crate::core::{Call, Ending, Error, Event, Machine, Output, Place, SignedOutBy};

/// The members of one thing that is told.
pub(super) struct Told(Writer);

impl Engine {
    /// Tells the host the members of what comes next.
    #[inline(never)]
    pub(super) fn tell(&self, told: Told) {
        let members = told.0.end();
        if members.len() > "{}".len() {
            self.host.tell(&members);
        }
    }

    /// Tells the members of an output, and gives the act that it asks for.
    pub(super) fn told(&self, output: Output) -> (Act, f64) {
        let mut told = Told::new();
        let done = told.output(output, &self.machine.borrow());
        self.tell(told);
        done
    }
}

impl Told {
    pub fn new() -> Self {
        Self(Writer::object())
    }

    fn output(&mut self, output: Output, machine: &Machine) -> (Act, f64) {
        let (act, number) = match output {
            Output::Read { op, place } => {
                self.place(place);
                (Act::Read, op.number())
            }
            Output::Swap {
                op,
                place,
                expected,
                text,
            } => {
                self.place(place);
                self.text("expected", expected.as_deref());
                self.text("text", text.as_deref());
                (Act::Swap, op.number())
            }
            Output::Channel { open: true } => return (Act::OpenChannel, machine.tab() as f64),
            Output::Channel { open: false } => (Act::CloseChannel, 0),
            Output::Post(text) => {
                self.text("text", Some(&text));
                (Act::Post, 0)
            }
            Output::Echo(text) => {
                self.text("text", Some(&text));
                (Act::Echo, 0)
            }
            Output::Lock {
                lock,
                steal,
                shared,
            } => {
                self.flag("steal", steal);
                self.flag("shared", shared);
                (Act::Lock, lock.number())
            }
            Output::Unlock { lock } => (Act::Unlock, lock.number()),
            Output::Call(call) => {
                self.call(&call);
                (Act::Call, call.id.number())
            }
            Output::Abort { call } => (Act::Abort, call.number()),
            Output::WatchLeaving(watch) => (Act::WatchLeaving, watch.into()),
            Output::WatchActivity(watch) => (Act::WatchActivity, watch.into()),
            Output::WaitEnded(wait) => (Act::WaitEnded, wait.number()),
            Output::SignInEnded { request, result } => {
                self.fail(result.err());
                (Act::SignInEnded, request.number())
            }
            Output::LogoutEnded { request } => (Act::LogoutEnded, request.number()),
            Output::Snapshot => {
                self.snapshot(machine);
                (Act::Snapshot, 0)
            }
            Output::Pass => {
                let pass = machine.current_pass();
                if let Some(pass) = pass {
                    self.number("until", pass.until.as_ms().min(f64::MAX));
                }
                let until = pass.map_or(0.0, |pass| pass.until_mono.as_ms());
                return (Act::Pass, until);
            }
            Output::Event(event) => {
                self.event(event);
                (Act::Event, 0)
            }
            Output::Started => (Act::Started, 0),
            Output::Closed => (Act::Closed, 0),
        };
        (act, number.into())
    }

    fn snapshot(&mut self, machine: &Machine) {
        let snapshot = machine.snapshot();
        let state = match snapshot.status {
            Status::Unknown => "unknown",
            Status::SignedOut => "signed-out",
            Status::SignedIn => "signed-in",
        };
        self.text("state", Some(state));
        self.flag("refreshing", snapshot.refreshing);
        self.flag("stale", snapshot.stale);
        self.number("expires", snapshot.expires.as_ms());
        self.number("ends", snapshot.session_ends.as_ms());
        self.ending(snapshot.ending);
        self.number("serial", snapshot.serial.number().into());
        self.number("party", machine.current_party().number().into());
        self.text("token", machine.access_token().map(Secret::expose));
        self.fail(snapshot.error);
    }

    #[inline(never)]
    fn call(&mut self, call: &Call) {
        let target = match call.target {
            Target::Login => "login",
            Target::Refresh => "refresh",
            Target::Logout => "logout",
        };
        self.text("target", Some(target));
        let body = match call.body {
            BodyKind::None => "none",
            BodyKind::Json => "json",
            BodyKind::Form => "form",
        };
        self.text("body", Some(body));
        let credentials = match call.credentials {
            Credentials::Include => "include",
            Credentials::SameOrigin => "same-origin",
            Credentials::Omit => "omit",
        };
        self.text("credentials", Some(credentials));
        self.flag("access", call.access);
        let place = call.refresh.map(|place| match place {
            call::Place::Header => "header",
            call::Place::Field => "field",
        });
        self.text("refresh", place);
        self.flag("grant", call.grant_type);
        self.flag("keepalive", call.keepalive);
        if let Some(request) = call.request {
            self.number("login", request.number().into());
        }
        if let Some(session) = &call.session {
            for (name, secret) in [
                ("accessToken", &session.access),
                ("refreshToken", &session.refresh),
            ] {
                self.text(name, secret.as_ref().map(Secret::expose));
            }
        }
    }

    #[inline(never)]
    fn event(&mut self, event: Event) {
        let (kind, reason) = match event {
            Event::SignedIn => ("signed-in", None),
            Event::Refreshed => ("refreshed", None),
            Event::RefreshFailed(error) => {
                self.fail(Some(error));
                ("refresh-failed", None)
            }
            Event::UserChanged => ("user-changed", None),
            Event::Warning(error) => {
                self.fail(Some(error));
                ("warning", None)
            }
            Event::SignedOut(by) => (
                "signed-out",
                Some(match by {
                    SignedOutBy::Logout => "logout",
                    SignedOutBy::RefreshRejected => "refresh-rejected",
                    SignedOutBy::OtherTab => "other-tab",
                    SignedOutBy::Idle => "idle",
                    SignedOutBy::Lifetime => "lifetime",
                }),
            ),
            Event::SessionEnding { ends, cause } => {
                self.number("endsAt", ends.as_ms());
                self.ending(Some(cause));
                ("session-ending", None)
            }
        };
        self.text("type", Some(kind));
        self.text("reason", reason);
    }

    /// Tells an error, if there is one.
    pub fn fail(&mut self, error: Option<Error>) {
        if let Some(error) = error {
            let more = [
                ("cause", error.cause.map(|cause| f64::from(cause as u32))),
                ("status", Some(f64::from(error.status))),
                ("call", error.call.map(|call| call.number().into())),
                ("wait", Some(error.retry_after.whole().as_ms())),
            ];
            self.number("fault", f64::from(error.fault as u32));
            for (name, value) in more {
                self.number(name, value.unwrap_or(f64::NAN));
            }
        }
    }

    #[inline(never)]
    fn ending(&mut self, cause: Option<Ending>) {
        let cause = cause.map(|cause| match cause {
            Ending::Idle => "idle",
            Ending::Lifetime => "lifetime",
        });
        self.text("ending", cause);
    }

    fn place(&mut self, place: Place) {
        self.number("place", f64::from(place as u32));
    }

    pub fn number(&mut self, name: &str, value: f64) {
        self.0.number(name, value);
    }

    pub fn text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.0.text(name, text);
        }
    }

    pub fn flag(&mut self, name: &str, flag: bool) {
        if flag {
            self.number(name, 1.0);
        }
    }
}
