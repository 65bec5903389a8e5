//! A worker in a world whose time stands still until the test moves it.
//!
//! The runtime's clock is paused, and a blocking task keeps the runtime from moving it by itself: the vault's thread is
//! real, and a runtime that waits for it would otherwise run through hours meanwhile.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use idmux::account::{AppAlias, UserId, UserKey};
use idmux::clock::{Clock, ManualClock};
use idmux::session::{self, AnyOperation, Event, RequestId, Snapshot, UserView};
use idmux::vault::Location;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::script::{Manners, Script};
use super::worker::{Worker, alias, app, email};

/// No test waits longer than this for the real threads.
const REAL_PATIENCE: Duration = Duration::from_secs(60);
/// Passes through the vault's queue after which a world in which nothing changed is at rest.
const QUIET: usize = 3;

/// Runs a test in time that stands still.
pub fn in_still_time(test: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (_release, released) = std::sync::mpsc::channel::<()>();
        let alarm = tokio::task::spawn_blocking(move || released.recv_timeout(REAL_PATIENCE).is_err());
        tokio::select! {
            () = test => {}
            _ = alarm => panic!("the test waits for something that does not come"),
        }
    });
}

pub struct World {
    /// The device's clock.
    pub clock: Arc<ManualClock>,
    pub script: Arc<Script>,
    vault: Location,
    worker: Option<Worker>,
    _folder: TempDir,
}

fn witness() -> UserKey {
    UserKey { app: AppAlias::new("fence"), id: UserId::new("witness") }
}

impl World {
    pub async fn new(manners: Manners) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_700_000_000).unwrap()));
        let script = Script::new(clock.clone(), manners);
        let memory = std::path::Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let vault = Location::File(folder.path().join("vault.db"));
        let mut world = Self { clock, script, vault, worker: None, _folder: folder };
        world.start().await;
        let fence = AppAlias::new("fence");
        for alias in [fence.clone(), alias()] {
            world.ask(session::KeepApp(app(alias))).await;
        }
        let told = world.ask(session::LogIn { app: fence, credentials: email("witness") }).await;
        assert!(matches!(told.kind.outcome(), Some(session::Entered::LoggedIn { .. })), "{told:?}");
        world
    }

    async fn start(&mut self) {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        self.worker = Some(Worker::start(self.vault.clone(), self.script.connect(), clock).await);
    }

    pub fn worker(&mut self) -> &mut Worker {
        self.worker.as_mut().expect("a worker runs")
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.worker.as_ref().expect("a worker runs").snapshot()
    }

    pub fn user(&self, name: &str) -> Arc<UserView> {
        self.worker.as_ref().expect("a worker runs").user(name)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn send(&mut self, operation: impl Into<AnyOperation>) -> RequestId {
        // What was told before counts as before.
        self.worker().listen();
        self.worker().send(operation)
    }

    pub async fn ask(&mut self, operation: impl Into<AnyOperation>) -> Event {
        self.worker().ask(operation).await
    }

    pub fn told(&mut self) -> &[Event] {
        self.worker().listen();
        &self.worker().told
    }

    /// Waits until nothing goes on but what waits for time to pass.
    pub async fn settle(&mut self) {
        let mut quiet = 0;
        let mut before = (0, 0, 0);
        while quiet < QUIET {
            let fence = self.ask(session::ReadTimeline { user: witness() }).await;
            assert!(fence.kind.is::<session::Timeline>(), "{fence:?}");
            self.worker().listen();
            self.worker().told.retain(|event| event.request != fence.request);
            let here = (self.script.count_all(), self.snapshot().version, self.worker().told.len());
            quiet = if here == before { quiet + 1 } else { 0 };
            before = here;
        }
    }

    /// Lets time pass, in so many steps.
    pub async fn pass(&mut self, time: Duration, steps: u32) {
        let step = time / steps;
        for _ in 0..steps {
            self.clock.advance(SignedDuration::try_from(step).unwrap());
            tokio::time::advance(step).await;
            self.settle().await;
        }
    }

    /// Sets the device's clock. No time passes.
    pub async fn jump(&mut self, by: SignedDuration) {
        self.clock.advance(by);
        self.settle().await;
    }

    /// Stops the worker; the answer is what it told to its end.
    pub async fn stop(&mut self) -> Vec<Event> {
        let mut worker = self.worker.take().expect("a worker runs");
        worker.stop.cancel();
        let step = Duration::from_millis(100);
        for _ in 0..20 {
            tokio::task::yield_now().await;
            if worker.task.is_finished() {
                break;
            }
            self.clock.advance(SignedDuration::try_from(step).unwrap());
            tokio::time::advance(step).await;
        }
        (&mut worker.task).await.unwrap();
        worker.listen();
        worker.told
    }

    pub async fn restart(&mut self) -> Vec<Event> {
        let told = self.stop().await;
        self.start().await;
        self.settle().await;
        told
    }
}
