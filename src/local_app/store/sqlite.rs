//! The store in SQLite: written on one thread and read on another, so that a reader does not wait until what others wrote
//! is on the disk. What only takes a look at a few rows does so where it is. All SQL of the local App is in this room.
//!
//! A unit of work is a closure that runs inside one transaction and speaks in typed queries ([`Tx`]); it commits when the
//! closure succeeds and leaves no trace when it fails. Nothing is cached here, since another process may have the same
//! database open.

mod accounts;
mod api_keys;
mod app;
mod documents;
mod registrations;
mod schema;
mod sessions;
mod snapshots;
mod soundness;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use jiff::Timestamp;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, Row, RowIndex};
use tokio::sync::oneshot;

use self::snapshots::Shelf;
use super::{SnapshotError, Storage, Store, StoreError};
use crate::local_app::app_id::AppId;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The database of one App.
pub struct SqliteStore {
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
    fn start(mut connection: Connection) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("local-app-store".to_owned())
            .spawn(move || {
                for job in queue {
                    // A job that panics has rolled back and dropped its answer; the next one finds a sound connection.
                    let _ = catch_unwind(AssertUnwindSafe(|| job(&mut connection)));
                }
            })
            .map_err(StoreError::Thread)?;
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

/// As many as there are threads that answer requests.
const CONNECTIONS: usize = 2;

/// Connections for looking at a few rows on the thread that asks: a reader of a database with a write-ahead log waits for no
/// writer, and rows that are asked for by their keys are found in microseconds. `None` where there are none, or no longer.
struct Lookups(Mutex<Option<Vec<Connection>>>);

impl Lookups {
    /// Of a database in memory, which has one connection and no other.
    fn none() -> Self {
        Self(Mutex::new(None))
    }

    fn open(file: &Path) -> Result<Self, StoreError> {
        let connections = (0..CONNECTIONS).map(|_| schema::open_reader(file)).collect::<Result<_, _>>()?;
        Ok(Self(Mutex::new(Some(connections))))
    }

    /// A connection, if one is free. One that is not given back, since its user panicked, is closed.
    fn take(&self) -> Option<Connection> {
        self.free().as_mut()?.pop()
    }

    fn give_back(&self, connection: Connection) {
        if let Some(free) = &mut *self.free() {
            free.push(connection);
        }
    }

    /// Closes all: those that are free at once, the others when they come back.
    fn close(&self) {
        *self.free() = None;
    }

    fn free(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {}

impl SqliteStore {
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
        let reader = second.map(Worker::start).transpose()?;
        Ok(Self {
            worker: Mutex::new(Some(Worker::start(connection)?)),
            reader: Mutex::new(reader),
            lookups,
            shelf: Arc::new(shelf),
        })
    }

    /// Runs `work` on one consistent state of the database, which has everything that a finished write wrote.
    async fn read<T, E>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(&self.reader, TransactionKind::Read, work).await
    }

    /// As [`SqliteStore::read`], for `work` that finds a few rows by their keys: it runs where it is asked for, without handing
    /// it over to another thread and waiting, which takes longer than such work itself.
    async fn look_up<T, E>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
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
    async fn write<T, E>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(&self.worker, TransactionKind::Write, work).await
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
            // The caller may have gone while this waited for its turn.
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

    /// Takes the store its threads and its connections, the writer last: the last to close a database tidies its files up.
    fn threads(&self) -> Vec<Worker> {
        self.lookups.close();
        [&self.reader, &self.worker].into_iter().filter_map(|worker| lock(worker).take()).collect()
    }
}

/// Has threads finish what is queued, in their order. Blocks.
fn finish(threads: &Mutex<Vec<Worker>>) {
    threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(Worker::finish);
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
struct Tx<'c>(&'c Connection);

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

/// The Apps that have a database in `folder`, or had one. Blocks.
pub fn apps_in(folder: &Path) -> Result<Vec<AppId>, StoreError> {
    let fail = |source| StoreError::Folder { path: folder.to_owned(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(fail)?,
    };
    let mut apps = Vec::new();
    for entry in entries {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.and_then(|name| name.strip_suffix(".db").or(name.strip_suffix(".made")));
        apps.extend(name.filter(|_| path.is_file()).and_then(|name| name.parse::<AppId>().ok()));
    }
    apps.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    apps.dedup();
    Ok(apps)
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
    soundness::check_absence(&file)?;
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
    soundness::note_presence(&file).map_err(fail(&file))?;
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
    use super::super::conformance::{Subject, conformance_tests};
    use super::super::{Registration, RegistrationStore};
    use super::*;

    fn open(storage: &Storage) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(storage, &"shop-abcde".parse().unwrap()).unwrap())
    }

    fn memory() -> Subject {
        let store = open(&Storage::Memory);
        Subject { other: Arc::clone(&store), store, _folder: None }
    }

    fn file() -> Subject {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::Folder(folder.path().to_owned());
        Subject { store: open(&storage), other: open(&storage), _folder: Some(folder) }
    }

    mod in_memory {
        super::conformance_tests!(super::super::memory);
    }

    mod in_a_file {
        super::conformance_tests!(super::super::file);
    }

    #[tokio::test]
    async fn a_failed_write_leaves_no_trace_and_a_panic_does_not_end_the_store() {
        let store = SqliteStore::open(&Storage::Memory, &"shop-abcde".parse().unwrap()).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let failed: Result<(), StoreError> = store
            .write(move |tx| {
                tx.insert_registration(&Registration::new("a@example.com", "hash", now))?;
                Err(StoreError::Failed("on purpose".to_owned()))
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Failed(_))));
        let panicked: Result<(), StoreError> = store.write(|_| panic!("on purpose")).await;
        assert!(matches!(panicked, Err(StoreError::Closed)));
        assert!(store.pending_registrations(None, 1).await.unwrap().is_empty());
    }
}
