//! The timeline answers "why was I logged out?", and holds no secret.

use std::time::Duration;

use idmux::session::{self, TimelineEntry};

use super::script::{Call, Manners, Reply};
use super::worker::{PASSWORD, log_in, user};
use super::world::{World, in_still_time};
use idmux::account::Severity;

async fn timeline(world: &mut World) -> Vec<TimelineEntry> {
    let event = world.ask(session::ReadTimeline { user: user("alice") }).await;
    let Some(session::Timeline(entries)) = event.kind.outcome() else { panic!("{event:?}") };
    entries.clone()
}

fn find<'a>(entries: &'a [TimelineEntry], what: &str) -> &'a TimelineEntry {
    entries.iter().find(|entry| entry.what.contains(what)).unwrap_or_else(|| panic!("{what}: {entries:#?}"))
}

#[test]
fn it_says_why_a_session_ended_and_by_which_rule() {
    in_still_time(async {
        let mut world = World::new(Manners::default()).await;
        world.ask(log_in("alice")).await;
        world.ask(session::Refresh { user: user("alice") }).await;
        world.script.next(
            Call::Refresh,
            "alice",
            Duration::ZERO,
            Reply::Refused { status: 503, retry_after: Some(5) },
        );
        world.pass(Duration::from_secs(1700), 40).await;
        world.script.revoke("alice");
        let path = idmux::data::FieldPath::parse_writable("theme").unwrap();
        world.ask(session::SetCustomData { user: user("alice"), path, value: Some("dark".into()) }).await;
        world.settle().await;

        let entries = timeline(&mut world).await;
        let ended = find(&entries, "session ended");
        assert!(ended.what.contains("revoked"), "{ended:?}");
        assert!(ended.rule.contains("only a definite answer"), "{ended:?}");
        for what in ["logged in", "access token renewed", "renewal put off", "access token refused"] {
            assert!(!find(&entries, what).rule.is_empty());
        }
        for (what, severity) in [
            ("logged in", Severity::Good),
            ("renewal put off", Severity::Warn),
            ("session ended", Severity::Bad),
        ] {
            assert_eq!(find(&entries, what).severity, severity, "{what}");
        }
        assert!(entries.is_sorted_by_key(|entry| entry.at), "{entries:#?}");
        no_secret_in(&world, &format!("{entries:?}"));

        // It is kept, and a restart does not forget the reason.
        world.restart().await;
        assert_eq!(timeline(&mut world).await, entries);
    });
}

#[test]
fn it_says_that_a_late_answer_was_dropped() {
    in_still_time(async {
        let mut world = World::new(Manners::default()).await;
        world.ask(log_in("alice")).await;
        world.script.next(Call::Refresh, "alice", Duration::from_secs(5), Reply::Truth);
        world.send(session::Refresh { user: user("alice") });
        world.settle().await;
        assert_eq!(world.ask(session::LogOut { user: user("alice") }).await.kind, session::LoggedOut.into());
        world.pass(Duration::from_secs(6), 6).await;
        let entries = timeline(&mut world).await;
        let dropped = find(&entries, "late answer dropped");
        assert!(dropped.rule.contains("only for the session that asked"), "{dropped:?}");
        no_secret_in(&world, &format!("{entries:?}"));
    });
}

fn no_secret_in(world: &World, text: &str) {
    let secrets = world.script.secrets();
    assert!(secrets.len() >= 3, "there are tokens to look for");
    for secret in secrets.iter().map(String::as_str).chain([PASSWORD]) {
        assert!(!text.contains(secret), "{text}");
    }
    // Nor half a token: the signature is what makes it one.
    assert!(!text.contains("signature0"), "{text}");
}
