//! Rate limits: how often one address may guess at one account, and at all of them, and how many rows and mails it may
//! cause without a credential.
//!
//! A limit meets the one who fails. Wrong guesses count for the address that they came from, so that nobody keeps the owner
//! of an account out from elsewhere. A guess takes its cell before the password is looked at, so that a thousand at once are
//! no better than one after the other, and gets it back when it was right. An address that has used its guesses up is not
//! turned away unseen: what it sends is looked at in a slow line, so that a right credential passes there as well, and a
//! wrong one is told to wait. An account that nobody has is counted as one that somebody has.
//!
//! Whatever cannot be guessed (API keys, signed tokens, the tokens in mails, the control token) has no limit: it would only
//! keep out whoever shares an address with somebody else.
//!
//! Time is the monotonic clock, not the App's: that one can be moved, and moving it by a day must neither hand out a day of
//! guesses nor, frozen, keep somebody out for ever.

mod cells;
mod lines;

use std::future::Future;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::{Quota, RateLimiter};
use sha2::{Digest, Sha256};

use super::failure::Failure;
use super::request::RequestFacts;
use cells::Cells;
use lines::{AtOnce, SlowLine};

/// Guesses that one address may have under way. More wait for their turn: hashing is what a guess costs, and one address
/// must not have all of it.
const AT_ONCE: u32 = 16;

/// So many tries at once, and as many again spread over a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tries at once.
    pub tries: NonZeroU32,
    /// Until as many may be made again.
    pub within: Duration,
}

/// How often credentials may be tried, and how much may be asked for without one; `None`: as often as somebody likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Wrong guesses at one account from one address.
    pub account: Option<Rate>,
    /// Wrong guesses from one address, or from one IPv6 /64; and, counted apart from them, its anonymous log-ins,
    /// registrations and mails.
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
    /// What an address tried at one account, or asked for in the name of one email.
    account: Option<Limiter<[u8; 32]>>,
    guesses: Option<Limiter<IpAddr>>,
    requests: Option<Limiter<IpAddr>>,
    at_once: AtOnce<(IpAddr, bool)>,
    slow: SlowLine<[u8; 32]>,
}

impl Limiters {
    pub fn new(limits: RateLimits) -> Self {
        // No more at once than may be wrong: those that are right then never meet an empty limit.
        let rates = [limits.account, limits.address];
        let at_once = rates.iter().flatten().map(|rate| rate.tries.get()).fold(AT_ONCE, u32::min);
        let of_address = || limits.address.map(|rate| Limiter::new(rate, DefaultClock::default()));
        Self {
            account: limits.account.map(|rate| Limiter::new(rate, DefaultClock::default())),
            guesses: of_address(),
            requests: of_address(),
            at_once: AtOnce::new(at_once as usize),
            slow: SlowLine::default(),
        }
    }

    /// What `check` finds of a credential that can be guessed, which is looked at in its turn. `account` is as the client
    /// named it. Whoever has used the guesses up and is wrong again is told to wait.
    pub async fn guess<T>(
        &self,
        account: Option<&str>,
        request: &RequestFacts,
        check: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let address = network_of(request);
        let mut taken = Taken::default();
        let (wait, line) = {
            let _turn = self.at_once.turn((address, account.is_some())).await;
            match self.take(account, address, &mut taken) {
                Ok(()) => {
                    let outcome = check.await;
                    taken.settle(&outcome);
                    return outcome;
                }
                Err(used_up) => used_up,
            }
        };
        if !self.slow.turn(line).await {
            return Err(Failure::TooManyAttempts { wait });
        }
        let outcome = check.await;
        taken.settle(&outcome);
        match outcome {
            Err(failure) if failure.is_wrong_guess() => Err(Failure::TooManyAttempts { wait }),
            outcome => outcome,
        }
    }

    /// Pays for a guess; otherwise how long until there is one again, and the slow line of the limit that is used up.
    fn take<'a>(
        &'a self,
        account: Option<&str>,
        address: IpAddr,
        taken: &mut Taken<'a>,
    ) -> Result<(), (Duration, [u8; 32])> {
        if let Some(limiter) = &self.guesses {
            limiter.take(&address).map_err(|wait| (wait, key_of("guess", None, address)))?;
            taken.address = Some((limiter, address));
        }
        if let Some((limiter, account)) = self.account.as_ref().zip(account) {
            let key = key_of("guess", Some(account), address);
            limiter.take(&key).map_err(|wait| (wait, key))?;
            taken.account = Some((limiter, key));
        }
        Ok(())
    }

    /// Takes what an anonymous log-in, a registration or a mail costs, whatever comes of it. It does not count as a guess,
    /// and what others ask for in the name of `email` does not count for its owner.
    pub fn request(&self, email: Option<&str>, request: &RequestFacts) -> Result<(), Failure> {
        let refused = |wait| Failure::TooManyAttempts { wait };
        let address = network_of(request);
        if let Some(limiter) = &self.requests {
            limiter.take(&address).map_err(refused)?;
        }
        if let Some((limiter, email)) = self.account.as_ref().zip(email) {
            limiter.take(&key_of("request", Some(email), address)).map_err(refused)?;
        }
        Ok(())
    }
}

/// What a guess was paid with.
#[derive(Default)]
struct Taken<'a> {
    account: Option<(&'a Limiter<[u8; 32]>, [u8; 32])>,
    address: Option<(&'a Limiter<IpAddr>, IpAddr)>,
}

impl Taken<'_> {
    /// Gives it back, unless `outcome` says that the guess was wrong.
    fn settle<T>(self, outcome: &Result<T, Failure>) {
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
fn key_of(purpose: &str, account: Option<&str>, address: IpAddr) -> [u8; 32] {
    let account = account.unwrap_or_default().to_lowercase();
    Sha256::digest(format!("{purpose}\0{address}\0{account}")).into()
}

/// Where a request comes from, as limits count it: whoever has one IPv6 address has at least a /64 of them.
pub fn network_of(request: &RequestFacts) -> IpAddr {
    // Without an address it came over no network: all of those are one.
    let address = request.remote_address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
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

    fn wrong() -> Result<(), Failure> {
        Err(Failure::InvalidCredentials)
    }

    fn limiters(account: Option<Rate>, address: Option<Rate>) -> Limiters {
        Limiters::new(RateLimits { account, address })
    }

    async fn guess(
        limiters: &Limiters,
        account: Option<&str>,
        address: &str,
        outcome: Result<(), Failure>,
    ) -> Result<(), Failure> {
        limiters.guess(account, &from(address), async { outcome }).await
    }

    #[track_caller]
    fn assert_told_to_wait(outcome: Result<(), Failure>) {
        assert!(matches!(outcome, Err(Failure::TooManyAttempts { .. })), "{outcome:?}");
    }

    /// The kind: a limit that meets those who did nothing wrong.
    #[tokio::test(start_paused = true)]
    async fn a_limit_meets_those_who_fail_and_never_a_right_credential() {
        let limiters = limiters(Some(rate(2, 60)), Some(rate(100, 60)));
        for _ in 0..10 {
            guess(&limiters, Some("a"), "192.0.2.1", Ok(())).await.unwrap();
            let odd =
                guess(&limiters, Some("a"), "192.0.2.1", Err(Failure::MissingParameter("password"))).await;
            assert!(matches!(odd, Err(Failure::MissingParameter(_))));
        }
        for account in ["a", "A"] {
            let outcome = guess(&limiters, Some(account), "192.0.2.1", wrong()).await;
            assert!(matches!(outcome, Err(Failure::InvalidCredentials)));
        }
        for _ in 0..5 {
            assert_told_to_wait(guess(&limiters, Some("a"), "192.0.2.1", wrong()).await);
        }
        // The owner, from another address and from the one that guesses; and other accounts.
        guess(&limiters, Some("a"), "192.0.2.2", Ok(())).await.unwrap();
        guess(&limiters, Some("a"), "192.0.2.1", Ok(())).await.unwrap();
        let other = guess(&limiters, Some("b"), "192.0.2.1", wrong()).await;
        assert!(matches!(other, Err(Failure::InvalidCredentials)));
    }

    #[tokio::test(start_paused = true)]
    async fn all_guesses_of_an_address_count_together_and_an_ipv6_network_is_one() {
        let limiters = limiters(None, Some(rate(3, 60)));
        for (account, address) in
            [(Some("a"), "2001:db8::1"), (None, "2001:db8::ffff:2"), (Some("b"), "2001:db8::3")]
        {
            let outcome = guess(&limiters, account, address, wrong()).await;
            assert!(matches!(outcome, Err(Failure::InvalidCredentials)));
        }
        assert_told_to_wait(guess(&limiters, Some("c"), "2001:db8::4", wrong()).await);
        guess(&limiters, Some("c"), "2001:db8::4", Ok(())).await.unwrap();
        let other = guess(&limiters, Some("c"), "2001:db8:0:1::1", wrong()).await;
        assert!(matches!(other, Err(Failure::InvalidCredentials)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_at_once_are_no_better_than_one_after_the_other_and_right_ones_all_pass() {
        let limiters = limiters(Some(rate(30, 1800)), Some(rate(600, 300)));
        let at_once = |outcome: fn() -> Result<(), Failure>| {
            let one = move || async move {
                // As hashing does, it takes its time.
                tokio::time::sleep(Duration::from_millis(20)).await;
                outcome()
            };
            let request = from("192.0.2.1");
            let limiters = &limiters;
            let guesses = (0..1000).map(move |_| {
                let request = request.clone();
                async move { limiters.guess(Some("a"), &request, one()).await }
            });
            futures_util::future::join_all(guesses)
        };
        assert!(at_once(|| Ok(())).await.into_iter().all(|outcome| outcome.is_ok()));
        let outcomes = at_once(wrong).await;
        let looked_at = outcomes.iter().filter(|o| matches!(o, Err(Failure::InvalidCredentials))).count();
        assert_eq!(looked_at, 30);
        assert!(outcomes.iter().all(Result::is_err));
    }

    #[test]
    fn requests_count_for_an_address_and_not_for_the_owner_of_an_email() {
        let limiters = limiters(Some(rate(2, 60)), Some(rate(4, 60)));
        let ask = |email, address| limiters.request(email, &from(address));
        for _ in 0..2 {
            ask(Some("a@example.com"), "192.0.2.1").unwrap();
        }
        let refused = ask(Some("A@example.com"), "192.0.2.1").unwrap_err();
        assert!(matches!(refused, Failure::TooManyAttempts { .. }) && refused.retry_after() == Some(30));
        ask(Some("a@example.com"), "192.0.2.2").unwrap();
        ask(None, "192.0.2.1").unwrap();
        assert!(ask(None, "192.0.2.1").is_err(), "an address asks so often, whatever for");
        ask(None, "192.0.2.2").unwrap();
    }

    #[test]
    fn waits_are_whole_seconds_from_one_up() {
        for (milliseconds, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2)] {
            assert_eq!(whole_seconds(Duration::from_millis(milliseconds)), seconds);
        }
    }
}
