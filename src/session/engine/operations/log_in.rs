//! Logging in, with or without a registration before it: from what a person gives to the session that begins. It counts
//! when it is durable.

use futures_util::future::BoxFuture;

use super::link::FetchProfile;
use crate::account::{AppAlias, Credentials, DeviceId, Profile, Provider, Severity, UserKey};
use crate::backend::{Backend, BackendError, BrowserVisit, Facet, NewSession, SignIn, SignInStep};
use crate::session::engine::Engine;
use crate::session::engine::user_session::UserSession;
use crate::session::{EventKind, Failure, Operation, Outcome, RequestId, Subject};
use crate::vault::{UserRecord, VaultError};

/// Log a user in. A user who is already known gets a new session in place of the old one.
#[derive(Debug, Clone)]
pub struct LogIn {
    /// The App.
    pub app: AppAlias,
    /// The credentials.
    pub credentials: Credentials,
}

impl LogIn {
    /// What is tried, for messages.
    pub const NAME: &str = "log in";
}

/// Create an e-mail/password account, and log it in.
#[derive(Debug, Clone)]
pub struct Register {
    /// The App.
    pub app: AppAlias,
    /// The address.
    pub email: String,
    /// The password.
    pub password: secrecy::SecretString,
}

impl Register {
    const NAME: &str = "register";
}

/// The App's active anonymous user, if it has one, else a new one.
#[derive(Debug, Clone)]
pub struct ReuseAnonymous {
    /// The App.
    pub app: AppAlias,
}

/// How a log-in, or a registration with the log-in that follows, ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// A session began, and is durable.
    LoggedIn {
        /// Whether a session of the same user was replaced.
        replaced: bool,
    },
    /// An account was created, and has to be confirmed before its first log-in.
    ConfirmationPending,
}

impl Outcome for Entered {
    fn sentence(&self) -> String {
        match self {
            Self::LoggedIn { replaced: false } => "logged in".into(),
            Self::LoggedIn { replaced: true } => "logged in again".into(),
            Self::ConfirmationPending => "registered; confirm it by its mail, then log in".into(),
        }
    }

    fn severity(&self) -> Severity {
        match self {
            Self::LoggedIn { .. } => Severity::Good,
            Self::ConfirmationPending => Severity::Warn,
        }
    }

    fn timeline(&self) -> Option<(String, &'static str)> {
        let rule = match self {
            Self::LoggedIn { replaced: false } => "a log-in counts when it is stored",
            Self::LoggedIn { replaced: true } => {
                "a new log-in replaces the session in place; answers to the former one are dropped"
            }
            Self::ConfirmationPending => return None,
        };
        Some((self.sentence(), rule))
    }
}

impl Operation for LogIn {
    type Outcome = Entered;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.log_in(id, self.app, self.credentials, false);
    }
}

impl Operation for Register {
    type Outcome = Entered;

    fn start(self, engine: &mut Engine, id: RequestId) {
        let Self { app, email, password } = self;
        engine.log_in(id, app, Credentials::EmailPassword { email, password }, true);
    }
}

impl Operation for ReuseAnonymous {
    type Outcome = Entered;

    fn start(self, engine: &mut Engine, id: RequestId) {
        let is_anonymous = |user: &UserKey| {
            engine.roster.get(user).is_some_and(|session| {
                let linked = session.profile.as_ref().map_or(0, |profile| profile.identities.len());
                session.provider == Provider::Anonymous && session.state.is_logged_in() && linked <= 1
            })
        };
        match engine.roster.users_of(&self.app).into_iter().find(is_anonymous) {
            Some(user) => engine.make_current(id, user, Entered::LoggedIn { replaced: false }),
            None => engine.log_in(id, self.app, Credentials::Anonymous, false),
        }
    }
}

/// Give a log-in or a registration up that is on its way. A session that comes of it is ended at the server at once. A link
/// is given up while a browser is away for it.
#[derive(Debug, Clone)]
pub struct CancelLogIn {
    /// The request that asked for it.
    pub request: RequestId,
}

/// A log-in was given up before its answer came.
#[derive(Debug)]
pub struct Cancelled;

impl Outcome for Cancelled {
    fn sentence(&self) -> String {
        "given up; a session that comes of it is ended at once".into()
    }
}

impl Operation for CancelLogIn {
    type Outcome = Cancelled;

    fn start(self, engine: &mut Engine, id: RequestId) {
        let Self { request } = self;
        let away = engine.give_up_browser(request);
        let entering = engine.entering.get_mut(&request).filter(|entrance| !entrance.given_up);
        let entering = entering.map(|entrance| {
            entrance.given_up = true;
            entrance.subject.clone()
        });
        match entering.or(away) {
            Some(subject) => {
                engine.tell(Some(request), subject.clone(), Cancelled);
                engine.tell(Some(id), subject, Cancelled);
            }
            None => {
                let what = "give up a log-in that is over".to_owned();
                engine.tell(Some(id), Subject::Device, EventKind::AnswerDropped { what });
            }
        }
    }
}

/// A log-in that is on its way. One that is given up runs to its end all the same: an answer that nobody reads would leave a
/// session at the server that nobody knows of. A session that comes of it is ended there, and never reaches the vault.
#[derive(Debug)]
pub(in crate::session::engine) struct Entrance {
    pub subject: Subject,
    pub given_up: bool,
}

/// What the server's answer to a log-in brings.
#[derive(Debug)]
pub(super) enum Answer {
    Session(Box<NewSession>, Option<Profile>),
    /// A browser has to go somewhere first.
    Browser(Box<BrowserVisit>),
    /// An account that has to be confirmed first.
    Unconfirmed,
}

/// Logs in; with `register`, after creating the account.
async fn enter(
    backend: &dyn Backend,
    credentials: &Credentials,
    device: Option<&DeviceId>,
    register: bool,
) -> Result<Answer, BackendError> {
    let registration = match (register, credentials) {
        (true, Credentials::EmailPassword { email, password }) => {
            let not_offered =
                || BackendError::NotOffered { backend: backend.name(), facet: Facet::Registration };
            let registration = backend.registration().ok_or_else(not_offered)?;
            registration.register(email, password).await?;
            Some(registration)
        }
        _ => None,
    };
    let session = match backend.sign_in(SignInStep::With { credentials, device }).await {
        Err(error) if registration.is_some_and(|registration| registration.is_unconfirmed(&error)) => {
            return Ok(Answer::Unconfirmed);
        }
        Err(error) => return Err(error),
        Ok(SignIn::Browser(visit)) => return Ok(Answer::Browser(visit)),
        Ok(SignIn::Done(session)) => session,
    };
    // A log-in does not fail because the profile cannot be read.
    let profile = backend.profile(&session.tokens).await.ok();
    Ok(Answer::Session(session, profile))
}

/// A log-in that is being stored.
#[derive(Debug)]
struct StoredLogIn {
    request: RequestId,
    action: &'static str,
    user: UserKey,
    generation: u64,
    /// Whether the user had a session when the server answered.
    replaces: bool,
    record: UserRecord,
}

impl Engine {
    fn log_in(&mut self, id: RequestId, app: AppAlias, credentials: Credentials, register: bool) {
        let action = if register { Register::NAME } else { LogIn::NAME };
        let subject = Subject::App { app: app.clone(), who: Some(credentials.subject().to_owned()) };
        let Some((backend, device)) = self.begin_log_in(id, &app, subject.clone(), action) else { return };
        let job = async move { enter(&*backend, &credentials, device.as_ref(), register).await };
        self.spawn(None, Some(id), job, move |engine, result| {
            engine.log_in_answered(id, subject, action, app, result);
        });
    }

    /// Notes a log-in that begins, unless nothing can come of it.
    pub(super) fn begin_log_in(
        &mut self,
        id: RequestId,
        app: &AppAlias,
        subject: Subject,
        action: &'static str,
    ) -> Option<(std::sync::Arc<dyn Backend>, Option<DeviceId>)> {
        if self.vault.is_none() {
            self.tell(Some(id), subject, Failure::vault_is_closed(action));
            return None;
        }
        let Some((_, backend, device)) = self.backend(app) else {
            let failure = self.no_app(action, app);
            self.tell(Some(id), subject, failure);
            return None;
        };
        self.entering.insert(id, Entrance { subject, given_up: false });
        Some((backend, device))
    }

    /// The server answered a step of a log-in; somebody may have given it up meanwhile.
    pub(super) fn log_in_answered(
        &mut self,
        request: RequestId,
        subject: Subject,
        action: &'static str,
        app: AppAlias,
        result: Result<Answer, BackendError>,
    ) {
        if let Ok(Answer::Browser(visit)) = result {
            return self.log_in_goes_on(request, subject, app, *visit);
        }
        self.away.remove(&request);
        if self.entering.remove(&request).is_some_and(|entrance| entrance.given_up) {
            if let Ok(Answer::Session(session, _)) = result {
                let backend = self.backend(&app).map(|(_, backend, _)| backend);
                self.end_at_server(None, subject, backend, Some(session.tokens));
            }
            return;
        }
        self.learn_date(&app);
        match result {
            Ok(Answer::Session(session, profile)) => {
                self.session_opened(request, action, app, *session, profile);
            }
            // It was taken above.
            Ok(Answer::Browser(_)) => {}
            Ok(Answer::Unconfirmed) => {
                self.tell(Some(request), subject, Entered::ConfirmationPending);
                self.read_mails_of(app);
            }
            Err(error) => self.tell(Some(request), subject, Failure::backend(action, &error)),
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
        // The App may be remembered from here on only; a clock that was read before has to be kept with it.
        self.app_mut(&app).skew.keep_again();
        // Without the address its users could not be reached at the next start: the log-in counts when both are durable.
        let address = self.keep_address(&app);
        let stored = self.vault_write(|vault| vault.put(user.clone(), record.clone()));
        let stored = async move {
            let address = address.await;
            stored.await.and(address)
        };
        let log_in = StoredLogIn { request, action, user: user.clone(), generation, replaces, record };
        self.spawn_to_land(Some(user), Some(request), stored, move |engine, result| {
            engine.log_in_stored(log_in, result);
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
        let refresh = !session.waiting_requests.is_empty();
        self.roster.insert(session);
        self.app_mut(&user.app).current = Some(user.id.clone());
        self.plan_refresh(&user);
        self.user_changed(&user);

        let subject = self.subject(&user);
        if action == Register::NAME {
            self.tell(None, subject.clone(), EventKind::Registered);
        }
        self.tell_stored(Some(request), subject, action, Entered::LoggedIn { replaced: replaces }, result);
        for operation in operations {
            self.attempt(operation);
        }
        if lacks_profile {
            self.run_as_user(None, FetchProfile { user: user.clone() });
        }
        if refresh {
            self.start_refresh(&user);
        }
    }

    /// Keeps the address of an App that was only named at this start. The embedded App has another one at each start.
    fn keep_address(&mut self, alias: &AppAlias) -> BoxFuture<'static, Result<(), VaultError>> {
        let known = self.app_mut(alias);
        let named = known.connected.as_ref().filter(|_| !known.kept && alias.as_str() != AppAlias::LOCAL);
        let Some((app, _)) = named.cloned() else { return Box::pin(std::future::ready(Ok(()))) };
        known.kept = true;
        known.seen = Some(app.clone());
        self.note_written(alias);
        self.vault_write(|vault| vault.keep_app(app))
    }
}
