//! Delete an account: the person types the user's name, so that nobody is deleted by a key too many.

use super::Submission;
use crate::account::UserKey;
use crate::session::{self, UserView};
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::text;

/// The form.
#[derive(Debug)]
pub struct DeleteForm {
    /// The user.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// The fields.
    pub form: Form,
}

impl DeleteForm {
    /// An empty form.
    pub fn new(user: &UserView) -> Self {
        let form = Form::new(vec![Field::text(FieldName::Label, "Name", "")]);
        Self { user: user.key.clone(), label: user.label.clone(), form }
    }

    /// The name to type, as the screen shows it: a name from a server may hold what no keyboard types.
    pub fn name(&self) -> String {
        text::inert(&self.label).trim().to_owned()
    }

    /// Whether the name stands there.
    pub fn agreed(&self) -> bool {
        self.form.text(FieldName::Label).trim() == self.name()
    }

    /// What is lost.
    pub fn text(&self) -> String {
        format!(
            "The account of {} of the App {} (id {}) is deleted at the server, with all its identities. \
             This cannot be undone. Type {} to delete it.",
            self.label,
            self.user.app,
            self.user.id,
            self.name()
        )
    }

    pub(super) fn submit(&mut self) -> Submission {
        if self.agreed() {
            return Submission::send(session::Delete { user: self.user.clone() });
        }
        let why = format!("type {} as it stands above", self.name());
        self.form.refuse(FieldName::Label, why);
        Submission::Refused
    }
}
