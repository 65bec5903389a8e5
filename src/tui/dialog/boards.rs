//! Boards: dialogs that show what the worker knows, with keys of their own. They stay open until they are closed.

use jiff::SignedDuration;

use super::Submission;
use crate::account::{ApiKey, ApiKeyId, AppAlias, ClockChange, Mail, UserKey, api_key, local};
use crate::session::{self, Snapshot, UserView};
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::Action;

/// The clock of a local App.
#[derive(Debug)]
pub struct ClockBoard {
    /// The App.
    pub app: AppAlias,
    /// The row under the cursor.
    pub cursor: usize,
}

impl ClockBoard {
    /// What its rows do, from the top.
    pub const ROWS: [Action; 7] = [
        Action::ClockHalfHour,
        Action::ClockHour,
        Action::ClockDay,
        Action::ClockTwoMonths,
        Action::ClockAmount,
        Action::ClockFreeze,
        Action::ClockReset,
    ];

    /// The board with the cursor on the first row.
    pub fn new(app: AppAlias) -> Self {
        Self { app, cursor: 0 }
    }

    /// The step of a row that has one.
    pub fn step(action: Action) -> Option<SignedDuration> {
        match action {
            Action::ClockHalfHour => Some(SignedDuration::from_mins(30)),
            Action::ClockHour => Some(SignedDuration::from_hours(1)),
            Action::ClockDay => Some(SignedDuration::from_hours(24)),
            Action::ClockTwoMonths => Some(SignedDuration::from_hours(61 * 24)),
            _ => None,
        }
    }
}

/// How far to move the clock of a local App.
#[derive(Debug)]
pub struct AmountForm {
    /// The App.
    pub app: AppAlias,
    /// The fields.
    pub form: Form,
}

impl AmountForm {
    /// An empty form.
    pub fn new(app: AppAlias) -> Self {
        Self { app, form: Form::new(vec![Field::text(FieldName::Amount, "Move by", "")]) }
    }

    /// What the typed text means, or why it means nothing.
    pub fn verdict(&self) -> Result<SignedDuration, local::StepError> {
        local::parse_step(self.form.text(FieldName::Amount))
    }

    pub(super) fn submit(&mut self) -> Submission {
        match self.verdict() {
            Ok(step) => Submission::send(session::ChangeClock {
                app: self.app.clone(),
                change: ClockChange::Advance(step),
            }),
            // The line below the field says what is wrong.
            Err(_) => Submission::Refused,
        }
    }
}

/// The mailbox of a local App.
#[derive(Debug)]
pub struct Mailbox {
    /// The App.
    pub app: AppAlias,
    /// The selected mail; the newest until one is chosen.
    selected: Option<i64>,
}

impl Mailbox {
    /// The mailbox with the newest mail selected.
    pub fn new(app: AppAlias) -> Self {
        Self { app, selected: None }
    }

    /// The mails, newest first; `None` before they were read.
    pub fn mails<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a [Mail]> {
        snapshot.app(&self.app)?.local.as_ref()?.mails.as_deref()
    }

    /// The row of the selected mail: it keeps its mail when another one comes.
    pub fn cursor(&self, snapshot: &Snapshot) -> usize {
        let mails = self.mails(snapshot).unwrap_or_default();
        mails.iter().position(|mail| Some(mail.id) == self.selected).unwrap_or(0)
    }

    /// The selected mail.
    pub fn current<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a Mail> {
        self.mails(snapshot)?.get(self.cursor(snapshot))
    }

    /// Selects a row, at most the last.
    pub fn go_to(&mut self, row: usize, snapshot: &Snapshot) {
        let mails = self.mails(snapshot).unwrap_or_default();
        self.selected = mails.get(row.min(mails.len().saturating_sub(1))).map(|mail| mail.id);
    }
}

/// The API keys of a user.
#[derive(Debug)]
pub struct KeyList {
    /// The user.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    selected: Option<ApiKeyId>,
}

impl KeyList {
    /// The keys of a user.
    pub fn new(user: &UserView) -> Self {
        Self { user: user.key.clone(), label: user.label.clone(), selected: None }
    }

    /// The keys; `None` before they were read.
    pub fn keys<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a [ApiKey]> {
        snapshot.user(&self.user)?.api_keys.as_deref()
    }

    /// The row of the selected key.
    pub fn cursor(&self, snapshot: &Snapshot) -> usize {
        let keys = self.keys(snapshot).unwrap_or_default();
        keys.iter().position(|key| Some(&key.id) == self.selected.as_ref()).unwrap_or(0)
    }

    /// The selected key.
    pub fn current<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a ApiKey> {
        self.keys(snapshot)?.get(self.cursor(snapshot))
    }

    /// Selects a row, at most the last.
    pub fn go_to(&mut self, row: usize, snapshot: &Snapshot) {
        let keys = self.keys(snapshot).unwrap_or_default();
        self.selected = keys.get(row.min(keys.len().saturating_sub(1))).map(|key| key.id.clone());
    }
}

/// A new API key.
#[derive(Debug)]
pub struct KeyForm {
    /// The user.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// The fields.
    pub form: Form,
}

impl KeyForm {
    /// An empty form.
    pub fn new(user: UserKey, label: String) -> Self {
        Self { user, label, form: Form::new(vec![Field::text(FieldName::KeyName, "Name", "")]) }
    }

    pub(super) fn submit(&mut self) -> Submission {
        let name = self.form.text(FieldName::KeyName).to_owned();
        if let Err(error) = api_key::check_key_name(&name) {
            self.form.refuse(FieldName::KeyName, error.to_string());
            return Submission::Refused;
        }
        Submission::send(session::CreateApiKey { user: self.user.clone(), name })
    }
}
