//! What is left of a life, as text and in per cent, and the moments at which either changes: the screen sleeps until the next one.

use jiff::{SignedDuration, Timestamp};

use crate::account::Lifetime;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// From here on hours say nothing; an anonymous session may live for decades.
const LONG: i64 = 100 * DAY;

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

/// The first moment after `now` at which [`left`] gives another text; `None` once it is over.
pub fn next_left_change(end: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let seconds = seconds_left(end, now);
    let step = match seconds {
        ..=0 => return None,
        1..HOUR => 1,
        HOUR..DAY => MINUTE,
        DAY..LONG => HOUR,
        LONG.. => DAY,
    };
    before(end, SignedDuration::from_secs(seconds / step * step - 1))
}

/// The whole per cent of a life that is left, rounded up, so that 0 means over.
pub fn percent(life: &Lifetime, now: Timestamp) -> u8 {
    let length = life.length().as_nanos();
    if length <= 0 {
        return 0;
    }
    let left = life.remaining(now).as_nanos().clamp(0, length);
    u8::try_from((left * 100 + length - 1) / length).unwrap_or(100)
}

/// The first moment after `now` at which [`percent`] gives another number; `None` once it is over.
pub fn next_percent_change(life: &Lifetime, now: Timestamp) -> Option<Timestamp> {
    let percent = i128::from(percent(life, now));
    if percent == 0 {
        return None;
    }
    let left = life.length().as_nanos() * (percent - 1) / 100;
    before(life.expires, SignedDuration::try_from_nanos_i128(left)?)
}

fn before(end: Timestamp, lead: SignedDuration) -> Option<Timestamp> {
    end.saturating_sub(lead).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn texts_get_coarser_with_distance() {
        let text = |seconds| left(at(seconds), at(0));
        assert_eq!(text(8), "0:08");
        assert_eq!(text(29 * MINUTE + 41), "29:41");
        assert_eq!(text(HOUR - 1), "59:59");
        assert_eq!(text(HOUR), "1h 0m");
        assert_eq!(text(5 * HOUR + 12 * MINUTE + 59), "5h 12m");
        assert_eq!(text(DAY), "1d 0h");
        assert_eq!(text(60 * DAY - 1), "59d 23h");
        assert_eq!(text(18_250 * DAY - 1), "18249d");
        assert_eq!((text(0), text(-7)), ("over".into(), "over".into()));
    }

    #[test]
    fn a_life_in_per_cent_ends_at_nothing() {
        let life = Lifetime::new(at(0), at(200));
        let percent = |seconds| percent(&life, at(seconds));
        assert_eq!((percent(-5), percent(0), percent(100), percent(199), percent(200)), (100, 100, 50, 1, 0));
        assert_eq!(super::percent(&Lifetime::new(at(0), at(0)), at(-1)), 0);
    }

    fn nanosecond_before(moment: Timestamp) -> Timestamp {
        moment - SignedDuration::from_nanos(1)
    }

    proptest! {
        #[test]
        fn the_text_is_the_same_until_its_next_change(
            ahead in prop_oneof![0i64..4000, 0i64..100_000, 0i64..20_000_000], nanos in 0i64..1_000_000_000,
        ) {
            let (now, end) = (at(0), at(ahead) + SignedDuration::from_nanos(nanos));
            let Some(change) = next_left_change(end, now) else {
                prop_assert_eq!(left(end, now), "over");
                return Ok(());
            };
            prop_assert!(change > now);
            prop_assert_eq!(left(end, now), left(end, nanosecond_before(change)));
            prop_assert_ne!(left(end, now), left(end, change));
        }

        #[test]
        fn the_per_cent_are_the_same_until_their_next_change(
            length in 1i64..6_000_000, age in 0.0..1.1f64,
        ) {
            let life = Lifetime::new(at(0), at(length));
            let now = at((length as f64 * age) as i64);
            let Some(change) = next_percent_change(&life, now) else {
                prop_assert_eq!(percent(&life, now), 0);
                return Ok(());
            };
            prop_assert!(change > now);
            prop_assert_eq!(percent(&life, now), percent(&life, nanosecond_before(change)));
            prop_assert_ne!(percent(&life, now), percent(&life, change));
        }
    }
}
