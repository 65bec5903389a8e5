//! What a configuration asks for and does not get.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use super::SECRETS;

/// Files of a folder, and fields of a file, that are named one by one; of more, the first and a number.
const NAMED: usize = 5;
/// The longest name of a secret at the hosted service.
const LONGEST_SECRET_NAME: usize = 64;
/// A text of this length with a digit in it may be a key that somebody wrote where its name belongs.
const LIKE_A_KEY: usize = 32;

/// Every setting that is there and has no effect, and every secret that is named and not there; sorted, none twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    unhonoured: BTreeSet<Unhonoured>,
    missing: BTreeSet<MissingSecret>,
}

/// A setting without effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unhonoured {
    /// The file.
    pub file: String,
    /// The way to the field; `None`: all that the file says.
    pub field: Option<String>,
    /// What follows from it, where it is more than that it has no effect: a rule that cannot be judged refuses.
    pub because: Option<String>,
}

/// A secret that a setting names, and that is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingSecret {
    /// Its name; `None`: the text there cannot be a name, and may be the secret itself.
    pub name: Option<String>,
    /// What is off without it.
    pub needed_by: String,
    /// The file that names it.
    pub file: String,
    /// The way to the field that names it.
    pub field: String,
}

impl Report {
    /// The settings without effect, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Unhonoured> {
        self.unhonoured.iter()
    }

    /// Whether everything is honoured, and no secret is missing.
    pub fn is_empty(&self) -> bool {
        self.unhonoured.is_empty() && self.missing.is_empty()
    }

    /// The secrets that are missing, in order.
    pub fn missing_secrets(&self) -> impl Iterator<Item = &MissingSecret> {
        self.missing.iter()
    }

    /// What this report has and `earlier` has not.
    pub fn beyond(&self, earlier: &Self) -> Self {
        Self {
            unhonoured: self.unhonoured.difference(&earlier.unhonoured).cloned().collect(),
            missing: self.missing.difference(&earlier.missing).cloned().collect(),
        }
    }

    /// What a person is told, a message each: the missing secrets together with what to add, fields by their file, and
    /// whole files by their folder.
    pub fn messages(&self) -> Vec<String> {
        let (mut fields, mut folders) = (BTreeMap::<&str, Vec<_>>::new(), BTreeMap::<&str, Vec<_>>::new());
        // Each rule that refuses people is named: whoever wrote it means it.
        let (denied, unhonoured): (Vec<_>, Vec<_>) =
            self.unhonoured.iter().partition(|setting| setting.because.is_some());
        for setting in unhonoured {
            match &setting.field {
                Some(_) => fields.entry(&setting.file).or_default().push(setting),
                None => folders.entry(folder_of(&setting.file)).or_default().push(setting.file.as_str()),
            }
        }
        let mut messages: Vec<_> = self.about_secrets().into_iter().collect();
        messages.extend(denied.iter().map(ToString::to_string));
        for (file, settings) in fields {
            messages.extend(settings.iter().take(NAMED).map(ToString::to_string));
            match settings.len().saturating_sub(NAMED) {
                0 => {}
                1 => messages.push(format!("{file}: one more field is not honoured")),
                more => messages.push(format!("{file}: {more} more fields are not honoured")),
            }
        }
        messages.extend(folders.into_iter().map(|(folder, files)| about_files(folder, &files)));
        messages
    }

    /// All missing secrets in one message, with the lines that would mend it.
    fn about_secrets(&self) -> Option<String> {
        let count = self.missing.len();
        let mut message = match count {
            0 => return None,
            1 => "a secret is missing, and what needs it is off:".to_owned(),
            _ => format!("{count} secrets are missing, and what needs them is off:"),
        };
        let mut lines = Map::new();
        for MissingSecret { name, needed_by, file, field } in &self.missing {
            let shown = name.as_deref().unwrap_or("(a text that is no name)");
            message.push_str(&format!("\n  {shown}: {needed_by} ({file}: {field})"));
            let placeholder = || Value::from("the secret");
            lines.extend(name.clone().map(|name| (name, placeholder())));
        }
        if !lines.is_empty() {
            // Only the lines, to be added to a file that may be there.
            let object = super::pretty(&Value::Object(lines));
            let object = object.trim().trim_start_matches('{').trim_end_matches('}').trim_end();
            message.push_str(&format!("\nadd to {SECRETS}, inside the braces:{object}"));
        }
        if self.missing.iter().any(|secret| secret.name.is_none()) {
            message.push_str(&format!(
                "\nwrite the name of a secret where it is named, and the secret itself in {SECRETS}"
            ));
        }
        Some(message)
    }

    pub(super) fn file(&mut self, file: &str) {
        self.unhonoured.insert(Unhonoured { file: file.to_owned(), field: None, because: None });
    }

    pub(super) fn field(&mut self, file: &str, field: String) {
        self.unhonoured.insert(Unhonoured { file: file.to_owned(), field: Some(field), because: None });
    }

    pub(super) fn denied(&mut self, file: &str, field: &str, because: &str) {
        self.unhonoured.insert(Unhonoured {
            file: file.to_owned(),
            field: (!field.is_empty()).then(|| field.to_owned()),
            because: Some(because.to_owned()),
        });
    }

    pub(super) fn secrets(&mut self, missing: BTreeSet<MissingSecret>) {
        self.missing = missing;
    }
}

/// The first part of a path; empty for a file that is in no folder.
fn folder_of(file: &str) -> &str {
    file.split_once('/').map_or("", |(folder, _)| folder)
}

/// The files of one folder that say nothing to this App.
fn about_files(folder: &str, files: &[&str]) -> String {
    if let [file] = files {
        return format!("{file} is not honoured");
    }
    let inside = |file: &str| file.strip_prefix(folder).unwrap_or(file).trim_start_matches('/').to_owned();
    let mut names: Vec<_> = files.iter().take(NAMED).map(|file| inside(file)).collect();
    if let more @ 1.. = files.len().saturating_sub(NAMED) {
        names.push(format!("{more} more"));
    }
    let names = names.join(", ");
    match folder {
        "" => format!("{} files are not honoured: {names}", files.len()),
        _ => format!("{folder}: {} files are not honoured: {names}", files.len()),
    }
}

/// The text as the name of a secret, if it can be one and not a secret that stands in the place of its name.
pub(super) fn secret_name(text: &str) -> Option<String> {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let is_name = (1..=LONGEST_SECRET_NAME).contains(&text.len()) && text.bytes().all(is_part);
    let is_like_a_key = text.len() >= LIKE_A_KEY && text.bytes().any(|b| b.is_ascii_digit());
    (is_name && !is_like_a_key).then(|| text.to_owned())
}

impl fmt::Display for Unhonoured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, field, because } = self;
        match (field, because) {
            (Some(field), None) => write!(f, "{file}: {field} is not honoured"),
            (None, None) => write!(f, "{file} is not honoured"),
            (Some(field), Some(because)) => write!(f, "{file}: {field} {because}"),
            (None, Some(because)) => write!(f, "{file}: {because}"),
        }
    }
}
