//! What each job's end leads to.

use super::accounts::Entered;
use super::apps::Keeping;
use super::local::LocalAnswer;
use super::log_in::StoredLogIn;
use super::renewal::Renewed;
use super::{Label, Worker};
use crate::account::{
    AccessToken, App, AppAlias, AppClock, EmailActionDone, EndReason, SessionState, Tokens, UserKey,
};
use crate::backend::{BackendError, BrowserVisit};
use crate::session::operation::{Done, Operation};
use crate::session::user_session::UserSession;
use crate::session::{
    EventKind, Failure, FailureKind, LocalAction, READ_TIMELINE, RequestId, Subject, VaultStatus,
};
use crate::vault::{Contents, Opened, RecordName, Replaced, TimelineEntry, UserRecord, VaultError};

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
    /// A browser has to go somewhere for a log-in.
    BrowserNeeded {
        request: RequestId,
        subject: Subject,
        app: AppAlias,
        result: Result<Box<BrowserVisit>, BackendError>,
    },
    /// A browser is back from a link, with the answer to the operation.
    LinkCameBack {
        request: RequestId,
        answer: Box<Outcome>,
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
    /// A local App answered to the control token that it would be kept with; `None` where there was nothing to ask.
    ControlChecked {
        request: RequestId,
        app: Box<App>,
        keeping: Keeping,
        result: Option<Result<AppClock, BackendError>>,
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

/// Whom a lost record concerns, as far as its name is known.
fn subject_of(record: &RecordName) -> Subject {
    match record {
        RecordName::User(user) => Subject::User { label: user.id.to_string(), key: user.clone() },
        RecordName::App(app) => Subject::App { app: app.clone(), who: None },
        RecordName::Nameless(_) => Subject::Device,
    }
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
            Outcome::LoggedIn { request, subject, action, app, result } => {
                self.learn_date(&app);
                match result {
                    Ok(Entered::Session(session, profile)) => {
                        self.session_opened(request, action, app, *session, profile);
                    }
                    Ok(Entered::Unconfirmed) => self.confirmation_pending(request, subject, app),
                    Err(error) => {
                        let kind = EventKind::Failed(Failure::backend(action, &error));
                        self.tell(Some(request), subject, kind);
                    }
                }
            }
            Outcome::BrowserNeeded { request, subject, app, result } => {
                self.log_in_begun(request, subject, app, result);
            }
            Outcome::LinkCameBack { request, answer } => self.link_came_back(request, *answer),
            Outcome::EmailActed { request, subject, app, action, result } => {
                self.email_acted(request, subject, app, action, result);
            }
            Outcome::LookedAfter { request, app, action, result } => {
                self.looked_after(request, app, action, result);
            }
            Outcome::ControlChecked { request, app, keeping, result } => {
                self.control_checked(request, *app, keeping, result);
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
                    self.tell(
                        None,
                        subject_of(&record.record),
                        EventKind::RecordSetAside { why: record.why },
                    );
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

    /// A person knows of lost records. They are named no more.
    pub(super) fn forget_lost(&mut self, id: RequestId, records: Vec<RecordName>) {
        let VaultStatus::Open { set_aside, .. } = &mut self.vault_status else {
            let failure = Failure::vault_is_closed("forget what is lost");
            return self.tell(Some(id), Subject::Device, EventKind::Failed(failure));
        };
        set_aside.retain(|lost| !records.contains(&lost.record));
        self.changed = true;
        let stored = self.vault_write(|vault| vault.forget_lost(records));
        self.spawn_to_land(None, Some(id), async move {
            let event = Some(EventKind::LossesForgotten);
            let what = Stored::Said { request: Some(id), subject: Subject::Device, event };
            Outcome::Stored { result: stored.await, what }
        });
    }

    fn take_contents(&mut self, contents: Contents) {
        for (user, _) in &contents.users {
            self.app_mut(&user.app);
        }
        let mut kept = Vec::new();
        for (alias, record) in contents.apps {
            let app = self.app_mut(&alias);
            (app.current, app.device) = (record.current, record.device);
            kept.extend(record.app);
        }
        self.recall_clocks(contents.clocks);
        for (user, record) in contents.users {
            let skew = self.app_mut(&user.app).skew.ahead();
            let generation = self.next_generation();
            self.roster.insert(UserSession::new(user, generation, record, skew));
        }
        self.recall_renewals(contents.renewals);
        for app in kept {
            self.connect_kept(app);
        }
        let aliases: Vec<_> = self.apps.iter().map(|app| app.alias.clone()).collect();
        for alias in aliases {
            self.look_at_sessions_of(&alias);
        }
    }

    fn stored(&mut self, result: Result<(), VaultError>, what: Stored) {
        match what {
            Stored::LogIn(log_in) => self.log_in_stored(log_in, result),
            Stored::Said { request, subject, event } => self.tell_stored(request, subject, event, result),
        }
    }

    /// Says what happened, once it is durable; or that it is not.
    pub(super) fn tell_stored(
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
