//! What must hold in every world, whatever happens.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use evertoken::core::record::Record;
use evertoken::core::view::Status;
use evertoken::core::{Event, SignedOutBy};

use super::document::{PLATFORM, Quick, parse};
use super::store::Kind;
use super::tab::InFlight;
use super::world::World;

/// The refresh calls that a minute may see beside those that somebody asked
/// for; see the bound in `src/core/pace.rs`.
const A_MINUTE: usize = 400;

#[derive(Clone, Debug, Default)]
pub struct Laws {
    pub broken: Vec<String>,
    /// When a token was last received, and how far the clock had been set
    /// back by then.
    pub receipts: HashMap<String, (u64, f64), Quick>,
    /// When the holder of the lock got it.
    pub granted_at: u64,
    /// When the clock was last set: how long others wait is anybody's guess.
    pub jumped: u64,
    /// Families whose sign-out has been confirmed to somebody.
    pub signed_out: HashSet<usize>,
    /// Refreshes that somebody asked for.
    pub asked: usize,
    /// What is stored, as it was last read, and whose it is.
    read: (Option<Rc<str>>, Option<usize>),
    /// Whether two calls for one session at a time are to be expected:
    /// nothing keeps the tabs apart.
    pub apart: bool,
}

impl World {
    pub fn broken(&mut self, law: impl FnOnce() -> String) {
        let text = format!("at {}: {}", self.now, law());
        self.note(|| format!("BROKEN {text}"));
        self.laws.broken.push(text);
    }

    fn timeout(&self) -> u64 {
        self.policy.timeout.as_ms() as u64
    }

    /// One refresh in flight for a session, over all tabs that are awake.
    pub(super) fn laws_at_refresh(&mut self, tab: usize, flight: &InFlight) {
        if !self.locks || self.laws.apart {
            return;
        }
        if flight.family.is_some_and(|family| self.is_ending(family)) {
            return;
        }
        let (now, timeout) = (self.now, self.timeout());
        // That its lock was taken takes a moment to be told.
        let holds = self.lock.holder.is_some_and(|(holder, _)| holder == tab);
        if !holds && self.stolen.last().is_some_and(|at| now <= at + 1) {
            self.laws.apart = true;
            return;
        }
        let hung = |held: &InFlight| now >= held.since + timeout;
        let rival = self.tabs.iter().enumerate().find(|(other, held)| {
            (*other == tab || held.awake())
                && held
                    .calls
                    .iter()
                    .any(|call| call.refresh && call.family == flight.family && !hung(call))
        });
        if let Some((other, _)) = rival {
            self.broken(|| format!("tabs {other} and {tab} refresh the same session at once"));
        }
    }

    /// Whether somebody signs out of it: that may take a last refresh, for a
    /// token to sign out with, which waits for nobody.
    fn is_ending(&self, family: usize) -> bool {
        self.tabs.iter().any(|held| {
            // The cookie may be another sign-in's than the session.
            held.ended.contains(&family) || (self.auth.cookie && !held.ended.is_empty())
        })
    }

    /// The lock is taken only from a tab that has had it for `timeoutMs`.
    pub(super) fn laws_at_steal(&mut self, thief: usize) {
        let Some((holder, _)) = self.lock.holder else {
            return;
        };
        let (now, timeout) = (self.now, self.timeout());
        let woke = self.tabs[thief].thawed;
        let slept = woke > self.tabs[thief].born && now < woke + timeout;
        // A time-out that a clock set back has stretched is twice as long.
        let jumped = self.laws.jumped > 0 && now < self.laws.jumped + 2 * timeout;
        // Who sleeps again and again, or has no clock to trust, cannot know
        // how long others have had the lock. Nor can they, if its holder woke
        // or sent its call a moment ago: nothing of that has reached the thief
        // yet, and what was sent is not called back.
        let held = &self.tabs[holder];
        let soon = |since: u64| now <= since + self.network.channel.1 + 3;
        let woke = held.thawed > 0 && soon(held.thawed);
        let sent = held
            .calls
            .iter()
            .any(|call| call.refresh && soon(call.since));
        // A holder that has not called goes back to waiting.
        let unheard = self.laws.granted_at > 0 && soon(self.laws.granted_at);
        // Who has a lease is not told that it was taken.
        let untold = self.lease && !held.calls.iter().any(|call| call.refresh);
        self.laws.apart |= slept || jumped || woke || sent || untold;
        if !held.awake() || held.thawed + timeout > now || self.laws.apart {
            return;
        }
        if held.machine.snapshot().refreshing {
            if !unheard && self.now < self.laws.granted_at + self.timeout() {
                self.broken(|| {
                    format!("tab {thief} takes the lock from tab {holder} before timeoutMs")
                });
            }
        } else {
            self.broken(|| {
                format!("tab {holder} holds the lock for nothing, tab {thief} takes it")
            });
        }
    }

    /// No refresh token is used twice, but where an answer was lost; and no
    /// storm.
    pub(super) fn laws_at_server(&mut self) {
        if let Some((family, token)) = self.auth.reuses.pop()
            && !self.is_ending(family)
            && self.locks
            && !self.laws.apart
        {
            self.broken(|| format!("{token} was used twice"));
        }
        let calls = &self.auth.refresh_calls;
        let minute = calls
            .iter()
            .rev()
            .take_while(|at| **at + 60_000 > self.now)
            .count();
        if minute > A_MINUTE + self.laws.asked {
            self.broken(|| format!("{minute} refresh calls in a minute"));
        }
    }

    /// No token that is known to be expired, of another user, or of a session
    /// that was signed out here.
    pub(super) fn laws_at_send(&mut self, caller: usize) {
        let held = &self.callers[caller];
        let tab = held.tab;
        let Some(token) = held
            .sendings
            .last()
            .and_then(|sending| sending.token.clone())
        else {
            return;
        };
        let Some(access) = self.auth.accesses.get(&token).cloned() else {
            return;
        };
        let other = held
            .sendings
            .iter()
            .filter_map(|sending| sending.token.as_ref())
            .any(|first| {
                self.auth
                    .accesses
                    .get(first)
                    .is_some_and(|first| first.user != access.user)
            });
        // What an ambient cookie brings an opaque token for, nobody can tell.
        if other && !(self.auth.cookie && self.auth.opaque) {
            self.broken(|| {
                format!(
                    "caller {caller} is repeated with a token of {}",
                    access.user
                )
            });
        }
        if self.tabs[tab].ended.contains(&access.family) {
            self.broken(|| {
                format!("caller {caller} carries a token of a session that was signed out")
            });
        }
        if let Some((at, back)) = self.laws.receipts.get(&token).copied()
            && back == self.set_back
            && self.auth.lifetime > 0
            && self.now > at + self.auth.lifetime.max(1000) + 2
        {
            let ago = self.now - at - self.auth.lifetime;
            self.broken(|| format!("caller {caller} carries a token that ended {ago} ms ago"));
        }
    }

    pub(super) fn laws_at_logout(&mut self, tab: usize) {
        let ended: Vec<usize> = self.tabs[tab].ended.iter().copied().collect();
        self.laws.signed_out.extend(ended);
        self.laws_of_store();
    }

    /// What was signed out is not stored.
    fn laws_of_store(&mut self) {
        // Of whose session the cookie is, nobody can tell.
        if self.store.kind == Kind::Memory || self.store.fails || self.auth.cookie {
            return;
        }
        // Asked for much more often than something is written.
        if self.laws.read.0 != self.store.text {
            let text = self.store.text.clone();
            let stored = text
                .as_deref()
                .and_then(parse)
                .and_then(|stored| Record::read(&*stored, false, PLATFORM));
            let family = stored
                .as_ref()
                .and_then(Record::session)
                .and_then(|session| session.access.as_ref())
                .and_then(|access| self.auth.family(access.expose()));
            self.laws.read = (text, family);
        }
        let family = self.laws.read.1;
        if let Some(family) = family.filter(|family| self.laws.signed_out.contains(family)) {
            self.broken(|| format!("session {family} is stored after its sign-out"));
        }
    }

    pub(super) fn laws_at_event(&mut self, tab: usize, event: &Event) {
        let Event::SignedOut(by) = event else { return };
        let count = |kind: fn(&Event) -> bool| self.tabs[tab].count(kind);
        let outs = count(|event| matches!(event, Event::SignedOut(_)));
        let ins = count(|event| matches!(event, Event::SignedIn));
        // A tab that starts with a session does not tell of a sign-in.
        if outs > ins {
            self.broken(|| format!("tab {tab} tells of more sign-outs than sign-ins"));
        }
        let family = self.tabs[tab].family;
        let Some(family) =
            family.filter(|_| *by == SignedOutBy::RefreshRejected && !self.auth.cookie)
        else {
            return;
        };
        let refusals: Vec<_> = self
            .auth
            .refusals
            .iter()
            .filter(|(refused, _)| *refused == family)
            .collect();
        let newest = self
            .auth
            .rotations
            .iter()
            .rfind(|rotation| rotation.family == family);
        let kept = newest.is_some_and(|rotation| rotation.committed && !rotation.lost);
        if refusals.is_empty() {
            self.broken(|| format!("tab {tab} ends a session that the server did not refuse"));
        } else if refusals.iter().all(|(_, why)| *why == "reused")
            && kept
            && !self.auth.strict
            && !self.store.fails
        {
            self.broken(|| format!("tab {tab} ends a session whose new token is stored"));
        }
    }

    pub(super) fn laws_at_done(&mut self, _caller: usize) {
        self.laws_of_store();
    }

    /// What is shown is what is so, and what has ended stays so.
    pub(super) fn laws_after_feed(&mut self, tab: usize) {
        let family = self.family_of(tab);
        if family.is_some() {
            self.tabs[tab].family = family;
        }
        if let Some(family) = family.filter(|family| self.tabs[tab].ended.contains(family)) {
            self.broken(|| format!("tab {tab} holds session {family} again, which it signed out"));
        }
        let held = &self.tabs[tab];
        let shown = held.shown.as_ref() == Some(&held.machine.snapshot());
        let passes = held.disposed || held.pass == held.machine.current_pass();
        if !shown {
            self.broken(|| format!("tab {tab} shows another snapshot than the one that is"));
        }
        if !passes {
            self.broken(|| format!("tab {tab} holds another pass than the one that is"));
        }
    }

    /// What must hold once the world has been quiet for a while.
    pub fn laws_of_rest(&mut self) {
        let unsettled: Vec<_> = (0..self.callers.len())
            .filter(|caller| self.callers[*caller].done.is_none() && !self.callers[*caller].gone)
            .collect();
        if !unsettled.is_empty() {
            self.broken(|| format!("callers {unsettled:?} were never settled"));
        }
        let living: Vec<_> = (0..self.tabs.len())
            .filter(|tab| self.tabs[*tab].awake() && !self.tabs[*tab].disposed)
            .collect();
        let stamp = |tab: &usize| self.tabs[*tab].held().map(|record| record.stamp);
        let stamps: HashSet<_> = living
            .iter()
            .map(|tab| format!("{:?}", stamp(tab)))
            .collect();
        if stamps.len() > 1 {
            self.broken(|| format!("the tabs do not agree: {stamps:?}"));
        }
        for tab in living {
            let held = &self.tabs[tab];
            if let Some(family) = self
                .family_of(tab)
                .filter(|family| self.laws.signed_out.contains(family))
            {
                self.broken(|| {
                    format!("tab {tab} holds session {family}, which was signed out elsewhere")
                });
            } else if held.machine.status() == Status::SignedIn
                && !self.auth.cookie
                && self.store.kind != Kind::Memory
            {
                let stored = self.store.text.as_deref().and_then(parse);
                let stored = stored
                    .and_then(|stored| Record::read(&*stored, false, PLATFORM))
                    .map(|record| record.stamp);
                if !self.store.fails && stored != held.held().map(|record| record.stamp) {
                    self.broken(|| format!("tab {tab} holds another record than the one stored"));
                }
            }
        }
        self.laws_of_store();
    }
}
