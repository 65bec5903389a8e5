//! Where passwords are hashed: a few at once, a bounded number waiting, the rest turned away. Each address has a line of
//! its own, and the lines take turns, so that one that sends a thousand keeps nobody else waiting.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::{Argon2, Block};
use tokio::sync::oneshot;

use super::failure::Failure;

/// Requests that wait for their turn. At 15 to 30 ms a hash this is a few seconds, and more would give up anyway.
const WAITING: usize = 512;

/// How long a thread stays without work. With it goes its memory.
const IDLE: Duration = Duration::from_secs(10);

/// Work with memory to do it in, or without, when its place goes to another line. Whether somebody waited for it.
type Work = Box<dyn FnOnce(Option<&mut HashingMemory>) -> bool + Send>;

/// Hashes on threads of their own, each of which takes 19 MiB and a core while there is something to hash.
///
/// A thread that is done takes the next in line itself: on cores that are all busy hashing, every hand-over to a task in
/// between waits for a turn of the scheduler.
pub struct HashingPool {
    line: Arc<Line>,
    at_once: usize,
    inside: AtomicUsize,
    most_inside: usize,
    hashed: Arc<AtomicU64>,
}

/// The memory that Argon2 fills, kept from one hash to the next: to get 19 MiB from the system each time costs a tenth
/// of the hash. What is in it after a hash tells no more than the hash that is stored.
#[derive(Default)]
pub struct HashingMemory(Vec<Block>);

/// Who waits, and who works.
#[derive(Default)]
struct Line {
    state: Mutex<LineState>,
    has_work: Condvar,
}

#[derive(Default)]
struct LineState {
    /// Never an empty line.
    lines: HashMap<IpAddr, VecDeque<Work>>,
    /// Whose turn it is: each line once.
    turns: VecDeque<IpAddr>,
    threads: usize,
    idle: usize,
}

impl HashingMemory {
    /// What [`Argon2::hash_password_into`] does, in this memory.
    pub fn argon2(
        &mut self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> argon2::Result<()> {
        let needed = argon2.params().block_count();
        if self.0.len() < needed {
            self.0.resize(needed, Block::default());
        }
        argon2.hash_password_into_with_memory(password, salt, out, &mut self.0)
    }
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
            line: Arc::default(),
            at_once,
            inside: AtomicUsize::new(0),
            most_inside: at_once + waiting,
            hashed: Arc::default(),
        }
    }

    /// Runs `work`, which hashes once, away from the tasks that answer requests, in the line of `address`. One that is
    /// given up before its turn costs nothing.
    pub async fn run<T: Send + 'static>(
        &self,
        address: IpAddr,
        work: impl FnOnce(&mut HashingMemory) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let place = Place::take(&self.inside);
        if place.before >= self.most_inside && !self.line.lock().make_room_for(address) {
            return Err(Failure::Busy);
        }
        let (done, outcome) = oneshot::channel();
        let hashed = Arc::clone(&self.hashed);
        self.queue(
            address,
            Box::new(move |memory| {
                if done.is_closed() {
                    return false;
                }
                // Nobody waits any more if sending fails.
                let Some(memory) = memory else { return done.send(Err(Failure::Busy)).is_ok() };
                hashed.fetch_add(1, Ordering::Relaxed);
                done.send(Ok(work(memory))).is_ok()
            }),
        )?;
        outcome.await.map_err(Failure::internal)?
    }

    /// How often `run` got its turn.
    #[cfg(test)]
    pub fn count(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    fn queue(&self, address: IpAddr, work: Work) -> Result<(), Failure> {
        let mut state = self.line.lock();
        state.push(address, work);
        if state.waiting() <= state.idle || state.threads == self.at_once {
            self.line.has_work.notify_one();
            return Ok(());
        }
        let line = Arc::clone(&self.line);
        let thread = std::thread::Builder::new().name("hashing".to_owned());
        match thread.spawn(move || line.work()) {
            Ok(_) => state.threads += 1,
            // Then it waits for those that there are.
            Err(_) if state.threads > 0 => {}
            Err(error) => {
                state.take_back(address);
                return Err(Failure::internal(error));
            }
        }
        Ok(())
    }
}

impl LineState {
    fn waiting(&self) -> usize {
        self.lines.values().map(VecDeque::len).sum()
    }

    fn push(&mut self, address: IpAddr, work: Work) {
        let line = self.lines.entry(address).or_default();
        if line.is_empty() {
            self.turns.push_back(address);
        }
        line.push_back(work);
    }

    /// The first of the line whose turn it is, which then comes last.
    fn pop(&mut self) -> Option<Work> {
        let address = self.turns.pop_front()?;
        let line = self.lines.get_mut(&address)?;
        let work = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&address);
        } else {
            self.turns.push_back(address);
        }
        work
    }

    /// The newest of a line.
    fn take_back(&mut self, address: IpAddr) -> Option<Work> {
        let line = self.lines.get_mut(&address)?;
        let work = line.pop_back();
        if line.is_empty() {
            self.lines.remove(&address);
            self.turns.retain(|other| *other != address);
        }
        work
    }

    /// Turns the newest of the longest line away, unless that of `address` is as long.
    fn make_room_for(&mut self, address: IpAddr) -> bool {
        loop {
            let own = self.lines.get(&address).map_or(0, VecDeque::len);
            let longest = self.lines.iter().max_by_key(|(_, line)| line.len());
            let Some(longest) = longest.filter(|(_, line)| line.len() > own + 1).map(|(longest, _)| *longest)
            else {
                return false;
            };
            // One that was given up already had no place.
            if self.take_back(longest).is_some_and(|work| work(None)) {
                return true;
            }
        }
    }
}

impl Line {
    /// A thread's life: one after another, until nothing came for a while.
    fn work(&self) {
        let mut memory = HashingMemory::default();
        while let Some(work) = self.next() {
            // A panic drops the sender, which its request is told.
            let _ = catch_unwind(AssertUnwindSafe(|| work(Some(&mut memory))));
        }
    }

    /// What to do next. Without, the thread is counted out in the same breath, so that whoever comes starts another.
    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        if state.turns.is_empty() {
            state.idle += 1;
            let wait = self.has_work.wait_timeout_while(state, IDLE, |state| state.turns.is_empty());
            (state, _) = wait.unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
        let work = state.pop();
        if work.is_none() {
            state.threads -= 1;
        }
        work
    }

    fn lock(&self) -> MutexGuard<'_, LineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that waits or hashes.
struct Place<'a> {
    inside: &'a AtomicUsize,
    /// How many there were before it.
    before: usize,
}

impl<'a> Place<'a> {
    fn take(inside: &'a AtomicUsize) -> Self {
        Self { inside, before: inside.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_is_turned_away_and_the_others_get_their_turn() {
        let pool = Arc::new(HashingPool::new(1, 1));
        let (go, wait) = mpsc::channel::<()>();
        let spawn = |work: Box<dyn FnOnce() + Send>| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run(HERE, |_| work()).await })
        };
        let first = spawn(Box::new(move || wait.recv().unwrap()));
        let second = spawn(Box::new(|| {}));
        while pool.inside.load(Ordering::Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(pool.run(HERE, |_| ()).await, Err(Failure::Busy)));
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
        pool.run(HERE, |_| ()).await.unwrap();
        assert_eq!(pool.count(), 3);
    }

    /// The kind: a limit that meets those who did nothing wrong. One address sends more than there are places for.
    #[tokio::test]
    async fn an_address_that_sends_too_much_keeps_no_other_waiting() {
        let elsewhere: IpAddr = "192.0.2.1".parse().unwrap();
        let pool = Arc::new(HashingPool::new(1, 8));
        let (go, wait) = mpsc::channel::<()>();
        let order = Arc::new(Mutex::new(Vec::new()));
        let spawn = |address: IpAddr, what: &'static str| {
            let (pool, order) = (Arc::clone(&pool), Arc::clone(&order));
            tokio::spawn(async move { pool.run(address, move |_| order.lock().unwrap().push(what)).await })
        };
        let held = Arc::clone(&pool);
        let first = tokio::spawn(async move { held.run(HERE, move |_| wait.recv().unwrap()).await });
        while pool.inside.load(Ordering::Relaxed) < 1 || !pool.line.lock().turns.is_empty() {
            tokio::task::yield_now().await;
        }
        let flood: Vec<_> = (0..20).map(|_| spawn(HERE, "flood")).collect();
        while pool.line.lock().waiting() < 8 {
            tokio::task::yield_now().await;
        }
        let owner = [spawn(elsewhere, "owner"), spawn(elsewhere, "owner")];
        while pool.line.lock().lines.get(&elsewhere).map_or(0, VecDeque::len) < 2 {
            tokio::task::yield_now().await;
        }
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        for one in owner {
            one.await.unwrap().unwrap();
        }
        let mut turned_away = 0;
        for one in flood {
            turned_away += usize::from(matches!(one.await.unwrap(), Err(Failure::Busy)));
        }
        assert_eq!(turned_away, 14);
        let order = order.lock().unwrap();
        assert_eq!(
            order.iter().rposition(|what| *what == "owner"),
            Some(3),
            "the lines take turns: {order:?}"
        );
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_frees_its_place() {
        let pool = Arc::new(HashingPool::new(1, 0));
        let (go, wait) = mpsc::channel::<()>();
        let mut first = Box::pin(pool.run(HERE, move |_| wait.recv().unwrap()));
        assert!(futures_util::poll!(&mut first).is_pending());
        drop(first);
        go.send(()).unwrap();
        pool.run(HERE, |_| ()).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_given_up_before_its_turn_is_not_done() {
        let pool = HashingPool::new(1, 2);
        let (go, wait) = mpsc::channel::<()>();
        let mut first = Box::pin(pool.run(HERE, move |_| wait.recv().unwrap()));
        let mut second = Box::pin(pool.run(HERE, |_| unreachable!("nobody waits for it")));
        assert!(futures_util::poll!(&mut first).is_pending());
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(second);
        go.send(()).unwrap();
        first.await.unwrap();
        pool.run(HERE, |_| ()).await.unwrap();
        assert_eq!(pool.count(), 2);
    }

    #[tokio::test]
    async fn a_panic_fails_its_request_alone() {
        let pool = HashingPool::new(1, 2);
        let panics = pool.run::<()>(HERE, |_| panic!("as this test wants it"));
        let (failed, next) = tokio::join!(panics, pool.run(HERE, |_| 7));
        assert!(failed.is_err());
        assert_eq!(next.unwrap(), 7);
    }

    #[tokio::test]
    async fn threads_are_as_many_as_have_something_to_do() {
        let pool = HashingPool::new(3, 8);
        for _ in 0..5 {
            pool.run(HERE, |_| ()).await.unwrap();
            // It says so before it is idle again.
            while pool.line.lock().idle == 0 {
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(pool.line.lock().threads, 1);
        let (meet, met) = (Arc::new(std::sync::Barrier::new(3)), Arc::new(AtomicUsize::new(0)));
        let together = (0..3).map(|_| {
            let (meet, met) = (Arc::clone(&meet), Arc::clone(&met));
            pool.run(HERE, move |_| {
                meet.wait();
                met.fetch_add(1, Ordering::Relaxed);
            })
        });
        futures_util::future::join_all(together).await;
        assert_eq!(met.load(Ordering::Relaxed), 3);
        assert_eq!(pool.line.lock().threads, 3);
    }

    #[test]
    fn memory_that_was_used_changes_no_hash() {
        let mut memory = HashingMemory::default();
        for (m_cost, password) in [(64, "a"), (256, "b"), (32, "a"), (256, "a")] {
            let params = argon2::Params::new(m_cost, 2, 1, None).unwrap();
            let argon2 = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
            let (mut fresh, mut reused) = ([0; 32], [0; 32]);
            argon2.hash_password_into(password.as_bytes(), b"some salt", &mut fresh).unwrap();
            memory.argon2(&argon2, password.as_bytes(), b"some salt", &mut reused).unwrap();
            assert_eq!(fresh, reused);
        }
    }
}
