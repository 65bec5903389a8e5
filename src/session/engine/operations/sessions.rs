//! A user's session on this device: made current, logged out, removed; the account deleted.

use futures_util::future::BoxFuture;

use crate::account::{SessionState, Severity, UserKey};
use crate::backend::{BackendError, Facet};
use crate::session::engine::Engine;
use crate::session::engine::operation::{Change, UserContext, UserOperation};
use crate::session::{Failure, Operation, Outcome, RequestId};

/// Make a user the current one of its App.
#[derive(Debug, Clone)]
pub struct MakeCurrent {
    /// The user.
    pub user: UserKey,
}

/// The user is the current one of its App.
#[derive(Debug)]
pub struct MadeCurrent;

impl Outcome for MadeCurrent {
    fn sentence(&self) -> String {
        "is the current user".into()
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }
}

impl Operation for MakeCurrent {
    type Outcome = MadeCurrent;

    fn start(self, engine: &mut Engine, id: RequestId) {
        if engine.roster.get(&self.user).is_none() {
            return engine.fail(Some(id), &self.user, Failure::unknown("make current", "the user"));
        }
        engine.make_current(id, self.user, MadeCurrent);
    }
}

impl Engine {
    pub(super) fn make_current(&mut self, id: RequestId, user: UserKey, outcome: impl Outcome) {
        self.app_mut(&user.app).current = Some(user.id.clone());
        self.changed = true;
        let subject = self.subject(&user);
        let stored = self.vault_write(|vault| vault.set_current(user.app.clone(), Some(user.id.clone())));
        self.store(Some(user), Some(id), subject, "make current", stored, outcome);
    }
}

/// End the session; the user stays known on this device.
#[derive(Debug, Clone)]
pub struct LogOut {
    /// The user.
    pub user: UserKey,
}

/// The session was ended by the person.
#[derive(Debug)]
pub struct LoggedOut;

impl Outcome for LoggedOut {
    fn sentence(&self) -> String {
        "logged out".into()
    }

    fn timeline(&self) -> Option<(String, &'static str)> {
        Some((self.sentence(), "the person asked; tokens are wiped at once"))
    }
}

impl Operation for LogOut {
    type Outcome = LoggedOut;

    fn start(self, engine: &mut Engine, id: RequestId) {
        const ACTION: &str = "log out";
        let Self { user } = self;
        let generation = engine.next_generation();
        let backend = engine.backend(&user.app).map(|(_, backend, _)| backend);
        let Some(session) = engine.roster.get_mut(&user) else {
            return engine.fail(Some(id), &user, Failure::unknown(ACTION, "the user"));
        };
        session.generation = generation;
        let tokens = session.end(SessionState::LoggedOut);
        let (requests, operations) = session.take_waiting();
        let record = session.record();
        engine.plan(&user);
        engine.user_changed(&user);
        engine.fail_waiting(&user, requests, operations, |action| Failure::not_logged_in(action, None));
        let stored = engine.vault_write(|vault| vault.put(user.clone(), record));
        let subject = engine.subject(&user);
        engine.store_and_end(Some(user), Some(id), subject, ACTION, stored, backend, tokens, LoggedOut);
    }
}

/// Log out, and forget the user on this device. The account lives on.
#[derive(Debug, Clone)]
pub struct Remove {
    /// The user.
    pub user: UserKey,
}

/// The user is forgotten on this device.
#[derive(Debug)]
pub struct Removed;

impl Outcome for Removed {
    fn sentence(&self) -> String {
        "removed from this device; the account lives on".into()
    }
}

impl Operation for Remove {
    type Outcome = Removed;

    fn start(self, engine: &mut Engine, id: RequestId) {
        const ACTION: &str = "remove";
        let Self { user } = self;
        let backend = engine.backend(&user.app).map(|(_, backend, _)| backend);
        let subject = engine.subject(&user);
        let Some(mut session) = engine.forget(&user) else {
            return engine.fail(Some(id), &user, Failure::unknown(ACTION, "the user"));
        };
        let tokens = session.end(SessionState::LoggedOut);
        let stored = engine.vault_write(|vault| vault.remove(user.clone()));
        engine.store_and_end(Some(user), Some(id), subject, ACTION, stored, backend, tokens, Removed);
    }
}

/// Delete the account at the server, and forget the user.
#[derive(Debug, Clone)]
pub struct Delete {
    /// The user.
    pub user: UserKey,
}

/// The account is gone at the server.
#[derive(Debug)]
pub struct Deleted;

impl Outcome for Deleted {
    fn sentence(&self) -> String {
        "account deleted".into()
    }
}

impl Operation for Delete {
    type Outcome = Deleted;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for Delete {
    fn name(&self) -> &'static str {
        "delete the account"
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            context.facet(Facet::Account, |backend| backend.account())?.delete(&context.tokens).await?;
            let (user, action) = (self.user.clone(), self.name());
            Ok(Change::new(move |engine, request| {
                let subject = engine.subject(&user);
                engine.forget(&user);
                let stored = engine.vault_write(|vault| vault.remove(user.clone()));
                engine.store(Some(user), request, subject, action, stored, Deleted);
            }))
        })
    }
}
