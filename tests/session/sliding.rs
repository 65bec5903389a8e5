//! A backend that is not App Services: one opaque token that slides, is exchanged at every refresh, and ends when the service says
//! so beside it; no refresh token, no claims, no facets. What the engine, the vault and the views know of a session is no more.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use idmux::account::{
    AccessToken, Credentials, EndReason, Lifetime, LifetimeSource, Profile, Provider, SessionState, Tokens,
    UserId,
};
use idmux::backend::{Answer, Backend, BackendError, Granted, NewSession, SignIn, SignInStep, Verdict};
use idmux::clock::SystemClock;
use idmux::session::{self, AnyOperation, Connect, EventKind, FailureKind};
use idmux::vault::Location;
use jiff::{SignedDuration, Timestamp};

use super::harness::{Worker, alias, app_at, email};

#[derive(Debug, Default)]
struct Service {
    serial: u64,
    /// The one token that is good.
    good: Option<String>,
    /// Tokens that were exchanged. One that comes again is a thief's: it ends the session.
    exchanged: HashSet<String>,
    /// Seconds that a token lives.
    life: i64,
    /// What the next refresh is answered with, instead of the truth.
    next: Option<BackendError>,
    /// Whether the next refresh brings somebody else's token.
    confuses: bool,
}

#[derive(Debug, Clone)]
struct Sliding(Arc<Mutex<Service>>);

impl Sliding {
    fn living(seconds: i64) -> Self {
        Self(Arc::new(Mutex::new(Service { life: seconds, ..Service::default() })))
    }

    fn lock(&self) -> MutexGuard<'_, Service> {
        self.0.lock().unwrap()
    }

    fn connect(&self) -> Connect {
        let service = self.clone();
        Arc::new(move |_| Ok(Arc::new(service.clone()) as Arc<dyn Backend>))
    }
}

impl Service {
    fn grant(&mut self) -> Tokens {
        self.serial += 1;
        let token = format!("opaque-{}", self.serial);
        self.exchanged.extend(self.good.replace(token.clone()));
        let issued = Timestamp::now();
        let expires = issued + SignedDuration::from_secs(self.life);
        let life = Lifetime { issued, expires, source: LifetimeSource::Answer };
        Tokens { access_life: Some(life), ..Tokens::new(AccessToken::new(token), None) }
    }
}

fn refused(status: u16) -> BackendError {
    BackendError::Refused { status, code: None, message: format!("status {status}"), retry_after: None }
}

impl Backend for Sliding {
    fn name(&self) -> &'static str {
        "the sliding service"
    }

    fn sign_in<'a>(&'a self, step: SignInStep<'a>) -> Answer<'a, SignIn> {
        Box::pin(async move {
            let SignInStep::With { credentials: Credentials::EmailPassword { .. }, .. } = step else {
                return Err(refused(400));
            };
            Ok(SignIn::Done(Box::new(NewSession {
                user: UserId::new("ada"),
                provider: Provider::EmailPassword,
                tokens: self.lock().grant(),
                device: None,
            })))
        })
    }

    fn refresh<'a>(&'a self, user: &'a UserId, tokens: &'a Tokens) -> Answer<'a, Granted> {
        Box::pin(async move {
            let mut service = self.lock();
            if let Some(error) = service.next.take() {
                return Err(error);
            }
            if service.good.as_deref() != Some(tokens.access.expose()) {
                service.good = None;
                return Err(refused(403));
            }
            let user = if std::mem::take(&mut service.confuses) { UserId::new("eve") } else { user.clone() };
            Ok(Granted { user, tokens: service.grant() })
        })
    }

    fn sign_out<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut service = self.lock();
            service.good = service.good.take().filter(|good| good != tokens.access.expose());
            Ok(())
        })
    }

    fn profile<'a>(&'a self, _: &'a Tokens) -> Answer<'a, Profile> {
        let mut profile = Profile::default();
        profile.data.insert("name".into(), "Ada".into());
        Box::pin(std::future::ready(Ok(profile)))
    }

    // Here a 401 is a gateway's, and a 403 the end.
    fn verdict(&self, error: &BackendError) -> Verdict {
        match error {
            BackendError::Refused { status: 403, .. } => Verdict::Ended(EndReason::SessionRevoked),
            BackendError::Refused { .. } => Verdict::Refused,
            _ => Verdict::TryLater { after: None },
        }
    }

    fn refuses_access_token(&self, error: &BackendError) -> bool {
        matches!(error, BackendError::Refused { status: 403, .. })
    }

    fn session_is_gone(&self, error: &BackendError) -> bool {
        matches!(error, BackendError::Refused { status: 403, .. })
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        None
    }
}

async fn start(service: &Sliding, vault: Location) -> Worker {
    let mut worker = Worker::start(vault, service.connect(), Arc::new(SystemClock)).await;
    worker.ask(session::AddApp(app_at(&"http://sliding.example".parse().unwrap()))).await;
    worker
}

#[tokio::test]
async fn an_opaque_token_that_slides_is_kept_alive_and_its_end_is_known_from_the_answer() {
    let service = Sliding::living(3);
    let mut worker = start(&service, Location::Memory).await;
    let ada = worker.log_in(email("ada@example.com")).await;
    let first = worker.user(&ada);
    let access = first.access.as_ref().unwrap();
    assert!(first.refresh.is_none() && access.claims.is_empty());
    assert_eq!(first.label, "Ada");
    let life = access.lifetime.unwrap();
    assert_eq!((life.length(), life.source), (SignedDuration::from_secs(3), LifetimeSource::Answer));
    // It is exchanged before it ends, again and again: each token is used once.
    worker
        .user_where(&ada, |view| view.access.as_ref().is_some_and(|it| it.fingerprint != access.fingerprint))
        .await;
    let second = worker.user(&ada).access.clone().unwrap().fingerprint;
    worker.user_where(&ada, |view| view.access.as_ref().is_some_and(|it| it.fingerprint != second)).await;
    assert_eq!(worker.user(&ada).state, SessionState::Active);
    let token = worker.ask(session::Token { user: ada, min_ttl: Duration::ZERO }).await;
    let Some(session::TokenRead { access, expires }) = token.kind.outcome() else { panic!("{token:?}") };
    assert!(access.expose().starts_with("opaque-") && expires.is_some());
}

#[tokio::test]
async fn the_exchanged_token_and_its_end_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let vault = || Location::File(folder.path().join("vault.db"));
    let service = Sliding::living(3600);
    let mut worker = start(&service, vault()).await;
    let ada = worker.log_in(email("ada@example.com")).await;
    for _ in 0..3 {
        let event = worker.ask(session::Refresh { user: ada.clone() }).await;
        assert_eq!(event.kind, session::Refreshed.into());
    }
    let before = worker.user(&ada).access.clone();
    worker.stop().await;
    let mut worker = start(&service, vault()).await;
    worker.snapshot_where(|snapshot| snapshot.users.len() == 1).await;
    assert_eq!(worker.user(&ada).access, before, "its end too, which no claim says");
    let event = worker.ask(session::Refresh { user: ada.clone() }).await;
    assert_eq!(event.kind, session::Refreshed.into(), "the newest token was stored");
    worker.ask(session::LogOut { user: ada }).await;
    assert_eq!(service.lock().good, None, "the service knows");
}

#[tokio::test]
async fn the_backend_judges_its_own_refusals() {
    let service = Sliding::living(3600);
    let mut worker = start(&service, Location::Memory).await;
    let ada = worker.log_in(email("ada@example.com")).await;
    let refresh = || session::Refresh { user: ada.clone() };
    service.lock().next = Some(refused(401));
    assert!(matches!(worker.ask(refresh()).await.kind, EventKind::Failed(_)));
    assert!(worker.user(&ada).state.is_logged_in(), "a 401 is a gateway's here");
    assert_eq!(worker.ask(refresh()).await.kind, session::Refreshed.into());
    // Tokens of another user are none, whoever says so.
    let known = worker.user(&ada).access.clone();
    service.lock().confuses = true;
    assert!(matches!(worker.ask(refresh()).await.kind, EventKind::Failed(_)));
    assert_eq!(worker.user(&ada).access, known);
    service.lock().next = Some(refused(403));
    assert!(matches!(worker.ask(refresh()).await.kind, EventKind::Failed(_)));
    let state = worker.user(&ada).state.clone();
    assert_eq!(state, SessionState::LogInRequired(EndReason::SessionRevoked));
}

#[tokio::test]
async fn what_a_backend_has_not_is_refused_by_name_and_nothing_is_lost() {
    let service = Sliding::living(3600);
    let mut worker = start(&service, Location::Memory).await;
    let ada = worker.log_in(email("ada@example.com")).await;
    let register =
        session::Register { app: alias(), email: "eve@example.com".into(), password: "secret1".into() };
    let link = session::Link { user: ada.clone(), credentials: Credentials::Anonymous, register: false };
    let asked: [(AnyOperation, &str); 5] = [
        (session::ListApiKeys { user: ada.clone() }.into(), "API keys"),
        (session::ReadCustomData { user: ada.clone() }.into(), "custom data"),
        (session::Delete { user: ada.clone() }.into(), "delete accounts"),
        (link.into(), "identities"),
        (register.into(), "e-mail/password accounts"),
    ];
    for (operation, facet) in asked {
        let event = worker.ask(operation).await;
        let EventKind::Failed(failure) = &event.kind else { panic!("{event:?}") };
        let message = &failure.message;
        assert!(message.contains("the sliding service has no") && message.contains(facet), "{message}");
        assert_eq!(failure.kind, FailureKind::Refused);
    }
    let event = worker.ask(session::ReadRefreshToken { user: ada.clone() }).await;
    assert!(matches!(event.kind, EventKind::Failed(_)), "there is none: {event:?}");
    assert_eq!(worker.user(&ada).state, SessionState::Active);
}
