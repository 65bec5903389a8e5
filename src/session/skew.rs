//! How far a server's clock is from ours, and whether that matters.

use jiff::{SignedDuration, Timestamp};

use crate::account::{AccessToken, token};

/// `Date` and `iat` are cut to seconds, and answers travel: less than this means nothing.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(2);

/// What is known of one app's clock. A fresh token says more than a `Date`: its expiry is by the same clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Skew {
    from_token: Option<SignedDuration>,
    from_date: Option<SignedDuration>,
    /// What lifetimes are corrected by. It stays while readings differ from it by no more than their inaccuracy, since
    /// every user of the app is planned anew when it moves.
    settled: SignedDuration,
}

impl Skew {
    /// Learns from a token that was issued just now.
    pub fn learn_from_token(&mut self, access: &AccessToken, now: Timestamp) {
        let lifetime = token::lifetime(&access.claims());
        self.from_token = lifetime.map(|life| life.issued.duration_since(now)).or(self.from_token);
        self.settle();
    }

    /// Learns from the clock itself, which a local App shows to whoever looks after it. As good as a token.
    pub fn learn_from_clock(&mut self, ahead: SignedDuration) {
        self.from_token = Some(ahead);
        self.settle();
    }

    /// Learns from the `Date` of an answer.
    pub fn learn_from_date(&mut self, ahead: Option<SignedDuration>) {
        self.from_date = ahead.or(self.from_date);
        self.settle();
    }

    /// How far the server is ahead; zero when that is too little to matter, or unknown.
    pub fn ahead(&self) -> SignedDuration {
        self.settled
    }

    fn settle(&mut self) {
        let reading = self.from_token.or(self.from_date).unwrap_or_default();
        if is_noticeable(reading.saturating_sub(self.settled)) {
            self.settled = if is_noticeable(reading) { reading } else { SignedDuration::ZERO };
        }
    }
}

fn is_noticeable(difference: SignedDuration) -> bool {
    difference.abs() > NOTICEABLE
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn token_of(second: i64) -> AccessToken {
        let claims = format!(r#"{{"iat":{second},"exp":{}}}"#, second + 1800);
        AccessToken::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)))
    }

    #[test]
    fn a_token_says_more_than_a_date_and_little_says_nothing() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut skew = Skew::default();
        assert_eq!(skew.ahead(), SignedDuration::ZERO);
        skew.learn_from_date(Some(SignedDuration::from_secs(60)));
        assert_eq!(skew.ahead(), SignedDuration::from_secs(60));
        skew.learn_from_token(&token_of(1_700_003_600), now);
        skew.learn_from_date(Some(SignedDuration::from_secs(60)));
        assert_eq!(skew.ahead(), SignedDuration::from_secs(3600));
        skew.learn_from_token(&AccessToken::new("opaque"), now);
        assert_eq!(skew.ahead(), SignedDuration::from_secs(3600));
        skew.learn_from_token(&token_of(1_700_000_001), now);
        assert_eq!(skew.ahead(), SignedDuration::ZERO);
    }

    #[test]
    fn readings_about_the_limit_do_not_go_back_and_forth_and_small_steps_add_up() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut skew = Skew::default();
        let mut after = |ahead: i64| {
            skew.learn_from_token(&token_of(1_700_000_000 + ahead), now);
            skew.ahead().as_secs()
        };
        assert_eq!([2, 3, 2, 1, 3].map(&mut after), [0, 3, 3, 3, 3]);
        assert_eq!([4, 5, 6, 7, 8].map(&mut after), [3, 3, 6, 6, 6]);
    }
}
