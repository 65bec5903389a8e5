//! Housekeeping: what has ended by the App's clock leaves the storage.
//!
//! Nobody could use any of it any more; each is refused where it is found before. It is done at the start, once an hour of
//! the App's clock, and when that was moved. A clock that is set back brings nothing back: that is what snapshots are for.

use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};

use super::app::App;
use super::store::{Ended, StoreError};

/// How far apart, by the App's clock.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// As much of one kind goes at a time, so that nobody waits long for the storage.
const BATCH: u32 = 500;

impl App {
    /// Whether it is time; whoever is told so has to do it.
    pub(super) fn is_sweep_due(&self) -> bool {
        let now = self.now();
        let mut swept = self.shared().swept.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that went back has no hour to wait for.
        let due = swept.is_none_or(|last| now < last || now.duration_since(last) >= EVERY);
        if due {
            *swept = Some(now);
        }
        due
    }

    /// Deletes all that has ended.
    pub async fn sweep(&self) {
        let now = self.now();
        *self.shared().swept.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        match self.sweep_at(now).await {
            // The server is ending.
            Ok(()) | Err(StoreError::Closed) => {}
            Err(error) => tracing::warn!(%error, "local App: housekeeping failed"),
        }
    }

    async fn sweep_at(&self, now: Timestamp) -> Result<(), StoreError> {
        for what in Ended::ALL {
            while self.store().sweep(what, now, BATCH).await? == BATCH as usize {}
        }
        self.reload().await
    }
}
