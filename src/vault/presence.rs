//! Whether there is a vault at all, and what can be done to it without its key: a look, and a lock.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::VaultError;
use super::store::{Database, private_file};

/// The file of a vault with the note beside it that there is one. A database that became empty, or went away, would
/// otherwise be taken for one that was never made.
pub(super) struct Presence {
    file: PathBuf,
    note: PathBuf,
    /// Whether there was a note before the file was looked at. A note is made when the vault is: one that comes later says
    /// that another process has just made both.
    is_noted: bool,
}

impl Presence {
    pub fn of(file: &Path) -> Self {
        let note = file.with_extension("made");
        Self { file: file.to_owned(), is_noted: note.exists(), note }
    }

    /// Refuses a file that is gone or empty though there was a vault.
    pub fn check_file(&self) -> Result<(), VaultError> {
        let how = match fs::metadata(&self.file) {
            Ok(metadata) if metadata.len() == 0 => "empty",
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "gone",
            Err(source) => return Err(VaultError::File { path: self.file.clone(), source }),
        };
        // A key file proves nothing: a person may have put it there in advance.
        if self.is_noted { Err(self.vanished(how, &self.note)) } else { Ok(()) }
    }

    /// Refuses a database without a key slot, though there was a vault in it.
    pub fn check_slot(&self, is_empty: bool) -> Result<(), VaultError> {
        if self.is_noted || !is_empty {
            return Err(self.vanished("without its key slot", &self.note));
        }
        Ok(())
    }

    /// The file that says that there is a vault.
    pub fn note_path(&self) -> &Path {
        &self.note
    }

    /// Notes that there is a vault.
    pub fn note(&self) -> Result<(), VaultError> {
        if self.is_noted {
            return Ok(());
        }
        let made = private_file().write(true).truncate(false).open(&self.note).map(drop);
        made.map_err(|source| VaultError::File { path: self.note.clone(), source })
    }

    fn vanished(&self, how: &'static str, proof: &Path) -> VaultError {
        VaultError::Vanished { path: self.file.clone(), how, proof: proof.to_owned() }
    }
}

/// Locks the vault at `path` for every process. The flag is no secret, so it takes no key: it is set by itself, and read
/// back on a way of its own. Blocks.
///
/// # Errors
/// When there is no vault, or it cannot be written.
pub fn lock(path: &Path) -> Result<(), VaultError> {
    let mut connection = existing(path)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute("UPDATE state SET locked = 1, revision = revision + 1", [])?;
    transaction.commit()?;
    let is_locked = existing(path)?.query_row("SELECT locked FROM state", [], |row| row.get(0));
    match is_locked {
        Ok(1) => Ok(()),
        Ok(_) => Err(VaultError::Damaged { what: "the lock was written, and is not there".into() }),
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            Err(VaultError::Damaged { what: "it does not say whether it is locked".into() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Where a file that is not there could not be opened, there is no vault.
pub(super) fn none_or(error: VaultError, path: &Path) -> VaultError {
    match error {
        VaultError::Database(_) if !path.exists() => VaultError::NoVault(path.to_owned()),
        other => other,
    }
}

/// A vault that was set up.
fn existing(path: &Path) -> Result<Connection, VaultError> {
    let none = || VaultError::NoVault(path.to_owned());
    let connection = Database::open_existing(path).map_err(|error| none_or(error, path))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let slots: Result<i64, _> = connection.query_row("SELECT count(*) FROM key_slot", [], |row| row.get(0));
    match slots {
        Ok(0) => Err(none()),
        // A vault of the first version has no lock.
        Ok(_) if version < 2 => {
            Err(VaultError::Damaged { what: "it is of a version that has no lock".into() })
        }
        Ok(_) => Ok(connection),
        Err(_) if version == 0 => Err(none()),
        Err(error) => Err(error.into()),
    }
}
