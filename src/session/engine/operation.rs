//! Operations as values: what the engine can be asked to do.
//!
//! One file in `operations/` says everything about one operation: what it is called, whom it concerns, what it sends, what
//! changes, and what is told. The engine wraps each the same way (`engine/as_user.rs`): a live access token, one refresh
//! where it is refused, late answers dropped, writes before use.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Engine, retry};
use crate::account::{AppAlias, CustomDataSource, DeviceId, Tokens, UserKey};
use crate::backend::{Backend, BackendError, Facet, LocalControl, Verdict};
use crate::session::{EventKind, Failure, Outcome};

/// Names one request, so that its outcome can be told apart from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// An id that this process has not used before.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Something that the engine can be asked to do.
pub trait Operation: fmt::Debug + Clone + Send + Sync + 'static {
    /// What whoever asked gets in the end, unless it fails.
    type Outcome: Outcome;

    /// Begins it. The engine tells an event with `id` and the outcome, or with why it failed, now or when a job has ended.
    fn start(self, engine: &mut Engine, id: RequestId);
}

/// An operation of any kind, on its way to the engine.
pub struct AnyOperation(Box<dyn Erased>);

trait Erased: fmt::Debug + Send + Sync {
    fn start(self: Box<Self>, engine: &mut Engine, id: RequestId);
    fn clone_boxed(&self) -> Box<dyn Erased>;
    fn as_any(&self) -> &dyn Any;
}

impl<O: Operation> Erased for O {
    fn start(self: Box<Self>, engine: &mut Engine, id: RequestId) {
        (*self).start(engine, id);
    }

    fn clone_boxed(&self) -> Box<dyn Erased> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl AnyOperation {
    pub(super) fn start(self, engine: &mut Engine, id: RequestId) {
        self.0.start(engine, id);
    }

    /// The operation, if it is of this type.
    pub fn downcast_ref<O: Operation>(&self) -> Option<&O> {
        self.0.as_any().downcast_ref()
    }
}

impl<O: Operation> From<O> for AnyOperation {
    fn from(operation: O) -> Self {
        Self(Box::new(operation))
    }
}

impl Clone for AnyOperation {
    fn clone(&self) -> Self {
        Self(self.0.clone_boxed())
    }
}

impl fmt::Debug for AnyOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An operation on its way to the engine.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Comes back in the events that the operation causes.
    pub id: RequestId,
    /// What to do.
    pub operation: AnyOperation,
}

/// An operation that the server does for a user, whom an access token proves.
pub trait UserOperation: fmt::Debug + Send + Sync + 'static {
    /// What is tried, for a person: "read the profile".
    fn name(&self) -> &'static str;

    /// The user.
    fn user(&self) -> &UserKey;

    /// Asks the server once. The change that comes of it is made in the engine, if the session is still the same.
    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>>;

    /// Why it failed, in words.
    fn failure(&self, error: &BackendError) -> Failure {
        Failure::backend(self.name(), error)
    }

    /// What else changes when it failed for good.
    fn failed(&self, engine: &mut Engine, failure: &Failure) {
        let _ = (engine, failure);
    }

    /// Whether it is tried again where the reason may pass: it changes nothing, and nobody watches it fail.
    fn is_repeatable(&self) -> bool {
        false
    }
}

/// What a user operation works with.
#[derive(Debug)]
pub struct UserContext {
    /// The client of the user's app.
    pub backend: Arc<dyn Backend>,
    /// The tokens, the access token alive as far as it is known.
    pub tokens: Tokens,
    /// The device id that the app gave.
    pub device: Option<DeviceId>,
    /// Where the app keeps custom user data.
    pub source: CustomDataSource,
}

impl UserContext {
    /// What the backend offers beyond its core.
    ///
    /// # Errors
    /// When it does not.
    pub fn facet<'a, T: ?Sized>(
        &'a self,
        facet: Facet,
        of: impl FnOnce(&'a dyn Backend) -> Option<&'a T>,
    ) -> Result<&'a T, BackendError> {
        let backend = &*self.backend;
        of(backend).ok_or(BackendError::NotOffered { backend: backend.name(), facet })
    }
}

/// A change of the engine's state that an answer leads to. It tells whoever asked.
pub struct Change(Box<MakeChange>);

type MakeChange = dyn FnOnce(&mut Engine, Option<RequestId>) + Send;

impl Change {
    /// The change that `make` makes.
    pub fn new(make: impl FnOnce(&mut Engine, Option<RequestId>) + Send + 'static) -> Self {
        Self(Box::new(make))
    }

    pub(super) fn make(self, engine: &mut Engine, request: Option<RequestId>) {
        (self.0)(engine, request);
    }
}

/// How often an operation that changes nothing is tried in all.
const TRIES: u32 = 3;

/// An operation as a user on its way.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// Who asked.
    pub request: Option<RequestId>,
    pub operation: Arc<dyn UserOperation>,
    /// Whether the access token was refreshed for it already. It is refreshed once at most.
    pub refreshed: bool,
    /// How often it failed for a reason that may pass.
    pub failures: u32,
}

impl Attempt {
    /// The wait before another try after a failure, if it is worth one.
    pub fn retry_wait(&self, verdict: Verdict) -> Option<Duration> {
        let Verdict::TryLater { after } = verdict else { return None };
        let again = self.operation.is_repeatable() && self.failures + 1 < TRIES;
        again.then(|| retry::wait(self.failures + 1, after, fastrand::f64()))
    }
}

/// Something that a local App does for its administrator.
pub trait ControlOperation: fmt::Debug + Send + Sync + 'static {
    /// What is tried, for a person.
    fn name(&self) -> &'static str;

    /// The App.
    fn app(&self) -> &AppAlias;

    /// Asks the App once. The answer is taken in the engine.
    fn run<'a>(&'a self, control: &'a dyn LocalControl) -> BoxFuture<'a, Result<Answered, BackendError>>;
}

/// What to take of an answer, and what to tell whoever asked.
pub struct Answered(Box<dyn FnOnce(&mut Engine) -> EventKind + Send>);

impl Answered {
    pub fn new<T: Outcome>(take: impl FnOnce(&mut Engine) -> T + Send + 'static) -> Self {
        Self(Box::new(|engine| take(engine).into()))
    }

    pub fn take(self, engine: &mut Engine) -> EventKind {
        (self.0)(engine)
    }
}
