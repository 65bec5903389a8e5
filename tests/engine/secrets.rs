//! What carries a secret does not print it, and the log has none.

use std::cell::RefCell;
use std::io::Write;
use std::time::Duration;

use bson::doc;
use idmux::account::{Credentials, FunctionPayload};
use idmux::session::{self, AnyOperation, Envelope, EventKind, KeyChoice, RequestId};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::prelude::*;

use super::script::{Call, Manners, Reply};
use super::worker::{PASSWORD, alias, email, log_in, user};
use super::world::{World, in_still_time};

const SECRET: &str = "xyzzy-plugh-4711";

/// Every operation that a person's secret travels in.
fn operations_with_secrets() -> Vec<AnyOperation> {
    let all = [
        Credentials::EmailPassword { email: "ada@example.com".into(), password: SECRET.into() },
        Credentials::ApiKey(SECRET.into()),
        Credentials::CustomJwt(SECRET.into()),
        Credentials::CustomFunction(FunctionPayload(doc! { "pin": SECRET })),
    ];
    let log_in =
        |credentials: &Credentials| session::LogIn { app: alias(), credentials: credentials.clone() }.into();
    let link = |credentials: &Credentials| {
        session::Link { user: user("ada"), credentials: credentials.clone(), register: true }.into()
    };
    let others = [
        session::OpenVault(KeyChoice::Passphrase(SECRET.into())).into(),
        session::Register { app: alias(), email: "ada@example.com".into(), password: SECRET.into() }.into(),
    ];
    all.iter().map(log_in).chain(all.iter().map(link)).chain(others).collect()
}

#[test]
fn no_operation_prints_its_secret() {
    for operation in operations_with_secrets() {
        let envelope = Envelope { id: RequestId::next(), operation };
        for printed in
            [format!("{envelope:?}"), format!("{envelope:#?}"), format!("{:?}", envelope.operation)]
        {
            assert!(!printed.contains(SECRET), "{printed}");
        }
    }
}

#[test]
fn no_event_and_no_snapshot_prints_a_token() {
    in_still_time(async {
        let mut world = World::new(Manners::default()).await;
        let mut printed = live_a_little(&mut world).await;
        printed += &format!("{:?} {:#?}", world.snapshot(), world.snapshot());
        printed += &format!("{:?}", world.told());
        assert!(printed.contains("alice"), "there is something to look through");
        no_secret_in(&world, &printed);
    });
}

thread_local! {
    /// The log of this thread, while a test wants it.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to the log of this thread.
struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.as_mut().map(|log| log.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_holds_no_secret_even_when_it_says_everything() {
    // For the whole process: tests on other threads reach the same log lines, and one subscriber for one thread alone
    // may find them switched off.
    let wanted = dynamic_filter_fn(|_, _| LOG.with_borrow(Option::is_some));
    let layer = tracing_subscriber::fmt::layer().with_writer(|| Log).with_filter(wanted);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    LOG.set(Some(Vec::new()));
    // The worker runs on this thread.
    in_still_time(async {
        let mut world = World::new(Manners::default()).await;
        live_a_little(&mut world).await;
        for operation in operations_with_secrets() {
            world.send(operation);
        }
        world.settle().await;
        let text = String::from_utf8(LOG.take().unwrap()).unwrap();
        assert!(
            text.contains("LoggedIn") && text.contains("token was handed out"),
            "the log says what happened: {text}"
        );
        no_secret_in(&world, &text);
    });
}

/// A log-in, a token handed out, a renewal, failures, a late answer and a log-out; what was told, as it prints.
async fn live_a_little(world: &mut World) -> String {
    let mut printed = String::new();
    let alice = || user("alice");
    let path = || idmux::data::FieldPath::parse_writable("theme").unwrap();
    let operations: [AnyOperation; 6] = [
        log_in("alice").into(),
        session::Token { user: alice(), min_ttl: Duration::ZERO }.into(),
        session::Refresh { user: alice() }.into(),
        session::SetCustomData { user: alice(), path: path(), value: Some("dark".into()) }.into(),
        session::Link { user: alice(), credentials: email("second"), register: true }.into(),
        session::ReadTimeline { user: alice() }.into(),
    ];
    for operation in operations {
        let event = world.ask(operation).await;
        assert!(!matches!(event.kind, EventKind::Failed(_)), "{event:?}");
        printed += &format!("{event:?}\n{event:#?}\n");
    }
    for reply in [Reply::Garbage, Reply::Unreachable, Reply::Refused { status: 403, retry_after: None }] {
        world.script.next(Call::Refresh, "alice", Duration::ZERO, reply);
        let event = world.ask(session::Refresh { user: alice() }).await;
        assert!(matches!(event.kind, EventKind::Failed(_)), "{event:?}");
        printed += &format!("{event:?}\n");
        printed += &format!("{:?}\n", world.snapshot());
    }
    world.script.next(Call::Refresh, "alice", Duration::from_secs(5), Reply::Truth);
    world.send(session::Refresh { user: alice() });
    world.settle().await;
    world.ask(session::LogOut { user: alice() }).await;
    world.pass(Duration::from_secs(6), 6).await;
    world.ask(log_in("alice")).await;
    printed
}

fn no_secret_in(world: &World, text: &str) {
    let secrets = world.script.secrets();
    assert!(secrets.len() >= 5, "there are tokens to look for");
    for secret in secrets.iter().map(String::as_str).chain([SECRET, PASSWORD, "signature0"]) {
        assert!(!text.contains(secret), "it holds {secret}");
    }
}
