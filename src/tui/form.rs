//! Forms as data: fields, the one with the focus, and what keys do to them.

mod field;
mod paste;
mod secret;

pub use field::{Field, FieldKind, FieldName};
pub use paste::first_line;
pub use secret::SecretField;

use crossterm::event::KeyEvent;
use secrecy::SecretString;

/// Fields in the order in which they are shown.
#[derive(Debug, Default)]
pub struct Form {
    fields: Vec<Field>,
    focus: usize,
    /// Whether a person typed something into it.
    typed: bool,
}

impl Form {
    /// A form whose focus is on its first field.
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields, focus: 0, typed: false }
    }

    /// The fields that are shown.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.hidden)
    }

    /// The field with the focus.
    pub fn focused(&self) -> Option<&Field> {
        self.fields.get(self.focus).filter(|field| !field.hidden)
    }

    /// Whether that field has the focus.
    pub fn is_focused(&self, name: FieldName) -> bool {
        self.focused().is_some_and(|field| field.name == name)
    }

    /// The field of that name.
    pub fn field(&self, name: FieldName) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    fn field_mut(&mut self, name: FieldName) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.name == name)
    }

    /// The text of a text field; empty where there is no such field.
    pub fn text(&self, name: FieldName) -> &str {
        match self.field(name).map(|field| &field.kind) {
            Some(FieldKind::Text(input)) => input.value(),
            _ => "",
        }
    }

    /// What was typed into a secret field, for a check; [`Form::take_secret`] takes it away.
    pub fn secret(&self, name: FieldName) -> &str {
        match self.field(name).map(|field| &field.kind) {
            Some(FieldKind::Secret(secret)) => secret.peek(),
            _ => "",
        }
    }

    /// A secret, to be sent. It leaves its field, unless it is one that outlives a failure.
    pub fn take_secret(&mut self, name: FieldName) -> SecretString {
        self.field_mut(name).map(Field::secret_to_send).unwrap_or_default()
    }

    /// Wipes every secret.
    pub fn wipe(&mut self) {
        for field in &mut self.fields {
            if let FieldKind::Secret(secret) = &mut field.kind {
                secret.wipe();
            }
        }
    }

    /// The request failed: wipes every secret that does not outlive that.
    pub fn request_failed(&mut self) {
        self.fields.iter_mut().for_each(Field::request_failed);
    }

    /// Whether a person typed something that would be lost with the form.
    pub fn has_typed(&self) -> bool {
        self.typed
    }

    /// Checks every field that is shown, and moves the focus to the first that is wrong; whether there is none.
    pub fn verify(&mut self) -> bool {
        let shown = self.fields.iter_mut().filter(|field| !field.hidden);
        shown.for_each(|field| field.verify(true));
        let wrong = self.fields().find(|field| field.error.is_some()).map(|field| field.name);
        if let Some(name) = wrong {
            self.focus_on(name);
        }
        wrong.is_none()
    }

    /// Shows the focused secret, or hides it again.
    pub fn reveal(&mut self) {
        if let Some(Field { kind: FieldKind::Secret(secret), .. }) = self.fields.get_mut(self.focus) {
            secret.revealed = !secret.revealed;
        }
    }

    /// Chooses an option of a field by its place.
    pub fn choose(&mut self, name: FieldName, option: usize) {
        self.focus_on(name);
        if let Some(Field { kind: FieldKind::Choice { options, chosen, .. }, .. }) = self.field_mut(name) {
            *chosen = option.min(options.len().saturating_sub(1));
        }
    }

    /// The chosen option; the first where there is no such field.
    pub fn chosen(&self, name: FieldName) -> usize {
        match self.field(name).map(|field| &field.kind) {
            Some(FieldKind::Choice { chosen, .. }) => *chosen,
            _ => 0,
        }
    }

    /// Whether a toggle is on.
    pub fn is_on(&self, name: FieldName) -> bool {
        matches!(self.field(name).map(|field| &field.kind), Some(FieldKind::Toggle(true)))
    }

    /// Shows or hides a field.
    pub fn show(&mut self, name: FieldName, shown: bool) {
        if let Some(field) = self.field_mut(name) {
            field.hidden = !shown;
        }
        if self.focused().is_none() {
            self.step(1);
        }
    }

    /// Says what is wrong with a field, and moves the focus there.
    pub fn refuse(&mut self, name: FieldName, why: impl Into<String>) {
        self.blame(name, why);
        self.focus_on(name);
    }

    /// Says what is wrong with a field, wherever the focus is.
    pub fn blame(&mut self, name: FieldName, why: impl Into<String>) {
        if let Some(field) = self.field_mut(name) {
            field.error = Some(why.into());
        }
    }

    /// Says that nothing is wrong with a field any more.
    pub fn absolve(&mut self, name: FieldName) {
        if let Some(field) = self.field_mut(name) {
            field.error = None;
        }
    }

    /// Moves the focus to a field.
    pub fn focus_on(&mut self, name: FieldName) {
        if let Some(at) = self.fields.iter().position(|field| field.name == name && !field.hidden) {
            self.focus = at;
        }
    }

    /// To the next field; from the last to the first.
    pub fn next(&mut self) {
        self.step(1);
    }

    /// To the field before; from the first to the last.
    pub fn previous(&mut self) {
        self.step(self.fields.len().saturating_sub(1));
    }

    fn step(&mut self, by: usize) {
        for _ in 0..self.fields.len() {
            self.focus = (self.focus + by) % self.fields.len();
            if self.focused().is_some() {
                break;
            }
        }
    }

    /// Downwards: to the next option of a list of options, else to the next field.
    pub fn down(&mut self) {
        if !self.edit(|field| field.choose_below()) {
            self.next();
        }
    }

    /// Upwards: to the option above, else to the field before.
    pub fn up(&mut self) {
        if !self.edit(|field| field.choose_above()) {
            self.previous();
        }
    }

    /// The next option of the focused choice, or the other side of the toggle.
    pub fn change(&mut self, forward: bool) {
        self.edit(|field| field.change(forward));
    }

    /// Gives a key to the focused field.
    pub fn key(&mut self, key: KeyEvent) {
        self.edit(|field| field.key(key));
    }

    /// Changes the focused field. What stands beside it is about the text before, so it goes.
    fn edit(&mut self, change: impl FnOnce(&mut Field) -> bool) -> bool {
        let Some(field) = self.fields.get_mut(self.focus) else { return false };
        let changed = change(field);
        if changed {
            (field.error, field.note) = (None, None);
            field.verify(false);
            self.typed |= field.is_text();
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn form() -> Form {
        Form::new(vec![
            Field::choice(FieldName::Method, "Method", vec!["A", "B"]),
            Field::text(FieldName::Email, "E-mail", ""),
            Field::secret(FieldName::Password, "Password"),
        ])
    }

    fn typed(form: &mut Form, text: &str) {
        for c in text.chars() {
            form.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
    }

    #[test]
    fn the_focus_goes_round_and_skips_what_is_hidden() {
        let mut form = form();
        form.show(FieldName::Email, false);
        form.next();
        assert_eq!(form.focused().unwrap().name, FieldName::Password);
        form.next();
        assert_eq!(form.focused().unwrap().name, FieldName::Method);
        form.previous();
        assert_eq!(form.focused().unwrap().name, FieldName::Password);
    }

    #[test]
    fn hiding_the_focused_field_moves_the_focus_on() {
        let mut form = form();
        form.focus_on(FieldName::Email);
        form.show(FieldName::Email, false);
        assert_eq!(form.focused().unwrap().name, FieldName::Password);
    }

    #[test]
    fn an_error_stands_until_its_field_is_edited() {
        let mut form = form();
        form.refuse(FieldName::Email, "an address");
        assert_eq!(form.focused().unwrap().error.as_deref(), Some("an address"));
        typed(&mut form, "a");
        assert_eq!(form.focused().unwrap().error, None);
    }

    #[test]
    fn a_form_with_a_password_does_not_print_it() {
        let mut form = form();
        form.focus_on(FieldName::Password);
        typed(&mut form, "hunter2");
        assert!(!format!("{form:?}").contains("hunter2"));
    }
}
