//! What survives a restart: one sealed record a user, in SQLite.
//!
//! Each record is sealed with XChaCha20-Poly1305 under a random data key. The data key is wrapped by the key of one
//! slot: the OS keyring, a passphrase, or a key file. A vault never changes its slot by itself, and a record that
//! cannot be read is set aside without touching the others.

mod key;
mod keyring;
mod record;
mod seal;
mod store;

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;

use secrecy::SecretString;
use tokio::sync::oneshot;

pub use self::key::{KeyChoice, KeyPolicy, KeySource};
pub use self::record::{SetAside, UserRecord};
use self::store::Store;
use crate::account::{AppAlias, DeviceId, UserId, UserKey};

/// Where a vault lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A database file. Its folder is made, for the owner only.
    File(PathBuf),
    /// Memory: nothing is written anywhere.
    Memory,
}

/// What went wrong with the vault.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A file or folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The database.
    #[error("the vault's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// A newer idmux wrote it.
    #[error("the vault {} was written by a newer idmux (schema {found}); update idmux", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema number.
        found: i64,
    },
    /// Something that was sealed does not open with this key.
    #[error("it does not open with this key")]
    Seal,
    /// The key file holds something else.
    #[error("{} is not a key file of idmux", .0.display())]
    KeyFile(PathBuf),
    /// The operating system gave no random numbers.
    #[error("no random numbers from the operating system: {0}")]
    Random(String),
    /// The passphrase cannot be stretched into a key.
    #[error("the passphrase cannot be used: {0}")]
    Passphrase(String),
    /// The vault's thread is gone.
    #[error("the vault is closed")]
    Closed,
}

/// What a vault holds when it is opened.
#[derive(Debug, Default)]
pub struct Contents {
    /// The users, in the order in which they were first stored.
    pub users: Vec<(UserKey, UserRecord)>,
    /// Records that could not be read.
    pub set_aside: Vec<SetAside>,
    /// The current user of each App.
    pub current: Vec<(AppAlias, UserId)>,
    /// The device id that each App gave.
    pub devices: Vec<(AppAlias, DeviceId)>,
}

/// How an attempt to open a vault ended.
#[derive(Debug)]
pub enum Opened {
    /// It is open.
    Open(Vault, Contents),
    /// There is none yet, and a person has to choose where its key shall live.
    ChooseKey {
        /// Why the OS keyring is not available.
        why: String,
    },
    /// There is one, and its key was not had.
    Locked {
        /// Where its key comes from.
        key: KeySource,
        /// Why it was not had; `None` when nobody was asked yet.
        why: Option<String>,
    },
}

/// An open vault. All writes go through one thread, in the order in which they were asked for; each is durable when
/// its future is ready.
#[derive(Debug)]
pub struct Vault {
    key: KeySource,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

type Job = Box<dyn FnOnce(&mut Store) + Send>;

impl Vault {
    /// Opens, or creates, the vault at `location` with the key that `policy` leads to. Slow: the keyring is asked, and
    /// a passphrase is stretched.
    pub async fn open(location: Location, policy: KeyPolicy) -> Result<Opened, VaultError> {
        key::open(location, policy).await
    }

    /// Starts the thread that owns the store.
    fn start(key: KeySource, mut store: Store) -> Result<Self, VaultError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("vault".into())
            .spawn(move || queue.into_iter().for_each(|job| job(&mut store)))
            .map_err(|source| VaultError::File { path: "thread".into(), source })?;
        Ok(Self { key, jobs: Some(jobs), thread: Some(thread) })
    }

    /// Where the key comes from.
    pub fn key(&self) -> &KeySource {
        &self.key
    }

    /// Stores a user's record in place of the one before.
    pub fn put(&self, user: UserKey, record: UserRecord) -> Write {
        self.write(move |store| store.put(&user, &record))
    }

    /// Forgets a user.
    pub fn remove(&self, user: UserKey) -> Write {
        self.write(move |store| store.remove(&user))
    }

    /// Remembers the current user of an App.
    pub fn set_current(&self, app: AppAlias, user: Option<UserId>) -> Write {
        self.write(move |store| store.set_current(&app, user.as_ref()))
    }

    /// Remembers the device id that an App gave.
    pub fn set_device(&self, app: AppAlias, device: DeviceId) -> Write {
        self.write(move |store| store.set_device(&app, &device))
    }

    fn write(&self, job: impl FnOnce(&mut Store) -> Result<(), VaultError> + Send + 'static) -> Write {
        let (done, result) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // A closed queue drops `done`, which the future reports as `Closed`.
            let _ = jobs.send(Box::new(move |store| {
                let _ = done.send(job(store));
            }));
        }
        Write(result)
    }

    /// Finishes all writes that were asked for, and closes the database. Blocks for as long as they take.
    pub fn close(mut self) {
        self.finish();
    }

    fn finish(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A write on its way to the disk. It happens whether or not anybody waits for it.
#[derive(Debug)]
pub struct Write(oneshot::Receiver<Result<(), VaultError>>);

impl Write {
    /// Waits until the write is durable.
    pub async fn done(self) -> Result<(), VaultError> {
        self.0.await.unwrap_or(Err(VaultError::Closed))
    }
}

/// Reads the key policy's environment: `IDMUX_PASSPHRASE` and `IDMUX_KEY_FILE`.
pub fn policy_from_environment() -> KeyPolicy {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    KeyPolicy {
        choice: None,
        passphrase: variable("IDMUX_PASSPHRASE")
            .and_then(|value| value.into_string().ok())
            .map(SecretString::from),
        key_file: variable("IDMUX_KEY_FILE").map(PathBuf::from),
    }
}

#[cfg(test)]
mod tests;
