//! What the host does: performs the machine's outputs in the world, and feeds
//! it what happened.

use evertoken::internals::answer::Answer;
use evertoken::internals::flight::Failure;
use evertoken::internals::{CallId, Input, Output, Swapped, Unavailable, WaitId};

use super::auth::Reply;
use super::document::PLATFORM;
use super::fault::Fault;
use super::store::{Effect, Exchange, Operation};
use super::tab::{Arrival, Done, Waiting};
use super::world::{Happening, World};

/// Ended waits that somebody may still ask for.
const REMEMBERED: usize = 8;
const LONGEST_TIMEOUT: f64 = 2_147_483_647.0;

impl World {
    /// Feeds a tab's machine, and does what it wants done.
    pub(super) fn feed(&mut self, tab: usize, input: Input<'_>) {
        let now = self.clocks(tab);
        self.tabs[tab].machine.feed(now, input);
        self.drain(tab);
    }

    /// Does what a tab's machine wants done, then sets the timer.
    pub(super) fn drain(&mut self, tab: usize) {
        if std::mem::replace(&mut self.tabs[tab].draining, true) {
            return;
        }
        while let Some(output) = self.tabs[tab].machine.poll() {
            self.perform(tab, output);
        }
        self.tabs[tab].draining = false;
        self.set_timer(tab);
        self.laws_after_feed(tab);
    }

    fn set_timer(&mut self, tab: usize) {
        let at = self.tabs[tab].machine.deadline().as_ms();
        if at == self.tabs[tab].wake_at
            || self.tabs[tab].closed
            || self.fault == Some(Fault::NoTimer)
        {
            return;
        }
        self.tabs[tab].wake_at = at;
        self.tabs[tab].timer += 1;
        if at < f64::INFINITY {
            let delay = (at - self.clocks(tab).mono.as_ms())
                .ceil()
                .clamp(0.0, LONGEST_TIMEOUT) as u64;
            self.arrive(delay, tab, Arrival::Timer(self.tabs[tab].timer));
        }
    }

    fn perform(&mut self, tab: usize, output: Output) {
        self.note(|| format!("tab {tab} -> {output:?}"));
        match output {
            Output::Read { op, place } => self.operate(
                tab,
                Operation {
                    op,
                    place,
                    exchange: None,
                },
            ),
            Output::Swap {
                op,
                place,
                expected,
                text,
            } => self.operate(
                tab,
                Operation {
                    op,
                    place,
                    exchange: Some(Exchange { expected, text }),
                },
            ),
            Output::Channel { open } => self.tabs[tab].channel = open,
            Output::Post(text) => self.post(tab, &text, false),
            Output::Echo(text) => self.post(tab, &text, true),
            Output::Lock {
                lock,
                steal,
                shared,
            } => self.take_lock(tab, lock, steal, shared),
            Output::Unlock { lock } => {
                if self.fault != Some(Fault::NoUnlock) {
                    self.leave_lock((tab, lock));
                }
            }
            Output::Call(call) => self.call(tab, call),
            Output::Abort { call } => self.stop(tab, call),
            Output::WatchLeaving(watches) => self.tabs[tab].watches = watches,
            Output::WatchActivity(watches) => self.tabs[tab].watches_user = watches,
            Output::WaitEnded(wait) => {
                let held = &mut self.tabs[tab];
                if held.ended_waits.len() >= REMEMBERED {
                    held.ended_waits.pop_front();
                }
                held.ended_waits.push_back(wait);
                if self.fault != Some(Fault::NoTurnEnded) {
                    self.release(tab, wait);
                }
            }
            Output::SignInEnded { request, result } => {
                self.tabs[tab].logins.retain(|(own, _)| *own != request);
                if let Some(caller) = self.tabs[tab].requests.remove(&request) {
                    self.done(caller, result.map_or_else(Done::Failed, |()| Done::Ok));
                }
            }
            Output::LogoutEnded { request } => {
                if let Some(caller) = self.tabs[tab].requests.remove(&request) {
                    self.laws_at_logout(tab);
                    self.done(caller, Done::Ok);
                }
            }
            Output::Snapshot => {
                let snapshot = self.tabs[tab].machine.snapshot();
                self.tabs[tab].shown = Some(snapshot);
                self.tabs[tab].snapshots += 1;
            }
            Output::Pass => {
                let held = &mut self.tabs[tab];
                let pass = held.machine.current_pass();
                if pass.is_some() || self.fault != Some(Fault::KeptPass) {
                    held.pass = pass;
                }
                held.token = held
                    .machine
                    .access_token()
                    .map(|token| token.expose().into());
            }
            Output::Event(event) => self.tell_event(tab, event),
            Output::Started => self.tabs[tab].started = true,
            Output::Closed => self.tabs[tab].closed = true,
        }
    }

    fn tell_event(&mut self, tab: usize, event: evertoken::internals::Event) {
        self.laws_at_event(tab, &event);
        if self.auth.cookie && event == evertoken::internals::Event::SignedIn {
            // Of which session the cookie is from now on, is the browser's
            // affair: an answer to an older one may still replace it.
            self.tabs[tab].ended.clear();
            self.laws.signed_out.clear();
        }
        let now = self.now;
        self.tabs[tab].events.push((now, event));
    }

    /// Lets those who wait ask what to do, each in its turn.
    fn release(&mut self, tab: usize, wait: WaitId) {
        let waiting = std::mem::take(&mut self.tabs[tab].waiting);
        let (ready, others): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|waiting| waiting.wait == wait);
        self.tabs[tab].waiting = others;
        self.micro.extend(
            ready
                .into_iter()
                .map(|waiting| (tab, Arrival::Resume(waiting))),
        );
    }

    pub(super) fn wait(&mut self, tab: usize, waiting: Waiting) {
        if self.tabs[tab].ended_waits.contains(&waiting.wait) {
            self.micro.push_back((tab, Arrival::Resume(waiting)));
        } else {
            self.tabs[tab].waiting.push(waiting);
        }
    }

    // ---- what arrives ----

    pub(super) fn happen(&mut self, what: Happening) {
        match what {
            Happening::Arrives { tab, what } => self.arrived(tab, what),
            Happening::Reaches {
                tab,
                call,
                cookie,
                user,
            } => self.reach(tab, &call, cookie.as_deref(), user),
            Happening::Returns {
                tab,
                call,
                keepalive,
                reply,
            } => self.land(tab, call, keepalive, reply),
            Happening::Baked(cookie) => self.cookie = cookie,
            Happening::ApiReaches { caller, token } => self.api(caller, token.as_deref()),
            Happening::Operates { tab, operation } => self.operates(tab, operation),
            Happening::Writes { tab, operation } => self.writes(tab, operation),
            Happening::Freed(who) => self.leave_lock(who),
        }
    }

    pub(super) fn arrived(&mut self, tab: usize, what: Arrival) {
        let held = &mut self.tabs[tab];
        if !held.alive || held.closed {
            // What a closed manager was asked for still gets an answer.
            match what {
                Arrival::Response { caller, status } if held.alive => {
                    self.done(caller, Done::Answer(status));
                }
                Arrival::Resume(waiting) if held.alive => {
                    self.done(waiting.caller, Done::Failed(Self::disposed()));
                }
                _ => {}
            }
            return;
        }
        if held.frozen {
            let lost = matches!(what, Arrival::Message(_) | Arrival::Changed { .. });
            if !(held.cached && lost) {
                held.mailbox.push_back(what);
            }
            return;
        }
        match what {
            Arrival::Timer(number) => self.timer(tab, number),
            Arrival::Granted(lock) => self.feed(tab, Input::Granted { lock }),
            Arrival::Robbed(lock) => self.feed(tab, Input::Robbed { lock }),
            Arrival::LockUnavailable(lock) => self.feed(tab, Input::LockUnavailable { lock }),
            Arrival::Operated { op, effect } => self.fed_effect(tab, op, &effect),
            Arrival::Changed { place, text } => {
                let text = text.as_deref();
                self.feed(tab, Input::Changed { place, text });
            }
            Arrival::Message(text) => {
                if !self.tabs[tab].channel {
                    return;
                }
                self.tabs[tab].hears = true;
                if let Some(message) = (PLATFORM.json)(&text) {
                    self.feed(tab, Input::Message(&*message));
                }
                self.tabs[tab].hears = false;
            }
            Arrival::Answered { call, reply } => self.answered(tab, call, &reply),
            Arrival::Failed { call } => {
                let held = &mut self.tabs[tab];
                if self.fault == Some(Fault::LeavingDrops) && self.now < held.leaves_until {
                    held.stopped.insert(call);
                    return;
                }
                let count = held.calls.len();
                held.calls.retain(|flight| flight.number != call);
                if held.calls.len() < count {
                    self.auth.lose(tab, Some(call));
                }
                if self.fault == Some(Fault::FailureIsRefusal) {
                    let answer = Answer {
                        status: 401,
                        ..Answer::default()
                    };
                    return self.feed(tab, Input::Answered { call, answer });
                }
                let failure = match self.network.unsendable {
                    true => Failure::Unsendable,
                    false => Failure::Network,
                };
                self.feed(tab, Input::Failed { call, failure });
            }
            Arrival::Response { caller, status } => self.respond(caller, status),
            Arrival::Resume(waiting) => self.resume(tab, waiting),
        }
    }

    fn timer(&mut self, tab: usize, number: u64) {
        if self.tabs[tab].timer != number {
            return;
        }
        let left = self.tabs[tab].wake_at - self.clocks(tab).mono.as_ms();
        self.tabs[tab].wake_at = f64::INFINITY;
        if left > 0.0 {
            // The clock that it goes by stood still meanwhile.
            return self.set_timer(tab);
        }
        self.feed(tab, Input::Wake);
    }

    fn fed_effect(&mut self, tab: usize, op: evertoken::internals::OpId, effect: &Effect) {
        let input = match effect {
            Effect::Read(text) => Input::Read {
                op,
                found: Ok(text.as_deref()),
            },
            Effect::Done => Input::Swapped {
                op,
                swapped: Swapped::Done,
            },
            Effect::Found(text) => Input::Swapped {
                op,
                swapped: Swapped::Found(text.as_deref()),
            },
            // A read takes it for an answer of its own, a write does not.
            Effect::Failed { writes: true } => Input::Swapped {
                op,
                swapped: Swapped::Failed,
            },
            Effect::Failed { writes: false } => Input::Read {
                op,
                found: Err(Unavailable),
            },
        };
        self.feed(tab, input);
    }

    fn answered(&mut self, tab: usize, call: CallId, reply: &Reply) {
        let held = &mut self.tabs[tab];
        if held.stopped.contains(&call) {
            if self.fault == Some(Fault::NoNumbers) && held.stopped.remove(&call) {
                held.stale = Some(reply.clone());
            }
            return;
        }
        if let Some(access) = &reply.access {
            self.received(tab, access);
        }
        self.auth.answered(tab, call);
        self.tabs[tab].calls.retain(|flight| flight.number != call);
        let html = self.fault == Some(Fault::LabelDecides) && reply.media == "text/html";
        let answer = Answer {
            status: reply.status,
            retry_after: reply.retry_after.as_deref(),
            body: if html { "<" } else { &reply.body },
        };
        self.feed(tab, Input::Answered { call, answer });
    }
}
