//! The engine: one task that owns all sessions.
//!
//! It never waits for the network or the disk itself. Requests and writes run as jobs; each ends in a change of the engine's
//! state, which is made only if the session is still the one that the job began with: every session has a generation.

mod apps;
mod as_user;
mod clocks;
mod local;
pub mod operation;
pub mod operations;
mod outbox;
mod refresh;
mod retry;
mod roster;
mod schedule;
mod sharing;
mod skew;
mod user_session;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::clocks::Time;
use self::local::Local;
use self::operations::{Away, Entrance};
use self::outbox::Outbox;
use self::roster::Roster;
use self::schedule::Schedule;
use self::sharing::{Looking, looking};
use self::skew::Skew;
use self::user_session::UserSession;
use super::{
    AppView, Envelope, Event, EventKind, Failure, FailureKind, RequestId, SessionHandle, Snapshot, Subject,
    VaultStatus,
};
use crate::account::{App, AppAlias, CustomDataSource, DeviceId, Lead, SessionState, UserId, UserKey};
use crate::backend::{Backend, BackendError};
use crate::clock::Clock;
use crate::vault::{KeyPolicy, Location, Vault, VaultError};

/// Makes the client of an app.
pub type Connect = Arc<dyn Fn(&App) -> Result<Arc<dyn Backend>, BackendError> + Send + Sync>;

/// How long a stop waits for renewals and writes that are under way.
const LANDING_TIME: Duration = Duration::from_millis(800);
/// The shortest wait for a time that does not come by itself.
const JUST_A_MOMENT: SignedDuration = SignedDuration::from_secs(1);
const OPERATIONS: usize = 64;
const EVENTS: usize = 256;

/// What a worker is made of.
#[derive(Clone)]
pub struct Setup {
    /// Where the vault lives.
    pub vault: Location,
    /// How its key is had at first.
    pub key: KeyPolicy,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Makes the client of an app.
    pub connect: Connect,
    /// When access tokens are renewed.
    pub renewals: Renewals,
}

/// When access tokens are renewed, and how many at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Renewals {
    /// How long before their expiry they are renewed without being asked for; `None` renews on demand only.
    pub lead: Option<Lead>,
    /// Renewals on the wire at once, for each app: one that hangs does not hold up another.
    pub in_flight: usize,
}

impl Default for Renewals {
    /// Early, sixteen at once.
    fn default() -> Self {
        Self { lead: Some(Lead::default()), in_flight: 16 }
    }
}

impl Renewals {
    /// On demand only: for a process that does one thing and ends.
    pub fn on_demand() -> Self {
        Self { lead: None, ..Self::default() }
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("vault", &self.vault).finish_non_exhaustive()
    }
}

/// Starts a worker. It begins to open the vault when `begin` resolves, so that a screen can be drawn first; it stops
/// when `stop` is cancelled or the handle is dropped, and its task ends when every write is durable.
pub fn start(
    setup: Setup,
    begin: impl Future<Output = ()> + Send + 'static,
    stop: CancellationToken,
) -> (SessionHandle, JoinHandle<()>) {
    let (operations, inbox) = mpsc::channel(OPERATIONS);
    let (event_sender, events) = mpsc::channel(EVENTS);
    let (snapshot_sender, snapshots) = watch::channel(Arc::new(Snapshot::default()));
    let engine = Engine {
        outbox: Outbox::new(event_sender),
        published: snapshot_sender,
        time: Time::new(setup.clock.now()),
        setup,
        looking: None,
        apps_written: Vec::new(),
        next_look: Instant::now(),
        next_clock_look: Instant::now(),
        vault: None,
        vault_status: VaultStatus::Opening,
        apps: Vec::new(),
        roster: Roster::default(),
        schedule: Schedule::default(),
        entering: HashMap::new(),
        away: HashMap::new(),
        jobs: JoinSet::new(),
        labels: HashMap::new(),
        generations: 0,
        version: 0,
        changed: false,
    };
    let task = tokio::spawn(async move {
        tokio::select! {
            () = begin => engine.run(inbox, stop).await,
            () = stop.cancelled() => {}
        }
    });
    (SessionHandle { operations, snapshots, events }, task)
}

/// An app with everything the worker holds of it.
struct KnownApp {
    alias: AppAlias,
    /// The app and its client, once it was added; until then only its users are known, from the vault.
    connected: Option<(App, Arc<dyn Backend>)>,
    current: Option<UserId>,
    device: Option<DeviceId>,
    kept: bool,
    /// The app as the vault last had it, as far as that was seen.
    seen: Option<App>,
    skew: Skew,
    /// Bounds the renewals on the wire.
    renewals: Arc<Semaphore>,
    outage: Outage,
    local: Local,
    /// The host that the App names as where it is served, and that nobody has accepted.
    other_host: Option<String>,
}

/// An app that does not answer, as far as it is known.
#[derive(Debug, Default)]
struct Outage {
    /// Failures in a row, of whichever session.
    failures: u32,
    /// Until when nothing is asked of the app that nobody asked for, and why.
    quiet: Option<(Timestamp, String)>,
}

/// What the end of a job changes.
type Landing = Box<dyn FnOnce(&mut Engine) + Send>;

/// What a job was for, in case it panics.
struct Label {
    user: Option<UserKey>,
    request: Option<RequestId>,
    must_land: bool,
}

/// The one owner of all sessions. Operations change it; nobody else sees it.
pub struct Engine {
    setup: Setup,
    time: Time,
    /// The vault's answer to what other processes did, while it is asked. Not a job: it is asked twice a second, and a task
    /// would wake a thread more each time.
    looking: Option<Looking>,
    /// Apps that this process kept or forgot while a look was under way, which may not know of it.
    apps_written: Vec<AppAlias>,
    /// When it is asked next.
    next_look: Instant,
    /// When the clocks of local Apps are read next.
    next_clock_look: Instant,
    vault: Option<Vault>,
    vault_status: VaultStatus,
    apps: Vec<KnownApp>,
    roster: Roster,
    schedule: Schedule,
    jobs: JoinSet<Landing>,
    /// Log-ins on their way.
    entering: HashMap<RequestId, Entrance>,
    /// Browsers that people are away in, by the request that sent them there.
    away: HashMap<RequestId, Away>,
    labels: HashMap<Id, Label>,
    outbox: Outbox,
    published: watch::Sender<Arc<Snapshot>>,
    generations: u64,
    version: u64,
    changed: bool,
}

impl Engine {
    async fn run(mut self, mut inbox: mpsc::Receiver<Envelope>, stop: CancellationToken) {
        self.open_vault(None, None);
        loop {
            self.publish();
            let sleep = self.schedule.sleep(self.now());
            let look = self.next_look;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                envelope = inbox.recv() => match envelope {
                    Some(Envelope { id, operation }) => operation.start(&mut self, id),
                    None => break,
                },
                Some(joined) = self.jobs.join_next_with_id() => self.land(joined),
                () = self.outbox.room(), if self.outbox.is_waiting() => self.outbox.flush(),
                changes = looking(&mut self.looking) => self.looked_around(changes),
                () = tokio::time::sleep_until(look), if self.shares_vault() && self.looking.is_none() => {
                    self.look_around();
                }
                () = tokio::time::sleep(sleep.unwrap_or_default()), if sleep.is_some() => {}
            }
            self.watch_clock();
            self.run_due();
            self.keep_clocks();
        }
        self.finish().await;
    }

    /// Lets renewals and writes land, gives up the rest, and closes the vault.
    async fn finish(mut self) {
        let deadline = tokio::time::Instant::now() + LANDING_TIME;
        while self.labels.values().any(|label| label.must_land) {
            match tokio::time::timeout_at(deadline, self.jobs.join_next_with_id()).await {
                Ok(Some(joined)) => self.land(joined),
                Ok(None) | Err(_) => break,
            }
        }
        self.keep_clocks();
        self.publish();
        // Jobs hold the vault open; they are gone when this returns.
        self.jobs.shutdown().await;
        if let Some(vault) = self.vault.take() {
            // A blocking close: it ends when every write that was asked for is durable.
            let _ = tokio::task::spawn_blocking(move || vault.close()).await;
        }
    }

    /// Runs a job that may be given up when the program ends; `then` takes what comes of it.
    fn spawn<T: Send + 'static>(
        &mut self,
        user: Option<UserKey>,
        request: Option<RequestId>,
        job: impl Future<Output = T> + Send + 'static,
        then: impl FnOnce(&mut Self, T) + Send + 'static,
    ) {
        self.spawn_labelled(Label { user, request, must_land: false }, job, then);
    }

    /// Runs a job that the program waits for, within limits, before it ends; `then` takes what comes of it.
    fn spawn_to_land<T: Send + 'static>(
        &mut self,
        user: Option<UserKey>,
        request: Option<RequestId>,
        job: impl Future<Output = T> + Send + 'static,
        then: impl FnOnce(&mut Self, T) + Send + 'static,
    ) {
        self.spawn_labelled(Label { user, request, must_land: true }, job, then);
    }

    fn spawn_labelled<T: Send + 'static>(
        &mut self,
        label: Label,
        job: impl Future<Output = T> + Send + 'static,
        then: impl FnOnce(&mut Self, T) + Send + 'static,
    ) {
        let landing = async move {
            let answer = job.await;
            Box::new(|engine: &mut Self| then(engine, answer)) as Landing
        };
        let id = self.jobs.spawn(landing).id();
        self.labels.insert(id, label);
    }

    fn land(&mut self, joined: Result<(Id, Landing), JoinError>) {
        match joined {
            Ok((id, landing)) => {
                self.labels.remove(&id);
                landing(self);
                self.look_at_hosts();
            }
            Err(error) => {
                if let Some(label) = self.labels.remove(&error.id())
                    && error.is_panic()
                {
                    tracing::error!(user = ?label.user, "a job of the session worker panicked");
                    self.job_panicked(label);
                }
            }
        }
    }

    /// A job panicked. Its user must not wait for ever.
    fn job_panicked(&mut self, label: Label) {
        let failure = |action| Failure {
            kind: FailureKind::Garbage,
            action,
            message: "idmux made a mistake; the log says more".into(),
            hint: "try again".into(),
        };
        let subject = label.user.as_ref().map_or(Subject::Device, |user| self.subject(user));
        self.tell(label.request, subject, failure("run a request"));
        let Some(user) = label.user else { return };
        let Some(session) = self.roster.get_mut(&user) else { return };
        if session.state == SessionState::Refreshing {
            session.state = SessionState::Active;
            let (requests, operations) = session.take_waiting();
            self.plan_refresh(&user);
            self.user_changed(&user);
            self.fail_waiting(&user, requests, operations, failure);
        }
    }

    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    /// The moment to judge an app's lifetimes by: now, unless its clock stands still.
    fn present(&self, alias: &AppAlias) -> Timestamp {
        self.app(alias).and_then(|app| app.skew.stands_at()).unwrap_or_else(|| self.now())
    }

    /// The moment at which an app's clock stands, if this device can see when it runs again: until then no token is refreshed.
    fn watched_standstill(&self, alias: &AppAlias) -> Option<Timestamp> {
        let app = self.app(alias)?;
        let is_watched = app.connected.as_ref().is_some_and(|(app, _)| app.control.is_some());
        app.skew.stands_at().filter(|_| is_watched)
    }

    fn next_generation(&mut self) -> u64 {
        self.generations += 1;
        self.generations
    }

    fn app(&self, alias: &AppAlias) -> Option<&KnownApp> {
        self.apps.iter().find(|app| app.alias == *alias)
    }

    /// The app; it is noted when it was not known.
    fn app_mut(&mut self, alias: &AppAlias) -> &mut KnownApp {
        let place = self.apps.iter().position(|app| app.alias == *alias).unwrap_or_else(|| {
            self.apps.push(KnownApp {
                alias: alias.clone(),
                connected: None,
                current: None,
                device: None,
                kept: false,
                seen: None,
                skew: Skew::default(),
                renewals: Arc::new(Semaphore::new(self.setup.renewals.in_flight.max(1))),
                outage: Outage::default(),
                local: Local::default(),
                other_host: None,
            });
            self.apps.len() - 1
        });
        &mut self.apps[place]
    }

    /// The app's client, if it was added.
    fn backend(&self, alias: &AppAlias) -> Option<(App, Arc<dyn Backend>, Option<DeviceId>)> {
        let known = self.app(alias)?;
        let (app, backend) = known.connected.as_ref()?;
        Some((app.clone(), Arc::clone(backend), known.device.clone()))
    }

    /// Why nothing can be asked of an app that has no client.
    fn no_app(&self, action: &'static str, alias: &AppAlias) -> Failure {
        match self.app(alias) {
            // Its users come with the vault, maybe before the app itself: the embedded one takes a moment to start.
            Some(_) => Failure::not_connected(action, alias),
            None => Failure::unknown(action, &format!("the app {alias}")),
        }
    }

    /// A write's future; without a vault there is nothing to wait for.
    fn vault_write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Vault) -> crate::vault::Write<T>,
    ) -> BoxFuture<'static, Result<T, VaultError>> {
        let write = self.vault.as_ref().map(write);
        Box::pin(async move {
            match write {
                Some(write) => write.done().await,
                None => Err(VaultError::Closed),
            }
        })
    }

    fn subject(&self, user: &UserKey) -> Subject {
        let label = self.roster.get(user).map_or_else(|| user.id.to_string(), UserSession::label);
        Subject::User { key: user.clone(), label }
    }

    fn tell(&mut self, request: Option<RequestId>, subject: Subject, kind: impl Into<EventKind>) {
        let event = Event { at: self.now(), request, subject, kind: kind.into() };
        if let (Some((key, entry)), Some(vault)) = (event.timeline_entry(), &self.vault) {
            // Nobody waits for it: the timeline explains, it decides nothing.
            drop(vault.note(key.clone(), entry, event.kind.decides_last_refresh()));
        }
        match &event.kind {
            EventKind::Done(done) if done.outcome().is_answer() => {
                let said = done.outcome().sentence();
                tracing::debug!(subject = ?event.subject, said, "answer");
            }
            kind => tracing::info!(subject = ?event.subject, ?kind, "event"),
        }
        self.outbox.send(event);
    }

    /// Notes that a user changed.
    fn user_changed(&mut self, user: &UserKey) {
        self.roster.refresh_view(user);
        self.changed = true;
    }

    fn publish(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        self.version += 1;
        let apps = self.apps.iter().map(|known| AppView {
            alias: known.alias.clone(),
            client_app_id: known
                .connected
                .as_ref()
                .map_or_else(String::new, |(app, _)| app.client_app_id.clone()),
            base_url: known.connected.as_ref().map(|(app, _)| app.base_url.clone()),
            current: known.current.clone(),
            skew: Some(known.skew.ahead()).filter(|ahead| !ahead.is_zero()),
            stands_at: known.skew.stands_at(),
            custom_data: (known.connected.as_ref())
                .map_or_else(CustomDataSource::default, |(app, _)| app.custom_data.clone()),
            kept: known.kept,
            other_host: known.other_host.clone(),
            local: (known.connected.as_ref())
                .filter(|(app, _)| app.control.is_some())
                .map(|_| Arc::new(known.local.view())),
        });
        let snapshot = Snapshot {
            version: self.version,
            vault: self.vault_status.clone(),
            apps: apps.collect(),
            users: self.roster.views().clone(),
        };
        self.published.send_replace(Arc::new(snapshot));
    }

    /// Looks at every session that is due.
    fn run_due(&mut self) {
        let now = self.now();
        let mut due = VecDeque::new();
        while let Some(user) = self.schedule.take_due(now) {
            due.push_back(user);
        }
        for user in due {
            let present = self.present(&user.app);
            let Some(session) = self.roster.get_mut(&user) else { continue };
            if let SessionState::RefreshDue { cause, retry_at } = &session.state
                && !session.has_live_access(present)
            {
                session.state = SessionState::AccessExpired { cause: cause.clone(), retry_at: *retry_at };
                self.user_changed(&user);
            }
            let session = self.roster.get(&user);
            let is_early = self.setup.renewals.lead.is_some();
            // A token does not grow older while its App's clock stands; a retry comes by this machine's.
            let is_active = session.is_some_and(|session| session.state == SessionState::Active);
            let by = self.watched_standstill(&user.app).filter(|_| is_active).unwrap_or(now);
            let is_time =
                is_early && session.and_then(|session| session.next_refresh).is_some_and(|at| at <= by);
            let quiet = self.app(&user.app).and_then(|app| app.outage.quiet.clone());
            match quiet.filter(|(until, _)| is_time && *until > now) {
                Some((until, cause)) => self.hold_back(&user, until, cause),
                None if is_time => self.start_refresh(&user),
                None => self.plan(&user),
            }
        }
    }

    /// Puts the session's next moment into the schedule: its renewal, or the end of its access token if that comes
    /// first while renewals do not get through.
    fn plan(&mut self, user: &UserKey) {
        let at = self.roster.get(user).and_then(|session| {
            let expiry = match session.state {
                SessionState::RefreshDue { .. } => session.access_lifetime().map(|life| life.expires),
                _ => None,
            };
            let at = [session.next_refresh, expiry].into_iter().flatten().min()?;
            // While the App's clock stands, it is looked again when the time would have come.
            match self
                .watched_standstill(&user.app)
                .filter(|_| session.state == SessionState::Active && session.next_refresh == Some(at))
            {
                Some(present) => {
                    self.now().saturating_add(at.duration_since(present).max(JUST_A_MOMENT)).ok()
                }
                None => Some(at),
            }
        });
        let at = at.filter(|_| self.setup.renewals.lead.is_some());
        self.schedule.plan(user, at);
    }
}
