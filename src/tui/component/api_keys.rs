//! The API keys of a user, and a new one.

use ratatui::text::Line;

use super::confirm::{Confirm, Question};
use super::secret::ShownSecret;
use super::{
    COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form, is_movement,
    target,
};
use crate::account::{ApiKey, ApiKeyId, UserKey, api_key};
use crate::session::{self, ApiKeyCreated, Snapshot, UserView};
use crate::text;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::form;
use crate::tui::widget::line::{self, span};
use crate::tui::widget::page::{Drawn, Spot, below, paragraph};
use crate::tui::words;
use crate::tui::words::Tone;

/// Rows that a page key goes.
const PAGE: usize = 10;

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

impl KeyList {
    fn act(&self, action: Action, state: &State) -> Vec<Reaction> {
        let (user, label) = (self.user.clone(), self.label.clone());
        if action == Action::NewKey {
            return Reaction::open(KeyForm::new(user, label));
        }
        let Some(key) = self.current(&state.snapshot) else { return vec![] };
        match action {
            Action::ToggleKey => {
                Reaction::ask(session::SwitchApiKey { user, key: key.id.clone(), enabled: !key.enabled })
            }
            Action::DeleteKey => {
                let question = Question::DeleteKey { id: key.id.clone(), name: key.name.clone() };
                Reaction::open(Confirm::new(question, user, label))
            }
            _ => vec![],
        }
    }
}

impl Component for KeyList {
    fn context(&self) -> Context {
        Context::ApiKeys
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(action) if is_movement(action) => {
                let row = target(action, self.cursor(&state.snapshot), PAGE);
                self.go_to(row, &state.snapshot);
            }
            Input::Action(Action::Reload) => {
                return Reaction::read(session::ListApiKeys { user: self.user.clone() });
            }
            Input::Action(action) => return self.act(action, state),
            Input::Click(Spot::Row(row)) => self.go_to(row, &state.snapshot),
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, room: Room) -> Page {
        let columns = room.wide();
        let drawn = keys(state, self, columns, room.rows());
        Page::new(format!("API keys of {}", self.label), drawn).of_width(columns)
    }

    fn offers(&self, action: Action, state: &State) -> bool {
        let needs_key = matches!(action, Action::ToggleKey | Action::DeleteKey);
        !needs_key || self.current(&state.snapshot).is_some()
    }

    fn describe(&self, state: &State) -> Vec<String> {
        let keys = self.keys(&state.snapshot).unwrap_or_default();
        let mut lines = vec![format!("API keys of {}: {}", self.label, words::count(keys.len(), "key"))];
        lines.extend(keys.iter().enumerate().map(|(at, key)| {
            let state = if key.enabled { "enabled" } else { "disabled" };
            format!("{}. {}, {state}, id {}", at + 1, key.name, key.id.as_str())
        }));
        if !keys.is_empty() {
            lines.push(format!("selected: {}", self.cursor(&state.snapshot) + 1));
        }
        lines
    }
}

impl Modal for KeyList {
    fn waiting(&self) -> &'static str {
        "asking for the keys…"
    }

    fn is_panel(&self) -> bool {
        true
    }
}

/// The API keys of a user.
pub fn keys(state: &State, list: &KeyList, columns: usize, rows: usize) -> Drawn {
    let theme = &state.theme;
    let keys = match list.keys(&state.snapshot) {
        None => return Drawn::lines(vec![Line::from(span("The keys were not read yet.", theme.muted))]),
        Some([]) => {
            let new = state.keymap.call(Context::ApiKeys, Action::NewKey);
            let words = format!(
                "No API keys. {new} makes one: whoever has it logs in as this user, until it is disabled."
            );
            let words = text::wrap(&words, columns).into_iter();
            return Drawn::lines(words.map(|line| Line::from(span(line, theme.muted))).collect());
        }
        Some(keys) => keys,
    };
    let cursor = list.cursor(&state.snapshot);
    let height = rows.max(3).min(keys.len());
    let first = (cursor + 1).saturating_sub(height);
    let shown = keys.iter().enumerate().skip(first).take(height);
    let mut drawn = Drawn::default();
    drawn.rows(first, shown.map(|(row, key)| key_line(state, key, row == cursor, columns)));
    drawn
}

fn key_line(state: &State, key: &ApiKey, selected: bool, columns: usize) -> Line<'static> {
    let theme = &state.theme;
    let mark = if selected { "▸ " } else { "  " };
    let (glyph, word, tone) =
        if key.enabled { ("●", "enabled", Tone::Good) } else { ("○", "disabled", Tone::Bad) };
    let id = text::inert(key.id.as_str()).into_owned();
    let room = columns.saturating_sub(2 + 2 + 2 + 8 + 2 + text::width(&id));
    let style = if selected { theme.selection } else { theme.text };
    Line::from(vec![
        span(mark, theme.strong),
        span(text::fit(&text::inert(&key.name), room), style),
        span("  ", theme.text),
        span(format!("{glyph} {}  ", text::fit(word, 8)), line::tone(theme, tone)),
        span(id, theme.muted),
    ])
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

    pub fn submit(&mut self) -> Vec<Reaction> {
        let name = self.form.text(FieldName::KeyName).to_owned();
        if let Err(error) = api_key::check_key_name(&name) {
            self.form.refuse(FieldName::KeyName, error.to_string());
            return vec![];
        }
        Reaction::ask(session::CreateApiKey { user: self.user.clone(), name })
    }
}

impl Component for KeyForm {
    fn context(&self) -> Context {
        form_context(&self.form)
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(Action::Submit) => return self.submit(),
            Input::Done(event) => {
                let created = event.kind.outcome();
                let shown = created
                    .map(|ApiKeyCreated(new)| ShownSecret::new(new.key.name.clone(), new.secret.clone()));
                return shown.map(Reaction::open).unwrap_or_default();
            }
            input => handle_form(&mut self.form, &input),
        }
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        let words = "Whoever has the key logs in as this user. Letters, digits, _ and - make its name.";
        let intro = paragraph(words, state.theme.muted, COLUMNS);
        let fields = form::draw(&self.form, &state.theme, COLUMNS);
        Page::new(format!("A new API key of {}", self.label), below(intro, fields))
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![format!("a new API key of {}", self.label)]
    }
}

impl Modal for KeyForm {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn waiting(&self) -> &'static str {
        "making the key…"
    }
}
