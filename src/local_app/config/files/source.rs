//! The files while they are read: what nobody took in the end is reported.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::ConfigError;
use super::report::{MissingSecret, Report};
use super::{AppFiles, fields::Fields};

/// The files, those that somebody took, and what they say without effect.
pub struct Source<'f> {
    files: &'f AppFiles,
    taken: BTreeSet<&'f str>,
    report: Report,
}

impl<'f> Source<'f> {
    pub fn new(files: &'f AppFiles) -> Self {
        Self { files, taken: BTreeSet::new(), report: Report::default() }
    }

    /// The path of the root configuration.
    pub fn root_config(&self) -> &'static str {
        self.files.root_config()
    }

    /// Whether somebody took a file.
    pub fn is_taken(&self, path: &str) -> bool {
        self.taken.contains(path)
    }

    /// The text of a file.
    pub fn text(&mut self, path: &str) -> Option<&'f str> {
        let (path, text) = self.files.0.get_key_value(path)?;
        self.taken.insert(path);
        Some(text)
    }

    /// The JSON of a file.
    pub fn json(&mut self, path: &str) -> Result<Option<Value>, ConfigError> {
        let Some(text) = self.text(path) else { return Ok(None) };
        // Some editors put a byte order mark before everything.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        serde_json::from_str(text).map(Some).map_err(|error| {
            let said = error.to_string();
            let problem = said.split(" at line ").next().unwrap_or_default().to_owned();
            ConfigError::Syntax { file: path.to_owned(), line: error.line(), column: error.column(), problem }
        })
    }

    /// The JSON of a file that is looked at and not taken; `None` also if it is none.
    pub fn peek(&self, path: &str) -> Option<Value> {
        let text = self.files.get(path)?;
        serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()
    }

    /// The object in a file.
    pub fn object(&mut self, path: &str) -> Result<Option<Fields>, ConfigError> {
        self.json(path)?.map(|value| Fields::of_file(path, value)).transpose()
    }

    /// The paths below `folder` that end in `suffix`, with what is between.
    pub fn below(&self, folder: &str, suffix: &str) -> Vec<(&'f str, &'f str)> {
        let between = |path: &'f str| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(suffix)?;
            (!name.is_empty()).then_some((path, name))
        };
        self.files.iter().filter_map(|(path, _)| between(path)).collect()
    }

    /// Notes what is left of an object.
    pub fn done(&mut self, fields: Fields) {
        let (file, left) = fields.left();
        for field in left {
            self.report.field(&file, field);
        }
    }

    /// Notes a field.
    pub fn unhonoured(&mut self, file: &str, field: impl Into<String>) {
        self.report.field(file, field.into());
    }

    /// Notes that something is refused to people, since what the file says about them cannot be judged.
    pub fn denied(&mut self, file: &str, field: &str, because: &str) {
        self.report.denied(file, field, because);
    }

    /// What has no effect, with every file that nobody took, and which secrets are `missing`.
    pub fn finish(mut self, missing: BTreeSet<MissingSecret>) -> Report {
        self.report.secrets(missing);
        for (path, _) in self.files.iter().filter(|(path, _)| !self.taken.contains(path)) {
            self.report.file(path);
        }
        self.report
    }
}
