//! The path of a request and of whoever else asks, as the host has it.

use std::rc::Rc;

use evertoken::internals::{Ask, Party, Reply, Serial};

use super::fault::Fault;
use super::tab::{Arrival, Done, Kind, Sending, Waiting};
use super::world::{Happening, World};

impl World {
    pub(super) fn start_request(&mut self, caller: usize) {
        let tab = self.callers[caller].tab;
        let now = self.clocks(tab);
        let pass = self.tabs[tab].pass;
        let licensed = pass.is_some_and(|pass| match self.fault {
            Some(Fault::PassForever) => true,
            // On the monotonic clock the core takes the pass back.
            _ => now.wall < pass.until,
        });
        if licensed {
            let token = self.tabs[tab].token.clone();
            let pass = pass.map(|pass| (pass.serial, pass.party));
            self.send(caller, pass, token)
        } else {
            self.ask_for(caller, Ask::Request)
        }
    }

    pub(super) fn ask_for(&mut self, caller: usize, ask: Ask) {
        let tab = self.callers[caller].tab;
        let since = self.tabs[tab].running(self.now);
        let now = self.clocks(tab);
        let reply = self.tabs[tab].machine.ask(now, ask);
        let party = self.tabs[tab].machine.current_party();
        self.drain(tab);
        self.reply(caller, ask, party, since, reply);
    }

    pub(super) fn resume(&mut self, tab: usize, waiting: Waiting) {
        let Waiting {
            wait,
            caller,
            ask,
            mut party,
            since,
        } = waiting;
        if self.callers[caller].done.is_some() || self.callers[caller].gone {
            return;
        }
        if self.fault == Some(Fault::PartyForgotten) {
            party = self.tabs[tab].machine.current_party();
        }
        let reply = match (self.fault, ask) {
            (Some(Fault::WaitMeansRenewed), Ask::Token { .. } | Ask::Request) => Reply::Go,
            _ => {
                let now = self.clocks(tab);
                self.tabs[tab].machine.resume(now, wait, ask, party)
            }
        };
        self.drain(tab);
        self.reply(caller, ask, party, since, reply);
    }

    fn reply(&mut self, caller: usize, ask: Ask, party: Party, since: u64, reply: Reply) {
        let tab = self.callers[caller].tab;
        let kind = self.callers[caller].kind;
        if let Reply::Wait(wait) = reply {
            let waiting = Waiting {
                wait,
                caller,
                ask,
                party,
                since,
            };
            return self.wait(tab, waiting);
        }
        if !matches!(ask, Ask::Restore { .. }) {
            self.laws_of_patience(caller, since);
        }
        match (reply, kind) {
            (Reply::Fail(error), _) => self.done(caller, Done::Failed(error)),
            // The answer that came is the refusal.
            (Reply::Deliver, _) => self.done(caller, Done::Answer(401)),
            (Reply::Go, Kind::Token(_)) => {
                let token = self.tabs[tab].machine.access_token();
                let token = token.map(|token| token.expose().to_owned());
                if let Some(token) = &token {
                    self.laws_of_token(caller, token);
                }
                self.done(caller, Done::Token(token));
            }
            (Reply::Bare, Kind::Token(_)) => self.done(caller, Done::Token(None)),
            (reply, Kind::Request { replayable }) => {
                if replayable || self.callers[caller].sendings.is_empty() {
                    let machine = &self.tabs[tab].machine;
                    let token = machine.access_token().map(|token| token.expose().into());
                    let pass = (machine.snapshot().serial, machine.current_party());
                    match reply {
                        Reply::Go => self.send(caller, Some(pass), token),
                        _ => self.send(caller, None, None),
                    }
                }
            }
            (_, _) => self.done(caller, Done::Ok),
        }
    }

    /// Sends a request; a refusal is judged by the pass that went along.
    fn send(&mut self, caller: usize, pass: Option<(Serial, Party)>, token: Option<Rc<str>>) {
        self.note(|| format!("caller {caller} sends {token:?}"));
        let at = self.now;
        self.callers[caller].sendings.push(Sending {
            token: token.clone(),
            pass,
            at,
        });
        self.laws_at_send(caller);
        let (from, to) = self.network.server;
        let delay = self.random.between(from, to);
        self.later(delay, Happening::ApiReaches { caller, token });
    }

    /// The resource server gets a request.
    pub(super) fn api(&mut self, caller: usize, token: Option<&str>) {
        self.api_calls += 1;
        let now = self.server_time();
        let good = self.auth.admits(token, now);
        let status = self.api_status.unwrap_or(if good { 200 } else { 401 });
        let (from, to) = self.network.server;
        let delay = self.random.between(from, to);
        let tab = self.callers[caller].tab;
        self.arrive(delay, tab, Arrival::Response { caller, status });
    }

    pub(super) fn respond(&mut self, caller: usize, status: u16) {
        let tab = self.callers[caller].tab;
        let sendings = &self.callers[caller].sendings;
        let pass = sendings.last().and_then(|sending| sending.pass);
        let (again, Some(pass)) = (sendings.len() > 1, pass) else {
            return self.done(caller, Done::Answer(status));
        };
        if status != 401 {
            self.tabs[tab].worked = Some(pass.0);
            return self.done(caller, Done::Answer(status));
        }
        if again || self.tabs[tab].disposed {
            return self.done(caller, Done::Answer(status));
        }
        let worked = self.tabs[tab].worked == Some(pass.0);
        let replayable = self.callers[caller].kind == Kind::Request { replayable: true };
        if !replayable {
            // The refresh happens, the caller gets what came.
            self.done(caller, Done::Answer(status));
        }
        self.ask_for(
            caller,
            Ask::Refused {
                serial: pass.0,
                party: pass.1,
                worked,
            },
        );
    }
}
