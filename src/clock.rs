//! The wall clock behind one trait.
//!
//! Everything that compares a lifetime with "now" asks a [`Clock`], so that a test, or a person at the local App, can
//! move time. Nothing else in the crate reads the system's clock.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Where the present moment comes from.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The present moment, UTC.
    fn now(&self) -> Timestamp;

    /// How long this machine has been running, which nobody can set; `None` where that is not known.
    fn uptime(&self) -> Option<Uptime> {
        None
    }

    /// The present moment by both clocks.
    fn moment(&self) -> Moment {
        Moment { wall: self.now(), uptime: self.uptime() }
    }
}

/// How long a machine has been running, sleep included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    /// Names the start that it counts from.
    pub boot: String,
    /// The time since.
    pub passed: SignedDuration,
}

/// A moment by both clocks of this machine, so that another process can tell whether the wall clock was set since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// By the wall clock.
    pub wall: Timestamp,
    /// By the clock that nobody sets.
    #[serde(default)]
    pub uptime: Option<Uptime>,
}

impl Moment {
    /// How far the wall clock was set between `earlier` and this moment; `None` where nobody can tell, because the machine was
    /// started anew.
    pub fn wall_was_set_by(&self, earlier: &Self) -> Option<SignedDuration> {
        let (before, after) = (earlier.uptime.as_ref()?, self.uptime.as_ref()?);
        let passed = after.passed.checked_sub(before.passed).filter(|_| before.boot == after.boot)?;
        Some(self.wall.duration_since(earlier.wall).saturating_sub(passed))
    }
}

/// The system's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[cfg(target_os = "linux")]
    fn uptime(&self) -> Option<Uptime> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
        let seconds: f64 = uptime.split_whitespace().next()?.parse().ok()?;
        let passed = SignedDuration::try_from_secs_f64(seconds).ok()?;
        Some(Uptime { boot: boot.trim().to_owned(), passed })
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock by `step`, which may be negative. Stops at the ends of the representable range.
    pub fn advance(&self, step: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(step).unwrap_or(*now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_was_set_shows_between_two_moments_of_one_boot() {
        let at = |second: i64, boot: &str, passed: i64| Moment {
            wall: Timestamp::from_second(second).unwrap(),
            uptime: Some(Uptime { boot: boot.into(), passed: SignedDuration::from_secs(passed) }),
        };
        let before = at(1000, "a", 50);
        assert_eq!(at(1060, "a", 110).wall_was_set_by(&before), Some(SignedDuration::ZERO));
        assert_eq!(at(4660, "a", 110).wall_was_set_by(&before), Some(SignedDuration::from_hours(1)));
        assert_eq!(at(1060, "b", 10).wall_was_set_by(&before), None);
        assert_eq!(Moment { uptime: None, ..before.clone() }.wall_was_set_by(&before), None);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = ManualClock::new(start);
        assert_eq!(clock.now(), start);
        clock.advance(SignedDuration::from_secs(61));
        assert_eq!(clock.now().duration_since(start).as_secs(), 61);
        clock.advance(SignedDuration::from_secs(-1));
        assert_eq!(clock.now().duration_since(start).as_secs(), 60);
    }
}
