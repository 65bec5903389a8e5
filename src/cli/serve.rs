//! `idmux serve`: the local App as a process of its own.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use crate::folders::{Folders, FoldersError};
use crate::local_app::config::{AppConfig, AppFolder, GivenLifetimes, LoadError};
use crate::local_app::{AppId, EMBEDDED_APP_ID, LocalApp, LocalAppError, Options, Storage, parse_lifetime};

/// Where it listens unless told otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);

/// The variable that filters the log.
const LOG_VARIABLE: &str = "IDMUX_LOG";

/// Arguments of `idmux serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address and port to listen on; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value_t = DEFAULT_LISTEN, value_parser = loopback)]
    listen: SocketAddr,

    /// Folder with the App's configuration in the export format of App Services, and in idmux.json. Read again when
    /// it changes. Without it, the configuration is with the data.
    #[arg(long, value_name = "FOLDER")]
    app: Option<PathBuf>,

    /// Client app id, as in shop-abcde [default: the folder's, or that of the App that idmux embeds]
    #[arg(long, value_name = "ID")]
    app_id: Option<AppId>,

    /// Folder for users, sessions and documents; made if it is not there [default: in the data folder of idmux]
    #[arg(long, value_name = "DIR", conflicts_with = "ephemeral")]
    data: Option<PathBuf>,

    /// Keep nothing: users and documents live in memory until the process ends.
    #[arg(long)]
    ephemeral: bool,

    /// Lifetime of access tokens, as in 30m, 1h30m or 2d [default: what idmux.json says, or 30m]
    #[arg(long, value_name = "TIME", value_parser = parse_lifetime)]
    access_token_ttl: Option<Duration>,

    /// Lifetime of refresh tokens. At 60d, anonymous sessions live 50 years, as at the hosted service
    /// [default: what idmux.json says, or 60d]
    #[arg(long, value_name = "TIME", value_parser = parse_lifetime)]
    refresh_token_ttl: Option<Duration>,
}

/// Why `serve` ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The local App could not start or stop.
    #[error(transparent)]
    LocalApp(#[from] LocalAppError),
    /// The platform names no folder for data.
    #[error("{0}; or name one with --data, or use --ephemeral")]
    NoDataFolder(#[from] FoldersError),
    /// Signals cannot be listened to, or no thread started.
    #[error("cannot set up the process: {0}")]
    Process(std::io::Error),
    /// Nobody can learn the address.
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
}

/// Runs the local App until SIGINT or SIGTERM. Complaints go to standard error, as does the log (`IDMUX_LOG` is its filter).
pub fn run(args: ServeArgs) -> ExitCode {
    let filter = match std::env::var(LOG_VARIABLE) {
        Ok(filter) => {
            EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).parse_lossy(filter)
        }
        // Whoever edits the configuration sees that it was read.
        Err(_) => EnvFilter::new("warn,idmux::local_app::config=info"),
    };
    // Fails only if somebody set up logging before, which is as good.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    match serve(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed as well; there is nowhere else to say it.
            let _ = writeln!(std::io::stderr(), "idmux serve: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: ServeArgs) -> Result<(), ServeError> {
    let storage = match (args.ephemeral, args.data) {
        (true, _) => Storage::Memory,
        (false, Some(folder)) => Storage::Folder(folder),
        (false, None) => Storage::Folder(Folders::find()?.local_app()),
    };
    let app_id = match (args.app_id, &args.app) {
        (Some(id), _) => Some(id),
        (None, Some(folder)) => app_id_of(folder)?,
        (None, None) => None,
    };
    let options = Options {
        given_lifetimes: GivenLifetimes { access: args.access_token_ttl, refresh: args.refresh_token_ttl },
        app_folder: args.app,
        ..Options::new(app_id.as_ref().map_or(EMBEDDED_APP_ID, AppId::as_str), storage)
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Process)?;
    runtime.block_on(async {
        // Before the line is out: whoever reads it may signal at once.
        let stop = stop_signal().map_err(ServeError::Process)?;
        let app = LocalApp::start(args.listen, options).await?;
        for setting in app.report().iter() {
            // Nobody may be listening there; the App is served all the same.
            let _ = writeln!(std::io::stderr(), "idmux serve: {setting}");
        }
        announce(&app).map_err(ServeError::Output)?;
        stop.await;
        app.stop().await?;
        Ok(())
    })
}

/// The app id that a folder names. A folder that cannot be used is refused before anything else happens.
fn app_id_of(folder: &Path) -> Result<Option<AppId>, LocalAppError> {
    let files = AppFolder::new(folder).read().map_err(LoadError::from)?;
    let (config, _) = AppConfig::from_files(&files).map_err(LoadError::from)?;
    Ok(config.app_id)
}

/// The one line on standard output. A reader that is gone is no reason not to serve.
fn announce(app: &LocalApp) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let url = app.base_url().as_str().trim_end_matches('/');
    let written = writeln!(out, "listening on {url} app {}", app.app_id()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Ends when the process is asked to; listens from the call on, not only when awaited.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(windows)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "expected an address and a port, as in 127.0.0.1:9090".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(LocalAppError::NotLoopback(address).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_listened_on() {
        for good in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:8080"] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for (bad, says) in [
            ("0.0.0.0:80", "this machine only"),
            ("[::]:80", "this machine only"),
            ("192.168.0.1:80", "this machine only"),
            ("localhost", "an address and a port"),
            ("127.0.0.1", "an address and a port"),
        ] {
            let error = loopback(bad).unwrap_err();
            assert!(error.contains(says), "{bad}: {error}");
        }
    }
}
