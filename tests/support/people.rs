//! What people and applications do with a tab.

use evertoken::core::answer::Tokens;
use evertoken::core::lifetime::Stated;
use evertoken::core::secret::Secret;
use evertoken::core::{Ask, Error, Millis};

use super::tab::{Caller, Kind};
use super::world::World;

impl World {
    pub(super) fn caller(&mut self, tab: usize, kind: Kind) -> usize {
        let (since, number) = (self.now, self.callers.len());
        self.note(|| format!("tab {tab}: {kind:?} is caller {number}"));
        self.callers.push(Caller {
            tab,
            kind,
            since,
            done: None,
            sendings: Vec::new(),
            gone: false,
        });
        self.callers.len() - 1
    }

    fn numbered(&mut self, tab: usize, kind: Kind) -> (usize, u32) {
        let caller = self.caller(tab, kind);
        self.requests += 1;
        self.tabs[tab].requests.insert(self.requests, caller);
        (caller, self.requests)
    }

    pub fn fetch(&mut self, tab: usize) -> usize {
        let caller = self.caller(tab, Kind::Request { replayable: true });
        self.start_request(caller);
        caller
    }

    /// A request whose body cannot be sent twice.
    pub fn fetch_stream(&mut self, tab: usize) -> usize {
        let caller = self.caller(tab, Kind::Request { replayable: false });
        self.start_request(caller);
        caller
    }

    pub fn token(&mut self, tab: usize, ask: Ask) -> usize {
        self.laws.asked += 1;
        let caller = self.caller(tab, Kind::Token(ask));
        self.ask_for(caller, ask);
        caller
    }

    /// `getToken()` as most call it.
    pub fn get_token(&mut self, tab: usize) -> usize {
        self.token(
            tab,
            Ask::Token {
                least: Millis::ZERO,
            },
        )
    }

    pub fn refresh(&mut self, tab: usize) -> usize {
        self.laws.asked += 1;
        let caller = self.caller(tab, Kind::Refresh);
        self.ask_for(caller, Ask::Refresh);
        caller
    }

    pub fn log_in(&mut self, tab: usize, user: &'static str) -> usize {
        let (caller, number) = self.numbered(tab, Kind::Login(user));
        let now = self.wall();
        self.feed(tab, |machine| machine.login(now, number));
        caller
    }

    /// The application signs in by itself.
    pub fn set_tokens(&mut self, tab: usize, user: &'static str) -> usize {
        let now = self.server_time();
        let (access, refresh) = self.auth.sign_in(user, now);
        self.received(&access);
        if self.auth.cookie {
            self.cookie = Some(refresh.clone());
        }
        let tokens = Tokens {
            access: Secret::bearer(access),
            refresh: Secret::new(refresh).filter(|_| !self.auth.cookie),
            stated: Stated {
                expires_in: Millis::from_ms(self.auth.lifetime as f64)
                    .filter(|_| self.auth.states && self.auth.lifetime > 0),
                expires_at: None,
            },
        };
        self.hand_in(tab, Ok(tokens))
    }

    pub fn hand_in(&mut self, tab: usize, tokens: Result<Tokens, Error>) -> usize {
        let (caller, number) = self.numbered(tab, Kind::SetTokens);
        let now = self.wall();
        self.feed(tab, |machine| machine.set_tokens(now, number, tokens));
        caller
    }

    pub fn log_out(&mut self, tab: usize) -> usize {
        self.sign_out(tab, false)
    }

    pub fn sign_out(&mut self, tab: usize, local: bool) -> usize {
        let (caller, number) = self.numbered(tab, Kind::Logout);
        let now = self.wall();
        if let Some(family) = self.family_of(tab) {
            self.tabs[tab].ended.insert(family);
        }
        self.feed(tab, |machine| machine.logout(now, number, local));
        caller
    }

    /// The caller does not want it any more.
    pub fn abort(&mut self, caller: usize) {
        let tab = self.callers[caller].tab;
        self.callers[caller].gone = true;
        self.tabs[tab]
            .waiting
            .retain(|waiting| waiting.caller != caller);
        let number = self.tabs[tab]
            .requests
            .iter()
            .find(|(_, held)| **held == caller)
            .map(|(number, _)| *number);
        if let (Some(number), Kind::Login(_)) = (number, self.callers[caller].kind) {
            self.tabs[tab].requests.remove(&number);
            let now = self.wall();
            self.feed(tab, |machine| machine.abandon(now, number));
        }
    }
}
