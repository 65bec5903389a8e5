//! The log: a file, never the screen.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// The variable with the log's filter, such as `debug` or `idmux=trace`.
const FILTER_VARIABLE: &str = "IDMUX_LOG";
/// At debug level keyring-core logs each entry, and HTTP libraries log headers: both stay quiet whatever is asked for.
const QUIET: &str = "keyring_core=warn,zbus=warn,hyper=warn,reqwest=warn,h2=warn";
/// A log that is longer than this at the start is put aside, in place of the one put aside before.
const LONGEST: u64 = 4 << 20;

/// The log cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the log {}: {source}", path.display())]
pub struct LogError {
    path: PathBuf,
    source: io::Error,
}

/// Writes this process's events to `idmux.log` in `folder`, both for the owner only.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn to_file(folder: &Path) -> Result<(), LogError> {
    let path = folder.join("idmux.log");
    let file = open(folder, &path).map_err(|source| LogError { path, source })?;
    let asked = std::env::var(FILTER_VARIABLE).unwrap_or_else(|_| "info".into());
    let filter = EnvFilter::try_new(format!("{asked},{QUIET}")).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .finish();
    // A second call in one process keeps the first log.
    let _ = subscriber.try_init();
    Ok(())
}

fn open(folder: &Path, path: &Path) -> io::Result<File> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        builder.mode(0o700);
        options.mode(0o600);
    }
    builder.create(folder)?;
    if fs::metadata(path).is_ok_and(|log| log.len() > LONGEST) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    options.open(path)
}
