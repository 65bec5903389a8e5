//! The filter of the Users pane: which users are shown.

use crossterm::event::{Event, KeyEvent};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::fuzzy::Query;
use crate::session::{Snapshot, UserView};

/// A text, and the users that match it.
#[derive(Debug, Default)]
pub struct Filter {
    input: Input,
    /// Whether keys are text.
    pub typing: bool,
    /// The places of the users that match, in the order of the snapshot; `None` where all are shown. Found anew for another
    /// text or snapshot, never for a frame.
    shown: Option<Vec<usize>>,
}

impl Filter {
    /// What is looked for.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Where the cursor stands in it, in characters.
    pub fn cursor(&self) -> usize {
        self.input.cursor()
    }

    /// Whether some users may be hidden.
    pub fn is_on(&self) -> bool {
        self.shown.is_some()
    }

    /// How many users are shown.
    pub fn len(&self, snapshot: &Snapshot) -> usize {
        self.shown.as_ref().map_or(snapshot.users.len(), Vec::len)
    }

    /// The place in the snapshot of the user in a row.
    pub fn place(&self, row: usize) -> Option<usize> {
        match &self.shown {
            Some(shown) => shown.get(row).copied(),
            None => Some(row),
        }
    }

    /// The row of a place in the snapshot; `None` where it is hidden.
    pub fn row(&self, place: usize) -> Option<usize> {
        match &self.shown {
            Some(shown) => shown.binary_search(&place).ok(),
            None => Some(place),
        }
    }

    /// Finds the users that match, in one pass.
    pub(super) fn apply(&mut self, snapshot: &Snapshot) {
        let mut query = Query::new(self.text());
        if query.is_empty() {
            self.shown = None;
            return;
        }
        let users = snapshot.users.iter().enumerate();
        self.shown =
            Some(users.filter(|(_, user)| score(&mut query, user).is_some()).map(|(at, _)| at).collect());
    }

    /// Takes a key; whether it changed the text.
    pub(super) fn key(&mut self, key: KeyEvent) -> bool {
        self.input.handle_event(&Event::Key(key)).is_some_and(|changed| changed.value)
    }

    /// Inserts pasted text without its control characters.
    pub(super) fn paste(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            self.input.handle(InputRequest::InsertChar(c));
        }
    }

    /// Shows everybody.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// How well a user matches by label, app, provider or id; `None` where it does not.
pub fn score(query: &mut Query, user: &UserView) -> Option<u32> {
    let mut names = vec![user.label.as_str(), user.key.app.as_str(), user.provider.short_name()];
    names.extend(user.identities().iter().map(|identity| identity.provider.short_name()));
    query.score_any(&names, user.key.id.as_str())
}
