//! One field of a form.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use secrecy::SecretString;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::SecretField;

/// The longest text of a field, in bytes. JWTs and JSON are the longest that occur.
pub(super) const LONGEST: usize = 64 * 1024;

/// Names a field within its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldName {
    /// The log-in method.
    Method,
    /// An e-mail address.
    Email,
    /// A password.
    Password,
    /// Whether the account is registered first.
    Register,
    /// A path into custom data.
    Path,
    /// A value of custom data.
    Value,
    /// Where the vault's key lives.
    KeyPlace,
    /// The vault's passphrase.
    Passphrase,
    /// The passphrase once more.
    Repeat,
    /// An API key.
    ApiKey,
    /// A JWT of another issuer.
    Jwt,
    /// What an authentication function takes.
    Payload,
    /// Whether a provider is logged in with by its pages or by what it gave.
    Way,
    /// The address that a browser ended at.
    Address,
    /// Which of the two things Google gives.
    GoogleProof,
    /// A token of a social provider.
    Token,
    /// The link of a mail.
    Link,
    /// Arguments of a reset function.
    Arguments,
    /// The name of an API key.
    KeyName,
    /// How far to move a clock.
    Amount,
    /// What is looked for.
    Query,
    /// A part of a user's name.
    User,
    /// A user's whole name, typed to show that the user is meant.
    Label,
    /// What an App is called on this device.
    Alias,
    /// The base URL of an App.
    BaseUrl,
    /// The client app id of an App.
    ClientAppId,
    /// The data source of an App's custom user data.
    DataService,
    /// Its database.
    Database,
    /// Its collection.
    Collection,
    /// The field of its documents that holds the user's id.
    UserIdField,
    /// The token of a local App's control API.
    ControlToken,
}

/// A field.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: FieldName,
    /// What stands before it.
    pub label: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// What is wrong with it.
    pub error: Option<String>,
    /// What else to say beside it.
    pub note: Option<String>,
    /// Whether it is left out.
    pub hidden: bool,
    /// Whether several lines mean the same with spaces between them.
    pub(super) joins_lines: bool,
    /// What its text has to be; a field with a check has to have a text.
    check: Option<Check>,
    /// What becomes of a secret when the request that it was for fails.
    after_failure: AfterFailure,
}

/// What becomes of a secret when the request that it was for fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterFailure {
    /// It is gone.
    Wiped,
    /// It is there to be sent again, until something else is typed in its place.
    Replaceable,
    /// It is there to be edited.
    Kept,
}

/// Says what is wrong with a text.
type Check = fn(&str) -> Result<(), String>;

/// What a field holds.
#[derive(Debug)]
pub enum FieldKind {
    /// One line of text.
    Text(Input),
    /// A secret.
    Secret(SecretField),
    /// One of some options, in one line.
    Choice {
        /// The options.
        options: Vec<&'static str>,
        /// The chosen one.
        chosen: usize,
        /// Whether each option has its own line.
        listed: bool,
    },
    /// On or off.
    Toggle(bool),
}

impl Field {
    /// A text field.
    pub fn text(name: FieldName, label: &'static str, value: &str) -> Self {
        Self::new(name, label, FieldKind::Text(Input::new(value.to_owned())))
    }

    /// A secret field.
    pub fn secret(name: FieldName, label: &'static str) -> Self {
        Self::new(name, label, FieldKind::Secret(SecretField::default()))
    }

    /// A choice in one line.
    pub fn choice(name: FieldName, label: &'static str, options: Vec<&'static str>) -> Self {
        Self::new(name, label, FieldKind::Choice { options, chosen: 0, listed: false })
    }

    /// A choice with a line an option.
    pub fn list(name: FieldName, label: &'static str, options: Vec<&'static str>) -> Self {
        Self::new(name, label, FieldKind::Choice { options, chosen: 0, listed: true })
    }

    /// A toggle.
    pub fn toggle(name: FieldName, label: &'static str, on: bool) -> Self {
        Self::new(name, label, FieldKind::Toggle(on))
    }

    fn new(name: FieldName, label: &'static str, kind: FieldKind) -> Self {
        Self {
            name,
            label,
            kind,
            error: None,
            note: None,
            hidden: false,
            joins_lines: false,
            check: None,
            after_failure: AfterFailure::Wiped,
        }
    }

    /// The same, with a text that is checked while it is typed.
    pub fn checked(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    /// The same; a secret in it outlives a request that failed, and can be edited then.
    pub fn kept(self) -> Self {
        Self { after_failure: AfterFailure::Kept, ..self }
    }

    /// The same; a secret in it outlives a request that failed, and is sent again unless something else is typed. Nobody
    /// likes to type it twice, and nobody edits what cannot be seen.
    pub fn replaceable(self) -> Self {
        Self { after_failure: AfterFailure::Replaceable, ..self }
    }

    /// The same, for a text whose lines mean the same with spaces between them, as those of JSON.
    pub fn joining_lines(self) -> Self {
        Self { joins_lines: true, ..self }
    }

    /// The secret, for a request; the field keeps it only if it outlives a failure.
    pub(super) fn secret_to_send(&mut self) -> SecretString {
        match &mut self.kind {
            FieldKind::Secret(secret) if self.after_failure == AfterFailure::Wiped => secret.take(),
            FieldKind::Secret(secret) => secret.peek().into(),
            _ => SecretString::default(),
        }
    }

    /// Says what is wrong with its text beside it. That there is none is wrong only when it is `wanted` by now.
    pub(super) fn verify(&mut self, wanted: bool) {
        let (Some(check), FieldKind::Text(input)) = (self.check, &self.kind) else { return };
        self.error = match input.value().trim() {
            "" if wanted => Some("is needed".into()),
            "" => None,
            text => check(text).err(),
        };
    }

    /// The request that a secret was for has failed.
    pub(super) fn request_failed(&mut self) {
        let FieldKind::Secret(secret) = &mut self.kind else { return };
        match self.after_failure {
            AfterFailure::Wiped => drop(secret.wipe()),
            AfterFailure::Replaceable => secret.offer_replacement(),
            AfterFailure::Kept => {}
        }
    }

    /// Whether it takes text.
    pub fn is_text(&self) -> bool {
        matches!(self.kind, FieldKind::Text(_) | FieldKind::Secret(_))
    }

    /// Whether something else can be chosen than what is.
    pub fn has_alternatives(&self) -> bool {
        !matches!(&self.kind, FieldKind::Choice { options, .. } if options.len() < 2)
    }

    /// Whether it takes a secret.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, FieldKind::Secret(_))
    }

    /// Lines that it takes on the screen.
    pub fn height(&self) -> usize {
        match &self.kind {
            FieldKind::Choice { options, listed: true, .. } => options.len(),
            _ => 1,
        }
    }

    /// Takes a key; whether it changed anything.
    pub(super) fn key(&mut self, key: KeyEvent) -> bool {
        match &mut self.kind {
            FieldKind::Text(input) => {
                let types =
                    matches!(key.code, KeyCode::Char(_)) && !key.modifiers.contains(KeyModifiers::CONTROL);
                let is_full = input.value().len() >= LONGEST;
                !(types && is_full) && input.handle_event(&Event::Key(key)).is_some()
            }
            FieldKind::Secret(secret) => match (key.code, key.modifiers) {
                (KeyCode::Backspace, _) => secret.backspace(),
                (KeyCode::Char('u'), KeyModifiers::CONTROL) => secret.wipe(),
                // AltGr arrives as Control and Alt on some terminals, and makes letters.
                (KeyCode::Char(c), held)
                    if held.contains(KeyModifiers::CONTROL) == held.contains(KeyModifiers::ALT) =>
                {
                    secret.insert(c)
                }
                _ => false,
            },
            FieldKind::Choice { .. } | FieldKind::Toggle(_) => false,
        }
    }

    /// Inserts a text of one line at the cursor, if there is room; whether it did.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        match &mut self.kind {
            FieldKind::Text(input) if input.value().len() + text.len() <= LONGEST => {
                let (value, cursor) = (input.value(), input.cursor());
                let at = value.char_indices().nth(cursor).map_or(value.len(), |(at, _)| at);
                let all = [&value[..at], text, &value[at..]].concat();
                *input = Input::new(all).with_cursor(cursor + text.chars().count());
                true
            }
            FieldKind::Secret(secret) if secret.room() >= text.len() => {
                for c in text.chars() {
                    secret.insert(c);
                }
                true
            }
            _ => false,
        }
    }

    pub(super) fn change(&mut self, forward: bool) -> bool {
        match &mut self.kind {
            FieldKind::Choice { options, chosen, .. } => {
                let step = if forward { 1 } else { options.len() - 1 };
                *chosen = (*chosen + step) % options.len();
                true
            }
            FieldKind::Toggle(on) => {
                *on = !*on;
                true
            }
            _ => false,
        }
    }

    pub(super) fn choose_below(&mut self) -> bool {
        match &mut self.kind {
            FieldKind::Choice { options, chosen, listed: true } if *chosen + 1 < options.len() => {
                *chosen += 1;
                true
            }
            _ => false,
        }
    }

    pub(super) fn choose_above(&mut self) -> bool {
        match &mut self.kind {
            FieldKind::Choice { chosen, listed: true, .. } if *chosen > 0 => {
                *chosen -= 1;
                true
            }
            _ => false,
        }
    }
}
