//! What a configuration asks for and does not get.

use std::collections::BTreeSet;
use std::fmt;

/// Every setting that is there and has no effect, sorted, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report(BTreeSet<Unhonoured>);

/// A setting without effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unhonoured {
    /// The file.
    pub file: String,
    /// The way to the field; `None`: all that the file says.
    pub field: Option<String>,
}

impl Report {
    /// The settings in order.
    pub fn iter(&self) -> impl Iterator<Item = &Unhonoured> {
        self.0.iter()
    }

    /// Whether everything is honoured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What this report has and `earlier` has not.
    pub fn beyond(&self, earlier: &Self) -> Vec<Unhonoured> {
        self.0.difference(&earlier.0).cloned().collect()
    }

    pub(super) fn file(&mut self, file: &str) {
        self.0.insert(Unhonoured { file: file.to_owned(), field: None });
    }

    pub(super) fn field(&mut self, file: &str, field: String) {
        self.0.insert(Unhonoured { file: file.to_owned(), field: Some(field) });
    }
}

impl fmt::Display for Unhonoured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{}: {field} is not honoured", self.file),
            None => write!(f, "{} is not honoured", self.file),
        }
    }
}
