//! How long tokens live.

use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// The last instant that the storage, which counts milliseconds, and jiff both know.
pub(super) const LATEST: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// How long tokens of a session live. Whole seconds count, and at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of an access token, from the login or refresh that issued it.
    pub access: Duration,
    /// Of the refresh token, from the login; a refresh does not extend it.
    pub refresh: Duration,
}

impl Default for Lifetimes {
    /// What the hosted service had: 30 minutes and 60 days (section 5.2).
    fn default() -> Self {
        Self { access: Duration::from_secs(30 * 60), refresh: Duration::from_secs(60 * 24 * 60 * 60) }
    }
}

impl Lifetimes {
    /// Refresh lifetime of an anonymous session at the hosted service: 50 years (section 5.2).
    pub(super) const ANONYMOUS_REFRESH: Duration = Duration::from_secs(1_576_800_000);
}

/// `lifetime` after `now`, in whole seconds; the end of representable time if that is further than it.
pub(super) fn expiry(now: Timestamp, lifetime: Duration) -> Timestamp {
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX).max(1);
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(LATEST).min(LATEST)
}

/// A lifetime as people write it, such as `30m`, `1h30m` or `60d`: whole seconds, at least one; a day has 24 hours.
///
/// # Errors
/// When it is none; the text says what a lifetime is.
pub fn parse_lifetime(text: &str) -> Result<Duration, &'static str> {
    const FORM: &str = "expected a time, as in 30m, 1h30m or 60d";
    let span: Span = text.parse().map_err(|_| FORM)?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err("months and years vary in length, use days");
    }
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| FORM)?;
    let duration = Duration::try_from(duration).map_err(|_| "a lifetime is at least 1s")?;
    if duration < Duration::from_secs(1) {
        return Err("a lifetime is at least 1s");
    }
    if duration.subsec_nanos() != 0 {
        return Err("a lifetime has whole seconds");
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_at_least_a_second_off_and_never_overflows() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (lifetime, expected) in [
            (Duration::ZERO, "2026-01-01T00:00:01Z"),
            (Duration::from_millis(1900), "2026-01-01T00:00:01Z"),
            (Lifetimes::default().access, "2026-01-01T00:30:00Z"),
            (Lifetimes::default().refresh, "2026-03-02T00:00:00Z"),
        ] {
            assert_eq!(expiry(now, lifetime), expected.parse().unwrap(), "{lifetime:?}");
        }
        assert_eq!(expiry(now, Duration::MAX), LATEST);
    }

    #[test]
    fn lifetimes_are_whole_seconds_from_one_up() {
        for (text, seconds) in [
            ("1s", 1),
            ("30m", 1800),
            ("1h30m", 5400),
            ("1h 30m", 5400),
            ("60d", 5_184_000),
            ("2w", 1_209_600),
            ("PT5S", 5),
        ] {
            assert_eq!(parse_lifetime(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for (text, says) in [
            ("", "expected a time"),
            ("soon", "expected a time"),
            ("30", "expected a time"),
            ("99999999999999999999d", "expected a time"),
            ("0s", "at least 1s"),
            ("500ms", "at least 1s"),
            ("-5s", "at least 1s"),
            ("1500ms", "whole seconds"),
            ("1mo", "use days"),
            ("1y", "use days"),
        ] {
            let error = parse_lifetime(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
