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
    /// Where it is known from.
    #[serde(default)]
    pub source: LifetimeSource,
}

/// Where a lifetime is known from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LifetimeSource {
    /// The token's own claims (RFC 7519, section 4.1).
    #[default]
    Claims,
    /// The answer that brought the token: `expires_in` (RFC 6749, section 5.1), `expires_at`.
    Answer,
    /// A record of the session at the service.
    Record,
    /// What the service usually does; it did not say.
    Default,
}

/// How long before its expiry a token is renewed: the smaller of the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lead {
    /// A share of the token's life, from 0 to 1.
    pub share: f64,
    /// A length of time.
    pub longest: SignedDuration,
}

impl Default for Lead {
    /// A fifth of the life, at most five minutes.
    fn default() -> Self {
        Self { share: 0.2, longest: SignedDuration::from_mins(5) }
    }
}

impl Lifetime {
    /// The life that a token's claims say.
    pub fn new(issued: Timestamp, expires: Timestamp) -> Self {
        Self { issued, expires, source: LifetimeSource::Claims }
    }

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

    /// The same life by a clock that is `skew` behind the one that issued it.
    pub fn by_clock_behind(&self, skew: SignedDuration) -> Self {
        let shift = |at: Timestamp| at.saturating_sub(skew).unwrap_or(at);
        Self { issued: shift(self.issued), expires: shift(self.expires), source: self.source }
    }

    /// How long before the expiry the window for a renewal opens.
    pub fn renewal_lead(&self, lead: Lead) -> SignedDuration {
        let share = self.length().max(SignedDuration::ZERO).as_secs_f64() * lead.share.clamp(0.0, 1.0);
        SignedDuration::try_from_secs_f64(share).unwrap_or_default().min(lead.longest)
    }

    /// When to renew. `jitter` from 0 to 1 spreads renewals over the first half of the lead, so that users who logged
    /// in together do not all renew in one second, and half of the lead remains for tries.
    pub fn renewal_time(&self, lead: Lead, jitter: f64) -> Timestamp {
        let lead = self.renewal_lead(lead).as_secs_f64() * (1.0 - jitter.clamp(0.0, 1.0) / 2.0);
        let lead = SignedDuration::try_from_secs_f64(lead).unwrap_or_default();
        self.expires.saturating_sub(lead).unwrap_or(self.expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(seconds: i64) -> Lifetime {
        let issued = Timestamp::from_second(1_700_000_000).unwrap();
        Lifetime::new(issued, issued + SignedDuration::from_secs(seconds))
    }

    #[test]
    fn the_lead_is_a_fifth_but_never_more_than_five_minutes() {
        assert_eq!(lifetime(20).renewal_lead(Lead::default()), SignedDuration::from_secs(4));
        assert_eq!(lifetime(1800).renewal_lead(Lead::default()), SignedDuration::from_mins(5));
        assert_eq!(lifetime(-5).renewal_lead(Lead::default()), SignedDuration::ZERO);
    }

    #[test]
    fn renewal_falls_into_the_first_half_of_the_lead() {
        let life = lifetime(1800);
        assert_eq!(life.remaining(life.renewal_time(Lead::default(), 0.0)), SignedDuration::from_secs(300));
        assert_eq!(life.remaining(life.renewal_time(Lead::default(), 1.0)), SignedDuration::from_secs(150));
    }

    #[test]
    fn a_lead_can_be_chosen() {
        let lead = Lead { share: 0.5, longest: SignedDuration::from_secs(60) };
        assert_eq!(lifetime(100).renewal_lead(lead), SignedDuration::from_secs(50));
        assert_eq!(lifetime(1800).renewal_lead(lead), SignedDuration::from_secs(60));
    }

    #[test]
    fn a_life_is_the_same_length_by_any_clock() {
        let life = lifetime(100);
        let ahead = life.by_clock_behind(SignedDuration::from_secs(30));
        assert_eq!(ahead.length(), life.length());
        assert_eq!(life.expires.duration_since(ahead.expires), SignedDuration::from_secs(30));
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
