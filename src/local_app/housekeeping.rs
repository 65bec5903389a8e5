//! Housekeeping: what has ended by the App's clock leaves the storage.
//!
//! Nobody could use any of it any more; each is refused where it is found before. It is done at the start, once an hour of
//! the App's clock, and when that was moved. A clock that is set back brings nothing back: that is what snapshots are for.

use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};

use super::app::App;
use super::store::{StoreError, Tx, User};

/// How long an anonymous user lives (section 1.2). The hosted service's documentation has "after creation" and "inactive":
/// creation counts here, as two of its three sentences say; an anonymous user logs in once only. One that was linked to
/// another identity is anonymous no longer.
const ANONYMOUS_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How far apart, by the App's clock.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Rows that one transaction deletes, so that nobody waits long for the storage.
const BATCH: u32 = 500;

/// Deletes some of what has ended at an instant, at most so many rows; says how many.
type Sweep = fn(&Tx<'_>, Timestamp, u32) -> Result<usize, StoreError>;

const SWEEPS: [Sweep; 5] = [
    |tx, now, limit| match born_before(now) {
        Some(birth) => tx.delete_anonymous_users(birth, limit),
        None => Ok(0),
    },
    |tx, now, limit| tx.delete_expired_sessions(now, limit),
    |tx, now, limit| tx.delete_expired_userpass_tokens(now, limit),
    |tx, now, limit| tx.delete_expired_browser_logins(now, limit),
    // After the sessions: they are what keeps a key.
    |tx, now, limit| tx.delete_spent_signing_keys(now, limit),
];

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
        for sweep in SWEEPS {
            while self.store().write(move |tx| sweep(tx, now, BATCH)).await? == BATCH as usize {}
        }
        self.reload().await
    }
}

/// Whether `user` is an anonymous one whose time is over.
pub fn is_aged_out(tx: &Tx<'_>, user: &User, now: Timestamp) -> Result<bool, StoreError> {
    if born_before(now).is_none_or(|birth| user.created_at > birth) {
        return Ok(false);
    }
    tx.is_anonymous(&user.id)
}

/// The latest birth of an anonymous user whose time is over.
fn born_before(now: Timestamp) -> Option<Timestamp> {
    now.checked_sub(ANONYMOUS_LIFETIME).ok()
}
