//! When to try again.

use std::time::Duration;

/// The wait before the first retry is at most this; it doubles with each failure.
const FIRST: Duration = Duration::from_secs(1);
/// No wait is longer, unless the server asks for it.
const LONGEST: Duration = Duration::from_secs(60);
/// A server's wish is heard up to here.
const LONGEST_WISH: Duration = Duration::from_secs(3600);

/// The wait after `failures` failures in a row: exponential with full jitter, at least what the server asked for.
/// `jitter` is from 0 to 1.
pub fn wait(failures: u32, server_wish: Option<Duration>, jitter: f64) -> Duration {
    let ceiling = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST);
    // Never at once: a server that fails at once would be asked in a tight loop.
    let wait = ceiling.mul_f64(0.1 + 0.9 * jitter.clamp(0.0, 1.0));
    server_wish.map_or(wait, |wish| wait.max(wish.min(LONGEST_WISH)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let longest = |failures| wait(failures, None, 1.0).as_secs();
        assert_eq!([1, 2, 3, 4, 7, 40].map(longest), [1, 2, 4, 8, 60, 60]);
    }

    proptest! {
        #[test]
        fn a_wait_is_bounded_and_heeds_the_server(
            failures in any::<u32>(),
            wish in prop::option::of(0u64..1_000_000),
            jitter in any::<f64>(),
        ) {
            let wish = wish.map(Duration::from_secs);
            let wait = wait(failures, wish, if jitter.is_nan() { 0.5 } else { jitter });
            prop_assert!(wait >= FIRST / 10);
            prop_assert!(wait <= LONGEST_WISH.max(LONGEST));
            prop_assert!(wait >= wish.unwrap_or_default().min(LONGEST_WISH));
        }
    }
}
