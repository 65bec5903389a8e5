//! NumericDate (RFC 7519, section 2): the one way in which a time of a token is read, on either side.

use jiff::Timestamp;
use serde_json::Value;

/// Seconds since 1970 at the end of jiff's range, 9999-12-30T22:00:00Z.
const LAST_SECOND: f64 = 253_402_207_200.0;

/// Reads a NumericDate: a JSON number of seconds since 1970, with or without a fraction or an exponent. What is before or
/// after all times that there are becomes the first or the last of them. `None` for what is no number: a string is no
/// NumericDate.
pub fn read(value: &Value) -> Option<Timestamp> {
    if let Some(seconds) = value.as_i64() {
        let end = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
        return Some(Timestamp::from_second(seconds).unwrap_or(end));
    }
    let seconds = value.as_f64()?;
    if seconds >= LAST_SECOND {
        return Some(Timestamp::MAX);
    }
    let whole = seconds.floor();
    // `as` saturates, and what is too small for a time is the first one.
    let nanoseconds = ((seconds - whole) * 1e9).clamp(0.0, 999_999_999.0) as i32;
    Some(Timestamp::new(whole as i64, nanoseconds).unwrap_or(Timestamp::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    // The kind: a time that is a number as RFC 7519 has it, and was taken for none.
    #[test]
    fn every_form_of_a_number_is_a_time() {
        for (text, at) in [
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("1.7e9", "2023-11-14T22:13:20Z"),
            ("1700000000.0", "2023-11-14T22:13:20Z"),
            ("1700000000.5", "2023-11-14T22:13:20.5Z"),
            ("17E8", "2023-11-14T22:13:20Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("-0.0", "1970-01-01T00:00:00Z"),
            ("-1", "1969-12-31T23:59:59Z"),
            ("-0.5", "1969-12-31T23:59:59.5Z"),
            ("1e-5", "1970-01-01T00:00:00.00001Z"),
        ] {
            let at: Timestamp = at.parse().unwrap();
            assert_eq!(read(&serde_json::from_str(text).unwrap()), Some(at), "{text}");
        }
        for far in
            ["253402300800", "253402207201", "1e308", "9223372036854775807", "18446744073709551615", "1e18"]
        {
            assert_eq!(read(&serde_json::from_str(far).unwrap()), Some(Timestamp::MAX), "{far}");
        }
        for long_ago in ["-1e308", "-9223372036854775808", "-1e18"] {
            assert_eq!(read(&serde_json::from_str(long_ago).unwrap()), Some(Timestamp::MIN), "{long_ago}");
        }
    }

    #[test]
    fn what_is_no_number_is_no_time() {
        for value in [json!("1700000000"), json!(null), json!(true), json!([1_700_000_000]), json!({})] {
            assert_eq!(read(&value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_number_is_read_without_panic_and_later_ones_are_not_earlier(a in any::<f64>(), b in any::<f64>()) {
            let of = |number: f64| serde_json::Number::from_f64(number).and_then(|n| read(&n.into()));
            if let (Some(at), Some(other)) = (of(a), of(b)) {
                prop_assert!(a > b || at <= other);
            }
        }
    }
}
