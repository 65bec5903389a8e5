//! Where work is done whose size a client chooses (filters, sorts, rules over its documents).
//!
//! It counts its steps in a [`Budget`], and is refused when that is spent. It runs in the [`Workshop`]: away from the tasks that
//! answer requests and from the threads of the database, a few at a time. It ends soon after its request did.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::blocking::blocking;
use super::failure::Failure;
use crate::data::Budget;

/// How long a request waits for its turn.
const WAIT: Duration = Duration::from_secs(10);

/// Does work whose size a client chooses.
pub struct Workshop {
    turns: Arc<Semaphore>,
}

impl Default for Workshop {
    /// Half of the cores, so that whoever logs in finds one; two at least, since work also waits for the disk.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { turns: Arc::new(Semaphore::new((cores / 2).max(2))) }
    }
}

impl Workshop {
    /// Does `work` with a budget of its own. When the caller stops waiting, so does the work, at its next step.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Budget) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Failure::Busy) };
        let budget = Budget::default();
        let _guard = budget.guard();
        // The store may need a runtime, which a thread of its own does not have.
        let runtime = Handle::current();
        let done = blocking(move || {
            let (_turn, _runtime) = (turn, runtime.enter());
            work(&budget)
        });
        done.await.map_err(Failure::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Spent;

    /// Kind: work that goes on though nobody waits for it.
    #[tokio::test]
    async fn work_ends_when_nobody_waits_for_it() {
        let (ended, end) = std::sync::mpsc::channel();
        let workshop = Workshop::default();
        let endless = workshop.run(move |budget| {
            let spent = loop {
                if let Err(spent) = budget.check() {
                    break spent;
                }
                std::thread::yield_now();
            };
            ended.send(spent).unwrap();
            Err::<(), _>(spent.into())
        });
        assert!(tokio::time::timeout(Duration::from_millis(20), endless).await.is_err());
        let spent = tokio::task::spawn_blocking(move || end.recv()).await.unwrap();
        assert_eq!(spent, Ok(Spent::Cancelled));
    }
}
