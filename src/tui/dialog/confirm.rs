//! Questions before something that is hard to undo.

use bson::Bson;

use super::Submission;
use crate::account::{ApiKeyAction, ApiKeyId, DataEdit, FieldPath, UserKey};
use crate::session::Command;
use crate::tui::batch::BatchAction;
use crate::tui::content::tree;
use crate::tui::words;

/// A question with two answers.
#[derive(Debug)]
pub struct Confirm {
    /// What would be done.
    pub question: Question,
    /// Whom it concerns.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// Whether the answer under the focus is the one that does it.
    pub agreed: bool,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Forget the user on this device.
    Remove,
    /// Do something to all marked users.
    Many(BatchAction, Vec<UserKey>),
    /// Delete the account.
    Delete,
    /// Remove a field of the custom data.
    Unset {
        /// The field.
        path: FieldPath,
        /// Its value, as far as it is known.
        before: Option<Bson>,
    },
    /// Delete an API key.
    DeleteKey {
        /// The key.
        id: ApiKeyId,
        /// Its name; text from a server.
        name: String,
    },
}

impl Confirm {
    /// A question. Where nothing brings back what is lost, or much is lost at once, the focus is on the harmless answer.
    pub fn new(question: Question, user: UserKey, label: String) -> Self {
        let agreed = !matches!(question, Question::Delete | Question::DeleteKey { .. } | Question::Many(..));
        Self { question, user, label, agreed }
    }

    /// The title.
    pub fn title(&self) -> &'static str {
        match self.question {
            Question::Remove | Question::Many(BatchAction::Remove, _) => "Remove from this device",
            Question::Many(BatchAction::LogOut, _) => "Log out",
            Question::Many(BatchAction::Refresh, _) => "Refresh",
            Question::Delete => "Delete the account",
            Question::Unset { .. } => "Remove a custom data field",
            Question::DeleteKey { .. } => "Delete an API key",
        }
    }

    /// What would happen to whom.
    pub fn text(&self) -> String {
        let Self { label, user, .. } = self;
        let who = format!("{label} of the App {}", user.app);
        match &self.question {
            Question::Many(action, users) => {
                let others = match users.len().saturating_sub(1) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let are = if users.len() == 1 { "is" } else { "are" };
                let marked = format!("{label}{others}: {} {are}", words::count(users.len(), "marked user"));
                match action {
                    BatchAction::Remove => format!(
                        "{marked} logged out and forgotten on this device. The accounts themselves live on."
                    ),
                    BatchAction::LogOut => {
                        format!(
                            "{marked} logged out, and listed on. To have a session again takes a log-in for each."
                        )
                    }
                    BatchAction::Refresh => format!("{marked} given new access tokens."),
                }
            }
            Question::Remove => format!(
                "{who} is logged out and forgotten on this device. The account itself lives on: \
                 log in again to have it back."
            ),
            Question::Delete => format!(
                "The account of {who} (id {}) is deleted at the server, with all its identities. \
                 This cannot be undone.",
                user.id
            ),
            Question::Unset { path, before } => {
                let value = before.as_ref().map(tree::summary).unwrap_or_default();
                format!("The field {path} is removed from the custom data of {who}: {value}")
            }
            Question::DeleteKey { name, .. } => format!(
                "The API key {name} of {who} is deleted. Whoever uses it cannot log in again. \
                 This cannot be undone; disabling it can."
            ),
        }
    }

    /// The answer that does it.
    pub fn answer(&self) -> &'static str {
        match self.question {
            Question::Delete | Question::DeleteKey { .. } => "Delete",
            Question::Remove | Question::Unset { .. } | Question::Many(BatchAction::Remove, _) => "Remove",
            Question::Many(BatchAction::LogOut, _) => "Log out",
            Question::Many(BatchAction::Refresh, _) => "Refresh",
        }
    }

    pub(super) fn waiting(&self) -> &'static str {
        match self.question {
            Question::Delete | Question::DeleteKey { .. } => "deleting…",
            Question::Remove | Question::Unset { .. } => "removing…",
            // Its results are told together, outside of the dialog.
            Question::Many(..) => "",
        }
    }

    /// The change of the custom data, if the question is about one.
    pub fn edit(&self) -> Option<DataEdit> {
        let Question::Unset { path, before } = &self.question else { return None };
        Some(DataEdit::field(path.clone(), before.clone(), None))
    }

    pub(super) fn submit(&self) -> Submission {
        if !self.agreed {
            return Submission::Close;
        }
        let user = self.user.clone();
        Submission::send(match &self.question {
            Question::Many(action, users) => return Submission::Batch(*action, users.clone()),
            Question::Remove => Command::Remove { user },
            Question::Delete => Command::Delete { user },
            Question::Unset { .. } => match self.edit() {
                Some(edit) => Command::EditCustomData { user, edit },
                None => return Submission::Close,
            },
            Question::DeleteKey { id, .. } => {
                Command::ApiKeys { user, action: ApiKeyAction::Delete(id.clone()) }
            }
        })
    }
}
