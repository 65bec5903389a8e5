//! The local App: an embedded, honest server of the App Services client API.
//!
//! It serves one App over HTTP on loopback, with everything that a production server checks: signed tokens with a
//! lifetime, hashed passwords, data rules, errors in the documented envelope. Whether it runs in a process of its own or
//! in the terminal's, it is reached over HTTP only.
//!
//! The rooms, from the wire inwards: `http` (routes, bodies, errors), `config` (what the App offers),
//! `providers` (who says who somebody is), `accounts` (users and their identities), `mail` (the mailbox, SMTP),
//! `sessions` (tokens), `functions` (the App's JavaScript), `documents` (data and its rules), `store` (all SQL).
//! "Section" in comments means a section of the protocol document.

mod accounts;
mod app;
mod app_id;
pub mod config;
mod documents;
mod failure;
mod functions;
mod http;
mod ids;
mod lifetimes;
mod mail;
mod providers;
mod request;
mod sessions;
mod store;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::clock::{Clock, SystemClock};
use app::App;
use config::AppConfig;
use store::StoreError;

pub use app_id::{AppId, InvalidAppId};
pub use lifetimes::Lifetimes;
pub use providers::Provider;

/// The client app id of the App that idmux embeds; `idmux serve` serves the same one unless told otherwise.
pub const EMBEDDED_APP_ID: &str = "local-idmux";

/// How long open requests may take to finish when the server is asked to stop.
const DRAIN: Duration = Duration::from_secs(2);

/// Where the App keeps its users and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// One database per App in this folder, which is created if it is not there. Several processes may share it.
    Folder(PathBuf),
    /// In memory: nothing touches the disk, nothing outlives the server.
    Memory,
}

/// What a local App is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The client app id, such as `shop-abcde`.
    pub app_id: String,
    /// Where users and data live.
    pub storage: Storage,
    /// How long tokens live, unless [`LocalApp::open_sessions_with`] says otherwise.
    pub lifetimes: Lifetimes,
    /// What the App offers. Read anew from its source where that changes.
    pub config: AppConfig,
    /// What tokens are issued and judged by.
    pub clock: Arc<dyn Clock>,
    /// The token of the control API; `None`: a random one.
    pub control_token: Option<SecretString>,
}

impl Options {
    /// Options with the default lifetimes and the system's clock.
    pub fn new(app_id: impl Into<String>, storage: Storage) -> Self {
        Self {
            app_id: app_id.into(),
            storage,
            lifetimes: Lifetimes::default(),
            config: AppConfig::default(),
            clock: Arc::new(SystemClock),
            control_token: None,
        }
    }
}

/// Why a local App could not start or stop.
#[derive(Debug, thiserror::Error)]
pub enum LocalAppError {
    /// The app id has not the form that App Services gives its Apps.
    #[error(transparent)]
    AppId(#[from] InvalidAppId),
    /// The address is reachable from other machines.
    #[error(
        "the local App listens on this machine only, {0} is reachable from outside; use 127.0.0.1 or [::1]"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken, or not one of this machine.
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for any free one")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The system gives no thread to run on.
    #[error("cannot start the server's threads: {0}")]
    Threads(std::io::Error),
    /// The data folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server ended by itself.
    #[error("the server ended unexpectedly: {0}")]
    Server(String),
}

/// A running local App.
///
/// It has a runtime of its own, so that ending it ends every connection, whatever state that is in, and so that a busy
/// server never holds up the caller's tasks. Dropping it stops it at once; [`LocalApp::stop`] lets open requests finish.
pub struct LocalApp {
    base_url: Url,
    app: Arc<App>,
    server: JoinHandle<std::io::Result<()>>,
    stopping: DropGuard,
    runtime: OwnRuntime,
}

impl fmt::Debug for LocalApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalApp")
            .field("base_url", &self.base_url.as_str())
            .field("app_id", &self.app_id())
            .finish_non_exhaustive()
    }
}

impl LocalApp {
    /// Opens the storage, binds `listen` (port 0: any free one) and serves; it accepts connections on return.
    ///
    /// # Errors
    /// When the app id is malformed, the address is not a loopback address or is taken, or the data folder cannot be
    /// used.
    pub async fn start(listen: SocketAddr, options: Options) -> Result<Self, LocalAppError> {
        let app_id: AppId = options.app_id.parse()?;
        if !listen.ip().is_loopback() {
            return Err(LocalAppError::NotLoopback(listen));
        }
        // Bound before the storage is opened: a second start by mistake leaves no folder behind.
        let refused = |source| LocalAppError::Listen { address: listen, source };
        let listener = std::net::TcpListener::bind(listen).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;

        let app = Arc::new(App::open(app_id, options).await?);
        let base_url = http::base_url(address);
        let runtime = OwnRuntime::start().map_err(LocalAppError::Threads)?;
        let stopping = CancellationToken::new();
        let server = {
            let _entered = runtime.handle().enter();
            let listener = TcpListener::from_std(listener).map_err(refused)?;
            let router = http::router(Arc::clone(&app), base_url.clone());
            let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
                .with_graceful_shutdown(stopping.clone().cancelled_owned());
            runtime.handle().spawn(serving.into_future())
        };
        Ok(Self { base_url, app, server, stopping: stopping.drop_guard(), runtime })
    }

    /// Where it listens, such as `http://127.0.0.1:41234/`.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The client app id that it serves.
    pub fn app_id(&self) -> &str {
        self.app.facts().app_id.as_str()
    }

    /// What the control API asks for.
    pub fn control_token(&self) -> &SecretString {
        self.app.control_token()
    }

    /// Lifetimes of sessions that are opened from here on; sessions already open keep theirs. `None`: the options'
    /// again.
    pub fn open_sessions_with(&self, lifetimes: Option<Lifetimes>) {
        self.app.open_sessions_with(lifetimes);
    }

    /// Stops accepting, lets open requests finish for at most two seconds, ends the rest and closes the storage.
    ///
    /// A write whose answer was sent is on disk.
    ///
    /// # Errors
    /// When the server had ended by itself before.
    pub async fn stop(self) -> Result<(), LocalAppError> {
        let Self { app, mut server, stopping, runtime, .. } = self;
        drop(stopping);
        let outcome = match tokio::time::timeout(DRAIN, &mut server).await {
            Ok(Ok(Ok(()))) | Err(_) => Ok(()),
            Ok(Ok(Err(error))) => Err(LocalAppError::Server(error.to_string())),
            Ok(Err(error)) => Err(LocalAppError::Server(error.to_string())),
        };
        drop(runtime);
        app.close().await;
        outcome
    }
}

/// A runtime that may be dropped from inside another one: it ends its tasks without waiting for them.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn start() -> std::io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(2)
            .thread_name("local-app")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    fn handle(&self) -> &Handle {
        self.0.as_ref().expect("the runtime is there until it is dropped").handle()
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Any free loopback port.
pub const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
