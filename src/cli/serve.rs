//! `idmux serve`: the local App as a process of its own.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use super::data_folder::{self, DataFolderError};
use crate::hardening::{self, CONTROL_TOKEN};
use crate::local_app::config::{AppConfig, AppFolder, GivenLifetimes, LoadError};
use crate::local_app::{
    AppId, ClockMove, EMBEDDED_APP_ID, LocalApp, LocalAppError, Network, Options, Rate, RateLimits, Storage,
    TlsFiles, TrustedProxies, parse_lifetime, parse_step, proxy_network,
};

/// Where it listens unless told otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);
/// A shorter control token could be guessed.
const SHORTEST_CONTROL_TOKEN: usize = 16;

/// The variable that filters the log.
const LOG_VARIABLE: &str = "IDMUX_LOG";

/// Arguments of `idmux serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address and port to listen on; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value_t = DEFAULT_LISTEN, value_parser = address)]
    listen: SocketAddr,

    /// Listen also on addresses that other machines reach. The control API answers this machine only, in any case.
    #[arg(long)]
    allow_remote: bool,

    /// A proxy, or a network of them, whose Forwarded and X-Forwarded headers count. May be given several times.
    #[arg(long = "trusted-proxy", value_name = "ADDRESS", value_parser = proxy_network)]
    trusted_proxies: Vec<IpNet>,

    /// Serve HTTPS with this certificate, PEM with those that lead to a root. It is read again when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Wrong passwords for one account from one address, as in 30/30m: 30 at once, and as many again in half an hour; or off.
    #[arg(long, value_name = "TRIES/TIME", value_parser = rate)]
    account_rate_limit: Option<Limit>,

    /// The same for all accounts, and for anonymous log-ins, registrations and mails from one address.
    #[arg(long, value_name = "TRIES/TIME", value_parser = rate)]
    address_rate_limit: Option<Limit>,

    /// Folder with the App's configuration in the export format of App Services, and in idmux.json. Read again when
    /// it changes. Without it, the configuration is with the data.
    #[arg(long, value_name = "FOLDER")]
    app: Option<PathBuf>,
    /// Client app id, as in shop-abcde [default: that of --app, or of the App whose data is there]
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

    /// Start with the App's clock so far from the system's, as in +61d or -1h, or at an instant, as in
    /// 2030-01-01T00:00:00Z. It stays so until it is moved again. [default: where it was left]
    #[arg(long, value_name = "MOVE", allow_hyphen_values = true, value_parser = clock_move)]
    clock: Option<ClockMove>,
}

/// A rate limit as somebody gave it; `None`: off.
type Limit = Option<Rate>;

impl ServeArgs {
    fn network(&self) -> Network {
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        Network {
            allow_remote: self.allow_remote,
            trusted_proxies: TrustedProxies::new(self.trusted_proxies.clone()),
            tls: files.map(|(certificate, key)| TlsFiles { certificate, key }),
        }
    }

    fn rate_limits(&self) -> RateLimits {
        let usual = RateLimits::default();
        RateLimits {
            account: self.account_rate_limit.unwrap_or(usual.account),
            address: self.address_rate_limit.unwrap_or(usual.address),
        }
    }
}

/// Why `serve` ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The local App could not start or stop.
    #[error(transparent)]
    LocalApp(#[from] LocalAppError),
    /// It is not clear which data is meant.
    #[error(transparent)]
    Data(#[from] DataFolderError),
    /// The control token of the environment is not one.
    #[error(
        "{CONTROL_TOKEN} must hold at least {SHORTEST_CONTROL_TOKEN} visible ASCII characters without spaces; \
         unset it for a random control token"
    )]
    ControlToken,
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
            match error {
                // Wrong arguments, as clap has it.
                ServeError::LocalApp(LocalAppError::NotLoopback(_))
                | ServeError::Data(DataFolderError::SeveralApps { .. }) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn serve(args: ServeArgs) -> Result<(), ServeError> {
    let (network, rate_limits) = (args.network(), args.rate_limits());
    let of_folder = match &args.app {
        Some(folder) if args.app_id.is_none() => app_id_of(folder)?,
        _ => None,
    };
    let asked = args.app_id.or(of_folder);
    let (storage, app_id) = if args.ephemeral {
        let embedded = || EMBEDDED_APP_ID.parse().map_err(LocalAppError::from);
        (Storage::Memory, asked.map_or_else(embedded, Ok)?)
    } else {
        let (folder, app_id) = data_folder::find(args.data, asked)?;
        data_folder::tell_of_a_new_app("idmux serve", &folder, &app_id)?;
        (Storage::Folder(folder), app_id)
    };
    let options = Options {
        move_clock: args.clock,
        control_token: control_token(hardening::secret(CONTROL_TOKEN))?,
        network,
        rate_limits,
        given_lifetimes: GivenLifetimes { access: args.access_token_ttl, refresh: args.refresh_token_ttl },
        app_folder: args.app,
        ..Options::new(app_id.as_str(), storage)
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Process)?;
    runtime.block_on(async {
        // Before the line is out: whoever reads it may signal at once.
        let stop = stop_signal().map_err(ServeError::Process)?;
        let app = LocalApp::start(args.listen, options).await?;
        for message in app.report().messages() {
            // Nobody may be listening there; the App is served all the same.
            let _ = writeln!(std::io::stderr(), "idmux serve: {message}");
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

/// The two lines on standard output: where the App is, and what opens its control API. A reader that is gone is no reason
/// not to serve.
fn announce(app: &LocalApp) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let url = app.base_url().as_str().trim_end_matches('/');
    let token = app.control_token().expose_secret();
    let written = writeln!(out, "listening on {url} app {}\ncontrol token {token}", app.app_id())
        .and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// The control token that the environment chose, if it did; an empty one is none.
fn control_token(token: Option<SecretString>) -> Result<Option<SecretString>, ServeError> {
    // It has to fit into a header, and be one word of its line.
    let is_fit = |token: &SecretString| {
        let token = token.expose_secret();
        token.len() >= SHORTEST_CONTROL_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match token.filter(|token| !token.expose_secret().is_empty()) {
        Some(token) if !is_fit(&token) => Err(ServeError::ControlToken),
        token => Ok(token),
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

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an address and a port, as in 127.0.0.1:9090".to_owned())
}

/// A step from the system's clock, or an instant.
fn clock_move(text: &str) -> Result<ClockMove, String> {
    if let Ok(instant) = text.parse() {
        return Ok(ClockMove::StartAt(instant));
    }
    parse_step(text)
        .map(ClockMove::Offset)
        .map_err(|why| format!("{why}; or an instant, as in 2030-01-01T00:00:00Z"))
}

/// `30/30m`, or `off`.
fn rate(text: &str) -> Result<Limit, String> {
    if text == "off" {
        return Ok(None);
    }
    const FORM: &str = "expected a number of tries and a time, as in 30/30m, or off";
    let (tries, time) = text.split_once('/').ok_or(FORM)?;
    let tries = tries.parse().map_err(|_| FORM.to_owned())?;
    let within = parse_lifetime(time).map_err(|_| FORM.to_owned())?;
    Ok(Some(Rate { tries, within }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_token_is_long_and_fits_into_a_header() {
        let chosen = |text: &str| control_token(Some(text.into()));
        assert!(matches!(control_token(None), Ok(None)));
        assert!(matches!(chosen(""), Ok(None)));
        assert!(matches!(chosen("0123456789abcdef"), Ok(Some(_))));
        for bad in ["0123456789abcde", "0123456789 abcdef", "0123456789abcdef\n", "0123456789abcdeé"] {
            assert!(matches!(chosen(bad), Err(ServeError::ControlToken)), "{bad}");
        }
    }

    #[test]
    fn a_rate_is_a_number_of_tries_in_a_time() {
        let thirty = Rate { tries: 30.try_into().unwrap(), within: Duration::from_secs(1800) };
        assert_eq!(rate("30/30m"), Ok(Some(thirty)));
        assert_eq!(rate("off"), Ok(None));
        for bad in ["", "30", "0/1m", "-1/1m", "30/", "30/0s", "/1m", "30/1mo", "4294967296/1m"] {
            assert!(rate(bad).unwrap_err().contains("as in 30/30m"), "{bad}");
        }
    }
}
