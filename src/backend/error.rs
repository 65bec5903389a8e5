//! How a request fails, and what that says of a session.

use std::time::Duration;

use super::{BrowserError, inbound};
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
    /// Nothing came of a browser.
    #[error(transparent)]
    Browser(BrowserError),
}

/// What a failed renewal says of the session.
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

    /// What the failure of a *renewal* says of the session. Only a definite answer in the protocol's own envelope ends
    /// it (protocol document, section 5.3): a page of a proxy with status 401 does not.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Garbage { .. }
            // The server may be set right.
            | Self::Downgrade { .. } => Verdict::TryLater { after: None },
            Self::Refused { code: Some(code), .. } if code == "UserDisabled" => {
                Verdict::Ended(EndReason::UserDisabled)
            }
            Self::Refused { code: Some(code), .. } if code == "UserNotFound" => {
                Verdict::Ended(EndReason::UserDeleted)
            }
            Self::Refused { status: 401, message, .. } if message.contains("password reset") => {
                Verdict::Ended(EndReason::PasswordReset)
            }
            Self::Refused { status: 401, .. } => Verdict::Ended(EndReason::SessionRevoked),
            Self::Refused { status: 408 | 425 | 429 | 500..=599, retry_after, .. } => {
                Verdict::TryLater { after: *retry_after }
            }
            Self::Refused { .. }
            | Self::OtherHost { .. }
            | Self::NotTheSource { .. }
            | Self::Browser(_) => Verdict::Refused,
        }
    }

    /// Whether the server refused the access token itself, so that a renewal may help (protocol document,
    /// section 5.5).
    pub fn refuses_access_token(&self) -> bool {
        match self {
            Self::Refused { status: 401, code, message, .. } => {
                code.as_deref() == Some("InvalidSession")
                    || message == "unauthorized"
                    || message.starts_with("invalid session")
            }
            _ => false,
        }
    }

    /// Whether the answer to a log-out says that the session is gone anyway.
    pub fn session_is_gone(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: Option<&str>, message: &str) -> BackendError {
        BackendError::Refused {
            status,
            code: code.map(str::to_owned),
            message: message.into(),
            retry_after: (status == 429).then_some(Duration::from_secs(7)),
        }
    }

    #[test]
    fn only_a_definite_answer_ends_a_session() {
        let ended = Verdict::Ended(EndReason::SessionRevoked);
        let later = Verdict::TryLater { after: None };
        let garbage = BackendError::Garbage { host: "h".into(), what: "a page".into() };
        for (error, verdict) in [
            (
                refused(401, Some("InvalidSession"), "invalid session: failed to find refresh token"),
                ended.clone(),
            ),
            (refused(401, None, "signature is invalid"), ended),
            (refused(401, Some("UserDisabled"), "disabled"), Verdict::Ended(EndReason::UserDisabled)),
            (refused(403, Some("Forbidden"), "no"), Verdict::Refused),
            (refused(404, None, "cannot find app"), Verdict::Refused),
            (refused(429, None, "slow down"), Verdict::TryLater { after: Some(Duration::from_secs(7)) }),
            (refused(500, None, "oops"), later.clone()),
            (garbage, later.clone()),
            (BackendError::TimedOut { host: "h".into() }, later),
        ] {
            assert_eq!(error.verdict(), verdict, "{error}");
        }
    }

    #[test]
    fn only_a_refused_access_token_asks_for_a_renewal() {
        assert!(refused(401, Some("InvalidSession"), "x").refuses_access_token());
        assert!(refused(401, None, "unauthorized").refuses_access_token());
        assert!(!refused(401, Some("InvalidPassword"), "invalid username/password").refuses_access_token());
        assert!(!refused(403, Some("InvalidSession"), "x").refuses_access_token());
    }
}
