//! Operations as a user: every one gets a live access token, is repeated once where the server refuses it, counts only for
//! the session that asked, and is stored before it is told.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Engine;
use super::operation::{Attempt, Change, UserContext, UserOperation};
use crate::account::{AccessToken, SessionState, Tokens, UserKey};
use crate::backend::{Backend, BackendError};
use crate::session::engine::operations::Removed;
use crate::session::engine::user_session::UserSession;
use crate::session::{EventKind, Failure, Outcome, RequestId, Subject};
use crate::vault::{Replaced, UserRecord, VaultError};

impl Engine {
    /// Runs an operation as its user.
    pub(super) fn run_as_user(&mut self, request: Option<RequestId>, operation: impl UserOperation) {
        let operation = Arc::new(operation);
        self.attempt(Attempt { request, operation, refreshed: false, failures: 0 });
    }

    /// Tries an operation with the user's access token, after a refresh if the token is over.
    pub(super) fn attempt(&mut self, mut attempt: Attempt) {
        let (user, name, request) =
            (attempt.operation.user().clone(), attempt.operation.name(), attempt.request);
        let now = self.present(&user.app);
        let Some((app, backend, device)) = self.backend(&user.app) else {
            let failure = self.no_app(name, &user.app);
            return self.fail(request, &user, failure);
        };
        let Some(session) = self.roster.get_mut(&user) else {
            return self.fail(request, &user, Failure::unknown(name, "the user"));
        };
        let Some(tokens) = session.tokens.clone() else {
            return self.fail_logged_out(request, &user, name);
        };
        // A server may hand out tokens that are over when they arrive: after one refresh it is asked all the same, and
        // its answer ends the matter.
        if !session.has_live_access(now) && !attempt.refreshed {
            attempt.refreshed = true;
            session.waiting_operations.push(attempt);
            return self.start_refresh(&user);
        }
        let generation = session.generation;
        let judge = Arc::clone(&backend);
        let context = UserContext { backend, tokens, device, source: app.custom_data };
        let operation = Arc::clone(&attempt.operation);
        let job = async move {
            let result = operation.run(&context).await;
            (context.tokens.access, result)
        };
        self.spawn(Some(user.clone()), request, job, move |engine, (tried_with, result)| {
            engine.learn_date(&user.app);
            engine.answered(&user, generation, &tried_with, attempt, &*judge, result);
        });
    }

    fn answered(
        &mut self,
        user: &UserKey,
        generation: u64,
        tried_with: &AccessToken,
        mut attempt: Attempt,
        backend: &dyn Backend,
        result: Result<Change, BackendError>,
    ) {
        let (name, request) = (attempt.operation.name(), attempt.request);
        let Some(session) = self.roster.get_mut(user).filter(|session| session.generation == generation)
        else {
            return self.answer_is_late(user, request, name);
        };
        match result {
            Ok(change) => change.make(self, request),
            // The source may have lost the document after the token was made: a new one knows.
            Err(BackendError::NotTheSource { .. }) if !attempt.refreshed => {
                attempt.refreshed = true;
                session.wants_fresh = true;
                session.waiting_operations.push(attempt);
                self.start_refresh(user);
            }
            Err(error) if backend.refuses_access_token(&error) && !attempt.refreshed => {
                attempt.refreshed = true;
                let has_newer = session
                    .tokens
                    .as_ref()
                    .is_some_and(|tokens| tokens.access.expose() != tried_with.expose());
                if has_newer {
                    return self.attempt(attempt);
                }
                session.waiting_operations.push(attempt);
                let subject = self.subject(user);
                self.tell(None, subject, EventKind::AccessRefused { action: name });
                self.start_refresh(user);
            }
            Err(error) if let Some(wait) = attempt.retry_wait(backend.verdict(&error)) => {
                attempt.failures += 1;
                let user = user.clone();
                let job = tokio::time::sleep(wait);
                self.spawn(Some(user.clone()), request, job, move |engine, ()| {
                    if engine.is_current(&user, generation) {
                        engine.attempt(attempt);
                    }
                });
            }
            Err(error) => {
                let failure = attempt.operation.failure(&error);
                attempt.operation.failed(self, &failure);
                self.fail(request, user, failure);
            }
        }
    }

    /// Whether a session is still the one that a job began with.
    pub(super) fn is_current(&self, user: &UserKey, generation: u64) -> bool {
        self.roster.get(user).is_some_and(|session| session.generation == generation)
    }

    /// An answer came for a session that is no more. Whoever asked is told.
    pub(super) fn answer_is_late(&mut self, user: &UserKey, request: Option<RequestId>, name: &'static str) {
        self.drop_answer(user.clone(), name);
        if request.is_some() {
            self.fail(request, user, Failure::not_logged_in(name, None));
        }
    }

    pub(super) fn fail(&mut self, request: Option<RequestId>, user: &UserKey, failure: Failure) {
        let subject = self.subject(user);
        self.tell(request, subject, failure);
    }

    pub(super) fn fail_logged_out(
        &mut self,
        request: Option<RequestId>,
        user: &UserKey,
        action: &'static str,
    ) {
        let reason = match self.roster.get(user).map(|session| &session.state) {
            Some(SessionState::LogInRequired(reason)) => Some(reason.clone()),
            _ => None,
        };
        self.fail(request, user, Failure::not_logged_in(action, reason.as_ref()));
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

    /// Waits for a write, and tells the outcome once it is durable; or that it is not.
    pub(super) fn store(
        &mut self,
        user: Option<UserKey>,
        request: Option<RequestId>,
        subject: Subject,
        action: &'static str,
        write: BoxFuture<'static, Result<(), VaultError>>,
        outcome: impl Into<EventKind> + Send + 'static,
    ) {
        self.spawn_to_land(user, request, write, move |engine, result| {
            engine.tell_stored(request, subject, action, outcome, result);
        });
    }

    pub(super) fn tell_stored(
        &mut self,
        request: Option<RequestId>,
        subject: Subject,
        action: &'static str,
        outcome: impl Into<EventKind>,
        result: Result<(), VaultError>,
    ) {
        match result {
            Ok(()) => self.tell(request, subject, outcome),
            Err(error) => self.tell(request, subject, Failure::vault(action, &error)),
        }
    }

    /// Waits for the write of a session's end, and ends the session at the server. What the person asked for has happened on
    /// this device already.
    #[expect(clippy::too_many_arguments, reason = "a session's end has as many parts")]
    pub(super) fn store_and_end(
        &mut self,
        user: Option<UserKey>,
        request: Option<RequestId>,
        subject: Subject,
        action: &'static str,
        write: BoxFuture<'static, Result<(), VaultError>>,
        backend: Option<Arc<dyn Backend>>,
        tokens: Option<Tokens>,
        outcome: impl Outcome,
    ) {
        let job = async move { (write.await, end_at_server(backend, tokens).await) };
        self.spawn_to_land(user, request, job, move |engine, (result, server)| {
            engine.tell_not_ended(subject.clone(), server);
            engine.tell_stored(request, subject, action, outcome, result);
        });
    }

    /// Ends a session at the server that is none on this device any more.
    pub(super) fn end_at_server(
        &mut self,
        request: Option<RequestId>,
        subject: Subject,
        backend: Option<Arc<dyn Backend>>,
        tokens: Option<Tokens>,
    ) {
        self.spawn_to_land(None, request, end_at_server(backend, tokens), move |engine, server| {
            engine.tell_not_ended(subject, server);
        });
    }

    fn tell_not_ended(&mut self, subject: Subject, server: Result<(), BackendError>) {
        if let Err(error) = server {
            let failure = Failure {
                message: format!("done here, but the server does not know: {error}"),
                hint: "the session lives on there until its refresh token expires".into(),
                ..Failure::backend("end the session at the server", &error)
            };
            self.tell(None, subject, failure);
        }
    }

    /// Stores what an operation changed, in place of the record with the access token `known`; then says so.
    pub(super) fn replace_record(
        &mut self,
        user: UserKey,
        known: AccessToken,
        request: Option<RequestId>,
        event: Option<EventKind>,
    ) {
        self.user_changed(&user);
        let Some(session) = self.roster.get(&user) else { return };
        self.replace(user, session.generation, known, session.record(), request, event);
    }

    fn replace(
        &mut self,
        user: UserKey,
        generation: u64,
        known: AccessToken,
        record: UserRecord,
        request: Option<RequestId>,
        event: Option<EventKind>,
    ) {
        let stored = self.vault_write(|vault| vault.replace(user.clone(), known, record.clone()));
        self.spawn_to_land(Some(user.clone()), request, stored, move |engine, result| {
            engine.record_replaced(user, generation, record, request, event, result);
        });
    }

    /// What an operation changed is durable, unless somebody else stored something meanwhile.
    fn record_replaced(
        &mut self,
        user: UserKey,
        generation: u64,
        record: UserRecord,
        request: Option<RequestId>,
        event: Option<EventKind>,
        result: Result<Replaced, VaultError>,
    ) {
        let subject = self.subject(&user);
        let refresh = |record: &UserRecord| record.tokens.as_ref().and_then(|tokens| tokens.refresh.clone());
        let result = match result {
            Ok(Replaced::Newer(newer))
                if refresh(&newer).is_some() && refresh(&newer) == refresh(&record) =>
            {
                // The same session, renewed meanwhile: its tokens stand, and what the operation changed is added.
                let known = newer.tokens.as_ref().map(|tokens| tokens.access.clone());
                let merged = UserRecord { profile: record.profile, ..*newer };
                if self.roster.get(&user).is_some_and(|session| session.generation == generation) {
                    self.take_record(user.clone(), merged.clone());
                }
                let generation = self.roster.get(&user).map_or(generation, |session| session.generation);
                if let Some(known) = known {
                    self.replace(user, generation, known, merged, request, event);
                }
                return;
            }
            Ok(Replaced::Newer(newer)) => {
                // Another session, or none: it is not this operation's.
                if self.roster.get(&user).is_some_and(|session| session.generation == generation) {
                    self.take_record(user, *newer);
                }
                Ok(())
            }
            Ok(Replaced::Gone) => {
                if self.roster.get(&user).is_some_and(|session| session.generation == generation)
                    && self.forget(&user).is_some()
                {
                    self.tell(None, subject.clone(), Removed);
                }
                Ok(())
            }
            Ok(Replaced::Done) => Ok(()),
            Err(error) => Err(error),
        };
        match (result, event) {
            (Ok(()), Some(event)) => self.tell(request, subject, event),
            (Ok(()), None) => {}
            (Err(error), _) => self.tell(request, subject, Failure::vault("store the session", &error)),
        }
    }
}

/// Tells the server that a session is over. One that it does not know is over.
async fn end_at_server(
    backend: Option<Arc<dyn Backend>>,
    tokens: Option<Tokens>,
) -> Result<(), BackendError> {
    match (backend, tokens) {
        (Some(backend), Some(tokens)) => match backend.sign_out(&tokens).await {
            Err(error) if backend.session_is_gone(&error) => Ok(()),
            other => other,
        },
        _ => Ok(()),
    }
}
