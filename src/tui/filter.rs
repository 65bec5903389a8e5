//! The filter of the Users pane: which users are shown.

use std::ops::Range;

use crossterm::event::{Event, KeyEvent};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::form::first_line;
use super::fuzzy::Query;
use crate::account::AppAlias;
use crate::session::{Snapshot, UserView};

/// More than this, in characters, is no name.
const LONGEST_PASTE: usize = 256;

/// A text and an app, and the users that match them.
#[derive(Debug, Default)]
pub struct Filter {
    input: Input,
    /// Whether keys are text.
    pub typing: bool,
    /// The only app whose users are shown.
    app: Option<AppAlias>,
    /// The places of its users; `None` where those of all apps are shown.
    within: Option<Range<usize>>,
    /// The places of the users that match the text, in the order of the snapshot; `None` where there is no text. Found anew
    /// for another text or snapshot, never for a frame.
    found: Option<Vec<usize>>,
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

    /// The only app whose users are shown.
    pub fn app(&self) -> Option<&AppAlias> {
        self.app.as_ref()
    }

    /// Whether some users may be hidden because of the text.
    pub fn has_text(&self) -> bool {
        self.found.is_some()
    }

    /// Whether some users may be hidden.
    pub fn is_on(&self) -> bool {
        self.has_text() || self.app.is_some()
    }

    /// How many users are shown.
    pub fn len(&self, snapshot: &Snapshot) -> usize {
        match (&self.found, &self.within) {
            (Some(found), _) => found.len(),
            (None, Some(within)) => within.len(),
            (None, None) => snapshot.users.len(),
        }
    }

    /// The place in the snapshot of the user in a row.
    pub fn place(&self, row: usize) -> Option<usize> {
        match (&self.found, &self.within) {
            (Some(found), _) => found.get(row).copied(),
            (None, Some(within)) => (row < within.len()).then(|| within.start + row),
            (None, None) => Some(row),
        }
    }

    /// The row of a place in the snapshot; `None` where it is hidden.
    pub fn row(&self, place: usize) -> Option<usize> {
        match (&self.found, &self.within) {
            (Some(found), _) => found.binary_search(&place).ok(),
            (None, Some(within)) => within.contains(&place).then(|| place - within.start),
            (None, None) => Some(place),
        }
    }

    /// How many of the users at these places are shown.
    pub(super) fn shown_of(&self, places: &Range<usize>) -> usize {
        match &self.found {
            Some(found) => {
                let before = |end: usize| found.partition_point(|place| *place < end);
                before(places.end) - before(places.start)
            }
            None => places.len(),
        }
    }

    /// Finds the users that match, in one pass. `places` says where each app's users are.
    pub(super) fn apply(&mut self, snapshot: &Snapshot, places: &[(AppAlias, Range<usize>)]) {
        // Where an app is alone there is nothing to narrow, and one that is gone would hide everybody.
        self.app = self.app.take().filter(|app| snapshot.apps.len() > 1 && snapshot.app(app).is_some());
        self.within = self.app.as_ref().map(|app| {
            let place = places.iter().find(|(other, _)| other == app);
            place.map_or(0..0, |(_, places)| places.clone())
        });
        let mut query = Query::new(self.text());
        if query.is_empty() {
            self.found = None;
            return;
        }
        let within = self.within.clone().unwrap_or(0..snapshot.users.len());
        let users = snapshot.users.iter().enumerate().skip(within.start).take(within.len());
        self.found =
            Some(users.filter(|(_, user)| score(&mut query, user).is_some()).map(|(at, _)| at).collect());
    }

    /// Shows the users of one app alone, or of all.
    pub(super) fn narrow(&mut self, app: Option<AppAlias>) {
        self.app = app;
    }

    /// Takes a key; whether it changed the text.
    pub(super) fn key(&mut self, key: KeyEvent) -> bool {
        self.input.handle_event(&Event::Key(key)).is_some_and(|changed| changed.value)
    }

    /// Inserts the first line of a pasted text, as far as anybody is called by so much.
    pub(super) fn paste(&mut self, text: &str) {
        for c in first_line(text).chars().take(LONGEST_PASTE) {
            self.input.handle(InputRequest::InsertChar(c));
        }
    }

    /// Looks for nothing any more.
    pub(super) fn clear_text(&mut self) {
        *self = Self { app: self.app.take(), ..Self::default() };
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
