//! The states of a session.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a user's session stands. Exactly one of these holds at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// The access token is good and its renewal is planned.
    Active,
    /// A renewal is on the wire.
    Refreshing,
    /// A renewal is due but did not get through; the access token still works.
    RefreshDue {
        /// What went wrong last.
        cause: String,
        /// When the next try starts; `None` when only a person can start one, since the server refused for good.
        retry_at: Option<Timestamp>,
    },
    /// The access token has run out and its renewal has not got through yet.
    AccessExpired {
        /// What went wrong last.
        cause: String,
        /// When the next try starts; `None` when only a person can start one, since the server refused for good.
        retry_at: Option<Timestamp>,
    },
    /// Nothing renews this session any more: the user has to log in again.
    LogInRequired(EndReason),
    /// The person logged the user out; the user stays known.
    LoggedOut,
}

impl SessionState {
    /// Whether there are tokens to work with.
    pub fn is_logged_in(&self) -> bool {
        !matches!(self, Self::LogInRequired(_) | Self::LoggedOut)
    }
}

/// Why a session ended without the person asking for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndReason {
    /// The refresh token reached its expiry.
    RefreshTokenExpired,
    /// The server says that the session is no more: revoked, or the user was disabled or deleted. App Services gives
    /// one answer for all of these (protocol document, section 5.3).
    SessionRevoked,
    /// The server refuses the user as disabled.
    UserDisabled,
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RefreshTokenExpired => "the refresh token expired",
            Self::SessionRevoked => {
                "the server ended the session (revoked, or the user was disabled or deleted)"
            }
            Self::UserDisabled => "the user is disabled",
        })
    }
}
