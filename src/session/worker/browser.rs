//! Log-ins and links that a person does in a browser.
//!
//! They begin with a request that says where the browser has to go, and end when it is back, or when somebody gives it up,
//! or after a while. In between the worker knows nothing of them but the door that the browser comes back through.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::Worker;
use super::accounts::Entered;
use super::outcomes::Outcome;
use crate::account::{AppAlias, BrowserAddress, Provider, UserKey};
use crate::backend::browser::{Door, TIME_LIMIT};
use crate::backend::{Arrival, Backend, BackendError, BrowserVisit, Verdict};
use crate::session::operation::{Done, Operation};
use crate::session::{EventKind, Failure, RequestId, Subject};

const LOG_IN: &str = "log in";
/// What an address is handed in for.
const TAKE_ADDRESS: &str = "take the address";
/// How often the profile is asked for when a browser is back: nobody can bring its tokens a second time.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// A browser that is away.
#[derive(Debug)]
pub(super) struct Away {
    subject: Subject,
    door: Door,
}

impl Worker {
    pub(super) fn log_in_with_browser(&mut self, id: RequestId, app: AppAlias, provider: Provider) {
        let subject = Subject::App { app: app.clone(), who: Some(who(&provider).to_owned()) };
        if self.vault.is_none() {
            return self.tell(Some(id), subject, EventKind::Failed(Failure::vault_is_closed(LOG_IN)));
        }
        let Some((_, backend, device)) = self.backend(&app) else {
            let failure = self.no_app(LOG_IN, &app);
            return self.tell(Some(id), subject, EventKind::Failed(failure));
        };
        self.entering.insert(id, (subject.clone(), false));
        self.spawn(None, Some(id), async move {
            let result = backend.begin_in_browser(&provider, device.as_ref(), None).await.map(Box::new);
            Outcome::BrowserNeeded { request: id, subject, app, result }
        });
    }

    /// The App says where a browser has to go for a log-in.
    pub(super) fn log_in_begun(
        &mut self,
        request: RequestId,
        subject: Subject,
        app: AppAlias,
        result: Result<Box<BrowserVisit>, BackendError>,
    ) {
        if self.entering.get(&request).is_some_and(|(_, given_up)| *given_up) {
            self.entering.remove(&request);
            return;
        }
        let backend = self.backend(&app).map(|(_, backend, _)| backend);
        let (Ok(visit), Some(backend)) = (result.as_ref(), backend) else {
            let result = result.and(Err(crate::backend::BrowserError::GivenUp.into()));
            return self.settle(Outcome::LoggedIn { request, subject, action: LOG_IN, app, result });
        };
        self.send_away(request, subject.clone(), visit.door(), visit.address.clone());
        let Ok(visit) = result else { return };
        self.spawn(None, Some(request), async move {
            let result = log_in(*visit, &*backend).await;
            Outcome::LoggedIn { request, subject, action: LOG_IN, app, result }
        });
    }

    /// The App says where a browser has to go for a link.
    pub(super) fn link_begun(
        &mut self,
        user: UserKey,
        generation: u64,
        operation: Operation,
        visit: BrowserVisit,
    ) {
        let tokens = self.roster.get(&user).and_then(|session| session.tokens.clone());
        let (Some((_, backend, _)), Some(tokens), Some(request)) =
            (self.backend(&user.app), tokens, operation.request)
        else {
            return;
        };
        let subject = self.subject(&user);
        self.send_away(request, subject, visit.door(), visit.address.clone());
        // What a browser brings is not asked for twice.
        let operation = Operation { renewed: true, ..operation };
        self.spawn(Some(user.clone()), Some(request), async move {
            let result = link(visit, &*backend, &user).await;
            let answer = Outcome::Operated { user, generation, access: tokens.access, operation, result };
            Outcome::LinkCameBack { request, answer: Box::new(answer) }
        });
    }

    /// A browser is back from a link. One that was given up has nothing to say, unless it did what it was for.
    pub(super) fn link_came_back(&mut self, request: RequestId, answer: Outcome) {
        let was_given_up = self.away.remove(&request).is_none();
        if !(was_given_up && matches!(answer, Outcome::Operated { result: Err(_), .. })) {
            self.settle(answer);
        }
    }

    fn send_away(&mut self, request: RequestId, subject: Subject, door: Door, address: BrowserAddress) {
        self.away.insert(request, Away { subject: subject.clone(), door });
        let until = self.now().saturating_add(TIME_LIMIT).unwrap_or(jiff::Timestamp::MAX);
        self.tell(Some(request), subject, EventKind::BrowserNeeded { address, until });
    }

    /// A person brings the address that a browser ended at, from wherever it runs.
    pub(super) fn take_address(&mut self, id: RequestId, request: RequestId, address: &SecretString) {
        let Some(away) = self.away.get(&request) else {
            let failure = Failure::not_taken(TAKE_ADDRESS, "this log-in is over");
            return self.tell(Some(id), Subject::Device, EventKind::Failed(failure));
        };
        let subject = away.subject.clone();
        // How the log-in ended is told by the log-in itself.
        let kind = match away.door.hand_in(address.expose_secret()) {
            Ok(_) => EventKind::BrowserCameBack,
            Err(error) => EventKind::Failed(Failure::not_taken(TAKE_ADDRESS, &error.to_string())),
        };
        self.tell(Some(id), subject, kind);
    }

    /// Stops waiting for a browser; whom the wait was about, if there was one.
    pub(super) fn give_up_browser(&mut self, request: RequestId) -> Option<Subject> {
        let away = self.away.remove(&request)?;
        away.door.close();
        Some(away.subject)
    }
}

/// Waits for the browser, and asks whether the App knows what it brings.
async fn log_in(visit: BrowserVisit, backend: &dyn Backend) -> Result<Entered, BackendError> {
    let Arrival::LoggedIn(session) = visit.arrival().await? else {
        return Err(not_asked_for());
    };
    let mut tries = 0;
    loop {
        tries += 1;
        match backend.profile(&session.tokens.access).await {
            Ok(profile) => return Ok(Entered::Session(session, Some(profile))),
            Err(error) if !matches!(error.verdict(), Verdict::TryLater { .. }) => return Err(error),
            // A session that was opened is not lost because the App has trouble now.
            Err(_) if tries == TRIES => return Ok(Entered::Session(session, None)),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Waits for the browser, and reads what the user has now.
async fn link(visit: BrowserVisit, backend: &dyn Backend, user: &UserKey) -> Result<Done, BackendError> {
    let Arrival::Linked(proof) = visit.arrival().await? else {
        return Err(not_asked_for());
    };
    let Some((linked, access)) = proof else {
        return Ok(Done::Linked(None, None));
    };
    if linked != user.id {
        return Err(BackendError::garbage("the App", "an identity was added to another user"));
    }
    let profile = backend.profile(&access).await.ok();
    Ok(Done::Linked(Some(access), profile))
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
