//! Changing one file.

use serde_json::{Map, Value};

use super::error::ConfigError;
use super::providers::OLDER;
use super::source::Source;
use super::{AppFiles, CUSTOM_USER_DATA, PROVIDERS, ROOT_CONFIG, pretty};
use crate::local_app::failure::Failure;

impl AppFiles {
    /// The files after `edit` changed the one at `path`.
    pub(in crate::local_app::config) fn edited(
        &self,
        path: &str,
        edit: impl FnOnce(Value) -> Result<Value, Failure>,
    ) -> Result<Self, Failure> {
        let path = if path == ROOT_CONFIG { self.root_config() } else { path };
        let before = self.editable(path).map_err(|error| Failure::BadRequest(error.to_string()))?;
        let mut edited = self.clone();
        edited.insert(path, pretty(&edit(before)?));
        Ok(edited)
    }

    /// What a file says. One that is not there says what older exports have in its place, so that it is not lost when
    /// the file comes to be.
    pub(in crate::local_app::config) fn editable(&self, path: &str) -> Result<Value, ConfigError> {
        let mut source = Source::new(self);
        if let Some(value) = source.json(path)? {
            return Ok(value);
        }
        let empty = || Value::Object(Map::new());
        match path {
            PROVIDERS => {
                let mut entries = Map::new();
                for (file, name) in source.below(OLDER, ".json") {
                    let entry = source.json(file)?.unwrap_or_default();
                    let name = entry.get("type").and_then(Value::as_str).unwrap_or(name).to_owned();
                    entries.insert(name, entry);
                }
                Ok(Value::Object(entries))
            }
            CUSTOM_USER_DATA => {
                let root = source.json(self.root_config())?.unwrap_or_default();
                Ok(root.get("custom_user_data_config").cloned().unwrap_or_else(empty))
            }
            _ => Ok(empty()),
        }
    }
}
