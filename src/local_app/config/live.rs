//! The configuration of a running App: where it comes from, and its replacement as a whole.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::files::SECRETS;
use super::{AppConfig, AppFiles, AppFolder, ConfigError, FolderError, Report};
use crate::local_app::app::App;
use crate::local_app::blocking::blocking;
use crate::local_app::failure::Failure;
use crate::local_app::store::{Store, StoreError};

/// How often an edit is tried whose files others change meanwhile.
const TRIES: usize = 10;
const CONFLICT: &str = "the configuration was changed by others again and again meanwhile; try again";

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
    pub async fn open(
        source: ConfigSource,
        given: GivenLifetimes,
        store: &dyn Store,
    ) -> Result<Self, LoadError> {
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

    /// Lifetimes that go before those of the configuration.
    pub fn given(&self) -> GivenLifetimes {
        self.given
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

    /// As [`Current::of`], for files that an edit made of `before`. An export may come without secrets; an edit that
    /// names one that is not there is a mistake of the editor's.
    fn edited(
        source: &ConfigSource,
        given: GivenLifetimes,
        before: &AppFiles,
        files: &AppFiles,
    ) -> Result<Self, Failure> {
        let current = Self::of(source, given, files).map_err(refused)?;
        // Files that cannot be read miss none.
        let before = Self::of(source, given, before).map(|before| before.report).unwrap_or_default();
        match current.report.beyond(&before).missing_secrets().next() {
            None => Ok(current),
            Some(missing) => Err(Failure::BadRequest(format!(
                "{}: {}: expected the name of a secret in {SECRETS}",
                missing.file, missing.field
            ))),
        }
    }
}

impl ConfigSource {
    /// The files as they are now.
    pub async fn files(&self, store: &dyn Store) -> Result<AppFiles, LoadError> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                let read = blocking(move || folder.read());
                Ok(read.await.map_err(|_| LoadError::CutOff)??)
            }
            Self::Store(_) => Ok(store.app_files().await?.into_iter().collect()),
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

    /// What a file of the configuration says, as [`App::edit_config_file`] finds it.
    pub async fn config_file(&self, path: &'static str) -> Result<Value, Failure> {
        let source = self.live_config().source();
        let stored = source.files(self.store()).await.map_err(refused)?;
        let files = match source {
            ConfigSource::Store(default) if stored.is_empty() => AppFiles::of(default),
            ConfigSource::Store(_) | ConfigSource::Folder(_) => stored,
        };
        files.editable(path).map_err(|error| Failure::BadRequest(error.to_string()))
    }

    /// Changes one file of the configuration, where it comes from and in effect. Either all of that happens or nothing:
    /// what `edit` makes of the file has to be a configuration together with the other files.
    ///
    /// A file that is not there is edited as an empty object; a path is one of the constants of [`super::files`].
    pub async fn edit_config_file(
        &self,
        path: &'static str,
        edit: impl Fn(Value) -> Result<Value, Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        let live = self.live_config();
        let _changing = live.changing.lock().await;
        let (source, given) = (Arc::clone(&live.source), live.given);
        let current = match source.as_ref() {
            ConfigSource::Folder(folder) => {
                let folder = folder.clone();
                let work = blocking(move || {
                    let files = folder.read().map_err(Failure::internal)?;
                    let edited = files.edited(path, edit)?;
                    let current = Current::edited(&source, given, &files, &edited)?;
                    for changed in edited.changed(&files) {
                        let text = edited.get(changed).unwrap_or_default();
                        folder.write(changed, text).map_err(Failure::internal)?;
                    }
                    Ok::<_, Failure>(current)
                });
                work.await.map_err(Failure::internal)??
            }
            ConfigSource::Store(_) => {
                let mut tries = 0..TRIES;
                loop {
                    let seen = self.store().app_files().await?;
                    let stored: AppFiles = seen.iter().cloned().collect();
                    let files = match source.as_ref() {
                        ConfigSource::Store(default) if stored.is_empty() => AppFiles::of(default),
                        _ => stored.clone(),
                    };
                    let edited = files.edited(path, &edit)?;
                    let current = Current::edited(&source, given, &files, &edited)?;
                    let changed = edited.changed(&stored).into_iter();
                    let changed = changed
                        .map(|path| (path.to_owned(), edited.get(path).unwrap_or_default().to_owned()));
                    // Another process may have the same App open, and edit too.
                    if self.store().write_app_files(seen, changed.collect()).await? {
                        break current;
                    }
                    if tries.next().is_none() {
                        return Err(Failure::Conflict(CONFLICT.to_owned()));
                    }
                }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::local_app::config::files::{PROVIDERS, SETTINGS};
    use crate::local_app::{Options, Storage};

    fn switch_anonymous_off(mut providers: Value) -> Result<Value, Failure> {
        providers["anon-user"]["disabled"] = json!(true);
        Ok(providers)
    }

    async fn open(options: Options) -> App {
        App::open("shop-abcde".parse().unwrap(), options).await.unwrap()
    }

    #[tokio::test]
    async fn an_edit_is_in_the_store_and_in_effect_or_nowhere() {
        let data = tempfile::tempdir().unwrap();
        let options = Options::new("shop-abcde", Storage::Folder(data.path().to_owned()));
        let app = open(options.clone()).await;
        app.edit_config_file(PROVIDERS, switch_anonymous_off).await.unwrap();
        assert!(app.config().providers.anon_user.enabled().is_none());
        let before = app.config();
        let wrong = app.edit_config_file(SETTINGS, |_| Ok(json!({ "nonsense": 1 }))).await;
        assert!(wrong.unwrap_err().to_string().starts_with("idmux.json: nonsense: "));
        assert!(Arc::ptr_eq(&before, &app.config()));
        let again = open(options).await;
        assert_eq!(*again.config(), *before);
        // What one process edits, another one finds when it looks.
        let longer = |_| Ok(json!({ "access_token_lifetime": "1h" }));
        app.edit_config_file(SETTINGS, longer).await.unwrap();
        assert!(again.reload_config().await.unwrap().is_some());
        assert_eq!(again.lifetimes().access, Duration::from_secs(3600));
        assert!(again.reload_config().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_edit_is_in_the_folder_and_given_lifetimes_stay() {
        let folder = tempfile::tempdir().unwrap();
        let files = AppFolder::new(folder.path());
        for (path, text) in AppFiles::of(&AppConfig::default()).iter() {
            files.write(path, text).unwrap();
        }
        let given = GivenLifetimes { access: Some(Duration::from_secs(7)), refresh: None };
        let app = open(Options {
            app_folder: Some(folder.path().to_owned()),
            given_lifetimes: given,
            ..Options::new("shop-abcde", Storage::Memory)
        })
        .await;
        let set = |_| Ok(json!({ "access_token_lifetime": "1h", "refresh_token_lifetime": "2h" }));
        app.edit_config_file(SETTINGS, set).await.unwrap();
        assert_eq!(app.lifetimes().access, Duration::from_secs(7));
        assert_eq!(app.lifetimes().refresh, Duration::from_secs(7200));
        let (on_disk, _) = AppConfig::from_files(&files.read().unwrap()).unwrap();
        assert_eq!(on_disk.settings.access_token_lifetime, Some(Duration::from_secs(3600)));
    }
}
