//! What people and applications do with a tab.

use evertoken::internals::answer::{self, Tokens};
use evertoken::internals::lifetime::Stated;
use evertoken::internals::secret::Secret;
use evertoken::internals::{Ask, Error, Input, Millis, RequestId};

use super::fault::Fault;
use super::tab::{Caller, Kind};
use super::world::World;

impl World {
    pub(super) fn caller(&mut self, tab: usize, kind: Kind) -> usize {
        let (since, number) = (self.now, self.callers.len());
        self.note(|| format!("tab {tab}: {kind:?} is caller {number}"));
        let ran = self.tabs[tab].running(self.now);
        self.callers.push(Caller {
            tab,
            kind,
            since,
            ran,
            done: None,
            sendings: Vec::new(),
            gone: false,
        });
        self.callers.len() - 1
    }

    fn numbered(&mut self, tab: usize, kind: Kind) -> (usize, RequestId) {
        let caller = self.caller(tab, kind);
        self.requests += 1;
        let request = RequestId::new(self.requests);
        self.tabs[tab].requests.insert(request, caller);
        (caller, request)
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

    /// The application hands the first tab this access token, with what it
    /// says of it.
    pub fn bring(&mut self, access: &str, expires_in: Option<f64>) {
        let stated = Stated {
            expires_in: expires_in.and_then(Millis::from_ms),
            ..Stated::default()
        };
        let (access, refresh) = (Some(access.into()), Some("refresh".into()));
        let tokens = answer::from_application(access, refresh, stated, &self.policy);
        self.hand_in(0, tokens);
        self.settle();
    }

    /// `restore()`.
    pub fn restore(&mut self, tab: usize, after_sign_out: bool) -> usize {
        self.laws.asked += 1;
        self.laws.asked_after_sign_out |= after_sign_out;
        let caller = self.caller(tab, Kind::Restore);
        self.ask_for(caller, Ask::Restore { after_sign_out });
        caller
    }

    pub fn log_in(&mut self, tab: usize, user: &'static str) -> usize {
        self.log_in_for(tab, user, false)
    }

    /// Signs in, to be remembered or not.
    pub fn log_in_for(&mut self, tab: usize, user: &'static str, remember: bool) -> usize {
        let (caller, request) = self.numbered(tab, Kind::Login(user));
        self.tabs[tab].logins.push_back((request, user));
        self.feed(tab, Input::Login { request, remember });
        caller
    }

    /// The application signs in by itself.
    pub fn set_tokens(&mut self, tab: usize, user: &'static str) -> usize {
        let now = self.server_time();
        let (access, refresh) = self.auth.sign_in(user, now);
        self.received(tab, &access);
        if self.auth.cookie {
            self.cookie = Some(refresh.as_str().into());
        }
        let tokens = Tokens {
            access: Secret::bearer(access),
            refresh: Secret::new(refresh).filter(|_| !self.auth.cookie),
            stated: Stated {
                expires_in: Millis::from_ms(self.auth.lifetime as f64)
                    .filter(|_| self.auth.states && self.auth.lifetime > 0),
                ..Stated::default()
            },
        };
        self.hand_in_for(tab, user, Ok(tokens))
    }

    pub fn hand_in(&mut self, tab: usize, tokens: Result<Tokens, Error>) -> usize {
        self.hand_in_for(tab, "nobody", tokens)
    }

    fn hand_in_for(
        &mut self,
        tab: usize,
        user: &'static str,
        tokens: Result<Tokens, Error>,
    ) -> usize {
        let (caller, request) = self.numbered(tab, Kind::SetTokens(user));
        let input = Input::SetTokens {
            request,
            tokens,
            remember: false,
        };
        self.feed(tab, input);
        caller
    }

    /// The application says that the user is here.
    pub fn touch(&mut self, tab: usize) {
        self.feed(tab, Input::Touch);
    }

    /// The user does something on the page, which is told where it is watched
    /// for.
    pub fn act(&mut self, tab: usize) {
        if core::mem::take(&mut self.tabs[tab].watches_user) {
            self.feed(tab, Input::Activity);
        }
    }

    pub fn log_out(&mut self, tab: usize) -> usize {
        self.sign_out(tab, false)
    }

    pub fn sign_out(&mut self, tab: usize, local: bool) -> usize {
        let (caller, request) = self.numbered(tab, Kind::Logout { local });
        if let Some(family) = self.family_of(tab) {
            self.tabs[tab].ended.insert(family);
            self.laws.left.push((caller, family));
        }
        let local = local || self.fault == Some(Fault::LogoutsAreLocal);
        self.feed(tab, Input::Logout { request, local });
        caller
    }

    /// The caller does not want it any more.
    pub fn abort(&mut self, caller: usize) {
        let tab = self.callers[caller].tab;
        self.callers[caller].gone = true;
        self.tabs[tab]
            .waiting
            .retain(|waiting| waiting.caller != caller);
        let request = self.tabs[tab]
            .requests
            .iter()
            .find(|(_, held)| **held == caller)
            .map(|(request, _)| *request);
        if let (Some(request), Kind::Login(_)) = (request, self.callers[caller].kind) {
            self.tabs[tab].requests.remove(&request);
            self.tabs[tab].logins.retain(|(own, _)| *own != request);
            self.feed(tab, Input::Abandon { request });
        }
    }
}
