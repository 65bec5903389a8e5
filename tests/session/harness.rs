//! A worker with its channels, and the questions that tests ask of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use idmux::account::{App, AppAlias, Credentials, CustomDataSource, UserKey};
use idmux::backend::app_services::AppServices;
use idmux::backend::{Backend, HttpClient};
use idmux::clock::{Clock, SystemClock};
use idmux::local_app::{Lifetimes, LocalApp, Options, Storage};
use idmux::session::{
    self, AnyOperation, Connect, Event, Renewals, RequestId, SessionHandle, Setup, Snapshot, UserView,
};
use idmux::vault::{KeyChoice, KeyPolicy, Location};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Generous: machines are shared, and nothing here measures time.
const PATIENCE: Duration = Duration::from_secs(30);

pub const APP_ID: &str = "shop-abcde";

pub struct Worker {
    pub handle: SessionHandle,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

pub fn alias() -> AppAlias {
    AppAlias::new("shop")
}

pub fn app_at(base_url: &Url) -> App {
    App {
        alias: alias(),
        base_url: base_url.clone(),
        client_app_id: APP_ID.into(),
        custom_data: CustomDataSource::default(),
        control: None,
        accepted_host: None,
    }
}

pub fn over_http() -> Connect {
    let http = HttpClient::new(Arc::new(SystemClock));
    Arc::new(move |app| Ok(Arc::new(AppServices::new(http.clone(), app)) as Arc<dyn Backend>))
}

pub fn email(address: &str) -> Credentials {
    Credentials::EmailPassword { email: address.into(), password: "secret1".into() }
}

pub async fn local_app(listen: SocketAddr, lifetimes: Lifetimes, storage: Storage) -> LocalApp {
    let options = Options { lifetimes, ..Options::new(APP_ID, storage) };
    // A port that was just given up may take a moment to come free.
    for _ in 0..100 {
        if let Ok(app) = LocalApp::start(listen, options.clone()).await {
            return app;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    LocalApp::start(listen, options).await.unwrap()
}

pub async fn any_local_app() -> LocalApp {
    local_app(([127, 0, 0, 1], 0).into(), Lifetimes::default(), Storage::Memory).await
}

impl Worker {
    pub async fn in_memory(connect: Connect) -> Self {
        Self::start(Location::Memory, connect, Arc::new(SystemClock)).await
    }

    /// A worker with an open vault.
    pub async fn start(vault: Location, connect: Connect, clock: Arc<dyn Clock>) -> Self {
        Self::start_with(vault, connect, clock, Renewals::default()).await
    }

    /// The same, with renewals as the test wants them.
    pub async fn start_with(
        vault: Location,
        connect: Connect,
        clock: Arc<dyn Clock>,
        renewals: Renewals,
    ) -> Self {
        let key = KeyPolicy { choice: Some(KeyChoice::KeyFile(None)), ..KeyPolicy::default() };
        let stop = CancellationToken::new();
        let setup = Setup { vault, key, clock, connect, renewals };
        let (handle, task) = session::start(setup, std::future::ready(()), stop.clone());
        let mut worker = Self { handle, stop, task };
        worker.event_where(|event| event.kind.is::<session::VaultOpened>()).await;
        worker
    }

    /// A worker that knows the app at `base_url`.
    pub async fn with_app(base_url: &Url) -> Self {
        let mut worker = Self::in_memory(over_http()).await;
        worker.ask(session::AddApp(app_at(base_url))).await;
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

    pub async fn answer(&mut self, id: RequestId) -> Event {
        self.event_where(|event| event.request == Some(id)).await
    }

    pub async fn event_where(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        timeout(PATIENCE, async {
            loop {
                let event = self.handle.events.recv().await.expect("the worker runs");
                if wanted(&event) {
                    return event;
                }
            }
        })
        .await
        .expect("the event comes")
    }

    pub async fn snapshot_where(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut snapshots = self.handle.snapshots.clone();
        match timeout(PATIENCE, snapshots.wait_for(|snapshot| wanted(snapshot))).await {
            Ok(snapshot) => Arc::clone(&snapshot.expect("the worker runs")),
            Err(_) => panic!("the snapshot never came; the last one: {:#?}", self.snapshot()),
        }
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.handle.snapshots.borrow())
    }

    pub fn user(&self, key: &UserKey) -> Arc<UserView> {
        Arc::clone(self.snapshot().user(key).expect("the user is known"))
    }

    pub async fn user_where(&mut self, key: &UserKey, wanted: impl Fn(&UserView) -> bool) -> Arc<UserView> {
        let snapshot =
            self.snapshot_where(|snapshot| snapshot.user(key).is_some_and(|user| wanted(user))).await;
        Arc::clone(snapshot.user(key).unwrap())
    }

    /// Logs in and says who it is.
    pub async fn log_in(&mut self, credentials: Credentials) -> UserKey {
        let event = self.ask(session::LogIn { app: alias(), credentials }).await;
        logged_in_user(event)
    }

    pub async fn register(&mut self, address: &str) -> UserKey {
        let command = session::Register { app: alias(), email: address.into(), password: "secret1".into() };
        let event = self.ask(command).await;
        logged_in_user(event)
    }

    /// Stops the worker and waits until everything is durable.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn logged_in_user(event: Event) -> UserKey {
    match event {
        Event { kind, subject: session::Subject::User { key, .. }, .. } if kind.is::<session::Entered>() => {
            key
        }
        other => panic!("not logged in: {other:?}"),
    }
}
