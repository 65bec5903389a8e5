//! The way to a running engine.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::{AnyOperation, Envelope, Event, RequestId, Snapshot};

/// The ends of an engine's channels. When the channel of operations closes, the engine finishes its durable writes and stops.
#[derive(Debug)]
pub struct SessionHandle {
    /// Operations in. Bounded; a user interface uses [`SessionHandle::try_send`] and never waits.
    pub operations: mpsc::Sender<Envelope>,
    /// The newest state.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What happened, in order.
    pub events: mpsc::Receiver<Event>,
}

/// The engine does not take an operation right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Too many operations are waiting.
    #[error("too much is waiting to be done; try again in a moment")]
    Busy,
    /// The engine has stopped.
    #[error("the session worker has stopped; restart idmux")]
    Stopped,
}

impl SessionHandle {
    /// Sends an operation without waiting; the id comes back in the events it causes.
    pub fn try_send(&self, operation: impl Into<AnyOperation>) -> Result<RequestId, SendError> {
        let id = RequestId::next();
        let envelope = Envelope { id, operation: operation.into() };
        self.operations.try_send(envelope).map(|()| id).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SendError::Busy,
            mpsc::error::TrySendError::Closed(_) => SendError::Stopped,
        })
    }
}
