//! The other tabs of the same key: who they are, what they hold, and what
//! they are told.
//!
//! *Algorithm:* a tab that opens its channel says hello, and all answer with
//! their records. From then on it knows a peer by any message of it, until
//! that one says goodbye. A question is asked under a number and answered by
//! all: it is over once each known peer has answered, or [`ANSWER`] has
//! passed. Where no peer is known yet, somebody may still be about to answer
//! the hello: two echoes, each of which goes as far as a message to another tab
//! does, show that nobody was, without any timer.
//!
//! *Boundary:* a message may be lost, doubled or late. Nothing depends on one:
//! the records say which is newer.

use super::document::{Document, Members};
use super::json::Writer;
use super::machine::Machine;
use super::output::Output;
use super::pace::Pace;
use super::record::{Record, Stamp, Stored};
use super::time::{Instant, Millis, Moment};

/// How long the known tabs may take to answer; a frozen one never does.
const ANSWER: Millis = Millis::new(150);

/// How long after the channel was opened unknown tabs may still be about to
/// answer.
const HELLO: Millis = Millis::new(50);

/// How many echoes show that nobody is about to answer.
const ECHOES: u8 = 2;

#[derive(Clone, Debug)]
pub(super) struct Peers {
    /// What this tab calls itself.
    pub id: u64,
    open: bool,
    known: Vec<u64>,
    /// Peers that did not answer in time, and have said nothing since: asleep,
    /// crashed, or on a busy machine.
    silent: Vec<u64>,
    /// Until when somebody may still be about to answer the hello.
    hello_until: Moment,
    question: Option<Question>,
    questions: u32,
    /// The newest record that was told again because somebody had missed it.
    retold: Stamp,
}

/// A question to the other tabs that is not over.
#[derive(Clone, Debug)]
struct Question {
    number: u32,
    /// Peers that have not answered; nobody where none was known.
    waited: Vec<u64>,
    /// Where none was known: how many echoes have come back.
    echoes: Option<u8>,
    until: Moment,
    /// The looks that wait for it.
    looks: Vec<u32>,
}

impl Peers {
    pub fn new(id: u64) -> Self {
        Self {
            id,
            open: false,
            known: Vec::new(),
            silent: Vec::new(),
            hello_until: Moment::PAST,
            question: None,
            questions: 0,
            retold: Stamp::default(),
        }
    }

    /// How many tabs come before this one; a silent one may still be awake.
    pub fn before(&self) -> u32 {
        let all = self.known.iter().chain(&self.silent);
        all.filter(|peer| **peer < self.id).count() as u32
    }

    /// Notes that a tab has spoken, or `gone`.
    fn spoke(&mut self, from: u64, gone: bool) {
        for peers in [&mut self.known, &mut self.silent] {
            peers.retain(|peer| *peer != from);
        }
        if !gone {
            self.known.push(from);
        }
    }

    pub fn deadline(&self) -> Moment {
        self.question
            .as_ref()
            .map_or(Moment::NEVER, |question| question.until)
    }
}

impl Machine {
    /// What the tab calls itself: a message whose member `to` is another
    /// number is another tab's, and a host may drop it.
    pub fn tab(&self) -> u64 {
        self.peers.id
    }

    /// Opens the channel, and says hello.
    pub(super) fn open_channel(&mut self) {
        if !self.policy.channel || self.peers.open {
            return;
        }
        self.peers.open = true;
        self.peers.hello_until = self.now.mono + HELLO;
        self.output(Output::Channel { open: true });
        let hello = self.message("ask").end();
        self.post(hello);
    }

    /// Says goodbye: the page is put away, or the manager ends.
    pub(super) fn close_channel(&mut self) {
        if !self.peers.open {
            return;
        }
        let goodbye = self.message("bye").end();
        self.post(goodbye);
        self.output(Output::Channel { open: false });
        self.peers.open = false;
        self.peers.known.clear();
        self.peers.silent.clear();
        self.question_over();
    }

    /// The platform gives this page no channel: an opaque origin has no other
    /// tabs.
    pub(super) fn channel_unavailable(&mut self) {
        self.peers.open = false;
        self.question_over();
    }

    // ---- what is told ----

    fn message(&self, kind: &str) -> Writer {
        let mut out = Writer::object();
        out.text("kind", kind);
        out.number("from", self.peers.id as f64);
        out
    }

    fn post(&mut self, text: String) {
        if self.peers.open {
            self.output(Output::Post(text.into()));
        }
    }

    /// Tells the others what is held. `stored` says that a place which all
    /// tabs share keeps it already.
    pub(super) fn tell(&mut self, stored: bool) {
        let text = self.here(None, stored);
        self.post(text);
    }

    /// What is held, and the back-off, which counts also while nobody is
    /// signed in. `answers` names the tab and its question.
    fn here(&self, answers: Option<(u64, f64)>, stored: bool) -> String {
        let mut out = self.message("here");
        if let Some((to, question)) = answers {
            out.number("to", to as f64);
            out.number("question", question);
        }
        if stored {
            out.number("stored", 1.0);
        }
        if let Some(record) = &self.record {
            record.write(&mut out);
        }
        self.pace.write(self.now, &mut out);
        self.write_active(&mut out);
        out.end()
    }

    /// Tells the others that this tab has the lock, or sends its call: from now
    /// on it may take its time.
    pub(super) fn tell_begun(&mut self) {
        let text = self.message("begun").end();
        self.post(text);
    }

    /// Tells the others when somebody was last active here.
    pub(super) fn tell_active(&mut self) {
        let mut out = self.message("active");
        self.write_active(&mut out);
        self.post(out.end());
    }

    /// Tells the others that this tab calls the logout endpoint.
    pub(super) fn tell_farewell(&mut self) {
        let text = self.message("farewell").end();
        self.post(text);
    }

    // ---- what is asked ----

    /// Asks the others for their records on behalf of a look; false where
    /// nobody is there to be asked.
    pub(super) fn question(&mut self, look: u32) -> bool {
        let now = self.now.mono;
        if !self.peers.open {
            return false;
        }
        let unknown = self.peers.known.is_empty();
        if unknown && now >= self.peers.hello_until {
            return false;
        }
        if let Some(question) = &mut self.peers.question {
            // What is asked anew is answered with what is newer.
            question.looks.push(look);
        }
        self.peers.questions = self.peers.questions.wrapping_add(1);
        let number = self.peers.questions;
        let looks = self
            .peers
            .question
            .take()
            .map_or(vec![look], |question| question.looks);
        self.peers.question = Some(Question {
            number,
            waited: self.peers.known.clone(),
            echoes: unknown.then_some(0),
            until: if unknown {
                self.peers.hello_until
            } else {
                now + ANSWER
            },
            looks,
        });
        let mut out = self.message("ask");
        out.number("question", number.into());
        self.post(out.end());
        if unknown {
            self.echo();
        }
        true
    }

    fn echo(&mut self) {
        let mut out = self.message("echo");
        out.number("question", self.peers.questions.into());
        self.output(Output::Echo(out.end().into()));
    }

    fn question_over(&mut self) {
        let Some(question) = self.peers.question.take() else {
            return;
        };
        // A silent peer is not waited for again until it speaks.
        for peer in question.waited {
            self.peers.known.retain(|known| *known != peer);
            self.peers.silent.retain(|silent| *silent != peer);
            self.peers.silent.push(peer);
        }
        for look in question.looks {
            self.look_asked(look);
        }
    }

    /// Ends a question whose time is up.
    pub(super) fn expire_question(&mut self) {
        let up = |question: &Question| self.now.mono >= question.until;
        if self.peers.question.as_ref().is_some_and(up) {
            self.question_over();
        }
    }

    // ---- what is heard ----

    /// A text came over the channel. Anything may be in it: other software of
    /// the same origin can post there.
    #[inline(never)]
    pub(super) fn message_came(&mut self, message: &dyn Document) {
        let number = |name| message.number(name).map(|number| number as u64);
        let (Some(kind), Some(from)) = (message.text("kind"), number("from")) else {
            return;
        };
        if from == self.peers.id {
            // A tab hears nothing of its own but its echoes.
            let question = message.number("question");
            return self.echoed(question);
        }
        // What answers another tab's question would be read by as many as
        // there are, in as many answers.
        let to = number("to");
        if to.is_some_and(|to| to != self.peers.id) {
            return;
        }
        let gone = kind == "bye";
        self.peers.spoke(from, gone);
        if let Some(active) = message.number("active").and_then(Instant::from_ms) {
            self.heard_active(active);
        }
        match kind.as_str() {
            "ask" => {
                let question = message.number("question").unwrap_or_default();
                let text = self.here(Some((from, question)), false);
                self.post(text);
            }
            "here" => self.hear_message(message),
            "begun" => self.begun(),
            "farewell" => self.farewell_heard(),
            _ => {}
        }
        // Only what was said after the question answers it: what was said
        // before may be older than what a lock was given back for.
        let answers = |question: &Question| {
            to.is_some() && message.number("question") == Some(f64::from(question.number))
        };
        if let Some(question) = &mut self.peers.question
            && (gone || answers(question))
        {
            question.waited.retain(|peer| *peer != from);
            let enough = match question.echoes {
                Some(_) => !gone,
                None => question.waited.is_empty(),
            };
            if enough {
                self.question_over();
            }
        }
    }

    /// An echo of a question that was asked anew since says nothing.
    fn echoed(&mut self, number: Option<f64>) {
        let Some(question) = &mut self.peers.question else {
            return;
        };
        if number != Some(question.number.into()) {
            return;
        }
        match &mut question.echoes {
            Some(echoes) if *echoes + 1 < ECHOES => {
                *echoes += 1;
                self.echo();
            }
            Some(_) => self.question_over(),
            None => {}
        }
    }

    fn hear_message(&mut self, message: &dyn Document) {
        let pace = Pace::read(message, self.now);
        // Most tell what is held already; to take it apart again would cost
        // as much as there are tabs.
        let stamp = Stamp::read(message).map(|stamp| Stamp {
            ended: message.text("ended").is_some(),
            ..stamp
        });
        if stamp == self.record.as_ref().map(|held| held.stamp) {
            self.pace.join(&pace);
            return;
        }
        let cookie = self.policy.cookie_access();
        let Stored::Record(record) = Record::read(message, cookie, self.platform, self.now) else {
            self.pace.join(&pace);
            return;
        };
        if self.hear(record, pace) {
            let stored = message.number("stored").is_some();
            self.keep_heard(stored);
        }
    }

    /// A tab told of a record that this one holds already, or of an older
    /// one: that tab has missed something, and is told once.
    pub(super) fn tell_again(&mut self) {
        // Told each time, the messages would multiply while new records come.
        if self.peers.retold != self.stamp() {
            self.peers.retold = self.stamp();
            self.tell(false);
        }
    }
}
