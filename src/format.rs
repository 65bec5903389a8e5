//! How things are written for people: once, for the screen, the commands and the log.

use jiff::{SignedDuration, Timestamp};

use crate::account::AppClock;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// From here on hours say nothing; an anonymous session may live for decades.
const LONG: i64 = 100 * DAY;

/// `2026-11-27 21:40:03Z`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// `21:40:03Z`.
pub fn time_of_day(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// What is left until `end`: `0:08`, `29:41` under an hour, `5h 12m` under a day, `59d 23h` under a hundred,
/// `18249d` beyond; `over` at the end.
pub fn left(end: Timestamp, now: Timestamp) -> String {
    match seconds_left(end, now) {
        ..=0 => "over".to_owned(),
        seconds @ 1..HOUR => format!("{}:{:02}", seconds / MINUTE, seconds % MINUTE),
        seconds @ HOUR..DAY => format!("{}h {}m", seconds / HOUR, seconds % HOUR / MINUTE),
        seconds @ DAY..LONG => format!("{}d {}h", seconds / DAY, seconds % DAY / HOUR),
        seconds @ LONG.. => format!("{}d", seconds / DAY),
    }
}

/// Whole seconds until `end`, rounded up, so that 0 means over.
pub fn seconds_left(end: Timestamp, now: Timestamp) -> i64 {
    let left = end.duration_since(now);
    left.as_secs().saturating_add(i64::from(left.subsec_nanos() > 0))
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
