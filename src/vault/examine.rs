//! What is wrong with a vault, whether or not it opens, and what to do about it. Needs no key, and makes nothing.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::VaultError;
use super::key;
use super::lock::none_or;
use super::presence::Presence;
use super::store::{Database, NEWEST_SCHEMA, StoredSlot};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Finding {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }

    /// What an error of the vault at `path` comes to.
    pub fn of(error: &VaultError, path: &Path) -> Self {
        let anew = begin_anew(path);
        let remedy = match error {
            VaultError::File { .. } => "let your user read and write it, and check the disk".into(),
            VaultError::Newer { .. } => "update idmux".into(),
            VaultError::NoVault(_) => "log in: that makes one".into(),
            VaultError::Vanished { .. } | VaultError::Damaged { .. } => anew,
            VaultError::Database(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    "another process is writing to it; try again".into()
                }
                Some(
                    ErrorCode::CannotOpen
                    | ErrorCode::PermissionDenied
                    | ErrorCode::ReadOnly
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::DiskFull,
                ) => "let your user read and write it and its folder, and check the disk".into(),
                _ => anew,
            },
            _ => "the log says more".into(),
        };
        Self { what: error.to_string(), remedy }
    }
}

/// How to go on without what is in the vault. Its files stay: a copy may turn up.
fn begin_anew(path: &Path) -> String {
    let file = path.display();
    let note = Presence::of(path).note_path().display().to_string();
    format!(
        "put a copy of it back; without one, move {file} (with {file}-wal and {file}-shm) and {note} away, and log \
         everybody in again"
    )
}

/// Looks through the whole file. Blocks.
///
/// # Errors
/// When there is no vault, or it cannot be read at all.
pub fn examine(path: &Path) -> Result<Vec<Finding>, VaultError> {
    // Looked for first: another process may be making both.
    let presence = Presence::of(path);
    let connection = Database::open_existing(path).map_err(|error| none_or(error, path))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > NEWEST_SCHEMA {
        return Err(VaultError::Newer { path: path.to_owned(), found: version });
    }
    let mut findings = damage(&connection, path)?;
    if !findings.is_empty() {
        // What rests on pages that are damaged says nothing sure.
        return Ok(findings);
    }
    match Database::stored_slot(&connection) {
        Ok(Some(slot)) => findings.extend(slot_finding(&slot, path)),
        Ok(None) => {
            let is_empty = Database::holds_nothing(&connection).unwrap_or(version == 0);
            presence.check_slot(is_empty)?;
            return Err(VaultError::NoVault(path.to_owned()));
        }
        Err(_) if version == 0 => {
            presence.check_slot(true)?;
            return Err(VaultError::NoVault(path.to_owned()));
        }
        Err(error) => return Err(error),
    }
    if version > 1 {
        let states: i64 = connection.query_row("SELECT count(*) FROM state", [], |row| row.get(0))?;
        if states != 1 {
            findings.push(Finding::new("the row with the vault's state is gone", begin_anew(path)));
        }
    }
    Ok(findings)
}

/// What SQLite finds.
fn damage(connection: &Connection, path: &Path) -> Result<Vec<Finding>, VaultError> {
    let mut rows = connection.prepare("PRAGMA integrity_check(20)")?;
    let said = rows.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let lines = said.iter().flat_map(|said| said.lines()).filter(|line| *line != "ok");
    Ok(lines.map(|line| Finding::new(format!("the database: {line}"), begin_anew(path))).collect())
}

fn slot_finding(slot: &StoredSlot, path: &Path) -> Option<Finding> {
    let Err(error) = key::try_key_file(slot) else { return None };
    let remedy = match &error {
        VaultError::Damaged { .. } => begin_anew(path),
        VaultError::Seal => format!("put the key file of this vault back; or {}", begin_anew(path)),
        _ => format!("put the key file back: nothing else opens the vault. Else {}", begin_anew(path)),
    };
    let what = match error {
        VaultError::Seal => "the key file does not fit this vault".into(),
        VaultError::File { path, source } => format!("the key file {}: {source}", path.display()),
        other => other.to_string(),
    };
    Some(Finding { what, remedy })
}
