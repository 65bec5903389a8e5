//! What the App keeps: a SQLite database, written on one thread and read on another, so that nobody who only reads waits
//! until what others wrote is on the disk. What only takes a look at a few rows does so where it is. All SQL of the local
//! App is in this room.
//!
//! A service hands over a closure that runs inside one transaction and speaks in typed queries ([`Tx`]); it commits
//! when the closure succeeds and leaves no trace when it fails. Nothing is cached here or above, since another process
//! may have the same database open.

mod admin_sessions;
mod api_keys;
mod app;
mod app_files;
mod browser_logins;
mod clock;
mod devices;
mod documents;
mod housekeeping;
mod lookups;
mod mails;
mod registrations;
mod schema;
mod sessions;
mod signing_keys;
mod snapshots;
mod soundness;
mod userpass_tokens;
mod users;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use jiff::Timestamp;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, Row, RowIndex};
use tokio::sync::oneshot;

pub use admin_sessions::AdminSession;
pub use api_keys::{ApiKey, KeyOwner};
pub use app::AppFacts;
pub use devices::KnownDevice;
pub use documents::{NewDocument, OwnerKey, Place, StoredDocument};
pub use mails::{Mail, NewMail};
pub use registrations::Registration;
pub use sessions::{OpenedWith, Session};
pub use signing_keys::SigningKey;
pub use snapshots::{InvalidSnapshotName, Snapshot, SnapshotError, SnapshotName};
pub use userpass_tokens::{OpenToken, Purpose};
pub use users::{Identity, User, UserQuery};

use self::lookups::Lookups;
use self::snapshots::Shelf;
use super::Storage;
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
    #[error("cannot open the local App's database {path}: {source}")]
    Open {
        /// The database file.
        path: PathBuf,
        /// What SQLite answered.
        source: rusqlite::Error,
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
    /// A statement failed.
    #[error("the local App's database failed: {0}")]
    Sql(#[from] rusqlite::Error),
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

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The database of one App.
pub struct Store {
    worker: Mutex<Option<Worker>>,
    /// For reading alone; a database in memory has one connection, and none of this.
    reader: Mutex<Option<Worker>>,
    lookups: Lookups,
    shelf: Arc<Shelf>,
}

struct Worker {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn start(mut connection: Connection, app: &AppId) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("local-app-store".to_owned())
            .spawn(move || {
                for job in queue {
                    // A job that panics has rolled back and dropped its answer; the next one finds a sound connection.
                    let _ = catch_unwind(AssertUnwindSafe(|| job(&mut connection)));
                }
            })
            .map_err(|source| StoreError::Folder { path: PathBuf::from(app.as_str()), source })?;
        Ok(Self { jobs, thread })
    }

    fn submit(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.send(job).map_err(|_| StoreError::Closed)
    }

    /// Finishes what is queued. Blocks.
    fn finish(self) {
        drop(self.jobs);
        let _ = self.thread.join();
    }
}

impl Store {
    /// Opens or creates the database of `app`. Blocks.
    pub fn open(storage: &Storage, app: &AppId) -> Result<Self, StoreError> {
        let (connection, second, lookups, shelf) = match storage {
            Storage::Memory => {
                (schema::open_in_memory()?, None, Lookups::none(), Shelf::Memory(Mutex::default()))
            }
            Storage::Folder(folder) => {
                let file = database_file(folder, app)?;
                let shelf = Shelf::Folder(folder.join("snapshots").join(app.as_str()));
                let connection = schema::open_file(&file)?;
                soundness::check(&connection, &file)?;
                (connection, Some(schema::open_reader(&file)?), Lookups::open(&file)?, shelf)
            }
        };
        let reader = second.map(|connection| Worker::start(connection, app)).transpose()?;
        Ok(Self {
            worker: Mutex::new(Some(Worker::start(connection, app)?)),
            reader: Mutex::new(reader),
            lookups,
            shelf: Arc::new(shelf),
        })
    }

    /// Runs `work` on one consistent state of the database, which has everything that a finished write wrote.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(&self.reader, TransactionKind::Read, work).await
    }

    /// As [`Store::read`], for `work` that finds a few rows by their keys: it runs where it is asked for, without handing
    /// it over to another thread and waiting, which takes longer than such work itself.
    pub async fn look_up<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let Some(mut connection) = self.lookups.take() else { return self.read(work).await };
        let outcome = in_transaction(&mut connection, TransactionKind::Read, work);
        self.lookups.give_back(connection);
        outcome
    }

    /// Runs `work` as the only writer; what it wrote is durable when this returns `Ok`, and undone otherwise.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(&self.worker, TransactionKind::Write, work).await
    }

    /// As [`Store::read`], for a thread that may block.
    pub fn read_here<T, E>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.begin(&self.reader, TransactionKind::Read, work)?
            .blocking_recv()
            .map_err(|_| StoreError::Closed)?
    }

    /// As [`Store::write`], for a thread that may block.
    pub fn write_here<T, E>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.begin(&self.worker, TransactionKind::Write, work)?
            .blocking_recv()
            .map_err(|_| StoreError::Closed)?
    }

    async fn run<T, E>(
        &self,
        worker: &Mutex<Option<Worker>>,
        kind: TransactionKind,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.begin(worker, kind, work)?.await.map_err(|_| StoreError::Closed)?
    }

    /// Hands `work` over to a thread, which answers there.
    fn begin<T, E>(
        &self,
        worker: &Mutex<Option<Worker>>,
        kind: TransactionKind,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, E>>, StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever asked may have gone while it waited for its turn.
            if !answer.is_closed() {
                let _ = answer.send(in_transaction(connection, kind, work));
            }
        });
        self.submit_to(worker, job)?;
        Ok(answered)
    }

    /// Runs `work` outside of any transaction.
    async fn with_shelf<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &Shelf) -> Result<T, SnapshotError> + Send + 'static,
    ) -> Result<T, SnapshotError> {
        let (answer, answered) = oneshot::channel();
        let shelf = Arc::clone(&self.shelf);
        self.submit(Box::new(move |connection| {
            let _ = answer.send(work(connection, &shelf));
        }))?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// To `worker`, or to the writer if there is none.
    fn submit_to(&self, worker: &Mutex<Option<Worker>>, job: Job) -> Result<(), StoreError> {
        if let Some(worker) = &*lock(worker) {
            return worker.submit(job);
        }
        self.submit(job)
    }

    fn submit(&self, job: Job) -> Result<(), StoreError> {
        lock(&self.worker).as_ref().ok_or(StoreError::Closed)?.submit(job)
    }

    /// Finishes what is queued and closes the database. Blocks. Later requests fail as closed.
    pub fn close(&self) {
        self.lookups.close();
        // The writer last: whoever closes a database last tidies its files up.
        for worker in [&self.reader, &self.worker] {
            let worker = lock(worker).take();
            if let Some(worker) = worker {
                worker.finish();
            }
        }
    }
}

fn lock(worker: &Mutex<Option<Worker>>) -> MutexGuard<'_, Option<Worker>> {
    worker.lock().unwrap_or_else(PoisonError::into_inner)
}

fn in_transaction<T, E: From<StoreError>>(
    connection: &mut Connection,
    kind: TransactionKind,
    work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let tx = Tx::begin(connection, kind)?;
    let outcome = work(&tx)?;
    tx.commit()?;
    Ok(outcome)
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy)]
enum TransactionKind {
    Read,
    /// Immediate: a reader that turns writer half-way fails as busy, whatever the busy timeout says.
    Write,
}

/// An open transaction, which is rolled back unless it is committed. Its queries are beside the table they are about.
///
/// rusqlite's own has SQLite parse `BEGIN` and `COMMIT` each time, which costs as much as a look at a row.
pub struct Tx<'c>(&'c Connection);

impl<'c> Tx<'c> {
    fn begin(connection: &'c mut Connection, kind: TransactionKind) -> Result<Self, StoreError> {
        let begin = match kind {
            TransactionKind::Read => "BEGIN DEFERRED",
            TransactionKind::Write => "BEGIN IMMEDIATE",
        };
        connection.prepare_cached(begin)?.execute([])?;
        Ok(Self(connection))
    }

    fn commit(self) -> Result<(), StoreError> {
        self.0.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        // SQLite ends a transaction by itself after some errors.
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "local App: a transaction cannot be rolled back");
        }
    }
}

impl Store {
    /// The Apps that have a database in `folder`. Blocks.
    pub fn apps_in(folder: &Path) -> Result<Vec<AppId>, StoreError> {
        let fail = |source| StoreError::Folder { path: folder.to_owned(), source };
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(fail)?,
        };
        let mut apps = Vec::new();
        for entry in entries {
            let path = entry.map_err(fail)?.path();
            let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".db"));
            apps.extend(name.filter(|_| path.is_file()).and_then(|name| name.parse::<AppId>().ok()));
        }
        apps.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        Ok(apps)
    }
}

/// The database file of `app` in `folder`, both readable by their owner only.
fn database_file(folder: &Path, app: &AppId) -> Result<PathBuf, StoreError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Folder { path, source }
    };
    private_folder(folder)?;

    // SQLite gives its journal files the permissions of the database, so that it must exist with them beforehand.
    let file = folder.join(format!("{app}.db"));
    let mut open = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let opened = match open.create_new(true).append(true).open(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            soundness::check_content(&file)?;
            open.create_new(false).open(&file)
        }
        opened => opened,
    };
    let opened = opened.map_err(fail(&file))?;
    #[cfg(unix)]
    opened.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(fail(&file))?;
    drop(opened);
    Ok(file)
}

/// Makes a folder that only its owner may read, unless it is there.
fn private_folder(folder: &Path) -> Result<(), StoreError> {
    let mut make = std::fs::DirBuilder::new();
    make.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
    make.create(folder).map_err(|source| StoreError::Folder { path: folder.to_owned(), source })
}

/// Reads a column that holds milliseconds since 1970.
fn time(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(row.get(column)?).map_err(damaged)
}

/// A value that no version of this program wrote.
fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    FromSqlError::Other(Box::new(error)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_write_leaves_no_trace_and_a_panic_does_not_end_the_store() {
        let store = Store::open(&Storage::Memory, &"shop-abcde".parse().unwrap()).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let failed: Result<(), StoreError> = store
            .write(move |tx| {
                tx.insert_registration(&Registration::new("a@example.com", "hash", now))?;
                Err(StoreError::Sql(rusqlite::Error::InvalidQuery))
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Sql(_))));
        let panicked: Result<(), StoreError> = store.write(|_| panic!("on purpose")).await;
        assert!(matches!(panicked, Err(StoreError::Closed)));
        let found: Option<Registration> =
            store.read(|tx| tx.registration_by_email("a@example.com")).await.unwrap();
        assert!(found.is_none());

        store.close();
        let late = store.read(|tx| tx.registration_by_email("a@example.com")).await;
        assert!(matches!(late, Err(StoreError::Closed)));
    }
}
