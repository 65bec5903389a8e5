//! Snapshots of the whole database, beside it: files of an App with a folder, copies in memory of one without.
//!
//! A snapshot is copied in one step, and so is a consistent state, whatever other processes write. A restore is prepared in
//! memory (checked, brought to the newest schema), and goes over the database in one transaction, or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::super::{Snapshot, SnapshotError, SnapshotName, SnapshotStore, StoreError};
use super::app::ensure_providers;
use super::{SqliteStore, TransactionKind, in_transaction, private_folder, schema};

/// How often, and how far apart, a copy is tried while another process has the database.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

impl From<rusqlite::Error> for SnapshotError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// Where an App's snapshots are.
pub enum Shelf {
    Folder(PathBuf),
    Memory(Mutex<BTreeMap<SnapshotName, (Timestamp, Connection)>>),
}

impl SnapshotStore for SqliteStore {
    fn take_snapshot(
        &self,
        name: SnapshotName,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Snapshot, SnapshotError>> {
        Box::pin(self.with_shelf(move |connection, shelf| shelf.take(connection, &name, now)))
    }

    fn snapshots(&self) -> BoxFuture<'_, Result<Vec<Snapshot>, SnapshotError>> {
        Box::pin(self.with_shelf(|_, shelf| shelf.list()))
    }

    fn restore_snapshot(
        &self,
        name: SnapshotName,
        provider_ids: BTreeMap<String, String>,
    ) -> BoxFuture<'_, Result<(), SnapshotError>> {
        Box::pin(self.with_shelf(move |connection, shelf| shelf.restore(connection, &name, &provider_ids)))
    }

    fn delete_snapshot(&self, name: SnapshotName) -> BoxFuture<'_, Result<(), SnapshotError>> {
        Box::pin(self.with_shelf(move |_, shelf| shelf.delete(&name)))
    }
}

impl Shelf {
    fn take(
        &self,
        connection: &Connection,
        name: &SnapshotName,
        now: Timestamp,
    ) -> Result<Snapshot, SnapshotError> {
        match self {
            Self::Memory(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.contains_key(name) {
                    return Err(SnapshotError::Exists(name.clone()));
                }
                let mut copy = Connection::open_in_memory()?;
                copy_over(connection, &mut copy)?;
                let bytes = size(&copy)?;
                kept.insert(name.clone(), (now, copy));
                Ok(Snapshot { name: name.clone(), taken_at: now, bytes })
            }
            Self::Folder(folder) => {
                let file = file_of(folder, name);
                if file.exists() {
                    return Err(SnapshotError::Exists(name.clone()));
                }
                private_folder(folder)?;
                // In place under its name when it is complete.
                let unfinished = folder.join(format!(".{name}-{}", std::process::id()));
                let written = write_file(connection, &unfinished)
                    .and_then(|()| Ok(std::fs::rename(&unfinished, &file).map_err(fail(&file))?));
                if written.is_err() {
                    // There is nothing to be done about a leftover; it is no snapshot.
                    let _ = std::fs::remove_file(&unfinished);
                }
                written?;
                found(name.clone(), &file)
            }
        }
    }

    fn list(&self) -> Result<Vec<Snapshot>, SnapshotError> {
        let named = |text: &str| text.parse::<SnapshotName>().ok();
        match self {
            Self::Memory(kept) => {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let all = kept.iter().filter_map(|(name, (taken_at, copy))| {
                    let bytes = size(copy).ok()?;
                    Some(Snapshot { name: name.clone(), taken_at: *taken_at, bytes })
                });
                Ok(all.collect())
            }
            Self::Folder(folder) => {
                let entries = match std::fs::read_dir(folder) {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
                    entries => entries.map_err(fail(folder))?,
                };
                let mut all = Vec::new();
                for entry in entries {
                    let file = entry.map_err(fail(folder))?.path();
                    let name = file.file_name().and_then(|name| name.to_str()?.strip_suffix(".db"));
                    if let Some(name) = name.and_then(named) {
                        all.push(found(name, &file)?);
                    }
                }
                all.sort_by(|one, other| one.name.cmp(&other.name));
                Ok(all)
            }
        }
    }

    fn restore(
        &self,
        connection: &mut Connection,
        name: &SnapshotName,
        provider_ids: &BTreeMap<String, String>,
    ) -> Result<(), SnapshotError> {
        let mut prepared = Connection::open_in_memory()?;
        match self {
            Self::Memory(kept) => {
                let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let (_, copy) = kept.get(name).ok_or_else(|| SnapshotError::Missing(name.clone()))?;
                copy_over(copy, &mut prepared)?;
            }
            Self::Folder(folder) => {
                let file = file_of(folder, name);
                if !file.exists() {
                    return Err(SnapshotError::Missing(name.clone()));
                }
                let copied = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)
                    .and_then(|copy| copy_over(&copy, &mut prepared));
                copied.map_err(|error| damaged(error, name))?;
            }
        }
        let sound = prepared
            .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
            .map_err(|error| damaged(error, name))?;
        if sound != "ok" {
            return Err(SnapshotError::Damaged(name.clone()));
        }
        // The ids say whether it is this App, and not another one that got the same name.
        let app = identity_of(&prepared).map_err(|_| SnapshotError::Damaged(name.clone()))?;
        if app != identity_of(connection)? {
            return Err(SnapshotError::OtherApp(name.clone()));
        }
        schema::migrate(&mut prepared).map_err(StoreError::from)?;
        in_transaction(&mut prepared, TransactionKind::Write, |tx| ensure_providers(tx, provider_ids))?;
        Ok(copy_over(&prepared, connection)?)
    }

    fn delete(&self, name: &SnapshotName) -> Result<(), SnapshotError> {
        let missing = || SnapshotError::Missing(name.clone());
        match self {
            Self::Memory(kept) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.remove(name).map(drop).ok_or_else(missing)
            }
            Self::Folder(folder) => {
                let file = file_of(folder, name);
                match std::fs::remove_file(&file) {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing()),
                    removed => Ok(removed.map_err(fail(&file))?),
                }
            }
        }
    }
}

fn file_of(folder: &Path, name: &SnapshotName) -> PathBuf {
    folder.join(format!("{name}.db"))
}

fn found(name: SnapshotName, file: &Path) -> Result<Snapshot, SnapshotError> {
    let facts = file.metadata().map_err(fail(file))?;
    let changed = facts.modified().map_err(fail(file))?;
    let taken_at = Timestamp::try_from(changed).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Snapshot { name, taken_at, bytes: facts.len() })
}

/// Writes a copy that only the owner may read, complete in one file, and on the disk when this returns.
fn write_file(connection: &Connection, path: &Path) -> Result<(), SnapshotError> {
    let _ = std::fs::remove_file(path);
    let mut open = std::fs::OpenOptions::new();
    open.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let file = open.open(path).map_err(fail(path))?;
    let mut copy = Connection::open(path)?;
    copy_over(connection, &mut copy)?;
    copy.pragma_update(None, "journal_mode", "delete")?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(file.sync_all().map_err(fail(path))?)
}

/// Makes `target` what `source` is, in one step.
fn copy_over(source: &Connection, target: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(source, target)?;
    for _ in 0..TRIES {
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Another process writes.
            _ => std::thread::sleep(PAUSE),
        }
    }
    Err(rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
        Some("another process does not let go of the database".to_owned()),
    ))
}

fn size(connection: &Connection) -> rusqlite::Result<u64> {
    let pages: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let page: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(u64::from(pages) * u64::from(page))
}

/// What an App is told from every other by.
fn identity_of(connection: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    connection
        .query_row("SELECT app_id, domain_id FROM app", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn damaged(error: rusqlite::Error, name: &SnapshotName) -> SnapshotError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => SnapshotError::Damaged(name.clone()),
        _ => error.into(),
    }
}

fn fail(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError + use<> {
    let path = path.to_owned();
    move |source| StoreError::Folder { path, source }
}
