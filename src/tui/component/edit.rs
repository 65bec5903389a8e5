//! Edit a value of the custom data, or add one.

use bson::{Bson, Document};
use ratatui::text::Line;

use super::document::{change, too_large};
use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form};
use crate::account::UserKey;
use crate::data::FieldPath;
use crate::data::change::{DataEdit, apply, json_size};
use crate::data::edited_text::{edit_text, parse_edited};
use crate::data::value::{ValueError, parse_value};
use crate::session::{self, UserView};
use crate::tui::content::tree;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::form;
use crate::tui::widget::page::{below, paragraph};

/// The form.
#[derive(Debug)]
pub struct EditForm {
    /// Whose custom data it is.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// The field that is edited, with the type of its value; `None` for a new field.
    pub present: Option<(FieldPath, &'static str)>,
    /// What its text began from: the type that the new value keeps where it fits.
    value: Option<Bson>,
    /// The newest custom data that is known: what the edit begins from.
    known: Document,
    /// What was asked for last.
    pub sent: Option<DataEdit>,
    /// The fields.
    pub form: Form,
}

impl EditForm {
    /// A form to edit a value with.
    pub fn edit(user: &UserView, known: Document, path: FieldPath, value: &Bson) -> Self {
        let field = Field::text(FieldName::Value, "Value", &edit_text(value)).joining_lines();
        let present = Some((path, tree::type_name(value)));
        Self { value: Some(value.clone()), ..Self::new(user, known, present, Form::new(vec![field])) }
    }

    /// A form to add a field with, inside of `parent`.
    pub fn add(user: &UserView, known: Document, parent: &FieldPath) -> Self {
        let path = if parent.is_root() { String::new() } else { format!("{parent}.") };
        let form = Form::new(vec![
            Field::text(FieldName::Path, "Field", &path),
            Field::text(FieldName::Value, "Value", "").joining_lines(),
        ]);
        Self::new(user, known, None, form)
    }

    fn new(user: &UserView, known: Document, present: Option<(FieldPath, &'static str)>, form: Form) -> Self {
        let (user, label) = (user.key.clone(), user.label.clone());
        Self { user, label, present, value: None, known, sent: None, form }
    }

    /// The type in which the typed text will be stored, or why it cannot be.
    pub fn verdict(&self) -> Result<&'static str, ValueError> {
        self.typed().map(|value| tree::type_name(&value))
    }

    fn typed(&self) -> Result<Bson, ValueError> {
        let text = self.form.text(FieldName::Value);
        match &self.value {
            Some(before) => parse_edited(text, before),
            None => parse_value(text),
        }
    }

    /// What would be changed, as far as it can be told.
    pub fn preview(&self) -> Option<DataEdit> {
        let path = match &self.present {
            Some((path, _)) => path.clone(),
            None => FieldPath::parse_writable(self.form.text(FieldName::Path)).ok()?,
        };
        let value = self.typed().ok()?;
        let before = path.find(&self.known).cloned();
        Some(DataEdit::field(path, before, Some(value)))
    }

    /// How large the custom data would be as JSON.
    pub fn size(&self) -> usize {
        let changes = self.preview().map(|edit| edit.changes).unwrap_or_default();
        json_size(&apply(&self.known, &changes))
    }

    pub fn submit(&mut self) -> Vec<Reaction> {
        let path = match &self.present {
            Some((path, _)) => path.clone(),
            None => match FieldPath::parse_writable(self.form.text(FieldName::Path)) {
                Ok(path) => path,
                Err(error) => {
                    self.form.refuse(FieldName::Path, error.to_string());
                    return vec![];
                }
            },
        };
        match self.typed() {
            Ok(value) => {
                let before = path.find(&self.known).cloned();
                let edit = DataEdit::field(path, before, Some(value));
                self.sent = Some(edit.clone());
                Reaction::ask(session::EditCustomData { user: self.user.clone(), edit })
            }
            Err(_) => {
                // The line below the field says what is wrong with the value.
                self.form.focus_on(FieldName::Value);
                vec![]
            }
        }
    }
}

impl Component for EditForm {
    fn context(&self) -> Context {
        form_context(&self.form)
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        if let Input::Action(Action::Submit) = input {
            return self.submit();
        }
        handle_form(&mut self.form, &input);
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        let theme = &state.theme;
        let (title, intro) = match &self.present {
            Some((path, kind)) => {
                let words = format!("{path} of {}, {kind} at present", self.label);
                (format!("Edit {path}"), paragraph(&words, theme.muted, COLUMNS))
            }
            None => {
                let words = format!("{}: a name, or a path such as settings.theme", self.label);
                ("Add a custom data field".into(), paragraph(&words, theme.muted, COLUMNS))
            }
        };
        let fields = form::draw(&self.form, theme, COLUMNS);
        let mut drawn = below(intro, fields);
        let (words, style) = match self.verdict() {
            Ok("string") if self.form.text(FieldName::Value).trim().is_empty() => {
                ("will be stored as an empty string".to_owned(), theme.muted)
            }
            Ok(kind) => (format!("will be stored as {kind}"), theme.good),
            Err(error) => (format!("✗ {error}"), theme.bad),
        };
        drawn.lines.push(Line::default());
        drawn.lines.extend(paragraph(&words, style, COLUMNS));
        if let Some(edit) = self.preview() {
            drawn.lines.extend(edit.changes.iter().map(|of| change(state, of, COLUMNS)));
            drawn.lines.extend(too_large(state, self.size(), COLUMNS));
        }
        Page::new(title, drawn)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![match &self.present {
            Some((path, kind)) => format!("edit {path} of {}, {kind} at present", self.label),
            None => format!("add a custom data field to {}: a name, or a path such as a.b", self.label),
        }]
    }
}

impl Modal for EditForm {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn objection(&self) -> Option<String> {
        self.verdict().err().map(|error| error.to_string())
    }

    fn waiting(&self) -> &'static str {
        "writing…"
    }

    fn holds_work(&self) -> bool {
        self.holds_text()
    }

    fn data_edit(&self) -> Option<(UserKey, String, DataEdit)> {
        Some((self.user.clone(), self.label.clone(), self.sent.clone()?))
    }
}
