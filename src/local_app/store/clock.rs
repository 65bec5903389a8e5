//! Where the App's clock stands, and how it is moved.

use jiff::{SignedDuration, Timestamp};

use crate::local_app::lifetimes::LATEST;

/// The earliest instant that the clock takes; tokens count seconds since 1970.
pub const EARLIEST: Timestamp = Timestamp::UNIX_EPOCH;

/// Where the clock stands, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockSetting {
    /// How far it is ahead of the system's clock, in milliseconds.
    pub offset_ms: i64,
    /// The instant at which it was frozen.
    pub frozen_at: Option<Timestamp>,
}

/// A change of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMove {
    /// By so much, from where it stands.
    Advance(SignedDuration),
    /// To an instant.
    Set(Timestamp),
    /// So far from the system's clock, and running.
    Offset(SignedDuration),
    /// To an instant, and running.
    StartAt(Timestamp),
    /// To a standstill (`true`), or on from where it stands (`false`).
    Freeze(bool),
    /// Back to the system's clock, and running.
    Reset,
}

/// A move to where the clock cannot stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock takes instants from {EARLIEST} to {LATEST}; move it less far")]
pub struct OutOfRange;

impl ClockSetting {
    /// What the clock shows when the system's shows `system`.
    pub fn now(self, system: Timestamp) -> Timestamp {
        let running = || shift(whole_ms(system), self.offset_ms).unwrap_or(EARLIEST);
        self.frozen_at.unwrap_or_else(running).clamp(EARLIEST, LATEST)
    }

    /// The setting after a change at `system`.
    pub fn moved(self, change: ClockMove, system: Timestamp) -> Result<Self, OutOfRange> {
        let now = self.now(system);
        let offset_to =
            |instant: Timestamp| instant.as_millisecond().saturating_sub(whole_ms(system).as_millisecond());
        let running_from = |instant: Timestamp| Self { offset_ms: offset_to(instant), frozen_at: None };
        let stand_at = |instant: Timestamp| {
            if !(EARLIEST..=LATEST).contains(&instant) {
                return Err(OutOfRange);
            }
            let is_frozen = self.frozen_at.is_some();
            Ok(if is_frozen { Self { frozen_at: Some(instant), ..self } } else { running_from(instant) })
        };
        match change {
            ClockMove::Advance(by) => stand_at(whole_ms(now.checked_add(by).map_err(|_| OutOfRange)?)),
            ClockMove::Set(instant) => stand_at(whole_ms(instant)),
            ClockMove::Offset(by) => {
                let instant = system.checked_add(by).map_err(|_| OutOfRange)?;
                self.moved(ClockMove::StartAt(instant), system)
            }
            ClockMove::StartAt(instant) => Self::default().moved(ClockMove::Set(instant), system),
            ClockMove::Freeze(true) => Ok(Self { frozen_at: Some(now), ..self }),
            ClockMove::Freeze(false) if self.frozen_at.is_some() => Ok(running_from(now)),
            ClockMove::Freeze(false) => Ok(self),
            ClockMove::Reset => Ok(Self::default()),
        }
    }
}

/// Whole milliseconds, which is what the clock counts.
pub fn whole_ms(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond()).unwrap_or(EARLIEST)
}

/// `None` before the first and after the last instant that there is; the latter becomes [`LATEST`].
pub fn shift(instant: Timestamp, by_ms: i64) -> Option<Timestamp> {
    let shifted = instant.as_millisecond().saturating_add(by_ms);
    if shifted >= LATEST.as_millisecond() { Some(LATEST) } else { Timestamp::from_millisecond(shifted).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "2026-01-01T00:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_frozen_clock_stands_and_goes_on_from_where_it_stood() {
        let later = at("2026-01-01T00:00:10Z");
        let frozen = ClockSetting::default().moved(ClockMove::Freeze(true), at(START)).unwrap();
        assert_eq!(frozen.now(later), at(START));
        let advanced = frozen.moved(ClockMove::Advance(SignedDuration::from_hours(24)), later).unwrap();
        assert_eq!(advanced.now(at("2030-01-01T00:00:00Z")), at("2026-01-02T00:00:00Z"));
        let running = advanced.moved(ClockMove::Freeze(false), later).unwrap();
        assert_eq!(running.now(at("2026-01-01T00:00:11Z")), at("2026-01-02T00:00:01Z"));
        assert_eq!(running.moved(ClockMove::Reset, later).unwrap(), ClockSetting::default());
    }

    #[test]
    fn a_move_out_of_range_is_refused() {
        for change in [
            ClockMove::Advance(SignedDuration::MAX),
            ClockMove::Advance(SignedDuration::MIN),
            ClockMove::Advance(SignedDuration::from_hours(-24 * 365 * 60)),
            ClockMove::Set(at("1969-12-31T23:59:59Z")),
            ClockMove::Set(Timestamp::MIN),
            ClockMove::Offset(SignedDuration::MIN),
        ] {
            assert_eq!(ClockSetting::default().moved(change, at(START)), Err(OutOfRange), "{change:?}");
        }
        let damaged = |offset_ms| ClockSetting { offset_ms, frozen_at: None }.now(at(START));
        assert_eq!((damaged(i64::MIN), damaged(i64::MAX)), (EARLIEST, LATEST));
    }
}
