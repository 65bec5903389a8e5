//! The list of users: which one is selected, and how they stand in groups, one for each app.

use std::ops::Range;
use std::sync::Arc;

use super::filter::Filter;
use super::widget::list::{At, Headings};
use crate::account::{AppAlias, UserKey};
use crate::session::{Snapshot, UserView};

/// The selected user, remembered by key; the index is where it was last, so that it need not be searched for.
#[derive(Debug, Default)]
pub struct UserList {
    key: Option<UserKey>,
    index: usize,
    /// The first line in sight.
    offset: usize,
    /// Which users are shown. Rows count those alone.
    pub filter: Filter,
    /// Somebody to select as soon as the worker shows them.
    awaited: Option<UserKey>,
    groups: Vec<Group>,
    headings: Headings,
}

/// The users of an app that are shown, below its heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The app.
    pub app: AppAlias,
    /// How many users it has.
    pub users: usize,
    /// How many of them are shown.
    pub shown: usize,
}

/// The places of each app's users in a snapshot, which holds them grouped by app. Looks at few of them.
pub(super) fn places(snapshot: &Snapshot) -> Vec<(AppAlias, Range<usize>)> {
    let users = &snapshot.users;
    let mut places = Vec::new();
    let mut start = 0;
    while let Some(first) = users.get(start) {
        let app = &first.key.app;
        let (mut same, mut other) = (start, users.len());
        while same + 1 < other {
            let middle = usize::midpoint(same, other);
            if users[middle].key.app == *app { same = middle } else { other = middle }
        }
        places.push((app.clone(), start..other));
        start = other;
    }
    places
}

impl UserList {
    /// The selected row.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The first line in sight.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Selects a row, at most the last.
    pub fn go_to(&mut self, row: usize, snapshot: &Snapshot) {
        self.awaited = None;
        self.index = row.min(self.len(snapshot).saturating_sub(1));
        self.key = self.get(self.index, snapshot).map(|user| user.key.clone());
    }

    /// How many users are shown.
    pub fn len(&self, snapshot: &Snapshot) -> usize {
        self.filter.len(snapshot)
    }

    /// Whether nobody is shown.
    pub fn is_empty(&self, snapshot: &Snapshot) -> bool {
        self.len(snapshot) == 0
    }

    /// The user in a row.
    pub fn get<'a>(&self, row: usize, snapshot: &'a Snapshot) -> Option<&'a Arc<UserView>> {
        snapshot.users.get(self.filter.place(row)?)
    }

    /// How many lines the list has: its users, and a heading for each app where there are several.
    pub fn lines(&self, snapshot: &Snapshot) -> usize {
        self.headings.lines(self.len(snapshot))
    }

    /// What stands in a line: the heading of a group, or the user of a row.
    pub fn at(&self, line: usize) -> At {
        self.headings.at(line)
    }

    /// A group.
    pub fn group(&self, number: usize) -> Option<&Group> {
        self.groups.get(number)
    }

    /// The rows that are in sight, where `height` lines are.
    pub fn rows_in_sight(&self, height: usize, snapshot: &Snapshot) -> Range<usize> {
        let above = |line| self.headings.items_above(line).min(self.len(snapshot));
        above(self.offset)..above(self.offset + height)
    }

    /// Finds the users that are shown, and how they are grouped, for another snapshot or filter. The selection stays where
    /// it was; [`UserList::settle`] brings it in line.
    pub(super) fn apply_filter(&mut self, snapshot: &Snapshot) {
        let places = places(snapshot);
        self.filter.apply(snapshot, &places);
        self.groups.clear();
        let mut before = Vec::new();
        if snapshot.apps.len() > 1 && self.filter.app().is_none() {
            let mut row = 0;
            for (app, places) in &places {
                let shown = self.filter.shown_of(places);
                if shown > 0 {
                    before.push(row);
                    self.groups.push(Group { app: app.clone(), users: places.len(), shown });
                }
                row += shown;
            }
            // An app without users is there to log in to; it cannot match a text.
            let nobody = snapshot.apps.iter().map(|app| &app.alias);
            let nobody = nobody.filter(|app| places.iter().all(|(other, _)| other != *app));
            for app in nobody.filter(|_| !self.filter.has_text()) {
                before.push(row);
                self.groups.push(Group { app: app.clone(), users: 0, shown: 0 });
            }
        }
        self.headings = Headings::new(before);
    }

    /// Scrolls by lines; the selection comes along.
    pub(super) fn scroll(&mut self, by: isize, height: usize, snapshot: &Snapshot) {
        let lines = self.lines(snapshot);
        self.offset = self.offset.saturating_add_signed(by).min(lines.saturating_sub(height));
        let row = self.headings.nearest(self.index, self.offset, height, self.len(snapshot));
        if row != self.index {
            self.go_to(row, snapshot);
        }
    }

    /// The row of a user, if it is shown.
    fn row_of(&self, key: &UserKey, snapshot: &Snapshot) -> Option<usize> {
        self.filter.row(snapshot.users.iter().position(|user| user.key == *key)?)
    }

    /// After another text of the filter: the selection stays on its user, and goes to the first where that one is hidden.
    pub(super) fn stay_on_selection(&mut self, snapshot: &Snapshot) {
        let row = self.key.as_ref().and_then(|key| self.row_of(key, snapshot));
        self.index = row.unwrap_or(0);
        if row.is_none() && !self.is_empty(snapshot) {
            self.go_to(0, snapshot);
        }
    }

    /// Selects a user, now or as soon as the worker shows it.
    pub fn select(&mut self, key: UserKey, snapshot: &Snapshot) {
        self.awaited = Some(key);
        self.look_for_awaited(snapshot);
    }

    /// Selects the awaited user, if there is one and it is there.
    pub fn look_for_awaited(&mut self, snapshot: &Snapshot) {
        let Some(key) = &self.awaited else { return };
        let Some(place) = snapshot.users.iter().position(|user| user.key == *key) else { return };
        if self.filter.row(place).is_none() {
            self.filter.clear();
            self.apply_filter(snapshot);
        }
        self.go_to(self.filter.row(place).unwrap_or(place), snapshot);
    }

    pub(super) fn settle(&mut self, snapshot: &Snapshot, height: usize) {
        let rows = self.len(snapshot);
        let here = self.get(self.index, snapshot).map(|user| &user.key);
        if here != self.key.as_ref() {
            match self.key.as_ref().and_then(|key| self.row_of(key, snapshot)) {
                Some(index) => self.index = index,
                None => {
                    self.index = self.index.min(rows.saturating_sub(1));
                    // Where the filter hides everybody, the selection is remembered.
                    let key = self.get(self.index, snapshot).map(|user| user.key.clone());
                    self.key = key.or_else(|| self.key.take().filter(|_| self.filter.is_on()));
                }
            }
        }
        self.offset = self.headings.in_sight(self.offset, self.index, rows, height);
    }
}
