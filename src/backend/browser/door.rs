//! The way back into this program: it opens for the right address, and once.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::{Arrival, BrowserError, Expected, NotTaken};

/// Takes the address that a browser ended at, whoever brings it.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    expected: Expected,
    /// Gone once something was taken, or nothing is to be.
    open: Mutex<Option<oneshot::Sender<Result<Arrival, BrowserError>>>>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl Door {
    pub(in crate::backend) fn new(
        expected: Expected,
    ) -> (Self, oneshot::Receiver<Result<Arrival, BrowserError>>) {
        let (sender, arrival) = oneshot::channel();
        (Self(Arc::new(Inner { expected, open: Mutex::new(Some(sender)) })), arrival)
    }

    /// Takes an address, or what stands after its `#`. Says how the log-in ended, if it did: a refusal is an end as well.
    ///
    /// # Errors
    /// When it is not the address that is waited for. Then nothing has changed.
    pub fn hand_in(&self, text: &str) -> Result<Result<(), BrowserError>, NotTaken> {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            return Err(NotTaken::Over);
        }
        let arrived = self.0.expected.read(text)?;
        let ended = arrived.as_ref().map(|_| ()).map_err(Clone::clone);
        if let Some(sender) = open.take() {
            // Whoever waited may have gone this very moment.
            sender.send(arrived).map_err(|_| NotTaken::Over)?;
        }
        Ok(ended)
    }

    /// Takes nothing any more, and tells whoever waits; whether nothing had been taken before.
    pub fn close(&self) -> bool {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }
}
