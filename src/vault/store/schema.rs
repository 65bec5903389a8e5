//! The tables, and how an older vault gets them.

use rusqlite::Connection;

use super::begin;
use crate::vault::{Location, VaultError};

/// Each step brings the schema to its index plus one, which is kept in `user_version`. A step that was released is never
/// edited.
const STEPS: &[&str] = &[
    "
    CREATE TABLE key_slot (
        only    INTEGER PRIMARY KEY CHECK (only = 1),
        kind    TEXT NOT NULL,
        detail  TEXT NOT NULL,
        wrapped BLOB NOT NULL
    ) STRICT;
    CREATE TABLE users (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        app      TEXT NOT NULL,
        user     TEXT NOT NULL,
        version  INTEGER NOT NULL,
        sealed   BLOB NOT NULL,
        UNIQUE (app, user)
    ) STRICT;
    CREATE TABLE set_aside (
        app     TEXT NOT NULL,
        user    TEXT NOT NULL,
        version INTEGER NOT NULL,
        sealed  BLOB NOT NULL,
        why     TEXT NOT NULL
    ) STRICT;
    CREATE TABLE apps (
        app     TEXT PRIMARY KEY,
        current TEXT,
        device  TEXT
    ) STRICT;
    ",
    // Several processes on one vault: who wrote what since when, who renews what, and whether the vault is locked.
    "
    CREATE TABLE state (
        only     INTEGER PRIMARY KEY CHECK (only = 1),
        revision INTEGER NOT NULL,
        locked   INTEGER NOT NULL
    ) STRICT;
    INSERT INTO state VALUES (1, 0, 0);
    ALTER TABLE users ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE users ADD COLUMN writer TEXT NOT NULL DEFAULT '';
    CREATE INDEX users_by_revision ON users (revision);
    CREATE TABLE removed (
        app      TEXT NOT NULL,
        user     TEXT NOT NULL,
        revision INTEGER NOT NULL,
        writer   TEXT NOT NULL,
        PRIMARY KEY (app, user)
    ) STRICT;
    CREATE TABLE leases (
        app    TEXT NOT NULL,
        user   TEXT NOT NULL,
        holder TEXT NOT NULL,
        PRIMARY KEY (app, user)
    ) STRICT;
    CREATE TABLE timeline (
        entry  INTEGER PRIMARY KEY AUTOINCREMENT,
        app    TEXT NOT NULL,
        user   TEXT NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX timeline_by_user ON timeline (app, user, entry);
    ALTER TABLE apps ADD COLUMN kept TEXT;
    ",
    // The way to a local App's control API, sealed.
    "
    ALTER TABLE apps ADD COLUMN control BLOB;
    ",
    // What was learnt of an App's clock, sealed; and which entry of a timeline tells of a user's last renewal.
    "
    ALTER TABLE apps ADD COLUMN clock BLOB;
    ALTER TABLE users ADD COLUMN renewal INTEGER;
    ",
    // Apps are sealed like users; the columns in clear are emptied when the key is there. The roll says which users and Apps
    // there should be, and the tally how long it should be; empty stands for a roll that was not begun.
    "
    ALTER TABLE apps ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE apps ADD COLUMN sealed BLOB;
    CREATE TABLE roll (
        app    TEXT NOT NULL,
        user   TEXT NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (app, user)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE state ADD COLUMN tally BLOB NOT NULL DEFAULT x'';
    ",
];

/// The number of the newest schema.
pub const NEWEST: i64 = STEPS.len() as i64;

/// Brings the database to the newest schema; each step and its number land in one transaction.
pub fn migrate(connection: &mut Connection, location: &Location) -> Result<(), VaultError> {
    loop {
        // Looked at without the write lock first: a vault that is up to date is opened without waiting for a writer.
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if usize::try_from(found) == Ok(STEPS.len()) {
            return Ok(());
        }
        let transaction = begin(connection)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let Some(step) = usize::try_from(found).ok().filter(|step| *step <= STEPS.len()) else {
            let path = match location {
                Location::File(path) => path.clone(),
                Location::Memory => "memory".into(),
            };
            return Err(VaultError::Newer { path, found });
        };
        let Some(sql) = STEPS.get(step) else { return Ok(()) };
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", found + 1)?;
        transaction.commit()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_of_the_first_version_is_brought_up_to_date_with_its_users() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STEPS[0]).unwrap();
        connection
            .execute_batch(
                "PRAGMA user_version = 1; INSERT INTO users (app, user, version, sealed) VALUES ('a', 'u', 3, x'00');
                 INSERT INTO apps VALUES ('a', 'u', NULL);",
            )
            .unwrap();
        migrate(&mut connection, &Location::Memory).unwrap();
        let (version, revision): (i64, i64) = connection
            .query_row("SELECT version, revision FROM users", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!((version, revision), (3, 0));
        assert!(!connection.query_row("SELECT locked FROM state", [], |row| row.get::<_, bool>(0)).unwrap());
        migrate(&mut connection, &Location::Memory).unwrap();
    }
}
