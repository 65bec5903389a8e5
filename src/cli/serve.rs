//! `idmux serve`: the local App as a process of its own.

use std::ffi::OsString;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use jiff::{Span, SpanRelativeTo};
use secrecy::{ExposeSecret, SecretString};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use crate::folders::{Folders, FoldersError};
use crate::local_app::{AppId, EMBEDDED_APP_ID, Lifetimes, LocalApp, LocalAppError, Options, Storage};

/// Where it listens unless told otherwise.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);
/// Environment variable with the control token. An argument would be there for every process to read.
const CONTROL_TOKEN_VARIABLE: &str = "IDMUX_CONTROL_TOKEN";
/// A shorter control token could be guessed.
const SHORTEST_CONTROL_TOKEN: usize = 16;

/// Arguments of `idmux serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address and port to listen on; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value_t = DEFAULT_LISTEN, value_parser = loopback)]
    listen: SocketAddr,

    /// Client app id, as in shop-abcde. The default is the App that idmux embeds.
    #[arg(long, value_name = "ID", default_value = EMBEDDED_APP_ID)]
    app_id: AppId,

    /// Folder for users, sessions and documents; made if it is not there [default: in the data folder of idmux]
    #[arg(long, value_name = "DIR", conflicts_with = "ephemeral")]
    data: Option<PathBuf>,

    /// Keep nothing: users and documents live in memory until the process ends.
    #[arg(long)]
    ephemeral: bool,

    /// Lifetime of access tokens, as in 30m, 1h30m or 2d.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = lifetime)]
    access_token_ttl: Duration,

    /// Lifetime of refresh tokens. At the default, anonymous sessions live 50 years, as at the hosted service.
    #[arg(long, value_name = "TIME", default_value = "60d", value_parser = lifetime)]
    refresh_token_ttl: Duration,
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
    /// The control token of the environment is not one.
    #[error(
        "{CONTROL_TOKEN_VARIABLE} must hold at least {SHORTEST_CONTROL_TOKEN} visible ASCII characters without spaces; \
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
    let filter = EnvFilter::builder()
        .with_env_var("IDMUX_LOG")
        .with_default_directive(LevelFilter::WARN.into())
        .from_env_lossy();
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
    let options = Options {
        lifetimes: Lifetimes { access: args.access_token_ttl, refresh: args.refresh_token_ttl },
        control_token: control_token(std::env::var_os(CONTROL_TOKEN_VARIABLE))?,
        ..Options::new(args.app_id.as_str(), storage)
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Process)?;
    runtime.block_on(async {
        // Before the line is out: whoever reads it may signal at once.
        let stop = stop_signal().map_err(ServeError::Process)?;
        let app = LocalApp::start(args.listen, options).await?;
        announce(&app).map_err(ServeError::Output)?;
        stop.await;
        app.stop().await?;
        Ok(())
    })
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
fn control_token(variable: Option<OsString>) -> Result<Option<SecretString>, ServeError> {
    let Some(token) = variable.filter(|token| !token.is_empty()) else { return Ok(None) };
    // It has to fit into a header, and be one word of its line.
    let is_fit = |token: &String| {
        token.len() >= SHORTEST_CONTROL_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let token = token.into_string().ok().filter(is_fit).ok_or(ServeError::ControlToken)?;
    Ok(Some(SecretString::from(token)))
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

/// Whole seconds, at least one; a day has 24 hours.
fn lifetime(text: &str) -> Result<Duration, String> {
    const FORM: &str = "expected a time, as in 30m, 1h30m or 60d";
    let span: Span = text.parse().map_err(|_| FORM.to_owned())?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err("months and years vary in length, use days".to_owned());
    }
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| FORM.to_owned())?;
    let duration = Duration::try_from(duration).map_err(|_| "a lifetime is at least 1s".to_owned())?;
    if duration < Duration::from_secs(1) {
        return Err("a lifetime is at least 1s".to_owned());
    }
    if duration.subsec_nanos() != 0 {
        return Err("a lifetime has whole seconds".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_whole_seconds_from_one_up() {
        for (text, seconds) in [
            ("1s", 1),
            ("30m", 1800),
            ("1h30m", 5400),
            ("1h 30m", 5400),
            ("60d", 5_184_000),
            ("2w", 1_209_600),
            ("PT5S", 5),
        ] {
            assert_eq!(lifetime(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for (text, says) in [
            ("", "expected a time"),
            ("soon", "expected a time"),
            ("30", "expected a time"),
            ("99999999999999999999d", "expected a time"),
            ("0s", "at least 1s"),
            ("500ms", "at least 1s"),
            ("-5s", "at least 1s"),
            ("1500ms", "whole seconds"),
            ("1mo", "use days"),
            ("1y", "use days"),
        ] {
            let error = lifetime(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

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
