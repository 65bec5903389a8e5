//! Apps: made known, kept, changed, and forgotten.

use secrecy::ExposeSecret;

use crate::account::{App, AppAlias, SessionState, Severity};
use crate::backend::BackendError;
use crate::session::engine::Engine;
use crate::session::{EventKind, Failure, Operation, Outcome, RequestId, Subject};

const ADD: &str = "add the app";

/// Make an App known, or replace its address, until the end of this process; its sessions are kept alive from then on.
#[derive(Debug, Clone)]
pub struct AddApp(pub App);

/// An App is known.
#[derive(Debug)]
pub struct AppAdded;

impl Outcome for AppAdded {
    fn sentence(&self) -> String {
        "app added".into()
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }
}

impl Operation for AddApp {
    type Outcome = AppAdded;

    fn start(self, engine: &mut Engine, id: RequestId) {
        let subject = subject(&self.0.alias);
        match engine.connect(self.0) {
            Ok(()) => engine.tell(Some(id), subject, AppAdded),
            Err(failure) => engine.tell(Some(id), subject, failure),
        }
    }
}

/// Make an App known, and remember it for the next start. A control token that is given is tried first.
#[derive(Debug, Clone)]
pub struct KeepApp(pub App);

impl Operation for KeepApp {
    type Outcome = AppAdded;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.keep_app(id, self.0, Keeping::ADD);
    }
}

/// Change an App that is kept. A control token that is given is tried first. Without a way to its control API the former one
/// stays, unless the App has moved; an App with users does not move, since their tokens are for its address alone.
#[derive(Debug, Clone)]
pub struct EditApp(pub App);

/// An App was changed on this device.
#[derive(Debug)]
pub struct AppChanged;

impl Outcome for AppChanged {
    fn sentence(&self) -> String {
        "app changed".into()
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }
}

impl Operation for EditApp {
    type Outcome = AppChanged;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.keep_app(id, self.0, Keeping::EDIT);
    }
}

/// Let an App name another host as where it is served. Kept with the App.
#[derive(Debug, Clone)]
pub struct AcceptHost {
    /// The App.
    pub app: AppAlias,
    /// Host, and port where it is not the scheme's own, as the App names them.
    pub host: String,
}

impl Operation for AcceptHost {
    type Outcome = AppChanged;

    fn start(self, engine: &mut Engine, id: RequestId) {
        const ACTION: &str = "accept another host";
        let Self { app: alias, host } = self;
        let known =
            engine.app(&alias).and_then(|known| Some((known.connected.as_ref()?.0.clone(), known.kept)));
        let Some((app, kept)) = known else {
            let failure = engine.no_app(ACTION, &alias);
            return engine.tell(Some(id), subject(&alias), failure);
        };
        let app = App { accepted_host: Some(host), ..app };
        if kept {
            return engine.keep(id, app, ACTION, AppChanged.into());
        }
        match engine.connect(app) {
            Ok(()) => engine.tell(Some(id), subject(&alias), AppChanged),
            Err(failure) => engine.tell(Some(id), subject(&alias), failure),
        }
    }
}

/// Forget an App that was kept, with all its users on this device. Their sessions are ended at the server as far as it
/// answers.
#[derive(Debug, Clone)]
pub struct ForgetApp {
    /// The App.
    pub app: AppAlias,
}

/// An App is forgotten on this device.
#[derive(Debug)]
pub struct AppForgotten;

impl Outcome for AppForgotten {
    fn sentence(&self) -> String {
        "app forgotten on this device".into()
    }
}

impl Operation for ForgetApp {
    type Outcome = AppForgotten;

    fn start(self, engine: &mut Engine, id: RequestId) {
        const ACTION: &str = "forget the app";
        let Self { app: alias } = self;
        if engine.app(&alias).is_none() {
            let failure = Failure::unknown(ACTION, &format!("the app {alias}"));
            return engine.tell(Some(id), subject(&alias), failure);
        }
        let backend = engine.backend(&alias).map(|(_, backend, _)| backend);
        for user in engine.roster.users_of(&alias) {
            let Some(mut session) = engine.forget(&user) else { continue };
            let tokens = session.end(SessionState::LoggedOut);
            let subject = Subject::User { label: session.label(), key: user };
            engine.end_at_server(None, subject, backend.clone(), tokens);
        }
        engine.apps.retain(|app| app.alias != alias);
        engine.changed = true;
        engine.note_written(&alias);
        let stored = engine.vault_write(|vault| vault.forget_app(alias.clone()));
        engine.store(None, Some(id), subject(&alias), ACTION, stored, AppForgotten);
    }
}

fn subject(app: &AppAlias) -> Subject {
    Subject::App { app: app.clone(), who: None }
}

/// What to keep an App for, and how far that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Keeping {
    is_edit: bool,
    /// Whether a control token that was given has been tried.
    is_checked: bool,
}

impl Keeping {
    const ADD: Self = Self { is_edit: false, is_checked: false };
    const EDIT: Self = Self { is_edit: true, is_checked: false };

    fn action(self) -> &'static str {
        if self.is_edit { "change the app" } else { ADD }
    }

    fn event(self) -> EventKind {
        if self.is_edit { AppChanged.into() } else { AppAdded.into() }
    }
}

impl Engine {
    /// Makes an App known for good, or changes one that is kept. What is not given stays: the way to its control API too,
    /// unless the App moves. Tokens go to the address of their App, so neither moves one that has users.
    fn keep_app(&mut self, id: RequestId, mut app: App, keeping: Keeping) {
        let (alias, action) = (app.alias.clone(), keeping.action());
        let known = self.app(&app.alias);
        let former = known.and_then(|known| Some(&known.connected.as_ref()?.0));
        // Where users of an App are known, and no address, an edit gives one.
        let lacks_address = known.is_some() && former.is_none() && alias.as_str() != AppAlias::LOCAL;
        let is_kept = known.is_some_and(|known| known.kept);
        if keeping.is_edit && !lacks_address && !is_kept {
            let failure = Failure::unknown(action, &format!("an app {alias} that is kept"));
            return self.tell(Some(id), subject(&alias), failure);
        }
        if let Some(former) = former {
            let moves = former.base_url != app.base_url || former.client_app_id != app.client_app_id;
            let users = self.roster.users_of(&alias).len();
            if moves && users > 0 {
                return self.tell(Some(id), subject(&alias), Failure::app_has_users(action, &alias, users));
            }
            app.control = app.control.or_else(|| former.control.clone().filter(|_| !moves));
            // One that came with the environment, for this start alone, has not been tried.
            if is_kept && app.control == former.control {
                return self.keep(id, app, action, keeping.event());
            }
        }
        if let Some(control) = app.control.as_ref().filter(|_| !keeping.is_checked) {
            // Anything else cannot be sent, and so not tried.
            let is_sendable = |byte| (b' '..=b'~').contains(&byte);
            if !control.token.expose_secret().bytes().all(is_sendable) {
                return self.tell(Some(id), subject(&alias), Failure::no_control_token(action));
            }
            if self.vault.is_some() {
                return self.check_control_token(id, app, keeping);
            }
        }
        self.keep(id, app, action, keeping.event());
    }

    /// Tries a control token that is given before anything is kept: a wrong one must not replace a good one unseen.
    fn check_control_token(&mut self, id: RequestId, app: App, keeping: Keeping) {
        let control = (self.setup.connect)(&app).map(|backend| backend.control());
        let job = async move {
            match control {
                Ok(Some(control)) => control.clock().await.map(drop),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            }
        };
        self.spawn(None, Some(id), job, move |engine, result| {
            let subject = subject(&app.alias);
            match result {
                Err(error @ BackendError::Refused { status: 400..500, .. }) => {
                    let failure = Failure::control_token(keeping.action(), &error);
                    return engine.tell(Some(id), subject, failure);
                }
                Err(error) => {
                    engine.tell(None, subject, Failure::control("check the control token", &error));
                }
                Ok(()) => {}
            }
            engine.keep_app(id, app, Keeping { is_checked: true, ..keeping });
        });
    }

    fn keep(&mut self, id: RequestId, app: App, action: &'static str, event: EventKind) {
        let subject = subject(&app.alias);
        if self.vault.is_none() {
            return self.tell(Some(id), subject, Failure::vault_is_closed(action));
        }
        let mut kept = app.clone();
        if kept.accepted_host.is_none() {
            kept.accepted_host = self.accepted_host_of(&app);
        }
        if let Err(failure) = self.connect(app) {
            return self.tell(Some(id), subject, failure);
        }
        self.app_mut(&kept.alias).kept = true;
        self.note_written(&kept.alias);
        let stored = self.vault_write(|vault| vault.keep_app(kept));
        self.store(None, Some(id), subject, action, stored, event);
    }
}
