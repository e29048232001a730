//! The users.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use crate::clock::Timestamp;

/// A user as the wire shows one (Strapi 4's shape, without the password).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The number that access tokens carry.
    pub id: i64,
    /// The name, one of the two identifiers.
    pub username: String,
    /// The address, the other.
    pub email: String,
    provider: &'static str,
    confirmed: bool,
    blocked: bool,
    created_at: String,
    updated_at: String,
}

/// Adds a user. A name or address that is taken is a constraint violation.
pub fn insert(
    db: &Connection,
    username: &str,
    email: &str,
    password_hash: &str,
    now: Timestamp,
) -> rusqlite::Result<User> {
    db.query_row(
        "INSERT INTO users (username, email, password, created_at) VALUES (?1, ?2, ?3, ?4)
         RETURNING id, username, email, created_at",
        params![username, email, password_hash, now.as_millis()],
        read,
    )
}

/// Finds a user by number.
pub fn find(db: &Connection, id: i64) -> rusqlite::Result<Option<User>> {
    db.query_row(
        "SELECT id, username, email, created_at FROM users WHERE id = ?1",
        [id],
        read,
    )
    .optional()
}

/// Finds a user, and the hash of the password, by name or address.
pub fn find_by_identifier(
    db: &Connection,
    identifier: &str,
) -> rusqlite::Result<Option<(User, String)>> {
    db.query_row(
        "SELECT id, username, email, created_at, password FROM users
         WHERE email = ?1 OR username = ?1",
        [identifier],
        |row| Ok((read(row)?, row.get(4)?)),
    )
    .optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    let created_at = Timestamp::from_millis(row.get(3)?).iso8601();
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        email: row.get(2)?,
        provider: "local",
        confirmed: true,
        blocked: false,
        updated_at: created_at.clone(),
        created_at,
    })
}
