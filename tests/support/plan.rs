//! What a random schedule consists of: the world it happens in and the steps
//! that are taken, as data. Nothing in it depends on what happens, so a step
//! can be left out and the others stay what they were.

use evertoken::internals::{Ask, Millis};

use super::auth::Manner;
use super::random::Random;
use super::store::{Health, Kind};

const USERS: [&str; 3] = ["ann", "bob", "cyd"];
const HOUR: u64 = 3_600_000;

/// The world before anything happens in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The refresh token travels in a cookie.
    pub cookie: bool,
    /// A short `timeoutMs`.
    pub quick: bool,
    /// Further options.
    pub options: Vec<&'static str>,
    pub store: Kind,
    /// Of an access token, in milliseconds.
    pub lifetime: u64,
    /// Whether a used refresh token revokes its family.
    pub strict: bool,
    pub rotates: bool,
    /// Whether answers state the lifetime.
    pub states: bool,
    pub opaque: bool,
    pub server: (u64, u64),
    pub channel: (u64, u64),
    pub twice: u64,
    pub lost: u64,
    /// How far the machine's clock is from the server's.
    pub clock: f64,
    pub lock: Lock,
    /// Where a session is kept that is to be remembered.
    pub remember: Option<Kind>,
    /// Whether tabs have no channel.
    pub alone: bool,
    /// Whether every answer says that it is HTML.
    pub mislabels: bool,
    /// Whether a call that outlives its page can be stopped.
    pub stops_keepalive: bool,
    /// Whether monotonic clocks stand still while the machine sleeps.
    pub stands: bool,
}

/// What keeps tabs apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lock {
    Web,
    Lease,
    /// Web Locks that the page does not get, and the lease after them.
    Refused,
    Nothing,
}

/// Which of the tabs that could be meant.
pub type Which = u64;

/// One thing that happens, and what passes before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The machine sleeps for so long first.
    pub sleep: Option<u64>,
    /// Milliseconds since the step before.
    pub gap: u64,
    pub deed: Deed,
    /// What the network makes of it.
    pub seed: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Fetch(Which),
    FetchStream(Which),
    /// So many requests in each tab.
    FetchAll(u64),
    Token(Which, Ask),
    Refresh(Which),
    LogIn {
        tab: Which,
        user: &'static str,
        remember: bool,
    },
    Restore {
        tab: Which,
        after_sign_out: bool,
    },
    SetTokens(Which, &'static str),
    LogOut {
        tab: Which,
        local: bool,
    },
    Freeze {
        tab: Which,
        cached: bool,
    },
    /// It stands still, and no event says so.
    Stall(Which),
    Crash(Which),
    Close(Which),
    Reload(Which),
    Duplicate(Which),
    /// A navigation begins and leads nowhere.
    BeginToLeave(Which),
    Show {
        tab: Which,
        visible: bool,
    },
    /// The network goes, or comes back.
    Network,
    SetClock(f64),
    /// How the next refresh calls are answered.
    Script(Vec<Manner>),
    /// How all others are answered from now on.
    Otherwise(Manner),
    ScriptLogin(Manner),
    ScriptLogout(Manner),
    StoreFails,
    Store(Which, Health),
    /// Another page clears what is stored, or stores something else.
    Meddle(Option<&'static str>),
    ExpireAll,
    Abort(Which),
    Dispose(Which),
    /// A frozen tab thaws; where there is none, another one opens.
    Return,
    Nothing,
}

/// A whole schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub setting: Setting,
    /// Tabs that are there from the beginning.
    pub tabs: u64,
    /// What makes these tabs differ.
    pub seed: u64,
    pub steps: Vec<Step>,
}

impl Plan {
    /// Everything in it follows from its number.
    pub fn of(number: u64) -> Self {
        let mut random = Random::new(number);
        let mut setting = Setting::any(&mut random);
        setting.more(&mut random);
        let tabs = random.between(1, 4);
        let seed = random.next();
        let count = random.between(8, 32);
        let steps = (0..count)
            .map(|_| Step::any(&setting, &mut random))
            .collect();
        Self {
            setting,
            tabs,
            seed,
            steps,
        }
    }
}

impl Setting {
    /// In which nothing makes it hard.
    pub fn calm() -> Self {
        Self {
            cookie: false,
            quick: false,
            options: Vec::new(),
            store: Kind::Local,
            lifetime: 20_000,
            strict: true,
            rotates: true,
            states: true,
            opaque: false,
            server: (5, 5),
            channel: (1, 1),
            twice: 0,
            lost: 0,
            clock: 0.0,
            lock: Lock::Web,
            remember: None,
            alone: false,
            mislabels: false,
            stops_keepalive: false,
            stands: false,
        }
    }

    fn any(random: &mut Random) -> Self {
        let cookie = random.percent(25);
        let quick = random.percent(30);
        let options = [
            random.pick(&[
                None,
                None,
                Some(r#""proactive":true"#),
                Some(r#""proactive":false"#),
            ]),
            random.pick(&[None, None, Some(r#""refreshAheadSeconds":900"#)]),
            random.pick(&[
                None,
                None,
                Some(r#""logout":{"url":"/logout","authenticate":true}"#),
            ]),
        ];
        let store = random.pick(&[
            Kind::Memory,
            Kind::Tab,
            Kind::Tab,
            Kind::Local,
            Kind::Local,
            Kind::Transaction,
            Kind::Transaction,
            Kind::Custom,
        ]);
        let states = random.percent(70);
        Self {
            cookie,
            quick,
            options: options.into_iter().flatten().collect(),
            store,
            lifetime: random.pick(&[1_000, 5_000, 20_000, 60_000, 300_000]),
            strict: random.percent(75),
            rotates: random.percent(90),
            states,
            opaque: states && random.percent(20),
            server: if quick {
                (1, 20)
            } else {
                random.pick(&[(1, 20), (1, 20), (50, 3000)])
            },
            channel: match store {
                Kind::Memory | Kind::Tab => (1, 12),
                _ => random.pick(&[(1, 5), (1, 40), (1, 3000)]),
            },
            twice: random.pick(&[0, 10]),
            lost: match store {
                Kind::Memory | Kind::Tab => 0,
                _ => random.pick(&[0, 0, 10]),
            },
            clock: random.pick(&[0.0, 0.0, 0.0, 3.6e6, -3.6e6, 3.15e11]),
            ..Self::calm()
        }
    }

    /// What a page may find beside that.
    fn more(&mut self, random: &mut Random) {
        self.lock = random.pick(&[
            Lock::Web,
            Lock::Web,
            Lock::Web,
            Lock::Web,
            Lock::Web,
            Lock::Lease,
            Lock::Refused,
            Lock::Nothing,
        ]);
        if random.percent(10) && matches!(self.store, Kind::Local | Kind::Transaction) {
            self.remember = Some(random.pick(&[Kind::Local, Kind::Transaction]));
        }
        // Only where each tab finds in the store what it is not told.
        self.alone = random.percent(8) && matches!(self.store, Kind::Local | Kind::Transaction);
        self.mislabels = random.percent(10);
        self.stops_keepalive = random.percent(40);
        self.stands = random.percent(50);
    }
}

impl Step {
    fn any(setting: &Setting, random: &mut Random) -> Self {
        let sleep = random.percent(1).then(|| random.below(8 * HOUR));
        let gap = match random.below(100) {
            _ if sleep.is_some() => 0,
            0..=54 => random.below(50),
            55..=79 => random.below(5_000),
            80..=97 => random.below(setting.lifetime * 2),
            _ => random.below(20_000),
        };
        Self {
            sleep,
            gap,
            deed: Deed::any(random),
            seed: random.next(),
        }
    }
}

impl Deed {
    fn any(random: &mut Random) -> Self {
        let tab = random.below(60);
        match random.below(116) {
            0..=34 => Self::Fetch(tab),
            35 => Self::FetchStream(tab),
            36..=42 => Self::FetchAll(random.between(1, 3)),
            43..=46 => {
                let least = Millis::from_ms(random.below(100_000) as f64).unwrap_or_default();
                let none = Millis::ZERO;
                let ask = random.pick(&[
                    Ask::Token { least: none },
                    Ask::Token { least },
                    Ask::TokenNow,
                ]);
                Self::Token(tab, ask)
            }
            47 => Self::Token(tab, Ask::TokenForced),
            48..=50 => Self::Refresh(tab),
            51..=54 => Self::LogIn {
                tab,
                user: random.pick(&USERS),
                remember: random.percent(30),
            },
            55 => Self::SetTokens(tab, random.pick(&USERS)),
            56..=59 => Self::LogOut {
                tab,
                local: random.percent(20),
            },
            60..=63 => Self::Freeze {
                tab,
                cached: random.percent(30),
            },
            64..=65 if random.percent(50) => Self::Crash(tab),
            64..=65 => Self::Close(tab),
            66..=70 => Self::Show {
                tab,
                visible: random.percent(50),
            },
            71..=72 => Self::Network,
            73..=74 => Self::SetClock(random.pick(&[
                -3.15e11, -3.6e6, -30_000.0, -1_000.0, 1_000.0, 30_000.0, 3.6e6, 3.15e11,
            ])),
            75..=83 => Self::Script((0..random.between(1, 3)).map(|_| manner(random)).collect()),
            84..=85 if random.percent(50) => Self::Otherwise(manner(random)),
            84..=85 => Self::Otherwise(Manner::Good),
            86 if random.percent(40) => Self::StoreFails,
            87..=88 => Self::ExpireAll,
            89..=90 => Self::Abort(random.next()),
            91 if random.percent(30) => Self::Dispose(tab),
            92 => Self::ScriptLogin(random.pick(&[
                Manner::status(401),
                Manner::Hang,
                Manner::status(500),
                Manner::DropBefore,
                Manner::Slow(1_500),
            ])),
            93 => Self::ScriptLogout(random.pick(&[
                Manner::Hang,
                Manner::status(500),
                Manner::DropBefore,
            ])),
            94..=99 => Self::Return,
            100..=102 => Self::Reload(tab),
            103..=104 => Self::Duplicate(tab),
            105 => Self::BeginToLeave(tab),
            106..=107 => Self::Stall(tab),
            108..=111 => {
                let health = random.pick(&[
                    Health::Lost(1),
                    Health::Lost(1),
                    Health::Lost(3),
                    Health::Fails,
                    Health::Hangs,
                    Health::Slow(100),
                    Health::Slow(1_700),
                    Health::Slow(4_000),
                    Health::Good,
                    Health::Good,
                ]);
                Self::Store(tab, health)
            }
            112 if random.percent(40) => {
                Self::Meddle(random.pick(&[None, Some("{"), Some(r#"{"v":9,"x":1}"#)]))
            }
            113..=114 => Self::Restore {
                tab,
                after_sign_out: random.percent(10),
            },
            _ => Self::Nothing,
        }
    }
}

fn manner(random: &mut Random) -> Manner {
    match random.below(14) {
        0 => Manner::Hang,
        1 => Manner::HangAfter,
        2 => Manner::DropBefore,
        3 => Manner::DropAfter,
        4 => Manner::html(random.pick(&[200, 401, 502])),
        5 => Manner::later(random.pick(&[429, 503]), random.pick(&["1", "30"])),
        6 => Manner::status(random.pick(&[408, 425, 429, 500, 502, 503, 504, 520])),
        7 => Manner::status(random.pick(&[404, 405])),
        8 => Manner::body(200, random.pick(&["", "{}", "{\"accessToken\":", "null"])),
        9 => Manner::body(
            random.pick(&[400, 401, 403, 500]),
            r#"{"error":"invalid_grant"}"#,
        ),
        10 => Manner::SameToken,
        _ => Manner::Slow(random.between(1, 4000)),
    }
}
