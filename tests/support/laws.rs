//! What must hold in every world, whatever happens.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use evertoken::internals::record::{Record, Stored};
use evertoken::internals::{CallId, Event, Place, SignedOutBy};

use super::auth::Reply;
use super::document::{PLATFORM, Quick, parse};
use super::store::Kind;
use super::tab::InFlight;
use super::world::World;

/// The refresh calls that a minute may see beside those that somebody asked
/// for; see the bound in `src/core/pace.rs`.
const A_MINUTE: usize = 400;

/// How much longer than its call a turn may have the lock: it reads, looks once
/// more, and stores its back-off.
const STORES: u64 = 5_000;

/// When a token was received, how far the wall clock had been set back by
/// then, how long the monotonic ones had stood still, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    pub at: u64,
    pub set_back: f64,
    pub mono_lost: u64,
    pub tab: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Laws {
    pub broken: Vec<String>,
    /// When each token was last received.
    pub receipts: HashMap<String, Receipt, Quick>,
    /// When the holder of the lock got it.
    pub granted_at: u64,
    /// When the wall clock was last set.
    pub jumped: u64,
    /// Families whose sign-out has been confirmed to somebody.
    pub signed_out: HashSet<usize>,
    /// Sign-outs, by caller, and the families that they were of.
    pub left: Vec<(usize, usize)>,
    /// Refreshes that somebody asked for.
    pub asked: usize,
    /// A session may begin without a sign-in.
    pub asked_after_sign_out: bool,
    /// From when and until when the server wants no refresh.
    pub paced: Option<(u64, u64)>,
    /// A cookie was put into the jar later than a login waits for it.
    pub baked_late: bool,
    /// A place did not do what it was asked for.
    pub unread: bool,
    /// A tab stood still, or a page went away.
    pub absent: bool,
    /// Messages got lost on the way.
    pub lossy: bool,
    /// A write has failed, and what it was to replace is still there.
    pub unwritten: bool,
    /// In a place without transactions one tab wrote between the two steps of
    /// another's write: what is stored is right again once both have heard of
    /// each other.
    pub crossed: bool,
    /// What was stored has been cleared or replaced from outside.
    pub meddled: bool,
    /// What is stored, as it was last read, and whose it is.
    read: (Option<Rc<str>>, Option<usize>),
    /// Whether two calls for one session at a time are to be expected:
    /// nothing keeps the tabs apart.
    pub apart: bool,
}

/// The record in a text.
pub fn record_in(text: Option<&str>, now: evertoken::internals::Now) -> Option<Record> {
    let document = text.and_then(parse)?;
    match Record::read(&*document, true, PLATFORM, now) {
        Stored::Record(record) => Some(record),
        _ => None,
    }
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
            // One that was put away, or slept, gave the lock back or lost it.
            (*other == tab || held.awake())
                && held.calls.iter().any(|call| {
                    call.refresh
                        && call.family == flight.family
                        && held.thawed <= call.since
                        && !hung(call)
                })
        });
        if let Some((other, _)) = rival {
            self.broken(|| format!("tabs {other} and {tab} refresh the same session at once"));
        }
    }

    /// Whether somebody signs out of it: that may take a last refresh, for a
    /// token to sign out with, which waits for nobody.
    fn is_ending(&self, family: usize) -> bool {
        // The last refresh of a sign-out may meet one of another tab.
        let left = self.laws.left.iter().any(|(_, left)| *left == family);
        left || self.tabs.iter().any(|held| {
            // The cookie may be another sign-in's than the session.
            held.ended.contains(&family) || (self.auth.cookie && !held.ended.is_empty())
        })
    }

    /// Whether a tab may know nothing of what another one did: it cannot read
    /// that, and the other cannot tell it in time.
    pub(super) fn is_blind(&self) -> bool {
        let (_, slowest) = self.network.channel;
        let told = !self.alone && self.network.lost == 0 && slowest < 100 && !self.laws.absent;
        let one = !matches!(self.store.kind, Kind::Tab | Kind::Memory);
        let read = one && !self.laws.unread && !self.laws.meddled && !self.store.fails;
        !told && !read
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
        // Who has a lease is not told that it was taken, and without a channel
        // nobody is told that a tab has only just got the lock.
        let untold = self.alone
            || (self.lease || self.refuses_locks) && !held.calls.iter().any(|call| call.refresh);
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
        } else if now > self.laws.granted_at + timeout + STORES {
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
            // The jar of cookies is one for all; what a page brings that has
            // gone may take the place of a newer one.
            && match self.auth.cookie {
                true => !self.laws.baked_late,
                false => !self.is_blind(),
            }
        {
            self.broken(|| format!("{token} was used twice"));
        }
        let calls = &self.auth.refresh_calls;
        let minute = calls
            .iter()
            .rev()
            .take_while(|at| **at + 60_000 > self.now)
            .count();
        // Tabs that nothing keeps apart call each for itself.
        let tabs = if self.locks { 1 } else { self.tabs.len() };
        if minute > A_MINUTE * tabs + self.laws.asked {
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
        let Some(access) = self.auth.accesses.get(&*token).cloned() else {
            return;
        };
        let other = held
            .sendings
            .iter()
            .filter_map(|sending| sending.token.as_ref())
            .any(|first| {
                self.auth
                    .accesses
                    .get(&**first)
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
        self.laws_of_token(caller, &token);
    }

    /// No token is used of which both clocks of a page know that it has ended.
    pub(super) fn laws_of_token(&mut self, caller: usize, token: &str) {
        let tab = self.callers[caller].tab;
        let Some(receipt) = self.laws.receipts.get(token).copied() else {
            return;
        };
        let wall_knows = receipt.set_back == self.set_back;
        let mono_knows = receipt.mono_lost == self.mono_lost && receipt.tab == tab;
        let ends = receipt.at + self.auth.lifetime.max(1_000) + 2;
        if (wall_knows || mono_knows) && self.auth.lifetime > 0 && self.now > ends {
            let ago = self.now - ends;
            self.broken(|| format!("caller {caller} has a token that ended {ago} ms ago"));
        }
    }

    /// A caller that waits is answered within twice `timeoutMs` and two seconds of
    /// the time that its tab runs.
    pub(super) fn laws_of_patience(&mut self, caller: usize, since: u64) {
        let tab = self.callers[caller].tab;
        let took = self.tabs[tab].running(self.now) - since;
        if took > 2 * self.timeout() + 2_000 + 5 {
            self.broken(|| format!("caller {caller} has waited for {took} ms"));
        }
    }

    /// All tabs spare a server that says when to come again.
    pub(super) fn laws_of_pace(&mut self, tab: usize, call: CallId) {
        let Some((from, until)) = self.laws.paced else {
            return;
        };
        let held = &self.tabs[tab];
        let sent = held.calls.iter().find(|flight| flight.number == call);
        // The last refresh of a sign-out keeps to it as well.
        let Some(sent) = sent.map(|flight| flight.since) else {
            return;
        };
        let slept = held.thawed > held.born && held.thawed + 500 > sent;
        let young = held.born + 500 > sent;
        let unsure =
            self.is_blind() || self.network.lost > 0 || self.laws.jumped > 0 || self.mono_lost > 0;
        // Two waits that differ by less are taken for one.
        let due = self.now + 50 >= until;
        if sent > from && !due && !slept && !young && !unsure {
            let early = until - self.now;
            self.broken(|| format!("tab {tab} refreshes {early} ms before it may"));
        }
    }

    /// Notes what an answer asks for.
    pub(super) fn laws_at_landing(&mut self, tab: usize, call: CallId, reply: &Reply) {
        let held = &self.tabs[tab];
        let Some(flight) = held.calls.iter().find(|flight| flight.number == call) else {
            return;
        };
        if !flight.refresh || !held.awake() || held.disposed {
            return;
        }
        self.laws.paced = None;
        let seconds = reply.retry_after.as_deref().map(str::parse::<u64>);
        if let Some(Ok(seconds)) = seconds {
            let from = self.now + self.network.channel.1 + 500;
            self.laws.paced = Some((from, self.now + seconds * 1_000));
        }
    }

    /// A page that stops may not have told the others yet what it was asked
    /// for.
    pub(super) fn laws_at_stop(&mut self) {
        self.laws.paced = self.laws.paced.filter(|(from, _)| *from < self.now);
    }

    pub(super) fn laws_at_logout(&mut self, tab: usize) {
        let ended: Vec<usize> = self.tabs[tab].ended.iter().copied().collect();
        self.laws.signed_out.extend(ended);
        self.laws_of_store_meanwhile();
    }

    /// The same before the world is at rest: a place that has failed is written
    /// to, but not waited for.
    fn laws_of_store_meanwhile(&mut self) {
        if !self.laws.unread {
            self.laws_of_store();
        }
    }

    /// What was signed out is not stored.
    pub(super) fn laws_of_store(&mut self) {
        // Of whose session the cookie is, nobody can tell.
        if matches!(self.store.kind, Kind::Memory | Kind::Tab)
            || self.store.fails
            || self.auth.cookie
            || self.laws.meddled
            || self.laws.unwritten
            || self.laws.crossed
            // Tabs that have not heard of each other go by the wall clock.
            || (self.laws.lossy && self.set_back > 0.0)
        {
            return;
        }
        // Asked for much more often than something is written.
        if self.laws.read.0 != self.store.text {
            let text = self.store.text.clone();
            let stored = record_in(text.as_deref(), self.clocks(0));
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
        if matches!(event, Event::SignedIn | Event::Refreshed) {
            self.laws.paced = None;
        }
        let Event::SignedOut(by) = event else { return };
        let count = |kind: fn(&Event) -> bool| self.tabs[tab].count(kind);
        let outs = count(|event| matches!(event, Event::SignedOut(_)));
        let ins = count(|event| matches!(event, Event::SignedIn));
        // A tab that starts with a session does not tell of a sign-in.
        if outs > ins {
            self.broken(|| format!("tab {tab} tells of more sign-outs than sign-ins"));
        }
        if *by == SignedOutBy::RefreshRejected && self.auth.cookie && self.auth.refused == 0 {
            self.broken(|| format!("tab {tab} ends a session that the server did not refuse"));
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
            && self.locks
            && !self.laws.apart
            && !self.is_blind()
            && !self.laws.crossed
            && !self.laws.unwritten
        {
            self.broken(|| format!("tab {tab} ends a session whose new token is stored"));
        }
    }

    pub(super) fn laws_at_done(&mut self, _caller: usize) {
        self.laws_of_store_meanwhile();
    }

    /// The family of the session held, looked up when it has changed.
    fn family_now(&mut self, tab: usize) -> Option<usize> {
        let serial = Some(self.tabs[tab].machine.snapshot().serial);
        if self.tabs[tab].looked_up == serial {
            return self.tabs[tab].held_family;
        }
        let family = self.family_of(tab);
        let held = &mut self.tabs[tab];
        held.looked_up = serial;
        held.held_family = family;
        held.family = family.or(held.family);
        family
    }

    /// What is shown is what is so, and what has ended stays so.
    pub(super) fn laws_after_feed(&mut self, tab: usize) {
        let family = self.family_now(tab);
        if let Some(family) = family.filter(|family| self.tabs[tab].ended.contains(family)) {
            self.broken(|| format!("tab {tab} holds session {family} again, which it signed out"));
        }
        let held = &self.tabs[tab];
        if !held.started {
            return;
        }
        let shown = held.shown.as_ref() == Some(&held.machine.snapshot());
        let passes = held.disposed || held.pass == held.machine.current_pass();
        let taken_back = held
            .pass
            .is_none_or(|pass| held.machine.deadline() <= pass.until_mono);
        if !shown {
            self.broken(|| format!("tab {tab} shows another snapshot than the one that is"));
        }
        if !passes {
            self.broken(|| format!("tab {tab} holds another pass than the one that is"));
        }
        if !taken_back {
            self.broken(|| format!("tab {tab} has a pass that no wake takes back"));
        }
    }
}
