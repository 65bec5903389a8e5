//! What this process keeps in memory of the storage (the clock's setting, the signing keys), and how it learns that another
//! process on the same folder changed it.
//!
//! Nothing runs while nobody asks: a request that comes more than half a second after the last look looks first. A look
//! that finds nothing reads one number.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::app::App;
use super::store::{ChangeMark, SharedFacts, StoreError};

/// How old what is kept in memory may get.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How far apart looks for the key of a token are that nobody here has signed.
const LOOK_FOR_KEY_EVERY: Duration = Duration::from_millis(100);

/// What the looks have found.
#[derive(Debug)]
pub struct SharedState {
    looked: Mutex<Instant>,
    looked_for_key: tokio::sync::Mutex<Option<Instant>>,
    /// Which state of the storage was seen last; `None`: the first look reads all.
    seen: Mutex<Option<ChangeMark>>,
    /// When, by the App's clock, housekeeping began last.
    pub(super) swept: Mutex<Option<Timestamp>>,
}

impl SharedState {
    /// The state of an App that has just read its storage.
    pub fn new() -> Self {
        Self {
            looked: Mutex::new(Instant::now()),
            looked_for_key: tokio::sync::Mutex::new(None),
            seen: Mutex::new(None),
            swept: Mutex::new(None),
        }
    }

    fn seen(&self) -> Option<ChangeMark> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, mark: ChangeMark) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(mark);
    }

    fn is_look_due(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked.elapsed() >= LOOK_EVERY;
        if due {
            *looked = Instant::now();
        }
        due
    }
}

impl App {
    /// Called with every request: takes what other processes changed, and starts housekeeping when it is due.
    pub async fn keep_up(self: &Arc<Self>) {
        if self.shared().is_look_due()
            && let Err(error) = self.look().await
        {
            tracing::warn!(%error, "local App: cannot see what other processes changed");
        }
        if self.is_sweep_due() {
            let app = Arc::clone(self);
            tokio::spawn(async move { app.sweep().await });
        }
    }

    /// Takes what other processes changed since the last look.
    async fn look(&self) -> Result<(), StoreError> {
        let known = self.shared().seen();
        if let Some(found) = self.store().shared_facts(known).await? {
            self.shared().note(found.mark);
            self.take(&found);
        }
        Ok(())
    }

    fn take(&self, found: &SharedFacts) {
        self.clock().take(found.clock);
        self.signer().replace_keys(&found.keys);
    }

    /// Takes everything anew from the storage, after a change of this process.
    pub async fn reload(&self) -> Result<(), StoreError> {
        if let Some(found) = self.store().shared_facts(None).await? {
            self.take(&found);
        }
        Ok(())
    }

    /// Looks for the key of a token that may be another process's. All who ask within a tenth of a second share one look.
    pub async fn look_for_key(&self) -> Result<(), StoreError> {
        let asked = Instant::now();
        let mut looked = self.shared().looked_for_key.lock().await;
        if looked.is_some_and(|at| at >= asked) {
            return Ok(());
        }
        if let Some(at) = *looked {
            tokio::time::sleep_until(at + LOOK_FOR_KEY_EVERY).await;
        }
        *looked = Some(Instant::now());
        self.look().await
    }
}
