//! Renewing access tokens: early, once at a time for each user, and never without end.

use jiff::{SignedDuration, Timestamp};

use super::Worker;
use super::outcomes::{Outcome, Stored};
use crate::account::{AccessToken, EndReason, SessionState, UserKey};
use crate::backend::{BackendError, Verdict};
use crate::session::operation::Operation;
use crate::session::{EventKind, Failure, LastRefresh, RefreshOutcome, RequestId, retry};
use crate::vault::VaultError;

const ACTION: &str = "renew the access token";

impl Worker {
    /// Starts a renewal unless one is on the wire, or the app has no address yet.
    pub(super) fn start_renewal(&mut self, user: &UserKey) {
        let Some((_, backend, _)) = self.backend(&user.app) else {
            // The app is not here yet; adding it looks at all of its sessions again.
            return self.schedule.plan(user, None);
        };
        let Some(session) = self.roster.get_mut(user) else { return };
        let Some(tokens) = &session.tokens else { return };
        if session.state == SessionState::Refreshing {
            return;
        }
        let (refresh, generation) = (tokens.refresh.clone(), session.generation);
        session.state = SessionState::Refreshing;
        session.next_refresh = None;
        self.plan(user);
        self.user_changed(user);
        let (key, permits) = (user.clone(), self.renewals.clone());
        self.spawn_to_land(Some(user.clone()), None, async move {
            // The semaphore is never closed.
            let _permit = permits.acquire_owned().await;
            let result = backend.refresh(&refresh).await;
            Outcome::Renewed { user: key, generation, result }
        });
    }

    /// The server answered a renewal. The new token is stored before anybody uses it.
    pub(super) fn renewal_answered(
        &mut self,
        user: UserKey,
        generation: u64,
        result: Result<AccessToken, BackendError>,
    ) {
        let Some(session) = self.roster.get_mut(&user).filter(|session| session.generation == generation)
        else {
            return self.drop_answer(user, ACTION);
        };
        match result {
            Ok(access) => {
                let mut record = session.record();
                if let Some(tokens) = &mut record.tokens {
                    tokens.access = access.clone();
                }
                let stored = self.vault_write(|vault| vault.put(user.clone(), record));
                self.spawn_to_land(Some(user.clone()), None, async move {
                    let result = stored.await;
                    Outcome::Stored { result, what: Stored::Renewal { user, generation, access } }
                });
            }
            Err(error) => match error.verdict() {
                Verdict::Ended(reason) => self.end_session(&user, reason),
                Verdict::TryLater { after } => {
                    let failures = session.failures.saturating_add(1);
                    session.failures = failures;
                    let wait = retry::wait(failures, after, fastrand::f64());
                    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
                    let retry_at = self.now().saturating_add(wait).ok();
                    self.postpone(&user, &error, retry_at);
                }
                Verdict::Refused => self.postpone(&user, &error, None),
            },
        }
    }

    /// The renewed token is durable: use it.
    pub(super) fn renewal_stored(
        &mut self,
        user: UserKey,
        generation: u64,
        access: AccessToken,
        result: Result<(), VaultError>,
    ) {
        let now = self.now();
        let Some(session) = self.roster.get_mut(&user).filter(|session| session.generation == generation)
        else {
            return self.drop_answer(user, ACTION);
        };
        session.set_access(access);
        session.state = SessionState::Active;
        session.failures = 0;
        session.last_refresh = Some(LastRefresh { at: now, outcome: RefreshOutcome::Renewed });
        let requests = std::mem::take(&mut session.waiting_requests);
        let operations = std::mem::take(&mut session.waiting_operations);
        self.plan_renewal(&user);
        self.user_changed(&user);
        if let Err(error) = result {
            let subject = self.subject(&user);
            self.tell(None, subject, EventKind::Failed(Failure::vault(ACTION, &error)));
        }
        self.tell_all(&user, requests, &EventKind::Refreshed);
        for operation in operations {
            self.start_operation(&user, operation);
        }
    }

    /// Plans the next renewal, inside the lead before the expiry.
    pub(super) fn plan_renewal(&mut self, user: &UserKey) {
        let now = self.now();
        if let Some(session) = self.roster.get_mut(user) {
            // A server whose tokens are too short, or over when they arrive, is asked once a second at most.
            let soonest = now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now);
            let planned = session.renewal_time(fastrand::f64());
            session.next_refresh = planned.map(|at| at.max(soonest));
        }
        self.plan(user);
    }

    fn postpone(&mut self, user: &UserKey, error: &BackendError, retry_at: Option<Timestamp>) {
        let now = self.now();
        let cause = error.to_string();
        let Some(session) = self.roster.get_mut(user) else { return };
        session.state = if session.has_live_access(now) {
            SessionState::RefreshDue { cause: cause.clone(), retry_at }
        } else {
            SessionState::AccessExpired { cause: cause.clone(), retry_at }
        };
        session.next_refresh = retry_at;
        session.last_refresh =
            Some(LastRefresh { at: now, outcome: RefreshOutcome::Postponed(cause.clone()) });
        let requests = std::mem::take(&mut session.waiting_requests);
        let operations = std::mem::take(&mut session.waiting_operations);
        self.plan(user);
        self.user_changed(user);
        if requests.is_empty() && operations.is_empty() {
            let subject = self.subject(user);
            self.tell(None, subject, EventKind::RefreshPostponed { cause, retry_at });
        }
        self.fail_waiting(user, requests, operations, |action| Failure::backend(action, error));
    }

    fn end_session(&mut self, user: &UserKey, said: EndReason) {
        let now = self.now();
        let Some(session) = self.roster.get_mut(user) else { return };
        let reason = session.end_reason(said, now);
        session.end(SessionState::LogInRequired(reason.clone()));
        session.last_refresh = Some(LastRefresh { at: now, outcome: RefreshOutcome::Ended });
        let requests = std::mem::take(&mut session.waiting_requests);
        let operations = std::mem::take(&mut session.waiting_operations);
        let record = session.record();
        self.plan(user);
        self.user_changed(user);
        let stored = self.vault_write(|vault| vault.put(user.clone(), record));
        self.spawn_to_land(Some(user.clone()), None, async move {
            Outcome::Stored { result: stored.await, what: Stored::Quietly }
        });
        let subject = self.subject(user);
        self.tell(None, subject, EventKind::LogInRequired(reason.clone()));
        self.fail_waiting(user, requests, operations, |action| Failure::not_logged_in(action, Some(&reason)));
    }

    /// Tells everybody who waited for a fresh token that there is none.
    pub(super) fn fail_waiting(
        &mut self,
        user: &UserKey,
        requests: Vec<RequestId>,
        operations: Vec<Operation>,
        failure: impl Fn(&'static str) -> Failure,
    ) {
        for request in requests {
            let subject = self.subject(user);
            self.tell(Some(request), subject, EventKind::Failed(failure(ACTION)));
        }
        for operation in operations {
            let subject = self.subject(user);
            self.tell(operation.request, subject, EventKind::Failed(failure(operation.kind.action())));
        }
    }

    /// One event for each request that waited, or one without a request.
    fn tell_all(&mut self, user: &UserKey, requests: Vec<RequestId>, kind: &EventKind) {
        let subject = self.subject(user);
        if requests.is_empty() {
            self.tell(None, subject, kind.clone());
        } else {
            for request in requests {
                self.tell(Some(request), subject.clone(), kind.clone());
            }
        }
    }

    /// An answer came for a session that is no more.
    pub(super) fn drop_answer(&mut self, user: UserKey, what: &str) {
        let subject = self.subject(&user);
        self.tell(None, subject, EventKind::AnswerDropped { what: what.to_owned() });
    }
}
