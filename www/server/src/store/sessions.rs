//! Refresh token families, rotation, and the access tokens issued from them.
//!
//! A login begins a family. Each refresh spends the token presented and adds
//! its successor to the family; the two happen in one transaction. A token is
//! presented again for one of two reasons: somebody else has a copy (RFC 9700
//! section 4.14.2: revoke them all), or its owner never got the answer. They
//! are told apart by what became of the successors:
//!
//! | the token presented | its successors | what happens |
//! |---|---|---|
//! | unknown, expired, or of an ended family | | refused |
//! | not spent, no sibling spent | | rotated |
//! | not spent, a sibling spent | | replay: the family ends |
//! | spent | none was answered | rotated again |
//! | spent | one was answered, none spent, within the grace | rotated again |
//! | spent | one was answered, after the grace | replay: the family ends |
//! | spent | one was spent | replay: the family ends |
//!
//! *Answered* is set once the operating system has taken the whole answer:
//! until then nobody can hold the successor, so the token before it is still
//! the current one, for as long as it lives, and a process killed between the
//! commit and the answer costs nobody a session. The mark is made after the
//! answer, never before: killed between the two, the server at worst takes
//! the old token once more, and the successor, where it did arrive, is as
//! good; whichever of them is used first ends the other.
//!
//! The grace is for answers that were sent and lost on the way. It is zero by
//! default: a copy of a token used right after its owner would pass as well.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::exists;
use crate::clock::Timestamp;
use crate::token::{Claims, RefreshToken, TokenHash, draw_jti};

/// How long after its end an access token is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// What a grant is made of: the lifetimes in force and fresh random values,
/// drawn before the transaction.
#[derive(Debug)]
pub struct Terms {
    /// The lifetime of access tokens.
    pub access_ttl: Duration,
    /// The lifetime of refresh tokens, counted anew at each rotation.
    pub refresh_ttl: Duration,
    /// How long an answered token is taken again while its successor is unused.
    pub replay_grace: Duration,
    /// Which access token is given.
    pub mint: Mint,
    refresh: RefreshToken,
    jti: String,
}

impl Terms {
    /// Draws the random values.
    pub fn draw(
        access_ttl: Duration,
        refresh_ttl: Duration,
        replay_grace: Duration,
        mint: Mint,
    ) -> Result<Self, getrandom::Error> {
        Ok(Self {
            access_ttl,
            refresh_ttl,
            replay_grace,
            mint,
            refresh: RefreshToken::draw()?,
            jti: draw_jti()?,
        })
    }
}

/// Which access token a login or a refresh gives; all but the first are faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mint {
    /// A new one.
    New,
    /// The family's last one, byte for byte.
    Same,
    /// One that ended a minute ago.
    Expired,
}

/// What a login or a refresh gives.
#[derive(Debug)]
pub struct Grant {
    /// The claims of the access token.
    pub claims: Claims,
    /// The refresh token, known here for the last time.
    pub refresh: RefreshToken,
    /// Names the refresh token to [`mark_answered`].
    pub row: i64,
}

/// What became of a presented refresh token.
#[derive(Debug)]
pub enum Rotation {
    /// It was good, and has a successor.
    Granted(Grant),
    /// It is unknown, expired, or of a family that has ended.
    Refused,
    /// It had been used before: its family has ended now.
    Replayed,
}

/// Begins a family.
pub fn begin(
    db: &mut Connection,
    user: i64,
    terms: Terms,
    now: Timestamp,
) -> rusqlite::Result<Grant> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    forget_the_dead(&tx, now)?;
    tx.execute("INSERT INTO families (user_id) VALUES (?1)", [user])?;
    let family = tx.last_insert_rowid();
    let grant = issue(&tx, family, user, None, terms, now)?;
    tx.commit()?;
    Ok(grant)
}

/// Rotates, by the table at the head of this module, in one transaction.
pub fn rotate(
    db: &mut Connection,
    presented: &TokenHash,
    terms: Terms,
    now: Timestamp,
) -> rusqlite::Result<Rotation> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(token) = find(&tx, presented)? else {
        return Ok(Rotation::Refused);
    };
    if token.family_ended || token.expires_at <= now {
        return Ok(Rotation::Refused);
    }
    if replayed(&tx, &token, terms.replay_grace, now)? {
        end_family(&tx, token.family, now)?;
        tx.commit()?;
        return Ok(Rotation::Replayed);
    }
    tx.execute(
        "UPDATE refresh_tokens SET spent_at = coalesce(spent_at, ?2) WHERE id = ?1",
        params![token.id, now.as_millis()],
    )?;
    let grant = issue(&tx, token.family, token.user, Some(token.id), terms, now)?;
    tx.commit()?;
    Ok(Rotation::Granted(grant))
}

/// Notes that the answer with this refresh token has left.
pub fn mark_answered(db: &Connection, row: i64, now: Timestamp) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE refresh_tokens SET answered_at = ?2 WHERE id = ?1",
        params![row, now.as_millis()],
    )
    .map(drop)
}

/// Ends the family of a refresh token, if it is a known one.
pub fn end(db: &Connection, presented: &TokenHash, now: Timestamp) -> rusqlite::Result<()> {
    match find(db, presented)? {
        Some(token) => end_family(db, token.family, now),
        None => Ok(()),
    }
}

/// Ends every family.
pub fn end_all(db: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE families SET ended_at = coalesce(ended_at, ?1)",
        [now.as_millis()],
    )
    .map(drop)
}

/// Ends every access token issued so far.
pub fn expire_access_tokens(db: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE access_tokens SET ends_at = min(ends_at, ?1)",
        [now.as_millis()],
    )
    .map(drop)
}

/// Tells whether the access token with this `jti` is still good.
pub fn is_access_token_live(db: &Connection, jti: &str, now: Timestamp) -> rusqlite::Result<bool> {
    exists(
        db,
        "SELECT 1 FROM access_tokens WHERE jti = ?1 AND ends_at > ?2",
        params![jti, now.as_millis()],
    )
}

struct Found {
    id: i64,
    parent: Option<i64>,
    family: i64,
    user: i64,
    expires_at: Timestamp,
    spent_at: Option<Timestamp>,
    family_ended: bool,
}

fn find(db: &Connection, hash: &TokenHash) -> rusqlite::Result<Option<Found>> {
    db.query_row(
        "SELECT t.id, t.parent_id, t.family_id, f.user_id, t.expires_at, t.spent_at,
                f.ended_at IS NOT NULL
         FROM refresh_tokens t JOIN families f ON f.id = t.family_id WHERE t.hash = ?1",
        [hash.0.as_slice()],
        |row| {
            Ok(Found {
                id: row.get(0)?,
                parent: row.get(1)?,
                family: row.get(2)?,
                user: row.get(3)?,
                expires_at: Timestamp::from_millis(row.get(4)?),
                spent_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
                family_ended: row.get(6)?,
            })
        },
    )
    .optional()
}

fn replayed(
    db: &Connection,
    token: &Found,
    grace: Duration,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let Some(spent_at) = token.spent_at else {
        return exists(
            db,
            "SELECT 1 FROM refresh_tokens
             WHERE parent_id = ?1 AND id <> ?2 AND spent_at IS NOT NULL",
            params![token.parent, token.id],
        );
    };
    if exists(
        db,
        "SELECT 1 FROM refresh_tokens WHERE parent_id = ?1 AND spent_at IS NOT NULL",
        [token.id],
    )? {
        return Ok(true);
    }
    let answered = exists(
        db,
        "SELECT 1 FROM refresh_tokens WHERE parent_id = ?1 AND answered_at IS NOT NULL",
        [token.id],
    )?;
    Ok(answered && now >= spent_at.plus(grace))
}

fn issue(
    db: &Connection,
    family: i64,
    user: i64,
    parent: Option<i64>,
    terms: Terms,
    now: Timestamp,
) -> rusqlite::Result<Grant> {
    db.execute(
        "INSERT INTO refresh_tokens (family_id, parent_id, hash, expires_at)
         VALUES (?1, ?2, ?3, ?4)",
        params![
            family,
            parent,
            terms.refresh.hash().0.as_slice(),
            now.plus(terms.refresh_ttl).as_millis()
        ],
    )?;
    let row = db.last_insert_rowid();
    let last = match terms.mint {
        Mint::Same => last_access_token(db, family)?,
        Mint::New | Mint::Expired => None,
    };
    let claims = match last {
        Some(claims) => claims,
        None => issue_access_token(db, family, user, &terms, now)?,
    };
    Ok(Grant {
        claims,
        refresh: terms.refresh,
        row,
    })
}

fn issue_access_token(
    db: &Connection,
    family: i64,
    user: i64,
    terms: &Terms,
    now: Timestamp,
) -> rusqlite::Result<Claims> {
    let issued = match terms.mint {
        Mint::Expired => now.minus(terms.access_ttl).minus(Duration::from_secs(60)),
        Mint::New | Mint::Same => now,
    };
    let (exp, ends_at) = end_of_life(issued, terms.access_ttl);
    let claims = Claims {
        id: user,
        sub: user.to_string(),
        iat: issued.as_seconds(),
        exp,
        jti: terms.jti.clone(),
    };
    db.execute(
        "INSERT INTO access_tokens (jti, family_id, user_id, iat, exp, ends_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            claims.jti,
            family,
            user,
            claims.iat,
            claims.exp,
            ends_at.as_millis()
        ],
    )?;
    Ok(claims)
}

/// Gives `exp` and the instant at which the server stops taking the token. A
/// lifetime of whole seconds ends at `exp`, as everywhere: up to a second
/// early, because `iat` is floored. A fraction of a second cannot be said in
/// `exp`: it is honoured to the millisecond and `exp` is the next whole second.
fn end_of_life(issued: Timestamp, ttl: Duration) -> (i64, Timestamp) {
    if ttl.subsec_nanos() == 0 {
        let seconds = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        let exp = issued.as_seconds().saturating_add(seconds);
        (exp, Timestamp::from_millis(exp.saturating_mul(1000)))
    } else {
        let ends_at = issued.plus(ttl);
        let exp = ends_at.plus(Duration::from_millis(999)).as_seconds();
        (exp, ends_at)
    }
}

fn last_access_token(db: &Connection, family: i64) -> rusqlite::Result<Option<Claims>> {
    db.query_row(
        "SELECT user_id, iat, exp, jti FROM access_tokens
         WHERE family_id = ?1 ORDER BY rowid DESC LIMIT 1",
        [family],
        |row| {
            let id: i64 = row.get(0)?;
            Ok(Claims {
                id,
                sub: id.to_string(),
                iat: row.get(1)?,
                exp: row.get(2)?,
                jti: row.get(3)?,
            })
        },
    )
    .optional()
}

fn end_family(db: &Connection, family: i64, now: Timestamp) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE families SET ended_at = coalesce(ended_at, ?2) WHERE id = ?1",
        params![family, now.as_millis()],
    )
    .map(drop)
}

/// A spent token is remembered as long as its family lives, or a replay of it
/// would not be seen. Families are forgotten whole.
fn forget_the_dead(db: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM families WHERE NOT EXISTS (
             SELECT 1 FROM refresh_tokens t
             WHERE t.family_id = families.id AND t.expires_at > ?1)
         AND NOT EXISTS (
             SELECT 1 FROM access_tokens a
             WHERE a.family_id = families.id AND a.ends_at > ?1)",
        [now.as_millis()],
    )?;
    db.execute(
        "DELETE FROM access_tokens WHERE ends_at < ?1",
        [now.minus(REMEMBERED).as_millis()],
    )
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_end_at_exp_and_fractions_to_the_millisecond() {
        let issued = Timestamp::from_millis(1_000_900);
        let (exp, ends_at) = end_of_life(issued, Duration::from_secs(20));
        assert_eq!((exp, ends_at.as_millis()), (1020, 1_020_000));
        let (exp, ends_at) = end_of_life(issued, Duration::from_millis(500));
        assert_eq!((exp, ends_at.as_millis()), (1002, 1_001_400));
        let (exp, ends_at) = end_of_life(issued, Duration::from_millis(1100));
        assert_eq!((exp, ends_at.as_millis()), (1002, 1_002_000));
    }
}
