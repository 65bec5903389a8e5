//! Apps: made known, kept, and forgotten.

use super::commands::end_at_server;
use super::local::Local;
use super::outcomes::{Outcome, Stored};
use super::{Outage, Worker};
use crate::account::{App, AppAlias, SessionState};
use crate::session::{EventKind, Failure, RequestId, Subject};

const ADD: &str = "add the app";
const EDIT: &str = "change the app";

impl Worker {
    /// Makes an app known until the end of this process.
    pub(super) fn add_app(&mut self, id: RequestId, app: App) {
        let subject = Subject::App { app: app.alias.clone(), who: None };
        let kind = match self.connect(app) {
            Ok(()) => EventKind::AppAdded,
            Err(failure) => EventKind::Failed(failure),
        };
        self.tell(Some(id), subject, kind);
    }

    /// Makes an app known for good.
    pub(super) fn keep_app(&mut self, id: RequestId, app: App) {
        self.keep(id, app, ADD, EventKind::AppAdded);
    }

    /// Changes an app that is kept.
    pub(super) fn edit_app(&mut self, id: RequestId, app: App) {
        let subject = Subject::App { app: app.alias.clone(), who: None };
        let refuse = |failure| EventKind::Failed(failure);
        let known = self.app(&app.alias).filter(|known| known.kept);
        let Some((former, _)) = known.and_then(|known| known.connected.as_ref()) else {
            let failure = Failure::unknown(EDIT, &format!("an app {} that is kept", app.alias));
            return self.tell(Some(id), subject, refuse(failure));
        };
        let moves = former.base_url != app.base_url || former.client_app_id != app.client_app_id;
        let control = app.control.or_else(|| former.control.clone().filter(|_| !moves));
        let users = self.roster.users_of(&app.alias).len();
        if moves && users > 0 {
            return self.tell(Some(id), subject, refuse(Failure::app_has_users(EDIT, &app.alias, users)));
        }
        self.keep(id, App { control, ..app }, EDIT, EventKind::AppChanged);
    }

    fn keep(&mut self, id: RequestId, app: App, action: &'static str, event: EventKind) {
        let subject = Subject::App { app: app.alias.clone(), who: None };
        if self.vault.is_none() {
            return self.tell(Some(id), subject, EventKind::Failed(Failure::vault_is_closed(action)));
        }
        let kept = app.clone();
        if let Err(failure) = self.connect(app) {
            return self.tell(Some(id), subject, EventKind::Failed(failure));
        }
        self.app_mut(&kept.alias).kept = true;
        let stored = self.vault_write(|vault| vault.keep_app(kept.into()));
        self.spawn_to_land(None, Some(id), async move {
            let what = Stored::Said { request: Some(id), subject, event: Some(event) };
            Outcome::Stored { result: stored.await, what }
        });
    }

    /// Connects an app that the vault remembers. One that the person names at the start wins over it.
    pub(super) fn connect_kept(&mut self, app: App) {
        let known = self.app_mut(&app.alias);
        known.kept = true;
        if known.connected.is_none() {
            let subject = Subject::App { app: app.alias.clone(), who: None };
            if let Err(failure) = self.connect(app) {
                self.tell(None, subject, EventKind::Failed(failure));
            }
        }
    }

    /// Forgets an app and all its users. Their sessions are ended at the server as far as it answers.
    pub(super) fn forget_app(&mut self, id: RequestId, alias: &AppAlias) {
        let subject = Subject::App { app: alias.clone(), who: None };
        if self.app(alias).is_none() {
            let failure = Failure::unknown("forget the app", &format!("the app {alias}"));
            return self.tell(Some(id), subject, EventKind::Failed(failure));
        }
        let backend = self.backend(alias).map(|(_, backend, _)| backend);
        for user in self.roster.users_of(alias) {
            let Some(mut session) = self.forget(&user) else { continue };
            let (refresh, backend) = (session.end(SessionState::LoggedOut), backend.clone());
            let subject = Subject::User { label: session.label(), key: user };
            self.spawn_to_land(None, None, async move {
                Outcome::Left {
                    request: None,
                    subject,
                    event: None,
                    result: Ok(()),
                    server: end_at_server(backend, refresh).await,
                }
            });
        }
        self.apps.retain(|app| app.alias != *alias);
        self.changed = true;
        let stored = self.vault_write(|vault| vault.forget_app(alias.clone()));
        self.spawn_to_land(None, Some(id), async move {
            let what = Stored::Said { request: Some(id), subject, event: Some(EventKind::AppForgotten) };
            Outcome::Stored { result: stored.await, what }
        });
    }

    fn connect(&mut self, app: App) -> Result<(), Failure> {
        let alias = app.alias.clone();
        let backend = (self.setup.connect)(&app).map_err(|error| Failure::backend(ADD, &error))?;
        let known = self.app_mut(&alias);
        known.connected = Some((app, backend));
        // What the former address did says nothing about this one.
        known.outage = Outage::default();
        known.local = Local::default();
        self.changed = true;
        self.meet_local_app(&alias);
        self.look_at_sessions_of(&alias);
        Ok(())
    }

    /// Plans every session of an app whose vault record or address has just come.
    pub(super) fn look_at_sessions_of(&mut self, alias: &AppAlias) {
        let now = self.now();
        let is_early = self.setup.renewals.lead.is_some();
        for user in self.roster.users_of(alias) {
            let Some(session) = self.roster.get(&user) else { continue };
            if !session.state.is_logged_in() || session.state == SessionState::Refreshing {
                continue;
            }
            if is_early && !session.has_live_access(now) && self.backend(alias).is_some() {
                self.start_renewal(&user);
            } else {
                self.plan_renewal(&user);
            }
            self.user_changed(&user);
        }
    }
}
