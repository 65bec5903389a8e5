//! A log-in, or the addition of an identity, that a person does in a browser (protocol document, section 3.8).
//!
//! The browser ends at a page of this program. Where it runs on another machine, that page is not there: then the person
//! brings the address that the browser ended at. Both ways lead to the same [`Door`], which opens once.

mod arrival;
mod door;
mod listener;

use std::fmt;
use std::time::Duration;

use tokio::sync::oneshot;

pub(super) use self::arrival::Expected;
pub use self::arrival::{Arrival, NotTaken};
pub use self::door::Door;
pub(super) use self::listener::Listener;
use super::BackendError;
use crate::account::BrowserAddress;

/// How long a person may take. Servers forget a log-in in the browser as well (a local App after the same time).
pub const TIME_LIMIT: Duration = Duration::from_secs(10 * 60);

/// Longest text of a server's error that is passed on, in characters.
const LONGEST_ERROR: usize = 300;

/// Why nothing came of a browser.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrowserError {
    /// This provider is not logged in with by a browser.
    #[error("there is no log-in in the browser with this provider")]
    NoPages,
    /// The page where the browser ends cannot be offered.
    #[error("cannot listen on {at}: {cause}")]
    NoPort {
        /// Address and port.
        at: String,
        /// What the system says.
        cause: String,
    },
    /// The provider or the App said no, in its own words.
    #[error("{0}")]
    Denied(String),
    /// Nobody came back in time.
    #[error("nobody came back from the browser within {} minutes", TIME_LIMIT.as_secs() / 60)]
    TookTooLong,
    /// The person gave it up.
    #[error("it was given up")]
    GivenUp,
}

impl BrowserError {
    fn denied(why: &str) -> Self {
        Self::Denied(why.chars().take(LONGEST_ERROR).collect())
    }
}

impl From<BrowserError> for BackendError {
    fn from(error: BrowserError) -> Self {
        Self::Browser(error)
    }
}

/// A browser that is away. Dropped, it finds nothing when it comes back.
pub struct BrowserVisit {
    /// Where it has to go.
    pub address: BrowserAddress,
    door: Door,
    arrival: oneshot::Receiver<Result<Arrival, BrowserError>>,
    listener: Listener,
}

impl fmt::Debug for BrowserVisit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserVisit").field("address", &self.address).finish_non_exhaustive()
    }
}

impl BrowserVisit {
    pub(super) fn new(
        address: BrowserAddress,
        door: Door,
        arrival: oneshot::Receiver<Result<Arrival, BrowserError>>,
        listener: Listener,
    ) -> Self {
        Self { address, door, arrival, listener }
    }

    /// The door that it comes back through, for an address that a person brings, and to close it.
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// What it brings, once it is back.
    ///
    /// # Errors
    /// When it does not come back in time, or with a refusal, or the door was closed.
    pub async fn arrival(self) -> Result<Arrival, BackendError> {
        let Self { arrival, listener, .. } = self;
        let arrived = tokio::time::timeout(TIME_LIMIT, arrival).await;
        // The page has its answer before this program goes on, which may be to its end.
        listener.close().await;
        match arrived {
            Ok(Ok(result)) => Ok(result?),
            Ok(Err(_)) => Err(BrowserError::GivenUp.into()),
            Err(_) => Err(BrowserError::TookTooLong.into()),
        }
    }
}

#[cfg(test)]
mod tests;
