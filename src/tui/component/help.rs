//! The help overlay: the keymap.

use ratatui::layout::Size;
use ratatui::text::Line;

use super::{Component, Input, Modal, Page, Reaction, Room, State, is_movement, target};
use crate::text;
use crate::tui::keymap::{Action, Bound, Context, Keymap};
use crate::tui::layout::Pane;
use crate::tui::widget::line::span;
use crate::tui::widget::page::Drawn;

/// The overlay.
#[derive(Debug)]
pub struct Help {
    /// Where it was asked for: those keys go first.
    here: Context,
    /// The first line in sight.
    offset: usize,
}

impl Help {
    /// The overlay over a place.
    pub fn new(here: Context) -> Self {
        Self { here, offset: 0 }
    }
}

impl Component for Help {
    fn context(&self) -> Context {
        Context::Help
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        if let Input::Action(Action::Submit) = input {
            return vec![Reaction::Close];
        }
        if let Input::Action(action) = input
            && is_movement(action)
        {
            let rows = rows(&state.keymap, self.here).len();
            let page = height(state.size).min(rows);
            self.offset = target(action, self.offset, page).min(rows.saturating_sub(page));
        }
        vec![]
    }

    fn draw(&self, state: &State, room: Room) -> Page {
        let theme = &state.theme;
        let rows = rows(&state.keymap, self.here);
        let (all, height) = (rows.len(), height(room.screen).min(rows.len()));
        let position = format!(" {}-{} of {all} ", self.offset + 1, (self.offset + height).min(all));
        let shown = rows.into_iter().skip(self.offset).take(height);
        let lines = shown.map(|row| match row {
            Row::Heading(heading) => Line::from(span(heading, theme.strong)),
            Row::Keys { keys, description } => Line::from(vec![
                span(format!("  {}", text::fit(&keys, KEYS)), theme.key),
                span(description, theme.text),
            ]),
        });
        let page = Page::new("Keys", Drawn::lines(lines.collect()));
        Page { position: (all > height).then_some(position), ..page }
    }

    fn offers(&self, action: Action, _state: &State) -> bool {
        action != Action::Quit
    }

    fn describe(&self, state: &State) -> Vec<String> {
        let line = |row| match row {
            Row::Heading(heading) => format!("{heading}:"),
            Row::Keys { keys, description } => format!("{keys}: {description}"),
        };
        rows(&state.keymap, self.here).into_iter().map(line).collect()
    }
}

impl Modal for Help {}

/// Columns of the keys.
const KEYS: usize = 14;

/// One row of the overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// Where the keys below hold.
    Heading(&'static str),
    /// Keys and what they do.
    Keys {
        /// The keys, as people write them.
        keys: String,
        /// What they do.
        description: &'static str,
    },
}

/// All keys: those of the place where help was asked for, those of all panes, then those of every other place.
pub fn rows(keymap: &Keymap, here: Context) -> Vec<Row> {
    let mut rows = Vec::new();
    let of_all_panes = |binding: &Bound| is_of_all_panes(keymap, binding);
    let pane = |pane: Pane| (pane.title(), pane.context());
    let (first, others): (Vec<_>, Vec<_>) =
        Pane::ALL.into_iter().map(pane).chain(PLACES).partition(|(_, context)| *context == here);
    let section_of = |rows: &mut Vec<Row>, (title, context): (&'static str, Context)| {
        section(keymap, title, rows, |binding| binding.is_in(context) && !of_all_panes(binding));
    };
    first.into_iter().for_each(|place| section_of(&mut rows, place));
    section(keymap, "all panes", &mut rows, of_all_panes);
    others.into_iter().for_each(|place| section_of(&mut rows, place));
    rows.push(Row::Heading("Mouse"));
    let mouse = MOUSE.iter().map(|(keys, description)| Row::Keys { keys: (*keys).to_owned(), description });
    rows.extend(mouse);
    rows
}

/// Where keys are pressed, beside the panes.
const PLACES: [(&str, Context); 9] = [
    ("Lifetimes", Context::Lifetimes),
    ("Compare", Context::Compare),
    ("Log", Context::Log),
    ("Mailbox", Context::Mailbox),
    ("Clock", Context::Clock),
    ("API keys", Context::ApiKeys),
    ("Apps", Context::Apps),
    ("In the browser", Context::Browser),
    ("Copy", Context::CopyMenu),
];

/// What the mouse does.
const MOUSE: &[(&str, &str)] = &[
    ("click", "focus a pane, tab or field, select a row; hints and answers: do it"),
    ("double click", "what Enter does"),
    ("wheel", "scroll what is under the pointer"),
    ("drag", "move the line below or beside Users"),
    ("Shift-drag", "select text; [look] mouse = false frees the mouse"),
];

/// Whether it is a pane's, and the same keys ask for the same in every other.
fn is_of_all_panes(keymap: &Keymap, binding: &Bound) -> bool {
    let is_of_one = Pane::ALL.iter().any(|pane| binding.is_in(pane.context()));
    is_of_one
        && Pane::ALL.iter().all(|pane| {
            keymap
                .of(pane.context())
                .any(|other| (other.action, &other.keys) == (binding.action, &binding.keys))
        })
}

/// How many rows the overlay has room for.
pub fn height(size: Size) -> usize {
    usize::from(size.height).saturating_sub(4)
}

fn section(keymap: &Keymap, title: &'static str, rows: &mut Vec<Row>, belongs: impl Fn(&Bound) -> bool) {
    let start = rows.len();
    rows.push(Row::Heading(title));
    let described = |binding: &&Bound| !binding.description.is_empty() && !binding.keys.is_empty();
    let bindings = keymap.bindings().iter().filter(described).filter(|binding| belongs(binding));
    for binding in bindings {
        let row = Row::Keys { keys: binding.keys(), description: binding.description };
        if !rows[start..].contains(&row) {
            rows.push(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_key_is_listed() {
        let keymap = Keymap::default();
        let rows = rows(&keymap, Context::Users);
        for binding in keymap.bindings().iter().filter(|binding| !binding.description.is_empty()) {
            let listed = |row: &Row| matches!(row, Row::Keys { description, .. } if *description == binding.description);
            assert!(rows.iter().any(listed), "{:?}", binding.action);
            assert!(!binding.contexts.contains(&Context::TextField), "{:?}", binding.action);
        }
    }
}
