//! Answers that cross each other.

use std::time::Duration;

use idmux::account::SessionState;
use idmux::session::{self, EventKind, FailureKind};

use super::script::{Call, Manners, Reply};
use super::worker::{email, log_in, user};
use super::world::{World, in_still_time};

#[test]
fn a_link_while_a_renewal_is_on_the_wire_leaves_nobody_waiting() {
    in_still_time(async {
        let mut world = World::new(Manners::default()).await;
        world.ask(log_in("alice")).await;
        world.script.next(Call::Refresh, "alice", Duration::from_secs(5), Reply::Truth);
        let renewal = world.send(session::Refresh { user: user("alice") });
        world.settle().await;
        let link = session::Link { user: user("alice"), credentials: email("second"), register: true };
        assert!(world.ask(link).await.kind.is::<session::Linked>());
        world.pass(Duration::from_secs(6), 6).await;
        assert_eq!(world.worker().answer(renewal).await.kind, session::Refreshed.into());
        let view = world.user("alice");
        assert_eq!(view.state, SessionState::Active);
        assert!(view.next_refresh.is_some(), "the next renewal is planned");
        let before = view.access.clone();
        world.restart().await;
        assert_eq!(world.user("alice").access, before, "what is used is what is stored");
    });
}

#[test]
fn a_server_that_refuses_fresh_tokens_costs_one_renewal_and_one_retry() {
    for expired in [false, true] {
        in_still_time(async move {
            let mut world = World::new(Manners::default()).await;
            world.ask(log_in("alice")).await;
            world.settle().await;
            if expired {
                // Every early renewal fails, so that the command meets a token that is over.
                for _ in 0..1000 {
                    world.script.next(Call::Refresh, "alice", Duration::ZERO, Reply::Unreachable);
                }
                world.pass(Duration::from_secs(1810), 60).await;
                let state = world.user("alice").state.clone();
                assert!(matches!(state, SessionState::AccessExpired { .. }), "{state:?}");
                world.script.heal();
            }
            world.script.behave(|manners| manners.refuses_access = true);
            let before = world.script.count(Call::Refresh, "alice");
            let told = world.ask(session::Delete { user: user("alice") }).await;
            world.settle().await;
            let EventKind::Failed(failure) = told.kind else { panic!("{told:?}") };
            assert_eq!(failure.kind, FailureKind::NotLoggedIn);
            assert_eq!(world.script.count(Call::Refresh, "alice") - before, 1);
            assert!(world.script.count(Call::Delete, "alice") <= 2);
            assert_eq!(world.user("alice").state, SessionState::Active, "the session itself was not refused");
        });
    }
}

#[test]
fn a_log_in_that_is_given_up_opens_nothing_and_its_session_is_ended_at_the_server() {
    in_still_time(async {
        let mut world = World::new(Manners::default()).await;
        world.script.next(Call::LogIn, "alice", Duration::from_secs(5), Reply::Truth);
        let request = world.send(log_in("alice"));
        world.settle().await;
        assert_eq!(world.ask(session::CancelLogIn { request }).await.kind, session::Cancelled.into());
        assert_eq!(world.worker().answer(request).await.kind, session::Cancelled.into());
        world.pass(Duration::from_secs(6), 6).await;
        assert!(world.snapshot().user(&user("alice")).is_none(), "nobody is logged in");
        assert_eq!(world.script.count(Call::LogOut, "alice"), 1, "the session is ended there too");
        // Once it is over there is nothing to give up, and the same user can log in.
        let told = world.ask(session::CancelLogIn { request }).await;
        assert!(matches!(told.kind, EventKind::AnswerDropped { .. }), "{told:?}");
        world.ask(log_in("alice")).await;
        assert_eq!(world.user("alice").state, SessionState::Active);
    });
}
