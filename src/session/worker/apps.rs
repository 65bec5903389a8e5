//! Apps: made known, kept, and forgotten.

use super::commands::end_at_server;
use super::local::Local;
use super::outcomes::{Outcome, Stored};
use super::{Outage, Worker};
use crate::account::{App, AppAlias, AppClock, SessionState};
use crate::backend::BackendError;
use crate::session::skew::Skew;
use crate::session::{EventKind, Failure, RequestId, Subject};

const ADD: &str = "add the app";
const EDIT: &str = "change the app";
const CHECK: &str = "check the control token";
const ACCEPT: &str = "accept another host";

/// What to keep an App for, and how far that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keeping {
    is_edit: bool,
    /// Whether a control token that was given has been tried.
    is_checked: bool,
}

impl Keeping {
    pub(super) const ADD: Self = Self { is_edit: false, is_checked: false };
    pub(super) const EDIT: Self = Self { is_edit: true, is_checked: false };

    fn action(self) -> &'static str {
        if self.is_edit { EDIT } else { ADD }
    }

    fn event(self) -> EventKind {
        if self.is_edit { EventKind::AppChanged } else { EventKind::AppAdded }
    }
}

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

    /// Makes an App known for good, or changes one that is kept. What is not given stays: the way to its control API too,
    /// unless the App moves. Tokens go to the address of their App, so neither moves one that has users.
    pub(super) fn keep_app(&mut self, id: RequestId, mut app: App, keeping: Keeping) {
        let (alias, action) = (app.alias.clone(), keeping.action());
        let refuse = |this: &mut Self, failure| {
            this.tell(Some(id), Subject::App { app: alias.clone(), who: None }, EventKind::Failed(failure));
        };
        let known = self.app(&app.alias);
        let former = known.and_then(|known| Some(&known.connected.as_ref()?.0));
        // Where users of an App are known, and no address, an edit gives one.
        let lacks_address = known.is_some() && former.is_none() && alias.as_str() != AppAlias::LOCAL;
        let is_kept = known.is_some_and(|known| known.kept);
        if keeping.is_edit && !lacks_address && !is_kept {
            let failure = Failure::unknown(action, &format!("an app {alias} that is kept"));
            return refuse(self, failure);
        }
        if let Some(former) = former {
            let moves = former.base_url != app.base_url || former.client_app_id != app.client_app_id;
            let users = self.roster.users_of(&alias).len();
            if moves && users > 0 {
                return refuse(self, Failure::app_has_users(action, &alias, users));
            }
            app.control = app.control.or_else(|| former.control.clone().filter(|_| !moves));
            // One that came with the environment, for this start alone, has not been tried.
            if is_kept && app.control == former.control {
                return self.keep(id, app, action, keeping.event());
            }
        }
        if app.control.is_some() && !keeping.is_checked && self.vault.is_some() {
            return self.check_control_token(id, app, keeping);
        }
        self.keep(id, app, action, keeping.event());
    }

    /// Tries a control token that is given before anything is kept: a wrong one must not replace a good one unseen.
    fn check_control_token(&mut self, id: RequestId, app: App, keeping: Keeping) {
        let control = (self.setup.connect)(&app).map(|backend| backend.control());
        self.spawn(None, Some(id), async move {
            let result = match control {
                Ok(Some(control)) => Some(control.clock().await),
                Ok(None) => None,
                Err(error) => Some(Err(error)),
            };
            Outcome::ControlChecked { request: id, app: Box::new(app), keeping, result }
        });
    }

    pub(super) fn control_checked(
        &mut self,
        id: RequestId,
        app: App,
        keeping: Keeping,
        result: Option<Result<AppClock, BackendError>>,
    ) {
        let subject = Subject::App { app: app.alias.clone(), who: None };
        match result {
            Some(Err(error @ BackendError::Refused { status: 400..500, .. })) => {
                let failure = Failure::control_token(keeping.action(), &error);
                return self.tell(Some(id), subject, EventKind::Failed(failure));
            }
            Some(Err(error)) => {
                let failure = Failure::control(CHECK, &error);
                self.tell(None, subject, EventKind::Failed(failure));
            }
            Some(Ok(_)) | None => {}
        }
        self.keep_app(id, app, Keeping { is_checked: true, ..keeping });
    }

    /// A person said that an App may be served at another host.
    pub(super) fn accept_host(&mut self, id: RequestId, alias: AppAlias, host: String) {
        let known =
            self.app(&alias).and_then(|known| Some((known.connected.as_ref()?.0.clone(), known.kept)));
        let Some((app, kept)) = known else {
            let failure = self.no_app(ACCEPT, &alias);
            let subject = Subject::App { app: alias, who: None };
            return self.tell(Some(id), subject, EventKind::Failed(failure));
        };
        let app = App { accepted_host: Some(host), ..app };
        if kept {
            return self.keep(id, app, ACCEPT, EventKind::AppChanged);
        }
        let kind = match self.connect(app) {
            Ok(()) => EventKind::AppChanged,
            Err(failure) => EventKind::Failed(failure),
        };
        self.tell(Some(id), Subject::App { app: alias, who: None }, kind);
    }

    /// Notes which Apps name a host that nobody has accepted, as their clients found out.
    pub(super) fn look_at_hosts(&mut self) {
        for known in &mut self.apps {
            let other = known.connected.as_ref().and_then(|(_, backend)| backend.other_host());
            if known.other_host != other {
                known.other_host = other;
                self.changed = true;
            }
        }
    }

    fn keep(&mut self, id: RequestId, app: App, action: &'static str, event: EventKind) {
        let subject = Subject::App { app: app.alias.clone(), who: None };
        if self.vault.is_none() {
            return self.tell(Some(id), subject, EventKind::Failed(Failure::vault_is_closed(action)));
        }
        let mut kept = app.clone();
        if kept.accepted_host.is_none() {
            kept.accepted_host = self.accepted_host_of(&app);
        }
        if let Err(failure) = self.connect(app) {
            return self.tell(Some(id), subject, EventKind::Failed(failure));
        }
        self.app_mut(&kept.alias).kept = true;
        self.note_written(&kept.alias);
        let stored = self.vault_write(|vault| vault.keep_app(kept));
        self.spawn_to_land(None, Some(id), async move {
            let what = Stored::Said { request: Some(id), subject, event: Some(event) };
            Outcome::Stored { result: stored.await, what }
        });
    }

    /// Connects an app that the vault remembers. One that the person names at the start wins over it.
    pub(super) fn connect_kept(&mut self, app: App) {
        let known = self.app_mut(&app.alias);
        known.kept = true;
        known.seen = Some(app.clone());
        let is_there = |(named, _): &(App, _)| {
            named.base_url == app.base_url && named.client_app_id == app.client_app_id
        };
        // Named at the start, before the vault said which host a person had accepted.
        let named = known.connected.as_ref().filter(|named| is_there(named)).map(|(named, _)| named.clone());
        let named = named.filter(|named| named.accepted_host.is_none() && app.accepted_host.is_some());
        let app = match named {
            Some(named) => App { accepted_host: app.accepted_host, ..named },
            None if known.connected.is_none() => app,
            None => return,
        };
        let subject = Subject::App { app: app.alias.clone(), who: None };
        if let Err(failure) = self.connect(app) {
            self.tell(None, subject, EventKind::Failed(failure));
        }
    }

    /// Takes the Apps that the vault has by now, of which another process may have added, changed or forgotten some. What
    /// this process wrote itself it has already.
    pub(super) fn follow_apps(&mut self, mut kept: Vec<App>) {
        let written = std::mem::take(&mut self.apps_written);
        kept.retain(|app| !written.contains(&app.alias));
        let is_gone = |known: &&super::KnownApp| {
            known.seen.is_some()
                && !written.contains(&known.alias)
                && kept.iter().all(|app| app.alias != known.alias)
        };
        let gone: Vec<_> = self.apps.iter().filter(is_gone).map(|known| known.alias.clone()).collect();
        for alias in gone {
            self.drop_app(&alias);
        }
        for app in kept {
            let known = self.app_mut(&app.alias);
            if known.seen.as_ref() == Some(&app) {
                continue;
            }
            // One that the person named at the start is not kept, and stays what it is.
            let (alias, is_ours) = (app.alias.clone(), !known.kept && known.connected.is_some());
            let is_there = known.connected.as_ref().is_some_and(|(connected, _)| *connected == app);
            (known.kept, known.seen) = (true, Some(app.clone()));
            self.changed = true;
            if is_ours || is_there {
                continue;
            }
            let kind = match self.connect(app) {
                Ok(()) => EventKind::AppAdded,
                Err(failure) => EventKind::Failed(failure),
            };
            self.tell(None, Subject::App { app: alias, who: None }, kind);
        }
    }

    pub(super) fn note_written(&mut self, alias: &AppAlias) {
        if self.looking.is_some() {
            self.apps_written.push(alias.clone());
        }
    }

    /// Another process forgot an app, and ended what there was to end.
    fn drop_app(&mut self, alias: &AppAlias) {
        for user in self.roster.users_of(alias) {
            drop(self.forget(&user));
        }
        self.apps.retain(|app| app.alias != *alias);
        self.changed = true;
        self.tell(None, Subject::App { app: alias.clone(), who: None }, EventKind::AppForgotten);
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
        self.note_written(alias);
        let stored = self.vault_write(|vault| vault.forget_app(alias.clone()));
        self.spawn_to_land(None, Some(id), async move {
            let what = Stored::Said { request: Some(id), subject, event: Some(EventKind::AppForgotten) };
            Outcome::Stored { result: stored.await, what }
        });
    }

    fn connect(&mut self, mut app: App) -> Result<(), Failure> {
        let alias = app.alias.clone();
        if app.accepted_host.is_none() {
            app.accepted_host = self.accepted_host_of(&app);
        }
        let backend = (self.setup.connect)(&app).map_err(|error| Failure::backend(ADD, &error))?;
        let known = self.app_mut(&alias);
        let is_elsewhere = known.connected.as_ref().is_some_and(|(former, _)| {
            former.client_app_id != app.client_app_id || former.base_url.host() != app.base_url.host()
        });
        if is_elsewhere {
            known.skew = Skew::default();
        }
        known.connected = Some((app, backend));
        // What the former address did says nothing about this one.
        known.outage = Outage::default();
        known.local = Local::default();
        self.changed = true;
        self.meet_local_app(&alias);
        self.look_at_sessions_of(&alias);
        Ok(())
    }

    /// What a person accepted for the App as it is known, if it stands where it stood.
    fn accepted_host_of(&self, app: &App) -> Option<String> {
        let (former, _) = self.app(&app.alias)?.connected.as_ref()?;
        let is_there = former.base_url == app.base_url && former.client_app_id == app.client_app_id;
        former.accepted_host.clone().filter(|_| is_there)
    }

    /// Plans every session of an app whose vault record or address has just come.
    pub(super) fn look_at_sessions_of(&mut self, alias: &AppAlias) {
        let now = self.present(alias);
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
