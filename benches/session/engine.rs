//! A running engine whose servers answer at once, from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use idmux::account::{AccessToken, Credentials, Profile, Provider, RefreshToken, Tokens, UserId, UserKey};
use idmux::backend::{Answer, Backend, BackendError, Granted, NewSession, SignIn, SignInStep, Verdict};
use idmux::clock::SystemClock;
use idmux::session::{
    self, AnyOperation, Envelope, Event, EventKind, Renewals, RequestId, SessionHandle, Setup,
};
use idmux::vault::Location;
use jiff::SignedDuration;
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
    fn name(&self) -> &'static str {
        "benchmark"
    }

    fn sign_in<'a>(&'a self, step: SignInStep<'a>) -> Answer<'a, SignIn> {
        async move {
            let SignInStep::With { credentials: Credentials::EmailPassword { email, .. }, .. } = step else {
                return Err(unexpected());
            };
            let number = usize::from_str_radix(email, 16).expect("the address is a number");
            let access = AccessToken::new(access_token(number, 1800));
            Ok(SignIn::Done(Box::new(NewSession {
                user: UserId::new(email.clone()),
                provider: Provider::EmailPassword,
                tokens: Tokens::new(access, RefreshToken::new(refresh_token(number))),
                device: None,
            })))
        }
        .boxed()
    }

    fn refresh<'a>(&'a self, user: &'a UserId, tokens: &'a Tokens) -> Answer<'a, Granted> {
        async move {
            let on_the_wire = self.on_the_wire.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(on_the_wire, Ordering::Relaxed);
            // Others get their turn, as they would during a request.
            tokio::task::yield_now().await;
            self.on_the_wire.fetch_sub(1, Ordering::Relaxed);
            let refresh = tokens.refresh.as_ref().expect("a session has a refresh token");
            let access = AccessToken::new(access_token(number(&refresh.claims()), 1800));
            Ok(Granted { user: user.clone(), tokens: tokens.with_access(access) })
        }
        .boxed()
    }

    fn sign_out<'a>(&'a self, _: &'a Tokens) -> Answer<'a, ()> {
        async { Ok(()) }.boxed()
    }

    fn profile<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, Profile> {
        async move { Ok(profile(number(&tokens.access.claims()))) }.boxed()
    }

    fn verdict(&self, _: &BackendError) -> Verdict {
        Verdict::Refused
    }

    fn refuses_access_token(&self, _: &BackendError) -> bool {
        false
    }

    fn session_is_gone(&self, _: &BackendError) -> bool {
        false
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        None
    }
}

/// The answer to what no benchmark asks.
fn unexpected() -> BackendError {
    BackendError::Garbage { host: "localhost".into(), what: "no benchmark asks this".into() }
}
