//! The lock that closes a vault for every process. It needs no key.

use std::path::Path;

use rusqlite::Connection;

use super::VaultError;
use super::store::Database;

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
