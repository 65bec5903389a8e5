//! A worker with its channels, and the questions that tests ask of it.

use std::sync::Arc;
use std::time::Duration;

use idmux::account::{App, AppAlias, Credentials, CustomDataSource, SessionState, UserId, UserKey};
use idmux::clock::Clock;
use idmux::session::{
    self, AnyOperation, Connect, Event, KeyChoice, Renewals, RequestId, SessionHandle, Setup, Snapshot,
    UserView,
};
use idmux::vault::{KeyPolicy, Location};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Generous: machines are shared, and nothing here measures time.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Worker {
    pub handle: SessionHandle,
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
    /// Everything that was told, in order.
    pub told: Vec<Event>,
}

pub fn alias() -> AppAlias {
    AppAlias::new("shop")
}

pub fn app(alias: AppAlias) -> App {
    App {
        alias,
        base_url: "http://script.example".parse().unwrap(),
        client_app_id: "shop-abcde".into(),
        custom_data: CustomDataSource::default(),
        control: None,
        accepted_host: None,
    }
}

/// The scripted backend calls a user by what is before the `@`.
pub fn user(name: &str) -> UserKey {
    UserKey { app: alias(), id: UserId::new(name) }
}

pub const PASSWORD: &str = "hunter2-password";

pub fn email(name: &str) -> Credentials {
    Credentials::EmailPassword { email: format!("{name}@example.com"), password: PASSWORD.into() }
}

pub fn log_in(name: &str) -> session::LogIn {
    session::LogIn { app: alias(), credentials: email(name) }
}

impl Worker {
    pub async fn start(vault: Location, connect: Connect, clock: Arc<dyn Clock>) -> Self {
        let key = KeyPolicy { choice: Some(KeyChoice::KeyFile(None)), ..KeyPolicy::default() };
        let stop = CancellationToken::new();
        let setup = Setup { vault, key, clock, connect, renewals: Renewals::default() };
        let (handle, task) = session::start(setup, std::future::ready(()), stop.clone());
        let mut worker = Self { handle, stop, task, told: Vec::new() };
        worker.event_where(|event| event.kind.is::<session::VaultOpened>()).await;
        worker
    }

    pub fn send(&self, operation: impl Into<AnyOperation>) -> RequestId {
        self.handle.try_send(operation).unwrap()
    }

    /// Sends a command and waits for the event that ends it.
    pub async fn ask(&mut self, operation: impl Into<AnyOperation>) -> Event {
        let id = self.send(operation);
        self.answer(id).await
    }

    /// The event that ended, or will end, a request.
    pub async fn answer(&mut self, id: RequestId) -> Event {
        if let Some(told) = self.told.iter().find(|event| event.request == Some(id)) {
            return told.clone();
        }
        self.event_where(|event| event.request == Some(id)).await
    }

    pub async fn event_where(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        timeout(PATIENCE, async {
            loop {
                let event = self.handle.events.recv().await.expect("the worker runs");
                self.told.push(event.clone());
                if wanted(&event) {
                    return event;
                }
            }
        })
        .await
        .expect("the event comes")
    }

    /// Takes what was told and nobody waited for.
    pub fn listen(&mut self) {
        while let Ok(event) = self.handle.events.try_recv() {
            self.told.push(event);
        }
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.handle.snapshots.borrow())
    }

    pub async fn snapshot_where(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut snapshots = self.handle.snapshots.clone();
        match timeout(PATIENCE, snapshots.wait_for(|snapshot| wanted(snapshot))).await {
            Ok(snapshot) => Arc::clone(&snapshot.expect("the worker runs")),
            Err(_) => panic!("the snapshot never came; the last one: {:#?}", self.snapshot()),
        }
    }

    pub fn user(&self, name: &str) -> Arc<UserView> {
        Arc::clone(self.snapshot().user(&user(name)).expect("the user is known"))
    }

    pub async fn user_where(&mut self, name: &str, wanted: impl Fn(&UserView) -> bool) -> Arc<UserView> {
        let key = user(name);
        let snapshot = self.snapshot_where(|snapshot| snapshot.user(&key).is_some_and(|it| wanted(it))).await;
        Arc::clone(snapshot.user(&key).unwrap())
    }

    pub async fn state_where(&mut self, name: &str, state: SessionState) -> Arc<UserView> {
        self.user_where(name, |view| view.state == state).await
    }

    /// Stops the worker and waits until everything is durable.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}
