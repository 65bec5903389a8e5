//! Pick a user by typing a part of the name.

use std::sync::Arc;

use crate::account::UserKey;
use crate::session::{Snapshot, UserView};
use crate::tui::form::{Field, FieldName, Form};

/// Users that are looked through for a list that nobody reads to its end.
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

    /// The users whose name, id or App has what was typed.
    pub fn found<'a>(&self, snapshot: &'a Snapshot) -> Vec<&'a Arc<UserView>> {
        let wanted = self.form.text(FieldName::User).trim().to_lowercase();
        let fits = |user: &&Arc<UserView>| {
            let has = |text: &str| text.to_lowercase().contains(&wanted);
            has(&user.label) || has(user.key.id.as_str()) || has(user.key.app.as_str())
        };
        let offered = snapshot.users.iter().filter(|user| !self.without.contains(&user.key));
        offered.filter(fits).take(MOST).collect()
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

    /// The user under the cursor.
    pub fn current(&self, snapshot: &Snapshot) -> Option<UserKey> {
        self.found(snapshot).get(self.cursor(snapshot)).map(|user| user.key.clone())
    }
}
