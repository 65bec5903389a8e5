//! Rate limits on credentials: how often one account, and one address, may be tried.
//!
//! What counts is a wrong guess. A try takes its cell before the password is looked at, so that a thousand guesses at once
//! are no better than one after the other, and gets it back when it was right: whoever knows the password is not kept
//! out by using it. Registrations, and what sends mail, are paid for in any case. An account that nobody has is
//! counted as one that somebody has.
//!
//! Time is governor's own monotonic clock, not the App's: that one can be moved, and moving it by a day must neither
//! hand out a day of guesses nor, frozen, keep somebody out for ever.

mod cells;

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter};
use sha2::{Digest, Sha256};

use super::failure::Failure;
use super::request::RequestFacts;
use cells::Cells;

/// So many tries at once, and as many again spread over a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tries at once.
    pub tries: NonZeroU32,
    /// Until as many may be made again.
    pub within: Duration,
}

/// How often credentials may be tried; `None`: as often as somebody likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Wrong guesses at one account, from wherever they come.
    pub account: Option<Rate>,
    /// Wrong guesses, registrations and mails that come from one address, or from one IPv6 /64.
    pub address: Option<Rate>,
}

impl RateLimits {
    /// No limits.
    pub const OFF: Self = Self { account: None, address: None };
}

impl Default for RateLimits {
    /// 30 in half an hour for an account, 600 in five minutes for an address: out of reach for people and for tests,
    /// hopeless for whoever guesses.
    fn default() -> Self {
        let rate = |tries, seconds| {
            NonZeroU32::new(tries).map(|tries| Rate { tries, within: Duration::from_secs(seconds) })
        };
        Self { account: rate(30, 30 * 60), address: rate(600, 5 * 60) }
    }
}

/// The limits of one App, with what was tried so far. In memory: a restart forgets it.
pub struct Limiters {
    account: Option<Limiter<[u8; 32]>>,
    address: Option<Limiter<IpAddr>>,
}

impl Limiters {
    pub fn new(limits: RateLimits) -> Self {
        Self {
            account: limits.account.map(|rate| Limiter::new(rate, DefaultClock::default())),
            address: limits.address.map(|rate| Limiter::new(rate, DefaultClock::default())),
        }
    }

    /// Takes what one guess at `account` costs; refused if there is nothing left. `account` is as the client named it.
    pub fn attempt(&self, account: Option<&str>, request: &RequestFacts) -> Result<Attempt<'_>, Failure> {
        self.take(account.map(|account| key_of("guess", account)), request)
    }

    /// Takes what a registration or a mail costs, whatever comes of it. It does not count as a guess: nobody keeps the
    /// owner of an address out by having mails sent there.
    pub fn request(&self, email: Option<&str>, request: &RequestFacts) -> Result<(), Failure> {
        self.take(email.map(|email| key_of("request", email)), request).map(drop)
    }

    fn take(&self, account: Option<[u8; 32]>, request: &RequestFacts) -> Result<Attempt<'_>, Failure> {
        let refused = |wait| Failure::TooManyAttempts { wait };
        let address = self.address.as_ref().zip(request.remote_address.map(network_of));
        if let Some((limiter, address)) = &address {
            limiter.take(address).map_err(refused)?;
        }
        let account = self.account.as_ref().zip(account);
        if let Some((limiter, account)) = &account {
            // The cell of the address stays taken: this was a try as well.
            limiter.take(account).map_err(refused)?;
        }
        Ok(Attempt { account, address })
    }
}

/// A try that was paid for.
#[must_use]
pub struct Attempt<'a> {
    account: Option<(&'a Limiter<[u8; 32]>, [u8; 32])>,
    address: Option<(&'a Limiter<IpAddr>, IpAddr)>,
}

impl Attempt<'_> {
    /// Gives back what it cost, unless `outcome` says that a guess was wrong.
    pub fn settle<T>(self, outcome: &Result<T, Failure>) {
        if outcome.as_ref().err().is_some_and(Failure::is_wrong_guess) {
            return;
        }
        if let Some((limiter, account)) = self.account {
            limiter.give_back(&account);
        }
        if let Some((limiter, address)) = self.address {
            limiter.give_back(&address);
        }
    }
}

/// Names are as long as somebody makes them; the hash of one is not, and says nothing of who it is.
fn key_of(purpose: &str, account: &str) -> [u8; 32] {
    Sha256::digest(format!("{purpose}\0{}", account.to_lowercase())).into()
}

/// Whoever has one IPv6 address has at least a /64 of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 => v4,
    }
}

/// One limit, for each key on its own.
struct Limiter<K: Clone + Eq + Hash, C: Clock = DefaultClock> {
    limiter: RateLimiter<K, Cells<K>, C, NoOpMiddleware<C::Instant>>,
    cells: Cells<K>,
    clock: C,
    one: Duration,
}

impl<K: Clone + Eq + Hash, C: Clock + Clone> Limiter<K, C> {
    fn new(rate: Rate, clock: C) -> Self {
        let one = (rate.within / rate.tries.get()).max(Duration::from_nanos(1));
        // Only a period of zero makes no quota.
        let quota = Quota::with_period(one).unwrap_or(Quota::per_second(rate.tries)).allow_burst(rate.tries);
        let cells = Cells::default();
        let limiter = RateLimiter::new(quota, cells.clone(), clock.clone());
        Self { limiter, cells, clock, one }
    }

    /// Takes one; otherwise how long until there is one again.
    fn take(&self, key: &K) -> Result<(), Duration> {
        if self.cells.are_full() {
            self.limiter.retain_recent();
            self.cells.make_room();
        }
        self.limiter.check_key(key).map_err(|not| not.wait_time_from(self.clock.now()))
    }

    fn give_back(&self, key: &K) {
        self.cells.give_back(key, self.one);
    }
}

/// `Retry-After` has whole seconds.
pub fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;
    use governor::state::keyed::ShrinkableKeyedStateStore;

    use super::*;

    fn rate(tries: u32, seconds: u64) -> Rate {
        Rate { tries: NonZeroU32::new(tries).unwrap(), within: Duration::from_secs(seconds) }
    }

    fn from(address: &str) -> RequestFacts {
        RequestFacts { remote_address: Some(address.parse().unwrap()), ..RequestFacts::default() }
    }

    #[test]
    fn tries_come_back_with_time_and_when_they_were_right() {
        let clock = FakeRelativeClock::default();
        let limiter = Limiter::new(rate(3, 30), clock.clone());
        for _ in 0..100 {
            limiter.take(&"a").unwrap();
            limiter.give_back(&"a");
        }
        for _ in 0..3 {
            limiter.take(&"a").unwrap();
        }
        assert_eq!(limiter.take(&"a"), Err(Duration::from_secs(10)));
        limiter.take(&"b").unwrap();
        clock.advance(Duration::from_secs(4));
        assert_eq!(limiter.take(&"a"), Err(Duration::from_secs(6)));
        clock.advance(Duration::from_secs(6));
        limiter.take(&"a").unwrap();
        assert!(limiter.take(&"a").is_err());
        clock.advance(Duration::from_secs(3600));
        for _ in 0..3 {
            limiter.take(&"a").unwrap();
        }
        assert!(limiter.take(&"a").is_err(), "no more than at once, however long ago the last was");
    }

    #[test]
    fn memory_is_bounded_and_those_who_tried_most_are_remembered() {
        let limiter = Limiter::new(rate(3, 30), FakeRelativeClock::default());
        for _ in 0..3 {
            limiter.take(&u64::MAX).unwrap();
        }
        for key in 0..3 * cells::MOST as u64 {
            limiter.take(&key).unwrap();
            assert!(limiter.cells.len() <= cells::MOST);
        }
        assert!(limiter.take(&u64::MAX).is_err());
    }

    #[test]
    fn only_wrong_guesses_count_for_the_account_and_the_address() {
        let limiters = Limiters::new(RateLimits { account: Some(rate(2, 60)), address: Some(rate(4, 60)) });
        let guess = |account, address, outcome: Result<(), Failure>| {
            limiters.attempt(account, &from(address)).map(|attempt| attempt.settle(&outcome)).is_ok()
        };
        let wrong = || Err(Failure::InvalidCredentials);
        for _ in 0..10 {
            assert!(guess(Some("a"), "192.0.2.1", Ok(())));
            assert!(guess(Some("a"), "192.0.2.1", Err(Failure::MissingParameter("password"))));
        }
        assert!(guess(Some("a"), "192.0.2.1", wrong()));
        assert!(guess(Some("A"), "192.0.2.2", wrong()));
        assert!(!guess(Some("a"), "192.0.2.3", Ok(())), "an account is one, wherever it is tried from");
        assert!(guess(Some("b"), "192.0.2.1", wrong()));
        assert!(guess(None, "192.0.2.1", wrong()));
        assert!(guess(None, "::ffff:192.0.2.1", wrong()));
        assert!(!guess(Some("c"), "192.0.2.1", Ok(())), "an address is one, whatever it tries");
        assert!(guess(Some("c"), "192.0.2.9", Ok(())));
    }

    #[test]
    fn requests_count_for_an_email_without_keeping_its_owner_out() {
        let limiters = Limiters::new(RateLimits { account: Some(rate(2, 60)), address: None });
        for _ in 0..2 {
            limiters.request(Some("a@example.com"), &from("192.0.2.1")).unwrap();
        }
        let refused = limiters.request(Some("a@example.com"), &from("192.0.2.2")).unwrap_err();
        assert!(matches!(refused, Failure::TooManyAttempts { .. }) && refused.retry_after() == Some(30));
        assert!(limiters.attempt(Some("a@example.com"), &from("192.0.2.1")).is_ok());
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let limiters = Limiters::new(RateLimits { account: None, address: Some(rate(1, 60)) });
        limiters.request(None, &from("2001:db8::1")).unwrap();
        assert!(limiters.request(None, &from("2001:db8::ffff:2")).is_err());
        limiters.request(None, &from("2001:db8:0:1::1")).unwrap();
    }

    #[test]
    fn waits_are_whole_seconds_from_one_up() {
        for (milliseconds, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2)] {
            assert_eq!(whole_seconds(Duration::from_millis(milliseconds)), seconds);
        }
    }
}
