//! The configuration of a running App: where it comes from, and its replacement as a whole.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::{AppConfig, AppFiles, AppFolder, ConfigError, FolderError, Report};
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::store::{Store, StoreError, Tx};

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
    source: Arc<ConfigSource>,
    given: GivenLifetimes,
    current: Mutex<Current>,
    /// One change at a time, from reading the files to the swap.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Clone, PartialEq)]
struct Current {
    config: Arc<AppConfig>,
    report: Arc<Report>,
}

impl LiveConfig {
    /// Loads the configuration for the first time.
    pub async fn open(source: ConfigSource, given: GivenLifetimes, store: &Store) -> Result<Self, LoadError> {
        let files = source.files(store).await?;
        let current = Current::of(&source, given, &files)?;
        Ok(Self {
            source: Arc::new(source),
            given,
            current: Mutex::new(current),
            changing: tokio::sync::Mutex::new(()),
        })
    }

    /// The configuration; whoever works with it keeps it as it is.
    pub fn config(&self) -> Arc<AppConfig> {
        self.current().config
    }

    /// What it asks for and does not get.
    pub fn report(&self) -> Arc<Report> {
        self.current().report
    }

    /// Where it comes from.
    pub fn source(&self) -> &ConfigSource {
        &self.source
    }

    fn current(&self) -> Current {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
    pub async fn files(&self, store: &Store) -> Result<AppFiles, LoadError> {
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

/// What a change did to the report.
pub struct ReportChange {
    /// The report before.
    pub before: Arc<Report>,
    /// The report now.
    pub after: Arc<Report>,
}

impl App {
    /// The configuration as it is now; a request keeps the one that it began with.
    pub fn config(&self) -> Arc<AppConfig> {
        self.live_config().config()
    }

    /// Reads the configuration again. One that cannot be used changes nothing; `None`: it is the same as before.
    pub async fn reload_config(&self) -> Result<Option<ReportChange>, LoadError> {
        let live = self.live_config();
        let _changing = live.changing.lock().await;
        let files = live.source.files(self.store()).await?;
        let (before, after) = (live.current(), Current::of(&live.source, live.given, &files)?);
        if before == after {
            return Ok(None);
        }
        live.set(after.clone());
        Ok(Some(ReportChange { before: before.report, after: after.report }))
    }

    /// Changes one file of the configuration, where it comes from and in effect. Either all of that happens or nothing:
    /// what `edit` makes of the file has to be a configuration together with the other files.
    ///
    /// A file that is not there is edited as an empty object; a path is one of the constants of [`super::files`].
    pub async fn edit_config_file(
        &self,
        path: &'static str,
        edit: impl FnOnce(Value) -> Result<Value, Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        let live = self.live_config();
        let _changing = live.changing.lock().await;
        let (source, given) = (Arc::clone(&live.source), live.given);
        let current = match source.as_ref() {
            ConfigSource::Folder(folder) => {
                let folder = folder.clone();
                let work = tokio::task::spawn_blocking(move || {
                    let files = folder.read().map_err(Failure::internal)?;
                    let edited = files.edited(path, edit)?;
                    let current = Current::of(&source, given, &edited).map_err(refused)?;
                    for changed in edited.changed(&files) {
                        let text = edited.get(changed).unwrap_or_default();
                        folder.write(changed, text).map_err(Failure::internal)?;
                    }
                    Ok::<_, Failure>(current)
                });
                work.await.map_err(Failure::internal)??
            }
            ConfigSource::Store(_) => {
                // One transaction: another process may have the same App open, and edit too.
                let work = move |tx: &Tx<'_>| {
                    let stored: AppFiles = tx.app_files()?.into_iter().collect();
                    let files = match source.as_ref() {
                        ConfigSource::Store(default) if stored.is_empty() => AppFiles::of(default),
                        _ => stored.clone(),
                    };
                    let edited = files.edited(path, edit)?;
                    let current = Current::of(&source, given, &edited).map_err(refused)?;
                    for changed in edited.changed(&stored) {
                        tx.put_app_file(changed, edited.get(changed).unwrap_or_default())?;
                    }
                    Ok::<_, Failure>(current)
                };
                self.store().write(work).await?
            }
        };
        live.set(current);
        Ok(())
    }
}

/// What is wrong with the files after an edit is the editor's to put right.
fn refused(error: LoadError) -> Failure {
    match error {
        LoadError::Files(error) => Failure::BadRequest(error.to_string()),
        other => Failure::internal(other),
    }
}
