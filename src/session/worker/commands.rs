//! What each command starts.

use std::sync::Arc;
use std::time::Duration;

use super::Worker;
use super::accounts::enter;
use super::apps::Keeping;
use super::outcomes::{Outcome, Stored};
use crate::account::{AppAlias, Credentials, Provider, SessionState, UserKey};
use crate::backend::{Backend, FieldChange};
use crate::session::operation::{Operation, OperationKind};
use crate::session::user_session::{UserSession, WaitingRequest};
use crate::session::{
    Command, EventKind, Failure, KeyChoice, READ_TIMELINE, RequestId, Subject, VaultStatus,
};
use crate::vault::{KeyPolicy, Vault};

/// The action that hands a token to somebody outside.
const HAND_OUT: &str = "hand out an access token";

/// The action that creates an account and logs it in.
pub(super) const REGISTER: &str = "register";

impl Worker {
    pub(super) fn handle(&mut self, id: RequestId, command: Command) {
        match command {
            Command::OpenVault(choice) => self.open_vault(Some(id), Some(choice)),
            Command::AddApp(app) => self.add_app(id, app),
            Command::LogIn { app, credentials } => self.log_in(id, app, credentials, false),
            Command::LogInWithBrowser { app, provider } => self.log_in_with_browser(id, app, provider),
            Command::LinkWithBrowser { user, provider } => {
                self.operate(id, &user, OperationKind::LinkWithBrowser(provider));
            }
            Command::BrowserEndedAt { request, address } => self.take_address(id, request, &address),
            Command::Register { app, email, password } => {
                self.log_in(id, app, Credentials::EmailPassword { email, password }, true);
            }
            Command::Link { user, credentials, register } => {
                self.operate(id, &user, OperationKind::Link { credentials, register });
            }
            Command::EmailAction { app, action } => self.email_action(id, app, action),
            Command::ApiKeys { user, action } => self.operate(id, &user, OperationKind::ApiKeys(action)),
            Command::Local { app, action } => self.look_after(Some(id), app, action),
            Command::KeepApp(app) => self.keep_app(id, app, Keeping::ADD),
            Command::EditApp(app) => self.keep_app(id, app, Keeping::EDIT),
            Command::AcceptHost { app, host } => self.accept_host(id, app, host),
            Command::ForgetApp { app } => self.forget_app(id, &app),
            Command::CancelLogIn { request } => self.cancel_log_in(id, request),
            Command::Lock => self.lock(id),
            Command::ForgetLost(records) => self.forget_lost(id, records),
            Command::ReuseAnonymous { app } => self.reuse_anonymous(id, app),
            Command::Token { user, min_ttl } => self.token(id, &user, min_ttl),
            Command::RefreshToken { user } => self.refresh_token(id, &user),
            Command::ReadTimeline { user } => self.read_timeline(id, user),
            Command::Refresh { user } => self.refresh(id, &user),
            Command::MakeCurrent { user } => self.make_current(id, user),
            Command::LogOut { user } => self.log_out(id, &user),
            Command::Remove { user } => self.remove(id, &user),
            Command::Delete { user } => self.operate(id, &user, OperationKind::Delete),
            Command::SetCustomData { user, path, value } => {
                self.operate(id, &user, OperationKind::ChangeCustomData(FieldChange::Set(path, value)));
            }
            Command::ReadCustomData { user } => self.operate(id, &user, OperationKind::ReadCustomData),
            Command::EditCustomData { user, edit } => {
                self.operate(id, &user, OperationKind::EditCustomData(edit));
            }
            Command::UnsetCustomData { user, path } => {
                self.operate(id, &user, OperationKind::ChangeCustomData(FieldChange::Unset(path)));
            }
        }
    }

    /// Opens the vault; `choice` wins over the policy that the worker started with.
    pub(super) fn open_vault(&mut self, request: Option<RequestId>, choice: Option<KeyChoice>) {
        if self.vault.is_some() {
            return;
        }
        self.vault_status = VaultStatus::Opening;
        self.changed = true;
        let policy = match choice {
            Some(choice) => KeyPolicy { choice: Some(choice), ..KeyPolicy::default() },
            // Only the first opening is by this; a passphrase in it does not outlive that.
            None => std::mem::take(&mut self.setup.key),
        };
        let opening = Vault::open(self.setup.vault.clone(), policy);
        self.spawn(None, request, async move { Outcome::VaultOpened { request, result: opening.await } });
    }

    /// The app's active user who is anonymous and nothing else, or a new one.
    fn reuse_anonymous(&mut self, id: RequestId, app: AppAlias) {
        let is_anonymous = |user: &UserKey| {
            self.roster.get(user).is_some_and(|session| {
                let linked = session.profile.as_ref().map_or(0, |profile| profile.identities.len());
                session.provider == Provider::Anonymous && session.state.is_logged_in() && linked <= 1
            })
        };
        match self.roster.users_of(&app).into_iter().find(is_anonymous) {
            Some(user) => self.make_current_and_say(id, user, EventKind::LoggedIn { replaced: false }),
            None => self.log_in(id, app, Credentials::Anonymous, false),
        }
    }

    fn log_in(&mut self, id: RequestId, app: AppAlias, credentials: Credentials, register: bool) {
        let action = if register { REGISTER } else { "log in" };
        let subject = Subject::App { app: app.clone(), who: Some(credentials.subject().to_owned()) };
        if self.vault.is_none() {
            return self.tell(Some(id), subject, EventKind::Failed(Failure::vault_is_closed(action)));
        }
        let Some((_, backend, device)) = self.backend(&app) else {
            let failure = self.no_app(action, &app);
            return self.tell(Some(id), subject, EventKind::Failed(failure));
        };
        self.entering.insert(id, (subject.clone(), false));
        self.spawn(None, Some(id), async move {
            let result = enter(&*backend, &credentials, device.as_ref(), register).await;
            Outcome::LoggedIn { request: id, subject, action, app, result }
        });
    }

    /// An operation that a person asked for.
    fn operate(&mut self, id: RequestId, user: &UserKey, kind: OperationKind) {
        self.start_operation(user, Operation::new(Some(id), kind));
    }

    /// Runs an operation with the user's access token, after a renewal if the token is over.
    pub(super) fn start_operation(&mut self, user: &UserKey, mut operation: Operation) {
        let now = self.present(&user.app);
        let action = operation.kind.action();
        let request = operation.request;
        let Some((app, backend, device)) = self.backend(&user.app) else {
            let failure = self.no_app(action, &user.app);
            return self.fail(request, user, failure);
        };
        let Some(session) = self.roster.get_mut(user) else {
            return self.fail(request, user, Failure::unknown(action, "the user"));
        };
        let Some(tokens) = session.tokens.clone() else {
            return self.fail_logged_out(request, user, action);
        };
        // A server may hand out tokens that are over when they arrive: after one renewal it is asked all the same, and
        // its answer ends the matter.
        if !session.has_live_access(now) && !operation.renewed {
            operation.renewed = true;
            session.waiting_operations.push(operation);
            return self.start_renewal(user);
        }
        let (key, generation) = (user.clone(), session.generation);
        self.spawn(Some(user.clone()), request, async move {
            let Operation { kind, .. } = &operation;
            let result = kind.run(backend, &key.id, &tokens, device.as_ref(), &app.custom_data).await;
            Outcome::Operated { user: key, generation, access: tokens.access, operation, result }
        });
    }

    fn refresh(&mut self, id: RequestId, user: &UserKey) {
        let action = "renew the access token";
        if self.backend(&user.app).is_none() {
            let failure = self.no_app(action, &user.app);
            return self.fail(Some(id), user, failure);
        }
        match self.roster.get_mut(user) {
            None => self.fail(Some(id), user, Failure::unknown(action, "the user")),
            Some(session) if session.tokens.is_none() => self.fail_logged_out(Some(id), user, action),
            Some(session) => {
                session.waiting_requests.push(WaitingRequest::Refresh(id));
                self.start_renewal(user);
            }
        }
    }

    fn token(&mut self, id: RequestId, user: &UserKey, min_ttl: Duration) {
        let now = self.present(&user.app);
        let Some(session) = self.roster.get_mut(user) else {
            return self.fail(Some(id), user, Failure::unknown(HAND_OUT, "the user"));
        };
        let Some(tokens) = &session.tokens else {
            return self.fail_logged_out(Some(id), user, HAND_OUT);
        };
        if session.is_valid_for(min_ttl, now) {
            let expires = session.access_lifetime().map(|life| life.expires);
            let kind = EventKind::Token { access: tokens.access.clone(), expires };
            let subject = self.subject(user);
            return self.tell(Some(id), subject, kind);
        }
        if self.backend(&user.app).is_none() {
            let failure = self.no_app(HAND_OUT, &user.app);
            return self.fail(Some(id), user, failure);
        }
        if let Some(session) = self.roster.get_mut(user) {
            session.waiting_requests.push(WaitingRequest::Token(id, min_ttl));
        }
        self.start_renewal(user);
    }

    fn refresh_token(&mut self, id: RequestId, user: &UserKey) {
        let action = "hand out the refresh token";
        match self.roster.get(user) {
            None => self.fail(Some(id), user, Failure::unknown(action, "the user")),
            Some(session) => match &session.tokens {
                None => self.fail_logged_out(Some(id), user, action),
                Some(tokens) => {
                    let kind = EventKind::RefreshToken(tokens.refresh.clone());
                    let subject = self.subject(user);
                    self.tell(Some(id), subject, kind);
                }
            },
        }
    }

    fn read_timeline(&mut self, id: RequestId, user: UserKey) {
        if self.roster.get(&user).is_none() {
            return self.fail(Some(id), &user, Failure::unknown(READ_TIMELINE, "the user"));
        }
        let entries = self.vault_write(|vault| vault.timeline(user.clone()));
        self.spawn(Some(user.clone()), Some(id), async move {
            Outcome::Timeline { request: id, user, result: entries.await }
        });
    }

    fn make_current(&mut self, id: RequestId, user: UserKey) {
        if self.roster.get(&user).is_none() {
            return self.fail(Some(id), &user, Failure::unknown("make current", "the user"));
        }
        self.make_current_and_say(id, user, EventKind::MadeCurrent);
    }

    fn make_current_and_say(&mut self, id: RequestId, user: UserKey, event: EventKind) {
        self.app_mut(&user.app).current = Some(user.id.clone());
        self.changed = true;
        let subject = self.subject(&user);
        let stored = self.vault_write(|vault| vault.set_current(user.app.clone(), Some(user.id.clone())));
        self.spawn_to_land(Some(user), Some(id), async move {
            let what = Stored::Said { request: Some(id), subject, event: Some(event) };
            Outcome::Stored { result: stored.await, what }
        });
    }

    fn log_out(&mut self, id: RequestId, user: &UserKey) {
        let generation = self.next_generation();
        let backend = self.backend(&user.app);
        let Some(session) = self.roster.get_mut(user) else {
            return self.fail(Some(id), user, Failure::unknown("log out", "the user"));
        };
        session.generation = generation;
        let refresh = session.end(SessionState::LoggedOut);
        let (requests, operations) = session.take_waiting();
        let record = session.record();
        self.plan(user);
        self.user_changed(user);
        self.fail_waiting(user, requests, operations, |action| Failure::not_logged_in(action, None));
        let stored = self.vault_write(|vault| vault.put(user.clone(), record));
        let subject = self.subject(user);
        self.spawn_to_land(Some(user.clone()), Some(id), async move {
            let result = stored.await;
            let server = end_at_server(backend.map(|(_, backend, _)| backend), refresh).await;
            Outcome::Left { request: Some(id), subject, event: Some(EventKind::LoggedOut), result, server }
        });
    }

    fn remove(&mut self, id: RequestId, user: &UserKey) {
        let backend = self.backend(&user.app);
        let subject = self.subject(user);
        let Some(mut session) = self.forget(user) else {
            return self.fail(Some(id), user, Failure::unknown("remove", "the user"));
        };
        let refresh = session.end(SessionState::LoggedOut);
        let stored = self.vault_write(|vault| vault.remove(user.clone()));
        self.spawn_to_land(Some(user.clone()), Some(id), async move {
            let result = stored.await;
            let server = end_at_server(backend.map(|(_, backend, _)| backend), refresh).await;
            Outcome::Left { request: Some(id), subject, event: Some(EventKind::Removed), result, server }
        });
    }

    /// Takes a user out of everything that is held in memory. Whoever waited is told.
    pub(super) fn forget(&mut self, user: &UserKey) -> Option<UserSession> {
        if let Some((requests, operations)) = self.roster.get_mut(user).map(UserSession::take_waiting) {
            self.fail_waiting(user, requests, operations, |action| Failure::not_logged_in(action, None));
        }
        let session = self.roster.remove(user)?;
        self.schedule.plan(user, None);
        let app = self.app_mut(&user.app);
        if app.current.as_ref() == Some(&user.id) {
            app.current = None;
        }
        self.changed = true;
        Some(session)
    }

    pub(super) fn fail(&mut self, request: Option<RequestId>, user: &UserKey, failure: Failure) {
        let subject = self.subject(user);
        self.tell(request, subject, EventKind::Failed(failure));
    }

    fn fail_logged_out(&mut self, request: Option<RequestId>, user: &UserKey, action: &'static str) {
        let reason = match self.roster.get(user).map(|session| &session.state) {
            Some(SessionState::LogInRequired(reason)) => Some(reason.clone()),
            _ => None,
        };
        self.fail(request, user, Failure::not_logged_in(action, reason.as_ref()));
    }
}

/// Tells the server that a session is over. What the person asked for has happened on this device already.
pub(super) async fn end_at_server(
    backend: Option<Arc<dyn Backend>>,
    refresh: Option<crate::account::RefreshToken>,
) -> Result<(), crate::backend::BackendError> {
    match (backend, refresh) {
        (Some(backend), Some(refresh)) => match backend.log_out(&refresh).await {
            Err(error) if error.session_is_gone() => Ok(()),
            other => other,
        },
        _ => Ok(()),
    }
}
