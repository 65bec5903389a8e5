//! How far a server's clock is from ours, and whether that matters.

use jiff::{SignedDuration, Timestamp};

use crate::account::{AccessToken, token};
use crate::clock::Moment;
use crate::vault::KeptClock;

/// `Date` and `iat` are cut to seconds, and answers travel: less than this means nothing.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(2);

/// What is kept is kept anew when it is older than this, though nothing has changed.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// What is known of one app's clock, which is the one that dates its tokens. A fresh token says more than the `Date` of an
/// answer, which may be by another clock; how far the two differ is remembered, so that a `Date` alone tells when both
/// were moved.
#[derive(Debug, Clone, Default)]
pub struct Skew {
    /// The newest reading.
    reading: Option<SignedDuration>,
    /// Whether a token, or the clock itself, gave it.
    is_of_token: bool,
    /// How far the clock of the tokens is ahead of the one of the answers.
    beyond_date: Option<SignedDuration>,
    /// The `Date` of the answer that is looked at.
    date: Option<SignedDuration>,
    /// The time that the clock stands at, if it stands still.
    frozen_at: Option<Timestamp>,
    /// What lifetimes are corrected by. It stays while readings differ from it by no more than their inaccuracy, since
    /// every user of the app is planned anew when it moves.
    settled: SignedDuration,
    /// What the vault holds.
    kept: Option<KeptClock>,
    /// Whether the machine was started since that was read, so that its own clock may have been set meanwhile.
    is_uncertain: bool,
    /// Whether there is a reading that was not looked at for keeping.
    is_new: bool,
}

impl Skew {
    /// Learns from a token that was issued just now.
    pub fn learn_from_token(&mut self, access: &AccessToken, now: Timestamp) {
        let date = self.date.take();
        let Some(issued) = token::issued(&access.claims()) else { return };
        let ahead = issued.duration_since(now);
        if let Some(date) = date {
            let beyond = ahead.saturating_sub(date);
            self.beyond_date = Some(if is_noticeable(beyond) { beyond } else { SignedDuration::ZERO });
        }
        self.take_reading(ahead, true, now);
    }

    /// Learns from the clock itself, which a local App shows to whoever looks after it. As good as a token. Such an App dates
    /// its answers by the same clock.
    pub fn learn_from_clock(&mut self, clock: Timestamp, is_frozen: bool, now: Timestamp) {
        self.beyond_date = Some(SignedDuration::ZERO);
        if is_frozen && self.frozen_at == Some(clock) {
            return;
        }
        self.frozen_at = None;
        self.take_reading(clock.duration_since(now), true, now);
        if is_frozen {
            // Exactly: countdowns stand where the clock does.
            self.settled = clock.duration_since(now);
            self.frozen_at = Some(clock);
        }
    }

    /// Learns from the `Date` of an answer.
    pub fn learn_from_date(&mut self, ahead: Option<SignedDuration>, now: Timestamp) {
        self.date = ahead;
        let Some(ahead) = ahead else { return };
        match self.beyond_date {
            Some(beyond) => self.take_reading(ahead.saturating_add(beyond), self.is_of_token, now),
            None if self.is_of_token => {}
            None => self.take_reading(ahead, false, now),
        }
    }

    /// How far the server is ahead; zero when that is too little to matter, or unknown.
    pub fn ahead(&self) -> SignedDuration {
        self.settled
    }

    /// The same moment by this machine's clock: lifetimes stand still there.
    pub fn stands_at(&self) -> Option<Timestamp> {
        self.frozen_at.map(|at| at.saturating_sub(self.settled).unwrap_or(at))
    }

    /// What another process, or an earlier one, has learnt. The wall clock of this machine may have been set since.
    pub fn recall(kept: KeptClock, now: &Moment) -> Self {
        let set_by = now.wall_was_set_by(&kept.read);
        let ahead = match (kept.frozen_at, set_by) {
            // Its present is when it was read, by whatever clock.
            (None, Some(by)) if is_noticeable(by) => kept.ahead.saturating_sub(by),
            _ => kept.ahead,
        };
        let mut skew = Self {
            reading: Some(ahead),
            is_of_token: kept.beyond_date.is_some(),
            beyond_date: kept.beyond_date,
            frozen_at: kept.frozen_at,
            is_uncertain: set_by.is_none(),
            kept: Some(kept),
            ..Self::default()
        };
        skew.settle();
        if skew.frozen_at.is_some() {
            skew.settled = ahead;
        }
        skew
    }

    /// What the clock was known to be before this machine's own was set, as far as that can be told.
    pub fn after_jump(&self, now: &Moment) -> Self {
        match &self.kept {
            Some(kept) if kept.frozen_at.is_some() || now.wall_was_set_by(&kept.read).is_some() => {
                Self::recall(kept.clone(), now)
            }
            _ => Self { kept: self.kept.clone(), is_uncertain: true, ..Self::default() },
        }
    }

    /// Whether `kept` says something that is not known here.
    pub fn is_news(&self, kept: &KeptClock) -> bool {
        self.kept.as_ref().is_none_or(|known| known.read.wall != kept.read.wall)
    }

    /// Has what is known kept once more: the vault may not have had the App yet.
    pub fn keep_again(&mut self) {
        self.kept = None;
        self.is_new = self.reading.is_some();
    }

    /// What is to be kept in the vault, where that is not what it holds.
    pub fn take_unkept(&mut self, now: impl FnOnce() -> Moment, wall: Timestamp) -> Option<KeptClock> {
        if !std::mem::take(&mut self.is_new) {
            return None;
        }
        let ahead = self.reading?;
        let differs = |one: SignedDuration, other| is_noticeable(one.saturating_sub(other));
        let stands = self.kept.as_ref().is_some_and(|kept| {
            let age = wall.duration_since(kept.read.wall);
            let is_fresh = !self.is_uncertain && !age.is_negative() && age < FRESH;
            let is_same = kept.beyond_date == self.beyond_date
                && kept.frozen_at == self.frozen_at
                && !differs(kept.ahead, ahead);
            is_same && (is_fresh || self.frozen_at.is_some())
        });
        if stands {
            return None;
        }
        let mut read = now();
        if let Some(at) = self.stands_at() {
            // A clock that stands was read when it stood so.
            read.wall = at;
        }
        let kept = KeptClock {
            ahead: if self.frozen_at.is_some() { self.settled } else { ahead },
            beyond_date: self.beyond_date,
            frozen_at: self.frozen_at,
            read,
        };
        self.kept = Some(kept.clone());
        self.is_uncertain = false;
        Some(kept)
    }

    fn take_reading(&mut self, ahead: SignedDuration, is_of_token: bool, now: Timestamp) {
        if let Some(frozen) = self.frozen_at {
            let clock = now.saturating_add(ahead).unwrap_or(now);
            if !is_noticeable(clock.duration_since(frozen)) {
                return;
            }
            self.frozen_at = None;
        }
        (self.reading, self.is_of_token, self.is_new) = (Some(ahead), is_of_token, true);
        self.settle();
    }

    fn settle(&mut self) {
        let reading = self.reading.unwrap_or_default();
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
    use crate::clock::Uptime;
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
        skew.learn_from_date(Some(SignedDuration::from_secs(60)), now);
        assert_eq!(skew.ahead(), SignedDuration::from_secs(60));
        skew.learn_from_token(&token_of(1_700_003_600), now);
        skew.learn_from_date(Some(SignedDuration::from_secs(60)), now);
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

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn moment(second: i64, boot: &str, passed: i64) -> Moment {
        let uptime = Uptime { boot: boot.into(), passed: SignedDuration::from_secs(passed) };
        Moment { wall: at(second), uptime: Some(uptime) }
    }

    const HOUR: i64 = 3600;

    // The kind: what a process has learnt of a clock, and the next one begins without.
    #[test]
    fn what_was_learnt_is_kept_and_counts_from_the_first_look_of_the_next_process() {
        let mut skew = Skew::default();
        skew.learn_from_date(Some(SignedDuration::from_secs(60)), at(1000));
        skew.learn_from_token(&token_of(1000 + HOUR), at(1000));
        let kept = skew.take_unkept(|| moment(1000, "a", 10), at(1000)).unwrap();
        skew.learn_from_token(&token_of(1005 + HOUR), at(1005));
        assert_eq!(skew.take_unkept(|| moment(1005, "a", 15), at(1005)), None, "nothing new");
        skew.learn_from_token(&token_of(2000 + HOUR), at(2000));
        assert!(skew.take_unkept(|| moment(2000, "a", 1010), at(2000)).is_some(), "it was old");

        let later = |now| Skew::recall(kept.clone(), &now).ahead().as_secs();
        assert_eq!(later(moment(1100, "a", 110)), HOUR);
        assert_eq!(later(moment(1100 + HOUR, "a", 110)), 0, "this machine's clock was set right meanwhile");
        assert_eq!(later(moment(1100, "b", 5)), HOUR, "the best that is known after a start");

        // After a start nobody knows whether the clock was set: the first answer tells, and is kept though it says the same.
        let mut recalled = Skew::recall(kept, &moment(1100, "b", 5));
        assert_eq!(recalled.take_unkept(|| moment(1100, "b", 5), at(1100)), None, "no answer came yet");
        recalled.learn_from_date(Some(SignedDuration::from_secs(60)), at(1100));
        assert_eq!(
            recalled.ahead().as_secs(),
            HOUR,
            "the clock that dates answers is another one, as was seen"
        );
        assert!(recalled.take_unkept(|| moment(1100, "b", 5), at(1100)).is_some());
    }

    #[test]
    fn a_date_alone_tells_that_the_clock_was_moved() {
        let mut skew = Skew::default();
        skew.learn_from_date(Some(SignedDuration::ZERO), at(1000));
        skew.learn_from_token(&token_of(1000), at(1000));
        skew.learn_from_date(Some(SignedDuration::from_secs(HOUR)), at(1001));
        assert_eq!(skew.ahead().as_secs(), HOUR);
        skew.learn_from_date(None, at(1002));
        assert_eq!(skew.ahead().as_secs(), HOUR);
    }

    #[test]
    fn a_clock_that_stands_is_kept_and_runs_again_when_an_answer_says_so() {
        let mut skew = Skew::default();
        skew.learn_from_clock(at(5000), true, at(1000));
        let kept = skew.take_unkept(|| moment(1000, "a", 10), at(1000)).unwrap();
        let mut later = Skew::recall(kept, &moment(3000, "a", 2010));
        assert_eq!(later.stands_at(), Some(at(1000)));
        later.learn_from_clock(at(5000), true, at(3000));
        later.learn_from_token(&token_of(5000), at(3000));
        assert_eq!((later.stands_at(), later.ahead().as_secs()), (Some(at(1000)), 4000), "it stands still");
        later.learn_from_date(Some(SignedDuration::from_secs(2100)), at(3000));
        assert_eq!((later.stands_at(), later.ahead().as_secs()), (None, 2100));
    }
}
