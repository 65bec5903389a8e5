//! The vault's database: tables, migrations, and every line of its SQL.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::seal::{SealKey, seal, unseal};
use super::{Contents, Location, SetAside, UserRecord, VaultError};
use crate::account::{AppAlias, DeviceId, UserId, UserKey};

/// Each step brings the schema to its index plus one, which is kept in `user_version`.
const STEPS: &[&str] = &["
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
"];

/// A key slot as it is stored: which kind of key wraps the data key, and the wrapped key.
#[derive(Debug)]
pub struct StoredSlot {
    /// Which kind.
    pub kind: String,
    /// What is needed to get at the wrapping key, as JSON. Not secret.
    pub detail: String,
    /// The sealed data key.
    pub wrapped: Vec<u8>,
}

/// The database without its key: slots can be read and written, records cannot.
#[derive(Debug)]
pub struct Database(Connection);

impl Database {
    /// Opens or creates the database, folder 0700 and files 0600.
    pub fn open(location: &Location) -> Result<Self, VaultError> {
        let mut connection = match location {
            Location::Memory => Connection::open_in_memory()?,
            Location::File(path) => {
                make_private(path).map_err(|source| VaultError::File { path: path.clone(), source })?;
                Connection::open(path)?
            }
        };
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        // What is overwritten was sealed, but sealed with a key that may leak one day.
        connection.pragma_update(None, "secure_delete", true)?;
        migrate(&mut connection, location)?;
        Ok(Self(connection))
    }

    /// The key slot, if the vault was set up.
    pub fn slot(&self) -> Result<Option<StoredSlot>, VaultError> {
        let slot = self.0.query_row("SELECT kind, detail, wrapped FROM key_slot", [], |row| {
            Ok(StoredSlot { kind: row.get(0)?, detail: row.get(1)?, wrapped: row.get(2)? })
        });
        Ok(slot.optional()?)
    }

    /// Sets the vault up. False when another process did so first; its slot stands.
    pub fn add_slot(&mut self, slot: &StoredSlot) -> Result<bool, VaultError> {
        let added = self.0.execute(
            "INSERT INTO key_slot (only, kind, detail, wrapped) VALUES (1, ?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![slot.kind, slot.detail, slot.wrapped],
        )?;
        Ok(added == 1)
    }

    /// The database with its key.
    pub fn with_key(self, key: SealKey) -> Store {
        Store { connection: self.0, key }
    }
}

/// The database with its key.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    key: SealKey,
}

impl Store {
    /// Reads everything. Records that do not open are moved to `set_aside`, all others are returned.
    pub fn load(&mut self) -> Result<Contents, VaultError> {
        let mut contents = Contents::default();
        let transaction = begin(&mut self.connection)?;
        {
            let mut rows = transaction
                .prepare("SELECT position, app, user, version, sealed FROM users ORDER BY position")?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                let user = UserKey {
                    app: AppAlias::new(row.get::<_, String>(1)?),
                    id: UserId::new(row.get::<_, String>(2)?),
                };
                match read(&self.key, &user, row.get(3)?, row.get_ref(4)?.as_blob().unwrap_or_default()) {
                    Ok(record) => contents.users.push((user, record)),
                    Err(why) => {
                        set_aside(&transaction, row.get(0)?, &why)?;
                        contents.set_aside.push(SetAside { user, why });
                    }
                }
            }
            let mut rows = transaction.prepare("SELECT app, current, device FROM apps")?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                let app = AppAlias::new(row.get::<_, String>(0)?);
                if let Some(current) = row.get::<_, Option<String>>(1)? {
                    contents.current.push((app.clone(), UserId::new(current)));
                }
                if let Some(device) = row.get::<_, Option<String>>(2)?.and_then(DeviceId::new) {
                    contents.devices.push((app, device));
                }
            }
        }
        transaction.commit()?;
        Ok(contents)
    }

    /// Stores a record in place of the one before.
    pub fn put(&mut self, user: &UserKey, record: &UserRecord) -> Result<(), VaultError> {
        let plain = record.to_bytes().map_err(|_| VaultError::Seal)?;
        let transaction = begin(&mut self.connection)?;
        let version: i64 = transaction
            .prepare_cached("SELECT version FROM users WHERE app = ?1 AND user = ?2")?
            .query_row(params![user.app.as_str(), user.id.as_str()], |row| row.get(0))
            .optional()?
            .map_or(1, |version: i64| version.wrapping_add(1));
        let sealed = seal(&self.key, &context(user, version), &plain)?;
        transaction
            .prepare_cached(
                "INSERT INTO users (app, user, version, sealed) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (app, user) DO UPDATE SET version = excluded.version, sealed = excluded.sealed",
            )?
            .execute(params![user.app.as_str(), user.id.as_str(), version, sealed])?;
        Ok(transaction.commit()?)
    }

    /// Forgets a user, also as a current one.
    pub fn remove(&mut self, user: &UserKey) -> Result<(), VaultError> {
        let transaction = begin(&mut self.connection)?;
        let named = params![user.app.as_str(), user.id.as_str()];
        transaction.execute("DELETE FROM users WHERE app = ?1 AND user = ?2", named)?;
        transaction.execute("UPDATE apps SET current = NULL WHERE app = ?1 AND current = ?2", named)?;
        Ok(transaction.commit()?)
    }

    /// Remembers the current user of an App.
    pub fn set_current(&mut self, app: &AppAlias, user: Option<&UserId>) -> Result<(), VaultError> {
        self.connection.execute(
            "INSERT INTO apps (app, current) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET current = excluded.current",
            params![app.as_str(), user.map(UserId::as_str)],
        )?;
        Ok(())
    }

    /// Remembers the device id that an App gave.
    pub fn set_device(&mut self, app: &AppAlias, device: &DeviceId) -> Result<(), VaultError> {
        self.connection.execute(
            "INSERT INTO apps (app, device) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET device = excluded.device",
            params![app.as_str(), device.as_str()],
        )?;
        Ok(())
    }
}

/// A transaction that takes the write lock at its start: a reader that turns writer would fail in spite of the
/// busy timeout.
fn begin(connection: &mut Connection) -> Result<Transaction<'_>, rusqlite::Error> {
    Transaction::new(connection, TransactionBehavior::Immediate)
}

fn read(key: &SealKey, user: &UserKey, version: i64, sealed: &[u8]) -> Result<UserRecord, String> {
    let plain = unseal(key, &context(user, version), sealed)
        .map_err(|_| "the record is damaged: its seal is broken".to_owned())?;
    UserRecord::from_bytes(&plain).map_err(|error| format!("the record is sealed, but not readable: {error}"))
}

/// What a record is bound to: nothing else opens in its place, not even an older version of itself.
fn context(user: &UserKey, version: i64) -> Vec<u8> {
    format!("idmux user record 1\0{}\0{}\0{version}", user.app, user.id).into_bytes()
}

fn set_aside(transaction: &Transaction<'_>, position: i64, why: &str) -> Result<(), rusqlite::Error> {
    transaction.execute(
        "INSERT INTO set_aside SELECT app, user, version, sealed, ?2 FROM users WHERE position = ?1",
        params![position, why],
    )?;
    transaction.execute("DELETE FROM users WHERE position = ?1", params![position])?;
    Ok(())
}

fn migrate(connection: &mut Connection, location: &Location) -> Result<(), VaultError> {
    loop {
        let transaction = begin(connection)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let step = usize::try_from(found).ok().filter(|step| *step <= STEPS.len());
        let Some(step) = step else {
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

/// Makes the folder and an empty file that only the owner may read; SQLite gives its side files the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        make_private_folder(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

/// Makes a folder for the owner only; one that exists keeps its mode.
pub fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}
