//! A running engine whose servers answer at once, from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bson::Document;
use futures_util::FutureExt as _;
use idmux::account::{
    AccessToken, ApiKey, ApiKeyId, Credentials, CustomDataSource, DeviceId, EmailAction, NewApiKey, Profile,
    Provider, RefreshToken, Tokens, UserId, UserKey,
};
use idmux::backend::{Answer, Backend, BackendError, FieldChange, NewSession};
use idmux::clock::SystemClock;
use idmux::data::DataEdit;
use idmux::session::{
    self, AnyOperation, Envelope, Event, EventKind, Renewals, RequestId, SessionHandle, Setup,
};
use idmux::vault::Location;
use jiff::SignedDuration;
use secrecy::SecretString;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::vaults::{access_token, app, key, key_file, profile, refresh_token};

/// Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(120);
const IN_FLIGHT: usize = 16;

pub struct Engine<'a> {
    runtime: &'a Runtime,
    handle: SessionHandle,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
    server: Arc<Server>,
}

/// Logs a user in; the server takes the address for the number of the user.
pub fn log_in(user: &UserKey) -> session::LogIn {
    let credentials = Credentials::EmailPassword { email: user.id.to_string(), password: "secret1".into() };
    session::LogIn { app: user.app.clone(), credentials }
}

impl<'a> Engine<'a> {
    /// An engine whose vault opens some time.
    fn start(runtime: &'a Runtime, vault: Location) -> Self {
        let server = Arc::new(Server::default());
        let connect = {
            let server = Arc::clone(&server);
            Arc::new(move |_: &_| Ok(Arc::clone(&server) as Arc<dyn Backend>))
        };
        let setup = Setup {
            vault,
            key: key_file(),
            clock: Arc::new(SystemClock),
            connect,
            renewals: Renewals { in_flight: IN_FLIGHT, ..Renewals::default() },
        };
        let stop = CancellationToken::new();
        let (handle, task) = {
            let _inside = runtime.enter();
            session::start(setup, std::future::ready(()), stop.clone())
        };
        Self { runtime, handle, stop, task: Some(task), server }
    }

    /// An engine that shows so many users.
    pub fn open(runtime: &'a Runtime, vault: Location, users: usize) -> Self {
        let mut engine = Self::start(runtime, vault);
        let wait = engine.handle.snapshots.wait_for(|snapshot| snapshot.users.len() == users);
        in_time(runtime, wait).expect("the engine runs");
        engine
    }

    /// An engine with an open vault that has no users.
    pub fn empty(runtime: &'a Runtime, vault: Location) -> Self {
        let mut engine = Self::start(runtime, vault);
        engine.wait_for(1, |event| event.kind.is::<session::VaultOpened>());
        engine
    }

    pub fn send(&self, operation: impl Into<AnyOperation>) {
        self.handle.try_send(operation).expect("the engine takes a command");
    }

    /// Sends a command and waits for the event that ends it.
    pub fn ask(&mut self, operation: impl Into<AnyOperation>, is_right: impl Fn(&EventKind) -> bool) {
        let id = self.handle.try_send(operation).expect("the engine takes a command");
        let events = &mut self.handle.events;
        in_time(self.runtime, async {
            loop {
                let event = events.recv().await.expect("the engine runs");
                if event.request == Some(id) {
                    assert!(is_right(&event.kind), "{event:?}");
                    return;
                }
            }
        });
    }

    /// Waits for so many events.
    pub fn wait_for(&mut self, count: usize, is_one: impl Fn(&Event) -> bool) {
        let events = &mut self.handle.events;
        in_time(self.runtime, async {
            let mut left = count;
            while left > 0 {
                let event = events.recv().await.expect("the engine runs");
                assert!(!matches!(event.kind, EventKind::Failed(_)), "{event:?}");
                left -= usize::from(is_one(&event));
            }
        });
    }

    pub fn add_apps(&mut self) {
        for app in app::all() {
            self.ask(session::AddApp(app), |kind| *kind == session::AppAdded.into());
        }
    }

    /// Logs so many users in, as fast as the engine takes them.
    pub fn log_in_all(&mut self, users: usize) {
        let operations = self.handle.operations.clone();
        self.runtime.spawn(async move {
            for number in 0..users {
                let operation = log_in(&key(number)).into();
                let _ = operations.send(Envelope { id: RequestId::next(), operation }).await;
            }
        });
        self.wait_for(users, |event| matches!(event.kind.outcome(), Some(session::Entered::LoggedIn { .. })));
    }

    /// The bound on the wire, which each app has for itself, was kept.
    pub fn check_in_flight(&self) {
        let most = self.server.most.load(Ordering::Relaxed);
        let bound = IN_FLIGHT * app::all().count();
        assert!((1..=bound).contains(&most), "{most} requests in flight");
    }
}

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = self.runtime.block_on(task);
        }
    }
}

fn in_time<T>(runtime: &Runtime, wait: impl Future<Output = T>) -> T {
    runtime.block_on(async { tokio::time::timeout(PATIENCE, wait).await }).expect("the engine gets there")
}

/// A server that issues tokens of 30 minutes and never fails.
#[derive(Debug, Default)]
struct Server {
    on_the_wire: AtomicUsize,
    /// The most that were on the wire at once.
    most: AtomicUsize,
}

/// The user of a token of ours.
fn number(token: &idmux::account::Claims) -> usize {
    let sub = token.get("sub").and_then(|sub| sub.as_str()).unwrap_or_default();
    usize::from_str_radix(sub, 16).expect("the subject is a number")
}

impl Backend for Server {
    fn log_in<'a>(&'a self, credentials: &'a Credentials, _: Option<&'a DeviceId>) -> Answer<'a, NewSession> {
        async move {
            let Credentials::EmailPassword { email, .. } = credentials else { return Err(unexpected()) };
            let number = usize::from_str_radix(email, 16).expect("the address is a number");
            let tokens = Tokens {
                access: AccessToken::new(access_token(number, 1800)),
                refresh: RefreshToken::new(refresh_token(number)),
            };
            Ok(NewSession {
                user: UserId::new(email.clone()),
                provider: Provider::EmailPassword,
                tokens,
                device: None,
            })
        }
        .boxed()
    }

    fn refresh<'a>(&'a self, _: &'a UserId, refresh: &'a RefreshToken) -> Answer<'a, AccessToken> {
        async move {
            let on_the_wire = self.on_the_wire.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(on_the_wire, Ordering::Relaxed);
            // Others get their turn, as they would during a request.
            tokio::task::yield_now().await;
            self.on_the_wire.fetch_sub(1, Ordering::Relaxed);
            Ok(AccessToken::new(access_token(number(&refresh.claims()), 1800)))
        }
        .boxed()
    }

    fn profile<'a>(&'a self, access: &'a AccessToken) -> Answer<'a, Profile> {
        async move { Ok(profile(number(&access.claims()))) }.boxed()
    }

    fn log_out<'a>(&'a self, _: &'a RefreshToken) -> Answer<'a, ()> {
        async { Ok(()) }.boxed()
    }

    fn register<'a>(&'a self, _: &'a str, _: &'a SecretString) -> Answer<'a, ()> {
        async { Err(unexpected()) }.boxed()
    }

    fn email_action<'a>(&'a self, _: &'a EmailAction) -> Answer<'a, ()> {
        async { Err(unexpected()) }.boxed()
    }

    fn api_keys<'a>(&'a self, _: &'a RefreshToken) -> Answer<'a, Vec<ApiKey>> {
        async { Err(unexpected()) }.boxed()
    }

    fn create_api_key<'a>(&'a self, _: &'a RefreshToken, _: &'a str) -> Answer<'a, NewApiKey> {
        async { Err(unexpected()) }.boxed()
    }

    fn set_api_key_enabled<'a>(&'a self, _: &'a RefreshToken, _: &'a ApiKeyId, _: bool) -> Answer<'a, ()> {
        async { Err(unexpected()) }.boxed()
    }

    fn delete_api_key<'a>(&'a self, _: &'a RefreshToken, _: &'a ApiKeyId) -> Answer<'a, ()> {
        async { Err(unexpected()) }.boxed()
    }

    fn link<'a>(
        &'a self,
        _: &'a UserId,
        _: &'a AccessToken,
        _: &'a Credentials,
        _: Option<&'a DeviceId>,
    ) -> Answer<'a, AccessToken> {
        async { Err(unexpected()) }.boxed()
    }

    fn delete_user<'a>(&'a self, _: &'a AccessToken) -> Answer<'a, ()> {
        async { Err(unexpected()) }.boxed()
    }

    fn change_custom_data<'a>(
        &'a self,
        _: &'a AccessToken,
        _: &'a UserId,
        _: &'a CustomDataSource,
        _: &'a FieldChange,
    ) -> Answer<'a, ()> {
        async { Err(unexpected()) }.boxed()
    }

    fn custom_data<'a>(
        &'a self,
        _: &'a AccessToken,
        _: &'a UserId,
        _: &'a CustomDataSource,
    ) -> Answer<'a, Option<Document>> {
        async { Err(unexpected()) }.boxed()
    }

    fn edit_custom_data<'a>(
        &'a self,
        _: &'a AccessToken,
        _: &'a UserId,
        _: &'a CustomDataSource,
        _: &'a DataEdit,
        _: Option<&'a Document>,
    ) -> Answer<'a, bool> {
        async { Err(unexpected()) }.boxed()
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        None
    }
}

/// The answer to what no benchmark asks.
fn unexpected() -> BackendError {
    BackendError::Garbage { host: "localhost".into(), what: "no benchmark asks this".into() }
}
