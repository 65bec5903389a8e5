//! Log-ins and links that a person does in a browser.
//!
//! They begin with a request that says where the browser has to go, and end when it is back, or when somebody gives it up,
//! or after a while. In between the engine knows nothing of them but the door that the browser comes back through.

use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::Link;
use super::log_in::{Answer, LogIn};
use crate::account::{AppAlias, BrowserAddress, Profile, Provider, Severity, Tokens, UserKey};
use crate::backend::browser::{Door, TIME_LIMIT};
use crate::backend::{
    Arrival, Backend, BackendError, BrowserError, BrowserVisit, Facet, Granted, SignIn, SignInStep, Verdict,
};
use crate::session::engine::Engine;
use crate::session::engine::operation::{Change, UserContext, UserOperation};
use crate::session::{Entered, EventKind, Failure, Linked, Operation, Outcome, RequestId, Subject};

/// How often the profile is asked for when a browser is back: nobody can bring its tokens a second time.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Log a user in by the pages of an identity provider: [`EventKind::BrowserNeeded`] says where a browser has to go.
#[derive(Debug, Clone)]
pub struct LogInWithBrowser {
    /// The App.
    pub app: AppAlias,
    /// Google, Facebook or Apple.
    pub provider: Provider,
}

/// Add an identity to a user in the same way.
#[derive(Debug, Clone)]
pub struct LinkWithBrowser {
    /// The user to extend.
    pub user: UserKey,
    /// Google, Facebook or Apple.
    pub provider: Provider,
}

/// Take the address that a browser ended at, where it did not find the way back by itself: it runs elsewhere.
#[derive(Debug, Clone)]
pub struct BrowserEndedAt {
    /// The request that sent it away.
    pub request: RequestId,
    /// The address, with the tokens in it.
    pub address: SecretString,
}

/// The address that a browser ended at was taken. How the log-in ended is told by the log-in itself.
#[derive(Debug)]
pub struct BrowserCameBack;

impl Outcome for BrowserCameBack {
    fn sentence(&self) -> String {
        "the address is the right one".into()
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }
}

/// A browser that is away.
#[derive(Debug)]
pub(in crate::session::engine) struct Away {
    subject: Subject,
    door: Door,
}

impl Operation for LogInWithBrowser {
    type Outcome = Entered;

    fn start(self, engine: &mut Engine, id: RequestId) {
        let Self { app, provider } = self;
        let subject = Subject::App { app: app.clone(), who: Some(who(&provider).to_owned()) };
        let Some((backend, device)) = engine.begin_log_in(id, &app, subject.clone(), LogIn::NAME) else {
            return;
        };
        let job = async move {
            let step = SignInStep::InBrowser { provider: &provider, device: device.as_ref() };
            Ok(match backend.sign_in(step).await? {
                SignIn::Browser(visit) => Answer::Browser(visit),
                SignIn::Done(session) => Answer::Session(session, None),
            })
        };
        engine.spawn(None, Some(id), job, move |engine, result| {
            engine.log_in_answered(id, subject, LogIn::NAME, app, result);
        });
    }
}

impl Operation for LinkWithBrowser {
    type Outcome = Linked;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for LinkWithBrowser {
    fn name(&self) -> &'static str {
        Link::NAME
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            let identities = context.facet(Facet::Identities, |backend| backend.identities())?;
            let device = context.device.as_ref();
            let visit = identities.link_in_browser(&context.tokens, &self.provider, device).await?;
            let (user, provider) = (self.user.clone(), self.provider.clone());
            Ok(Change::new(move |engine, request| engine.link_begun(user, provider, request, visit)))
        })
    }
}

impl Operation for BrowserEndedAt {
    type Outcome = BrowserCameBack;

    fn start(self, engine: &mut Engine, id: RequestId) {
        const ACTION: &str = "take the address";
        let Some(away) = engine.away.get(&self.request) else {
            let failure = Failure::not_taken(ACTION, "this log-in is over");
            return engine.tell(Some(id), Subject::Device, failure);
        };
        let subject = away.subject.clone();
        match away.door.hand_in(self.address.expose_secret()) {
            Ok(_) => engine.tell(Some(id), subject, BrowserCameBack),
            Err(error) => engine.tell(Some(id), subject, Failure::not_taken(ACTION, &error.to_string())),
        }
    }
}

impl Engine {
    /// A browser has to go somewhere for a log-in.
    pub(super) fn log_in_goes_on(
        &mut self,
        request: RequestId,
        subject: Subject,
        app: AppAlias,
        visit: BrowserVisit,
    ) {
        if self.entering.get(&request).is_some_and(|entrance| entrance.given_up) {
            self.entering.remove(&request);
            return;
        }
        let Some((_, backend, _)) = self.backend(&app) else {
            let given_up = Err(BrowserError::GivenUp.into());
            return self.log_in_answered(request, subject, LogIn::NAME, app, given_up);
        };
        self.send_away(request, subject.clone(), visit.door(), visit.address.clone());
        let job = async move { log_in(visit, &*backend).await };
        self.spawn(None, Some(request), job, move |engine, result| {
            engine.log_in_answered(request, subject, LogIn::NAME, app, result);
        });
    }

    /// The App says where a browser has to go for a link. What it brings is not asked for twice.
    fn link_begun(
        &mut self,
        user: UserKey,
        provider: Provider,
        request: Option<RequestId>,
        visit: BrowserVisit,
    ) {
        let Some(generation) = self.roster.get(&user).map(|session| session.generation) else { return };
        let (Some((_, backend, _)), Some(request)) = (self.backend(&user.app), request) else { return };
        let subject = self.subject(&user);
        self.send_away(request, subject, visit.door(), visit.address.clone());
        let tokens = self.roster.get(&user).and_then(|session| session.tokens.clone());
        let Some(tokens) = tokens else { return };
        let job = async move { link(visit, &*backend, &tokens).await };
        self.spawn(Some(user.clone()), Some(request), job, move |engine, result| {
            let was_given_up = engine.away.remove(&request).is_none();
            // One that was given up has nothing to say, unless it did what it was for.
            if was_given_up && result.is_err() {
                return;
            }
            engine.learn_date(&user.app);
            if !engine.is_current(&user, generation) {
                return engine.answer_is_late(&user, Some(request), Link::NAME);
            }
            match result {
                Ok((granted, profile)) => engine.linked(&user, provider, granted, profile, Some(request)),
                Err(error) => engine.fail(Some(request), &user, Failure::backend(Link::NAME, &error)),
            }
        });
    }

    fn send_away(&mut self, request: RequestId, subject: Subject, door: Door, address: BrowserAddress) {
        self.away.insert(request, Away { subject: subject.clone(), door });
        let until = self.now().saturating_add(TIME_LIMIT).unwrap_or(jiff::Timestamp::MAX);
        self.tell(Some(request), subject, EventKind::BrowserNeeded { address, until });
    }

    /// Stops waiting for a browser; whom the wait was about, if there was one.
    pub(super) fn give_up_browser(&mut self, request: RequestId) -> Option<Subject> {
        let away = self.away.remove(&request)?;
        away.door.close();
        Some(away.subject)
    }
}

/// Waits for the browser, and asks whether the App knows what it brings.
async fn log_in(visit: BrowserVisit, backend: &dyn Backend) -> Result<Answer, BackendError> {
    let Arrival::LoggedIn(session) = visit.arrival().await? else {
        return Err(not_asked_for());
    };
    let mut tries = 0;
    loop {
        tries += 1;
        match backend.profile(&session.tokens).await {
            Ok(profile) => return Ok(Answer::Session(session, Some(profile))),
            Err(error) if !matches!(backend.verdict(&error), Verdict::TryLater { .. }) => return Err(error),
            // A session that was opened is not lost because the App has trouble now.
            Err(_) if tries == TRIES => return Ok(Answer::Session(session, None)),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Waits for the browser, and reads what the user has now.
async fn link(
    visit: BrowserVisit,
    backend: &dyn Backend,
    tokens: &Tokens,
) -> Result<(Option<Granted>, Option<Profile>), BackendError> {
    let Arrival::Linked(proof) = visit.arrival().await? else {
        return Err(not_asked_for());
    };
    let Some((user, access)) = proof else {
        return Ok((None, None));
    };
    let granted = Granted { user, tokens: tokens.with_access(access) };
    let profile = backend.profile(&granted.tokens).await.ok();
    Ok((Some(granted), profile))
}

fn not_asked_for() -> BackendError {
    BackendError::garbage("the browser", "an answer to another question")
}

/// Whom a log-in concerns before the server says so.
fn who(provider: &Provider) -> &'static str {
    match provider {
        Provider::Google => "a Google user",
        Provider::Facebook => "a Facebook user",
        Provider::Apple => "an Apple user",
        _ => "a user of an identity provider",
    }
}
