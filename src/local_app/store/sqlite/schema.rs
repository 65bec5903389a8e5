//! Opening the database and bringing it to the newest schema.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::StoreError;

/// Why a database could not be opened, or brought to the newest schema.
#[derive(Debug)]
pub enum OpenError {
    Sql(rusqlite::Error),
    Newer { found: i64, known: i64 },
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Sql(error) => error.into(),
            OpenError::Newer { found, known } => Self::Newer { found, known },
        }
    }
}

/// Schema steps, oldest first, never edited once released. `PRAGMA user_version` counts those that were applied.
const STEPS: &[&str] = &[
    "
    -- The App itself: one row. Times everywhere are milliseconds since 1970.
    CREATE TABLE app (
        only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
        app_id      TEXT NOT NULL,
        internal_id TEXT NOT NULL,
        group_id    TEXT NOT NULL,
        domain_id   TEXT NOT NULL,
        signing_key BLOB NOT NULL
    ) STRICT;

    CREATE TABLE providers (
        type TEXT PRIMARY KEY,
        id   TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE users (
        id            TEXT PRIMARY KEY,
        type          TEXT NOT NULL,
        disabled      INTEGER NOT NULL DEFAULT 0,
        created_at    INTEGER NOT NULL,
        last_login_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- An email/password account before and after its user exists; its id is the identity's.
    CREATE TABLE registrations (
        id            TEXT PRIMARY KEY,
        email         TEXT NOT NULL UNIQUE,
        password_hash TEXT NOT NULL,
        created_at    INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE identities (
        position      INTEGER PRIMARY KEY AUTOINCREMENT, -- order of addition
        user_id       TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        provider_type TEXT NOT NULL,
        identity_id   TEXT NOT NULL,
        data          TEXT NOT NULL, -- JSON object
        UNIQUE (provider_type, identity_id)
    ) STRICT;
    CREATE INDEX identities_of_user ON identities(user_id);

    CREATE TABLE sessions (
        id                 TEXT PRIMARY KEY,
        user_id            TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        device_id          TEXT NOT NULL,
        opened_at          INTEGER NOT NULL,
        -- Lifetimes in seconds of this session alone; NULL: the server's.
        access_seconds     INTEGER,
        refresh_seconds    INTEGER,
        CHECK ((access_seconds IS NULL) = (refresh_seconds IS NULL))
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_of_user ON sessions(user_id);

    -- BSON documents; what they are looked up by is a column as well.
    CREATE TABLE documents (
        position    INTEGER PRIMARY KEY AUTOINCREMENT, -- order of insertion
        database    TEXT NOT NULL,
        collection  TEXT NOT NULL,
        id_key      BLOB NOT NULL, -- the document's _id, equal numbers made the same bytes
        owner       TEXT,          -- id of the user whom it belongs to
        owner_order INTEGER,       -- 0: stored as string, 1: as ObjectId; the string form wins
        body        BLOB NOT NULL,
        UNIQUE (database, collection, id_key)
    ) STRICT;
    CREATE INDEX documents_of_owner ON documents(database, collection, owner, owner_order, position);
",
    "
    -- A key that signs tokens. The newest signs; each one verifies what it signed until that expires.
    CREATE TABLE signing_keys (
        position     INTEGER PRIMARY KEY AUTOINCREMENT, -- the App's clock may go back, this does not
        id           TEXT NOT NULL UNIQUE,
        key          BLOB NOT NULL,
        created_at   INTEGER NOT NULL,
        access_until INTEGER -- of a retired key: when the last access token that it signed ends
    ) STRICT;
    INSERT INTO signing_keys (id, key, created_at) SELECT domain_id, signing_key, 0 FROM app;
    ALTER TABLE app DROP COLUMN signing_key;

    -- When the refresh token ends, and the key that signed it. Of older sessions only a latest end is known.
    ALTER TABLE sessions ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sessions ADD COLUMN signing_key TEXT NOT NULL DEFAULT '';
    UPDATE sessions SET
        expires_at = opened_at + min(coalesce(refresh_seconds, 1576800000), 1576800000) * 1000,
        signing_key = (SELECT domain_id FROM app);
    CREATE INDEX sessions_by_expiry ON sessions(expires_at);
    CREATE INDEX sessions_by_signing_key ON sessions(signing_key, expires_at);

    -- How far the App's clock is from the system's; a frozen one stands at an instant.
    CREATE TABLE clock (
        only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
        offset_ms INTEGER NOT NULL,
        frozen_at INTEGER
    ) STRICT;

    -- The App's configuration as files, by their path in the export format; none: the default one.
    CREATE TABLE app_files (
        path    TEXT PRIMARY KEY,
        content TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    ALTER TABLE registrations ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 1;
    -- Until then, the first password given at a log-in becomes the account's; set by an import.
    ALTER TABLE registrations ADD COLUMN adopt_until INTEGER;
    -- An empty password_hash is no password at all: nothing matches it.

    -- Tokens of confirmation and reset mails and functions; used once.
    CREATE TABLE userpass_tokens (
        id              TEXT PRIMARY KEY, -- tokenId
        registration_id TEXT NOT NULL REFERENCES registrations(id) ON DELETE CASCADE,
        purpose         TEXT NOT NULL CHECK (purpose IN ('confirm', 'reset')),
        token_hash      BLOB NOT NULL, -- SHA-256
        expires_at      INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX userpass_tokens_of_registration ON userpass_tokens(registration_id);
    CREATE INDEX userpass_tokens_by_expiry ON userpass_tokens(expires_at);

    -- The mailbox: what was, or would have been, sent.
    CREATE TABLE mails (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        sent_at  INTEGER NOT NULL,
        purpose  TEXT NOT NULL, -- confirm or reset
        email    TEXT NOT NULL, -- whom it went to
        subject  TEXT NOT NULL,
        link     TEXT NOT NULL,
        token    TEXT NOT NULL,
        token_id TEXT NOT NULL,
        delivery TEXT NOT NULL, -- mailbox, sending, sent, or why SMTP failed
        used     INTEGER NOT NULL DEFAULT 0 -- whether its token was
    ) STRICT;
    CREATE INDEX mails_of_email ON mails(email);
    CREATE INDEX mails_of_token ON mails(token_id);

    CREATE TABLE api_keys (
        id         TEXT PRIMARY KEY, -- the id of the identity that it becomes
        user_id    TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        kind       TEXT NOT NULL CHECK (kind IN ('user', 'server')),
        name       TEXT NOT NULL,
        key_hash   BLOB NOT NULL UNIQUE, -- SHA-256; a key is long and random
        disabled   INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX api_keys_of_user ON api_keys(user_id);
    CREATE UNIQUE INDEX names_of_server_keys ON api_keys(name) WHERE kind = 'server';
    CREATE UNIQUE INDEX names_of_user_keys ON api_keys(user_id, name) WHERE kind = 'user';

    -- Installations that users logged in from.
    CREATE TABLE devices (
        user_id       TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
        id            TEXT NOT NULL,
        facts         TEXT NOT NULL, -- JSON object, as the client described it
        first_seen_at INTEGER NOT NULL,
        last_seen_at  INTEGER NOT NULL,
        PRIMARY KEY (user_id, id)
    ) STRICT, WITHOUT ROWID;

    -- Log-ins that are under way in a browser.
    CREATE TABLE browser_logins (
        state      TEXT PRIMARY KEY, -- towards the identity provider
        facts      TEXT NOT NULL,    -- JSON object: all that the callback has to know
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX users_by_creation ON users(created_at);

    -- The identity that a session was opened with; NULL: it was opened before that was remembered.
    ALTER TABLE sessions ADD COLUMN provider_type TEXT;
    ALTER TABLE sessions ADD COLUMN identity_id TEXT;

    -- Whoever is logged in at the Admin API.
    CREATE TABLE admin_sessions (
        id          TEXT PRIMARY KEY,
        username    TEXT NOT NULL,
        secret_hash BLOB NOT NULL, -- SHA-256 of the control token that opened it, and with which it ends
        expires_at  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
];

/// How often, and how far apart, turning on write-ahead logging is tried while another process holds the file.
const WAL_TRIES: u32 = 100;
const WAL_PAUSE: Duration = Duration::from_millis(50);

/// A database that vanishes with its connection.
pub fn open_in_memory() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    tune(&connection)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// The database in `path`, which must exist, if only as an empty file.
pub fn open_file(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> Result<Connection, OpenError> {
        let mut connection = Connection::open(path)?;
        tune(&connection)?;
        turn_on_wal(&connection)?;
        migrate(&mut connection)?;
        Ok(connection)
    };
    open().map_err(|error| match error {
        OpenError::Sql(cause) => match cause.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                StoreError::Damaged { path: path.to_owned(), found: cause.to_string() }
            }
            _ => StoreError::Open { path: path.to_owned(), cause: cause.to_string() },
        },
        newer @ OpenError::Newer { .. } => newer.into(),
    })
}

/// A further connection to a database that [`open_file`] has opened, for reading alone.
pub fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = open_file(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    // A plan does not depend on the values that are looked for; otherwise some statements are prepared anew at every use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // An acknowledged registration survives a power cut as well.
    connection.pragma_update(None, "synchronous", "full")?;
    // What is deleted, such as a password hash, leaves the file.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(())
}

/// SQLite does not wait for other connections here, whatever the busy timeout.
fn turn_on_wal(connection: &Connection) -> rusqlite::Result<()> {
    for _ in 0..WAL_TRIES {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                std::thread::sleep(WAL_PAUSE);
            }
            outcome => return outcome,
        }
    }
    connection.pragma_update(None, "journal_mode", "wal")
}

/// Each step and its number land together; a second process waits for the lock and finds nothing left to do.
pub fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    loop {
        let tx = Transaction::new(connection, TransactionBehavior::Immediate)?;
        let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > known {
            return Err(OpenError::Newer { found, known });
        }
        let Some(step) = usize::try_from(found).ok().and_then(|index| STEPS.get(index)) else {
            return Ok(());
        };
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", found + 1)?;
        tx.commit()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_twice_changes_nothing_and_a_newer_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(open_file(&path).unwrap());
        let connection = open_file(&path).unwrap();
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, STEPS.len() as i64);
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");

        connection.pragma_update(None, "user_version", 999).unwrap();
        drop(connection);
        assert!(matches!(open_file(&path), Err(StoreError::Newer { found: 999, .. })));
    }

    /// Another process is about to write to the new file, and has not turned on write-ahead logging yet.
    #[test]
    fn a_new_file_is_opened_as_soon_as_another_process_lets_it_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        std::thread::scope(|scope| {
            let opening = scope.spawn(|| open_file(&path).map(drop));
            std::thread::sleep(WAL_PAUSE * 3);
            other.execute_batch("COMMIT").unwrap();
            opening.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        std::fs::write(&path, "nothing like a database, and long enough to be looked at".repeat(20)).unwrap();
        let error = open_file(&path).unwrap_err();
        assert!(error.to_string().contains("a.db"), "{error}");
    }
}
