//! What the App keeps. Each operation is a unit of work of the domain, atomic in itself: all of it happens, or nothing.
//!
//! An implementation is a folder: [`sqlite`] knows SQLite, and nothing outside of it does. Nothing is cached above, since
//! another process may use the same store.

mod accounts;
mod api_keys;
mod app;
mod clock;
mod documents;
mod registrations;
mod sessions;
mod snapshots;
mod sqlite;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use accounts::{
    ANONYMOUS, API_KEY, AccountStore, Identity, ImportEntry, ImportOutcome, LOCAL_USERPASS, NORMAL, Obstacle,
    ProfileIdentity, Proof, ProvenIdentity, SERVER, User, UserQuery, UserRecord, UserWithData,
};
pub use api_keys::{ApiKey, ApiKeyStore, KeyHolder, NewApiKey};
pub use app::{AppFacts, AppStore, ChangeMark, Ended, KeyRotation, Opened, Opening, SharedFacts, SigningKey};
pub use clock::{ClockMove, ClockSetting, EARLIEST, OutOfRange, shift, whole_ms};
pub use documents::{
    DocumentScope, DocumentStore, Namespace, NewDocument, OwnerKey, Place, StoredDocument, Watermark, Written,
};
pub use registrations::{
    Mail, NewMail, NewToken, PasswordChange, Purpose, Registration, RegistrationKey, RegistrationStore,
    TokenGuess,
};
pub use sessions::{
    AdminSession, KnownDevice, LiveSession, NewLogin, OpenedSession, OpenedWith, Session, SessionStore,
};
pub use snapshots::{InvalidSnapshotName, Snapshot, SnapshotError, SnapshotName, SnapshotStore};

use super::app_id::AppId;
use super::blocking::blocking;

/// A unit of work that the state of the App cannot refuse.
pub type Work<'a, T> = BoxFuture<'a, Result<T, StoreError>>;
/// A unit of work that the state of the App can refuse. A refusal leaves no trace.
pub type Judged<'a, T> = BoxFuture<'a, Result<T, UnitError>>;

/// The store of one App.
///
/// Each method is one unit of work: atomic, isolated from all others, and durable when it returns `Ok`. Arguments are owned,
/// and hold everything that is random or taken from a clock, so that an implementation may run a unit again after a conflict.
/// What takes long (hashing, functions, filters) happens outside; a unit checks that what was read before still stands.
/// A caller that stops waiting does not learn whether the unit happened.
pub trait Store:
    AppStore
    + AccountStore
    + RegistrationStore
    + SessionStore
    + ApiKeyStore
    + DocumentStore
    + SnapshotStore
    + Send
    + Sync
{
}

/// Where the App keeps its users and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// One database per App in this folder, which is created if it is not there. Several processes may share it.
    Folder(PathBuf),
    /// In memory: nothing touches the disk, nothing outlives the server.
    Memory,
}

/// Opens or creates the store of `app`.
pub async fn open(storage: &Storage, app: &AppId) -> Result<Arc<dyn Store>, StoreError> {
    let (storage, app) = (storage.clone(), app.clone());
    let opening = blocking(move || sqlite::SqliteStore::open(&storage, &app));
    Ok(Arc::new(opening.await.map_err(StoreError::Thread)??))
}

/// The Apps that have a store in `folder`. Blocks.
pub fn apps_in(folder: &Path) -> Result<Vec<AppId>, StoreError> {
    sqlite::apps_in(folder)
}

/// Why a unit of work did not happen.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    /// What it asks for does not go together with what is there.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a unit of work is refused for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the user is not there")]
    UserNotFound,
    #[error("the user is disabled")]
    UserDisabled,
    /// The session ended, or its user is gone, disabled, or anonymous and too old.
    #[error("the session has ended")]
    SessionGone,
    /// What an identity was proved by does not hold any more.
    #[error("the proof of the identity does not hold any more")]
    ProofGone,
    #[error("the identity belongs to another user")]
    IdentityTaken,
    /// A user has one email address at most.
    #[error("the user has an identity of that provider already")]
    SecondIdentity,
    #[error("the email is registered already")]
    EmailTaken,
    #[error("there is no such registration")]
    RegistrationNotFound,
    #[error("the registration is confirmed already")]
    AlreadyConfirmed,
    /// A registration that is a user's goes with the user only.
    #[error("the registration belongs to a user")]
    RegistrationInUse,
    #[error("the user has no email/password identity")]
    NoEmailIdentity,
    /// Unknown, used, expired, or for another purpose.
    #[error("the token is expired or invalid")]
    TokenInvalid,
    #[error("there is no such API key")]
    KeyNotFound,
    /// The key that an identity was proved by.
    #[error("there is no such API key any more")]
    KeyGone,
    #[error("the API key '{0}' is disabled")]
    KeyDisabled(String),
    #[error("there is an API key of that name already")]
    KeyNameTaken,
    #[error("there are {most} API keys already")]
    TooManyKeys { is_server: bool, most: usize },
    /// A session cannot take away the key that it was opened with.
    #[error("the session was opened with that API key")]
    KeyOpenedSession,
    #[error("a server user makes no API keys")]
    ServerMakesNoKeys,
    #[error("an anonymous user makes no API keys")]
    AnonymousMakesNoKeys,
    #[error(transparent)]
    ClockRange(#[from] OutOfRange),
}

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
    /// The system gives no thread.
    #[error("cannot start a thread for the local App's data: {0}")]
    Thread(std::io::Error),
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

#[cfg(test)]
mod conformance;
