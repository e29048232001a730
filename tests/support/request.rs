//! The path of a request and of whoever else asks, as the shell has it.

use evertoken::core::{Ask, Reply};

use super::fault::Fault;
use super::tab::{Arrival, Done, Kind, Sending, Waiting};
use super::world::{Happening, World};

impl World {
    pub(super) fn start_request(&mut self, caller: usize) {
        let tab = self.callers[caller].tab;
        let now = self.wall();
        let pass = self.tabs[tab].pass;
        let licensed = pass.is_some_and(|pass| {
            (now < pass.until || self.fault == Some(Fault::PassForever)) && now >= pass.since
        });
        if licensed {
            self.send(caller, true)
        } else {
            self.ask_for(caller, Ask::Request)
        }
    }

    pub(super) fn ask_for(&mut self, caller: usize, ask: Ask) {
        let tab = self.callers[caller].tab;
        let now = self.wall();
        let reply = self.feed(tab, |machine| machine.ask(now, ask));
        let party = self.tabs[tab].machine.current_party();
        self.reply(caller, ask, party, reply);
    }

    pub(super) fn resume(&mut self, tab: usize, waiting: Waiting) {
        let Waiting {
            turn,
            caller,
            ask,
            mut party,
        } = waiting;
        if self.callers[caller].done.is_some() || self.callers[caller].gone {
            return;
        }
        let now = self.wall();
        if self.fault == Some(Fault::PartyForgotten) {
            party = self.tabs[tab].machine.current_party();
        }
        let outcome = self.tabs[tab]
            .outcomes
            .iter()
            .find(|(number, _)| *number == turn);
        let outcome = outcome.map(|(_, outcome)| *outcome);
        let reply = self.feed(tab, |machine| match &outcome {
            Some(outcome) => machine.resume(now, ask, party, outcome),
            None => machine.ask(now, ask),
        });
        self.reply(caller, ask, party, reply);
    }

    fn reply(&mut self, caller: usize, ask: Ask, party: u32, reply: Reply) {
        let tab = self.callers[caller].tab;
        let kind = self.callers[caller].kind;
        match (reply, kind) {
            (Reply::Wait(turn), _) => self.wait(
                tab,
                Waiting {
                    turn,
                    caller,
                    ask,
                    party,
                },
            ),
            (Reply::Fail(error), _) => self.done(caller, Done::Failed(error)),
            // The answer that came is the refusal.
            (Reply::Deliver, _) => self.done(caller, Done::Answer(401)),
            (Reply::Go, Kind::Token(_)) => {
                let token = self.tabs[tab].token.clone();
                self.done(caller, Done::Token(token));
            }
            (Reply::Bare, Kind::Token(_)) => self.done(caller, Done::Token(None)),
            (reply, Kind::Request { replayable }) => {
                if replayable || self.callers[caller].sendings.is_empty() {
                    self.send(caller, reply == Reply::Go);
                }
            }
            (_, _) => self.done(caller, Done::Ok),
        }
    }

    fn send(&mut self, caller: usize, licensed: bool) {
        let tab = self.callers[caller].tab;
        let pass = self.tabs[tab].pass.filter(|_| licensed);
        let token = self.tabs[tab].token.clone().filter(|_| pass.is_some());
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
            self.tabs[tab].worked = Some(pass.serial);
            return self.done(caller, Done::Answer(status));
        }
        if again || self.tabs[tab].disposed {
            return self.done(caller, Done::Answer(status));
        }
        let worked = self.tabs[tab].worked == Some(pass.serial);
        let replayable = self.callers[caller].kind == Kind::Request { replayable: true };
        if !replayable {
            // The refresh happens, the caller gets what came.
            self.done(caller, Done::Answer(status));
        }
        self.ask_for(
            caller,
            Ask::Refused {
                serial: pass.serial,
                party: pass.party,
                worked,
            },
        );
    }
}
