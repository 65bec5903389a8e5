//! Pick a user by typing a part of the name.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::account::UserKey;
use crate::session::{Snapshot, UserView};
use crate::tui::filter;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::fuzzy::Query;

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
    pub(in crate::tui) fn go(&mut self, down: bool, snapshot: &Snapshot) {
        let cursor = self.cursor(snapshot);
        self.cursor = if down { cursor + 1 } else { cursor.saturating_sub(1) };
    }

    /// Moves the cursor to a row.
    pub(in crate::tui) fn go_to(&mut self, row: usize) {
        self.cursor = row;
    }

    /// The user under the cursor.
    pub fn current(&self, snapshot: &Snapshot) -> Option<UserKey> {
        self.found(snapshot).get(self.cursor(snapshot)).map(|user| user.key.clone())
    }
}
