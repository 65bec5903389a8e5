//! What was learnt of a server's clock, as it is kept with the App.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::Moment;

/// A reading of a server's clock. A later process judges lifetimes by it from its first look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptClock {
    /// How far the clock that dates tokens was ahead of this machine's.
    pub ahead: SignedDuration,
    /// How far it is ahead of the clock that dates answers, where both were seen together.
    #[serde(default)]
    pub beyond_date: Option<SignedDuration>,
    /// The time that it stands at, if it stands still.
    #[serde(default)]
    pub frozen_at: Option<Timestamp>,
    /// When it was read.
    pub read: Moment,
}

impl KeptClock {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
