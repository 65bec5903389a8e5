//! The way to a running worker.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::{Command, Envelope, Event, RequestId, Snapshot};

/// The ends of a worker's channels. When the command channel closes, the worker finishes its durable writes and stops.
#[derive(Debug)]
pub struct SessionHandle {
    /// Commands in. Bounded; a user interface uses [`SessionHandle::try_send`] and never waits.
    pub commands: mpsc::Sender<Envelope>,
    /// The newest state.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What happened, in order.
    pub events: mpsc::Receiver<Event>,
}

/// The worker does not take a command right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Too many commands are waiting.
    #[error("too much is waiting to be done; try again in a moment")]
    Busy,
    /// The worker has stopped.
    #[error("the session worker has stopped; restart idmux")]
    Stopped,
}

impl SessionHandle {
    /// Sends a command without waiting; the id comes back in the events it causes.
    pub fn try_send(&self, command: Command) -> Result<RequestId, SendError> {
        let id = RequestId::next();
        self.commands.try_send(Envelope { id, command }).map(|()| id).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SendError::Busy,
            mpsc::error::TrySendError::Closed(_) => SendError::Stopped,
        })
    }
}
