//! What survives a restart: one sealed record a user, in SQLite.
//!
//! Each record is sealed with XChaCha20-Poly1305 under a random data key. The data key is wrapped by the key of one
//! slot: the OS keyring, a passphrase, or a key file. A vault never changes its slot by itself, and a record that
//! cannot be read is set aside without touching the others.

mod app_record;
mod examine;
mod files;
mod holder;
mod kept_clock;
mod key;
mod keyring;
mod lock;
mod presence;
mod private;
mod record;
mod seal;
mod store;
mod timeline;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use secrecy::SecretString;
use tokio::sync::oneshot;

pub use self::app_record::AppRecord;
pub use self::examine::{Finding, examine};
use self::files::Files;
pub use self::kept_clock::KeptClock;
pub use self::key::{KeyChoice, KeyPolicy, KeySource};
pub use self::lock::lock;
pub use self::record::{RecordName, SetAside, UserRecord};
use self::store::{Store, StoreWrite, Told, Writer};
pub use self::timeline::{RefreshOutcome, TimelineEntry};
use crate::account::{AccessToken, App, AppAlias, DeviceId, UserId, UserKey};

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
    /// The database is not what it was.
    #[error("the vault is damaged: {what}; put a copy of it back, or move it away to begin anew")]
    Damaged {
        /// What is wrong.
        what: String,
    },
    /// There was a vault, and its file is gone or empty.
    #[error("the vault {} is {how}, though there was one; put a copy of it back, or move {} away to begin anew", path.display(), proof.display())]
    Vanished {
        /// The file.
        path: PathBuf,
        /// "gone", "empty", "without its key slot".
        how: &'static str,
        /// The file that says that there was one.
        proof: PathBuf,
    },
    /// There is no vault yet.
    #[error("there is no vault at {}", .0.display())]
    NoVault(PathBuf),
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
    /// Several writes that share a transaction failed together.
    #[error("the vault's database: {0}")]
    Commit(String),
    /// The vault's thread is gone.
    #[error("the vault is closed")]
    Closed,
}

/// What a vault holds when it is opened.
#[derive(Debug, Default)]
pub struct Contents {
    /// The users, in the order in which they were first stored.
    pub users: Vec<(UserKey, UserRecord)>,
    /// Records that are lost, and that nobody has forgotten yet.
    pub set_aside: Vec<SetAside>,
    /// What is kept of each App.
    pub apps: Vec<(AppAlias, AppRecord)>,
    /// What was learnt of each App's clock.
    pub clocks: Vec<(AppAlias, KeptClock)>,
    /// The entries of timelines by which each user's last renewal is known.
    pub renewals: Vec<(UserKey, TimelineEntry)>,
    /// Whether the vault is locked: by somebody who was faster than its opening.
    pub locked: bool,
}

/// What other processes did to the vault.
#[derive(Debug, Default)]
pub struct Changes {
    /// Users whose record is another.
    pub users: Vec<(UserKey, UserRecord)>,
    /// New entries of timelines by which a user's last renewal is known.
    pub renewals: Vec<(UserKey, TimelineEntry)>,
    /// Users who were removed.
    pub removed: Vec<UserKey>,
    /// All Apps that are kept by now.
    pub apps: Vec<App>,
    /// What is known of each App's clock, whoever learnt it.
    pub clocks: Vec<(AppAlias, KeptClock)>,
    /// Whether the vault is locked.
    pub locked: bool,
}

/// What came of storing a renewed record.
#[derive(Debug)]
pub enum Replaced {
    /// It is stored.
    Done,
    /// Another process has stored a newer record; that one stands.
    Newer(Box<UserRecord>),
    /// The user was removed.
    Gone,
}

/// The answer to a request for the right to renew a user's token.
#[derive(Debug)]
pub enum Lease {
    /// It is held, until the record is stored or it is given back.
    Held,
    /// Another living process holds it.
    Busy,
    /// Another process has stored a newer record meanwhile.
    Newer(Box<UserRecord>),
    /// The user was removed.
    Gone,
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
/// its future is ready. Dropping the vault waits for them.
#[derive(Debug)]
pub struct Vault {
    key: KeySource,
    door: Option<Door>,
    thread: Option<JoinHandle<()>>,
    files: Option<Box<Files>>,
}

/// The way to an open vault, for jobs that outlive a call. It leads nowhere once the vault is closed.
#[derive(Debug, Clone)]
pub struct Door(mpsc::Sender<Job>);

enum Job {
    Write(StoreWrite),
    Changes(oneshot::Sender<Result<Option<Changes>, VaultError>>),
    /// Ends the thread, whoever still holds a door.
    Close,
}

/// Most writes that share one transaction, and so one wait for the disk.
const TOGETHER: usize = 128;

/// What the vault's thread does.
fn work(mut store: Store, queue: &mpsc::Receiver<Job>) {
    let mut open = true;
    while open {
        let Ok(first) = queue.recv() else { break };
        let mut writes = Vec::new();
        for job in std::iter::once(first).chain(queue.try_iter().take(TOGETHER - 1)) {
            match job {
                Job::Write(write) => writes.push(write),
                // In order: what was asked for before is written before.
                Job::Changes(done) => {
                    store.write_together(std::mem::take(&mut writes));
                    let _ = done.send(store.changes());
                }
                Job::Close => {
                    open = false;
                    break;
                }
            }
        }
        store.write_together(writes);
    }
}

impl Vault {
    /// Opens, or creates, the vault at `location` with the key that `policy` leads to. Slow: the keyring is asked, and
    /// a passphrase is stretched.
    pub async fn open(location: Location, policy: KeyPolicy) -> Result<Opened, VaultError> {
        key::open(location, policy).await
    }

    /// Starts the thread that owns the store.
    fn start(key: KeySource, store: Store) -> Result<Self, VaultError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let files = store.file().map(|path| Box::new(Files::of(Path::new(path))));
        let thread = std::thread::Builder::new()
            .name("vault".into())
            .spawn(move || work(store, &queue))
            .map_err(|source| VaultError::File { path: "thread".into(), source })?;
        Ok(Self { key, door: Some(Door(jobs)), thread: Some(thread), files })
    }

    /// Where the key comes from.
    pub fn key(&self) -> &KeySource {
        &self.key
    }

    /// A way in that can be handed to a job.
    pub fn door(&self) -> Option<Door> {
        self.door.clone()
    }

    /// Stores a user's record in place of the one before.
    pub fn put(&self, user: UserKey, record: UserRecord) -> Write {
        self.write(move |store| store.put(&user, &record))
    }

    /// A user's record as it stands.
    pub fn read(&self, user: UserKey) -> Write<Option<UserRecord>> {
        self.write(move |store| store.read(&user))
    }

    /// Stores a renewed record, unless somebody else stored another one since the access token `known` was read.
    pub fn replace(&self, user: UserKey, known: AccessToken, record: UserRecord) -> Write<Replaced> {
        self.write(move |store| store.replace(&user, &known, &record))
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

    /// Remembers what was learnt of an App's clock, if the App itself is remembered.
    pub fn set_clock(&self, app: AppAlias, clock: KeptClock) -> Write {
        self.write(move |store| store.set_clock(&app, &clock))
    }

    /// Remembers an App.
    pub fn keep_app(&self, app: App) -> Write {
        self.write(move |store| store.keep_app(app))
    }

    /// Forgets that records were lost.
    pub fn forget_lost(&self, records: Vec<RecordName>) -> Write {
        self.write(move |store| records.iter().try_for_each(|record| store.forget_lost(record)))
    }

    /// Forgets an App with all its users.
    pub fn forget_app(&self, app: AppAlias) -> Write {
        self.write(move |store| store.forget_app(&app))
    }

    /// Says to every process that shares the vault that it is closed, or open again.
    pub fn set_locked(&self, locked: bool) -> Write {
        self.write(move |store| store.set_locked(locked))
    }

    /// Writes down what happened to a user, and whether it is what the last renewal is known by.
    pub fn note(&self, user: UserKey, entry: TimelineEntry, is_last_renewal: bool) -> Write {
        self.write(move |store| store.note(&user, &entry, is_last_renewal))
    }

    /// What happened to a user, oldest first.
    pub fn timeline(&self, user: UserKey) -> Write<Vec<TimelineEntry>> {
        self.write(move |store| store.timeline(&user))
    }

    /// Whether other processes may have written since this was last asked. Much cheaper than [`Vault::changes`], and never
    /// false when they have.
    pub fn may_have_changes(&mut self) -> bool {
        self.files.as_mut().is_some_and(|files| files.may_have_changed())
    }

    /// What other processes did since this was last asked; `None` when they did nothing.
    pub fn changes(&self) -> impl Future<Output = Result<Option<Changes>, VaultError>> + Send + 'static {
        let (done, result) = oneshot::channel();
        if let Some(door) = &self.door {
            let _ = door.0.send(Job::Changes(done));
        }
        async move { result.await.unwrap_or(Err(VaultError::Closed)) }
    }

    fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Writer<'_>) -> Result<T, VaultError> + Send + 'static,
    ) -> Write<T> {
        match &self.door {
            Some(door) => door.write(job),
            None => Write(oneshot::channel().1),
        }
    }

    /// Finishes all writes that were asked for, and closes the database. Blocks for as long as they take.
    pub fn close(mut self) {
        self.finish();
    }

    fn finish(&mut self) {
        if let Some(door) = self.door.take() {
            let _ = door.0.send(Job::Close);
        }
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

impl Door {
    /// Asks for the right to renew the token of a user whose access token is `known`.
    pub fn lease(&self, user: UserKey, known: AccessToken) -> Write<Lease> {
        self.write(move |store| store.lease(&user, &known))
    }

    /// Gives the right to renew back.
    pub fn release(&self, user: UserKey) -> Write {
        self.write(move |store| store.release(&user))
    }

    fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Writer<'_>) -> Result<T, VaultError> + Send + 'static,
    ) -> Write<T> {
        let (done, result) = oneshot::channel();
        let write: StoreWrite = Box::new(move |store| {
            let outcome = store.and_then(job);
            let keep = outcome.is_ok();
            let tell: Told = Box::new(move |failed| {
                // Nobody need wait for a write.
                let _ = done.send(match failed {
                    Some(error) => Err(VaultError::Commit(error.to_string())),
                    None => outcome,
                });
            });
            (keep, tell)
        });
        // A closed queue drops the sender, which the future reports as `Closed`.
        let _ = self.0.send(Job::Write(write));
        Write(result)
    }
}

/// A write on its way to the disk. It happens whether or not anybody waits for it.
#[derive(Debug)]
pub struct Write<T = ()>(oneshot::Receiver<Result<T, VaultError>>);

impl<T> Write<T> {
    /// Waits until the write is durable.
    pub async fn done(self) -> Result<T, VaultError> {
        self.0.await.unwrap_or(Err(VaultError::Closed))
    }
}

/// What the environment says of the key: the passphrase that was in it, and `IDMUX_KEY_FILE`.
pub fn policy_from_environment(passphrase: Option<SecretString>) -> KeyPolicy {
    let key_file = std::env::var_os("IDMUX_KEY_FILE").filter(|value| !value.is_empty());
    KeyPolicy { choice: None, passphrase, key_file: key_file.map(PathBuf::from) }
}

#[cfg(test)]
mod tests;
