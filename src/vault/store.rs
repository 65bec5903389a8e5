//! The vault's database: every line of its SQL.

mod load;
mod roll;
mod schema;
mod writer;

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};

pub use self::schema::NEWEST as NEWEST_SCHEMA;
pub use self::writer::Writer;
use self::writer::timeline_context;

use super::holder::Holder;
use super::presence::Presence;
use super::private::{make_private_folder, private_file};
use super::seal::{SealKey, unseal};
use super::{AppRecord, Changes, KeptClock, Location, TimelineEntry, UserRecord, VaultError};
use crate::account::{AppAlias, UserId, UserKey};

/// How long another process may be in the way.
const PATIENCE: Duration = Duration::from_secs(5);

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
pub struct Database {
    connection: Connection,
    holder: Holder,
}

impl Database {
    /// Opens or creates the database, folder 0700 and files 0600.
    pub fn open(location: &Location) -> Result<Self, VaultError> {
        let mut connection = match location {
            Location::Memory => Connection::open_in_memory()?,
            Location::File(path) => {
                Presence::of(path).check_file()?;
                make_private(path).map_err(|source| VaultError::File { path: path.clone(), source })?;
                Connection::open(path)?
            }
        };
        connection.busy_timeout(PATIENCE)?;
        use_log(&connection)?;
        connection.pragma_update(None, "synchronous", "full")?;
        // What is overwritten was sealed, but sealed with a key that may leak one day.
        connection.pragma_update(None, "secure_delete", true)?;
        schema::migrate(&mut connection, location)?;
        Ok(Self { connection, holder: Holder::new(location)? })
    }

    /// Opens a database that is there, to lock it or to look at it. Nothing is made.
    pub fn open_existing(path: &Path) -> Result<Connection, VaultError> {
        Presence::of(path).check_file()?;
        let connection = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "synchronous", "full")?;
        Ok(connection)
    }

    /// The key slot, if the vault was set up.
    pub fn slot(&self) -> Result<Option<StoredSlot>, VaultError> {
        let path = self.connection.path().filter(|path| !path.is_empty());
        let presence = path.map(|path| Presence::of(Path::new(path)));
        let (slot, holds_nothing) = {
            // One look at both: another process may set the vault up in this moment.
            let look = self.connection.unchecked_transaction()?;
            (Self::stored_slot(&look)?, Self::holds_nothing(&look)?)
        };
        match (&presence, &slot) {
            (Some(presence), Some(_)) => presence.note()?,
            (Some(presence), None) => presence.check_slot(holds_nothing)?,
            (None, _) => {}
        }
        Ok(slot)
    }

    /// The key slot of a database, if it has one.
    pub fn stored_slot(sql: &Connection) -> Result<Option<StoredSlot>, VaultError> {
        let slot = sql.query_row("SELECT kind, detail, wrapped FROM key_slot", [], |row| {
            Ok(StoredSlot { kind: row.get(0)?, detail: row.get(1)?, wrapped: row.get(2)? })
        });
        Ok(slot.optional()?)
    }

    /// Whether nothing was ever stored.
    pub fn holds_nothing(connection: &Connection) -> Result<bool, VaultError> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM users) AND NOT EXISTS (SELECT 1 FROM roll)";
        Ok(connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Sets the vault up. False when another process did so first; its slot stands.
    pub fn add_slot(&mut self, slot: &StoredSlot, data_key: &SealKey) -> Result<bool, VaultError> {
        let transaction = begin(&mut self.connection)?;
        let added = transaction.execute(
            "INSERT INTO key_slot (only, kind, detail, wrapped) VALUES (1, ?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![slot.kind, slot.detail, slot.wrapped],
        )?;
        if added == 1 {
            let writer = Writer { sql: &transaction, key: data_key, holder: &self.holder };
            writer.begin_roll()?;
        }
        transaction.commit()?;
        if let Some(path) = self.connection.path().filter(|path| !path.is_empty()) {
            Presence::of(Path::new(path)).note()?;
        }
        Ok(added == 1)
    }

    /// Begins the roll of a new vault that has no slot, since nothing of it is kept.
    pub fn begin_roll(&mut self, key: &SealKey) -> Result<(), VaultError> {
        let transaction = begin(&mut self.connection)?;
        Writer { sql: &transaction, key, holder: &self.holder }.begin_roll()?;
        Ok(transaction.commit()?)
    }

    /// Whether a person locked the vault.
    pub fn is_locked(&self) -> Result<bool, VaultError> {
        Ok(self.connection.query_row("SELECT locked FROM state", [], |row| row.get(0))?)
    }

    /// The database with its key; `rewrapped` is the key of a vault that may have no roll yet, wrapped for when it has one.
    pub fn with_key(self, key: SealKey, rewrapped: Option<Vec<u8>>) -> Store {
        Store {
            connection: self.connection,
            key,
            rewrapped,
            holder: self.holder,
            seen: 0,
            seen_entry: 0,
            data_version: 0,
        }
    }
}

/// The database with its key.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    key: SealKey,
    /// The wrapped key to be stored when the roll is begun; none where it is.
    rewrapped: Option<Vec<u8>>,
    holder: Holder,
    /// The revision up to which the changes of others are known.
    seen: i64,
    /// The entry of a timeline up to which renewals are known.
    seen_entry: i64,
    /// SQLite's own note of whether another connection wrote.
    data_version: i64,
}

impl Store {
    /// The database's file; none in memory.
    pub fn file(&self) -> Option<&str> {
        self.connection.path().filter(|path| !path.is_empty())
    }

    /// What other processes changed since the last look; `None` when nobody wrote. Takes no lock when nobody did.
    pub fn changes(&mut self) -> Result<Option<Changes>, VaultError> {
        let version = data_version(&self.connection)?;
        if version == self.data_version {
            return Ok(None);
        }
        let transaction = self.connection.transaction()?;
        let mut changes = Changes::default();
        let (revision, locked) = transaction
            .query_row("SELECT revision, locked FROM state", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        changes.locked = locked;
        {
            let others = params![self.seen, self.holder.id()];
            let mut rows = transaction.prepare_cached(
                "SELECT app, user, version, sealed FROM users WHERE revision > ?1 AND writer <> ?2 ORDER BY revision",
            )?;
            let mut rows = rows.query(others)?;
            while let Some(row) = rows.next()? {
                let user = user_key(row.get(0)?, row.get(1)?);
                let sealed = row.get_ref(3)?.as_blob().unwrap_or_default();
                // A damaged record is set aside at the next start; until then what is in memory stands.
                if let Ok(record) = read(&self.key, &user, row.get(2)?, sealed) {
                    changes.users.push((user, record));
                }
            }
            let mut rows = transaction
                .prepare_cached("SELECT app, user FROM removed WHERE revision > ?1 AND writer <> ?2")?;
            let mut rows = rows.query(others)?;
            while let Some(row) = rows.next()? {
                changes.removed.push(user_key(row.get(0)?, row.get(1)?));
            }
            let mut rows = transaction.prepare_cached(
                "SELECT app, version, sealed FROM apps WHERE sealed IS NOT NULL ORDER BY rowid",
            )?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                let alias = AppAlias::new(row.get::<_, String>(0)?);
                let sealed = row.get_ref(2)?.as_blob().unwrap_or_default();
                let plain = unseal(&self.key, &app_context(&alias, row.get(1)?), sealed).ok();
                let record = plain.and_then(|plain| AppRecord::from_bytes(&alias, &plain).ok());
                changes.apps.extend(record.and_then(|record| record.app));
            }
        }
        changes.clocks = clocks(&transaction, &self.key)?;
        (changes.renewals, self.seen_entry) = renewals(&transaction, &self.key, self.seen_entry)?;
        transaction.commit()?;
        (self.seen, self.data_version) = (revision, version);
        Ok(Some(changes))
    }

    /// Runs writes in one transaction, so that they share one wait for the disk. A write that fails is undone by
    /// itself; what each came to is told when the disk has everything.
    pub fn write_together(&mut self, writes: Vec<StoreWrite>) {
        if writes.is_empty() {
            return;
        }
        let mut transaction = match begin(&mut self.connection) {
            Ok(transaction) => transaction,
            Err(error) => return writes.into_iter().for_each(|write| give_up(write, &error)),
        };
        let mut told: Vec<Told> = Vec::new();
        for write in writes {
            let savepoint = match transaction.savepoint() {
                Ok(savepoint) => savepoint,
                Err(error) => {
                    give_up(write, &error);
                    continue;
                }
            };
            let (keep, tell) = write(Ok(&Writer { sql: &savepoint, key: &self.key, holder: &self.holder }));
            // A savepoint that is not kept is rolled back when it is dropped.
            let kept = if keep { savepoint.commit() } else { Ok(()) };
            match kept {
                Ok(()) => told.push(tell),
                Err(error) => tell(Some(&VaultError::Commit(error.to_string()))),
            }
        }
        let failed = transaction.commit().err().map(|error| VaultError::Commit(error.to_string()));
        told.into_iter().for_each(|tell| tell(failed.as_ref()));
    }
}

/// Tells whoever waits for a write that it was not even tried.
fn give_up(write: StoreWrite, error: &rusqlite::Error) {
    let (_, tell) = write(Err(VaultError::Commit(error.to_string())));
    tell(None);
}

/// Tells whoever waits for a write how it ended: with an error if the transaction as a whole failed.
pub type Told = Box<dyn FnOnce(Option<&VaultError>)>;

/// A write on its way to the database: given the database, or the reason why there is none, it says whether to keep what
/// it did, and how to tell whoever waits.
pub type StoreWrite = Box<dyn FnOnce(Result<&Writer<'_>, VaultError>) -> (bool, Told) + Send>;

/// Switches to the write-ahead log. SQLite does not wait for others while it does that, so this does.
fn use_log(connection: &Connection) -> Result<(), rusqlite::Error> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if is_busy(&error) && begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

/// Whether another process is in the way.
pub fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// A transaction that takes the write lock at its start: a reader that turns writer would fail in spite of the
/// busy timeout.
fn begin(connection: &mut Connection) -> Result<Transaction<'_>, rusqlite::Error> {
    Transaction::new(connection, TransactionBehavior::Immediate)
}

fn data_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "data_version", |row| row.get(0))
}

fn user_key(app: String, user: String) -> UserKey {
    UserKey { app: AppAlias::new(app), id: UserId::new(user) }
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

/// What a reading of an App's clock is bound to.
fn clock_context(app: &AppAlias) -> Vec<u8> {
    format!("idmux server clock 1\0{app}").into_bytes()
}

/// What is known of the clock of each App. A reading that does not open is learnt again with the next answer.
fn clocks(sql: &Connection, key: &SealKey) -> Result<Vec<(AppAlias, KeptClock)>, rusqlite::Error> {
    let mut rows = sql.prepare_cached("SELECT app, clock FROM apps WHERE clock IS NOT NULL")?;
    let mut rows = rows.query([])?;
    let mut clocks = Vec::new();
    while let Some(row) = rows.next()? {
        let app = AppAlias::new(row.get::<_, String>(0)?);
        let plain = unseal(key, &clock_context(&app), row.get_ref(1)?.as_blob().unwrap_or_default()).ok();
        clocks.extend(plain.and_then(|plain| KeptClock::from_bytes(&plain)).map(|clock| (app, clock)));
    }
    Ok(clocks)
}

/// The entries after `seen` by which last renewals are known, and the last of them all.
fn renewals(
    sql: &Connection,
    key: &SealKey,
    seen: i64,
) -> Result<(Vec<(UserKey, TimelineEntry)>, i64), rusqlite::Error> {
    let mut rows = sql.prepare_cached(
        "SELECT entry, timeline.app, timeline.user, timeline.sealed FROM timeline
             JOIN users ON users.app = timeline.app AND users.user = timeline.user AND users.renewal = entry
             WHERE entry > ?1 ORDER BY entry",
    )?;
    let mut rows = rows.query(params![seen])?;
    let (mut renewals, mut last) = (Vec::new(), seen);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        let user = user_key(row.get(1)?, row.get(2)?);
        let sealed = row.get_ref(3)?.as_blob().unwrap_or_default();
        let plain = unseal(key, &timeline_context(&user), sealed).ok();
        let entry = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        renewals.extend(entry.map(|entry| (user, entry)));
    }
    Ok((renewals, last))
}

/// What the record of an App is bound to.
fn app_context(app: &AppAlias, version: i64) -> Vec<u8> {
    format!("idmux app record 1\0{app}\0{version}").into_bytes()
}

/// Makes the folder and an empty file that only the owner may read; SQLite gives its side files the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        make_private_folder(folder)?;
    }
    private_file().append(true).open(path).map(drop)
}
