//! The server: an authorization server with single-use refresh tokens that
//! revokes the family of one that comes twice, and a resource server that
//! takes only unexpired tokens of families that were not revoked.

use std::collections::{HashMap, VecDeque};

use evertoken::internals::CallId;

use super::document::Quick;
use super::token::jwt;

/// How the refresh endpoint behaves for one call.
#[derive(Clone, Debug, PartialEq)]
pub enum Manner {
    Good,
    /// Answers this and does nothing.
    Says {
        status: u16,
        media: &'static str,
        body: &'static str,
        retry_after: Option<String>,
    },
    /// Does nothing and never answers.
    Hang,
    /// Rotates and never answers.
    HangAfter,
    /// Drops the connection before doing anything.
    DropBefore,
    /// Drops the connection after rotating.
    DropAfter,
    /// Good, after so many milliseconds.
    Slow(u64),
    /// Gives the access token that it gave last, and the refresh token as it
    /// is.
    SameToken,
}

impl Manner {
    pub fn status(status: u16) -> Self {
        Self::Says {
            status,
            media: "application/json",
            body: "{}",
            retry_after: None,
        }
    }

    pub fn html(status: u16) -> Self {
        Self::Says {
            status,
            media: "text/html",
            body: "<!doctype html><p>oops",
            retry_after: None,
        }
    }

    pub fn body(status: u16, body: &'static str) -> Self {
        Self::Says {
            status,
            media: "application/json",
            body,
            retry_after: None,
        }
    }

    pub fn later(status: u16, retry_after: &str) -> Self {
        let retry_after = Some(retry_after.to_owned());
        Self::Says {
            status,
            media: "application/json",
            body: "{}",
            retry_after,
        }
    }
}

/// What goes over the wire to the browser.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub media: &'static str,
    pub body: String,
    pub retry_after: Option<String>,
    /// What the refresh cookie becomes: `Some(None)` clears it.
    pub cookie: Option<Option<String>>,
    /// The access token in it.
    pub access: Option<String>,
}

impl Reply {
    fn json(status: u16, body: String) -> Self {
        Self {
            status,
            media: "application/json",
            body,
            retry_after: None,
            cookie: None,
            access: None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Family {
    pub user: &'static str,
    pub revoked: bool,
    /// The refresh token that is good.
    pub current: String,
    pub access: String,
}

#[derive(Clone, Debug)]
pub struct Access {
    pub family: usize,
    pub user: &'static str,
    /// On the server's clock, in milliseconds.
    pub ends: f64,
}

/// A refresh token that was used, and by whose call.
#[derive(Clone, Debug)]
pub struct Rotation {
    pub used: String,
    pub family: usize,
    pub tab: usize,
    pub call: CallId,
    /// The answer was lost, or whoever waited for it died: using the token
    /// again is nobody's fault.
    pub lost: bool,
    /// What the answer brought was stored, or told.
    pub committed: bool,
    /// The answer came.
    pub answered: bool,
    /// The page had gone, and the call outlives it.
    pub orphaned: bool,
    /// When the cookie of the answer was put into the jar.
    pub baked: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Auth {
    /// Milliseconds; zero states no lifetime at all.
    pub lifetime: u64,
    pub cookie: bool,
    /// Tokens that say nothing.
    pub opaque: bool,
    /// Whether `expiresIn` is in the answers.
    pub states: bool,
    /// Whether every answer says that it is HTML.
    pub mislabels: bool,
    /// Whether a used refresh token revokes its family, or is only refused.
    pub strict: bool,
    pub rotates: bool,
    pub script: VecDeque<Manner>,
    pub otherwise: Manner,
    pub login_script: VecDeque<Manner>,
    pub logout_script: VecDeque<Manner>,
    pub families: Vec<Family>,
    pub accesses: HashMap<String, Access, Quick>,
    pub rotations: Vec<Rotation>,
    pub refresh_calls: Vec<u64>,
    pub login_calls: u32,
    pub logout_calls: u32,
    /// Refresh tokens that came twice without excuse.
    pub reuses: Vec<(usize, String)>,
    /// Refresh calls that were refused for good, or could be taken so.
    pub refused: u32,
    /// Families whose tokens were refused, and why.
    pub refusals: Vec<(usize, &'static str)>,
    refreshes: HashMap<String, (usize, bool), Quick>,
    count: u32,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            lifetime: 20_000,
            cookie: false,
            opaque: false,
            states: true,
            mislabels: false,
            strict: true,
            rotates: true,
            script: VecDeque::new(),
            otherwise: Manner::Good,
            login_script: VecDeque::new(),
            logout_script: VecDeque::new(),
            families: Vec::new(),
            accesses: HashMap::default(),
            rotations: Vec::new(),
            refresh_calls: Vec::new(),
            login_calls: 0,
            logout_calls: 0,
            reuses: Vec::new(),
            refused: 0,
            refusals: Vec::new(),
            refreshes: HashMap::default(),
            count: 0,
        }
    }
}

impl Auth {
    /// The manner in which the next refresh call is answered.
    pub fn next_manner(&mut self) -> Manner {
        self.script
            .pop_front()
            .unwrap_or_else(|| self.otherwise.clone())
    }

    fn issue(&mut self, family: usize, now: f64) -> String {
        self.count += 1;
        let user = self.families[family].user;
        let ends = if self.lifetime == 0 {
            f64::INFINITY
        } else {
            now + self.lifetime as f64
        };
        let access = if self.opaque || self.lifetime == 0 {
            format!("opaque-{user}-{}", self.count)
        } else {
            let (iat, exp) = (now / 1000.0, ends / 1000.0);
            jwt(&format!(
                r#"{{"sub":"{user}","iat":{iat:.3},"exp":{exp:.3},"jti":{}}}"#,
                self.count
            ))
        };
        self.accesses
            .insert(access.clone(), Access { family, user, ends });
        self.families[family].access.clone_from(&access);
        access
    }

    fn new_refresh(&mut self, family: usize) -> String {
        self.count += 1;
        let refresh = format!("refresh-{family}-{}", self.count);
        self.refreshes.insert(refresh.clone(), (family, false));
        self.families[family].current.clone_from(&refresh);
        refresh
    }

    fn reply(&self, access: &str, refresh: &str) -> Reply {
        let mut body = format!(r#"{{"accessToken":"{access}""#);
        if !self.cookie {
            body.push_str(&format!(r#","refreshToken":"{refresh}""#));
        }
        if self.states && self.lifetime > 0 {
            body.push_str(&format!(
                r#","expiresIn":{}"#,
                self.lifetime as f64 / 1000.0
            ));
        }
        body.push('}');
        let cookie = self.cookie.then(|| Some(refresh.to_owned()));
        Reply {
            cookie,
            access: Some(access.to_owned()),
            ..Reply::json(200, body)
        }
    }

    /// Signs a user in; gives both tokens.
    pub fn sign_in(&mut self, user: &'static str, now: f64) -> (String, String) {
        let family = self.families.len();
        self.families.push(Family {
            user,
            revoked: false,
            current: String::new(),
            access: String::new(),
        });
        (self.issue(family, now), self.new_refresh(family))
    }

    /// Answers a login.
    pub fn login(&mut self, user: &'static str, now: f64) -> Option<Reply> {
        self.login_calls += 1;
        match self.login_script.pop_front() {
            None | Some(Manner::Good | Manner::Slow(_) | Manner::SameToken) => {
                let (access, refresh) = self.sign_in(user, now);
                Some(self.reply(&access, &refresh))
            }
            Some(other) => said(&other),
        }
    }

    /// Answers a refresh in a manner; nothing where the connection drops or
    /// hangs.
    pub fn refresh(
        &mut self,
        token: Option<&str>,
        manner: &Manner,
        from: (usize, CallId),
        now: f64,
    ) -> Option<Reply> {
        match manner {
            Manner::Good
            | Manner::Slow(_)
            | Manner::SameToken
            | Manner::DropAfter
            | Manner::HangAfter => {}
            other => {
                let family = token
                    .and_then(|token| self.refreshes.get(token))
                    .map(|(family, _)| *family);
                self.refusals.extend(family.map(|family| (family, "said")));
                if let Manner::Says { status, body, .. } = other {
                    let definitive = matches!(status, 400 | 401 | 403 | 410 | 422);
                    self.refused += u32::from(definitive || body.contains("invalid_grant"));
                }
                return said(other);
            }
        }
        let refused = |why: &str| Some(Reply::json(401, format!(r#"{{"error":"{why}"}}"#)));
        let Some((family, used)) = token.and_then(|token| self.refreshes.get(token)).copied()
        else {
            self.refused += 1;
            return refused("unknown");
        };
        let token = token.unwrap_or_default();
        if self.families[family].revoked {
            self.refused += 1;
            self.refusals.push((family, "revoked"));
            return refused("revoked");
        }
        if used {
            let excused = self
                .rotations
                .iter()
                .any(|rotation| rotation.used == token && rotation.lost);
            if !excused {
                self.reuses.push((family, token.to_owned()));
            }
            self.families[family].revoked = self.strict;
            self.refused += 1;
            self.refusals.push((family, "reused"));
            return refused("reused");
        }
        if *manner == Manner::SameToken {
            let access = self.families[family].access.clone();
            return Some(self.reply(&access, token));
        }
        if self.rotates {
            self.refreshes.insert(token.to_owned(), (family, true));
            let lost = matches!(manner, Manner::DropAfter | Manner::HangAfter);
            let (tab, call) = from;
            self.rotations.push(Rotation {
                used: token.to_owned(),
                family,
                tab,
                call,
                lost,
                committed: false,
                answered: false,
                orphaned: false,
                baked: None,
            });
        }
        let access = self.issue(family, now);
        let refresh = if self.rotates {
            self.new_refresh(family)
        } else {
            token.to_owned()
        };
        match manner {
            Manner::DropAfter | Manner::HangAfter => None,
            _ => Some(self.reply(&access, &refresh)),
        }
    }

    /// Answers a logout.
    pub fn logout(&mut self, refresh: Option<&str>, access: Option<&str>) -> Option<Reply> {
        self.logout_calls += 1;
        if let Some(manner) = self
            .logout_script
            .pop_front()
            .filter(|manner| *manner != Manner::Good)
        {
            return said(&manner);
        }
        let by_refresh = refresh
            .and_then(|token| self.refreshes.get(token))
            .map(|(family, _)| *family);
        let by_access = access
            .and_then(|token| self.accesses.get(token))
            .map(|access| access.family);
        for family in [by_refresh, by_access].into_iter().flatten() {
            self.families[family].revoked = true;
        }
        Some(Reply {
            cookie: self.cookie.then_some(None),
            ..Reply::json(200, "{}".to_owned())
        })
    }

    /// What the resource server says to a token.
    pub fn admits(&self, access: Option<&str>, now: f64) -> bool {
        let access = access.and_then(|token| self.accesses.get(token));
        access.is_some_and(|access| now < access.ends && !self.families[access.family].revoked)
    }

    /// The family that a refresh token belongs to.
    pub fn family_of_refresh(&self, token: &str) -> Option<usize> {
        self.refreshes.get(token).map(|(family, _)| *family)
    }

    /// The family that an access token belongs to.
    pub fn family(&self, access: &str) -> Option<usize> {
        self.accesses.get(access).map(|access| access.family)
    }

    /// Marks what was in the air for a tab as lost.
    pub fn lose(&mut self, tab: usize, call: Option<CallId>) {
        for rotation in &mut self.rotations {
            let meant = rotation.tab == tab && call.is_none_or(|call| call == rotation.call);
            if meant && !rotation.committed {
                rotation.lost = true;
            }
        }
    }

    /// Marks what was in the air for a page that has gone as lost, but for
    /// the calls that outlive it.
    pub fn lose_all(&mut self, tab: usize, kept: &[CallId]) {
        let cookie = self.cookie;
        for rotation in &mut self.rotations {
            if rotation.tab == tab && !rotation.committed {
                match cookie && kept.contains(&rotation.call) {
                    true => rotation.orphaned = true,
                    false => rotation.lost = true,
                }
            }
        }
    }

    /// Marks that the cookie of an answer was put into the jar: there it is
    /// kept, whatever becomes of the page.
    pub fn baked(&mut self, tab: usize, call: CallId, now: u64) {
        let own = |rotation: &&mut Rotation| (rotation.tab, rotation.call) == (tab, call);
        for rotation in self.rotations.iter_mut().filter(own) {
            rotation.committed = true;
            rotation.baked = Some(now);
        }
    }

    /// Whether a token was used again by a call that was sent before the
    /// cookie in its place had come to the jar, whose page has gone.
    pub fn was_on_its_way(&self, token: &str, sent: u64) -> bool {
        self.rotations.iter().any(|rotation| {
            rotation.used == token
                && rotation.orphaned
                && rotation.baked.is_none_or(|baked| sent <= baked)
        })
    }

    /// Notes that the page of a call has gone, which outlives it.
    pub fn orphan(&mut self, tab: usize, call: CallId) {
        for rotation in &mut self.rotations {
            rotation.orphaned |= (rotation.tab, rotation.call) == (tab, call);
        }
    }

    /// Marks that an answer came.
    pub fn answered(&mut self, tab: usize, call: CallId) {
        for rotation in &mut self.rotations {
            rotation.answered |= (rotation.tab, rotation.call) == (tab, call);
        }
    }

    /// Marks what a tab got as stored.
    pub fn keep(&mut self, tab: usize) {
        for rotation in &mut self.rotations {
            rotation.committed |= rotation.tab == tab && rotation.answered;
        }
    }

    /// Lets every access token end now, unknown to the client.
    pub fn expire_all(&mut self) {
        for access in self.accesses.values_mut() {
            access.ends = f64::NEG_INFINITY;
        }
    }
}

fn said(manner: &Manner) -> Option<Reply> {
    match manner {
        Manner::Says {
            status,
            media,
            body,
            retry_after,
        } => Some(Reply {
            status: *status,
            media,
            body: (*body).to_owned(),
            retry_after: retry_after.clone(),
            cookie: None,
            access: None,
        }),
        _ => None,
    }
}
