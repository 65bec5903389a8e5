//! What came of something that was done as a user, and how it is stored.

use super::Worker;
use super::outcomes::{Outcome, Stored};
use super::source::written;
use crate::account::{AccessToken, ApiKey, ApiKeyAction, ApiKeyId, NewApiKey, SessionState, UserKey};
use crate::backend::{BackendError, FieldChange};
use crate::session::operation::{Done, Operation, OperationKind};
use crate::session::{EventKind, Failure, RequestId};
use crate::vault::{Replaced, UserRecord, VaultError};

impl Worker {
    pub(super) fn operation_answered(
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
            // The source may have lost the document after the token was made: a new one knows.
            Err(BackendError::NotTheSource { .. }) if !operation.renewed => {
                operation.renewed = true;
                session.wants_fresh = true;
                session.waiting_operations.push(operation);
                self.start_renewal(&user);
            }
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
                let failure = match operation.kind {
                    OperationKind::Link { .. } => Failure::linking(action, &error),
                    _ => Failure::backend(action, &error),
                };
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
                let lacks_profile = profile.is_none();
                if let Some(access) = access {
                    session.set_access(access);
                }
                session.profile = profile.or_else(|| session.profile.take());
                if session.state != SessionState::Refreshing {
                    session.state = SessionState::Active;
                    session.failures = 0;
                    self.plan_renewal(&user);
                }
                let provider = match &operation.kind {
                    OperationKind::Link { credentials, .. } => credentials.provider(),
                    OperationKind::LinkWithBrowser(provider) => provider.clone(),
                    _ => return,
                };
                self.store_operation(user.clone(), known, request, Some(EventKind::Linked { provider }));
                if lacks_profile {
                    self.start_operation(&user, Operation::new(None, OperationKind::FetchProfile));
                }
            }
            Ok(Done::BrowserNeeded(visit)) => self.link_begun(user, generation, operation, *visit),
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
    pub(super) fn operation_stored(
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
}
