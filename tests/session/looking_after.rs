//! Looking after a real local App, over HTTP: its clock, its mailbox, and its users' API keys.

use idmux::account::{
    ApiKey, App, ClockChange, ControlAccess, Credentials, EmailAction, EmailActionDone, EndReason,
    MailPurpose, MailState, MailToken, Provider, SessionState, UserKey,
};
use idmux::local_app::config::{
    AppConfig, Confirmation, LocalUserpass, Mail, Offer, PasswordReset, Providers,
};
use idmux::local_app::{ANY_PORT, LocalApp, Options, Storage};
use idmux::session::{self, AnyOperation, EventKind, FailureKind, Subject};
use jiff::SignedDuration;

use super::harness::{APP_ID, Worker, alias, any_local_app, app_at, email, over_http};

fn watched(server: &LocalApp) -> App {
    let access = ControlAccess { base_url: server.base_url().clone(), token: server.control_token().clone() };
    App { control: Some(access), ..app_at(server.base_url()) }
}

/// A worker that looks after the App.
async fn caretaker(server: &LocalApp) -> Worker {
    let mut worker = Worker::in_memory(over_http()).await;
    worker.ask(session::AddApp(watched(server))).await;
    worker
        .snapshot_where(|snapshot| {
            let local = snapshot.app(&alias()).and_then(|app| app.local.clone());
            local.is_some_and(|local| local.providers.is_some() && local.clock.is_some())
        })
        .await;
    worker
}

/// An App that confirms addresses and resets passwords by mail.
async fn app_with_mail() -> LocalApp {
    let mail = |page: &str| Mail { url: format!("http://localhost/{page}"), subject: page.into() };
    let userpass = LocalUserpass {
        confirmation: Confirmation::Mail(mail("confirm")),
        reset: PasswordReset::Mail(mail("reset")),
    };
    let providers = Providers { local_userpass: Offer::Enabled(userpass), ..Providers::default() };
    let config = AppConfig { providers, ..AppConfig::default() };
    LocalApp::start(ANY_PORT, Options { config, ..Options::new(APP_ID, Storage::Memory) }).await.unwrap()
}

fn advance(step: SignedDuration) -> session::ChangeClock {
    session::ChangeClock { app: alias(), change: ClockChange::Advance(step) }
}

fn about_email(action: EmailAction) -> session::AccountAction {
    session::AccountAction { app: alias(), action }
}

async fn failure(worker: &mut Worker, operation: impl Into<AnyOperation>) -> FailureKind {
    match worker.ask(operation).await.kind {
        EventKind::Failed(failure) => failure.kind,
        other => panic!("it went well: {other:?}"),
    }
}

#[tokio::test]
async fn the_providers_of_the_app_are_known_without_being_asked_for() {
    let server = any_local_app().await;
    let worker = caretaker(&server).await;
    let snapshot = worker.snapshot();
    let app = snapshot.app(&alias()).unwrap();
    assert!(app.offers(&Provider::EmailPassword) && !app.offers(&Provider::Google));
}

#[tokio::test]
async fn an_app_that_nobody_looks_after_says_so() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    assert_eq!(worker.snapshot().app(&alias()).unwrap().local, None);
    assert_eq!(failure(&mut worker, session::ReadClock { app: alias() }).await, FailureKind::Refused);

    let stranger = ControlAccess { base_url: server.base_url().clone(), token: "wrong".into() };
    worker.ask(session::AddApp(App { control: Some(stranger), ..app_at(server.base_url()) })).await;
    assert_eq!(failure(&mut worker, session::ReadMails { app: alias() }).await, FailureKind::Refused);
}

#[tokio::test]
async fn sixty_one_days_later_every_user_has_to_log_in_again() {
    let server = any_local_app().await;
    let mut worker = caretaker(&server).await;
    let ada = worker.register("ada@example.com").await;
    let bob = worker.register("bob@example.com").await;
    let before = worker.user(&ada).refresh.clone().unwrap().lifetime.unwrap();

    let event = worker.ask(advance(SignedDuration::from_hours(61 * 24))).await;
    assert!(
        matches!(event.kind.outcome(), Some(session::ClockChanged(clock)) if clock.offset.as_hours() == 61 * 24)
    );
    let snapshot = worker.snapshot_where(|snapshot| {
        snapshot.app(&alias()).unwrap().skew.is_some_and(|skew| skew.as_hours() >= 61 * 24 - 1)
    });
    assert!(snapshot.await.app(&alias()).unwrap().local.as_ref().unwrap().clock.is_some());
    for user in [&ada, &bob] {
        let ended = SessionState::LogInRequired(EndReason::RefreshTokenExpired);
        worker.user_where(user, |view| view.state == ended).await;
    }

    // A new session lives by the moved clock.
    worker.log_in(email("ada@example.com")).await;
    let after = worker.user_where(&ada, |view| view.state == SessionState::Active).await;
    let after = after.refresh.clone().unwrap().lifetime.unwrap();
    let difference = after.expires.duration_since(before.expires);
    assert!(difference.abs() < SignedDuration::from_mins(5), "by this machine's clock: {difference}");
}

#[tokio::test]
async fn lifetimes_on_screen_follow_a_moved_clock_at_once() {
    let server = any_local_app().await;
    let mut worker = caretaker(&server).await;
    let ada = worker.register("ada@example.com").await;
    let refresh =
        |worker: &Worker, user: &UserKey| worker.user(user).refresh.clone().unwrap().lifetime.unwrap();
    let before = refresh(&worker, &ada);
    worker.ask(advance(SignedDuration::from_hours(24))).await;
    let day = SignedDuration::from_hours(24);
    let moved = |expires: jiff::Timestamp, by: SignedDuration| {
        (before.expires.duration_since(expires) - by).abs() < SignedDuration::from_mins(5)
    };
    worker
        .user_where(&ada, |view| {
            let life = view.refresh.as_ref().and_then(|token| token.lifetime);
            life.is_some_and(|life| moved(life.expires, day))
        })
        .await;
    worker.ask(session::ChangeClock { app: alias(), change: ClockChange::Reset }).await;
    worker
        .user_where(&ada, |view| {
            let life = view.refresh.as_ref().and_then(|token| token.lifetime);
            life.is_some_and(|life| moved(life.expires, SignedDuration::ZERO))
        })
        .await;
}

#[tokio::test]
async fn a_clock_that_stands_still_holds_the_present() {
    let server = any_local_app().await;
    let mut worker = caretaker(&server).await;
    worker.ask(session::ChangeClock { app: alias(), change: ClockChange::Freeze(true) }).await;
    let snapshot = worker
        .snapshot_where(|snapshot| {
            let local = snapshot.app(&alias()).unwrap().local.clone().unwrap();
            local.clock.is_some_and(|clock| clock.frozen_at.is_some())
        })
        .await;
    let app = snapshot.app(&alias()).unwrap();
    let later = jiff::Timestamp::MAX;
    assert_eq!(app.present(later), app.stands_at.unwrap());
    worker.ask(session::ChangeClock { app: alias(), change: ClockChange::Freeze(false) }).await;
    worker.snapshot_where(|snapshot| snapshot.app(&alias()).unwrap().present(later) == later).await;
}

#[tokio::test]
async fn a_registration_waits_for_its_mail_and_then_logs_in() {
    let server = app_with_mail().await;
    let mut worker = caretaker(&server).await;
    let register =
        session::Register { app: alias(), email: "ada@example.com".into(), password: "secret1".into() };
    let event = worker.ask(register).await;
    assert_eq!(event.kind, session::Entered::ConfirmationPending.into());
    assert!(matches!(&event.subject, Subject::App { who: Some(who), .. } if who == "ada@example.com"));
    let refused = session::LogIn { app: alias(), credentials: email("ada@example.com") };
    assert_eq!(failure(&mut worker, refused).await, FailureKind::Credentials);

    // The mailbox is there without being asked for.
    let snapshot = worker
        .snapshot_where(|snapshot| {
            let local = snapshot.app(&alias()).unwrap().local.clone().unwrap();
            local.mails.as_ref().is_some_and(|mails| !mails.is_empty())
        })
        .await;
    let mails = snapshot.app(&alias()).unwrap().local.clone().unwrap().mails.clone().unwrap();
    assert_eq!((mails[0].purpose, mails[0].state), (MailPurpose::Confirm, MailState::Open));
    let event = worker.ask(session::ConfirmMail { app: alias(), mail: mails[0].id }).await;
    assert_eq!(event.kind, session::MailConfirmed { email: "ada@example.com".into() }.into());
    worker.log_in(email("ada@example.com")).await;
    let read = worker.ask(session::ReadMails { app: alias() }).await;
    let Some(session::MailsRead(mails)) = read.kind.outcome() else { panic!("{read:?}") };
    assert_eq!(mails[0].state, MailState::Used);
    worker.ask(session::ClearMails { app: alias() }).await;
    worker
        .snapshot_where(|snapshot| {
            let local = snapshot.app(&alias()).unwrap().local.clone().unwrap();
            local.mails.as_ref().is_some_and(|mails| mails.is_empty())
        })
        .await;
}

#[tokio::test]
async fn a_link_confirms_and_sets_a_password_once() {
    let server = app_with_mail().await;
    let mut worker = caretaker(&server).await;
    let register =
        session::Register { app: alias(), email: "ada@example.com".into(), password: "forgotten".into() };
    worker.ask(register).await;
    worker.ask(about_email(EmailAction::ResendConfirmation { email: "ada@example.com".into() })).await;
    let newest = async |worker: &mut Worker| {
        let read = worker.ask(session::ReadMails { app: alias() }).await;
        let Some(session::MailsRead(mails)) = read.kind.outcome() else { panic!("{read:?}") };
        MailToken::parse(mails[0].link.expose()).unwrap()
    };
    let token = newest(&mut worker).await;
    let confirmed = worker.ask(about_email(EmailAction::Confirm(token))).await;
    assert_eq!(confirmed.kind, EmailActionDone::Confirmed.into());

    worker.ask(about_email(EmailAction::SendReset { email: "ada@example.com".into() })).await;
    let token = newest(&mut worker).await;
    let reset = || about_email(EmailAction::Reset { token: token.clone(), password: "secret1".into() });
    let done = worker.ask(reset()).await;
    assert_eq!(done.kind, EmailActionDone::PasswordReset.into());
    assert_eq!(failure(&mut worker, reset()).await, FailureKind::Refused, "a link works once");
    worker.log_in(email("ada@example.com")).await;
}

#[tokio::test]
async fn an_api_key_is_made_used_disabled_and_deleted() {
    let server = any_local_app().await;
    let mut worker = caretaker(&server).await;
    let ada = worker.register("ada@example.com").await;
    let switch =
        |key: &ApiKey, enabled| session::SwitchApiKey { user: ada.clone(), key: key.id.clone(), enabled };
    let created = worker.ask(session::CreateApiKey { user: ada.clone(), name: "ci".into() }).await;
    let Some(session::ApiKeyCreated(new)) = created.kind.outcome() else { panic!("{created:?}") };
    let listed = worker.user_where(&ada, |view| view.api_keys.is_some()).await.api_keys.clone().unwrap();
    assert_eq!(listed.as_ref(), std::slice::from_ref(&new.key));
    use secrecy::ExposeSecret as _;
    let secret = new.secret.expose_secret().to_owned();
    assert!(!format!("{:?}", worker.snapshot()).contains(&secret), "no snapshot has it");

    assert_eq!(worker.log_in(Credentials::ApiKey(secret.clone().into())).await, ada, "it is its owner's");
    // Whoever came by a key may not manage keys.
    assert_eq!(failure(&mut worker, switch(&new.key, false)).await, FailureKind::Refused);
    worker.log_in(email("ada@example.com")).await;
    let event = worker.ask(switch(&new.key, false)).await;
    assert_eq!(event.kind, session::ApiKeySwitched { name: "ci".into(), enabled: false }.into());
    let with_key =
        || session::LogIn { app: alias(), credentials: Credentials::ApiKey(secret.clone().into()) };
    assert_eq!(failure(&mut worker, with_key()).await, FailureKind::Credentials);
    worker.ask(switch(&new.key, true)).await;
    assert!(matches!(worker.ask(with_key()).await.kind.outcome(), Some(session::Entered::LoggedIn { .. })));
    worker.log_in(email("ada@example.com")).await;
    worker.ask(session::ListApiKeys { user: ada.clone() }).await;
    let delete = session::DeleteApiKey { user: ada.clone(), key: new.key.id.clone() };
    assert_eq!(worker.ask(delete).await.kind, session::ApiKeyDeleted { name: "ci".into() }.into());
    worker.user_where(&ada, |view| view.api_keys.as_ref().is_some_and(|keys| keys.is_empty())).await;
    assert_eq!(failure(&mut worker, with_key()).await, FailureKind::Credentials);
}

#[tokio::test]
async fn a_kept_app_is_looked_after_again_after_a_restart() {
    let server = any_local_app().await;
    let folder = tempfile::tempdir().unwrap();
    let vault = || idmux::vault::Location::File(folder.path().join("vault.db"));
    let clock = || std::sync::Arc::new(idmux::clock::SystemClock);
    let mut worker = Worker::start(vault(), over_http(), clock()).await;
    worker.ask(session::KeepApp(watched(&server))).await;
    worker.stop().await;

    let token = {
        use secrecy::ExposeSecret as _;
        server.control_token().expose_secret().to_owned()
    };
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let is_there = bytes.windows(token.len()).any(|part| part == token.as_bytes());
            assert!(!is_there, "{} has the token in the clear", path.display());
        }
    }
    let mut worker = Worker::start(vault(), over_http(), clock()).await;
    let event = worker.ask(session::ReadClock { app: alias() }).await;
    assert!(event.kind.is::<session::ClockRead>(), "{event:?}");
}

#[tokio::test]
async fn a_kept_app_is_changed_and_keeps_its_token_unless_it_moves() {
    let (server, other) = (any_local_app().await, any_local_app().await);
    let mut worker = Worker::in_memory(over_http()).await;
    let unknown = worker.ask(session::EditApp(app_at(server.base_url()))).await;
    assert!(matches!(unknown.kind, EventKind::Failed(failure) if failure.kind == FailureKind::Unknown));
    worker.ask(session::KeepApp(watched(&server))).await;

    // Another place for custom data: the control token, which is not asked for again, stays.
    let mut change = app_at(server.base_url());
    change.custom_data.database = "other".into();
    assert_eq!(worker.ask(session::EditApp(change)).await.kind, session::AppChanged.into());
    let app = worker.snapshot().app(&alias()).unwrap().clone();
    assert_eq!(app.custom_data.database, "other");
    assert!(app.local.is_some() && app.kept);

    // Tokens of its users never go to another address.
    let ada = worker.register("ada@example.com").await;
    let moves = || session::EditApp(app_at(other.base_url()));
    let refused = worker.ask(moves()).await;
    assert!(matches!(refused.kind, EventKind::Failed(failure) if failure.kind == FailureKind::Input));
    assert_eq!(worker.snapshot().app(&alias()).unwrap().base_url.as_ref(), Some(server.base_url()));
    worker.ask(session::Remove { user: ada }).await;
    assert_eq!(worker.ask(moves()).await.kind, session::AppChanged.into());
    let app = worker.snapshot().app(&alias()).unwrap().clone();
    assert_eq!(app.base_url.as_ref(), Some(other.base_url()));
    assert!(app.local.is_none(), "the token of the former App stays with it");
}

/// Kind: a check at one of two doors. Commands tried a control token before they kept it, and the dialog for Apps did not:
/// there a wrong one replaced a good one unseen. Likewise an App with users moved where it was added again.
#[tokio::test]
async fn whoever_keeps_an_app_has_its_control_token_tried_first() {
    let (server, other) = (any_local_app().await, any_local_app().await);
    let mut worker = Worker::in_memory(over_http()).await;
    let with = |token: &str, at: &url::Url| {
        let control = ControlAccess { base_url: at.clone(), token: token.into() };
        App { control: Some(control), ..app_at(server.base_url()) }
    };
    let wrong = || with("wrong", server.base_url());
    assert_eq!(failure(&mut worker, session::KeepApp(wrong())).await, FailureKind::Refused);
    assert!(worker.snapshot().app(&alias()).is_none(), "nothing was kept");

    worker.ask(session::KeepApp(watched(&server))).await;
    for command in [AnyOperation::from(session::EditApp(wrong())), session::KeepApp(wrong()).into()] {
        assert_eq!(failure(&mut worker, command).await, FailureKind::Refused);
        let clock = worker.ask(session::ReadClock { app: alias() }).await;
        assert!(clock.kind.is::<session::ClockRead>(), "the good token stays: {clock:?}");
    }
    for broken in ["a\r\nX-Evil: 1", "a\u{7f}", "é"] {
        let command = session::EditApp(with(broken, server.base_url()));
        assert_eq!(failure(&mut worker, command).await, FailureKind::Input, "{broken:?}");
        let clock = worker.ask(session::ReadClock { app: alias() }).await;
        assert!(clock.kind.is::<session::ClockRead>(), "the good token stays: {clock:?}");
    }
    // Nobody answers there: it is kept, and said to be unchecked.
    let away = with("any", &url::Url::parse("http://127.0.0.1:1").unwrap());
    let id = worker.send(session::EditApp(away));
    let warned = worker.event_where(|event| matches!(event.kind, EventKind::Failed(_))).await;
    assert!(warned.request.is_none(), "{warned:?}");
    assert_eq!(worker.answer(id).await.kind, session::AppChanged.into());

    worker.register("ada@example.com").await;
    let elsewhere = session::KeepApp(app_at(other.base_url()));
    assert_eq!(failure(&mut worker, elsewhere).await, FailureKind::Input, "tokens stay where they are for");
}
