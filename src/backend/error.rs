//! How a request fails, and what that says of a session.

use std::time::Duration;

use super::{BrowserError, Facet, inbound};
use crate::account::EndReason;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// No connection.
    #[error("cannot reach {host}: {cause}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the network said.
        cause: String,
    },
    /// No answer in time.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// Host and port.
        host: String,
    },
    /// The server said no, in the envelope of the protocol (protocol document, section 10.1).
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `error_code`, if there was one.
        code: Option<String>,
        /// `error`, or the status in words. Text from a server.
        message: String,
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The answer is not the protocol: a captive portal, a proxy's page, another server.
    #[error("{host} answered something that is not the App Services protocol: {what}")]
    Garbage {
        /// Host and port.
        host: String,
        /// What is wrong with it.
        what: String,
    },
    /// An App with https names an address without it, where passwords and tokens would be read on the way.
    #[error("{host} is an https address, and says that the App is served at {to}; nothing was sent there")]
    Downgrade {
        /// Host and port of the App.
        host: String,
        /// The address that it named.
        to: String,
    },
    /// An App names another host, which nobody has accepted for it.
    #[error("{host} says that the App is served at another host, {to}; nothing was sent there")]
    OtherHost {
        /// Host and port of the App.
        host: String,
        /// Host and port that it named.
        to: String,
    },
    /// Custom data was to be written where there is none, and the access token proves that the server has some: it keeps
    /// it elsewhere. A second document would hide the first, or be hidden.
    #[error(
        "the access token carries custom data, and {place} has no document of this user; nothing was written, since the \
         server keeps the document elsewhere"
    )]
    NotTheSource {
        /// Data source, database, collection and field that were asked.
        place: String,
    },
    /// The service has nothing of this kind.
    #[error("{backend} has no {facet}")]
    NotOffered {
        /// What kind of service it is.
        backend: &'static str,
        /// What it has not.
        facet: Facet,
    },
    /// Nothing came of a browser.
    #[error(transparent)]
    Browser(BrowserError),
}

/// What a failed refresh says of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The grant is dead; only a new log-in helps.
    Ended(EndReason),
    /// It may work later; `after` is the server's wish.
    TryLater {
        /// `Retry-After`.
        after: Option<Duration>,
    },
    /// The server refuses for a reason that time does not heal. The session is kept.
    Refused,
}

impl BackendError {
    /// An answer of `host` that is none. `what` may repeat text of the server.
    pub fn garbage(host: &str, what: &str) -> Self {
        Self::Garbage { host: inbound::label(host.to_owned()), what: inbound::text(what.to_owned()) }
    }
}
