//! The local App: an embedded, honest server of the App Services client API.
//!
//! It serves one App over HTTP on loopback, with everything that a production server checks: signed tokens with a
//! lifetime, hashed passwords, data rules, errors in the documented envelope. Whether it runs in a process of its own or
//! in the terminal's, it is reached over HTTP only.
//!
//! The rooms, from the wire inwards: `http` (routes, bodies, errors), `config` (what the App offers),
//! `providers` (who says who somebody is), `accounts` (users and their identities), `mail` (the mailbox, SMTP),
//! `sessions` (tokens), `admin` (users as whoever looks after the App sees them), `functions` (the App's JavaScript),
//! `documents` (data and its rules), `store` (what the App keeps, behind traits).
//! "Section" in comments means a section of the protocol document.

mod accounts;
mod admin;
mod app;
mod app_clock;
mod app_id;
mod blocking;
mod browser_login;
mod budget;
pub mod config;
mod documents;
mod expression;
mod failure;
mod faults;
mod functions;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hashing;
mod housekeeping;
mod http;
mod ids;
mod import;
mod lifetimes;
mod mail;
mod network;
mod notices;
mod providers;
mod rate_limits;
mod request;
mod serving;
mod sessions;
mod shared_state;
mod snapshots;
mod store;
mod tls;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use url::Url;

use crate::clock::{Clock, SystemClock};
use app::App;
use config::{AppConfig, GivenLifetimes, LoadError, Report};
use failure::Failure;
use serving::ServerHandle;
use store::{StoreError, UnitError};
use tls::{Certificate, TlsError};

pub use app_clock::parse_step;
pub use app_id::{AppId, InvalidAppId};
#[doc(hidden)]
pub use functions::benching;
pub use functions::work_if_asked;
pub use import::{ImportReport, ImportRequest, InvalidImport, Refusal, ResetCode};
pub use lifetimes::{Lifetimes, parse_lifetime};
pub use network::{Network, TlsFiles, TrustedProxies, proxy_network};
pub use providers::Provider;
pub use rate_limits::{Rate, RateLimits};
pub use store::{ClockMove, OutOfRange, Storage};

/// The client app id of the App that idmux embeds; `idmux serve` serves the same one unless told otherwise.
pub const EMBEDDED_APP_ID: &str = "local-idmux";

/// How long open requests may take to finish when the server is asked to stop.
const DRAIN: Duration = Duration::from_secs(2);

/// What a local App is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The client app id, such as `shop-abcde`.
    pub app_id: String,
    /// Where users and data live.
    pub storage: Storage,
    /// How long tokens live where neither the next field nor the configuration says it, unless
    /// [`LocalApp::open_sessions_with`] says otherwise.
    pub lifetimes: Lifetimes,
    /// Lifetimes that go before the configuration's.
    pub given_lifetimes: GivenLifetimes,
    /// What the App offers where no files say it: neither those of a folder nor any in the storage.
    pub config: AppConfig,
    /// The folder with the App's files; `None`: they are in the storage.
    pub app_folder: Option<PathBuf>,
    /// The clock below the App's, which a person may have moved.
    pub clock: Arc<dyn Clock>,
    /// A change of the App's clock at this start; `None`: it is where it was.
    pub move_clock: Option<ClockMove>,
    /// The token of the control API; `None`: a random one.
    pub control_token: Option<SecretString>,
    /// How often credentials may be tried.
    pub rate_limits: RateLimits,
    /// Who may reach the server, and over what.
    pub network: Network,
    /// The idmux program that functions run in. `None`: this one, if it begins with [`work_if_asked`], or else the idmux
    /// in the same folder. Where there is none, each call of a function fails and says so.
    pub function_worker: Option<PathBuf>,
}

impl Options {
    /// Options with the default lifetimes and the system's clock.
    pub fn new(app_id: impl Into<String>, storage: Storage) -> Self {
        Self {
            app_id: app_id.into(),
            storage,
            lifetimes: Lifetimes::default(),
            given_lifetimes: GivenLifetimes::default(),
            config: AppConfig::default(),
            app_folder: None,
            clock: Arc::new(SystemClock),
            move_clock: None,
            control_token: None,
            rate_limits: RateLimits::default(),
            network: Network::default(),
            function_worker: None,
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
        "the local App listens on this machine only, {0} is reachable from outside; use 127.0.0.1 or [::1], or add \
         --allow-remote"
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
    /// The certificate cannot be used.
    #[error("cannot serve HTTPS: {0}")]
    Tls(#[from] TlsError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration cannot be used.
    #[error("the App's configuration cannot be used: {0}")]
    Config(#[from] LoadError),
    /// There is no data of that App.
    #[error("there is no data of the app '{app_id}' in {}", folder.display())]
    NoData {
        /// The App.
        app_id: String,
        /// Where its data should be.
        folder: PathBuf,
    },
    /// The clock was to be moved to where it cannot stand.
    #[error(transparent)]
    Clock(#[from] OutOfRange),
    /// The server ended by itself.
    #[error("the server ended unexpectedly: {0}")]
    Server(String),
}

impl From<UnitError> for LocalAppError {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Store(error) => error.into(),
            UnitError::Refused(store::Refusal::ClockRange(error)) => error.into(),
            UnitError::Refused(refusal) => Self::Server(refusal.to_string()),
        }
    }
}

/// A running local App.
///
/// It has a runtime of its own, so that ending it ends every connection, whatever state that is in, and so that a busy
/// server never holds up the caller's tasks. Dropping it stops it at once; [`LocalApp::stop`] lets open requests finish.
pub struct LocalApp {
    base_url: Url,
    app: Arc<App>,
    server: JoinHandle<std::io::Result<()>>,
    handle: ServerHandle,
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
    /// When the app id is malformed, the address is taken or reachable from outside without
    /// [`Network::allow_remote`], or the certificate or the data folder cannot be used.
    pub async fn start(listen: SocketAddr, options: Options) -> Result<Self, LocalAppError> {
        let app_id: AppId = options.app_id.parse()?;
        let network = options.network.clone();
        if !listen.ip().is_loopback() && !network.allow_remote {
            return Err(LocalAppError::NotLoopback(listen));
        }
        let certificate = match network.tls.clone() {
            Some(files) => Some(Certificate::load(files).await?),
            None => None,
        };
        // Bound before the storage is opened: a second start by mistake leaves no folder behind.
        let refused = |source| LocalAppError::Listen { address: listen, source };
        let listener = std::net::TcpListener::bind(listen).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        if !address.ip().is_loopback() && certificate.is_none() {
            tracing::warn!(%address, "local App: other machines reach it over plain HTTP, passwords and tokens unsealed");
        }

        let app = Arc::new(App::open(app_id, options).await?);
        let base_url = http::base_url(address, &network);
        let runtime = OwnRuntime::start().map_err(LocalAppError::Threads)?;
        let handle = ServerHandle::new();
        let api = http::api(Arc::clone(&app), base_url.clone(), network);
        let tls = certificate.as_ref().map(Certificate::config);
        let server = runtime.handle().spawn(serving::serve(listener, api, tls, handle.clone()));
        if let Some(certificate) = certificate {
            runtime.handle().spawn(certificate.follow());
        }
        runtime.handle().spawn(config::watch(Arc::clone(&app)));
        let keeping_up = Arc::clone(&app);
        runtime.handle().spawn(async move { keeping_up.keep_up().await });
        Ok(Self { base_url, app, server, handle, runtime })
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

    /// What the configuration asks for and does not get.
    pub fn report(&self) -> Arc<Report> {
        self.app.live_config().report()
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
        let Self { app, server, handle, runtime, .. } = self;
        handle.graceful_shutdown(Some(DRAIN));
        let outcome = match server.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(LocalAppError::Server(error.to_string())),
            Err(error) => Err(LocalAppError::Server(error.to_string())),
        };
        app.functions().close().await;
        drop(runtime);
        app.close().await;
        outcome
    }
}

/// Takes users over into the storage of `options`, without serving the App. Somebody else may serve it meanwhile.
///
/// # Errors
/// When the app id is malformed, or the data folder cannot be used. Users that landed before that stay.
pub async fn import_users(options: Options, request: ImportRequest) -> Result<ImportReport, LocalAppError> {
    let app = Arc::new(App::open(options.app_id.parse()?, options).await?);
    let report = app.import_users(request).await;
    app.close().await;
    report.map_err(|failure| match failure {
        Failure::Store(error) => LocalAppError::Store(error),
        other => LocalAppError::Server(other.to_string()),
    })
}

/// The Apps whose data is in `folder`, in order of their ids; none if there is no such folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn apps_in(folder: &Path) -> Result<Vec<AppId>, LocalAppError> {
    Ok(store::apps_in(folder)?)
}

/// The configuration of an App that keeps it with its data in `folder`, as files.
///
/// # Errors
/// When there is no such App, or its data cannot be used.
pub async fn stored_config(folder: PathBuf, app_id: &str) -> Result<config::AppFiles, LocalAppError> {
    let id: AppId = app_id.parse()?;
    if !folder.join(format!("{id}.db")).is_file() {
        return Err(LocalAppError::NoData { app_id: app_id.to_owned(), folder });
    }
    let store = store::open(&Storage::Folder(folder), &id).await?;
    let files = store.app_files().await?;
    store.close().await;
    let none = files.is_empty();
    Ok(if none { config::AppFiles::of(&AppConfig::default()) } else { files.into_iter().collect() })
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
