//! A server's clock that is wrong, and one of this machine that jumps.

use std::time::Duration;

use idmux::account::SessionState;
use idmux::session::{self, EventKind};
use jiff::SignedDuration;

use super::script::{Call, Manners, Reply};
use super::worker::{alias, log_in, user};
use super::world::{World, in_still_time};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const NAMES: [&str; 5] = ["alice", "bob", "carol", "dan", "eve"];

async fn everybody_logs_in(world: &mut World) {
    for name in NAMES {
        let told = world.ask(log_in(name)).await;
        assert!(matches!(told.kind.outcome(), Some(session::Entered::LoggedIn { .. })), "{told:?}");
    }
    world.settle().await;
}

fn renewals(world: &World) -> usize {
    NAMES.iter().map(|name| world.script.count(Call::Refresh, name)).sum()
}

#[test]
fn a_server_an_hour_off_is_shown_and_corrected_for() {
    for (ahead, says_date) in [(HOUR, true), (-HOUR, true), (HOUR, false), (-HOUR, false)] {
        in_still_time(async move {
            let mut world = World::new(Manners { ahead, says_date, ..Manners::default() }).await;
            everybody_logs_in(&mut world).await;
            let skew = world.snapshot().app(&alias()).unwrap().skew.expect("the skew is shown");
            assert!((skew - ahead).abs() <= SignedDuration::from_secs(2), "{skew:?}");
            for name in NAMES {
                let left = world.user(name).access.as_ref().unwrap().lifetime.unwrap().remaining(world.now());
                assert!(left > SignedDuration::from_secs(1795), "{name} has {left:?}");
                assert!(left <= SignedDuration::from_secs(1802), "{name} has {left:?}");
            }
            world.pass(Duration::from_secs(1490), 20).await;
            assert_eq!(renewals(&world), 0, "a token is renewed by the server's clock");
            world.pass(Duration::from_secs(300), 60).await;
            assert_eq!(renewals(&world), NAMES.len(), "once each, and in time");
            for name in NAMES {
                assert_eq!(world.user(name).state, SessionState::Active);
            }
        });
    }
}

#[test]
fn after_a_jump_forward_one_session_asks_first_and_the_others_follow() {
    in_still_time(async {
        let mut world = World::new(Manners::default()).await;
        everybody_logs_in(&mut world).await;
        // The machine slept: the time passed for the server too, and every token is over.
        world.script.behave(|manners| manners.ahead = HOUR * 2);
        world.jump(HOUR * 2).await;
        let jumped = |kind: &EventKind| matches!(kind, EventKind::ClockJumped { by } if *by == HOUR * 2);
        assert!(world.told().iter().any(|event| jumped(&event.kind)));
        assert_eq!(renewals(&world), 1, "one asks the server, the others wait for what it says");
        world.pass(Duration::from_secs(35), 35).await;
        assert_eq!(renewals(&world), NAMES.len(), "all others follow within half a minute");
        let times = world.script.calls();
        let mut times: Vec<_> = times.iter().filter(|served| served.call == Call::Refresh).collect();
        times.retain(|served| served.owner != "witness");
        let spread = times[times.len() - 1].at.duration_since(times[0].at);
        assert!(spread >= SignedDuration::from_secs(1), "not all at once: {spread:?}");
        for name in NAMES {
            assert_eq!(world.user(name).state, SessionState::Active);
        }
    });
}

#[test]
fn a_clock_that_was_set_wrong_costs_one_request() {
    for by in [HOUR * 2, -HOUR * 2] {
        in_still_time(async move {
            let mut world = World::new(Manners::default()).await;
            everybody_logs_in(&mut world).await;
            world.jump(by).await;
            assert!(world.told().iter().any(|event| matches!(event.kind, EventKind::ClockJumped { .. })));
            assert_eq!(renewals(&world), 1, "one asks the server");
            let skew = world.snapshot().app(&alias()).unwrap().skew.expect("the skew is learnt anew");
            assert!((skew + by).abs() <= SignedDuration::from_secs(2), "{skew:?}");
            world.pass(Duration::from_secs(600), 60).await;
            assert_eq!(renewals(&world), 1, "the others' tokens are good, and nobody asks again");
            for name in NAMES {
                let view = world.user(name);
                assert_eq!(view.state, SessionState::Active);
                let left = view.access.as_ref().unwrap().lifetime.unwrap().remaining(world.now());
                assert!(left > SignedDuration::from_secs(1190), "{name} has {left:?}");
            }
        });
    }
}

#[test]
fn a_jump_while_the_server_is_away_is_no_storm() {
    in_still_time(async {
        let mut world = World::new(Manners::default()).await;
        everybody_logs_in(&mut world).await;
        for name in NAMES {
            for _ in 0..1000 {
                world.script.next(Call::Refresh, name, Duration::ZERO, Reply::Unreachable);
            }
        }
        world.jump(HOUR * 2).await;
        world.jump(-HOUR * 2).await;
        world.jump(HOUR * 2).await;
        assert!(renewals(&world) <= 3, "{} requests for three jumps", renewals(&world));
        world.pass(Duration::from_secs(60), 120).await;
        assert!(renewals(&world) <= 10 * NAMES.len(), "{} requests in a minute", renewals(&world));
        world.script.heal();
        world.pass(Duration::from_secs(120), 60).await;
        for name in NAMES {
            assert_eq!(world.user(name).state, SessionState::Active);
        }
    });
}

#[test]
fn a_server_whose_tokens_are_over_when_they_arrive_is_not_stormed() {
    in_still_time(async {
        let mut world = World::new(Manners { life: 0, ..Manners::default() }).await;
        let told = world.ask(log_in("alice")).await;
        assert!(matches!(told.kind.outcome(), Some(session::Entered::LoggedIn { .. })), "{told:?}");
        world.settle().await;
        let before = world.script.count(Call::Refresh, "alice");
        let path = idmux::data::FieldPath::parse_writable("theme").unwrap();
        let command = session::SetCustomData { user: user("alice"), path, value: Some("dark".into()) };
        let told = world.ask(command).await;
        assert!(matches!(told.kind, EventKind::Failed(_)), "{told:?}");
        world.settle().await;
        assert!(world.script.count(Call::Refresh, "alice") - before <= 2);
        world.pass(Duration::from_secs(60), 120).await;
        let in_all = world.script.count(Call::Refresh, "alice");
        assert!(in_all <= 70, "asked once a second at most: {in_all}");
    });
}
