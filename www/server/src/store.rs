//! The database: SQLite in WAL mode with `synchronous = FULL`, so that what
//! was committed is on disk before anyone is told of it, and a process killed
//! at any instruction leaves either the state before a transaction or the
//! state after it.

pub mod posts;
pub mod sessions;
pub mod users;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::clock::Timestamp;
use crate::password;

const SCHEMA: &str = "
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE COLLATE NOCASE,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE families (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ended_at INTEGER
) STRICT;
CREATE TABLE refresh_tokens (
    id INTEGER PRIMARY KEY,
    family_id INTEGER NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    parent_id INTEGER REFERENCES refresh_tokens (id) ON DELETE CASCADE,
    hash BLOB NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL,
    spent_at INTEGER,
    answered_at INTEGER
) STRICT;
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_by_parent ON refresh_tokens (parent_id);
CREATE TABLE access_tokens (
    jti TEXT PRIMARY KEY,
    family_id INTEGER NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL,
    iat INTEGER NOT NULL,
    exp INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX access_tokens_by_family ON access_tokens (family_id);
PRAGMA user_version = 1;
";

/// The version of [`SCHEMA`].
const SCHEMA_VERSION: i64 = 1;

/// What the database, or the machine under it, refused.
#[derive(Debug)]
pub enum StoreError {
    /// SQLite's own error.
    Sqlite(rusqlite::Error),
    /// The file was written by another version of this server.
    Schema {
        /// The version found in the file.
        found: i64,
    },
    /// The system's random source failed.
    Random(getrandom::Error),
    /// A password could not be hashed.
    Password(argon2::password_hash::Error),
    /// A token could not be signed.
    Signature(jsonwebtoken::errors::Error),
    /// The file could not be made.
    Io(std::io::Error),
    /// The work was cancelled because the server ends.
    Cancelled,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(error) => write!(f, "database: {error}"),
            Self::Schema { found } => write!(
                f,
                "database: found schema version {found}, expected {SCHEMA_VERSION}; \
                 give --db another file or remove this one"
            ),
            Self::Random(error) => write!(f, "random source: {error}"),
            Self::Password(error) => write!(f, "password hash: {error}"),
            Self::Signature(error) => write!(f, "access token: {error}"),
            Self::Io(error) => write!(f, "database file: {error}"),
            Self::Cancelled => f.write_str("database: the server is ending"),
        }
    }
}

impl std::error::Error for StoreError {}

macro_rules! store_error_from {
    ($($variant:ident($source:ty)),* $(,)?) => {$(
        impl From<$source> for StoreError {
            fn from(error: $source) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

store_error_from! {
    Sqlite(rusqlite::Error),
    Random(getrandom::Error),
    Password(argon2::password_hash::Error),
    Signature(jsonwebtoken::errors::Error),
    Io(std::io::Error),
}

/// One connection, used by one thread at a time: SQLite has one writer anyway.
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the file, makes the tables of a new one and, if asked, its users.
    pub fn open(path: &Path, seed: bool) -> Result<Self, StoreError> {
        create_private(path)?;
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match tx.query_row("PRAGMA user_version", [], |row| row.get(0))? {
            0 => {
                tx.execute_batch(SCHEMA)?;
                if seed {
                    plant(&tx)?;
                }
                let mut secret = [0; 32];
                getrandom::fill(&mut secret)?;
                tx.execute(
                    "INSERT INTO settings (name, value) VALUES ('secret', ?1)",
                    [secret.as_slice()],
                )?;
            }
            SCHEMA_VERSION => {}
            found => return Err(StoreError::Schema { found }),
        }
        tx.commit()?;
        Ok(Self {
            connection: Mutex::new(connection),
        })
    }

    /// Gives the secret of the access tokens. It is kept with them so that
    /// they outlive a restart.
    pub fn secret(&self) -> Result<Vec<u8>, StoreError> {
        self.with(|db| {
            db.query_row(
                "SELECT value FROM settings WHERE name = 'secret'",
                [],
                |row| row.get(0),
            )
        })
    }

    /// Works on the database on this thread.
    pub fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // A panic in another call left no transaction open: dropping one rolls
        // it back.
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(work(&mut connection)?)
    }

    /// Works on the database on a thread that may block. Once begun it is
    /// finished, even if the caller goes away.
    pub async fn run<T, F>(self: &Arc<Self>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let store = Arc::clone(self);
        tokio::task::spawn_blocking(move || store.with(work))
            .await
            .map_err(|_| StoreError::Cancelled)?
    }
}

/// The two users and the posts that a new database begins with.
fn plant(db: &Connection) -> Result<(), StoreError> {
    let now = Timestamp::now();
    for name in ["alice", "bob"] {
        let email = format!("{name}@example.com");
        users::insert(db, name, &email, &password::hash("Password1!")?, now)?;
    }
    for (title, content) in [
        ("hello", "world"),
        ("Rotation", "A refresh token is good for one refresh."),
        ("Replay", "A refresh token seen twice ends its family."),
    ] {
        posts::insert(db, title, content, now)?;
    }
    Ok(())
}

/// Makes the file readable by its owner only: the signing secret is in it.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn exists(db: &Connection, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<bool> {
    Ok(db.query_row(sql, params, |_| Ok(())).optional()?.is_some())
}
