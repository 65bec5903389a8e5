//! How long a token lives.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// From when to when something is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetime {
    /// When it was issued.
    pub issued: Timestamp,
    /// The first moment at which it is no longer valid (RFC 7519, section 4.1.4).
    pub expires: Timestamp,
}

/// The longest lead before an expiry at which a token is renewed.
const LONGEST_LEAD: SignedDuration = SignedDuration::from_mins(5);

impl Lifetime {
    /// The whole life.
    pub fn length(&self) -> SignedDuration {
        self.expires.duration_since(self.issued)
    }

    /// What is left at `now`; negative after the expiry.
    pub fn remaining(&self, now: Timestamp) -> SignedDuration {
        self.expires.duration_since(now)
    }

    /// Whether it is over at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    /// The share of the life that is left at `now`, from 0 to 1.
    pub fn share_left(&self, now: Timestamp) -> f64 {
        let length = self.length().as_secs_f64();
        if length <= 0.0 { 0.0 } else { (self.remaining(now).as_secs_f64() / length).clamp(0.0, 1.0) }
    }

    /// How long before the expiry a renewal is due at the latest start of its window: the smaller of a fifth of the
    /// life and five minutes.
    pub fn renewal_lead(&self) -> SignedDuration {
        (self.length().max(SignedDuration::ZERO) / 5).min(LONGEST_LEAD)
    }

    /// When to renew. `jitter` from 0 to 1 spreads renewals over the first half of the lead, so that users who logged
    /// in together do not all renew in one second, and half of the lead remains for tries.
    pub fn renewal_time(&self, jitter: f64) -> Timestamp {
        let lead = self.renewal_lead().as_secs_f64() * (1.0 - jitter.clamp(0.0, 1.0) / 2.0);
        let lead = SignedDuration::try_from_secs_f64(lead).unwrap_or_default();
        self.expires.saturating_sub(lead).unwrap_or(self.expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(seconds: i64) -> Lifetime {
        let issued = Timestamp::from_second(1_700_000_000).unwrap();
        Lifetime { issued, expires: issued + SignedDuration::from_secs(seconds) }
    }

    #[test]
    fn the_lead_is_a_fifth_but_never_more_than_five_minutes() {
        assert_eq!(lifetime(20).renewal_lead(), SignedDuration::from_secs(4));
        assert_eq!(lifetime(1800).renewal_lead(), SignedDuration::from_mins(5));
        assert_eq!(lifetime(-5).renewal_lead(), SignedDuration::ZERO);
    }

    #[test]
    fn renewal_falls_into_the_first_half_of_the_lead() {
        let life = lifetime(1800);
        assert_eq!(life.remaining(life.renewal_time(0.0)), SignedDuration::from_secs(300));
        assert_eq!(life.remaining(life.renewal_time(1.0)), SignedDuration::from_secs(150));
    }

    #[test]
    fn the_share_left_runs_from_one_to_nothing() {
        let life = lifetime(100);
        assert_eq!(life.share_left(life.issued), 1.0);
        assert_eq!(life.share_left(life.issued + SignedDuration::from_secs(75)), 0.25);
        assert_eq!(life.share_left(life.expires + SignedDuration::from_secs(75)), 0.0);
        assert_eq!(lifetime(0).share_left(life.issued), 0.0);
        assert!(life.is_over(life.expires) && !life.is_over(life.issued));
    }
}
