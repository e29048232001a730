//! What pages share beside the places: the channel, and Web Locks, which are
//! granted in order, or to a thief.

use std::collections::VecDeque;
use std::rc::Rc;

use evertoken::internals::LockId;

use super::fault::Fault;
use super::tab::Arrival;
use super::world::World;

pub type Who = (usize, LockId);

/// A lock that one holds alone, or several share (Web Locks, section 3).
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// Holds it alone.
    pub holder: Option<Who>,
    pub sharers: Vec<Who>,
    /// Who waits, in order, and whether it would share.
    queue: VecDeque<(Who, bool)>,
}

impl Lock {
    /// Takes a request out, or gives the lock back.
    fn leave(&mut self, who: Who) {
        self.queue.retain(|(waiting, _)| *waiting != who);
        self.sharers.retain(|sharer| *sharer != who);
        self.holder = self.holder.filter(|holder| *holder != who);
    }

    /// All requests of a page.
    pub fn of(&self, tab: usize) -> Vec<Who> {
        let waiting = self.queue.iter().map(|(who, _)| who);
        let held = self.holder.iter().chain(&self.sharers);
        held.chain(waiting)
            .copied()
            .filter(|who| who.0 == tab)
            .collect()
    }

    /// Grants the lock to the next, if it is free for it.
    fn grant(&mut self) -> Option<Who> {
        let (next, shares) = *self.queue.front()?;
        if self.holder.is_some() || !(shares || self.sharers.is_empty()) {
            return None;
        }
        self.queue.pop_front();
        match shares {
            true => self.sharers.push(next),
            false => self.holder = Some(next),
        }
        Some(next)
    }
}

impl World {
    // ---- the lock ----

    pub(super) fn take_lock(&mut self, tab: usize, lock: LockId, steal: bool, shared: bool) {
        if self.refuses_locks {
            return self.arrived(tab, Arrival::LockUnavailable(lock));
        }
        if self.fault == Some(Fault::NoLock) {
            return self.arrived(tab, Arrival::Granted(lock));
        }
        self.lock.leave((tab, lock));
        if steal {
            self.laws_at_steal(tab);
            self.stolen.push(self.now);
            self.tally.stolen += 1;
            let sharers = std::mem::take(&mut self.lock.sharers);
            for (victim, lock) in self.lock.holder.into_iter().chain(sharers) {
                if self.fault != Some(Fault::NoRobbed) {
                    self.arrive(1, victim, Arrival::Robbed(lock));
                }
            }
            self.lock.holder = Some((tab, lock));
            self.laws.granted_at = self.now;
            self.arrive(1, tab, Arrival::Granted(lock));
        } else {
            self.lock.queue.push_back(((tab, lock), shared));
        }
        self.grant_lock();
    }

    pub(super) fn leave_lock(&mut self, who: Who) {
        self.lock.leave(who);
        self.grant_lock();
    }

    fn grant_lock(&mut self) {
        while let Some((tab, lock)) = self.lock.grant() {
            self.laws.granted_at = self.now;
            self.arrive(1, tab, Arrival::Granted(lock));
        }
    }

    // ---- the channel ----

    pub(super) fn channel_delay(&mut self) -> u64 {
        let (from, to) = self.network.channel;
        self.random.between(from, to)
    }

    /// Posts a text to the other pages whose channel is open; with `echo` to
    /// its own page as well.
    pub(super) fn post(&mut self, from: usize, text: &Rc<str>, echo: bool) {
        if !self.tabs[from].channel {
            return;
        }
        if echo {
            return self.deliver(from, from, text);
        }
        if text.contains("\"access\"") {
            // Told is as good as stored.
            self.auth.keep(from);
        }
        if self.fault == Some(Fault::NoTell) {
            return;
        }
        let text = self.distorted(text);
        for tab in 0..self.tabs.len() {
            let held = &self.tabs[tab];
            if tab == from || !held.alive || !held.channel {
                continue;
            }
            if self.random.percent(self.network.lost) {
                self.tally.messages += 1;
                continue;
            }
            let copies = 1 + u64::from(self.random.percent(self.network.twice));
            self.tally.messages += copies - 1;
            for _ in 0..copies {
                self.deliver(from, tab, &text);
            }
        }
    }

    /// Messages of one page reach another in the order in which they were
    /// posted.
    fn deliver(&mut self, from: usize, to: usize, text: &Rc<str>) {
        // What a page posts to itself goes as far as to any other.
        let delay = match from == to {
            true => self.network.channel.1,
            false => self.channel_delay(),
        };
        let at = (self.now + delay).max(self.tabs[to].heard_from(from));
        self.tabs[to].hear_from(from, at);
        let text = Rc::clone(text);
        self.arrive(at - self.now, to, Arrival::Message(text));
    }

    /// What a faulty page posts.
    fn distorted(&self, text: &Rc<str>) -> Rc<str> {
        match self.fault {
            Some(Fault::PaceUntold) => without(text, &["failures", "not_before", "server_wait"]),
            Some(Fault::SendsForgotten) => without(text, &["sent", "twist"]),
            Some(Fault::OlderWins) => older_wins(text),
            _ => Rc::clone(text),
        }
    }
}

/// An object without some of its numbers.
fn without(text: &str, names: &[&str]) -> Rc<str> {
    let mut text = text.to_owned();
    for name in names {
        let member = format!(",\"{name}\":");
        if let Some(at) = text.find(&member) {
            let end = text[at + 1..]
                .find([',', '}'])
                .map_or(text.len(), |end| at + 1 + end);
            text.replace_range(at..end, "");
        }
    }
    text.into()
}

/// The record of a refresh that says it is one of a newer sign-in.
fn older_wins(text: &str) -> Rc<str> {
    let member = "\"sign_in\":";
    match text.find(member) {
        Some(at) if !text.contains("\"generation\":0") => {
            let mut text = text.to_owned();
            let from = at + member.len();
            let end = text[from..].find(',').map_or(from, |end| from + end);
            let number: u64 = text[from..end].parse().unwrap_or_default();
            text.replace_range(from..end, &(number + 60_000).to_string());
            text.into()
        }
        _ => text.into(),
    }
}
