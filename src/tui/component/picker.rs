//! Pick a user by typing a part of the name.

use std::cmp::Reverse;
use std::sync::Arc;

use ratatui::text::Line;

use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form};
use crate::account::UserKey;
use crate::session::{Snapshot, UserView};
use crate::text;
use crate::tui::filter;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::fuzzy::Query;
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::form;
use crate::tui::widget::line::span;
use crate::tui::widget::page::{Drawn, Spot};

/// Most users that are listed: nobody reads on.
const MOST: usize = 200;

/// The list.
#[derive(Debug)]
pub struct Picker {
    /// Who is not to be offered.
    without: Vec<UserKey>,
    cursor: usize,
    /// What was typed.
    pub form: Form,
}

impl Picker {
    /// Offers everybody but `without`.
    pub fn new(without: Vec<UserKey>) -> Self {
        let form = Form::new(vec![Field::text(FieldName::User, "User", "")]);
        Self { without, cursor: 0, form }
    }

    /// The users whose name, id or App matches what was typed, the best first.
    pub fn found<'a>(&self, snapshot: &'a Snapshot) -> Vec<&'a Arc<UserView>> {
        let mut query = Query::new(self.form.text(FieldName::User));
        let offered = snapshot.users.iter().filter(|user| !self.without.contains(&user.key));
        let mut found: Vec<_> =
            offered.filter_map(|user| Some((filter::score(&mut query, user)?, user))).collect();
        found.sort_by_key(|(score, _)| Reverse(*score));
        found.into_iter().take(MOST).map(|(_, user)| user).collect()
    }

    /// The row under the cursor.
    pub fn cursor(&self, snapshot: &Snapshot) -> usize {
        self.cursor.min(self.found(snapshot).len().saturating_sub(1))
    }

    /// Moves the cursor.
    pub fn go(&mut self, down: bool, snapshot: &Snapshot) {
        let cursor = self.cursor(snapshot);
        self.cursor = if down { cursor + 1 } else { cursor.saturating_sub(1) };
    }

    /// Moves the cursor to a row.
    pub fn go_to(&mut self, row: usize) {
        self.cursor = row;
    }

    /// The user under the cursor.
    pub fn current(&self, snapshot: &Snapshot) -> Option<UserKey> {
        self.found(snapshot).get(self.cursor(snapshot)).map(|user| user.key.clone())
    }
}

impl Component for Picker {
    fn context(&self) -> Context {
        form_context(&self.form)
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(Action::Submit) => {
                let user = self.current(&state.snapshot);
                return user.map_or_else(Vec::new, |user| vec![Reaction::Close, Reaction::Compare(user)]);
            }
            Input::Action(action @ (Action::Up | Action::Down)) => {
                self.go(action == Action::Down, &state.snapshot)
            }
            Input::Click(Spot::Row(row)) => self.cursor = row,
            input => handle_form(&mut self.form, &input),
        }
        vec![]
    }

    fn draw(&self, state: &State, room: Room) -> Page {
        let mut drawn = form::draw(&self.form, &state.theme, COLUMNS);
        drawn.lines.push(Line::default());
        let found = picker(state, self, COLUMNS, room.rows().saturating_sub(3));
        let cursor = drawn.cursor;
        Page::new("Compare with", Drawn { cursor, ..drawn.below(found) })
    }

    fn describe(&self, state: &State) -> Vec<String> {
        self.found(&state.snapshot).iter().map(|user| format!("{}/{}", user.key.app, user.label)).collect()
    }
}

impl Modal for Picker {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn holds_text(&self) -> bool {
        false
    }
}

/// The users to pick from.
pub fn picker(state: &State, picker: &Picker, columns: usize, rows: usize) -> Drawn {
    let theme = &state.theme;
    let found = picker.found(&state.snapshot);
    if found.is_empty() {
        return Drawn::lines(vec![Line::from(span("nobody else has such a name", theme.muted))]);
    }
    let cursor = picker.cursor(&state.snapshot);
    let height = rows.max(3).min(found.len()).min(12);
    let first = (cursor + 1).saturating_sub(height);
    let shown = found.iter().enumerate().skip(first).take(height);
    let lines = shown.map(|(at, user)| {
        let mark = if at == cursor { "▸ " } else { "  " };
        let app = text::inert(user.key.app.as_str()).into_owned();
        let room = columns.saturating_sub(2 + 2 + text::width(&app));
        let style = if at == cursor { theme.selection } else { theme.text };
        Line::from(vec![
            span(mark, theme.strong),
            span(text::fit(&text::inert(&user.label), room), style),
            span(format!("  {app}"), theme.muted),
        ])
    });
    let mut drawn = Drawn::default();
    drawn.rows(first, lines);
    drawn
}
