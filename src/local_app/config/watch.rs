//! Reading the configuration again when it changes, wherever it comes from.

use std::sync::Arc;
use std::time::Duration;

use super::folder::Stamp;
use super::{AppFiles, ConfigSource};
use crate::local_app::app::App;
use crate::local_app::blocking::blocking;

/// How often the configuration is looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// What tells one state of the configuration from the next; something that cannot be looked at is a state too.
#[derive(PartialEq)]
pub enum State {
    Folder(Option<Stamp>),
    Store(Option<AppFiles>),
}

impl App {
    /// The state of the configuration's source.
    pub async fn config_state(&self) -> State {
        match self.live_config().source() {
            ConfigSource::Folder(folder) => {
                let folder = folder.clone();
                let stamp = blocking(move || folder.stamp().ok()).await;
                State::Folder(stamp.ok().flatten())
            }
            source @ ConfigSource::Store(_) => State::Store(source.files(self.store()).await.ok()),
        }
    }
}

/// Reads the configuration again whenever it changed and then stood still for one look; never ends.
pub async fn watch(app: Arc<App>) {
    // Nothing counts as read yet, since it may have changed between the start and the first look.
    let (mut loaded, mut seen) = (None, None);
    loop {
        tokio::time::sleep(INTERVAL).await;
        let state = app.config_state().await;
        if loaded.as_ref() == Some(&state) {
            seen = None;
        } else if seen.as_ref() == Some(&state) {
            reload(&app).await;
            (loaded, seen) = (Some(state), None);
        } else {
            seen = Some(state);
        }
    }
}

async fn reload(app: &App) {
    match app.reload_config().await {
        Ok(None) => {}
        Ok(Some(change)) => {
            tracing::info!("the configuration changed and was read again");
            for message in change.after.beyond(&change.before).messages() {
                tracing::warn!("{message}");
            }
            for setting in change.before.beyond(&change.after).iter() {
                tracing::info!("no longer there: {setting}");
            }
        }
        Err(error) => {
            tracing::warn!("the configuration changed and cannot be used, the one before stays: {error}");
        }
    }
}
