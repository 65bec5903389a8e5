//! Renewing access tokens: early, one at a time for each user in all processes, and never without end.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::operation::Attempt;
use super::retry;
use super::{Engine, Outage};
use crate::account::{AppAlias, EndReason, SessionState, Tokens, UserKey};
use crate::backend::{Backend, BackendError, Granted, Verdict};
use crate::session::engine::operations::{Refresh, Refreshed, Removed, TokenRead, too_short};
use crate::session::engine::user_session::WaitingRequest;
use crate::session::{EventKind, Failure, LastRefresh, RefreshOutcome, RequestId};
use crate::vault::{Door, Lease, Replaced, UserRecord, VaultError};

const ACTION: &str = Refresh::NAME;
/// How often a process looks whether another one has renewed.
const LEASE_LOOK: Duration = Duration::from_millis(25);
/// How long it waits for the other one, which has a time limit of its own for its request.
const LEASE_PATIENCE: Duration = Duration::from_secs(40);

/// How a renewal ended.
#[derive(Debug)]
pub(super) enum Renewed {
    /// With a new access token, for the record that held the access token `known`.
    Here { known: Tokens, tokens: Tokens },
    /// Somebody else was faster. With `fresh` that does not do: the renewal has to be one of our own.
    Elsewhere { record: Box<UserRecord>, fresh: bool },
    /// Another process removed the user.
    Gone,
    /// Not at all.
    Failed(BackendError, Verdict),
}

/// Renews under the lease that keeps other processes from doing the same. Only the session that `known` is of is
/// renewed: one that was stored meanwhile is the worker's to look at first.
async fn renew(
    backend: Arc<dyn Backend>,
    door: Option<Door>,
    user: &UserKey,
    known: Tokens,
    fresh: bool,
) -> Renewed {
    let end = Instant::now() + LEASE_PATIENCE;
    while let Some(door) = &door {
        match door.lease(user.clone(), known.access.clone()).done().await {
            Ok(Lease::Held) => break,
            // A vault that cannot be written keeps nobody from a renewal; that it is not stored is told afterwards.
            Err(_) => break,
            Ok(Lease::Gone) => return Renewed::Gone,
            Ok(Lease::Newer(record)) => return Renewed::Elsewhere { record, fresh },
            Ok(Lease::Busy) if Instant::now() >= end => {
                let host = "another idmux, which renews the same token,".to_owned();
                return Renewed::Failed(BackendError::TimedOut { host }, Verdict::TryLater { after: None });
            }
            Ok(Lease::Busy) => tokio::time::sleep(LEASE_LOOK).await,
        }
    }
    let granted = match backend.refresh(&user.id, &known).await {
        Ok(granted) if granted.user != user.id => {
            Err(BackendError::garbage(backend.name(), "the tokens of another user"))
        }
        granted => granted,
    };
    match granted {
        Ok(Granted { tokens, .. }) => Renewed::Here { tokens, known },
        Err(error) => {
            if let Some(door) = door {
                // A lease that cannot be given back ends with this process.
                let _ = door.release(user.clone()).done().await;
            }
            let verdict = backend.verdict(&error);
            Renewed::Failed(error, verdict)
        }
    }
}

impl Engine {
    /// Starts a renewal unless one is on the wire, or the app has no address yet.
    pub(super) fn start_refresh(&mut self, user: &UserKey) {
        let Some((_, backend, _)) = self.backend(&user.app) else {
            // The app is not here yet; adding it looks at all of its sessions again.
            return self.schedule.plan(user, None);
        };
        let door = self.vault.as_ref().and_then(|vault| vault.door());
        let Some(session) = self.roster.get_mut(user) else { return };
        let Some(tokens) = session.tokens.clone() else { return };
        if session.state == SessionState::Refreshing {
            return;
        }
        let (generation, fresh) = (session.generation, std::mem::take(&mut session.wants_fresh));
        session.state = SessionState::Refreshing;
        session.next_refresh = None;
        self.plan(user);
        self.user_changed(user);
        let (key, permits) = (user.clone(), self.app_mut(&user.app).renewals.clone());
        let job = async move {
            // The semaphore is never closed.
            let _permit = permits.acquire_owned().await;
            renew(backend, door, &key, tokens, fresh).await
        };
        let user = user.clone();
        self.spawn_to_land(Some(user.clone()), None, job, move |engine, renewed| {
            engine.learn_date(&user.app);
            engine.renewal_answered(user, generation, renewed);
        });
    }

    /// A renewal came to an end. A new token is stored before anybody uses it.
    fn renewal_answered(&mut self, user: UserKey, generation: u64, renewed: Renewed) {
        let is_ours = |session: &&mut crate::session::engine::user_session::UserSession| {
            session.generation == generation
        };
        let Some(session) = self.roster.get_mut(&user).filter(is_ours) else {
            if let Some(door) = self.vault.as_ref().and_then(|vault| vault.door()) {
                drop(door.release(user.clone()));
            }
            return self.drop_answer(user, ACTION);
        };
        match renewed {
            Renewed::Here { known, tokens } => {
                let mut record = session.record();
                record.tokens = Some(tokens.clone());
                self.learn_token(&user.app, &tokens.access);
                self.outage_is_over(&user.app);
                let stored = self.vault_write(|vault| vault.replace(user.clone(), known.access, record));
                self.spawn_to_land(Some(user.clone()), None, stored, move |engine, result| {
                    engine.renewal_stored(user, generation, tokens, result);
                });
            }
            Renewed::Elsewhere { record, fresh } => {
                self.renewed_elsewhere(user.clone(), *record);
                if let Some(session) = self.roster.get_mut(&user).filter(|_| fresh) {
                    session.wants_fresh = true;
                    self.start_refresh(&user);
                }
            }
            Renewed::Gone => {
                let subject = self.subject(&user);
                self.forget(&user);
                self.tell(None, subject, Removed);
            }
            Renewed::Failed(error, verdict) => self.renewal_failed(&user, &error, verdict),
        }
    }

    /// The renewed token is durable: use it.
    fn renewal_stored(
        &mut self,
        user: UserKey,
        generation: u64,
        tokens: Tokens,
        result: Result<Replaced, VaultError>,
    ) {
        let now = self.now();
        let Some(session) = self.roster.get_mut(&user).filter(|session| session.generation == generation)
        else {
            return self.drop_answer(user, ACTION);
        };
        let result = match result {
            Ok(Replaced::Newer(record)) => {
                self.drop_answer(user.clone(), ACTION);
                return self.renewed_elsewhere(user, *record);
            }
            Ok(Replaced::Gone) => return self.renewal_answered(user, generation, Renewed::Gone),
            Ok(Replaced::Done) => Ok(()),
            Err(error) => Err(error),
        };
        session.set_tokens(Some(tokens));
        session.state = SessionState::Active;
        session.failures = 0;
        let was_changed = session.stored_elsewhere.take().is_some();
        session.last_refresh = Some(LastRefresh { at: now, outcome: RefreshOutcome::Renewed });
        let wants_fresh = session.wants_fresh;
        self.plan_refresh(&user);
        self.user_changed(&user);
        if let Err(error) = result {
            let subject = self.subject(&user);
            self.tell(None, subject, Failure::vault(ACTION, &error));
        }
        self.serve_waiting(&user);
        if wants_fresh {
            self.start_refresh(&user);
        } else if was_changed {
            self.read_again(&user);
        }
    }

    /// Another process has renewed, logged out, or logged in again while we were about to.
    fn renewed_elsewhere(&mut self, user: UserKey, record: UserRecord) {
        if let Some(session) = self.roster.get_mut(&user) {
            session.state = SessionState::Active;
            session.stored_elsewhere = None;
        }
        if !self.take_record(user.clone(), record) {
            // It is what we have: a link, say, brought another token while the renewal was on its way.
            self.plan_refresh(&user);
            self.user_changed(&user);
            self.serve_waiting(&user);
        }
    }

    /// Gives everybody who waits for a token what they wait for.
    pub(super) fn serve_waiting(&mut self, user: &UserKey) {
        let now = self.present(&user.app);
        let Some(session) = self.roster.get_mut(user) else { return };
        let (requests, operations) = session.take_waiting();
        let Some(tokens) = session.tokens.clone() else {
            let reason = match &session.state {
                SessionState::LogInRequired(reason) => Some(reason.clone()),
                _ => None,
            };
            return self.fail_waiting(user, requests, operations, |action| {
                Failure::not_logged_in(action, reason.as_ref())
            });
        };
        let expires = session.access_lifetime().map(|life| life.expires);
        let subject = self.subject(user);
        let is_said = requests.iter().any(|request| matches!(request, WaitingRequest::Refresh(_)));
        for request in requests {
            let kind = match request {
                WaitingRequest::Refresh(_) => EventKind::from(Refreshed),
                WaitingRequest::Token(_, ttl)
                    if self.roster.get(user).is_some_and(|session| session.is_valid_for(ttl, now)) =>
                {
                    TokenRead { access: tokens.access.clone(), expires }.into()
                }
                WaitingRequest::Token(_, ttl) => {
                    let left = self.roster.get(user).and_then(|session| session.access_lifetime());
                    let left = left.map(|life| life.remaining(now)).unwrap_or_default();
                    too_short(ttl, left).into()
                }
            };
            self.tell(Some(request.id()), subject.clone(), kind);
        }
        if !is_said {
            self.tell(None, subject, Refreshed);
        }
        for operation in operations {
            self.attempt(operation);
        }
    }

    /// Plans the next renewal, inside the lead before the expiry.
    pub(super) fn plan_refresh(&mut self, user: &UserKey) {
        // A server whose tokens are too short, or over when they arrive, is asked once a second at most.
        let soonest = self.present(&user.app).saturating_add(SignedDuration::from_secs(1));
        self.plan_refresh_after(user, soonest.unwrap_or(Timestamp::MAX));
    }

    /// Plans the next renewal, not before `soonest`.
    pub(super) fn plan_refresh_after(&mut self, user: &UserKey, soonest: Timestamp) {
        let lead = self.setup.renewals.lead;
        if let Some(session) = self.roster.get_mut(user) {
            let planned = lead.and_then(|lead| session.renewal_time(lead, fastrand::f64()));
            session.next_refresh = planned.map(|at| at.max(soonest));
        }
        self.plan(user);
    }

    fn renewal_failed(&mut self, user: &UserKey, error: &BackendError, verdict: Verdict) {
        let Some(session) = self.roster.get_mut(user) else { return };
        if let Some(record) = session.stored_elsewhere.take() {
            return self.renewed_elsewhere(user.clone(), record);
        }
        match verdict {
            Verdict::Ended(reason) => self.end_session(user, reason),
            Verdict::TryLater { after } => {
                session.failures = session.failures.saturating_add(1);
                let wait = retry::wait(session.failures, after, fastrand::f64());
                let retry_at = self.after(wait);
                self.note_outage(user, error, after);
                self.postpone(user, error, retry_at);
            }
            Verdict::Refused => self.postpone(user, error, None),
        }
    }

    /// An app that could not serve one session is left alone for a while by all of its sessions; otherwise a thousand of
    /// them would each find out by themselves, again and again.
    fn note_outage(&mut self, user: &UserKey, error: &BackendError, wish: Option<Duration>) {
        let failures = self.app(&user.app).map_or(0, |app| app.outage.failures).saturating_add(1);
        let until = self.after(retry::wait(failures, wish, fastrand::f64()));
        let quiet = until.map(|until| (until, error.to_string()));
        self.app_mut(&user.app).outage = Outage { failures, quiet };
    }

    /// The app answers again. Whoever was held back follows within seconds.
    fn outage_is_over(&mut self, alias: &AppAlias) {
        if std::mem::take(&mut self.app_mut(alias).outage).failures == 0 {
            return;
        }
        for user in self.roster.users_of(alias) {
            let Some(session) = self.roster.get_mut(&user) else { continue };
            let (SessionState::RefreshDue { retry_at: Some(_), .. }
            | SessionState::AccessExpired { retry_at: Some(_), .. }) = session.state
            else {
                continue;
            };
            let soon = self.after(Duration::from_secs_f64(5.0 * fastrand::f64()));
            self.put_off(&user, soon, None);
        }
    }

    /// Lets a session that is due wait until its app is asked again.
    pub(super) fn hold_back(&mut self, user: &UserKey, until: Timestamp, cause: String) {
        let spread = SignedDuration::from_millis(fastrand::i64(0..2000));
        self.put_off(user, until.saturating_add(spread).ok(), Some(cause));
    }

    /// Plans a session's next try, and says why if that is new.
    fn put_off(&mut self, user: &UserKey, at: Option<Timestamp>, new_cause: Option<String>) {
        let now = self.present(&user.app);
        let Some(session) = self.roster.get_mut(user) else { return };
        let known = match &session.state {
            SessionState::RefreshDue { cause, .. } | SessionState::AccessExpired { cause, .. } => {
                cause.clone()
            }
            _ => String::new(),
        };
        let (cause, retry_at) = (new_cause.unwrap_or(known), at);
        session.state = if session.has_live_access(now) {
            SessionState::RefreshDue { cause, retry_at }
        } else {
            SessionState::AccessExpired { cause, retry_at }
        };
        session.next_refresh = at;
        self.plan(user);
        self.user_changed(user);
    }

    fn after(&self, wait: Duration) -> Option<Timestamp> {
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        self.now().saturating_add(wait).ok()
    }

    fn postpone(&mut self, user: &UserKey, error: &BackendError, retry_at: Option<Timestamp>) {
        let now = self.now();
        let cause = error.to_string();
        self.put_off(user, retry_at, Some(cause.clone()));
        let Some(session) = self.roster.get_mut(user) else { return };
        session.last_refresh =
            Some(LastRefresh { at: now, outcome: RefreshOutcome::Postponed(cause.clone()) });
        let (requests, operations) = session.take_waiting();
        self.user_changed(user);
        if requests.is_empty() {
            let subject = self.subject(user);
            self.tell(None, subject, EventKind::RefreshPostponed { cause, retry_at });
        }
        self.fail_waiting(user, requests, operations, |action| Failure::backend(action, error));
    }

    /// The server refused the grant. What was refused is given up, and nothing that somebody else stored meanwhile.
    fn end_session(&mut self, user: &UserKey, said: EndReason) {
        let now = self.present(&user.app);
        let Some(session) = self.roster.get_mut(user) else { return };
        let reason = session.end_reason(said, now);
        let mut record = session.record();
        let (Some(tokens), generation) = (record.tokens.take(), session.generation) else { return };
        record.ended = Some(reason.clone());
        let stored = self.vault_write(|vault| vault.replace(user.clone(), tokens.access, record));
        let user = user.clone();
        self.spawn_to_land(Some(user.clone()), None, stored, move |engine, result| {
            engine.end_stored(&user, generation, reason, result);
        });
    }

    /// The end of a session is durable.
    pub(super) fn end_stored(
        &mut self,
        user: &UserKey,
        generation: u64,
        reason: EndReason,
        result: Result<Replaced, VaultError>,
    ) {
        let (now, next) = (self.now(), self.next_generation());
        let Some(session) = self.roster.get_mut(user).filter(|session| session.generation == generation)
        else {
            return self.drop_answer(user.clone(), ACTION);
        };
        let result = match result {
            Ok(Replaced::Newer(record)) => {
                self.drop_answer(user.clone(), ACTION);
                return self.renewed_elsewhere(user.clone(), *record);
            }
            Ok(Replaced::Gone) => return self.renewal_answered(user.clone(), generation, Renewed::Gone),
            Ok(Replaced::Done) => Ok(()),
            Err(error) => Err(error),
        };
        session.generation = next;
        session.end(SessionState::LogInRequired(reason.clone()));
        let was_changed = session.stored_elsewhere.take().is_some();
        session.last_refresh = Some(LastRefresh { at: now, outcome: RefreshOutcome::Ended });
        let (requests, operations) = session.take_waiting();
        self.plan(user);
        self.user_changed(user);
        let subject = self.subject(user);
        if let Err(error) = result {
            let failure = Failure::vault("store the session", &error);
            self.tell(None, subject.clone(), failure);
        }
        self.tell(None, subject, EventKind::LogInRequired(reason.clone()));
        self.fail_waiting(user, requests, operations, |action| Failure::not_logged_in(action, Some(&reason)));
        if was_changed {
            self.read_again(user);
        }
    }

    /// Tells everybody who waited for a fresh token that there is none.
    pub(super) fn fail_waiting(
        &mut self,
        user: &UserKey,
        requests: Vec<WaitingRequest>,
        operations: Vec<Attempt>,
        failure: impl Fn(&'static str) -> Failure,
    ) {
        let waiting: Vec<(Option<RequestId>, &'static str)> = (requests.into_iter())
            .map(|request| (Some(request.id()), ACTION))
            .chain(operations.into_iter().map(|operation| (operation.request, operation.operation.name())))
            .collect();
        for (request, action) in waiting {
            self.fail(request, user, failure(action));
        }
    }

    /// An answer came for a session that is no more.
    pub(super) fn drop_answer(&mut self, user: UserKey, what: &str) {
        let subject = self.subject(&user);
        self.tell(None, subject, EventKind::AnswerDropped { what: what.to_owned() });
    }
}
