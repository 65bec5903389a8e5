//! A server to talk to, a client that hides nothing, and the real process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use idmux::clock::ManualClock;
use idmux::local_app::{ANY_PORT, Lifetimes, LocalApp, Options, Storage};
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

pub const APP: &str = "shop-abcde";
pub const PASSWORD: &str = "correct horse";

/// A local App in this process, on a clock that stands still.
pub struct Server {
    pub app: LocalApp,
    pub clock: Arc<ManualClock>,
    pub client: Client,
}

impl Server {
    /// In memory, with the default lifetimes.
    pub async fn start() -> Self {
        Self::start_with(Storage::Memory, Lifetimes::default()).await
    }

    pub async fn start_in(folder: &Path) -> Self {
        Self::start_with(Storage::Folder(folder.to_owned()), Lifetimes::default()).await
    }

    pub async fn start_with(storage: Storage, lifetimes: Lifetimes) -> Self {
        Self::start_app(APP, storage, lifetimes).await
    }

    pub async fn start_app(app_id: &str, storage: Storage, lifetimes: Lifetimes) -> Self {
        Self::start_from(Options { lifetimes, ..Options::new(app_id, storage) }).await
    }

    /// In memory, with what `change` makes of the usual options.
    pub async fn start_options(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::new(APP, Storage::Memory);
        change(&mut options);
        Self::start_from(options).await
    }

    async fn start_from(options: Options) -> Self {
        let clock = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
        let program = Some(env!("CARGO_BIN_EXE_idmux").into());
        let function_worker = options.function_worker.clone().or(program);
        let options = Options { clock: clock.clone(), function_worker, ..options };
        let app_id = options.app_id.clone();
        let app = LocalApp::start(ANY_PORT, options).await.unwrap();
        let client = Client::new(app.base_url().as_str().trim_end_matches('/'), &app_id);
        Self { app, clock, client }
    }

    /// A request to the control API, `path` below `/api/control/v1`.
    pub async fn control(&self, method: Method, path: &str, body: Value) -> Reply {
        self.client.control(self.app.control_token().expose_secret(), method, path, body).await
    }

    /// Moves the clock below the App's.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }
}

impl std::ops::Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A client of one App.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub base: String,
    app_id: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.text).unwrap()
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// A success that has nothing to say: an empty object, which older clients read.
    #[track_caller]
    pub fn done(&self, status: u16) {
        assert_eq!(self.ok(status), json!({}));
    }

    #[track_caller]
    pub fn empty(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.text, "");
        assert_eq!(self.header("content-type"), None);
    }

    /// An error: status, code, text, and the link of the documented shape.
    #[track_caller]
    pub fn refused(&self, status: u16, code: Option<&str>, says: &str) {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        assert_eq!(body.get("error_code").and_then(Value::as_str), code, "{body}");
        let text = body["error"].as_str().unwrap();
        assert!(text.contains(says), "{text:?} does not say {says:?}");
        let (_, id) = body["link"].as_str().unwrap().split_once("/logs?co_id=").expect("a link to the logs");
        assert!(id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct User {
    pub id: String,
    pub device: String,
    pub access: String,
    pub refresh: String,
}

impl User {
    #[track_caller]
    pub fn of(login: &Value) -> Self {
        let text =
            |key: &str| login[key].as_str().unwrap_or_else(|| panic!("no {key} in {login}")).to_owned();
        Self {
            id: text("user_id"),
            device: text("device_id"),
            access: text("access_token"),
            refresh: text("refresh_token"),
        }
    }
}

impl Client {
    pub fn new(base: &str, app_id: &str) -> Self {
        // No certificates: everything here is plain HTTP, and a machine without a store would fail to build it.
        // No redirects: where a browser is sent is what a test looks at.
        let redirects = reqwest::redirect::Policy::none();
        let http =
            reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(redirects).build().unwrap();
        Self { http, base: base.to_owned(), app_id: app_id.to_owned() }
    }

    pub fn app_path(&self, path: &str) -> String {
        format!("/api/client/v2.0/app/{}{path}", self.app_id)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        self.try_send(request).await.unwrap()
    }

    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
        let response = request.send().await?;
        Ok(Reply {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// A request to a path below `/api/client/v2.0/auth`, with a token.
    pub async fn auth(&self, method: Method, path: &str, token: &str) -> Reply {
        self.send(self.request(method, &format!("/api/client/v2.0/auth{path}")).bearer_auth(token)).await
    }

    /// A request to the control API with its token. A body that is `null` is none.
    pub async fn control(&self, token: &str, method: Method, path: &str, body: Value) -> Reply {
        let request = self.request(method, &format!("/api/control/v1{path}")).bearer_auth(token);
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        self.send(request).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, &self.app_path(path)).body(body.to_string())).await
    }

    pub async fn register(&self, email: &str, password: &str) -> Reply {
        let body = json!({ "email": email, "password": password });
        self.post("/auth/providers/local-userpass/register", &body).await
    }

    pub async fn log_in(&self, email: &str, password: &str) -> Reply {
        let body = json!({ "username": email, "password": password });
        self.post("/auth/providers/local-userpass/login", &body).await
    }

    pub async fn anonymous(&self) -> User {
        User::of(&self.post("/auth/providers/anon-user/login", &json!({})).await.ok(200))
    }

    /// Registers an email address and logs it in.
    pub async fn user(&self, email: &str) -> User {
        self.register(email, PASSWORD).await.done(201);
        User::of(&self.log_in(email, PASSWORD).await.ok(200))
    }

    pub async fn link(&self, access: &str, provider: &str, body: &Value) -> Reply {
        let path = self.app_path(&format!("/auth/providers/{provider}/login?link=true"));
        self.send(self.request(Method::POST, &path).bearer_auth(access).body(body.to_string())).await
    }

    pub async fn profile(&self, access: &str) -> Reply {
        self.auth(Method::GET, "/profile", access).await
    }

    pub async fn refresh(&self, refresh: &str) -> Reply {
        self.auth(Method::POST, "/session", refresh).await
    }

    pub async fn log_out(&self, refresh: &str) -> Reply {
        self.auth(Method::DELETE, "/session", refresh).await
    }

    pub async fn delete(&self, access: &str) -> Reply {
        self.auth(Method::DELETE, "/delete", access).await
    }

    pub async fn call(&self, access: &str, body: &Value) -> Reply {
        let path = self.app_path("/functions/call");
        self.send(self.request(Method::POST, &path).bearer_auth(access).body(body.to_string())).await
    }

    /// Calls an action on the collection of custom user data.
    pub async fn custom_data(&self, access: &str, action: &str, options: Value) -> Reply {
        let mut argument = json!({ "database": "app", "collection": "custom_user_data" });
        argument.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let body = json!({ "service": "mongodb-atlas", "name": action, "arguments": [argument] });
        self.call(access, &body).await
    }
}

/// The claims of a token, unchecked.
pub fn claims(token: &str) -> Value {
    segment(token, 1)
}

/// One of the JSON segments of a token.
pub fn segment(token: &str, index: usize) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// `idmux serve` as a process; killed when dropped.
pub struct Process {
    child: Child,
    /// What it said when it listened.
    pub line: String,
    /// What opens its control API.
    pub control_token: String,
    rest: BufReader<std::process::ChildStdout>,
}

impl Process {
    /// A command that knows nothing of the machine's folders.
    pub fn command(arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idmux"));
        command.arg("serve").args(arguments).env_remove("IDMUX_HOME").env_remove("IDMUX_CONTROL_TOKEN");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Serves the App on any port, and waits for its lines.
    pub fn start(arguments: &[&str]) -> Self {
        let all = [&["--listen", "127.0.0.1:0", "--app-id", APP], arguments].concat();
        Self::spawn(Self::command(&all))
    }

    pub fn spawn(mut command: Command) -> Self {
        command.stderr(Stdio::inherit());
        Self::spawn_with(command)
    }

    /// With standard error where the command has it.
    pub fn spawn_with(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut rest = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        rest.read_line(&mut line).unwrap();
        let mut second = String::new();
        rest.read_line(&mut second).unwrap();
        let control_token = second.strip_prefix("control token ").unwrap_or_else(|| panic!("{second:?}"));
        Self { child, line, control_token: control_token.trim_end().to_owned(), rest }
    }

    /// A request to its control API, `path` below `/api/control/v1`.
    pub async fn control(&self, method: Method, path: &str, body: Value) -> Reply {
        self.client().control(&self.control_token, method, path, body).await
    }

    pub fn client(&self) -> Client {
        let url = self.line.split(' ').nth(2).unwrap_or_else(|| panic!("no URL in {:?}", self.line));
        Client::new(url, APP)
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end; returns the rest of standard output with it.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the process does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let rest = std::io::read_to_string(&mut self.rest).unwrap();
        (status, rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
