//! Servers for a command to talk to: the real local App as a process, and one that says what a test wants.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::device::Device;

/// Whoever has it looks after every server of these tests.
const CONTROL_TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

pub const APP_ID: &str = "shop-abcde";

/// `idmux serve --ephemeral`, until it is dropped.
pub struct Serve {
    child: Child,
    pub url: String,
    pub control_token: String,
}

impl Serve {
    pub fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_idmux"))
            .args(["serve", "--ephemeral", "--listen", "127.0.0.1:0", "--app-id", APP_ID])
            .args(args)
            .env("IDMUX_CONTROL_TOKEN", CONTROL_TOKEN)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split(' ').nth(2).unwrap_or_else(|| panic!("no URL in {line:?}")).to_owned();
        Self { child, url, control_token: CONTROL_TOKEN.to_owned() }
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes the App at `url` known as `name`.
pub fn add(device: &Device, name: &str, url: &str) {
    device.run(&["app", "add", name, "--url", url, "--app-id", APP_ID]).ok();
}

/// Seconds that the access token of a log-in lives at a scripted server.
const FIRST_LIFE: i64 = 600;
/// Seconds that a renewed one lives.
const RENEWED_LIFE: i64 = 1800;

/// A server that takes every log-in and remembers what it was given.
pub struct Scripted {
    pub url: String,
    seen: Arc<Seen>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Seen {
    log_ins: Mutex<Vec<(String, Value)>>,
    renewals: Mutex<usize>,
    /// What renewals are answered with, instead of a token.
    refusal: Mutex<Option<(StatusCode, Value)>>,
    name: String,
}

impl Scripted {
    /// A server whose users are all called `name`.
    pub fn start(name: &str) -> Self {
        let seen = Arc::new(Seen { name: name.into(), ..Seen::default() });
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let location = json!({ "hostname": url.clone(), "ws_hostname": "ws://unused" });
        let router = Router::new()
            .route("/api/client/v2.0/app/{app}/location", get(move || async move { Json(location) }))
            .route("/api/client/v2.0/app/{app}/auth/providers/{provider}/login", post(log_in))
            .route("/api/client/v2.0/auth/profile", get(profile))
            .route("/api/client/v2.0/auth/session", post(renew).delete(|| async { StatusCode::NO_CONTENT }))
            .with_state(Arc::clone(&seen));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, seen, _runtime: runtime }
    }

    /// The log-ins so far: provider and body.
    pub fn log_ins(&self) -> Vec<(String, Value)> {
        self.seen.log_ins.lock().unwrap().clone()
    }

    /// How many renewals were asked for so far.
    pub fn renewals(&self) -> usize {
        *self.seen.renewals.lock().unwrap()
    }

    /// Refuses every renewal from now on.
    pub fn refuse(&self, status: u16, body: Value) {
        *self.seen.refusal.lock().unwrap() = Some((StatusCode::from_u16(status).unwrap(), body));
    }
}

fn token(kind: &str, life: i64) -> String {
    static SERIAL: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let serial = SERIAL.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({ "typ": kind, "iat": now, "exp": now + life, "jti": serial });
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

async fn log_in(
    State(seen): State<Arc<Seen>>,
    Path((_, provider)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Json<Value> {
    let mut log_ins = seen.log_ins.lock().unwrap();
    log_ins.push((provider, body));
    Json(json!({
        "user_id": format!("{:024x}", 0x65_0000 + log_ins.len()), "device_id": "000000000000000000000000",
        "access_token": token("access", FIRST_LIFE), "refresh_token": token("refresh", 5_184_000),
    }))
}

async fn profile(State(seen): State<Arc<Seen>>) -> Json<Value> {
    Json(json!({ "type": "normal", "identities": [], "data": { "name": seen.name } }))
}

async fn renew(State(seen): State<Arc<Seen>>) -> Response {
    *seen.renewals.lock().unwrap() += 1;
    match &*seen.refusal.lock().unwrap() {
        Some((status, body)) => (*status, Json(body.clone())).into_response(),
        None => (StatusCode::CREATED, Json(json!({ "access_token": token("access", RENEWED_LIFE) })))
            .into_response(),
    }
}
