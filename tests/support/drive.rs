//! What the shell does: performs the machine's outputs in the world, and
//! feeds it what happened.

use evertoken::core::answer::Answer;
use evertoken::core::call::{Call, Place, Target};
use evertoken::core::flight::Failure;
use evertoken::core::policy::Credentials;
use evertoken::core::{Committed, Machine, Output};

use super::auth::{Manner, Reply};
use super::fault::Fault;
use super::store::{Asking, Kind, Message};
use super::tab::{Arrival, Done, InFlight, Waiting};
use super::world::{Happening, World};

/// The refresh token that stands in the body of a call.
fn carried(call: &Call) -> Option<String> {
    let session = call.session.as_deref()?;
    let token = session.refresh.as_ref()?;
    (call.refresh == Some(Place::Field)).then(|| token.expose().to_owned())
}

/// Ended turns that somebody may still ask for.
const REMEMBERED: usize = 8;
const LONGEST_TIMEOUT: f64 = 2_147_483_647.0;

impl World {
    /// Feeds a tab's machine, and does what it wants done.
    pub(super) fn feed<R>(&mut self, tab: usize, input: impl FnOnce(&mut Machine) -> R) -> R {
        let result = input(&mut self.tabs[tab].machine);
        if !std::mem::replace(&mut self.tabs[tab].draining, true) {
            while let Some(output) = self.tabs[tab].machine.poll() {
                self.perform(tab, output);
            }
            self.tabs[tab].draining = false;
            self.set_timer(tab);
            self.laws_after_feed(tab);
        }
        result
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
            let delay = (at - self.wall().as_ms())
                .ceil()
                .clamp(0.0, LONGEST_TIMEOUT) as u64;
            self.arrive(delay, tab, Arrival::Timer(self.tabs[tab].timer));
        }
    }

    fn perform(&mut self, tab: usize, output: Output) {
        self.note(|| format!("tab {tab} -> {output:?}"));
        match output {
            Output::Lock { turn, steal } => self.take_lock(tab, turn, steal),
            Output::Unlock { turn } => {
                if self.fault != Some(Fault::NoUnlock) {
                    self.leave_lock((tab, turn));
                }
            }
            Output::Read { turn } => self.read(tab, turn),
            Output::Call(call) => self.call(tab, call),
            Output::Abort { call } => {
                self.auth.lose(tab, Some(call));
                let held = &mut self.tabs[tab];
                if held.calls.iter().any(|flight| flight.number == call) {
                    held.calls.retain(|flight| flight.number != call);
                    held.stopped.insert(call);
                    self.micro.push_back((tab, Arrival::Failed { call }));
                }
            }
            Output::Commit { number } => self.commit(tab, number),
            Output::Tell => {
                let text = self.tabs[tab].told();
                self.tell(tab, text);
            }
            Output::TurnEnded { turn, outcome } => {
                let held = &mut self.tabs[tab];
                if held.outcomes.len() >= REMEMBERED {
                    held.outcomes.pop_front();
                }
                held.outcomes.push_back((turn, outcome));
                if self.fault != Some(Fault::NoTurnEnded) {
                    self.release(tab, turn);
                }
            }
            Output::SignInEnded { request, result } => {
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
                held.pass = held.machine.current_pass();
                held.token = held
                    .machine
                    .access_token()
                    .map(|token| token.expose().to_owned());
            }
            Output::Event(event) => self.tell_event(tab, event),
            Output::Closed => {
                self.tabs[tab].closed = true;
                self.post(tab, Message::Bye);
            }
        }
    }

    fn tell_event(&mut self, tab: usize, event: evertoken::core::Event) {
        self.laws_at_event(tab, &event);
        if self.auth.cookie && event == evertoken::core::Event::SignedIn {
            // Of which session the cookie is from now on, is the browser's
            // affair: an answer to an older one may still replace it.
            self.tabs[tab].ended.clear();
            self.laws.signed_out.clear();
        }
        let now = self.now;
        self.tabs[tab].events.push((now, event));
    }

    /// Lets those who wait for a turn ask what to do, each in its turn.
    fn release(&mut self, tab: usize, turn: u32) {
        let waiting = std::mem::take(&mut self.tabs[tab].waiting);
        let (ready, others): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|waiting| waiting.turn == turn);
        self.tabs[tab].waiting = others;
        self.micro.extend(
            ready
                .into_iter()
                .map(|waiting| (tab, Arrival::Resume(waiting))),
        );
    }

    pub(super) fn wait(&mut self, tab: usize, waiting: Waiting) {
        if self.tabs[tab]
            .outcomes
            .iter()
            .any(|(turn, _)| *turn == waiting.turn)
        {
            self.micro.push_back((tab, Arrival::Resume(waiting)));
        } else {
            self.tabs[tab].waiting.push(waiting);
        }
    }

    // ---- calls ----

    fn call(&mut self, tab: usize, call: Call) {
        // The last refresh of a sign-out belongs to no turn, and waits for
        // nobody.
        let refresh =
            call.target == Target::Refresh && self.tabs[tab].machine.snapshot().refreshing;
        let cookie = self
            .cookie
            .clone()
            .filter(|_| call.credentials == Credentials::Include);
        let carried = carried(&call).or_else(|| cookie.clone());
        let family = carried.and_then(|token| self.auth.family_of_refresh(&token));
        let flight = InFlight {
            number: call.number,
            refresh,
            since: self.now,
            family,
        };
        if refresh {
            self.laws_at_refresh(tab, &flight);
            self.post(tab, Message::Begun);
            if self.fault == Some(Fault::EarlyUnlock) {
                let held: Vec<_> = self
                    .lock
                    .holder
                    .into_iter()
                    .filter(|who| who.0 == tab)
                    .collect();
                held.into_iter().for_each(|who| self.leave_lock(who));
            }
        }
        self.tabs[tab].calls.push(flight);
        if let Some(reply) = self.tabs[tab].stale.take() {
            let call = call.number;
            let reply = Box::new(reply);
            return self.arrive(1, tab, Arrival::Answered { call, reply });
        }
        let (from, to) = self.network.server;
        let delay = self.random.between(from, to);
        if self.network.down {
            self.tally.outages += 1;
            return self.arrive(delay, tab, Arrival::Failed { call: call.number });
        }
        let user = match call.target {
            Target::Login => self.login_user(tab),
            _ => "",
        };
        self.later(
            delay,
            Happening::Reaches {
                tab,
                call,
                cookie,
                user,
            },
        );
    }

    /// The user of the newest login of a tab that has no call yet.
    fn login_user(&mut self, tab: usize) -> &'static str {
        let held = &self.tabs[tab];
        let newest = held.requests.iter().max_by_key(|(number, _)| **number);
        match newest.map(|(_, caller)| self.callers[*caller].kind) {
            Some(super::tab::Kind::Login(user)) => user,
            _ => "nobody",
        }
    }

    fn reach(&mut self, tab: usize, call: &Call, cookie: Option<String>, user: &'static str) {
        let now = self.server_time();
        let carried = carried(call).or(cookie);
        let session = call.session.as_deref();
        let bearer = session
            .and_then(|session| session.access.as_ref())
            .filter(|_| call.access)
            .map(|token| token.expose());
        let mut extra = 0;
        let (reply, drops) = match call.target {
            Target::Login => {
                let drops = matches!(self.auth.login_script.front(), Some(Manner::DropBefore));
                self.tally.answers += u64::from(!self.auth.login_script.is_empty());
                (self.auth.login(user, now), drops)
            }
            Target::Logout => {
                let drops = matches!(self.auth.logout_script.front(), Some(Manner::DropBefore));
                self.tally.answers += u64::from(!self.auth.logout_script.is_empty());
                (self.auth.logout(carried.as_deref(), bearer), drops)
            }
            Target::Refresh => {
                self.auth.refresh_calls.push(self.now);
                let manner = self.auth.next_manner();
                self.tally.refreshes += 1;
                self.tally.answers += u64::from(manner != Manner::Good);
                self.note(|| format!("refresh of tab {tab}, call {}: {manner:?}", call.number));
                if let Manner::Slow(by) = manner {
                    extra = by;
                }
                let reply = self
                    .auth
                    .refresh(carried.as_deref(), &manner, (tab, call.number), now);
                if !self.tabs[tab]
                    .calls
                    .iter()
                    .any(|flight| flight.number == call.number)
                    || !self.tabs[tab].awake()
                {
                    self.auth.lose(tab, Some(call.number));
                    // Sent before its tab died, or gave up on it.
                    self.auth.reuses.clear();
                }
                self.laws_at_server();
                (
                    reply,
                    matches!(manner, Manner::DropBefore | Manner::DropAfter),
                )
            }
        };
        let (from, to) = self.network.server;
        let delay = self.random.between(from, to) + extra;
        match reply {
            Some(reply) => {
                self.later(
                    delay,
                    Happening::Returns {
                        tab,
                        call: call.number,
                        reply: Box::new(reply),
                    },
                );
            }
            None if drops => self.arrive(delay, tab, Arrival::Failed { call: call.number }),
            None => {}
        }
    }

    /// Notes when a token was last received.
    pub(super) fn received(&mut self, access: &str) {
        let (now, back) = (self.now, self.set_back);
        let (at, before) = self
            .laws
            .receipts
            .entry(access.to_owned())
            .or_insert((now, back));
        // A tab may know of the first time only, and the clock may have been
        // set back since.
        (*at, *before) = (now, before.min(back));
    }

    fn land(&mut self, tab: usize, call: u32, reply: Box<Reply>) {
        if self.network.down {
            self.tally.outages += 1;
            self.auth.lose(tab, Some(call));
            return self.arrived(tab, Arrival::Failed { call });
        }
        if !self.tabs[tab].alive {
            return;
        }
        if let Some(cookie) = &reply.cookie {
            self.cookie.clone_from(cookie);
        }
        self.arrived(tab, Arrival::Answered { call, reply });
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
            } => self.reach(tab, &call, cookie, user),
            Happening::Returns { tab, call, reply } => self.land(tab, call, reply),
            Happening::ApiReaches { caller, token } => self.api(caller, token.as_deref()),
            Happening::Freed { who } => self.leave_lock(who),
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
            if !(held.cached && matches!(what, Arrival::Message { .. })) {
                held.mailbox.push_back(what);
            }
            return;
        }
        let now = self.wall();
        match what {
            Arrival::Timer(number) => {
                if self.tabs[tab].timer == number {
                    self.tabs[tab].wake_at = f64::INFINITY;
                    self.feed(tab, |machine| machine.wake(now));
                }
            }
            Arrival::Granted(turn, request) => {
                if self.tabs[tab].lock == Some((turn, request)) {
                    self.post(tab, Message::Begun);
                    self.feed(tab, |machine| machine.granted(now, turn));
                }
            }
            Arrival::Claim {
                turn,
                request,
                steal,
            } => self.claim(tab, turn, request, steal),
            Arrival::Robbed(turn, request) => {
                if self.tabs[tab].lock == Some((turn, request)) {
                    self.feed(tab, |machine| machine.robbed(now, turn));
                }
            }
            Arrival::Answered { call, reply } => {
                if let Some(access) = &reply.access {
                    self.received(access);
                }
                self.auth.answered(tab, call);
                let held = &mut self.tabs[tab];
                if self.fault == Some(Fault::NoNumbers) && held.stopped.remove(&call) {
                    held.stale = Some(*reply);
                    return;
                }
                held.calls.retain(|flight| flight.number != call);
                let Reply {
                    status,
                    media,
                    body,
                    retry_after,
                    ..
                } = &*reply;
                let answer = Answer {
                    status: *status,
                    media_type: media,
                    retry_after: retry_after.as_deref(),
                    body,
                };
                self.feed(tab, |machine| machine.answered(now, call, answer));
            }
            Arrival::Failed { call } => {
                self.auth.lose(tab, Some(call));
                self.tabs[tab].calls.retain(|flight| flight.number != call);
                self.feed(tab, |machine| machine.failed(now, call, Failure::Network));
            }
            Arrival::Heard(text) => self.feed(tab, |machine| machine.heard(now, &text)),
            Arrival::Message { from, message } => self.take_message(tab, from, message),
            Arrival::AskOver { number } => self.asked(tab, number),
            Arrival::Reread { turn } => {
                let stored = self.read_store();
                self.feed(tab, |machine| machine.read(now, turn, stored.as_deref()));
            }
            Arrival::Swap { number, text } => {
                let stored = self.swap(tab, number, &text);
                let kept = self.store.fails;
                let delay = self.random.between(1, 4);
                if stored.is_none() {
                    self.auth.keep(tab);
                }
                self.arrive(
                    delay,
                    tab,
                    Arrival::Committed {
                        number,
                        stored,
                        kept,
                    },
                );
            }
            Arrival::Committed {
                number,
                stored,
                kept,
            } => {
                let text = self.tabs[tab]
                    .machine
                    .pending(number)
                    .map(|record| record.stored(self.tabs[tab].machine.pace()).into());
                self.committed(tab, number, text, stored, kept);
            }
            Arrival::Response { caller, status } => self.respond(caller, status),
            Arrival::Resume(waiting) => self.resume(tab, waiting),
        }
    }
}
