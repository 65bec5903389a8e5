//! The App's clock: the system's, and how far a person moved it. Every lifetime of the App follows it.
//!
//! Where it stands is kept in the App's storage, so that a moved clock stays moved over a restart: no token comes from a
//! future that the App does not know. It counts whole milliseconds, never leaves the years that a token can name, and a
//! person may set it back.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use super::app::App;
use super::failure::Failure;
use super::store::{ClockMove, ClockSetting, EARLIEST, shift, whole_ms};
use crate::clock::Clock;

tokio::task_local! {
    /// How far the clock is wrong for one request, in milliseconds: the fault `skew_ms`.
    static SKEW: i64;
}

/// The clock of a running App.
#[derive(Debug)]
pub struct AppClock {
    system: Arc<dyn Clock>,
    setting: RwLock<ClockSetting>,
}

impl AppClock {
    pub fn new(system: Arc<dyn Clock>, setting: ClockSetting) -> Self {
        Self { system, setting: RwLock::new(setting) }
    }

    /// The present moment, as wrong as a fault makes it for this request.
    pub fn now(&self) -> Timestamp {
        let setting = *self.setting.read().unwrap_or_else(PoisonError::into_inner);
        let now = setting.now(self.system.now());
        match SKEW.try_with(|skew| *skew) {
            Ok(skew) => shift(now, skew).unwrap_or(EARLIEST).max(EARLIEST),
            Err(_) => now,
        }
    }

    /// The clock below.
    pub fn system_now(&self) -> Timestamp {
        self.system.now()
    }

    /// Takes the setting that the storage has.
    pub fn take(&self, setting: ClockSetting) {
        *self.setting.write().unwrap_or_else(PoisonError::into_inner) = setting;
    }
}

/// What the clock shows, beside the system's.
pub struct ClockReading {
    pub now: Timestamp,
    pub system: Timestamp,
    pub frozen: bool,
}

impl App {
    pub async fn clock_reading(&self) -> Result<ClockReading, Failure> {
        let setting = self.store().clock().await?;
        self.clock().take(setting);
        Ok(self.read_clock(setting))
    }

    /// Moves the clock for every process on the storage, and lets go what has ended by it.
    pub async fn move_clock(&self, change: ClockMove) -> Result<ClockReading, Failure> {
        let system = self.clock().system_now();
        let setting = self.store().move_clock(change, system).await?;
        self.clock().take(setting);
        self.sweep().await;
        Ok(self.read_clock(setting))
    }

    fn read_clock(&self, setting: ClockSetting) -> ClockReading {
        let system = whole_ms(self.clock().system_now());
        ClockReading { now: setting.now(system), system, frozen: setting.frozen_at.is_some() }
    }
}

/// Runs `work` with a clock that is wrong by `skew_ms`.
pub async fn with_skew<T>(skew_ms: i64, work: impl Future<Output = T>) -> T {
    SKEW.scope(skew_ms, work).await
}

/// Reads a step such as `61d`, `-1h` or `PT5M`; a day has 24 hours.
pub fn parse_step(text: &str) -> Result<SignedDuration, &'static str> {
    const FORM: &str = "expected a step, as in 61d, 1h30m or -1h";
    let span: Span = text.parse().map_err(|_| FORM)?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err("months and years vary in length, use days");
    }
    span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| FORM)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::ManualClock;
    use crate::local_app::lifetimes::LATEST;

    const START: &str = "2026-01-01T00:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn steps_are_read_with_their_sign() {
        for (text, seconds) in [("61d", 61 * 86_400), ("+61d", 61 * 86_400), ("-1h", -3600), ("PT5M", 300)] {
            assert_eq!(parse_step(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        for (text, says) in [("", "a step"), ("soon", "a step"), ("61", "a step"), ("1mo", "use days")] {
            assert!(parse_step(text).unwrap_err().contains(says), "{text}");
        }
    }

    fn any_move() -> impl Strategy<Value = ClockMove> {
        let step =
            || (-4_000_000_000_000_000_i64..4_000_000_000_000_000).prop_map(SignedDuration::from_millis);
        prop_oneof![
            step().prop_map(ClockMove::Advance),
            step().prop_map(ClockMove::Offset),
            (Timestamp::MIN.as_millisecond()..Timestamp::MAX.as_millisecond())
                .prop_map(|ms| ClockMove::Set(Timestamp::from_millisecond(ms).unwrap())),
            any::<bool>().prop_map(ClockMove::Freeze),
            Just(ClockMove::Reset),
        ]
    }

    proptest! {
        #[test]
        fn between_moves_the_clock_never_goes_back_and_another_one_shows_the_same(
            moves in proptest::collection::vec((any_move(), 0_i64..5_000_000_000), 1..30),
        ) {
            let system = Arc::new(ManualClock::new(at(START)));
            let mut setting = ClockSetting::default();
            let clock = AppClock::new(system.clone(), setting);
            for (change, nanoseconds) in moves {
                let before = clock.now();
                if let Ok(moved) = setting.moved(change, system.now()) {
                    setting = moved;
                    clock.take(setting);
                    match change {
                        ClockMove::Freeze(_) => prop_assert_eq!(clock.now(), before),
                        ClockMove::Set(instant) => prop_assert_eq!(clock.now(), whole_ms(instant)),
                        _ => {}
                    }
                }
                let first = clock.now();
                system.advance(SignedDuration::from_nanos(nanoseconds));
                prop_assert!(clock.now() >= first);
                prop_assert_eq!(AppClock::new(system.clone(), setting).now(), clock.now());
                prop_assert!((EARLIEST..=LATEST).contains(&clock.now()));
            }
        }
    }
}
