//! What the App keeps. Each operation is a unit of work of the domain, atomic in itself: all of it happens, or nothing.
//!
//! An implementation is a folder: [`sqlite`] knows SQLite, and nothing outside of it does. Nothing is cached above, since
//! another process may use the same store.

mod accounts;
mod api_keys;
mod app;
mod documents;
mod registrations;
mod sessions;
mod snapshots;
mod sqlite;

use std::path::PathBuf;

pub use accounts::{Identity, User, UserQuery};
pub use api_keys::{ApiKey, KeyOwner};
pub use app::{AppFacts, SigningKey};
pub use documents::{NewDocument, OwnerKey, Place, StoredDocument};
pub use registrations::{MAILS_KEPT, Mail, NewMail, OpenToken, Purpose, Registration};
pub use sessions::{AdminSession, DEVICES_OF_A_USER, KnownDevice, OpenedWith, Session};
pub use snapshots::{InvalidSnapshotName, Snapshot, SnapshotError, SnapshotName};
pub use sqlite::{SqliteStore as Store, Tx};

use super::app_id::AppId;

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or the file cannot be made or opened.
    #[error("cannot use {path} for the local App's data: {source}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The file exists, but is not a database that this program can use.
    #[error("cannot open the local App's database {path}: {cause}")]
    Open {
        /// The database file.
        path: PathBuf,
        /// What SQLite answered.
        cause: String,
    },
    /// A newer idmux wrote the database.
    #[error(
        "the local App's database has version {found}, this idmux knows versions up to {known}; update idmux"
    )]
    Newer {
        /// Version of the file.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// The file was renamed, or copied from another App's.
    #[error("the local App's database of '{asked}' belongs to the app '{found}'; give it back its name")]
    OtherApp {
        /// The App that was to be opened.
        asked: AppId,
        /// The App that the file holds.
        found: AppId,
    },
    /// A statement failed; the database said why.
    #[error("the local App's database failed: {0}")]
    Failed(String),
    /// The file is there, and nothing is in it.
    #[error(
        "the local App's database {} is {found}: what was in it is gone; put a copy or a snapshot back in its place, or \
         delete it to begin an empty App", path.display()
    )]
    Vanished {
        /// The database file.
        path: PathBuf,
        /// What it is now.
        found: &'static str,
    },
    /// The file was there, and is not any more.
    #[error(
        "the local App's database {} is gone, though {} shows that there was one; put a copy or a snapshot back in its \
         place, or delete that as well to begin an empty App", path.display(), proof.display()
    )]
    Gone {
        /// The database file.
        path: PathBuf,
        /// What is still there.
        proof: PathBuf,
    },
    /// The database is not sound.
    #[error(
        "the local App's database {} is damaged: {found}; put a copy or a snapshot back in its place", path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What SQLite found first.
        found: String,
    },
    /// A row holds what no version of this program wrote.
    #[error(
        "the local App's database is damaged: {row} in its table '{table}' cannot be read ({cause}); restore a snapshot \
         or a copy of the database"
    )]
    DamagedRow {
        /// The table.
        table: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The store was closed, or its thread is gone.
    #[error("the local App's database is closed")]
    Closed,
}
