//! Delete an account: the person types the user's name, so that nobody is deleted by a key too many.

use ratatui::text::Line;

use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form};
use crate::account::UserKey;
use crate::session::{self, UserView};
use crate::text;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::form;
use crate::tui::widget::page::{below, paragraph};

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

    pub fn submit(&mut self) -> Vec<Reaction> {
        if self.agreed() {
            return Reaction::ask(session::Delete { user: self.user.clone() });
        }
        let why = format!("type {} as it stands above", self.name());
        self.form.refuse(FieldName::Label, why);
        vec![]
    }
}

impl Component for DeleteForm {
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
        let mut drawn =
            below(paragraph(&self.text(), theme.text, COLUMNS), form::draw(&self.form, theme, COLUMNS));
        if self.agreed() {
            let submit = state.keymap.call(Context::TextField, Action::Submit);
            drawn.lines.push(Line::default());
            drawn.lines.extend(paragraph(&format!("! {submit} deletes the account"), theme.bad, COLUMNS));
        }
        Page::new("Delete the account", drawn)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![self.text()]
    }
}

impl Modal for DeleteForm {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn waiting(&self) -> &'static str {
        "deleting…"
    }
}
