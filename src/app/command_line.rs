//! The parts behind one command of the command line: a worker on the vault, and the embedded local App if it is asked
//! for.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{AppError, THREADS, connect, host_local_app};
use crate::account::App;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::crash;
use crate::folders::Folders;
use crate::hardening;
use crate::local_app::{LocalApp, Storage};
use crate::logging;
use crate::session::{self, Renewals, SessionHandle, Setup};
use crate::vault::{Location, policy_from_environment};

/// A thread that waits for a keyring's prompt, or for standard input, may do so for ever; the end does not wait for it.
const LAST_WAIT: Duration = Duration::from_millis(300);

/// What a command works with.
#[derive(Debug)]
pub struct Parts {
    /// The way to the worker. It opens the vault with the key that the environment, or the keyring, gives.
    pub session: SessionHandle,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    stop: CancellationToken,
    worker: JoinHandle<()>,
    local_app: Option<LocalApp>,
}

impl Parts {
    /// Starts the embedded local App on the data that the terminal user interface shows, and says where it is.
    ///
    /// # Errors
    /// When there is no folder for its data, or it does not start.
    pub async fn host_local_app(&mut self) -> Result<App, AppError> {
        let (server, app) = host_local_app(Storage::Folder(Folders::find()?.local_app())).await?;
        self.local_app = Some(server);
        Ok(app)
    }

    fn start() -> Result<Self, AppError> {
        let folders = Folders::find()?;
        // A command that works without a log is better than one that does not work.
        let _ = logging::to_file(&folders.log());
        crash::report_to(folders.log());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let stop = CancellationToken::new();
        let setup = Setup {
            vault: Location::File(folders.vault()),
            key: policy_from_environment(hardening::secret(hardening::PASSPHRASE)),
            clock: clock.clone(),
            connect: connect(clock.clone(), Config::read(&folders.config())?.apps),
            renewals: Renewals::on_demand(),
        };
        let (session, worker) = session::start(setup, std::future::ready(()), stop.clone());
        Ok(Self { session, clock, stop, worker, local_app: None })
    }

    /// Lets everything land, then ends the parts in order.
    async fn end(self) -> Result<(), AppError> {
        self.stop.cancel();
        if self.worker.await.is_err() {
            tracing::error!("the session worker panicked");
        }
        match self.local_app {
            Some(server) => Ok(server.stop().await?),
            None => Ok(()),
        }
    }
}

/// Runs `command` with its parts, and ends when all that it changed is durable.
///
/// # Errors
/// When the parts do not start. How the command itself went is in its own result.
pub fn run<T>(command: impl AsyncFnOnce(&mut Parts) -> T) -> Result<T, AppError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(AppError::Threads)?;
    let result = runtime.block_on(async {
        let mut parts = Parts::start()?;
        let result = command(&mut parts).await;
        if let Err(error) = parts.end().await {
            // What the command did is done and durable by then.
            tracing::error!(%error, "the embedded local App did not end well");
        }
        Ok(result)
    });
    runtime.shutdown_timeout(LAST_WAIT);
    result
}
