//! What the help overlay lists: the keymap.

use ratatui::layout::Size;

use crate::tui::keymap::{Binding, Context, KEYMAP};
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
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    section("everywhere", &mut rows, holds_everywhere);
    for pane in Pane::ALL {
        section(pane.title(), &mut rows, |binding| {
            !holds_everywhere(binding) && binding.contexts.contains(&pane.context())
        });
    }
    for (title, board) in [
        ("Compare", Context::Compare),
        ("Mailbox", Context::Mailbox),
        ("Clock", Context::Clock),
        ("API keys", Context::ApiKeys),
    ] {
        let only_there = |binding: &Binding| !binding.contexts.contains(&Context::Users);
        section(title, &mut rows, |binding| only_there(binding) && binding.contexts.contains(&board));
    }
    rows
}

/// Whether the same keys ask for the same in every pane.
fn holds_everywhere(binding: &Binding) -> bool {
    Pane::ALL.iter().all(|pane| {
        KEYMAP.iter().any(|other| {
            other.contexts.contains(&pane.context())
                && (other.action, other.keys) == (binding.action, binding.keys)
        })
    })
}

/// How many rows the overlay shows at once.
pub fn height(size: Size) -> usize {
    usize::from(size.height).saturating_sub(4).min(rows().len())
}

fn section(title: &'static str, rows: &mut Vec<Row>, belongs: impl Fn(&Binding) -> bool) {
    let start = rows.len();
    rows.push(Row::Heading(title));
    let bindings = KEYMAP.iter().filter(|binding| !binding.description.is_empty() && belongs(binding));
    for binding in bindings {
        let keys = binding.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ");
        let row = Row::Keys { keys, description: binding.description };
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
        let rows = rows();
        for binding in KEYMAP.iter().filter(|binding| !binding.description.is_empty()) {
            let listed = |row: &Row| matches!(row, Row::Keys { description, .. } if *description == binding.description);
            assert!(rows.iter().any(listed), "{:?}", binding.action);
            assert!(!binding.contexts.contains(&Context::TextField), "{:?}", binding.action);
        }
    }
}
