//! A configuration as the files of the export format (section 11): reading them into values, and writing values as files.
//!
//! What a file says is taken, refused with its place, or reported: nothing is passed over in silence.

mod custom_user_data;
mod data_rules;
mod edit;
mod error;
mod fields;
mod functions;
mod providers;
mod report;
mod root;
mod secrets;
mod settings;
mod source;
mod values;
mod write;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use error::ConfigError;
pub use report::{MissingSecret, Report, Unhonoured};

use super::AppConfig;
use source::Source;
pub use write::{lifetime, pretty};

/// The file that makes a folder an App's.
pub const ROOT_CONFIG: &str = "root_config.json";
/// How one can log in.
pub const PROVIDERS: &str = "auth/providers.json";
/// The document that travels in access tokens.
pub const CUSTOM_USER_DATA: &str = "auth/custom_user_data.json";
/// Who may run which function.
pub const FUNCTIONS: &str = "functions/config.json";
/// Secrets by name.
pub const SECRETS: &str = "secrets.json";
/// What the export format has no place for.
pub const SETTINGS: &str = "idmux.json";

/// The files of an App by their path, whose parts are separated by `/` everywhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AppFiles(BTreeMap<String, String>);

impl fmt::Debug for AppFiles {
    /// The paths alone: files may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl AppFiles {
    /// Whether there is no file at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Adds a file, or replaces it.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.0.insert(path.into(), text.into());
    }

    /// Paths and texts, in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files that are not the same in `other`, on either side.
    pub fn changed<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a str> {
        let paths = self.0.keys().chain(other.0.keys()).map(String::as_str);
        paths.filter(|path| self.get(path) != other.get(path)).collect()
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for AppFiles {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(files: I) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.into(), text.into())).collect())
    }
}

impl AppConfig {
    /// Reads the files of an App. They are the whole of it: a provider that they do not name is not there, and one whose
    /// secrets are missing is off.
    ///
    /// # Errors
    /// When a file does not say what it should; the error names the file and the field.
    pub fn from_files(files: &AppFiles) -> Result<(Self, Report), ConfigError> {
        let mut source = Source::new(files);
        let mut secrets = secrets::read(&mut source)?;
        let root = root::read(&mut source)?;
        let functions = functions::read(&mut source)?;
        let custom_user_data = custom_user_data::read(&mut source, root.custom_user_data)?;
        let config = Self {
            app_id: root.app_id,
            name: root.name,
            allowed_request_origins: root.allowed_request_origins,
            environment: values::environment(&mut source, root.environment)?,
            providers: providers::read(&mut source, &mut secrets)?,
            data_rules: data_rules::read(&mut source, &custom_user_data)?,
            data_sources: data_rules::files(files),
            custom_user_data,
            values: values::read(&mut source, &mut secrets)?,
            settings: settings::read(&mut source, &mut secrets)?,
            functions,
        };
        functions::check_hooks(&config)?;
        Ok((config, source.finish(secrets.into_missing())))
    }
}
