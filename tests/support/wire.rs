//! What goes over the wire: the calls of pages to the authorization server,
//! its answers, and the cookie jar that they share.

use std::rc::Rc;

use evertoken::internals::CallId;
use evertoken::internals::call::{Call, Place, Target};
use evertoken::internals::policy::Credentials;

use super::auth::{Manner, Reply};
use super::fault::Fault;
use super::laws::Receipt;
use super::tab::{Arrival, Caller, InFlight, Kind};
use super::world::{Happening, World};

/// The refresh token that stands in the body of a call.
fn carried(call: &Call) -> Option<&str> {
    let session = call.session.as_deref()?;
    let token = session.refresh.as_ref()?;
    (call.refresh == Some(Place::Field)).then(|| token.expose())
}

impl World {
    pub(super) fn call(&mut self, tab: usize, call: Call) {
        // The last refresh of a sign-out belongs to no turn, and waits for
        // nobody.
        let refresh =
            call.target == Target::Refresh && self.tabs[tab].machine.snapshot().refreshing;
        let cookie = self
            .cookie
            .clone()
            .filter(|_| call.credentials == Credentials::Include);
        let family = carried(&call)
            .or(cookie.as_deref())
            .and_then(|token| self.auth.family_of_refresh(token));
        let flight = InFlight {
            number: call.id,
            refresh,
            keepalive: call.keepalive,
            since: self.now,
            family,
        };
        if refresh {
            self.laws_at_refresh(tab, &flight);
            if self.fault == Some(Fault::EarlyUnlock) {
                let holder = self.lock.holder.filter(|who| who.0 == tab);
                if let Some(who) = holder {
                    self.leave_lock(who);
                }
            }
        }
        self.tabs[tab].calls.push(flight);
        let user = match call.target {
            Target::Login => self.tabs[tab]
                .logins
                .pop_front()
                .map_or("nobody", |own| own.1),
            _ => "",
        };
        if let Some(reply) = self.tabs[tab].stale.take() {
            let call = call.id;
            let reply = Box::new(reply);
            return self.arrive(1, tab, Arrival::Answered { call, reply });
        }
        let (from, to) = self.network.server;
        let delay = self.random.between(from, to);
        if self.network.down {
            self.tally.outages += 1;
            return self.arrive(delay, tab, Arrival::Failed { call: call.id });
        }
        let call = Box::new(call);
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

    /// The page stops a call. One that outlives its page goes on in some
    /// browsers, and what it brings is put into the jar.
    pub(super) fn stop(&mut self, tab: usize, call: CallId) {
        let timeout = self.policy.timeout.as_ms() as u64;
        let (now, held) = (self.now, &mut self.tabs[tab]);
        let own = |flight: &InFlight| flight.number == call;
        let Some(at) = held.calls.iter().position(own) else {
            return;
        };
        let flight = held.calls.swap_remove(at);
        let goes_on = flight.keepalive && !self.stops_keepalive;
        let failed = held.stopped.contains(&call) && now >= flight.since + timeout;
        held.stopped.insert(call);
        if failed && held.thawed <= flight.since {
            self.broken(|| format!("tab {tab} waits for {call:?}, which has failed"));
        }
        let late = now >= flight.since + timeout;
        if !goes_on || late {
            self.auth.lose(tab, Some(call));
        }
        self.micro.push_back((tab, Arrival::Failed { call }));
    }

    pub(super) fn reach(
        &mut self,
        tab: usize,
        call: &Call,
        cookie: Option<&str>,
        user: &'static str,
    ) {
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
                if let Some(Manner::Slow(by)) = self.auth.login_script.front() {
                    extra = *by;
                }
                (self.auth.login(user, now), drops)
            }
            Target::Logout => {
                let drops = matches!(self.auth.logout_script.front(), Some(Manner::DropBefore));
                self.tally.answers += u64::from(!self.auth.logout_script.is_empty());
                (self.auth.logout(carried, bearer), drops)
            }
            Target::Refresh => {
                self.laws_of_pace(tab, call.id);
                self.auth.refresh_calls.push(self.now);
                let manner = self.auth.next_manner();
                self.tally.refreshes += 1;
                self.tally.answers += u64::from(manner != Manner::Good);
                self.note(|| format!("refresh of tab {tab}, {:?}: {manner:?}", call.id));
                if let Manner::Slow(by) = manner {
                    extra = by;
                }
                let reply = self.auth.refresh(carried, &manner, (tab, call.id), now);
                self.reached(tab, call);
                (
                    reply,
                    matches!(manner, Manner::DropBefore | Manner::DropAfter),
                )
            }
        };
        let (from, to) = self.network.server;
        let delay = self.random.between(from, to) + extra;
        match reply {
            Some(mut reply) => {
                if self.auth.mislabels {
                    reply.media = "text/html";
                }
                self.later(
                    delay,
                    Happening::Returns {
                        tab,
                        call: call.id,
                        keepalive: call.keepalive,
                        reply: Box::new(reply),
                    },
                );
            }
            None if drops => self.arrive(delay, tab, Arrival::Failed { call: call.id }),
            None => {}
        }
    }

    /// A refresh has reached the server: nobody is to blame for a token that
    /// is used again where the page had gone, or had given up, by then.
    fn reached(&mut self, tab: usize, call: &Call) {
        let held = &self.tabs[tab];
        let wanted = held.calls.iter().any(|flight| flight.number == call.id);
        if !wanted || !held.awake() {
            match self.auth.cookie && call.keepalive {
                true => self.auth.orphan(tab, call.id),
                false => self.auth.lose(tab, Some(call.id)),
            }
            self.auth.reuses.clear();
        }
        let sent = self.tabs[tab]
            .calls
            .iter()
            .find(|flight| flight.number == call.id);
        if let (Some(sent), Some((_, token))) = (sent, self.auth.reuses.last())
            && self.auth.was_on_its_way(token, sent.since)
        {
            self.auth.reuses.clear();
        }
        self.laws_at_server();
    }

    /// Notes when a token was last received, and by whom.
    pub(super) fn received(&mut self, tab: usize, access: &str) {
        let receipt = Receipt {
            at: self.now,
            set_back: self.set_back,
            mono_lost: self.mono_lost,
            tab,
        };
        let noted = self.laws.receipts.entry(access.to_owned());
        let noted = noted.or_insert(receipt);
        // A tab may know of the first time only, and the clock may have been
        // set back since.
        *noted = Receipt {
            set_back: noted.set_back.min(receipt.set_back),
            mono_lost: noted.mono_lost.min(receipt.mono_lost),
            ..receipt
        };
    }

    /// An answer reaches the browser, which puts its cookie into the jar
    /// unless the call ended with its page.
    pub(super) fn land(&mut self, tab: usize, call: CallId, keepalive: bool, reply: Box<Reply>) {
        if self.network.down {
            self.tally.outages += 1;
            self.auth.lose(tab, Some(call));
            return self.arrived(tab, Arrival::Failed { call });
        }
        let held = &self.tabs[tab];
        let stopped = held.stopped.contains(&call);
        let kept = match stopped {
            true => keepalive && !self.stops_keepalive,
            false => keepalive || held.alive,
        };
        if kept && let Some(cookie) = &reply.cookie {
            // A login waits for the refresh of a page that is there, as long
            // as a call may take, and where something keeps tabs apart.
            let flight = held.calls.iter().find(|flight| flight.number == call);
            let timeout = self.policy.timeout.as_ms() as u64;
            let soon = flight.is_some_and(|flight| self.now <= flight.since + timeout);
            let since = flight.map_or(0, |flight| flight.since);
            let waited = |caller: &Caller| {
                let over = caller.done.as_ref().is_some_and(|(at, _)| *at < since);
                let login = matches!(caller.kind, Kind::Login(_));
                login && !over && self.now >= caller.since + timeout
            };
            let late = !soon || self.callers.iter().any(waited);
            let late = late || !held.awake() || !self.locks || self.laws.apart;
            let cookie: Option<Rc<str>> = cookie.as_deref().map(Rc::from);
            self.auth.baked(tab, call, self.now);
            match self.fault {
                // It went with its page after all.
                Some(Fault::NoKeepalive) if !self.tabs[tab].alive => {}
                Some(Fault::LateCookie) => {
                    self.laws.baked_late |= late;
                    let delay = self.random.between(1, 3_000);
                    self.later(delay, Happening::Baked(cookie));
                }
                _ => {
                    self.laws.baked_late |= late;
                    self.cookie = cookie;
                }
            }
        }
        self.laws_at_landing(tab, call, &reply);
        self.arrived(tab, Arrival::Answered { call, reply });
    }
}
