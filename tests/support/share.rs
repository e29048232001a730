//! What tabs share, as the shell uses it: the lock, the record, the channel.

use std::rc::Rc;

use evertoken::core::Committed;

use super::fault::Fault;
use super::store::{Asking, Kind, Message};
use super::tab::Arrival;
use super::world::World;

/// As in the shell: how long known tabs may take to answer, and how long
/// after its start a tab expects unknown ones.
const ANSWER_MS: u64 = 150;
const HELLO_MS: u64 = 50;

impl World {
    // ---- the lock ----

    pub(super) fn take_lock(&mut self, tab: usize, turn: u32, steal: bool) {
        if !self.locks || self.fault == Some(Fault::NoLock) {
            let now = self.wall();
            return self.feed(tab, |machine| machine.granted(now, turn));
        }
        self.lock.leave((tab, turn));
        self.asks += 1;
        self.tabs[tab].lock = Some((turn, self.asks));
        if self.lease {
            let (request, delay) = (self.asks, self.random.between(1, 4));
            let claim = Arrival::Claim {
                turn,
                request,
                steal,
            };
            return self.arrive(delay, tab, claim);
        }
        if steal {
            self.laws_at_steal(tab);
            self.stolen.push(self.now);
            self.tally.stolen += 1;
            if let Some((victim, _)) = self.lock.holder
                && let Some((turn, request)) = self.tabs[victim].lock
                && self.fault != Some(Fault::NoRobbed)
            {
                self.arrive(1, victim, Arrival::Robbed(turn, request));
            }
            self.lock.holder = Some((tab, turn));
            self.laws.granted_at = self.now;
            self.arrive(1, tab, Arrival::Granted(turn, self.asks));
        } else {
            self.lock.queue.push_back((tab, turn));
        }
        self.grant_lock();
    }

    pub(super) fn leave_lock(&mut self, who: (usize, u32)) {
        let held = &mut self.tabs[who.0].lock;
        *held = held.filter(|(turn, _)| *turn != who.1);
        self.lock.leave(who);
        self.grant_lock();
    }

    fn grant_lock(&mut self) {
        if let Some((tab, _)) = self.lock.grant()
            && let Some((turn, request)) = self.tabs[tab].lock
        {
            self.laws.granted_at = self.now;
            self.arrive(1, tab, Arrival::Granted(turn, request));
        }
    }

    // ---- the record ----

    pub(super) fn read_store(&self) -> Option<Rc<str>> {
        self.store
            .text
            .clone()
            .filter(|_| self.store.kind != Kind::Memory && !self.store.fails)
    }

    pub(super) fn read(&mut self, tab: usize, turn: u32) {
        if self.fault == Some(Fault::NoReread) {
            let now = self.wall();
            return self.feed(tab, |machine| machine.read(now, turn, None));
        }
        let stored = self.read_store();
        let held = &self.tabs[tab];
        let hello = (held.born + HELLO_MS).saturating_sub(self.now);
        if held.peers.is_empty() && hello == 0 {
            if self.store.kind == Kind::Transaction {
                return self.arrive(2, tab, Arrival::Reread { turn });
            }
            let now = self.wall();
            return self.feed(tab, |machine| machine.read(now, turn, stored.as_deref()));
        }
        self.asks += 1;
        let any = held.peers.is_empty();
        let (number, waited) = (self.asks, held.peers.clone());
        self.tabs[tab].asking.push(Asking {
            turn,
            number,
            waited,
            any,
        });
        self.post(tab, Message::Ask(number));
        self.arrive(
            if any { hello } else { ANSWER_MS },
            tab,
            Arrival::AskOver { number },
        );
    }

    pub(super) fn asked(&mut self, tab: usize, number: u64) {
        let held = &mut self.tabs[tab];
        let Some(at) = held
            .asking
            .iter()
            .position(|asking| asking.number == number)
        else {
            return;
        };
        let asking = held.asking.swap_remove(at);
        held.peers.retain(|peer| !asking.waited.contains(peer));
        let now = self.wall();
        let stored = self.read_store();
        self.feed(tab, |machine| {
            machine.read(now, asking.turn, stored.as_deref())
        });
    }

    pub(super) fn reread(&mut self, tab: usize) {
        if let Some(text) = self.read_store() {
            let now = self.wall();
            self.feed(tab, |machine| machine.heard(now, &text));
        }
    }

    pub(super) fn commit(&mut self, tab: usize, number: u32) {
        let machine = &self.tabs[tab].machine;
        let Some(text) = machine
            .pending(number)
            .map(|record| Rc::from(record.stored(machine.pace())))
        else {
            return;
        };
        match self.store.kind {
            Kind::Memory => self.committed(tab, number, Some(text), None, true),
            Kind::Local => {
                let stored = self.swap(tab, number, &text);
                let kept = self.store.fails;
                self.committed(tab, number, Some(text), stored, kept);
            }
            Kind::Transaction => {
                let delay = self.random.between(1, 4);
                self.arrive(delay, tab, Arrival::Swap { number, text });
            }
        }
    }

    /// Writes if it outranks what is stored, else gives that.
    pub(super) fn swap(&mut self, tab: usize, number: u32, text: &Rc<str>) -> Option<Rc<str>> {
        if self.store.fails {
            self.tally.writes += 1;
            self.auth.lose(tab, None);
            return None;
        }
        let outranks = |stored: &Rc<str>| self.tabs[tab].machine.outranks(number, stored);
        let stays = self.store.text.clone().filter(|stored| !outranks(stored));
        if stays.is_some() && self.fault != Some(Fault::NoOutranks) {
            return stays;
        }
        self.store.writes += 1;
        self.store.text = Some(Rc::clone(text));
        if self.fault == Some(Fault::NoTombstone) && text.contains("\"ended\"") {
            self.store.text = None;
        }
        if self.store.kind == Kind::Local {
            for other in 0..self.tabs.len() {
                if other != tab && self.tabs[other].alive && self.fault != Some(Fault::NoTell) {
                    let delay = self.channel_delay();
                    self.arrive(delay, other, Arrival::Heard(Rc::clone(text)));
                }
            }
        }
        None
    }

    pub(super) fn committed(
        &mut self,
        tab: usize,
        number: u32,
        text: Option<Rc<str>>,
        stored: Option<Rc<str>>,
        kept: bool,
    ) {
        // A store that failed has not asked whether it may still be so.
        let may = !kept || self.tabs[tab].machine.outranks(number, "");
        if stored.is_none() && may {
            self.tell(tab, text);
        }
        self.auth.keep(tab);
        let now = self.wall();
        self.feed(tab, |machine| {
            let result = match &stored {
                Some(stored) => Committed::Outranked(stored),
                None if kept => Committed::Kept,
                None => Committed::Written,
            };
            machine.committed(now, number, result);
        });
    }

    // ---- the channel ----

    pub(super) fn tell(&mut self, tab: usize, text: Option<Rc<str>>) {
        self.tabs[tab].last = text.clone();
        self.post(tab, Message::Here(text, None));
    }

    pub(super) fn channel_delay(&mut self) -> u64 {
        let (from, to) = self.network.channel;
        self.random.between(from, to)
    }

    pub(super) fn post(&mut self, from: usize, message: Message) {
        if self.fault == Some(Fault::NoTell) || self.tabs[from].cached {
            return;
        }
        for tab in 0..self.tabs.len() {
            let held = &self.tabs[tab];
            if tab == from || !held.alive || held.cached || held.closed {
                continue;
            }
            if self.random.percent(self.network.lost) {
                self.tally.messages += 1;
                continue;
            }
            let copies = 1 + u64::from(self.random.percent(self.network.twice));
            self.tally.messages += copies - 1;
            for _ in 0..copies {
                let delay = match message {
                    // Nothing that a tab said comes after its last word.
                    Message::Bye => self.network.channel.1,
                    _ => self.channel_delay(),
                };
                self.arrive(
                    delay,
                    tab,
                    Arrival::Message {
                        from,
                        message: message.clone(),
                    },
                );
            }
        }
    }

    pub(super) fn take_message(&mut self, tab: usize, from: usize, message: Message) {
        let gone = message == Message::Bye;
        match gone {
            true => self.tabs[tab].peers.remove(&from),
            false => self.tabs[tab].peers.insert(from),
        };
        let answered = match &message {
            Message::Here(_, answered) => *answered,
            _ => None,
        };
        match message {
            Message::Ask(question) => {
                let record = self.tabs[tab].told();
                self.post(tab, Message::Here(record, Some((from, question))));
            }
            Message::Here(Some(text), _) if self.tabs[tab].last.as_ref() != Some(&text) => {
                let now = self.wall();
                self.tabs[tab].last = Some(Rc::clone(&text));
                self.feed(tab, |machine| machine.heard(now, &text));
            }
            Message::Begun => {
                let now = self.wall();
                self.feed(tab, |machine| machine.begun(now));
            }
            Message::Here(..) | Message::Bye => {}
        }
        let mut over = Vec::new();
        for asking in &mut self.tabs[tab].asking {
            if answered != Some((tab, asking.number)) && !gone {
                continue;
            }
            asking.waited.remove(&from);
            // One that goes is no answer where nobody was known.
            let enough = match asking.any {
                true => !gone,
                false => asking.waited.is_empty(),
            };
            if enough {
                over.push(asking.number);
            }
        }
        for number in over {
            self.asked(tab, number);
        }
    }
}
