//! The configuration of a running App: where it comes from, and its replacement as a whole.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{AppConfig, AppFiles, AppFolder, ConfigError, FolderError, Report};
use crate::local_app::app::App;
use crate::local_app::store::{Store, StoreError};

/// Lifetimes that somebody gave at the start. They go before what the configuration says, also after it changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GivenLifetimes {
    /// Of access tokens.
    pub access: Option<Duration>,
    /// Of refresh tokens.
    pub refresh: Option<Duration>,
}

/// Where a configuration is read and written.
#[derive(Debug)]
pub enum ConfigSource {
    /// The files of a folder.
    Folder(AppFolder),
    /// Files in the store; as long as there are none, this configuration.
    Store(Box<AppConfig>),
}

/// Why a configuration could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file does not say what it should.
    #[error(transparent)]
    Files(#[from] ConfigError),
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread ended before its work did.
    #[error("reading the configuration was cut off")]
    CutOff,
}

/// The configuration as it is now.
pub struct LiveConfig {
    source: ConfigSource,
    given: GivenLifetimes,
    current: Mutex<Current>,
    /// One change at a time, from reading the files to the swap.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Current {
    config: Arc<AppConfig>,
    report: Arc<Report>,
}

impl LiveConfig {
    /// Loads the configuration for the first time.
    pub async fn open(source: ConfigSource, given: GivenLifetimes, store: &Store) -> Result<Self, LoadError> {
        let files = source.files(store).await?;
        let current = Current::of(&source, given, &files)?;
        Ok(Self { source, given, current: Mutex::new(current), changing: tokio::sync::Mutex::new(()) })
    }

    /// The configuration; whoever works with it keeps it as it is.
    pub fn config(&self) -> Arc<AppConfig> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner).config)
    }

    /// What it asks for and does not get.
    pub fn report(&self) -> Arc<Report> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner).report)
    }

    fn set(&self, current: Current) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }
}

impl Current {
    fn of(source: &ConfigSource, given: GivenLifetimes, files: &AppFiles) -> Result<Self, LoadError> {
        let (mut config, report) = match source {
            ConfigSource::Store(default) if files.is_empty() => {
                (AppConfig::clone(default), Report::default())
            }
            ConfigSource::Store(_) | ConfigSource::Folder(_) => AppConfig::from_files(files)?,
        };
        let settings = &mut config.settings;
        settings.access_token_lifetime = given.access.or(settings.access_token_lifetime);
        settings.refresh_token_lifetime = given.refresh.or(settings.refresh_token_lifetime);
        Ok(Self { config: Arc::new(config), report: Arc::new(report) })
    }
}

impl ConfigSource {
    /// The files as they are now.
    async fn files(&self, store: &Store) -> Result<AppFiles, LoadError> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                let read = tokio::task::spawn_blocking(move || folder.read());
                Ok(read.await.map_err(|_| LoadError::CutOff)??)
            }
            Self::Store(_) => {
                let files = store.read(|tx| tx.app_files()).await?;
                Ok(files.into_iter().collect())
            }
        }
    }
}

impl App {
    /// The configuration as it is now; a request keeps the one that it began with.
    pub fn config(&self) -> Arc<AppConfig> {
        self.live_config().config()
    }
}
