//! Points in time of the whole range of BSON dates as ISO 8601: some 292 million years to both sides, which calendars of
//! libraries do not reach.

const DAY: i64 = 86_400_000;

/// Milliseconds since 1970 as a text: `2026-01-31T23:59:59Z`, with milliseconds where there are some. Years beyond four
/// digits have a sign, as ISO 8601 wants it: `+10000-01-01T00:00:00Z`, `-0001-12-31T00:00:00Z`.
pub fn iso_text(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        other => format!("{other:+05}"),
    };
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    let fraction = if rest % 1000 == 0 { String::new() } else { format!(".{:03}", rest % 1000) };
    format!("{year}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}{fraction}Z")
}

/// Reads what [`iso_text`] writes, and the other common spellings: a date alone, a space in the place of the `T`, an
/// offset from UTC, digits beyond milliseconds, which are cut off. `None` where the text is no point in time, or none
/// that BSON has.
pub fn parse_iso(text: &str) -> Option<i64> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (year, rest) = unsigned.split_once('-')?;
    let is_expanded = unsigned.len() < text.len();
    if !(4..=9).contains(&year.len()) || (!is_expanded && year.len() > 4) {
        return None;
    }
    let year = number(year)?;
    let (year, month, day) = (if negative { -year } else { year }, two(rest, 0)?, two(rest, 3)?);
    if rest.as_bytes().get(2) != Some(&b'-') || !(1..=12).contains(&month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    if civil(days) != (year, month, day) {
        return None;
    }
    let time = time_of_day(rest.get(5..)?)?;
    i64::try_from(i128::from(days) * i128::from(DAY) + i128::from(time)).ok()
}

/// Milliseconds since midnight, UTC: what follows the date.
fn time_of_day(text: &str) -> Option<i64> {
    let Some(time) = text.strip_prefix(['T', 't', ' ']) else { return text.is_empty().then_some(0) };
    let separated = |at: usize| time.as_bytes().get(at) == Some(&b':');
    let (hours, minutes) = (two(time, 0)?, two(time, 3)?);
    let (seconds, rest) = if separated(5) { (two(time, 6)?, time.get(8..)?) } else { (0, time.get(5..)?) };
    if !separated(2) || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let (millis, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, zone) = rest.split_at(digits);
            let padded: String = fraction.chars().chain("000".chars()).take(3).collect();
            (number(&padded).filter(|_| digits > 0)?, zone)
        }
        None => (0, rest),
    };
    Some((hours * 3600 + minutes * 60 + seconds) * 1000 + millis - offset(zone)?)
}

/// Milliseconds that a zone is ahead of UTC. No zone at all is UTC.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first() {
        None => return Some(0),
        Some(b'Z' | b'z') => return (zone.len() == 1).then_some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let (hours, minutes) = match zone.len() {
        3 => (two(zone, 1)?, 0),
        5 => (two(zone, 1)?, two(zone, 3)?),
        6 if zone.as_bytes().get(3) == Some(&b':') => (two(zone, 1)?, two(zone, 4)?),
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn two(text: &str, at: usize) -> Option<i64> {
    number(text.get(at..at + 2)?)
}

fn number(digits: &str) -> Option<i64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Year, month and day of a day since 1970, in the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms", `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let (day, month) = (
        of_year - (153 * from_march + 2) / 5 + 1,
        if from_march < 10 { from_march + 3 } else { from_march - 9 },
    );
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The other way: `days_from_civil` of the same source.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_whole_range_is_told_as_what_it_is() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+10000-01-01T00:00:00Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00Z"),
            (-62_167_219_200_001, "-0001-12-31T23:59:59.999Z"),
            (i64::MAX, "+292278994-08-17T07:12:55.807Z"),
            (i64::MIN, "-292275055-05-16T16:47:04.192Z"),
        ] {
            assert_eq!(iso_text(millis), text);
            assert_eq!(parse_iso(text), Some(millis));
        }
    }

    #[test]
    fn common_spellings_are_read_and_nothing_else() {
        for (text, millis) in [
            ("2026-01-31", Some(1_769_817_600_000)),
            ("2026-01-31 01:00", Some(1_769_821_200_000)),
            ("2026-01-31T01:00:00.1234567+01:00", Some(1_769_817_600_123)),
            ("2026-01-31T01:00:00+0100", Some(1_769_817_600_000)),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-01-31T24:00:00Z", None),
            ("2026-01-31T01:00:00.Z", None),
            ("2026-01-31x", None),
            ("26-01-31", None),
            ("12026-01-31", None),
            ("+999999999-01-01T00:00:00Z", None),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(parse_iso(text), millis, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_date_comes_back(millis in any::<i64>()) {
            prop_assert_eq!(parse_iso(&iso_text(millis)), Some(millis));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9TZ:. é]{0,30}") {
            let _ = parse_iso(&text);
        }
    }
}
