//! Edit a value of the custom data, or add one.

use bson::Bson;

use super::Submission;
use crate::account::custom_data::{ValueError, parse_value, value_text};
use crate::account::{FieldPath, UserKey};
use crate::session::{Command, UserView};
use crate::tui::content::tree;
use crate::tui::form::{Field, FieldName, Form};

/// The form.
#[derive(Debug)]
pub struct EditForm {
    /// Whose custom data it is.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// The field that is edited, with the type of its value; `None` for a new field.
    pub present: Option<(FieldPath, &'static str)>,
    /// The fields.
    pub form: Form,
}

impl EditForm {
    /// A form to edit a value with.
    pub fn edit(user: &UserView, path: FieldPath, value: &Bson) -> Self {
        let form = Form::new(vec![Field::text(FieldName::Value, "Value", &value_text(value))]);
        Self::new(user, Some((path, tree::type_name(value))), form)
    }

    /// A form to add a field with, inside of `parent`.
    pub fn add(user: &UserView, parent: &FieldPath) -> Self {
        let path = if parent.is_root() { String::new() } else { format!("{parent}.") };
        let form = Form::new(vec![
            Field::text(FieldName::Path, "Field", &path),
            Field::text(FieldName::Value, "Value", ""),
        ]);
        Self::new(user, None, form)
    }

    fn new(user: &UserView, present: Option<(FieldPath, &'static str)>, form: Form) -> Self {
        Self { user: user.key.clone(), label: user.label.clone(), present, form }
    }

    /// The type in which the typed text will be stored, or why it cannot be.
    pub fn verdict(&self) -> Result<&'static str, ValueError> {
        parse_value(self.form.text(FieldName::Value)).map(|value| tree::type_name(&value))
    }

    pub(super) fn submit(&mut self) -> Submission {
        let path = match &self.present {
            Some((path, _)) => path.clone(),
            None => match FieldPath::parse(self.form.text(FieldName::Path)) {
                Ok(path) => path,
                Err(error) => {
                    self.form.refuse(FieldName::Path, error.to_string());
                    return Submission::Refused;
                }
            },
        };
        match parse_value(self.form.text(FieldName::Value)) {
            Ok(value) => Submission::send(Command::SetCustomData { user: self.user.clone(), path, value }),
            Err(_) => {
                // The line below the field says what is wrong with the value.
                self.form.focus_on(FieldName::Value);
                Submission::Refused
            }
        }
    }
}
