//! Composition: the only place that knows every part. It builds them, connects them, and ends them in order.

pub mod command_line;
mod demo;
mod error;
pub mod keys;
pub mod look;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub use self::error::AppError;
use crate::account::{App, AppAlias, ControlAccess, CustomDataSource};
use crate::backend::app_services::AppServices;
use crate::backend::{Backend, HttpClient};
use crate::clock::{Clock, SystemClock};
use crate::config::{AppConfig, Config};
use crate::crash;
use crate::folders::Folders;
use crate::hardening;
use crate::local_app::{EMBEDDED_APP_ID, LocalApp, Options, Storage};
use crate::logging;
use crate::session::{self, Connect, Envelope, Renewals, RequestId, Setup};
use crate::tui;
use crate::vault::{KeyPolicy, Location, policy_from_environment};

/// Threads for keys, requests and timers. Two keep the screen alive while one is busy.
const THREADS: usize = 2;

/// What the terminal user interface works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The embedded local App, with data that is kept.
    Local,
    /// An App elsewhere.
    Remote(Box<App>),
    /// A throw-away local App with users in it; nothing is kept.
    Demo,
}

/// How it shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// On the whole screen.
    Screen,
    /// As lines of text.
    Lines,
}

/// What a person chose for the screen.
struct Screen {
    look: tui::Look,
    keymap: tui::Keymap,
}

/// Runs the terminal user interface until the person leaves it.
pub fn run(start: Start, face: Face) -> Result<(), AppError> {
    let folders = match &start {
        // Where a person has no folders, the demonstration has nothing to look for.
        Start::Demo => Folders::find().ok(),
        Start::Local | Start::Remote(_) => Some(Folders::find()?),
    };
    let (config, screen) = chosen(folders.as_ref())?;
    let (vault, key, config) = match (&start, folders) {
        (Start::Local | Start::Remote(_), Some(folders)) => {
            logging::to_file(&folders.log())?;
            crash::report_to(folders.log());
            let key = policy_from_environment(hardening::secret(hardening::PASSPHRASE));
            // The vault's key comes of it; nothing else needs it.
            hardening::forget(hardening::PASSPHRASE);
            (Location::File(folders.vault()), key, config)
        }
        // Its sessions and its vault are its own; keys and look are the person's.
        _ => {
            let config = Config { look: config.look, notify: config.notify, ..Config::default() };
            (Location::Memory, KeyPolicy::default(), config)
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(AppError::Threads)?;
    let result = runtime.block_on(run_in_runtime(start, face, vault, key, config, screen));
    // A keyring that waits for a prompt may sit on a thread for ever; the end does not wait for it.
    runtime.shutdown_timeout(Duration::from_millis(300));
    result
}

/// What a person chose, or what holds where nobody could choose.
fn chosen(folders: Option<&Folders>) -> Result<(Config, Screen), AppError> {
    let Some(folders) = folders else {
        let config = Config::default();
        let screen = Screen { look: look::of(&config.look, None)?, keymap: tui::Keymap::default() };
        return Ok((config, screen));
    };
    let config = Config::read(&folders.config())?;
    let look = look::of(&config.look, Some(&folders.themes()))?;
    let keymap =
        keys::of(&config.keys).map_err(|source| AppError::Keys { path: folders.config(), source })?;
    Ok((config, Screen { look, keymap }))
}

async fn run_in_runtime(
    start: Start,
    face: Face,
    vault: Location,
    key: KeyPolicy,
    config: Config,
    Screen { look, keymap }: Screen,
) -> Result<(), AppError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let stop = CancellationToken::new();
    let (first_frame, drawn) = oneshot::channel();
    // A screen that never came to stand sends nothing; then nothing begins.
    let drawn = drawn
        .then(|sent| async move {
            if sent.is_err() {
                std::future::pending().await
            }
        })
        .shared();

    let connect = connect(clock.clone(), config.apps);
    let renewals = Renewals { lead: Some(config.session.lead()), in_flight: config.session.in_flight };
    let setup = Setup { vault, key, clock: clock.clone(), connect, renewals };
    let (session, worker) = session::start(setup, drawn.clone(), stop.clone());
    let apps = tokio::spawn({
        let (operations, stop, start) = (session.operations.clone(), stop.clone(), start.clone());
        let snapshots = session.snapshots.clone();
        async move {
            drawn.await;
            let result = add_app(&start, &operations).await;
            match &result {
                Ok(Some(server)) if start == Start::Demo => {
                    demo::populate(server, operations, snapshots).await
                }
                Ok(_) => {}
                // Without its App there is nothing to do; the reason is printed when the terminal is back.
                Err(_) => stop.cancel(),
            }
            result
        }
    });

    let demo = start == Start::Demo;
    let auto_lock = config.vault.auto_lock();
    let setup = tui::Setup {
        session,
        clock,
        stop: stop.clone(),
        first_frame,
        demo,
        auto_lock,
        look,
        keymap,
        mouse: config.look.mouse,
        notify: look::notify(config.notify),
    };
    let shown = match face {
        Face::Screen => tui::run(setup).await,
        Face::Lines => tui::plain::run(setup).await,
    };

    // The terminal is back; what is left is to let everything land.
    stop.cancel();
    if worker.await.is_err() {
        tracing::error!("the session worker panicked");
    }
    if shown.is_err() {
        apps.abort();
    }
    let server = match apps.now_or_never() {
        Some(Ok(server)) => server?,
        Some(Err(_)) | None => None,
    };
    if let Some(server) = server {
        server.stop().await?;
    }
    Ok(shown?)
}

/// Starts the embedded local App, unless the App is elsewhere, and tells the worker where it is.
async fn add_app(start: &Start, operations: &mpsc::Sender<Envelope>) -> Result<Option<LocalApp>, AppError> {
    let (app, server) = match start {
        Start::Remote(app) => (App { control: control_of_environment(app), ..App::clone(app) }, None),
        Start::Local | Start::Demo => {
            let storage = match start {
                Start::Demo => Storage::Memory,
                _ => Storage::Folder(Folders::find()?.local_app()),
            };
            let (server, app) = host_local_app(storage).await?;
            (app, Some(server))
        }
    };
    // A worker that has stopped already needs no app.
    let _ = operations.send(Envelope { id: RequestId::next(), operation: session::AddApp(app).into() }).await;
    Ok(server)
}

/// Starts the embedded local App on any free port; says where it is.
async fn host_local_app(storage: Storage) -> Result<(LocalApp, App), AppError> {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = LocalApp::start(any_port, Options::new(EMBEDDED_APP_ID, storage)).await?;
    let app = App {
        alias: AppAlias::new(AppAlias::LOCAL),
        base_url: server.base_url().clone(),
        client_app_id: EMBEDDED_APP_ID.into(),
        custom_data: CustomDataSource::default(),
        control: Some(ControlAccess {
            base_url: server.base_url().clone(),
            token: server.control_token().clone(),
        }),
        accepted_host: None,
    };
    Ok((server, app))
}

/// The way to the control API of an App that the arguments name, if the environment has its token.
fn control_of_environment(app: &App) -> Option<ControlAccess> {
    let token = hardening::secret(hardening::CONTROL_TOKEN)?;
    Some(ControlAccess { base_url: app.base_url.clone(), token })
}

/// Clients of the App Services API that share one pool of connections.
fn connect(clock: Arc<dyn Clock>, apps: BTreeMap<String, AppConfig>) -> Connect {
    let http = HttpClient::new(clock);
    Arc::new(move |app: &App| {
        let redirect = apps.get(app.alias.as_str()).map(|app| app.redirect_uri.clone());
        let client = AppServices::new(http.clone(), app).with_redirect(redirect.unwrap_or_default());
        Ok(Arc::new(client) as Arc<dyn Backend>)
    })
}
