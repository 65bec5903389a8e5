//! Renewal before the expiry, spread over the lead, and never more at once than allowed.

use std::collections::HashMap;
use std::time::Duration;

use idmux::account::SessionState;
use idmux::session::{self, Renewals};
use jiff::SignedDuration;

use super::script::{Call, Manners};
use super::worker::log_in;
use super::world::{World, in_still_time};

const USERS: usize = 1000;
const LIFE: i64 = 1800;

#[test]
fn a_thousand_users_logged_in_together_are_renewed_early_and_apart() {
    in_still_time(async {
        let manners = Manners { life: LIFE, renewal_takes: Duration::from_millis(100), ..Manners::default() };
        let mut world = World::new(manners).await;
        let names: Vec<String> = (0..USERS).map(|number| format!("user{number:04}")).collect();
        // All of them in one second of the world: time stands still meanwhile.
        for some in names.chunks(50) {
            let ids: Vec<_> = some.iter().map(|name| world.send(log_in(name))).collect();
            for id in ids {
                let told = world.worker().answer(id).await;
                assert!(matches!(told.kind.outcome(), Some(session::Entered::LoggedIn { .. })), "{told:?}");
            }
        }
        world.settle().await;
        let logged_in = world.script.true_time();

        world.pass(Duration::from_secs(1490), 149).await;
        assert_eq!(renewals(&world), 0, "nobody is renewed before the lead of five minutes");
        world.pass(Duration::from_secs(300), 600).await;

        let mut first = HashMap::new();
        for served in world.script.calls().iter().filter(|served| is_renewal(served)) {
            first.entry(served.owner.clone()).or_insert(served.at);
        }
        assert_eq!(first.len(), USERS, "everybody was renewed");
        let expiry = logged_in + SignedDuration::from_secs(LIFE);
        assert!(
            first.values().all(|at| *at + SignedDuration::from_secs(1) < expiry),
            "and before the expiry"
        );
        let (earliest, latest) = (first.values().min().unwrap(), first.values().max().unwrap());
        let spread = latest.duration_since(*earliest);
        assert!(spread > SignedDuration::from_secs(60), "spread over {spread:?}");
        let mut seconds: HashMap<i64, usize> = HashMap::new();
        first.values().for_each(|at| *seconds.entry(at.as_second()).or_default() += 1);
        let busiest = *seconds.values().max().unwrap();
        assert!(busiest <= USERS / 20, "{busiest} in one second");

        let (most, allowed) = (world.script.most_on_wire(), Renewals::default().in_flight);
        assert!(most > 1 && most <= allowed, "{most} on the wire at once, of {allowed} allowed");
        assert_eq!(renewals(&world), USERS, "one request for each user");
        assert_eq!(world.script.faults(), [""; 0]);
        for name in &names {
            assert_eq!(world.user(name).state, SessionState::Active, "{name}");
        }
    });
}

#[test]
fn a_wave_of_demands_keeps_to_the_bound() {
    in_still_time(async {
        let mut world =
            World::new(Manners { renewal_takes: Duration::from_secs(1), ..Manners::default() }).await;
        let names: Vec<String> = (0..60).map(|number| format!("user{number}")).collect();
        for name in &names {
            world.ask(log_in(name)).await;
        }
        let refresh = |name: &String| session::Refresh { user: super::worker::user(name) };
        let ids: Vec<_> = names.iter().map(|name| world.send(refresh(name))).collect();
        world.settle().await;
        assert_eq!(world.script.most_on_wire(), Renewals::default().in_flight);
        world.pass(Duration::from_secs(8), 16).await;
        for id in ids {
            assert_eq!(world.worker().answer(id).await.kind, session::Refreshed.into());
        }
        assert_eq!(world.script.most_on_wire(), Renewals::default().in_flight);
    });
}

fn is_renewal(served: &super::script::Served) -> bool {
    served.call == Call::Refresh && served.owner != "witness"
}

fn renewals(world: &World) -> usize {
    world.script.calls().iter().filter(|served| is_renewal(served)).count()
}
