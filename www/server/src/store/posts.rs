//! The protected collection.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use crate::clock::Timestamp;

/// An entry as Strapi 4 shows one.
#[derive(Clone, Debug, Serialize)]
pub struct Post {
    /// The number in the address.
    pub id: i64,
    /// Everything else.
    pub attributes: Attributes,
}

/// What a post consists of.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attributes {
    title: String,
    content: String,
    created_at: String,
    updated_at: String,
}

/// Adds a post.
pub fn insert(
    db: &Connection,
    title: &str,
    content: &str,
    now: Timestamp,
) -> rusqlite::Result<Post> {
    db.query_row(
        "INSERT INTO posts (title, content, created_at) VALUES (?1, ?2, ?3)
         RETURNING id, title, content, created_at",
        params![title, content, now.as_millis()],
        read,
    )
}

/// Finds a post.
pub fn find(db: &Connection, id: i64) -> rusqlite::Result<Option<Post>> {
    db.query_row(
        "SELECT id, title, content, created_at FROM posts WHERE id = ?1",
        [id],
        read,
    )
    .optional()
}

/// Gives one page of the posts, oldest first, and how many there are in all.
pub fn page(db: &Connection, limit: i64, offset: i64) -> rusqlite::Result<(Vec<Post>, i64)> {
    let total = db.query_row("SELECT count(*) FROM posts", [], |row| row.get(0))?;
    let mut statement = db.prepare(
        "SELECT id, title, content, created_at FROM posts ORDER BY id LIMIT ?1 OFFSET ?2",
    )?;
    let posts = statement
        .query_map([limit, offset], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((posts, total))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Post> {
    let created_at = Timestamp::from_millis(row.get(3)?).iso8601();
    Ok(Post {
        id: row.get(0)?,
        attributes: Attributes {
            title: row.get(1)?,
            content: row.get(2)?,
            updated_at: created_at.clone(),
            created_at,
        },
    })
}
