//! What the comparison remembers: who is in it, how it is looked at, and everybody's state before the last renewal.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::account::{SessionState, UserKey};
use crate::session::{Snapshot, UserView};

/// Users that fit side by side.
pub const MOST: usize = 4;

/// Users whose former state is kept.
const MOST_FORMER: usize = 500;

/// The comparison.
#[derive(Debug, Default)]
pub struct Compare {
    picked: Vec<UserKey>,
    column: usize,
    /// Whether rows without a difference are left out.
    pub hides_equal: bool,
    /// Whether one user is compared with the own state before the last renewal.
    pub before_after: bool,
    /// The first row in sight.
    pub offset: usize,
    former: Former,
}

/// Users as they were before their last renewal.
#[derive(Debug, Default)]
struct Former {
    users: HashMap<UserKey, Arc<UserView>>,
    /// Those whose renewal has begun, as they were then.
    renewing: HashMap<UserKey, Arc<UserView>>,
    oldest_first: VecDeque<UserKey>,
}

impl Compare {
    /// Who is in it.
    pub fn picked(&self) -> &[UserKey] {
        &self.picked
    }

    /// The column that has the focus.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The user in the column that has the focus.
    pub fn focused(&self) -> Option<&UserKey> {
        self.picked.get(self.column)
    }

    /// Begins with these users. A comparison of several is not lost by looking at something else meanwhile.
    pub(super) fn begin(&mut self, users: impl IntoIterator<Item = UserKey>) {
        if self.picked.len() < 2 {
            self.begin_anew(users);
        }
    }

    /// Begins with these users, whoever was in it before; with as many as there is room for.
    pub(super) fn begin_anew(&mut self, users: impl IntoIterator<Item = UserKey>) {
        self.picked = users.into_iter().take(MOST).collect();
        (self.column, self.offset, self.before_after) = (0, 0, false);
    }

    /// Adds a user, who gets the focus; whether there was room.
    pub(super) fn add(&mut self, user: UserKey) -> bool {
        if self.picked.len() == MOST || self.picked.contains(&user) {
            return false;
        }
        self.picked.push(user);
        self.column = self.picked.len() - 1;
        true
    }

    /// Takes the user in the column with the focus out.
    pub(super) fn remove(&mut self) {
        if self.column < self.picked.len() {
            self.picked.remove(self.column);
        }
        self.column = self.column.min(self.picked.len().saturating_sub(1));
    }

    /// Moves the focus by one column.
    pub(super) fn go(&mut self, right: bool) {
        let last = self.picked.len().saturating_sub(1);
        self.column = if right { (self.column + 1).min(last) } else { self.column.saturating_sub(1) };
    }

    /// Moves the focus to a column.
    pub(super) fn select(&mut self, column: usize) {
        self.column = column.min(self.picked.len().saturating_sub(1));
    }

    /// Lets go of users who are not there any more.
    pub(super) fn follow(&mut self, snapshot: &Snapshot) {
        self.picked.retain(|user| snapshot.user(user).is_some());
        self.column = self.column.min(self.picked.len().saturating_sub(1));
    }

    /// Lets go of everybody: a vault that is closed leaves nothing of its users behind.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The user before the last renewal.
    pub fn former(&self, user: &UserKey) -> Option<&Arc<UserView>> {
        self.former.users.get(user)
    }

    /// Keeps the former state of everybody who has another access token in `new`: the last one only. Only users who
    /// changed are looked at; where users came or went in the same moment, a renewal may be missed.
    pub(super) fn remember(&mut self, old: &Snapshot, new: &Snapshot) {
        let changed = old.users.iter().zip(&new.users).filter(|(old, new)| !Arc::ptr_eq(old, new));
        for (old, new) in changed.filter(|(old, new)| old.key == new.key) {
            let is_renewed = match (&old.access, &new.access) {
                (Some(before), Some(after)) => before.fingerprint != after.fingerprint,
                _ => false,
            };
            self.former.follow(old, new, is_renewed);
        }
    }
}

impl Former {
    /// Takes one change of a user in.
    fn follow(&mut self, old: &Arc<UserView>, new: &UserView, is_renewed: bool) {
        // While a token is on its way the user is neither as before nor as after.
        if new.state == SessionState::Refreshing {
            if old.state != SessionState::Refreshing {
                self.renewing.insert(old.key.clone(), Arc::clone(old));
            }
            return;
        }
        let before = self.renewing.remove(&old.key);
        if is_renewed {
            self.keep(before.as_ref().unwrap_or(old));
        }
    }

    fn keep(&mut self, user: &Arc<UserView>) {
        if self.users.insert(user.key.clone(), Arc::clone(user)).is_none() {
            self.oldest_first.push_back(user.key.clone());
        }
        if self.oldest_first.len() > MOST_FORMER
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.users.remove(&oldest);
        }
    }
}
