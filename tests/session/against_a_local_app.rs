//! Against the real local App, over HTTP.

use std::sync::Arc;
use std::time::Duration;

use bson::{bson, doc};
use idmux::account::{App, AppAlias, Credentials, EndReason, Provider, SessionState, UserKey};
use idmux::clock::SystemClock;
use idmux::data::FieldPath;
use idmux::local_app::{Lifetimes, Storage};
use idmux::session::{self, AnyOperation, EventKind, FailureKind, Subject};
use idmux::vault::Location;

use super::harness::{Worker, alias, any_local_app, app_at, email, local_app, over_http};

const ANY_PORT: std::net::SocketAddr =
    std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn seconds(access: u64, refresh: u64) -> Lifetimes {
    Lifetimes { access: Duration::from_secs(access), refresh: Duration::from_secs(refresh) }
}

#[tokio::test]
async fn every_user_is_renewed_before_the_expiry_current_or_not() {
    let server = local_app(ANY_PORT, seconds(3, 3600), Storage::Memory).await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let alice = worker.register("alice@example.com").await;
    let bob = worker.log_in(Credentials::Anonymous).await;
    assert!(worker.snapshot().is_current(&bob) && !worker.snapshot().is_current(&alice));
    for user in [alice, bob] {
        let first = worker.user(&user).access.clone().unwrap();
        let renewed = worker
            .user_where(&user, |view| {
                view.access.as_ref().is_some_and(|access| access.fingerprint != first.fingerprint)
            })
            .await;
        let (before, after) = (first.lifetime.unwrap(), renewed.access.as_ref().unwrap().lifetime.unwrap());
        assert!(after.issued < before.expires, "renewed before the expiry: {before:?} {after:?}");
        assert_eq!(renewed.state, SessionState::Active);
    }
}

#[tokio::test]
async fn a_command_touches_only_the_user_it_names() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let alice = worker.register("alice@example.com").await;
    let bob = worker.register("bob@example.com").await;
    let before = worker.user(&bob);

    let path = FieldPath::parse_writable("theme").unwrap();
    let event =
        worker.ask(session::SetCustomData { user: alice.clone(), path, value: Some(bson!("dark")) }).await;
    assert!(matches!(event.kind.outcome(), Some(session::CustomDataChange::Set(_))));
    worker.user_where(&alice, |view| view.custom_data.is_some()).await;
    worker.ask(session::Refresh { user: alice.clone() }).await;
    worker.ask(session::LogOut { user: alice.clone() }).await;
    assert_eq!(worker.user(&alice).state, SessionState::LoggedOut);
    let alice = worker.log_in(email("alice@example.com")).await;
    worker.ask(session::MakeCurrent { user: bob.clone() }).await;
    let event = worker.ask(session::Delete { user: alice.clone() }).await;
    assert_eq!(event.kind, session::Deleted.into());

    assert_eq!(worker.user(&bob), before, "bob was not touched");
    assert!(worker.snapshot().user(&alice).is_none());
    let event = worker.ask(session::LogIn { app: alias(), credentials: email("alice@example.com") }).await;
    assert!(matches!(event.kind, EventKind::Failed(_)), "alice's account is gone");
    worker.log_in(email("bob@example.com")).await;
}

#[tokio::test]
async fn logging_in_again_replaces_the_session_in_place() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let alice = worker.register("alice@example.com").await;
    worker.log_in(Credentials::Anonymous).await;
    let before = worker.user(&alice).refresh.clone().unwrap();
    let event = worker.ask(session::LogIn { app: alias(), credentials: email("alice@example.com") }).await;
    assert_eq!(event.kind, session::Entered::LoggedIn { replaced: true }.into());
    let snapshot = worker.snapshot();
    assert_eq!(snapshot.users.len(), 2);
    assert_eq!(snapshot.users[0].key, alice, "the user keeps its place");
    assert_ne!(snapshot.users[0].refresh.as_ref().unwrap().fingerprint, before.fingerprint);
    assert!(snapshot.is_current(&alice));
}

#[tokio::test]
async fn an_identity_is_linked_and_shows_in_the_profile() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    let link =
        |address: &str| session::Link { user: user.clone(), credentials: email(address), register: true };
    let event = worker.ask(link("ada@example.com")).await;
    assert_eq!(event.kind, session::Linked { provider: Provider::EmailPassword }.into());
    let view = worker.user(&user);
    let providers: Vec<_> = view.identities().iter().map(|identity| identity.provider.clone()).collect();
    assert_eq!(providers, [Provider::Anonymous, Provider::EmailPassword]);
    assert_eq!(view.label, "ada@example.com");

    assert_eq!(worker.log_in(email("ada@example.com")).await, user, "both identities are one user");
    // A second account cannot be linked to the same user, and an identity of another user to none.
    assert!(matches!(worker.ask(link("second@example.com")).await.kind, EventKind::Failed(_)));
    let other = worker.log_in(Credentials::Anonymous).await;
    let command = session::Link { user: other, credentials: email("ada@example.com"), register: false };
    assert!(matches!(worker.ask(command).await.kind, EventKind::Failed(_)));
}

#[tokio::test]
async fn custom_data_is_written_and_the_token_follows() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    assert_eq!(worker.user(&user).custom_data, None);
    let path = |text: &str| FieldPath::parse_writable(text).unwrap();
    for (field, value) in [("theme", bson!("dark")), ("limits.seats", bson!(5)), ("tags", bson!(["a", "b"]))]
    {
        let command = session::SetCustomData { user: user.clone(), path: path(field), value: Some(value) };
        assert!(
            matches!(worker.ask(command).await.kind.outcome(), Some(session::CustomDataChange::Set(_))),
            "{field}"
        );
    }
    let has = |document: &bson::Document, wanted: &bson::Document| {
        wanted.iter().all(|(key, value)| document.get(key) == Some(value))
    };
    let wanted = doc! { "theme": "dark", "limits": { "seats": 5 }, "tags": ["a", "b"] };
    worker.user_where(&user, |view| view.custom_data.as_ref().is_some_and(|data| has(data, &wanted))).await;

    worker.ask(session::SetCustomData { user: user.clone(), path: path("limits.seats"), value: None }).await;
    let wanted = doc! { "theme": "dark", "limits": {} };
    worker.user_where(&user, |view| view.custom_data.as_ref().is_some_and(|data| has(data, &wanted))).await;
}

#[tokio::test]
async fn an_expired_refresh_token_means_log_in_again_and_says_why() {
    let server = local_app(ANY_PORT, seconds(2, 3), Storage::Memory).await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let user = worker.register("ada@example.com").await;
    let event = worker.event_where(|event| matches!(event.kind, EventKind::LogInRequired(_))).await;
    assert_eq!(event.kind, EventKind::LogInRequired(EndReason::RefreshTokenExpired));
    assert!(matches!(&event.subject, Subject::User { key, .. } if *key == user));
    let view = worker.user(&user);
    assert_eq!(view.state, SessionState::LogInRequired(EndReason::RefreshTokenExpired));
    assert_eq!((view.next_refresh, view.access.is_none()), (None, true), "nothing goes on in silence");

    let failed = worker.ask(session::Refresh { user: user.clone() }).await;
    assert!(matches!(failed.kind, EventKind::Failed(failure) if failure.kind == FailureKind::NotLoggedIn));
    assert_eq!(worker.log_in(email("ada@example.com")).await, user);
}

#[tokio::test]
async fn a_revoked_session_means_log_in_again() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let mut other_device = Worker::with_app(server.base_url()).await;
    let user = worker.register("ada@example.com").await;
    let same = other_device.log_in(email("ada@example.com")).await;
    other_device.ask(session::Delete { user: same }).await;

    let answer = worker.ask(session::Refresh { user: user.clone() }).await;
    assert!(matches!(answer.kind, EventKind::Failed(failure) if failure.kind == FailureKind::NotLoggedIn));
    assert_eq!(worker.user(&user).state, SessionState::LogInRequired(EndReason::SessionRevoked));
}

#[tokio::test]
async fn a_server_that_goes_away_and_comes_back_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::Folder(folder.path().join("app"));
    let server = local_app(ANY_PORT, seconds(2, 3600), storage.clone()).await;
    let base_url = server.base_url().clone();
    let mut worker = Worker::with_app(&base_url).await;
    let user = worker.register("ada@example.com").await;
    server.stop().await.unwrap();

    let offline =
        worker.user_where(&user, |view| matches!(view.state, SessionState::AccessExpired { .. })).await;
    assert!(offline.access.is_some(), "the session is kept");
    let failed = worker.ask(session::LogIn { app: alias(), credentials: Credentials::Anonymous }).await;
    let EventKind::Failed(failure) = failed.kind else { panic!("{failed:?}") };
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert!(failure.message.contains(base_url.authority()), "{failure:?}");

    let address = base_url.socket_addrs(|| None).unwrap()[0];
    let server = local_app(address, seconds(2, 3600), storage).await;
    worker.user_where(&user, |view| view.state == SessionState::Active).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn users_tokens_and_the_current_user_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Location::File(folder.path().join("vault.db"));
    let server = any_local_app().await;
    let start = || Worker::start(vault.clone(), over_http(), Arc::new(SystemClock));

    let mut worker = start().await;
    worker.ask(session::AddApp(app_at(server.base_url()))).await;
    let alice = worker.register("alice@example.com").await;
    let bob = worker.log_in(Credentials::Anonymous).await;
    worker.ask(session::LogOut { user: bob.clone() }).await;
    worker.ask(session::MakeCurrent { user: alice.clone() }).await;
    let before = worker.user(&alice);
    worker.stop().await;

    let mut worker = start().await;
    let snapshot = worker.snapshot_where(|snapshot| snapshot.users.len() == 2).await;
    assert!(snapshot.is_current(&alice));
    let users: Vec<&UserKey> = snapshot.users.iter().map(|user| &user.key).collect();
    assert_eq!(users, [&alice, &bob]);
    let view = worker.user(&alice);
    assert_eq!((&view.access, &view.refresh, &view.label), (&before.access, &before.refresh, &before.label));
    assert_eq!(worker.user(&bob).state, SessionState::LoggedOut);
    // The session still works, where the app was.
    assert_eq!(worker.ask(session::Refresh { user: alice }).await.kind, session::Refreshed.into());
    worker.stop().await;
}

/// Kind: what is asked in the first moment, before the embedded App stands.
#[tokio::test]
async fn what_is_asked_before_the_embedded_app_stands_says_so_and_works_a_moment_later() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Location::File(folder.path().join("vault.db"));
    let server = any_local_app().await;
    let embedded = App { alias: AppAlias::new(AppAlias::LOCAL), ..app_at(server.base_url()) };
    let start = || Worker::start(vault.clone(), over_http(), Arc::new(SystemClock));
    let mut worker = start().await;
    worker.ask(session::AddApp(embedded.clone())).await;
    let log_in = session::LogIn { app: embedded.alias.clone(), credentials: Credentials::Anonymous };
    let Subject::User { key: user, .. } = worker.ask(log_in.clone()).await.subject else { panic!("a user") };
    worker.stop().await;

    let mut worker = start().await;
    worker.snapshot_where(|snapshot| snapshot.users.len() == 1).await;
    let early: [AnyOperation; 3] = [
        session::Refresh { user: user.clone() }.into(),
        session::Delete { user: user.clone() }.into(),
        log_in.into(),
    ];
    for operation in early {
        let event = worker.ask(operation).await;
        let EventKind::Failed(failure) = event.kind else { panic!("{event:?}") };
        assert!(failure.message.contains("is not connected yet"), "{failure:?}");
        assert!(failure.hint.contains("try again in a moment"), "{failure:?}");
    }
    worker.ask(session::AddApp(embedded)).await;
    assert_eq!(worker.ask(session::Refresh { user }).await.kind, session::Refreshed.into());
}

#[tokio::test]
async fn a_damaged_record_is_named_and_all_others_live() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let vault = Location::File(path.clone());
    let server = any_local_app().await;
    let mut worker = Worker::start(vault.clone(), over_http(), Arc::new(SystemClock)).await;
    worker.ask(session::AddApp(app_at(server.base_url()))).await;
    let alice = worker.register("alice@example.com").await;
    let bob = worker.register("bob@example.com").await;
    worker.stop().await;
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute("UPDATE users SET sealed = x'00' WHERE user = ?1", [alice.id.as_str()])
        .unwrap();

    let mut worker = Worker::start(vault, over_http(), Arc::new(SystemClock)).await;
    let event = worker.event_where(|event| matches!(event.kind, EventKind::RecordSetAside { .. })).await;
    assert!(matches!(event.subject, Subject::User { key, .. } if key == alice));
    let snapshot = worker.snapshot();
    assert_eq!(snapshot.users.iter().map(|user| &user.key).collect::<Vec<_>>(), [&bob]);
    worker.ask(session::AddApp(app_at(server.base_url()))).await;
    assert_eq!(worker.ask(session::Refresh { user: bob }).await.kind, session::Refreshed.into());
    assert_eq!(worker.log_in(email("alice@example.com")).await, alice);
    worker.stop().await;
}

/// Kind: an address that is known to one start alone, while its users are kept.
#[tokio::test]
async fn the_address_of_an_app_is_kept_with_its_first_user() {
    let server = any_local_app().await;
    let folder = tempfile::tempdir().unwrap();
    let vault = Location::File(folder.path().join("vault.db"));
    let mut worker = Worker::start(vault.clone(), over_http(), Arc::new(SystemClock)).await;
    worker.ask(session::AddApp(app_at(server.base_url()))).await;
    assert!(!worker.snapshot().apps[0].kept, "nobody has logged in");
    let ada = worker.register("ada@example.com").await;
    worker.stop().await;

    let mut worker = Worker::start(vault, over_http(), Arc::new(SystemClock)).await;
    let snapshot = worker.snapshot_where(|snapshot| !snapshot.users.is_empty()).await;
    assert_eq!(snapshot.apps[0].base_url.as_ref(), Some(server.base_url()));
    assert_eq!(worker.ask(session::Refresh { user: ada }).await.kind, session::Refreshed.into());
    worker.stop().await;
}

#[tokio::test]
async fn a_refusal_is_told_in_words_and_changes_nothing() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    worker.register("ada@example.com").await;
    let wrong = Credentials::EmailPassword { email: "ada@example.com".into(), password: "wrong-1".into() };
    let refused = worker.ask(session::LogIn { app: alias(), credentials: wrong }).await;
    let EventKind::Failed(failure) = refused.kind else { panic!("{refused:?}") };
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FailureKind::Credentials, "wrong e-mail or password")
    );
    assert_eq!(
        refused.subject,
        Subject::App { app: alias(), who: Some("ada@example.com".into()) },
        "it says who, and of which app"
    );
    let taken = worker
        .ask(session::Register { app: alias(), email: "ada@example.com".into(), password: "secret1".into() })
        .await;
    assert!(matches!(taken.kind, EventKind::Failed(failure) if failure.message.contains("taken")));
    assert_eq!(worker.snapshot().users.len(), 1);
}
