//! Questions to the worker, one at a time.

use std::sync::Arc;
use std::time::Duration;

use super::consent;
use super::output;
use super::problem::{Code, Problem};
use super::secret::{self, Question, Source};
use crate::account::AppAlias;
use crate::app::command_line::Parts;
use crate::session::{
    self, AnyOperation, Envelope, Event, EventKind, KeyChoice, KeySource, Operation, Outcome, RequestId,
    Snapshot, Subject, VaultStatus,
};

/// How often a person may mistype the passphrase of the vault.
const TRIES: usize = 3;

/// How long a clock that can be read is waited for.
const CLOCK_PATIENCE: Duration = Duration::from_secs(2);

/// How long the state may take to follow an event.
const NEWS: Duration = Duration::from_millis(500);

/// The three ways in which a vault gets its key.
const WAYS_TO_A_KEY: &str = "start idmux in a terminal and choose, or set IDMUX_PASSPHRASE to a passphrase, \
    or set IDMUX_KEY_FILE to the path of a key file, which is made if it is not there";

/// What a command asks the worker through.
#[derive(Debug)]
pub struct Client<'a> {
    parts: &'a mut Parts,
}

impl<'a> Client<'a> {
    /// A client of these parts. The vault may not be open yet.
    pub fn new(parts: &'a mut Parts) -> Self {
        Self { parts }
    }

    /// The newest state.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.parts.session.snapshots.borrow())
    }

    /// The present moment.
    pub fn now(&self) -> jiff::Timestamp {
        self.parts.clock.now()
    }

    /// Waits until the vault is open, asking a person for the passphrase where that is what is missing.
    ///
    /// # Errors
    /// When the vault does not open.
    pub async fn open_vault(&mut self) -> Result<(), Problem> {
        self.open_and_ask().await?;
        self.name_losses();
        Ok(())
    }

    /// The same, and names no losses.
    ///
    /// # Errors
    /// When the vault does not open.
    pub async fn open_and_ask(&mut self) -> Result<(), Problem> {
        match self.vault_status().await? {
            VaultStatus::Locked { key: KeySource::Passphrase, why } if secret::can_prompt() => {
                if let Some(why) = why {
                    output::warn(&format!("the vault is locked: {why}"));
                }
                self.open_with_passphrase(Source::Prompt).await
            }
            other => open(&other),
        }
    }

    /// Names what of the vault is lost: at each start, until a person says that it may be forgotten.
    pub fn name_losses(&self) {
        if let VaultStatus::Open { set_aside, .. } = &self.snapshot().vault {
            for lost in set_aside {
                output::warn(&format!("{} is lost: {}; `idmux doctor` says more", lost.record, lost.why));
            }
        }
    }

    /// Opens a vault whose key is a passphrase. At a prompt there is more than one try.
    ///
    /// # Errors
    /// When the vault does not open.
    pub async fn open_with_passphrase(&mut self, source: Source) -> Result<(), Problem> {
        let mut tries = if matches!(source, Source::Prompt) { TRIES } else { 1 };
        loop {
            tries -= 1;
            let question = Question {
                what: "passphrase",
                whose: "the vault".into(),
                twice: false,
                instead: "use --passphrase-stdin or --passphrase-fd with `idmux unlock`, or set IDMUX_PASSPHRASE",
            };
            let passphrase = secret::read(source.clone(), question).await?;
            match self.try_key(KeyChoice::Passphrase(passphrase)).await? {
                VaultStatus::Locked { why: Some(why), .. } if tries > 0 => output::warn(&why),
                other => return open(&other),
            }
        }
    }

    /// Tries to open the vault with that key; says where the vault stands then.
    ///
    /// # Errors
    /// When the worker has stopped.
    pub async fn try_key(&mut self, choice: KeyChoice) -> Result<VaultStatus, Problem> {
        let before = self.snapshot().version;
        self.send(session::OpenVault(choice).into()).await?;
        self.status_after(before).await
    }

    /// Where the vault stands once its opening has ended.
    ///
    /// # Errors
    /// When the worker has stopped.
    pub async fn vault_status(&mut self) -> Result<VaultStatus, Problem> {
        self.status_after(0).await
    }

    async fn status_after(&mut self, version: u64) -> Result<VaultStatus, Problem> {
        let ended =
            |snapshot: &Arc<Snapshot>| snapshot.version > version && snapshot.vault != VaultStatus::Opening;
        match self.parts.session.snapshots.wait_for(ended).await {
            Ok(snapshot) => Ok(snapshot.vault.clone()),
            Err(_) => Err(stopped()),
        }
    }

    /// Makes sure that the worker can reach the app: hosts the embedded one.
    ///
    /// # Errors
    /// When the embedded App does not start, or nobody knows where the app is.
    pub async fn reach(&mut self, app: &AppAlias) -> Result<(), Problem> {
        if self.snapshot().app(app).is_some_and(|app| app.base_url.is_some()) {
            return Ok(());
        }
        if app.as_str() != AppAlias::LOCAL {
            return Err(Problem::new(
                Code::UnknownApp,
                format!("the address of {app} is not known on this device"),
                format!("make it known with `idmux app add {app} --url URL --app-id ID`"),
            ));
        }
        let local = self.parts.host_local_app().await?;
        self.ask(session::AddApp(local)).await.map(drop)
    }

    /// Reads the clock of an App that this device looks after: somebody may have moved it since the last answer. Without an
    /// answer, what is known of it counts.
    pub async fn look_at_clock(&mut self, app: &AppAlias) {
        if self.snapshot().app(app).is_some_and(|app| app.local.is_some()) {
            let read = session::ReadClock { app: app.clone() };
            let _ = tokio::time::timeout(CLOCK_PATIENCE, self.ask(read)).await;
        }
    }

    /// Like [`Client::reach`], for a command that does its work on this device whether or not the server can be told.
    pub async fn reach_if_possible(&mut self, app: &AppAlias) {
        if let Err(problem) = self.reach(app).await {
            output::warn(&format!("{}; sessions live on at the server", problem.message));
        }
    }

    /// Sends an operation, and waits for its outcome. What else went wrong on the way is said at once.
    ///
    /// # Errors
    /// When the engine says that it failed.
    pub async fn ask<O: Operation>(&mut self, operation: O) -> Result<Answer<O::Outcome>, Problem> {
        Answer::of(self.begin(operation.into()).await?)
    }

    /// Sends an operation of any kind, and waits for the event that ends it, or a step of it. Where an App names another host,
    /// a person is asked, and the operation is repeated.
    ///
    /// # Errors
    /// When the engine says that it failed.
    pub async fn begin(&mut self, operation: AnyOperation) -> Result<Event, Problem> {
        // A copy is made only where a person may have it repeated: it may hold a password.
        let again = secret::can_prompt().then(|| operation.clone());
        let id = self.send(operation).await?;
        match (self.next(id).await, again) {
            (Err(problem), Some(again)) if problem.code == Code::Address => {
                if !self.accept_host().await? {
                    return Err(problem);
                }
                let id = self.send(again).await?;
                self.next(id).await
            }
            (answered, _) => answered,
        }
    }

    /// Asks a person about a host that an App names as where it is served; says whether it is accepted.
    async fn accept_host(&mut self) -> Result<bool, Problem> {
        let names_another =
            |snapshot: &Arc<Snapshot>| snapshot.apps.iter().any(|app| app.other_host.is_some());
        // The state follows what happened; a refused downgrade names no host that could be accepted.
        let named = tokio::time::timeout(NEWS, self.parts.session.snapshots.wait_for(names_another)).await;
        let Ok(Ok(snapshot)) = named.map(|named| named.map(|snapshot| Arc::clone(&snapshot))) else {
            return Ok(false);
        };
        let app = snapshot.apps.iter().find_map(|app| Some((app.alias.clone(), app.other_host.clone()?)));
        let Some((app, host)) = app else { return Ok(false) };
        let loss = format!(
            "{app} says that it is served at {host}, another host: passwords and tokens of its users would go there"
        );
        if !consent::agrees(&loss, "Accept that host, now and from now on?").await {
            return Ok(false);
        }
        let id = self.send(session::AcceptHost { app, host }.into()).await?;
        self.next(id).await.map(|_| true)
    }

    /// Waits for the next event that ends a request, or a step of it.
    ///
    /// # Errors
    /// When the engine says that it failed.
    pub async fn next(&mut self, id: RequestId) -> Result<Event, Problem> {
        loop {
            let event = self.parts.session.events.recv().await.ok_or_else(stopped)?;
            let ends = event.request == Some(id);
            match &event.kind {
                EventKind::Failed(failure) if ends => return Err(Problem::of(failure, &event.subject)),
                EventKind::Failed(failure) => output::warn(&Problem::of(failure, &event.subject).message),
                // It was said when the vault was opened.
                EventKind::RecordSetAside { .. } => {}
                // Steps on the way, which name the request without ending it.
                EventKind::Registered | EventKind::AccessRefused { .. } => {}
                _ if ends => return Ok(event),
                _ => {}
            }
        }
    }

    async fn send(&self, operation: AnyOperation) -> Result<RequestId, Problem> {
        let id = RequestId::next();
        let sent = self.parts.session.operations.send(Envelope { id, operation }).await;
        sent.map(|()| id).map_err(|_| stopped())
    }
}

/// The outcome of an operation, and whom it concerns.
#[derive(Debug)]
pub struct Answer<T> {
    /// Whom.
    pub subject: Subject,
    /// What came of it.
    pub outcome: Arc<T>,
}

impl<T: Outcome> Answer<T> {
    /// The answer that an event brings.
    ///
    /// # Errors
    /// When the event is another one, which is a mistake of the engine's.
    pub fn of(event: Event) -> Result<Self, Problem> {
        let EventKind::Done(done) = event.kind else { return Err(Problem::unexpected_answer()) };
        let outcome = done.into_answer().ok_or_else(Problem::unexpected_answer)?;
        Ok(Self { subject: event.subject, outcome })
    }
}

/// Nothing, if the vault is open; else what keeps it closed, and what helps.
pub fn open(status: &VaultStatus) -> Result<(), Problem> {
    let problem = match status {
        VaultStatus::Open { .. } => return Ok(()),
        VaultStatus::Opening => Problem::new(Code::Vault, "the vault is still being opened", "try again"),
        VaultStatus::ChooseKey { why } => Problem::new(
            Code::VaultNeedsKey,
            format!("there is no vault yet, and no keyring for its key: {why}"),
            WAYS_TO_A_KEY,
        ),
        VaultStatus::Locked { key, why } => {
            let hint = match key {
                KeySource::Passphrase if why.is_none() => {
                    "run the command in a terminal, which asks for the passphrase, or set IDMUX_PASSPHRASE"
                }
                KeySource::Passphrase => "run `idmux unlock`, or correct IDMUX_PASSPHRASE",
                KeySource::KeyFile(_) => "run `idmux unlock`; if the key file is gone, put it back first",
                KeySource::Keyring | KeySource::Memory => "unlock the keyring, then run `idmux unlock`",
            };
            let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            Problem::new(Code::VaultLocked, format!("the vault is locked (key: {key}){why}"), hint)
        }
        VaultStatus::Failed { why } => {
            Problem::new(Code::Vault, format!("the vault cannot be opened: {why}"), "nothing was changed")
        }
    };
    Err(problem)
}

fn stopped() -> Problem {
    Problem::new(Code::Failed, "the session worker has stopped", "the log says more; try again")
}
