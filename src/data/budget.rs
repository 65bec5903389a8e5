//! How much work one request may cause: whatever works on documents counts its steps, and ends when they are spent.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering as Memory};

/// Steps that one request may take. A step is about a comparison of two numbers, some 30 ns: a request that spends all of
/// them keeps one core busy for a few tenths of a second.
pub const STEPS: u64 = 5_000_000;
/// Bytes of a text, or of a document that is read, that count as one step.
const BYTES_PER_STEP: usize = 16;
/// Why work ended before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Spent {
    /// It needs more steps than one request has.
    #[error(
        "the request needs more than {STEPS} steps of comparing values, which is all that one request has; send a \
         smaller filter or list, or fewer conditions at a time"
    )]
    Steps,
    /// Nobody waits for the answer any more.
    #[error("the request was given up")]
    Cancelled,
}

/// The steps that are left to one request. It is handed through to whatever works for it.
#[derive(Debug)]
pub struct Budget {
    left: AtomicU64,
    cancelled: Arc<AtomicBool>,
}

impl Budget {
    pub fn new(steps: u64) -> Self {
        Self { left: AtomicU64::new(steps), cancelled: Arc::default() }
    }

    /// Counts steps. It never fails, so that plain comparisons can count; who called them asks [`Budget::check`].
    pub fn count(&self, steps: usize) {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        // One thread works on a request: nothing is lost between these two, and they cost less than one that is atomic.
        self.left.store(self.left.load(Memory::Relaxed).saturating_sub(steps), Memory::Relaxed);
    }

    /// Counts what it costs to look at so many bytes.
    pub fn count_bytes(&self, bytes: usize) {
        self.count(bytes / BYTES_PER_STEP);
    }

    /// Whether work may go on.
    pub fn check(&self) -> Result<(), Spent> {
        if self.cancelled.load(Memory::Relaxed) {
            return Err(Spent::Cancelled);
        }
        if self.left.load(Memory::Relaxed) == 0 { Err(Spent::Steps) } else { Ok(()) }
    }

    /// Counts steps, and says whether work may go on.
    pub fn take(&self, steps: usize) -> Result<(), Spent> {
        self.count(steps);
        self.check()
    }

    /// The steps that are left.
    #[cfg(test)]
    pub fn left(&self) -> u64 {
        self.left.load(Memory::Relaxed)
    }

    /// Work with this budget ends once the guard is gone, as it is when a request ends, its client hangs up, its time is
    /// over, or the server stops.
    pub fn guard(&self) -> CancelOnDrop {
        CancelOnDrop(Arc::clone(&self.cancelled))
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(STEPS)
    }
}

/// Cancels the work with a budget when it is dropped.
#[derive(Debug)]
pub struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Memory::Relaxed);
    }
}

/// `items` in order; equal ones stay as they were. Unlike the standard library's, it can stop half-way.
pub fn sorted<T: Copy>(
    items: &[T],
    compare: &impl Fn(T, T) -> Result<Ordering, Spent>,
) -> Result<Vec<T>, Spent> {
    if items.len() < 2 {
        return Ok(items.to_vec());
    }
    let (left, right) = items.split_at(items.len() / 2);
    let (left, right) = (sorted(left, compare)?, sorted(right, compare)?);
    let mut merged = Vec::with_capacity(items.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        if compare(left[i], right[j])?.is_le() {
            merged.push(left[i]);
            i += 1;
        } else {
            merged.push(right[j]);
            j += 1;
        }
    }
    merged.extend_from_slice(&left[i..]);
    merged.extend_from_slice(&right[j..]);
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_budget_is_spent_by_what_is_counted() {
        let budget = Budget::new(10);
        assert_eq!(budget.take(9), Ok(()));
        assert_eq!(budget.take(5), Err(Spent::Steps));
        assert_eq!(budget.take(0), Err(Spent::Steps));
        budget.count_bytes(usize::MAX);
        assert_eq!(budget.left(), 0);
    }

    proptest! {
        #[test]
        fn sorting_is_stable_and_within_n_log_n(numbers in prop::collection::vec(0..50_u8, 0..200)) {
            let budget = Budget::new(u64::MAX);
            let items: Vec<(usize, u8)> = numbers.iter().copied().enumerate().collect();
            let by_number = |a: (usize, u8), b: (usize, u8)| budget.take(1).map(|()| a.1.cmp(&b.1));
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.1);
            prop_assert_eq!(sorted(&items, &by_number).unwrap(), expected);
            let steps = usize::try_from(u64::MAX - budget.left()).unwrap();
            prop_assert!(steps <= items.len() * 8, "{} steps for {} items", steps, items.len());
            let short = Budget::new(3);
            let spent = sorted(&items, &|a: (usize, u8), b: (usize, u8)| short.take(1).map(|()| a.1.cmp(&b.1)));
            prop_assert_eq!(spent.is_err(), steps > 2);
        }
    }
}
