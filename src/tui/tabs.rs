//! The tabs of the board, where there is room for one pane at a time: what they say, and where they stand.

use std::ops::Range;

use crate::format;
use crate::text;
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::model::Model;
use crate::tui::words;

/// A tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// The pane that it shows.
    pub pane: Pane,
    /// Its key and its title, with a blank at both ends; the one that is open has a marker.
    pub words: String,
    /// The columns that it takes.
    pub columns: Range<u16>,
}

/// What is said of the selected user's session beside the tabs, where the open one says nothing of it.
pub fn session(model: &Model) -> Option<String> {
    let user =
        model.state.selected().filter(|_| !matches!(model.state.focus, Pane::Users | Pane::Session))?;
    let life = user.access.as_ref().and_then(|token| token.lifetime);
    let now = model.state.present(&user.key.app);
    Some(match life {
        Some(life) => format!("access {} ", format::left(life.expires, now)),
        None => format!("{} ", words::state(&user.state).word),
    })
}

/// The action that focuses a pane.
pub fn action(pane: Pane) -> Action {
    match pane {
        Pane::Users => Action::UsersPane,
        Pane::Session => Action::SessionPane,
        Pane::Identities => Action::IdentitiesPane,
        Pane::CustomData => Action::CustomDataPane,
        Pane::Timeline => Action::TimelinePane,
    }
}

/// The tabs, from the left.
pub fn tabs(model: &Model) -> Vec<Tab> {
    let mut column = 0;
    let tab = |pane: Pane| {
        let marker = if pane == model.state.focus { "▸" } else { " " };
        let words = match model.state.keymap.key(Context::Users, action(pane)) {
            key if key.is_empty() => format!("{marker}{} ", pane.title()),
            key => format!("{marker}{key} {} ", pane.title()),
        };
        let start = column;
        column += text::width(&words) as u16;
        Tab { pane, words, columns: start..column }
    };
    Pane::ALL.into_iter().map(tab).collect()
}
