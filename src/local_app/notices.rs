//! What whoever runs the server has to know of refusals: their causes, which clients are not told.
//!
//! A client chooses what is refused, and how often. A line that was told is folded for a while, and there are a few lines a
//! minute, so that nobody floods a terminal. Each is one line, short and inert.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::text::inert;

/// For how long a line is not told again.
const FOLDED_FOR: Duration = Duration::from_secs(60);
/// Lines that are known to have been told.
const KNOWN: usize = 64;
/// Lines at once, and the time after which one more may be told.
const AT_ONCE: u32 = 20;
const ONE_MORE_AFTER: Duration = Duration::from_secs(3);
/// Characters of a line.
const LONGEST: usize = 500;

/// What was told, and what may be.
pub struct Notices(Mutex<State>);

struct State {
    known: VecDeque<Known>,
    left: u32,
    /// When `left` was right.
    counted: Instant,
    /// Lines that there was no room for.
    left_out: u64,
}

struct Known {
    line: String,
    told: Instant,
    /// How often it came since.
    since: u64,
}

impl Default for Notices {
    fn default() -> Self {
        Self(Mutex::new(State::new(Instant::now())))
    }
}

impl Notices {
    /// Tells a line, or folds it.
    pub fn tell(&self, line: &str) {
        let line: String = line.chars().take(LONGEST).collect();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = state.tell(&inert(&line), Instant::now());
        drop(state);
        match told {
            Some(told) => tracing::warn!("{told}"),
            // Whoever looks for one that was folded or left out can have them all.
            None => tracing::debug!("not told again, or left out: {}", inert(&line)),
        }
    }
}

impl State {
    fn new(now: Instant) -> Self {
        Self { known: VecDeque::new(), left: AT_ONCE, counted: now, left_out: 0 }
    }

    /// What to say of `line` now, if anything.
    fn tell(&mut self, line: &str, now: Instant) -> Option<String> {
        let known = self.known.iter().position(|known| known.line == line);
        if let Some(known) = known.and_then(|at| self.known.get_mut(at))
            && now.saturating_duration_since(known.told) < FOLDED_FOR
        {
            known.since += 1;
            return None;
        }
        if !self.has_room(now) {
            self.left_out += 1;
            return None;
        }
        let since = known.and_then(|at| self.known.remove(at)).map_or(0, |known| known.since);
        if self.known.len() == KNOWN {
            self.known.pop_front();
        }
        self.known.push_back(Known { line: line.to_owned(), told: now, since: 0 });
        let mut told = line.to_owned();
        if since > 0 {
            told += &format!(" (and {since} times since that was last told)");
        }
        if self.left_out > 0 {
            told += &format!(" ({} other lines were left out)", std::mem::take(&mut self.left_out));
        }
        Some(told)
    }

    fn has_room(&mut self, now: Instant) -> bool {
        while self.left < AT_ONCE && now.saturating_duration_since(self.counted) >= ONE_MORE_AFTER {
            self.left += 1;
            self.counted += ONE_MORE_AFTER;
        }
        if self.left == AT_ONCE {
            self.counted = now;
        }
        self.left = match self.left {
            0 => return false,
            left => left - 1,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_comes_again_is_folded_and_counted() {
        let begin = Instant::now();
        let mut state = State::new(begin);
        let after = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(state.tell("a", begin).as_deref(), Some("a"));
        for second in 1..60 {
            assert_eq!(state.tell("a", after(second)), None);
        }
        assert_eq!(state.tell("b", after(59)).as_deref(), Some("b"));
        let told = state.tell("a", after(61));
        assert_eq!(told.as_deref(), Some("a (and 59 times since that was last told)"));
        assert_eq!(state.tell("a", after(200)).as_deref(), Some("a"));
    }

    /// Kind: an output whose size a client chooses.
    #[test]
    fn nobody_floods_a_terminal() {
        let begin = Instant::now();
        let mut state = State::new(begin);
        let told = (0..10_000).filter_map(|n| state.tell(&n.to_string(), begin)).count();
        assert_eq!(told, AT_ONCE as usize);
        assert!(state.known.len() <= KNOWN);
        let later = begin + ONE_MORE_AFTER;
        assert_eq!(state.tell("x", later).as_deref(), Some("x (9980 other lines were left out)"));
        assert_eq!(state.tell("y", later), None);
        let much_later = begin + Duration::from_secs(3600);
        let told = (0..1000).filter_map(|n| state.tell(&format!("{n}"), much_later)).count();
        assert_eq!(told, AT_ONCE as usize);
    }
}
