//! What governor remembers of each key: how far ahead of its rate the key is. Bounded, and able to give a cell back,
//! which governor's own stores are not.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

/// Keys at most: a few megabytes.
pub const MOST: usize = if cfg!(test) { 1_000 } else { 50_000 };

/// The cells of all keys. Clones share them.
pub struct Cells<K>(Arc<Mutex<HashMap<K, Nanos>>>);

impl<K> Default for Cells<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K> Clone for Cells<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> Cells<K> {
    pub fn are_full(&self) -> bool {
        self.lock().len() >= MOST
    }

    /// Forgets the half of the keys that are least ahead, if they are too many even so.
    pub fn make_room(&self) {
        let mut cells = self.lock();
        if cells.len() < MOST {
            return;
        }
        let mut ahead: Vec<Nanos> = cells.values().copied().collect();
        let middle = ahead.len() / 2;
        let (_, median, _) = ahead.select_nth_unstable(middle);
        let median = *median;
        // Many may be equal: of those, only as many go as it takes.
        let mut to_go = middle.max(1);
        cells.retain(|_, cell| {
            let goes = *cell <= median && to_go > 0;
            to_go -= usize::from(goes);
            !goes
        });
    }

    /// Gives `key` back one cell, which is worth `one`.
    pub fn give_back(&self, key: &K, one: Duration) {
        if let Some(cell) = self.lock().get_mut(key) {
            *cell = cell.saturating_sub(Nanos::from(one));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Nanos>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> StateStore for Cells<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut cells = self.lock();
        let (outcome, ahead) = measure(cells.get(key).copied())?;
        cells.insert(key.clone(), ahead);
        Ok(outcome)
    }
}

impl<K: Clone + Eq + Hash> ShrinkableKeyedStateStore<K> for Cells<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.lock().retain(|_, cell| *cell > drop_below);
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}
