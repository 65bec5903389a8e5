//! Several processes that work on one vault at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::terminal::{Size, Terminal};
use super::{Device, Server};

/// A server that counts renewals, takes its time for each, and gives short tokens at the log-in and long ones afterwards.
struct Counting {
    url: String,
    renewals: Arc<AtomicUsize>,
    _runtime: tokio::runtime::Runtime,
}

fn token(kind: &str, life: i64) -> String {
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    let now = jiff::Timestamp::now().as_second();
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let claims = json!({"typ": kind, "iat": now, "exp": now + life, "jti": serial});
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

async fn log_in() -> Json<Value> {
    Json(json!({
        "user_id": "650000000000000000000001", "device_id": "000000000000000000000000",
        "access_token": token("access", 120), "refresh_token": token("refresh", 5_184_000),
    }))
}

async fn renew(State(renewals): State<Arc<AtomicUsize>>) -> (StatusCode, Json<Value>) {
    renewals.fetch_add(1, Ordering::SeqCst);
    // Long enough that every process asks while the first is answered.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    (StatusCode::CREATED, Json(json!({"access_token": token("access", 1800)})))
}

impl Counting {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let renewals = Arc::new(AtomicUsize::new(0));
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let location = json!({"hostname": url.clone(), "ws_hostname": "ws://unused"});
        let profile = json!({"type": "normal", "identities": [], "data": {}});
        let router = Router::new()
            .route("/api/client/v2.0/app/{app}/location", get(move || async move { Json(location) }))
            .route("/api/client/v2.0/app/{app}/auth/providers/{provider}/login", post(log_in))
            .route("/api/client/v2.0/auth/profile", get(move || async move { Json(profile) }))
            .route("/api/client/v2.0/auth/session", post(renew))
            .route("/api/client/v2.0/auth/session", delete(|| async { StatusCode::NO_CONTENT }))
            .with_state(renewals.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, renewals, _runtime: runtime }
    }
}

#[test]
fn seven_processes_that_need_a_renewal_cause_one_request() {
    let (server, device) = (Counting::start(), Device::new());
    device.add_app(&server.url);
    device.json(&["login", "anon", "--json"]);
    let tokens: Vec<String> = thread::scope(|scope| {
        let asked: Vec<_> = (0..7)
            .map(|_| {
                scope.spawn(|| {
                    let output = device.run(&["token", "--min-ttl", "5m"]);
                    assert!(output.status.success(), "{output:?}");
                    String::from_utf8(output.stdout).unwrap()
                })
            })
            .collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert_eq!(server.renewals.load(Ordering::SeqCst), 1);
    assert!(tokens.iter().all(|token| *token == tokens[0] && token.len() > 20), "all got its result");
}

#[test]
fn a_process_that_dies_while_it_renews_does_not_block_the_next() {
    let (server, device) = (Counting::start(), Device::new());
    device.add_app(&server.url);
    device.json(&["login", "anon", "--json"]);
    let mut first = device.command(&["refresh"]).spawn().unwrap();
    while server.renewals.load(Ordering::SeqCst) == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let output = device.run(&["refresh"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(server.renewals.load(Ordering::SeqCst), 2);
}

/// Kind: what another process changes and a running screen does not show.
#[test]
fn an_app_that_the_command_line_adds_changes_or_forgets_follows_in_a_running_screen() {
    let (server, device) = (Server::start(), Device::new());
    device.add_app(&server.url);
    device.json(&["login", "anon", "--json"]);
    let key = device.key_file();
    let screen =
        Terminal::idmux_with(device.path(), &[], Size(120, 34), &[("IDMUX_KEY_FILE", key.to_str().unwrap())]);
    screen.wait_for("anonymous");
    assert!(!screen.screen().contains("second-app"));
    device.json(&["app", "add", "second-app", "--url", &server.url, "--app-id", "shop-abcde", "--json"]);
    screen.wait_for("second-app");
    let user = device.json(&["login", "anon", "--app", "second-app", "--json"]);
    let id = user["id"].as_str().unwrap();
    let tail = &id[id.len() - 6..];
    let is_listed = |screen: &str| screen.lines().any(|line| line.contains(tail) && line.contains("active"));
    screen.wait_until("the new app's user", is_listed);
    device.json(&["app", "remove", "second-app", "--yes", "--json"]);
    screen.wait_until("the end of the app", |screen| !is_listed(screen));
    screen.leave();
}

#[test]
fn what_the_command_line_changes_shows_in_a_running_screen() {
    let (server, device) = (Server::start(), Device::new());
    device.add_app(&server.url);
    let first = device.json(&["login", "anon", "--json"]);
    let key = device.key_file();
    let screen =
        Terminal::idmux_with(device.path(), &[], Size(120, 34), &[("IDMUX_KEY_FILE", key.to_str().unwrap())]);
    let tail = |user: &Value| {
        let id = user["id"].as_str().unwrap();
        format!("…{}", &id[id.len() - 6..])
    };
    screen.wait_for(&tail(&first));

    let second = device.json(&["login", "anon", "--json"]);
    screen.wait_for(&tail(&second));
    device.json(&["logout", "--as", second["id"].as_str().unwrap(), "--yes", "--json"]);
    screen.wait_for("logged out");
    device.json(&["remove", "--as", second["id"].as_str().unwrap(), "--json"]);
    screen.wait_until("the removal", |screen| {
        !screen.lines().any(|line| line.contains(&tail(&second)) && line.contains("logged out"))
    });
    let output = device.run(&["lock"]);
    assert!(output.status.success(), "{output:?}");
    screen.wait_for("The vault is locked");
    assert!(!screen.screen().contains(&tail(&first)), "users are gone from the screen\n{}", screen.screen());
    screen.leave();
}
