//! The Custom data pane: the token's copy and the source, as a tree.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{Input, Panel, Reaction, State};
use crate::data::change::json_size;
use crate::session::UserView;
use crate::text;
use crate::tui::content::tree::{Kind, Mark, Row, Tree};
use crate::tui::frame::{self, Screen};
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::widget::line::{self, span};
use crate::tui::widget::list::List;
use crate::tui::words;
use crate::tui::words::Tone;

/// The pane.
#[derive(Debug, Default)]
pub struct CustomData {
    /// The custom data: the token's copy, and its source.
    pub tree: Tree,
    /// How large it is as JSON.
    size: usize,
    /// The first row in sight; the cursor is the tree's.
    pub list: List<usize>,
}

impl Panel for CustomData {
    fn handle(&mut self, input: &Input, state: &mut State) -> Option<Vec<Reaction>> {
        match input {
            Input::Action(Action::Right) => self.tree.expand(),
            Input::Action(Action::Left) => self.tree.collapse(),
            Input::Action(Action::Toggle) => self.tree.toggle(),
            input => {
                let (rows, height) = (self.tree.rows().len(), state.regions().rows(Pane::CustomData));
                self.list.go_to(self.tree.cursor(), rows, |row| row);
                if !self.list.handle(input, rows, height, |row| row) {
                    return None;
                }
                self.tree.go_to(self.list.row());
            }
        }
        Some(vec![])
    }

    fn draw(&self, state: &State, screen: &Screen, buffer: &mut Buffer) -> Option<Position> {
        let area = screen.regions.pane(Pane::CustomData);
        if area.area() == 0 {
            return None;
        }
        let theme = &state.theme;
        let inside = screen.regions.inside(Pane::CustomData);
        let tree = &self.tree;
        let first = self.list.offset();
        let height = usize::from(inside.height);
        let block = frame::frame(state, screen, Pane::CustomData);
        let mut block = frame::with_position(&state.theme, block, first, height, tree.rows().len());
        if let Some((tone, words)) = words::data_size(self.size) {
            block = block.title(Line::from(span(format!(" {words} "), line::tone(theme, tone))));
        }
        if let Some(line) = copies(state, tree, usize::from(area.width).saturating_sub(4)) {
            block = block.title_bottom(line);
        }
        block.render(area, buffer);
        if tree.rows().is_empty() {
            frame::empty(theme, inside, buffer, &nothing(state));
            return None;
        }
        for ((at, item), row) in tree.rows().iter().enumerate().skip(first).zip(inside.rows()) {
            let line = line(state, item, usize::from(inside.width));
            frame::row(state, screen, Pane::CustomData, line, at == tree.cursor(), row, buffer);
        }
        None
    }

    fn next_change(&self, state: &State) -> Option<Timestamp> {
        let user = state.selected()?;
        let life = user.access.as_ref()?.lifetime;
        let copy = state.moving(user).and_then(|now| {
            let life = life.filter(|life| !life.is_over(now))?;
            Some(words::next_age_change(life.issued, now).min(life.expires))
        });
        let read = user.source.as_ref().and_then(|source| source.read_at);
        copy.into_iter().chain(read.map(|read| words::next_age_change(read, state.now))).min()
    }

    fn show(&mut self, user: Option<&UserView>, is_another: bool) {
        if is_another {
            self.tree.go_to(0);
        }
        let source = user.and_then(|user| user.source.as_ref()).filter(|source| source.read_at.is_some());
        let copy = user.and_then(|user| user.custom_data.as_ref());
        self.tree.show(copy, source.map(|source| source.document.as_ref()));
        self.size = self.tree.newest().map(json_size).unwrap_or_default();
    }

    fn settle(&mut self, state: &State) {
        let rows = self.tree.rows().len();
        self.list.go_to(self.tree.cursor(), rows, |row| row);
        self.list.settle(rows, state.regions().rows(Pane::CustomData));
    }

    fn why_not(&self, action: Action) -> Option<String> {
        let is_missing = action == Action::RemoveField && self.tree.current().is_none();
        is_missing.then(|| "there is no field to remove".into())
    }

    fn copied(&self, _state: &State) -> Option<(String, String)> {
        self.tree.copied()
    }
}

/// How old the token's copy and the source are, and whether they differ.
fn copies(state: &State, tree: &Tree, columns: usize) -> Option<Line<'static>> {
    let theme = &state.theme;
    let user = state.selected()?;
    let life = user.access.as_ref()?.lifetime;
    let now = state.present(&user.key.app);
    let mut parts = Vec::new();
    match life {
        Some(life) if life.is_over(now) => parts.push("token over".to_owned()),
        Some(life) => parts.push(format!("token {}", words::age(life.issued, now))),
        None => {}
    }
    let source = user.source.as_ref();
    if let Some(read) = source.and_then(|source| source.read_at) {
        parts.push(format!("source {}", words::age(read, state.now)));
    }
    let (tone, last) = match (source.and_then(|source| source.failed.as_ref()), tree.differences()) {
        (Some(_), _) => (Tone::Bad, "✗ source not read".to_owned()),
        (None, Some(0)) if tree.rows().is_empty() => (Tone::Plain, "nothing there".to_owned()),
        (None, Some(0)) => (Tone::Good, "✓ alike".to_owned()),
        (None, Some(count)) => (Tone::Warn, format!("≠ {count}")),
        (None, None) => (Tone::Plain, String::new()),
    };
    let words = parts.join(" · ");
    let room = columns.saturating_sub(text::width(&last) + 3);
    let words = text::cut(&words, room).into_owned();
    let gap = if last.is_empty() || words.is_empty() { "" } else { " · " };
    Some(Line::from(vec![
        span(format!(" {words}{gap}"), theme.muted),
        span(format!("{last} "), line::tone(theme, tone)),
    ]))
}

fn nothing(state: &State) -> String {
    let call = |context, action| state.keymap.call(context, action);
    match state.selected() {
        None => words::no_user(&state.keymap, state.is_locked()),
        Some(user) if user.state.is_logged_in() => {
            format!("No custom data. Press {} to add a field.", call(Context::CustomData, Action::AddField))
        }
        Some(_) => format!(
            "Custom data comes with a session. Press {} in Users to log in.",
            call(Context::Users, Action::LogIn)
        ),
    }
}

fn line(state: &State, row: &Row, columns: usize) -> Line<'static> {
    let theme = &state.theme;
    let mark = match row.kind {
        Kind::Container { open: true, .. } => "▾",
        Kind::Container { open: false, .. } => "▸",
        _ => " ",
    };
    let style = match row.kind {
        Kind::Container { .. } => theme.muted,
        Kind::Text => theme.value_text,
        Kind::Number(_) => theme.value_number,
        Kind::Other(_) => theme.value_other,
    };
    let kind = row.kind.name();
    let room = columns.saturating_sub(kind.len() + 1);
    let indent = (row.depth * 2).min(room / 2);
    let (glyph, told) = match row.mark {
        None => ("", None),
        Some(Mark::Differs) => ("≠", Some(theme.warn)),
        Some(Mark::AtSource) => ("+", Some(theme.good)),
        Some(Mark::InToken) => ("-", Some(theme.bad)),
    };
    let mark = if glyph.is_empty() { mark.to_owned() } else { format!("{glyph}{}", mark.trim()) };
    let name = text::inert(&row.name);
    let name = text::cut(&name, room.saturating_sub(indent + 4).min(columns / 2)).into_owned();
    let head = format!("{:indent$}{mark} {name}: ", "");
    let value = match &row.newer {
        Some(newer) => format!("{} → {newer}", row.value),
        None => row.value.clone(),
    };
    let value = text::fit(&text::inert(&value), room.saturating_sub(text::width(&head)));
    let style = told.unwrap_or(style);
    Line::from(vec![
        span(head, told.unwrap_or(theme.text)),
        span(value, style),
        span(format!(" {kind}"), theme.muted),
    ])
}
