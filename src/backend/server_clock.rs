//! How far a server's clock is from ours, as its answers show.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// An exchange that took longer says too little about the moment of its answer.
const LONGEST_EXCHANGE: SignedDuration = SignedDuration::from_secs(10);
/// Not a number of milliseconds that a clock can be off by.
const UNKNOWN: i64 = i64::MIN;

/// The last reading of a server's clock.
#[derive(Debug)]
pub struct ServerClock(AtomicI64);

impl Default for ServerClock {
    fn default() -> Self {
        Self(AtomicI64::new(UNKNOWN))
    }
}

impl ServerClock {
    /// Takes a reading: the `Date` (RFC 9110, section 6.6.1) of an answer to a request between two moments of our clock.
    pub fn read(&self, date: &str, sent: Timestamp, received: Timestamp) {
        let exchange = received.duration_since(sent);
        if exchange.is_negative() || exchange > LONGEST_EXCHANGE {
            return;
        }
        let Ok(date) = jiff::fmt::rfc2822::parse(date) else { return };
        // `Date` is cut to seconds: half a second is the best guess of what was cut off.
        let theirs = date.timestamp().as_millisecond() + 500;
        let ours = (sent.as_millisecond() + received.as_millisecond()) / 2;
        self.0.store(theirs - ours, Ordering::Relaxed);
    }

    /// How far the server is ahead, give or take a second, by the last answer; `None` where that was taken already: when this
    /// machine's clock is set, a reading of before says nothing more.
    pub fn take(&self) -> Option<SignedDuration> {
        match self.0.swap(UNKNOWN, Ordering::Relaxed) {
            UNKNOWN => None,
            milliseconds => Some(SignedDuration::from_millis(milliseconds)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_reading_is_taken_from_the_middle_of_the_exchange() {
        let clock = ServerClock::default();
        assert_eq!(clock.take(), None);
        // 2023-11-14T22:13:20Z is 1,700,000,000.
        clock.read("Tue, 14 Nov 2023 22:13:20 GMT", at(1_699_999_939), at(1_699_999_941));
        assert_eq!(clock.take(), Some(SignedDuration::from_millis(60_500)));
        assert_eq!(clock.take(), None, "an answer tells once");
        clock.read("Tue, 14 Nov 2023 22:13:20 GMT", at(1_700_000_060), at(1_700_000_060));
        assert_eq!(clock.take(), Some(SignedDuration::from_millis(-59_500)));
    }

    #[test]
    fn what_says_nothing_is_not_taken() {
        let clock = ServerClock::default();
        clock.read("yesterday", at(0), at(1));
        clock.read("Tue, 14 Nov 2023 22:13:20 GMT", at(0), at(60));
        clock.read("Tue, 14 Nov 2023 22:13:20 GMT", at(5), at(0));
        assert_eq!(clock.take(), None);
    }
}
