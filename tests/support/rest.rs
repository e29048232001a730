//! What must hold once the world has been quiet for a while, and after each
//! tab was reloaded then.

use std::collections::HashSet;

use evertoken::internals::record::{Ended, Record};
use evertoken::internals::view::Status;
use evertoken::internals::{Event, Fault as Said, Place};

use super::laws::record_in;
use super::store::{Kind as StoreKind, is_later};
use super::tab::{Done, Kind};
use super::world::World;

/// What people have done last, where that is beyond doubt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Last {
    SignIn(&'static str),
    SignOut,
}

impl World {
    fn living(&self) -> Vec<usize> {
        (0..self.tabs.len())
            .filter(|tab| self.tabs[*tab].awake() && !self.tabs[*tab].disposed)
            .collect()
    }

    /// Waits until nothing but timers is under way.
    pub fn come_to_rest(&mut self) {
        for _ in 0..20_000 {
            let refreshing = self
                .alive()
                .iter()
                .any(|tab| self.tabs[*tab].machine.snapshot().refreshing);
            if self.is_quiet() && !refreshing {
                break;
            }
            self.step(u64::MAX);
        }
    }

    /// What must hold once the world has been quiet for a while.
    pub fn laws_of_rest(&mut self) {
        let unsettled = |world: &Self| -> Vec<_> {
            let waits = |caller: &usize| {
                world.callers[*caller].done.is_none() && !world.callers[*caller].gone
            };
            (0..world.callers.len()).filter(waits).collect()
        };
        if !unsettled(self).is_empty() {
            // Who restores waits for a back-off, which is a minute at most.
            self.pass(60_000);
        }
        let unsettled = unsettled(self);
        if !unsettled.is_empty() {
            self.broken(|| format!("callers {unsettled:?} were never settled"));
        }
        let unstarted = self
            .living()
            .into_iter()
            .find(|tab| !self.tabs[*tab].started);
        if let Some(tab) = unstarted {
            self.broken(|| format!("tab {tab} has never started"));
        }
        self.laws_of_agreement();
        for tab in self.living() {
            self.laws_of_what_is_held(tab);
        }
        self.laws_of_last();
        self.laws_of_store();
        self.laws_of_farewell();
    }

    /// All tabs hold the same record and the same token.
    fn laws_of_agreement(&mut self) {
        // Tabs without a channel hear of each other when they next look.
        let untold = self.laws.meddled && self.laws.apart;
        if self.has_later() || self.alone || untold {
            return;
        }
        let living = self.living();
        let session = |tab: &usize| {
            self.tabs[*tab]
                .held()
                .is_some_and(|held| held.state.is_ok())
        };
        // Of two ends each says that nobody is signed in. One that was cleared
        // away is no longer told to a page that comes later.
        let none = |tab: &usize| self.tabs[*tab].held().is_none();
        let nobody = !living.iter().any(session);
        if nobody && (self.laws.meddled || !living.iter().any(none)) {
            return;
        }
        let stamps: HashSet<_> = living
            .iter()
            .map(|tab| format!("{:?}", self.tabs[*tab].held().map(|record| record.stamp)))
            .collect();
        if stamps.len() > 1 {
            return self.broken(|| format!("the tabs do not agree: {stamps:?}"));
        }
        let tokens: HashSet<_> = living
            .iter()
            .map(|tab| {
                self.tabs[*tab]
                    .machine
                    .access_token()
                    .map(|token| token.expose())
            })
            .collect();
        if tokens.len() > 1 {
            let tokens = format!("{tokens:?}");
            self.broken(|| format!("the tabs have different tokens of one record: {tokens}"));
        }
    }

    /// Whether a place keeps the record of a later version.
    fn has_later(&self) -> bool {
        let own = self.store.own.iter().map(Option::as_deref);
        own.chain([self.store.text.as_deref()]).any(is_later)
    }

    fn laws_of_what_is_held(&mut self, tab: usize) {
        // Tabs that are told nothing, and could not store everything.
        let apart = self.laws.meddled || self.laws.unwritten || self.store.fails;
        // A message that was lost cannot be read up on where a later version's
        // record stays in the place.
        let unheard = self.laws.lossy && self.has_later() || self.laws.meddled && self.is_blind();
        if self.alone && apart || unheard {
            return;
        }
        if let Some(family) = self
            .family_of(tab)
            .filter(|family| self.laws.signed_out.contains(family) && !self.laws.unwritten)
        {
            return self.broken(|| {
                format!("tab {tab} holds session {family}, which was signed out elsewhere")
            });
        }
        if self.store.kind == StoreKind::Memory
            || self.store.fails
            || self.laws.meddled
            || self.alone
            || self.store.remember.is_some()
        {
            return;
        }
        let own = self.tabs[tab].own;
        let now = self.clocks(tab);
        let stored = self.store.slot(Place::Session, own).clone();
        let stored = record_in(stored.as_deref(), now);
        let held = self.tabs[tab].held();
        let stamp = |record: &Record| record.stamp;
        let ends = |record: Option<&Record>| record.is_some_and(|record| record.state.is_err());
        let nobody = ends(stored.as_ref()) && ends(held);
        if stored.as_ref().map(stamp) != held.map(stamp) && !nobody {
            self.broken(|| format!("tab {tab} holds another record than the one stored"));
        }
    }

    /// The user of the last completed sign-in stays, and so does a sign-out.
    fn laws_of_last(&mut self) {
        let Some(last) = self.last() else { return };
        for tab in self.living() {
            let held = &self.tabs[tab];
            let status = held.machine.status();
            let rejected = held
                .held()
                .is_some_and(|held| held.state == Err(Ended::Rejected));
            let user = self
                .family_of(tab)
                .map(|family| self.auth.families[family].user);
            match last {
                Last::SignOut if status != Status::SignedOut => {
                    self.broken(|| format!("tab {tab} is {status:?} after a sign-out"));
                }
                // What a place refuses to replace is there for the next page.
                Last::SignIn(wanted)
                    if user.is_some_and(|user| user != wanted) && !self.laws.unwritten =>
                {
                    self.broken(|| format!("tab {tab} is of {user:?}, {wanted} signed in last"));
                }
                // What is a page's own ends with the last one that had it.
                Last::SignIn(_)
                    if user.is_none()
                        && !rejected
                        && self.auth.refused == 0
                        && self.store.kind != StoreKind::Memory
                        && (self.store.kind != StoreKind::Tab || held.held().is_some())
                        && !self.store.fails
                        && !self.laws.unwritten =>
                {
                    self.broken(|| format!("tab {tab} has lost the session"));
                }
                _ => {}
            }
        }
        let owner = self
            .cookie
            .as_deref()
            .and_then(|cookie| self.auth.family_of_refresh(cookie))
            .map(|family| self.auth.families[family].user);
        if let (Last::SignIn(wanted), Some(owner)) = (last, owner)
            && self.auth.cookie
            && owner != wanted
        {
            self.broken(|| format!("the cookie is of {owner}, {wanted} signed in last"));
        }
    }

    /// What was done last, if nothing that could matter was done beside it.
    fn last(&self) -> Option<Last> {
        // Tabs that have not heard of each other go by the wall clock.
        let unsure = self.laws.meddled
            || self.set_back > 0.0
            || (self.alone && (self.laws.unwritten || self.is_blind()));
        if unsure || self.laws.asked_after_sign_out || self.laws.baked_late {
            return None;
        }
        let acts = self.callers.iter().filter_map(|caller| {
            let act = match caller.kind {
                Kind::Login(user) => Last::SignIn(user),
                Kind::SetTokens(user) => Last::SignIn(user),
                Kind::Logout { .. } => Last::SignOut,
                _ => return None,
            };
            Some((caller, act))
        });
        let done = |caller: &super::tab::Caller| match &caller.done {
            Some((at, Done::Ok)) => Some(*at),
            _ => None,
        };
        let (last, act) = acts
            .clone()
            .filter(|(caller, _)| done(caller).is_some())
            .max_by_key(|(caller, _)| done(caller))?;
        // The application puts its cookie into the jar when it likes.
        if self.auth.cookie && matches!(last.kind, Kind::SetTokens(_)) {
            return None;
        }
        let timeout = self.policy.timeout.as_ms() as u64;
        let before = |caller: &super::tab::Caller| match &caller.done {
            Some((at, _)) => *at < last.since,
            // Whatever came of it came soon.
            None => caller.since + 3 * timeout + 10_000 < last.since,
        };
        acts.clone()
            .all(|(caller, _)| std::ptr::eq(caller, last) || before(caller))
            .then_some(act)
    }

    /// The server was told of each sign-out, or somebody was told that it was
    /// not.
    fn laws_of_farewell(&mut self) {
        if self.auth.cookie {
            return;
        }
        for (caller, family) in self.laws.left.clone() {
            let held = &self.callers[caller];
            let Some((at, Done::Ok)) = held.done else {
                continue;
            };
            let local = held.kind == Kind::Logout { local: true };
            let (since, tab) = (held.since, held.tab);
            let disposed = self.tabs[tab].disposed;
            let warned = |(when, event): &(u64, Event)| {
                let unconfirmed = matches!(event, Event::Warning(error) if error.fault == Said::LogoutUnconfirmed);
                unconfirmed && (since..=at).contains(when)
            };
            let warned = self.tabs[tab].events.iter().any(warned);
            if !local && !warned && !disposed && !self.auth.families[family].revoked {
                self.broken(|| format!("the server was not told of the sign-out of {family}"));
            }
        }
    }

    fn outcome(&self, caller: usize) -> Option<Done> {
        let done = self.callers[caller].done.as_ref();
        done.map(|(_, done)| done.clone())
    }

    /// Reloads each tab once the world is at rest: what was so is so again.
    pub fn laws_of_reload(&mut self) {
        if self.store.fails || self.has_later() {
            return;
        }
        let last = self.last();
        for tab in self.living() {
            let before = self.tabs[tab].held().map(|record| record.stamp);
            let page = self.reload(tab);
            self.pass(6_000);
            let mut caller = self.fetch(page);
            self.pass(25_000);
            // A back-off may be as long as a minute.
            if let Some(Done::Failed(error)) = self.outcome(caller)
                && error.fault == Said::BackingOff
            {
                self.pass(60_000);
                caller = self.fetch(page);
                self.pass(25_000);
            }
            if !self.laws.broken.is_empty() {
                return;
            }
            let after = self.tabs[page].held().map(|record| record.stamp);
            let kept = self.store.kind != StoreKind::Memory && !self.laws.meddled;
            if kept && after < before {
                return self.broken(|| {
                    format!("tab {tab} is reloaded as {page} and holds less than before")
                });
            }
            let result = self.outcome(caller);
            // Without any lock two tabs may have used one token, and the next
            // refresh ends what the server has revoked.
            // The cookie of a refresh may also come after that of a login.
            let crossed = match &result {
                Some(Done::Answer(401)) => true,
                Some(Done::Failed(error)) => self.auth.cookie && error.fault == Said::UserChanged,
                _ => false,
            };
            let apart = !self.locks || (self.alone && self.laws.meddled) || self.laws.baked_late;
            let revoked = crossed && apart;
            if self.tabs[page].machine.status() == Status::SignedIn
                && result != Some(Done::Answer(200))
                && !revoked
            {
                return self.broken(|| format!("tab {page} is signed in and gets {result:?}"));
            }
            if last == Some(Last::SignOut) && self.tabs[page].machine.status() != Status::SignedOut
            {
                return self.broken(|| format!("a reload of tab {tab} undoes a sign-out"));
            }
        }
        self.come_to_rest();
        self.laws_of_rest();
    }
}
