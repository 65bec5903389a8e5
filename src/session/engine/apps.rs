//! Apps as the engine knows them: connected, followed over processes, dropped.

use super::local::Local;
use super::{Engine, KnownApp, Outage};
use crate::account::{App, AppAlias, SessionState};
use crate::session::engine::operations::{AppAdded, AppForgotten};
use crate::session::engine::skew::Skew;
use crate::session::{Failure, Subject};

impl Engine {
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
            self.tell(None, subject, failure);
        }
    }

    /// Takes the Apps that the vault has by now, of which another process may have added, changed or forgotten some. What
    /// this process wrote itself it has already.
    pub(super) fn follow_apps(&mut self, mut kept: Vec<App>) {
        let written = std::mem::take(&mut self.apps_written);
        kept.retain(|app| !written.contains(&app.alias));
        let is_gone = |known: &&KnownApp| {
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
            let subject = Subject::App { app: alias, who: None };
            match self.connect(app) {
                Ok(()) => self.tell(None, subject, AppAdded),
                Err(failure) => self.tell(None, subject, failure),
            }
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
        self.tell(None, Subject::App { app: alias.clone(), who: None }, AppForgotten);
    }

    /// Makes an app's client, and begins to keep its sessions alive.
    pub(super) fn connect(&mut self, mut app: App) -> Result<(), Failure> {
        let alias = app.alias.clone();
        if app.accepted_host.is_none() {
            app.accepted_host = self.accepted_host_of(&app);
        }
        let backend = (self.setup.connect)(&app).map_err(|error| Failure::backend("add the app", &error))?;
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
    pub(super) fn accepted_host_of(&self, app: &App) -> Option<String> {
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
                self.start_refresh(&user);
            } else {
                self.plan_refresh(&user);
            }
            self.user_changed(&user);
        }
    }
}
