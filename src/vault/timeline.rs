//! What happened to a user, as it is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that happened to a user. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When, by this machine's clock.
    pub at: Timestamp,
    /// What happened.
    pub what: String,
    /// The rule that decided what followed.
    pub rule: String,
}
