//! Against a server that does what a test says: late, wrong, or nothing at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idmux::account::{App, AppAlias, Credentials, SessionState, UserId, UserKey};
use idmux::clock::SystemClock;
use idmux::session::{self, EventKind, FailureKind, Renewals, VaultStatus};
use idmux::vault::Location;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use url::Url;

use super::harness::{Worker, alias, app_at, over_http};

/// What the server answers to a renewal.
#[derive(Clone, Copy, PartialEq)]
enum Renewal {
    Token,
    Forbidden,
    Page401,
    Unavailable,
    BrokenJson,
}

struct Script {
    /// How many renewals may be answered; each takes one.
    gate: Semaphore,
    renewal: Renewal,
    renewals: AtomicUsize,
    profiles: AtomicUsize,
    /// Whether every access token is refused, fresh or not.
    refuses_all: bool,
}

impl Script {
    fn new(renewal: Renewal) -> Self {
        Self {
            gate: Semaphore::new(0),
            renewal,
            renewals: AtomicUsize::new(0),
            profiles: AtomicUsize::new(0),
            refuses_all: false,
        }
    }
}

fn token(kind: &str, life: i64) -> String {
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    let now = Timestamp::now().as_second();
    let claims = json!({
        "typ": kind, "iat": now, "exp": now + life, "jti": SERIAL.fetch_add(1, Ordering::Relaxed),
    });
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

async fn log_in() -> Json<Value> {
    Json(json!({
        "user_id": "650000000000000000000001", "device_id": "000000000000000000000000",
        "access_token": token("access", 1800), "refresh_token": token("refresh", 5_184_000),
    }))
}

async fn profile(State(script): State<Arc<Script>>) -> Response {
    script.profiles.fetch_add(1, Ordering::SeqCst);
    if script.refuses_all {
        let body = json!({"error": "invalid session", "error_code": "InvalidSession"});
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    Json(json!({"type": "normal", "identities": [], "data": {}})).into_response()
}

async fn delete_user() -> Response {
    let body = json!({"error": "invalid session", "error_code": "InvalidSession"});
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

async fn renew(State(script): State<Arc<Script>>) -> Response {
    script.renewals.fetch_add(1, Ordering::SeqCst);
    script.gate.acquire().await.unwrap().forget();
    match script.renewal {
        Renewal::Token => Json(json!({"access_token": token("access", 1800)})).into_response(),
        Renewal::Forbidden => {
            (StatusCode::FORBIDDEN, Json(json!({"error": "not from here"}))).into_response()
        }
        Renewal::Page401 => {
            (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, "text/html")], "<h1>Hotel Wi-Fi</h1>")
                .into_response()
        }
        Renewal::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "120")]).into_response()
        }
        Renewal::BrokenJson => {
            ([(header::CONTENT_TYPE, "application/json")], "{\"access_token\": ").into_response()
        }
    }
}

async fn serve(script: Script) -> (Url, Arc<Script>) {
    let script = Arc::new(script);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let location = json!({"hostname": base.clone(), "ws_hostname": "ws://unused"});
    let router = Router::new()
        .route("/api/client/v2.0/app/{app}/location", get(move || async move { Json(location) }))
        .route("/api/client/v2.0/app/{app}/auth/providers/{provider}/login", post(log_in))
        .route("/api/client/v2.0/auth/profile", get(profile))
        .route("/api/client/v2.0/auth/delete", axum::routing::delete(delete_user))
        .route("/api/client/v2.0/auth/session", post(renew).delete(|| async { StatusCode::NO_CONTENT }))
        .with_state(script.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Url::parse(&base).unwrap(), script)
}

#[tokio::test]
async fn ten_demands_cause_one_renewal_and_all_get_its_result() {
    let (url, script) = serve(Script::new(Renewal::Token)).await;
    let mut worker = Worker::with_app(&url).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    let ids: Vec<_> = (0..10).map(|_| worker.send(session::Refresh { user: user.clone() })).collect();
    worker.user_where(&user, |view| view.state == SessionState::Refreshing).await;
    script.gate.add_permits(10);
    for id in ids {
        assert_eq!(worker.answer(id).await.kind, session::Refreshed.into());
    }
    assert_eq!(script.renewals.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_after_the_log_out_is_dropped() {
    let (url, script) = serve(Script::new(Renewal::Token)).await;
    let mut worker = Worker::with_app(&url).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    let refresh = worker.send(session::Refresh { user: user.clone() });
    worker.user_where(&user, |view| view.state == SessionState::Refreshing).await;
    let log_out = worker.send(session::LogOut { user: user.clone() });
    assert!(matches!(worker.answer(refresh).await.kind, EventKind::Failed(_)));
    assert_eq!(worker.answer(log_out).await.kind, session::LoggedOut.into());
    script.gate.add_permits(1);
    worker.event_where(|event| matches!(event.kind, EventKind::AnswerDropped { .. })).await;
    let view = worker.user(&user);
    assert_eq!((view.state.clone(), view.access.is_none()), (SessionState::LoggedOut, true));
}

#[tokio::test]
async fn an_answer_to_the_former_session_does_not_replace_the_new_one() {
    let (url, script) = serve(Script::new(Renewal::Token)).await;
    let mut worker = Worker::with_app(&url).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    worker.send(session::Refresh { user: user.clone() });
    worker.user_where(&user, |view| view.state == SessionState::Refreshing).await;
    let again = worker.send(session::LogIn { app: alias(), credentials: Credentials::Anonymous });
    assert_eq!(worker.answer(again).await.kind, session::Entered::LoggedIn { replaced: true }.into());
    let fresh = worker.user(&user).refresh.clone();
    script.gate.add_permits(2);
    worker.event_where(|event| matches!(event.kind, EventKind::AnswerDropped { .. })).await;
    worker.user_where(&user, |view| view.state == SessionState::Active).await;
    assert_eq!(worker.user(&user).refresh, fresh);
}

#[tokio::test]
async fn no_answer_but_a_definite_one_ends_a_session() {
    for (renewal, kind) in [
        (Renewal::Forbidden, FailureKind::Refused),
        (Renewal::Page401, FailureKind::Garbage),
        (Renewal::Unavailable, FailureKind::ServerTrouble),
        (Renewal::BrokenJson, FailureKind::Garbage),
    ] {
        let (url, script) = serve(Script::new(renewal)).await;
        script.gate.add_permits(1000);
        let mut worker = Worker::with_app(&url).await;
        let user = worker.log_in(Credentials::Anonymous).await;
        let answer = worker.ask(session::Refresh { user: user.clone() }).await;
        assert!(matches!(&answer.kind, EventKind::Failed(failure) if failure.kind == kind), "{answer:?}");
        let view = worker.user(&user);
        let SessionState::RefreshDue { retry_at, .. } = &view.state else { panic!("{:?}", view.state) };
        assert!(view.access.is_some(), "the access token still works");
        match renewal {
            Renewal::Forbidden => assert_eq!(*retry_at, None, "a refusal is not tried again"),
            Renewal::Unavailable => {
                let wait = retry_at.unwrap().duration_since(Timestamp::now());
                assert!(wait.as_secs() > 60, "the server's Retry-After is heeded: {wait:?}");
            }
            _ => assert!(retry_at.is_some()),
        }
    }
}

#[tokio::test]
async fn a_server_that_refuses_fresh_tokens_is_asked_twice_and_no_more() {
    let script = Script { refuses_all: true, ..Script::new(Renewal::Token) };
    let (url, script) = serve(script).await;
    script.gate.add_permits(1000);
    let mut worker = Worker::with_app(&url).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    let answer = worker.ask(session::Delete { user: user.clone() }).await;
    assert!(matches!(answer.kind, EventKind::Failed(_)), "{answer:?}");
    assert!(worker.snapshot().user(&user).is_some(), "nothing is lost");
    worker.user_where(&user, |view| view.state == SessionState::Active).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // At the log-in the profile is read once, then once more after a renewal; the deletion adds one renewal at most.
    assert!(script.renewals.load(Ordering::SeqCst) <= 2, "{:?}", script.renewals);
    assert!(script.profiles.load(Ordering::SeqCst) <= 3, "{:?}", script.profiles);
}

#[tokio::test]
async fn an_app_that_hangs_keeps_no_other_app_waiting() {
    let (hanging, _) = serve(Script::new(Renewal::Token)).await;
    let (healthy, script) = serve(Script::new(Renewal::Token)).await;
    script.gate.add_permits(10);
    let one_at_a_time = Renewals { in_flight: 1, ..Renewals::default() };
    let mut worker =
        Worker::start_with(Location::Memory, over_http(), Arc::new(SystemClock), one_at_a_time).await;
    let mut users = Vec::new();
    for (alias, url) in [("hanging", &hanging), ("healthy", &healthy)] {
        let app = App { alias: AppAlias::new(alias), ..app_at(url) };
        worker.ask(session::AddApp(app.clone())).await;
        let log_in = session::LogIn { app: app.alias.clone(), credentials: Credentials::Anonymous };
        worker.ask(log_in).await;
        users.push(UserKey { app: app.alias, id: UserId::new("650000000000000000000001") });
    }
    worker.send(session::Refresh { user: users[0].clone() });
    worker.user_where(&users[0], |view| view.state == SessionState::Refreshing).await;
    let answer = worker.ask(session::Refresh { user: users[1].clone() }).await;
    assert_eq!(answer.kind, session::Refreshed.into());
    assert_eq!(worker.user(&users[0]).state, SessionState::Refreshing);
}

#[tokio::test]
async fn a_lock_answers_whoever_waits_and_lets_nothing_come_back() {
    // A server that takes connections and never answers: the log-in is on the wire when the vault is locked.
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = Url::parse(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
    let mut worker = Worker::with_app(&url).await;
    let log_in = worker.send(session::LogIn { app: alias(), credentials: Credentials::Anonymous });
    let _connection = silent.accept().await.unwrap();
    let lock = worker.send(session::Lock);
    let answer = worker.answer(log_in).await;
    assert!(
        matches!(&answer.kind, EventKind::Failed(failure) if failure.kind == FailureKind::Vault),
        "{answer:?}"
    );
    assert_eq!(worker.answer(lock).await.kind, session::Locked.into());
    let snapshot =
        worker.snapshot_where(|snapshot| matches!(snapshot.vault, VaultStatus::Locked { .. })).await;
    assert!(snapshot.users.is_empty());
}

#[tokio::test]
async fn a_hanging_server_does_not_hold_up_the_end() {
    let (url, _script) = serve(Script::new(Renewal::Token)).await;
    let mut worker = Worker::with_app(&url).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    worker.send(session::Refresh { user: user.clone() });
    worker.user_where(&user, |view| view.state == SessionState::Refreshing).await;
    tokio::time::timeout(Duration::from_secs(20), worker.stop())
        .await
        .expect("it ends though nobody answers");
}
