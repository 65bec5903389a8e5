//! All sessions, and the views of them that go into a snapshot.

use std::collections::HashMap;
use std::sync::Arc;

use imbl::Vector;

use super::user_session::UserSession;
use crate::account::{AppAlias, UserKey};
use crate::session::UserView;

/// The sessions by user, and their views in the order of the screen: grouped by app, then by first log-in. No operation
/// on one user costs more than logarithms of the number of users.
#[derive(Debug, Default)]
pub struct Roster {
    sessions: HashMap<UserKey, UserSession>,
    views: Vector<Arc<UserView>>,
    /// What the views are sorted by. A rank never changes while its user is here, whoever comes and goes before it.
    ranks: HashMap<UserKey, Rank>,
    /// The apps in the order in which they were first seen.
    apps: HashMap<AppAlias, usize>,
    /// How many users ever came.
    arrivals: u64,
}

/// First the app's, then the user's order of arrival.
type Rank = (usize, u64);

impl Roster {
    /// A user's session.
    pub fn get(&self, user: &UserKey) -> Option<&UserSession> {
        self.sessions.get(user)
    }

    /// A user's session, to change it. The view follows with [`Roster::refresh_view`].
    pub fn get_mut(&mut self, user: &UserKey) -> Option<&mut UserSession> {
        self.sessions.get_mut(user)
    }

    /// All users of an app.
    pub fn users_of(&self, app: &AppAlias) -> Vec<UserKey> {
        self.views.iter().filter(|view| view.key.app == *app).map(|view| view.key.clone()).collect()
    }

    /// All users.
    pub fn users(&self) -> Vec<UserKey> {
        self.views.iter().map(|view| view.key.clone()).collect()
    }

    /// The views, in the order of the screen.
    pub fn views(&self) -> &Vector<Arc<UserView>> {
        &self.views
    }

    /// Brings a user's view up to date.
    pub fn refresh_view(&mut self, user: &UserKey) {
        if let (Some(session), Some(place)) = (self.sessions.get(user), self.place(user)) {
            self.views.set(place, session.view());
        }
    }

    /// Adds a session, or puts it in the place of the user's former one.
    pub fn insert(&mut self, session: UserSession) {
        let key = session.key.clone();
        let view = session.view();
        self.sessions.insert(key.clone(), session);
        if let Some(place) = self.place(&key) {
            self.views.set(place, view);
            return;
        }
        let apps = self.apps.len();
        let app = *self.apps.entry(key.app.clone()).or_insert(apps);
        self.arrivals += 1;
        let rank = (app, self.arrivals);
        let (Ok(place) | Err(place)) = self.find(rank);
        self.views.insert(place, view);
        self.ranks.insert(key, rank);
    }

    /// Forgets a user.
    pub fn remove(&mut self, user: &UserKey) -> Option<UserSession> {
        let session = self.sessions.remove(user)?;
        if let Some(place) = self.place(user) {
            self.views.remove(place);
        }
        self.ranks.remove(user);
        Some(session)
    }

    fn place(&self, user: &UserKey) -> Option<usize> {
        self.find(*self.ranks.get(user)?).ok()
    }

    /// Where the view of that rank is, or would be.
    fn find(&self, rank: Rank) -> Result<usize, usize> {
        self.views.binary_search_by(|view| self.ranks.get(&view.key).cmp(&Some(&rank)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Provider, UserId};
    use crate::vault::UserRecord;
    use proptest::prelude::*;

    fn session(app: &str, id: u8) -> UserSession {
        let key = UserKey { app: AppAlias::new(app), id: UserId::new(format!("u{id}")) };
        let record = UserRecord { provider: Provider::Anonymous, profile: None, tokens: None, ended: None };
        UserSession::new(key, 0, record, jiff::SignedDuration::ZERO)
    }

    #[test]
    fn users_are_grouped_by_app_and_keep_their_place() {
        let mut roster = Roster::default();
        for (app, id) in [("shop", 1), ("shop", 2), ("bank", 1), ("shop", 3), ("bank", 2), ("shop", 1)] {
            roster.insert(session(app, id));
        }
        let order: Vec<_> = roster.views().iter().map(|view| view.key.to_string()).collect();
        assert_eq!(order, ["shop/u1", "shop/u2", "shop/u3", "bank/u1", "bank/u2"]);
    }

    proptest! {
        #[test]
        fn every_session_has_one_view_at_its_place(
            steps in prop::collection::vec((any::<bool>(), 0u8..3, 0u8..6), 0..60)
        ) {
            let mut roster = Roster::default();
            for (add, app, id) in steps {
                let session = session(["a", "b", "c"][usize::from(app)], id);
                if add { roster.insert(session) } else { drop(roster.remove(&session.key)) }
                prop_assert_eq!(roster.views().len(), roster.sessions.len());
                prop_assert_eq!(roster.ranks.len(), roster.sessions.len());
                for (place, view) in roster.views().iter().enumerate() {
                    prop_assert_eq!(roster.place(&view.key), Some(place));
                }
                let apps: Vec<_> = roster.views().iter().map(|view| view.key.app.clone()).collect();
                let mut groups = apps.clone();
                groups.dedup();
                let distinct: std::collections::HashSet<_> = apps.iter().collect();
                prop_assert_eq!(groups.len(), distinct.len());
            }
        }
    }
}
