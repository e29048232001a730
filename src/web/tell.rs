//! What the engine tells the host: the members of each output, by name.

use super::engine::Engine;
use super::host::Act;
use crate::core::call::{self, Target};
use crate::core::policy::{BodyKind, Credentials};
use crate::core::secret::Secret;
use crate::core::view::Status;
use crate::core::{Call, Ending, Error, Event, Output, Place, SignedOutBy};

impl Engine {
    /// Tells the members of an output, and gives the act that it asks for.
    pub(super) fn told(&self, output: Output) -> (Act, u32) {
        let host = &self.host;
        match output {
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
            Output::Channel { open: true } => (Act::OpenChannel, 0),
            Output::Channel { open: false } => (Act::CloseChannel, 0),
            Output::Post(text) => {
                host.text("text", &text);
                (Act::Post, 0)
            }
            Output::Echo(text) => {
                host.text("text", &text);
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
                self.snapshot();
                (Act::Snapshot, 0)
            }
            Output::Pass => {
                if let Some(pass) = self.machine.borrow().current_pass() {
                    host.number("until", pass.until.as_ms().min(f64::MAX));
                    host.number("untilMono", pass.until_mono.as_ms().min(f64::MAX));
                }
                (Act::Pass, 0)
            }
            Output::Event(event) => {
                self.event(event);
                (Act::Event, 0)
            }
            Output::Started => (Act::Started, 0),
            Output::Closed => (Act::Closed, 0),
        }
    }

    fn snapshot(&self) {
        let machine = self.machine.borrow();
        let host = &self.host;
        let snapshot = machine.snapshot();
        host.text(
            "state",
            match snapshot.status {
                Status::Unknown => "unknown",
                Status::SignedOut => "signed-out",
                Status::SignedIn => "signed-in",
            },
        );
        self.flag("refreshing", snapshot.refreshing);
        self.flag("stale", snapshot.stale);
        host.number("expires", snapshot.expires.as_ms());
        host.number("ends", snapshot.session_ends.as_ms());
        host.number("serial", snapshot.serial.number().into());
        host.number("party", machine.current_party().number().into());
        self.text("token", machine.access_token().map(Secret::expose));
        self.fail(snapshot.error);
    }

    fn call(&self, call: &Call) {
        let host = &self.host;
        host.text(
            "target",
            match call.target {
                Target::Login => "login",
                Target::Refresh => "refresh",
                Target::Logout => "logout",
            },
        );
        host.text(
            "body",
            match call.body {
                BodyKind::None => "none",
                BodyKind::Json => "json",
                BodyKind::Form => "form",
            },
        );
        host.text(
            "credentials",
            match call.credentials {
                Credentials::Include => "include",
                Credentials::SameOrigin => "same-origin",
                Credentials::Omit => "omit",
            },
        );
        self.flag("access", call.access);
        let place = call.refresh.map(|place| match place {
            call::Place::Header => "header",
            call::Place::Field => "field",
        });
        self.text("refresh", place);
        self.flag("grant", call.grant_type);
        self.flag("keepalive", call.keepalive);
        if let Some(request) = call.request {
            host.number("login", request.number().into());
        }
        if let Some(session) = &call.session {
            let text = |name, secret: &Option<Secret>| {
                self.text(name, secret.as_ref().map(Secret::expose));
            };
            text("accessToken", &session.access);
            text("refreshToken", &session.refresh);
        }
    }

    fn event(&self, event: Event) {
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
                self.host.number("endsAt", ends.as_ms());
                let cause = match cause {
                    Ending::Idle => "idle",
                    Ending::Lifetime => "lifetime",
                };
                self.host.text("ending", cause);
                ("session-ending", None)
            }
        };
        self.host.text("type", kind);
        self.text("reason", reason);
    }

    /// Tells an error, if there is one.
    pub(super) fn fail(&self, error: Option<Error>) {
        if let Some(error) = error {
            let more = [
                ("cause", error.cause.map(|cause| f64::from(cause as u32))),
                ("status", Some(f64::from(error.status))),
                ("call", error.call.map(|call| call.number().into())),
                ("wait", Some(error.retry_after.whole().as_ms())),
            ];
            self.host.number("fault", f64::from(error.fault as u32));
            for (name, value) in more {
                self.host.number(name, value.unwrap_or(f64::NAN));
            }
        }
    }

    fn place(&self, place: Place) {
        self.host.number("place", f64::from(place as u32));
    }

    pub(super) fn text(&self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.host.text(name, text);
        }
    }

    pub(super) fn flag(&self, name: &str, flag: bool) {
        if flag {
            self.host.number(name, 1.0);
        }
    }
}
