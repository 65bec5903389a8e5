//! What the help overlay lists: the keymap.

use ratatui::layout::Size;

use crate::tui::keymap::{Bound, Context, Keymap};
use crate::tui::model::Pane;

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

/// All keys of the main screen: those of all panes, then those of each, then those of the boards.
pub fn rows(keymap: &Keymap) -> Vec<Row> {
    let mut rows = Vec::new();
    let holds_everywhere = |binding: &Bound| holds_everywhere(keymap, binding);
    section(keymap, "everywhere", &mut rows, holds_everywhere);
    for pane in Pane::ALL {
        section(keymap, pane.title(), &mut rows, |binding| {
            !holds_everywhere(binding) && binding.contexts.contains(&pane.context())
        });
    }
    for (title, board) in [
        ("Lifetimes", Context::Lifetimes),
        ("Compare", Context::Compare),
        ("Log", Context::Log),
        ("Mailbox", Context::Mailbox),
        ("Clock", Context::Clock),
        ("API keys", Context::ApiKeys),
        ("Apps", Context::Apps),
        ("In the browser", Context::Browser),
        ("Copy", Context::CopyMenu),
    ] {
        let only_there = |binding: &Bound| !binding.contexts.contains(&Context::Users);
        section(keymap, title, &mut rows, |binding| only_there(binding) && binding.contexts.contains(&board));
    }
    rows.push(Row::Heading("Mouse"));
    let mouse = MOUSE.iter().map(|(keys, description)| Row::Keys { keys: (*keys).to_owned(), description });
    rows.extend(mouse);
    rows
}

/// What the mouse does.
const MOUSE: &[(&str, &str)] = &[
    ("click", "focus a pane, tab or field, select a row; hints and answers: do it"),
    ("double click", "what Enter does"),
    ("wheel", "scroll what is under the pointer"),
    ("drag", "move the line below or beside Users"),
    ("Shift-drag", "select text; [look] mouse = false frees the mouse"),
];

/// Whether the same keys ask for the same in every pane.
fn holds_everywhere(keymap: &Keymap, binding: &Bound) -> bool {
    Pane::ALL.iter().all(|pane| {
        keymap.of(pane.context()).any(|other| (other.action, &other.keys) == (binding.action, &binding.keys))
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
        let rows = rows(&keymap);
        for binding in keymap.bindings().iter().filter(|binding| !binding.description.is_empty()) {
            let listed = |row: &Row| matches!(row, Row::Keys { description, .. } if *description == binding.description);
            assert!(rows.iter().any(listed), "{:?}", binding.action);
            assert!(!binding.contexts.contains(&Context::TextField), "{:?}", binding.action);
        }
    }
}
