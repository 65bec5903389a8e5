//! Moments, ages, and how far clocks are apart.

use jiff::{SignedDuration, Timestamp};

use super::countdown::left;
use crate::account::AppClock;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `2026-11-27 21:40:03Z`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// `21:40:03Z`.
pub fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// How long ago something was: `now`, `5 min`, `3 h`, `61 d`.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    match seconds {
        ..MINUTE => "now".into(),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        DAY.. => format!("{} d", seconds / DAY),
    }
}

/// The first moment after `now` at which [`age`] gives another text.
pub fn next_age_change(at: Timestamp, now: Timestamp) -> Timestamp {
    let seconds = now.duration_since(at).as_secs();
    let step = match seconds {
        ..HOUR => MINUTE,
        HOUR..DAY => HOUR,
        DAY.. => DAY,
    };
    let next = (seconds.max(0) / step + 1) * step;
    at.saturating_add(SignedDuration::from_secs(next)).unwrap_or(Timestamp::MAX)
}

/// `+61d 0h`, `-5:00`: how far a clock is from another, in the units of countdowns.
pub fn offset(by: SignedDuration) -> String {
    let (sign, by) = if by.is_negative() { ('-', by.abs()) } else { ('+', by) };
    let end = Timestamp::UNIX_EPOCH.saturating_add(by).unwrap_or(Timestamp::MAX);
    match left(end, Timestamp::UNIX_EPOCH) {
        over if over == "over" => "+0:00".into(),
        left => format!("{sign}{left}"),
    }
}

/// Where an App's clock stands.
pub fn clock(clock: &AppClock) -> String {
    match (clock.frozen, clock.offset.is_zero()) {
        (true, _) => format!("its clock stands still at {}", moment(clock.now)),
        (false, true) => "its clock goes with its machine's".into(),
        (false, false) => format!("its clock is at {}, {}", moment(clock.now), offset(clock.offset)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_changes_when_it_says_so() {
        let at = Timestamp::UNIX_EPOCH;
        for (seconds, text) in
            [(0, "now"), (59, "now"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (86_400, "1 d")]
        {
            let now = at + SignedDuration::from_secs(seconds);
            assert_eq!(age(at, now), text);
            let change = next_age_change(at, now);
            assert!(change > now);
            assert_ne!(age(at, change), text);
            assert_eq!(age(at, change - SignedDuration::from_secs(1)), text);
        }
        assert_eq!(age(at, at - SignedDuration::from_secs(5)), "now", "sent by a clock that was ahead");
    }

    #[test]
    fn an_offset_has_a_sign() {
        let offset = |seconds| offset(SignedDuration::from_secs(seconds));
        assert_eq!(
            (offset(0), offset(61 * DAY), offset(-90)),
            ("+0:00".into(), "+61d 0h".into(), "-1:30".into())
        );
    }
}
