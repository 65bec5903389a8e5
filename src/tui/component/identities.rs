//! The Identities pane: the selected user's identities, and the profile.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{Input, Panel, Reaction, State};
use crate::session::UserView;
use crate::text;
use crate::tui::frame::{self, Screen};
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::widget::line::span;
use crate::tui::widget::list::List;
use crate::tui::words;

/// The pane.
#[derive(Debug, Default)]
pub struct Identities {
    /// Its rows.
    pub rows: Vec<Row>,
    /// The row under the cursor, and the first in sight.
    pub list: List<usize>,
}

impl Panel for Identities {
    fn handle(&mut self, input: &Input, state: &mut State) -> Option<Vec<Reaction>> {
        let height = state.regions().rows(Pane::Identities);
        self.list.handle(input, self.rows.len(), height, |row| row).then(Vec::new)
    }

    fn draw(&self, state: &State, screen: &Screen, buffer: &mut Buffer) -> Option<Position> {
        let area = screen.regions.pane(Pane::Identities);
        if area.area() == 0 {
            return None;
        }
        let inside = screen.regions.inside(Pane::Identities);
        let rows = &self.rows;
        let first = self.list.offset();
        let height = usize::from(inside.height);
        frame::with_position(
            &state.theme,
            frame::frame(state, screen, Pane::Identities),
            first,
            height,
            rows.len(),
        )
        .render(area, buffer);
        if rows.is_empty() {
            frame::empty(&state.theme, inside, buffer, &nothing(state));
            return None;
        }
        let columns = usize::from(inside.width);
        let names = rows.iter().map(|row| text::width(&text::inert(name(row)))).max().unwrap_or(0);
        let names = names.min(columns / 2);
        for ((at, item), row) in rows.iter().enumerate().skip(first).zip(inside.rows()) {
            let selected = at == self.list.row();
            frame::row(
                state,
                screen,
                Pane::Identities,
                line(state, item, columns, names),
                selected,
                row,
                buffer,
            );
        }
        None
    }

    fn show(&mut self, user: Option<&UserView>, is_another: bool) {
        if is_another {
            self.list = List::default();
        }
        self.rows = user.map(rows).unwrap_or_default();
    }

    fn settle(&mut self, state: &State) {
        self.list.settle(self.rows.len(), state.regions().rows(Pane::Identities));
    }

    fn copied(&self, _state: &State) -> Option<(String, String)> {
        self.rows.get(self.list.row()).and_then(Row::copied)
    }
}

fn nothing(state: &State) -> String {
    let call = |action| state.keymap.call(Context::Users, action);
    match state.selected() {
        None => words::no_user(&state.keymap, state.is_locked()),
        Some(user) if user.state.is_logged_in() => {
            format!("The profile is not here yet. Press {} to refresh.", call(Action::Refresh))
        }
        Some(_) => format!("No profile. Press {} in Users to log in.", call(Action::LogIn)),
    }
}

fn name(row: &Row) -> &str {
    match row {
        Row::Identity { provider, .. } => provider,
        Row::Data { name, .. } => name,
        Row::Heading(_) => "",
    }
}

fn line(state: &State, row: &Row, columns: usize, names: usize) -> Line<'static> {
    let theme = &state.theme;
    let (mark, value, style) = match row {
        Row::Heading(heading) => return Line::from(span(format!("── {heading} "), theme.muted)),
        Row::Identity { number, id, .. } => (number.to_string(), id, theme.strong),
        Row::Data { value, .. } => (String::new(), value, theme.muted),
    };
    let name = text::fit(&text::inert(name(row)), names);
    let value = text::inert(value);
    let value = text::cut(&value, columns.saturating_sub(names + 3)).into_owned();
    Line::from(vec![
        span(text::fit(&mark, 2), theme.muted),
        span(format!("{name} "), style),
        span(value, theme.text),
    ])
}

/// One row of the pane. Texts are from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// An identity.
    Identity {
        /// Its place in the order of addition, from 1.
        number: usize,
        /// Its provider.
        provider: String,
        /// Its id within the provider.
        id: String,
    },
    /// A heading.
    Heading(&'static str),
    /// A piece of the profile.
    Data {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

impl Row {
    /// What a copy of the row is, and what it is called.
    pub fn copied(&self) -> Option<(String, String)> {
        match self {
            Self::Identity { id, provider, .. } => Some((id.clone(), format!("the {provider} identity id"))),
            Self::Heading(_) => None,
            Self::Data { name, value } => Some((value.clone(), format!("the profile's {name}"))),
        }
    }
}

/// Rows that a profile may take.
const MOST: usize = 500;

/// The identities in order of addition, then what the profile says.
pub fn rows(user: &UserView) -> Vec<Row> {
    let Some(profile) = &user.profile else { return Vec::new() };
    let mut rows: Vec<Row> = profile
        .identities
        .iter()
        .enumerate()
        .map(|(at, identity)| Row::Identity {
            number: at + 1,
            provider: identity.provider.short_name().to_owned(),
            id: identity.id.clone(),
        })
        .collect();
    rows.push(Row::Heading("profile"));
    if !profile.user_type.is_empty() {
        rows.push(Row::Data { name: "type".into(), value: profile.user_type.clone() });
    }
    rows.extend(profile.data.iter().map(|(name, value)| Row::Data {
        name: name.clone(),
        value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }));
    rows.truncate(MOST);
    rows
}
