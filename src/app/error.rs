//! Why the program ends with an error.

use std::path::PathBuf;

use crate::backend::BackendError;
use crate::config::ConfigError;
use crate::folders::FoldersError;
use crate::local_app::LocalAppError;
use crate::logging::LogError;
use crate::tui::TuiError;
use crate::tui::keymap::RemapError;

use super::look::LookError;

/// Why the terminal user interface could not run, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no place for files.
    #[error(transparent)]
    Folders(#[from] FoldersError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The theme cannot be used.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The keys cannot be meant.
    #[error("{}: [keys] {source}", path.display())]
    Keys {
        /// The configuration.
        path: PathBuf,
        /// What is wrong, and where.
        source: RemapError,
    },
    /// There is no log file.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The system gives no threads.
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
    /// The HTTP client does not start.
    #[error(transparent)]
    Http(#[from] BackendError),
    /// The embedded local App does not start or stop.
    #[error("the embedded local App: {0}")]
    LocalApp(#[from] LocalAppError),
    /// The terminal.
    #[error(transparent)]
    Terminal(#[from] TuiError),
}
