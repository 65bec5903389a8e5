//! Accounts on their way to a session: what comes before the first log-in, and what helps who cannot log in.

use super::Worker;
use super::outcomes::Outcome;
use crate::account::{AppAlias, Credentials, DeviceId, EmailAction, EmailActionDone, Profile};
use crate::backend::{Backend, BackendError, NewSession};
use crate::session::{EventKind, Failure, LocalAction, RequestId, Subject};

/// How a log-in, or a registration with the log-in that follows, ended well.
#[derive(Debug)]
pub(super) enum Entered {
    /// With a session.
    Session(Box<NewSession>, Option<Profile>),
    /// With an account that has to be confirmed first.
    Unconfirmed,
}

/// Logs in; with `register`, after creating the account.
pub(super) async fn enter(
    backend: &dyn Backend,
    credentials: &Credentials,
    device: Option<&DeviceId>,
    register: bool,
) -> Result<Entered, BackendError> {
    if let (true, Credentials::EmailPassword { email, password }) = (register, credentials) {
        backend.register(email, password).await?;
    }
    let session = match backend.log_in(credentials, device).await {
        // The password is the one that was just set: what is missing is the confirmation (section 3.3).
        Err(BackendError::Refused { code: Some(code), .. }) if register && code == "AuthError" => {
            return Ok(Entered::Unconfirmed);
        }
        other => other?,
    };
    // A log-in does not fail because the profile cannot be read.
    let profile = backend.profile(&session.tokens.access).await.ok();
    Ok(Entered::Session(Box::new(session), profile))
}

impl Worker {
    /// Does something about an account without a session.
    pub(super) fn email_action(&mut self, id: RequestId, app: AppAlias, action: EmailAction) {
        let subject = Subject::App { app: app.clone(), who: action.email().map(str::to_owned) };
        let Some((_, backend, _)) = self.backend(&app) else {
            let failure = self.no_app(action.action(), &app);
            return self.tell(Some(id), subject, EventKind::Failed(failure));
        };
        self.spawn(None, Some(id), async move {
            let result = backend.email_action(&action).await.map(|()| action.outcome());
            Outcome::EmailActed { request: id, subject, app, action: action.action(), result }
        });
    }

    pub(super) fn email_acted(
        &mut self,
        request: RequestId,
        subject: Subject,
        app: AppAlias,
        action: &'static str,
        result: Result<EmailActionDone, BackendError>,
    ) {
        let kind = match result {
            Ok(done) => EventKind::EmailActionDone(done),
            Err(error) => EventKind::Failed(Failure::backend(action, &error)),
        };
        self.tell(Some(request), subject, kind);
        // A mail may have come, or have been used.
        self.look_after(None, app, LocalAction::ReadMails);
    }

    /// An account was created that has to be confirmed.
    pub(super) fn confirmation_pending(&mut self, request: RequestId, subject: Subject, app: AppAlias) {
        self.tell(Some(request), subject, EventKind::ConfirmationPending);
        self.look_after(None, app, LocalAction::ReadMails);
    }
}
