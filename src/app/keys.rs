//! The keymap that a person chose.

use crate::config::{Config, KeysConfig};
use crate::folders::Folders;
use crate::tui::keymap::{Keymap, RemapError, Row, Setting};

use super::AppError;

/// The keymap of this configuration.
pub(super) fn of(config: &KeysConfig) -> Result<Keymap, RemapError> {
    let settings: Vec<_> = config
        .settings
        .iter()
        .map(|setting| Setting {
            line: setting.line,
            place: setting.place.clone(),
            action: setting.action.clone(),
            keys: setting.keys.clone(),
        })
        .collect();
    Keymap::remapped(&settings)
}

/// The keymap in force on this device.
fn in_force() -> Result<Keymap, AppError> {
    let path = Folders::find()?.config();
    of(&Config::read(&path)?.keys).map_err(|source| AppError::Keys { path, source })
}

/// The keys in force, a row for each action and set of keys.
///
/// # Errors
/// When the configuration cannot be read, or sets keys that cannot be meant.
pub fn rows() -> Result<Vec<Row>, AppError> {
    Ok(in_force()?.rows())
}

/// The keys in force as a page of the documentation.
///
/// # Errors
/// As [`rows`].
pub fn markdown() -> Result<String, AppError> {
    Ok(in_force()?.markdown())
}
