//! What each job's end leads to.

use super::accounts::Entered;
use super::commands::REGISTER;
use super::local::LocalAnswer;
use super::renewal::Renewed;
use super::source::written;
use super::{Label, Worker};
use crate::account::{
    AccessToken, ApiKey, ApiKeyAction, ApiKeyId, AppAlias, EmailActionDone, EndReason, NewApiKey, Profile,
    SessionState, Tokens, UserKey,
};
use crate::backend::{BackendError, FieldChange, NewSession};
use crate::session::operation::{Done, Operation, OperationKind};
use crate::session::user_session::UserSession;
use crate::session::{
    EventKind, Failure, FailureKind, LocalAction, READ_TIMELINE, RequestId, Subject, VaultStatus,
};
use crate::vault::{Changes, Contents, Opened, Replaced, TimelineEntry, UserRecord, VaultError};

/// How a job ended.
#[derive(Debug)]
pub(super) enum Outcome {
    VaultOpened {
        request: Option<RequestId>,
        result: Result<Opened, VaultError>,
    },
    LoggedIn {
        request: RequestId,
        subject: Subject,
        action: &'static str,
        app: AppAlias,
        result: Result<Entered, BackendError>,
    },
    /// Something was done about an account without a session.
    EmailActed {
        request: RequestId,
        subject: Subject,
        app: AppAlias,
        action: &'static str,
        result: Result<EmailActionDone, BackendError>,
    },
    /// A local App answered whoever looks after it.
    LookedAfter {
        request: Option<RequestId>,
        app: AppAlias,
        action: LocalAction,
        result: Result<LocalAnswer, BackendError>,
    },
    Renewed {
        user: UserKey,
        generation: u64,
        renewed: Renewed,
    },
    /// The wait before another try is over.
    Again {
        user: UserKey,
        generation: u64,
        operation: Operation,
    },
    Timeline {
        request: RequestId,
        user: UserKey,
        result: Result<Vec<TimelineEntry>, VaultError>,
    },
    /// The vault is said to be locked.
    Locked {
        request: RequestId,
        result: Result<(), VaultError>,
    },
    /// What stands in the vault for a user.
    ReadAgain {
        user: UserKey,
        generation: u64,
        result: Result<Option<UserRecord>, VaultError>,
    },
    /// What other processes did to the vault.
    LookedAround(Result<Option<Changes>, VaultError>),
    /// A renewed token was stored, or another process was faster.
    RenewalStored {
        user: UserKey,
        generation: u64,
        tokens: Tokens,
        result: Result<Replaced, VaultError>,
    },
    /// The end of a session was stored, or another process has stored another one.
    EndStored {
        user: UserKey,
        generation: u64,
        reason: EndReason,
        result: Result<Replaced, VaultError>,
    },
    /// What an operation changed was stored, or another process was faster.
    OperationStored {
        user: UserKey,
        generation: u64,
        /// What was to be stored.
        record: Box<UserRecord>,
        request: Option<RequestId>,
        event: Option<EventKind>,
        result: Result<Replaced, VaultError>,
    },
    Operated {
        user: UserKey,
        generation: u64,
        /// The token it was tried with.
        access: AccessToken,
        operation: Operation,
        result: Result<Done, BackendError>,
    },
    /// A user left: what was stored, and whether the server knows.
    Left {
        request: Option<RequestId>,
        subject: Subject,
        event: Option<EventKind>,
        result: Result<(), VaultError>,
        server: Result<(), BackendError>,
    },
    Stored {
        result: Result<(), VaultError>,
        what: Stored,
    },
}

/// What follows when a write is durable.
#[derive(Debug)]
pub(super) enum Stored {
    LogIn(StoredLogIn),
    Said { request: Option<RequestId>, subject: Subject, event: Option<EventKind> },
}

/// A log-in that was stored.
#[derive(Debug)]
pub(super) struct StoredLogIn {
    request: RequestId,
    action: &'static str,
    user: UserKey,
    generation: u64,
    /// Whether the user had a session when the server answered.
    replaces: bool,
    record: UserRecord,
}

impl Worker {
    pub(super) fn settle(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::VaultOpened { request, result } => self.vault_opened(request, result),
            Outcome::LoggedIn { request, subject, app, result, .. } if self.was_cancelled(request) => {
                if let Ok(entered) = result {
                    self.end_cancelled(subject, &app, entered);
                }
            }
            Outcome::LoggedIn { request, subject, action, app, result } => match result {
                Ok(Entered::Session(session, profile)) => {
                    self.session_opened(request, action, app, *session, profile);
                }
                Ok(Entered::Unconfirmed) => self.confirmation_pending(request, subject, app),
                Err(error) => {
                    self.tell(Some(request), subject, EventKind::Failed(Failure::backend(action, &error)));
                }
            },
            Outcome::EmailActed { request, subject, app, action, result } => {
                self.email_acted(request, subject, app, action, result);
            }
            Outcome::LookedAfter { request, app, action, result } => {
                self.looked_after(request, app, action, result);
            }
            Outcome::Renewed { user, generation, renewed } => {
                self.learn_date(&user.app);
                self.renewal_answered(user, generation, renewed);
            }
            Outcome::RenewalStored { user, generation, tokens, result } => {
                self.renewal_stored(user, generation, tokens, result);
            }
            Outcome::EndStored { user, generation, reason, result } => {
                self.end_stored(&user, generation, reason, result);
            }
            Outcome::OperationStored { user, generation, record, request, event, result } => {
                self.operation_stored(user, generation, *record, request, event, result);
            }
            Outcome::Again { user, generation, operation } => {
                if self.roster.get(&user).is_some_and(|session| session.generation == generation) {
                    self.start_operation(&user, operation);
                }
            }
            Outcome::Timeline { request, user, result } => {
                let subject = self.subject(&user);
                let kind = match result {
                    Ok(entries) => EventKind::Timeline(entries),
                    Err(error) => EventKind::Failed(Failure::vault_failed(READ_TIMELINE, &error)),
                };
                self.tell(Some(request), subject, kind);
            }
            Outcome::Locked { request, result } => self.locked(request, result),
            Outcome::ReadAgain { user, generation, result } => {
                self.read_again_answered(user, generation, result);
            }
            Outcome::LookedAround(changes) => self.looked_around(changes),
            Outcome::Operated { user, generation, access, operation, result } => {
                self.learn_date(&user.app);
                self.operation_answered(user, generation, &access, operation, result);
            }
            Outcome::Left { request, subject, event, result, server } => {
                if let Err(error) = server {
                    let failure = Failure {
                        message: format!("done here, but the server does not know: {error}"),
                        hint: "the session lives on there until its refresh token expires".into(),
                        ..Failure::backend("end the session at the server", &error)
                    };
                    self.tell(None, subject.clone(), EventKind::Failed(failure));
                }
                self.tell_stored(request, subject, event, result);
            }
            Outcome::Stored { result, what } => self.stored(result, what),
        }
    }

    fn vault_opened(&mut self, request: Option<RequestId>, result: Result<Opened, VaultError>) {
        self.changed = true;
        match result {
            Ok(Opened::Open(vault, contents)) => {
                let key = vault.key().clone();
                self.vault = Some(vault);
                self.vault_status =
                    VaultStatus::Open { key: key.clone(), set_aside: contents.set_aside.clone() };
                let (users, set_aside) = (contents.users.len(), contents.set_aside.clone());
                self.take_contents(contents);
                self.tell(request, Subject::Device, EventKind::VaultOpened { key, users });
                for record in set_aside {
                    let subject = Subject::User { label: record.user.id.to_string(), key: record.user };
                    self.tell(None, subject, EventKind::RecordSetAside { why: record.why });
                }
            }
            Ok(Opened::ChooseKey { why }) => self.vault_status = VaultStatus::ChooseKey { why },
            Ok(Opened::Locked { key, why }) => self.vault_status = VaultStatus::Locked { key, why },
            Err(error) => {
                let why = error.to_string();
                let failure = Failure {
                    kind: FailureKind::Vault,
                    action: "open the vault",
                    message: why.clone(),
                    hint: "nothing was changed".into(),
                };
                self.vault_status = VaultStatus::Failed { why };
                self.tell(request, Subject::Device, EventKind::Failed(failure));
            }
        }
    }

    fn take_contents(&mut self, contents: Contents) {
        for (app, current) in contents.current {
            self.app_mut(&app).current = Some(current);
        }
        for (app, device) in contents.devices {
            self.app_mut(&app).device = Some(device);
        }
        for (user, record) in contents.users {
            let skew = self.app_mut(&user.app).skew.ahead();
            let generation = self.next_generation();
            self.roster.insert(UserSession::new(user, generation, record, skew));
        }
        for app in contents.apps {
            self.connect_kept(app.into());
        }
        let aliases: Vec<_> = self.apps.iter().map(|app| app.alias.clone()).collect();
        for alias in aliases {
            self.look_at_sessions_of(&alias);
        }
    }

    /// The server opened a session. It counts when it is durable.
    fn session_opened(
        &mut self,
        request: RequestId,
        action: &'static str,
        app: AppAlias,
        session: NewSession,
        profile: Option<Profile>,
    ) {
        let user = UserKey { app: app.clone(), id: session.user };
        self.learn_date(&app);
        self.learn_token(&app, &session.tokens.access);
        let generation = self.next_generation();
        // Whatever is on the wire for the former session of this user is too late from here on.
        let replaces = self.roster.get_mut(&user).map(|former| former.generation = generation).is_some();
        let record =
            UserRecord { provider: session.provider, profile, tokens: Some(session.tokens), ended: None };
        if let Some(device) = session.device {
            self.app_mut(&app).device = Some(device.clone());
            drop(self.vault_write(|vault| vault.set_device(app.clone(), device)));
        }
        drop(self.vault_write(|vault| vault.set_current(app.clone(), Some(user.id.clone()))));
        let stored = self.vault_write(|vault| vault.put(user.clone(), record.clone()));
        let log_in = StoredLogIn { request, action, user: user.clone(), generation, replaces, record };
        self.spawn_to_land(Some(user), Some(request), async move {
            Outcome::Stored { result: stored.await, what: Stored::LogIn(log_in) }
        });
    }

    /// A log-in is durable: the session begins, in place of the user's former one.
    fn log_in_stored(&mut self, log_in: StoredLogIn, result: Result<(), VaultError>) {
        let StoredLogIn { request, action, user, generation, replaces, record } = log_in;
        let skew = self.app_mut(&user.app).skew.ahead();
        let former = self.roster.get_mut(&user);
        if replaces && former.as_ref().is_none_or(|former| former.generation != generation) {
            self.drop_answer(user.clone(), action);
            return self.fail(Some(request), &user, Failure::not_logged_in(action, None));
        }
        let lacks_profile = record.profile.is_none();
        let mut session = UserSession::new(user.clone(), generation, record, skew);
        let mut operations = Vec::new();
        if let Some(former) = former {
            // Who waited for a token of the former session gets one of the new.
            (session.waiting_requests, operations) = former.take_waiting();
        }
        let renew = !session.waiting_requests.is_empty();
        self.roster.insert(session);
        self.app_mut(&user.app).current = Some(user.id.clone());
        self.plan_renewal(&user);
        self.user_changed(&user);

        let subject = self.subject(&user);
        if action == REGISTER {
            self.tell(None, subject.clone(), EventKind::Registered);
        }
        self.tell_stored(Some(request), subject, Some(EventKind::LoggedIn { replaced: replaces }), result);
        for operation in operations {
            self.start_operation(&user, operation);
        }
        if lacks_profile {
            self.start_operation(&user, Operation::new(None, OperationKind::FetchProfile));
        }
        if renew {
            self.start_renewal(&user);
        }
    }

    fn stored(&mut self, result: Result<(), VaultError>, what: Stored) {
        match what {
            Stored::LogIn(log_in) => self.log_in_stored(log_in, result),
            Stored::Said { request, subject, event } => self.tell_stored(request, subject, event, result),
        }
    }

    fn operation_answered(
        &mut self,
        user: UserKey,
        generation: u64,
        tried_with: &AccessToken,
        mut operation: Operation,
        result: Result<Done, BackendError>,
    ) {
        let action = operation.kind.action();
        let request = operation.request;
        let Some(session) = self.roster.get_mut(&user).filter(|session| session.generation == generation)
        else {
            self.drop_answer(user.clone(), action);
            if request.is_some() {
                self.fail(request, &user, Failure::not_logged_in(action, None));
            }
            return;
        };
        match result {
            Err(error) if error.refuses_access_token() && !operation.renewed => {
                operation.renewed = true;
                let has_newer = session
                    .tokens
                    .as_ref()
                    .is_some_and(|tokens| tokens.access.expose() != tried_with.expose());
                if has_newer {
                    return self.start_operation(&user, operation);
                }
                session.waiting_operations.push(operation);
                let subject = self.subject(&user);
                self.tell(None, subject, EventKind::AccessRefused { action });
                self.start_renewal(&user);
            }
            Err(error) if let Some(wait) = operation.retry_wait(&error, fastrand::f64()) => {
                operation.failures += 1;
                self.spawn(Some(user.clone()), request, async move {
                    tokio::time::sleep(wait).await;
                    Outcome::Again { user, generation, operation }
                });
            }
            Err(error) => {
                let failure = Failure::backend(action, &error);
                if matches!(operation.kind, OperationKind::ReadCustomData) {
                    self.source_not_read(&user, &failure);
                }
                self.fail(request, &user, failure);
            }
            Ok(Done::Deleted) => {
                let subject = self.subject(&user);
                self.forget(&user);
                let stored = self.vault_write(|vault| vault.remove(user.clone()));
                self.spawn_to_land(Some(user), request, async move {
                    let what = Stored::Said { request, subject, event: Some(EventKind::Deleted) };
                    Outcome::Stored { result: stored.await, what }
                });
            }
            Ok(Done::Profile(profile)) => {
                session.profile = Some(profile);
                let Some(known) = session.tokens.as_ref().map(|tokens| tokens.access.clone()) else { return };
                self.store_operation(user, known, request, None);
            }
            Ok(Done::Linked(access, profile)) => {
                let Some(known) = session.tokens.as_ref().map(|tokens| tokens.access.clone()) else { return };
                session.set_access(access);
                session.profile = profile.or_else(|| session.profile.take());
                if session.state != SessionState::Refreshing {
                    session.state = SessionState::Active;
                    session.failures = 0;
                    self.plan_renewal(&user);
                }
                let provider = match &operation.kind {
                    OperationKind::Link { credentials, .. } => credentials.provider(),
                    _ => return,
                };
                self.store_operation(user, known, request, Some(EventKind::Linked { provider }));
            }
            Ok(Done::ApiKeys(created, keys)) => {
                let OperationKind::ApiKeys(asked) = operation.kind else { return };
                self.api_keys_changed(&user, request, asked, created, keys);
            }
            Ok(Done::CustomDataChanged) => {
                let OperationKind::ChangeCustomData(change) = operation.kind else { return };
                let event = match change {
                    FieldChange::Set(path, _) => EventKind::CustomDataSet { path },
                    FieldChange::Unset(path) => EventKind::CustomDataUnset { path },
                };
                // What was read of the source before is older than this.
                session.source = None;
                self.custom_data_changed(&user, request, event);
            }
            Ok(Done::CustomDataRead(document)) => {
                self.source_read(&user, document.clone());
                let subject = self.subject(&user);
                self.tell(request, subject, EventKind::CustomDataRead(document));
            }
            Ok(Done::CustomDataConflict(theirs)) => {
                self.source_read(&user, theirs.clone());
                let subject = self.subject(&user);
                self.tell(request, subject, EventKind::CustomDataConflict { theirs });
            }
            Ok(Done::CustomDataEdited(document)) => {
                let OperationKind::EditCustomData(edit) = operation.kind else { return };
                match document {
                    Some(document) => self.source_read(&user, Some(document)),
                    None => session.source = None,
                }
                self.custom_data_changed(&user, request, written(edit));
            }
        }
    }

    /// Something was done with a user's API keys.
    fn api_keys_changed(
        &mut self,
        user: &UserKey,
        request: Option<RequestId>,
        asked: ApiKeyAction,
        created: Option<NewApiKey>,
        keys: Option<Vec<ApiKey>>,
    ) {
        let Some(session) = self.roster.get_mut(user) else { return };
        let former = session.api_keys.clone().unwrap_or_default();
        let name = |id: &ApiKeyId| {
            let known = former.iter().chain(keys.iter().flatten()).find(|key| key.id == *id);
            known.map_or_else(|| id.to_string(), |key| key.name.clone())
        };
        let kind = match (asked, created) {
            (ApiKeyAction::Create { .. }, Some(created)) => EventKind::ApiKeyCreated(created),
            (ApiKeyAction::Enable(id), _) => EventKind::ApiKeyEnabled { name: name(&id) },
            (ApiKeyAction::Disable(id), _) => EventKind::ApiKeyDisabled { name: name(&id) },
            (ApiKeyAction::Delete(id), _) => EventKind::ApiKeyDeleted { name: name(&id) },
            (ApiKeyAction::List | ApiKeyAction::Create { .. }, _) => {
                EventKind::ApiKeysRead(keys.clone().unwrap_or_default().into())
            }
        };
        if let Some(keys) = keys {
            session.api_keys = Some(keys.into());
        }
        let subject = self.subject(user);
        self.user_changed(user);
        self.tell(request, subject, kind);
    }

    /// Stores what an operation changed, in place of the record with the access token `known`; then says so.
    fn store_operation(
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
        self.spawn_to_land(Some(user.clone()), request, async move {
            let (record, result) = (Box::new(record), stored.await);
            Outcome::OperationStored { user, generation, record, request, event, result }
        });
    }

    /// What an operation changed is durable, unless somebody else stored something meanwhile.
    fn operation_stored(
        &mut self,
        user: UserKey,
        generation: u64,
        record: UserRecord,
        request: Option<RequestId>,
        event: Option<EventKind>,
        result: Result<Replaced, VaultError>,
    ) {
        let subject = self.subject(&user);
        let refresh = |record: &UserRecord| record.tokens.as_ref().map(|tokens| tokens.refresh.clone());
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
                    self.tell(None, subject.clone(), EventKind::Removed);
                }
                Ok(())
            }
            Ok(Replaced::Done) => Ok(()),
            Err(error) => Err(error),
        };
        self.tell_stored(request, subject, event, result);
    }

    /// Says what happened, once it is durable; or that it is not.
    fn tell_stored(
        &mut self,
        request: Option<RequestId>,
        subject: Subject,
        event: Option<EventKind>,
        result: Result<(), VaultError>,
    ) {
        match (result, event) {
            (Ok(()), Some(event)) => self.tell(request, subject, event),
            (Ok(()), None) => {}
            (Err(error), event) => {
                let action = event.as_ref().map_or("store the session", action_of);
                self.tell(request, subject, EventKind::Failed(Failure::vault(action, &error)));
            }
        }
    }

    /// A job panicked. Its user must not wait for ever.
    pub(super) fn job_panicked(&mut self, label: Label) {
        let failure = |action| Failure {
            kind: FailureKind::Garbage,
            action,
            message: "idmux made a mistake; the log says more".into(),
            hint: "try again".into(),
        };
        let subject = label.user.as_ref().map_or(Subject::Device, |user| self.subject(user));
        self.tell(label.request, subject, EventKind::Failed(failure("run a request")));
        let Some(user) = label.user else { return };
        let Some(session) = self.roster.get_mut(&user) else { return };
        if session.state == SessionState::Refreshing {
            session.state = SessionState::Active;
            let (requests, operations) = session.take_waiting();
            self.plan_renewal(&user);
            self.user_changed(&user);
            self.fail_waiting(&user, requests, operations, failure);
        }
    }
}

/// The action behind an event, for a failure that takes its place.
fn action_of(event: &EventKind) -> &'static str {
    match event {
        EventKind::LoggedIn { .. } => "log in",
        EventKind::LoggedOut => "log out",
        EventKind::Removed => "remove",
        EventKind::Deleted => "delete the account",
        EventKind::MadeCurrent => "make current",
        EventKind::Linked { .. } => "link an identity",
        _ => "store the session",
    }
}
