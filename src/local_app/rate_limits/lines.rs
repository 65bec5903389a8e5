//! Waiting for a turn: a few of one kind at once, and a slow line for whoever has used a limit up.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::cells::MOST;

/// How far apart the turns of a slow line are. Guessing at this pace is hopeless for any password that is not guessed at
/// once.
const PACE: Duration = Duration::from_secs(1);
/// The longest wait in a slow line: a client waits so long. What would wait longer is turned away.
const LONGEST_WAIT: Duration = Duration::from_secs(16);

/// So many at once for each key; others wait, first come, first served.
pub struct AtOnce<K> {
    places: usize,
    open: Mutex<HashMap<K, Arc<Semaphore>>>,
}

impl<K: Eq + Hash> AtOnce<K> {
    pub fn new(places: usize) -> Self {
        Self { places, open: Mutex::default() }
    }

    /// Waits for a place; it is free again when what this returns is dropped.
    pub async fn turn(&self, key: K) -> Option<OwnedSemaphorePermit> {
        let places = {
            let mut open = lock(&self.open);
            if open.len() >= MOST {
                // Nobody waits at, or has, a place of which no clone is out.
                open.retain(|_, places| Arc::strong_count(places) > 1);
            }
            Arc::clone(open.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.places))))
        };
        // Fails only when it is closed, which it never is.
        places.acquire_owned().await.ok()
    }
}

/// One after the other for each key, at a fixed pace.
pub struct SlowLine<K>(Mutex<HashMap<K, Instant>>);

impl<K> Default for SlowLine<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> SlowLine<K> {
    /// Waits for a turn; false, and at once, if the line is too long.
    pub async fn turn(&self, key: K) -> bool {
        let now = Instant::now();
        let turn = {
            let mut next = lock(&self.0);
            if next.len() >= MOST {
                next.retain(|_, next| *next > now);
            }
            if next.len() >= MOST && !next.contains_key(&key) {
                return false;
            }
            let next = next.entry(key).or_insert(now);
            let turn = (*next).max(now);
            if turn - now > LONGEST_WAIT {
                return false;
            }
            *next = turn + PACE;
            turn
        };
        tokio::time::sleep_until(turn).await;
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_has_one_turn_a_second_and_an_end() {
        let line = SlowLine::default();
        let start = Instant::now();
        let turns =
            join_all((0..100).map(|_| async { line.turn("a").await.then(|| start.elapsed().as_secs()) }));
        let turns: Vec<_> = turns.await.into_iter().flatten().collect();
        assert_eq!(turns, (0..=LONGEST_WAIT.as_secs()).collect::<Vec<_>>());
        assert!(line.turn("b").await, "another line is another's");
        tokio::time::advance(Duration::from_secs(5)).await;
        let now = Instant::now();
        assert!(line.turn("a").await);
        assert_eq!(now.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_few_and_all_get_one() {
        let places = AtOnce::new(2);
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || async {
            let _turn = places.turn("a").await;
            let now = inside.fetch_add(1, Ordering::Relaxed) + 1;
            most.fetch_max(now, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(1)).await;
            inside.fetch_sub(1, Ordering::Relaxed);
        };
        join_all((0..20).map(|_| work())).await;
        assert_eq!((inside.into_inner(), most.into_inner()), (0, 2));
    }
}
