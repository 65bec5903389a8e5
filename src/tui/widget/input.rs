//! What reaches a component, and where movements lead.

use crossterm::event::KeyEvent;

use super::page::Spot;
use crate::session::Event;
use crate::tui::keymap::Action;

/// What reaches a component.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// What a key, a click on a hint, or the wheel asks for.
    Action(Action),
    /// A key that asks for nothing: text, where the component takes text.
    Key(KeyEvent),
    /// Pasted text. It may be a password.
    Paste(&'a str),
    /// A click on something that the component drew.
    Click(Spot),
    /// The wheel, by rows.
    Wheel(isize),
    /// Something happened that does not answer the component's request.
    Event(&'a Event),
    /// Something happened to the component's request. Unless the component reacts, the dialog goes on waiting, fails, or is
    /// done.
    Answer(&'a Event),
    /// The component's request is done, and its dialog closes.
    Done(&'a Event),
    /// The editor has ended, with what the person left in the file, or why there is nothing.
    Edited(&'a Result<String, String>),
}

/// Where a movement leads from `row`; beyond the end means the end.
pub fn target(action: Action, row: usize, page: usize) -> usize {
    let page = page.saturating_sub(1).max(1);
    match action {
        Action::Up => row.saturating_sub(1),
        Action::Down => row.saturating_add(1),
        Action::PageUp => row.saturating_sub(page),
        Action::PageDown => row.saturating_add(page),
        Action::First => 0,
        Action::Last => usize::MAX,
        _ => row,
    }
}

/// Whether an action moves a cursor, or what is in sight.
pub fn is_movement(action: Action) -> bool {
    matches!(
        action,
        Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown
    )
}
