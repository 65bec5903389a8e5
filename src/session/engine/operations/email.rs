//! What can be done about an e-mail/password account without a session.

use crate::account::{AppAlias, EmailAction, EmailActionDone, Severity};
use crate::backend::{BackendError, Facet};
use crate::session::engine::Engine;
use crate::session::{Failure, Operation, Outcome, RequestId, Subject};

/// Do something about an e-mail/password account without a session.
#[derive(Debug, Clone)]
pub struct AccountAction {
    /// The App.
    pub app: AppAlias,
    /// What to do.
    pub action: EmailAction,
}

impl Outcome for EmailActionDone {
    fn sentence(&self) -> String {
        match self {
            Self::Confirmed => "confirmed; the user can log in",
            Self::ConfirmationSent => "the confirmation is on its way again",
            Self::ResetSent => "the reset mail is on its way",
            Self::PasswordReset => "the password is set",
            Self::ResetCalled => "the App's reset function has taken the new password",
        }
        .into()
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }
}

impl Operation for AccountAction {
    type Outcome = EmailActionDone;

    fn start(self, engine: &mut Engine, id: RequestId) {
        let Self { app, action } = self;
        let (name, done) = (action.action(), action.outcome());
        let subject = Subject::App { app: app.clone(), who: action.email().map(str::to_owned) };
        let Some((_, backend, _)) = engine.backend(&app) else {
            let failure = engine.no_app(name, &app);
            return engine.tell(Some(id), subject, failure);
        };
        let job = async move {
            let not_offered =
                || BackendError::NotOffered { backend: backend.name(), facet: Facet::Registration };
            backend.registration().ok_or_else(not_offered)?.email_action(&action).await
        };
        engine.spawn(None, Some(id), job, move |engine, result| {
            match result {
                Ok(()) => engine.tell(Some(id), subject, done),
                Err(error) => engine.tell(Some(id), subject, Failure::backend(name, &error)),
            }
            // A mail may have come, or have been used.
            engine.read_mails_of(app);
        });
    }
}
