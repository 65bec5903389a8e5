//! What happened to a user, as it is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::Severity;

/// One thing that happened to a user. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When, by this machine's clock.
    pub at: Timestamp,
    /// How it stands.
    #[serde(default, rename = "standing")]
    pub severity: Severity,
    /// What happened.
    pub what: String,
    /// The rule that decided what followed.
    pub rule: String,
    /// How a refresh of the access token ended, if that is what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh: Option<RefreshOutcome>,
}

/// How a refresh of an access token ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefreshOutcome {
    /// With a new access token.
    Renewed,
    /// It did not get through: why.
    Postponed(String),
    /// With a refusal for good.
    Ended,
}

impl RefreshOutcome {
    /// How it went.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Renewed => Severity::Good,
            Self::Postponed(_) => Severity::Warn,
            Self::Ended => Severity::Bad,
        }
    }
}

impl TimelineEntry {
    /// Stands in the place of an entry that does not open; `at` is the moment of the one before.
    pub(super) fn damaged(at: Timestamp) -> Self {
        Self {
            at,
            severity: Severity::Warn,
            what: "an entry is damaged and cannot be read".into(),
            rule: "its moment is that of the entry before it".into(),
            refresh: None,
        }
    }
}
