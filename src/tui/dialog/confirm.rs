//! Questions before something that is hard to undo.

use super::Submission;
use crate::account::{ApiKeyAction, ApiKeyId, FieldPath, UserKey};
use crate::session::Command;
use crate::tui::batch::BatchAction;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Forget the user on this device.
    Remove,
    /// Do something to all marked users.
    Many(BatchAction, Vec<UserKey>),
    /// Delete the account.
    Delete,
    /// Remove a field of the custom data.
    Unset(FieldPath),
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
            Question::Unset(_) => "Remove a custom data field",
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
            Question::Unset(path) => {
                format!("The field {path} is removed from the custom data of {who}, with all that is in it.")
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
            Question::Remove | Question::Unset(_) | Question::Many(BatchAction::Remove, _) => "Remove",
            Question::Many(BatchAction::LogOut, _) => "Log out",
            Question::Many(BatchAction::Refresh, _) => "Refresh",
        }
    }

    pub(super) fn waiting(&self) -> &'static str {
        match self.question {
            Question::Delete | Question::DeleteKey { .. } => "deleting…",
            Question::Remove | Question::Unset(_) => "removing…",
            // Its results are told together, outside of the dialog.
            Question::Many(..) => "",
        }
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
            Question::Unset(path) => Command::UnsetCustomData { user, path: path.clone() },
            Question::DeleteKey { id, .. } => {
                Command::ApiKeys { user, action: ApiKeyAction::Delete(id.clone()) }
            }
        })
    }
}
