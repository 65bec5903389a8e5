//! Where passwords are hashed: a few at once, a bounded number waiting, the rest turned away.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::failure::Failure;

/// Requests that wait for their turn. At 15 to 30 ms a hash this is a few seconds, and more would give up anyway.
const WAITING: usize = 512;

/// Hashes on threads of their own; each takes 19 MiB and a core.
pub struct HashingPool {
    turns: Arc<Semaphore>,
    inside: AtomicUsize,
    most_inside: usize,
    hashed: AtomicU64,
}

impl Default for HashingPool {
    /// As many at once as there are cores.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::new(cores, WAITING)
    }
}

impl HashingPool {
    fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            inside: AtomicUsize::new(0),
            most_inside: at_once + waiting,
            hashed: AtomicU64::new(0),
        }
    }

    /// Runs `work`, which hashes once, away from the tasks that answer requests.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let _place = self.place().ok_or(Failure::Busy)?;
        // Moved into the work, so that a request which is given up does not let more run at once.
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Failure::internal)?;
        self.hashed.fetch_add(1, Ordering::Relaxed);
        let hashed = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        hashed.await.map_err(Failure::internal)
    }

    /// How often `run` got its turn.
    #[cfg(test)]
    pub fn count(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    fn place(&self) -> Option<Place<'_>> {
        let place = Place(&self.inside);
        let before = self.inside.fetch_add(1, Ordering::Relaxed);
        (before < self.most_inside).then_some(place)
    }
}

/// One that waits or hashes.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_is_turned_away_and_the_others_get_their_turn() {
        let pool = Arc::new(HashingPool::new(1, 1));
        let (go, wait) = mpsc::channel::<()>();
        let spawn = |work: Box<dyn FnOnce() + Send>| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run(work).await })
        };
        let first = spawn(Box::new(move || wait.recv().unwrap()));
        let second = spawn(Box::new(|| {}));
        while pool.inside.load(Ordering::Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(pool.run(|| {}).await, Err(Failure::Busy)));
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
        pool.run(|| {}).await.unwrap();
        assert_eq!(pool.count(), 3);
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_frees_its_place() {
        let pool = Arc::new(HashingPool::new(1, 0));
        let (go, wait) = mpsc::channel::<()>();
        let mut first = Box::pin(pool.run(move || wait.recv().unwrap()));
        assert!(futures_util::poll!(&mut first).is_pending());
        drop(first);
        go.send(()).unwrap();
        pool.run(|| {}).await.unwrap();
    }
}
