//! An identity added to a user, and the profile that shows it.

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::account::{Credentials, Profile, Provider, SessionState, Severity, UserKey};
use crate::backend::{BackendError, Facet, Granted, Registration};
use crate::session::engine::Engine;
use crate::session::engine::operation::{Change, UserContext, UserOperation};
use crate::session::{Failure, Operation, Outcome, RequestId};

/// Add an identity to a user. With `register`, the e-mail/password account is created first.
#[derive(Debug, Clone)]
pub struct Link {
    /// The user to extend.
    pub user: UserKey,
    /// The credentials of the new identity.
    pub credentials: Credentials,
    /// Whether the account has to be registered first.
    pub register: bool,
}

impl Link {
    /// What is tried, for messages.
    pub const NAME: &str = "link an identity";
}

/// An identity was added.
#[derive(Debug)]
pub struct Linked {
    /// Its provider.
    pub provider: Provider,
}

impl Outcome for Linked {
    fn sentence(&self) -> String {
        format!("linked {}", self.provider)
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }

    fn timeline(&self) -> Option<(String, &'static str)> {
        Some((self.sentence(), "the answer's access token replaces the one before"))
    }
}

impl Operation for Link {
    type Outcome = Linked;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for Link {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            let backend = &*context.backend;
            let identities = context.facet(Facet::Identities, |backend| backend.identities())?;
            if let (true, Credentials::EmailPassword { email, password }) = (self.register, &self.credentials)
            {
                let registration = context.facet(Facet::Registration, |backend| backend.registration())?;
                register_once(registration, email, password).await?;
            }
            let (user, device) = (&self.user.id, context.device.as_ref());
            let granted = identities.link(user, &context.tokens, &self.credentials, device).await?;
            let profile = backend.profile(&granted.tokens).await.ok();
            let (user, provider) = (self.user.clone(), self.credentials.provider());
            Ok(Change::new(move |engine, request| {
                engine.linked(&user, provider, Some(granted), profile, request);
            }))
        })
    }

    fn failure(&self, error: &BackendError) -> Failure {
        Failure::linking(self.name(), error)
    }
}

/// Creates an account. That it exists already is no failure here: an earlier try may have got this far, and the
/// password decides at the link itself.
async fn register_once(
    registration: &dyn Registration,
    email: &str,
    password: &SecretString,
) -> Result<(), BackendError> {
    match registration.register(email, password).await {
        Err(error) if registration.is_taken(&error) => Ok(()),
        other => other,
    }
}

/// Read the profile. Nobody asks for it: the engine does, where it has none.
#[derive(Debug, Clone)]
pub(in crate::session::engine) struct FetchProfile {
    pub user: UserKey,
}

impl UserOperation for FetchProfile {
    fn name(&self) -> &'static str {
        "read the profile"
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            let profile = context.backend.profile(&context.tokens).await?;
            let user = self.user.clone();
            Ok(Change::new(move |engine, request| {
                let Some(session) = engine.roster.get_mut(&user) else { return };
                session.profile = Some(profile);
                let known = session.tokens.as_ref().map(|tokens| tokens.access.clone());
                if let Some(known) = known {
                    engine.replace_record(user, known, request, None);
                }
            }))
        })
    }

    fn is_repeatable(&self) -> bool {
        true
    }
}

impl Engine {
    /// An identity was added. Tokens are missing if the server gave none, the profile if it could not be read. Those of
    /// another user are not this one's.
    pub(super) fn linked(
        &mut self,
        user: &UserKey,
        provider: Provider,
        granted: Option<Granted>,
        profile: Option<Profile>,
        request: Option<RequestId>,
    ) {
        if granted.as_ref().is_some_and(|granted| granted.user != user.id) {
            let error = BackendError::garbage("the server", "an identity was added to another user");
            return self.fail(request, user, Failure::backend(Link::NAME, &error));
        }
        let Some(session) = self.roster.get_mut(user) else { return };
        let Some(known) = session.tokens.as_ref().map(|tokens| tokens.access.clone()) else { return };
        let lacks_profile = profile.is_none();
        if let Some(Granted { tokens, .. }) = granted {
            session.set_tokens(Some(tokens));
        }
        session.profile = profile.or_else(|| session.profile.take());
        if session.state != SessionState::Refreshing {
            session.state = SessionState::Active;
            session.failures = 0;
            self.plan_refresh(user);
        }
        self.replace_record(user.clone(), known, request, Some(Linked { provider }.into()));
        if lacks_profile {
            self.run_as_user(None, FetchProfile { user: user.clone() });
        }
    }
}
