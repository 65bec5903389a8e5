//! Servers, and proxies, that mean no good: where secrets go, and which answers count.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::device::{Device, PASSWORD};
use crate::server::{Serve, add};
use crate::terminal::{Size, Terminal};

const USER: &str = "650000000000000000000001";

fn jwt(user: &str, life: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({ "sub": user, "iat": now, "exp": now + life });
    format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn jwt_that_ends(exp: &str) -> String {
    let claims = format!(r#"{{"sub":"{USER}","exp":{exp}}}"#);
    format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

fn session() -> Value {
    json!({
        "user_id": USER, "device_id": "000000000000000000000000",
        "access_token": jwt(USER, 600), "refresh_token": "opaque",
    })
}

/// A server that answers what a test says, and counts the requests that come with a body or a token.
struct Server {
    url: String,
    answers: Arc<Mutex<Answers>>,
    _runtime: tokio::runtime::Runtime,
}

struct Answers {
    location: Value,
    log_in: (u16, Value),
    refresh: (u16, Value),
    profile: Value,
    secrets: usize,
}

impl Server {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(Answers {
            location: json!({ "hostname": url }),
            log_in: (200, session()),
            refresh: (201, json!({ "access_token": jwt(USER, 1800) })),
            profile: json!({ "type": "normal", "identities": [], "data": { "name": "Ada" } }),
            secrets: 0,
        }));
        let router = Router::new().fallback(answer).with_state(answers.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, answers, _runtime: runtime }
    }

    fn set(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.answers.lock().unwrap());
    }

    fn authority(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    fn secrets(&self) -> usize {
        self.answers.lock().unwrap().secrets
    }
}

async fn answer(State(answers): State<Arc<Mutex<Answers>>>, request: Request) -> Response {
    let mut answers = answers.lock().unwrap();
    answers.secrets += usize::from(request.method() != Method::GET);
    let path = request.uri().path();
    let (status, body) = match path.rsplit('/').next().unwrap() {
        "location" => (200, answers.location.clone()),
        "login" => answers.log_in.clone(),
        "profile" => (200, answers.profile.clone()),
        "session" if request.method() == Method::POST => answers.refresh.clone(),
        _ => return StatusCode::NO_CONTENT.into_response(),
    };
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// A proxy that notes what it is asked for, and goes nowhere.
struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 4096];
                let length = stream.read(&mut head).unwrap_or(0);
                noted.lock().unwrap().push(String::from_utf8_lossy(&head[..length]).into_owned());
                let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// Kind: a request to this machine that leaves it. Passwords, tokens and the control token stood in plain text at a proxy.
#[test]
fn nothing_for_this_machine_goes_through_a_proxy_and_all_else_does() {
    let (proxy, server) = (Proxy::start(), Serve::start(&[]));
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        let mut device = Device::new();
        device.set(name, &proxy.url);
        device.set("NO_PROXY", "nothing.example");
        device.register("ada@example.com", &[]);
        assert_eq!(device.run(&["mail", "list", "--app", "local", "--json"]).code, 0, "{name}");
        let port = server.url.rsplit(':').next().unwrap();
        for (alias, host) in [("a", "127.0.0.1"), ("b", "localhost"), ("c", "LOCALHOST")] {
            add(&device, alias, &format!("http://{host}:{port}"));
            device.run(&["login", "anon", "--app", alias]).ok();
        }
        assert_eq!(proxy.asked(), [""; 0], "{name}");
    }

    let mut device = Device::new();
    device.set("ALL_PROXY", &proxy.url);
    device.set("NO_PROXY", "");
    add(&device, "far", "http://shop.example");
    assert_ne!(device.run(&["login", "anon", "--app", "far"]).code, 0);
    let asked = proxy.asked();
    assert!(asked.iter().any(|head| head.starts_with("GET http://shop.example/")), "{asked:?}");
}

/// Kind: an address from a server that gets secrets nobody meant for it.
#[test]
fn another_host_gets_nothing_until_it_is_accepted_once() {
    let (device, front, other) = (Device::new(), Server::start(), Server::start());
    front.set(|answers| answers.location = json!({ "hostname": other.url }));
    add(&device, "shop", &front.url);
    let log_in = ["login", "email", "ada@example.com", "--password-stdin", "--json"];
    let error = device.run_with(&log_in, PASSWORD).error(5);
    assert_eq!(error["code"], "address");
    for part in [front.authority(), other.authority()] {
        assert!(error["message"].as_str().unwrap().contains(part), "{error}");
    }
    assert!(error["hint"].as_str().unwrap().contains("idmux app accept-host"), "{error}");
    assert_eq!((front.secrets(), other.secrets()), (0, 0));

    device.run(&["app", "accept-host", "shop", other.authority()]).ok();
    device.run_with(&log_in, PASSWORD).json();
    device.run(&["refresh"]).ok();
    assert!(front.secrets() == 0 && other.secrets() >= 2);

    // It is that host that was accepted, and no third one. An App that is added again keeps the answer.
    let third = Server::start();
    add(&device, "shop", &front.url);
    device.run(&["refresh"]).ok();
    front.set(|answers| answers.location = json!({ "hostname": third.url }));
    assert_eq!(device.run(&["refresh", "--json"]).error(5)["code"], "address");
    assert_eq!(third.secrets(), 0);
    assert_eq!(device.users()[0]["label"], "Ada", "the session is kept");
}

/// Kind: a redirect that takes the token or the body of a request with it.
#[test]
fn a_redirect_is_not_followed() {
    let (device, server) = (Device::new(), Server::start());
    server.set(|answers| answers.log_in = (307, json!({})));
    add(&device, "shop", &server.url);
    let error =
        device.run_with(&["login", "email", "a@b.c", "--password-stdin", "--json"], PASSWORD).error(5);
    assert!(error["message"].as_str().unwrap().contains("redirects"), "{error}");
    assert_eq!(server.secrets(), 1);
}

/// Kind: an answer whose parts are there and are none.
#[test]
fn a_log_in_that_is_no_answer_does_not_count() {
    let (device, server) = (Device::new(), Server::start());
    add(&device, "shop", &server.url);
    let long = "x".repeat(100_000);
    for (field, value, why) in [
        ("user_id", "", "user id is empty"),
        ("user_id", "650000000000000000000002", "another user's"),
        ("user_id", "65\u{1b}[2J", "user id has characters"),
        ("user_id", &long, "user id is absurdly long"),
        ("access_token", "", "access token is empty"),
        ("access_token", "opaque", "no JWT"),
        ("access_token", &jwt("650000000000000000000002", 600), "another user's"),
        ("access_token", &format!("{}\r\nX-Evil: 1", jwt(USER, 600)), "access token has characters"),
        ("access_token", &format!("{}{long}", jwt(USER, 600)), "access token is absurdly long"),
        ("access_token", &jwt_that_ends("\"123\""), "a time that is none, in exp"),
        ("access_token", &jwt_that_ends("null"), "a time that is none, in exp"),
        ("refresh_token", "", "refresh token is empty"),
        ("refresh_token", "a\nb", "refresh token has characters"),
        ("refresh_token", "é", "refresh token has characters"),
        ("refresh_token", &long, "refresh token is absurdly long"),
        ("refresh_token", &jwt("650000000000000000000002", 600), "another user's"),
        ("device_id", "a\u{7}", "device id has characters"),
    ] {
        let mut answer = session();
        answer[field] = value.into();
        server.set(|answers| answers.log_in = (200, answer));
        let error = device.run(&["login", "anon", "--json"]).error(5);
        assert_eq!(error["code"], "not-the-protocol", "{field} {value}");
        assert!(error["message"].as_str().unwrap().contains(why), "{field} {value}: {error}");
        assert_eq!(device.users().len(), 0, "{field} {value}");
    }
    server.set(|answers| answers.log_in = (200, session()));
    device.run(&["login", "anon"]).ok();
}

#[test]
fn a_refresh_that_is_no_answer_keeps_the_session_and_is_told() {
    let (device, server) = (Device::new(), Server::start());
    add(&device, "shop", &server.url);
    device.run(&["login", "anon"]).ok();
    let before = device.run(&["token"]).ok().to_owned();
    for token in [
        String::new(),
        "opaque".into(),
        jwt("650000000000000000000002", 1800),
        format!("{}\nevil", jwt(USER, 1800)),
        format!("{}{}", jwt(USER, 1800), "x".repeat(100_000)),
    ] {
        server.set(|answers| answers.refresh = (201, json!({ "access_token": token })));
        let error = device.run(&["refresh", "--json"]).error(5);
        assert!(error["message"].as_str().unwrap().contains("an invalid answer"), "{error}");
        assert_eq!(device.run(&["token"]).ok(), before);
    }
    server.set(|answers| answers.refresh = (201, json!({ "access_token": jwt(USER, 1800) })));
    device.run(&["refresh"]).ok();
    assert_ne!(device.run(&["token"]).ok(), before);
}

/// Kind: a text of a server without a bound.
#[test]
fn no_text_of_a_server_is_endless() {
    let (device, server) = (Device::new(), Server::start());
    add(&device, "shop", &server.url);
    let endless = "é".repeat(2_500_000);
    for body in [
        json!({ "error": endless, "error_code": "AuthError" }),
        json!({ "error": "no", "error_code": endless, "link": endless }),
    ] {
        server.set(|answers| answers.log_in = (401, body));
        for args in [&["login", "anon"][..], &["login", "anon", "--json"]] {
            let ended = device.run(args);
            assert!(ended.code == 3 && ended.err.len() < 20_000, "{} bytes", ended.err.len());
        }
    }
    let endless_id = json!([{ "id": endless, "provider_type": endless }]);
    server.set(|answers| {
        answers.log_in = (200, session());
        answers.profile =
            json!({ "type": endless, "identities": endless_id, "data": { "name": endless, "x": [endless] } });
    });
    device.run(&["login", "anon"]).ok();
    let users = device.run(&["users"]).ok().len() + device.run(&["users", "--json"]).ok().len();
    assert!(users < 40_000, "{users} bytes");
    server.set(|answers| answers.refresh = (500, json!({ "error": endless })));
    device.run(&["refresh"]);
    let timeline = device.run(&["timeline"]).ok().len();
    assert!(timeline < 20_000, "{timeline} bytes");
    for file in ["log/idmux.log", "vault.db", "vault.db-wal"] {
        let length = std::fs::metadata(device.home().join(file)).map_or(0, |file| file.len());
        assert!(length < 400_000, "{file}: {length} bytes");
    }
}

/// Kind: a server that leads its clients out of TLS, and does not know.
#[cfg(unix)]
#[test]
fn a_server_behind_tls_that_trusts_no_proxy_says_once_what_to_set() {
    let device = Device::new();
    let serve = |more: &[&str]| {
        let args =
            [&["serve", "--ephemeral", "--listen", "127.0.0.1:0", "--app-id", "shop-abcde"], more].concat();
        let mut child = device.command(&args).spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut line)
            .unwrap();
        let authority = line.split(' ').nth(2).unwrap().strip_prefix("http://").unwrap().to_owned();
        for header in ["X-Forwarded-Proto: https", "Forwarded: for=192.0.2.1;proto=https", "Accept: */*"] {
            let mut stream = std::net::TcpStream::connect(&authority).unwrap();
            let path = "/api/client/v2.0/app/shop-abcde/location";
            write!(stream, "GET {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{header}\r\n\r\n")
                .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
        let kill = std::process::Command::new("kill").arg(child.id().to_string()).status();
        assert!(kill.unwrap().success());
        crate::device::Ended::of(child).err
    };
    let said = serve(&[]);
    assert_eq!(said.matches("--trusted-proxy 127.0.0.1").count(), 1, "{said}");
    assert!(!serve(&["--trusted-proxy", "127.0.0.1"]).contains("--trusted-proxy"));
}

/// A person at a terminal is asked, once; whoever is asked and says no has sent nothing.
#[test]
fn a_person_is_asked_about_another_host_and_the_command_goes_on() {
    let (device, front, other) = (Device::new(), Server::start(), Server::start());
    front.set(|answers| answers.location = json!({ "hostname": other.url }));
    add(&device, "shop", &front.url);
    for (answer, expected) in [("\r", "nothing was sent"), ("n\r", "nothing was sent"), ("y\r", "logged in")]
    {
        let mut terminal =
            Terminal::idmux_with(device.home(), &["login", "anon"], Size(160, 24), &device.variables());
        terminal.wait_for("Accept that host, now and from now on? [y/N]");
        terminal.wait_for(other.authority());
        assert_eq!((front.secrets(), other.secrets()), (0, 0));
        terminal.send(answer);
        terminal.wait_for(expected);
        assert_eq!(terminal.wait_exit().success(), answer == "y\r");
    }
    assert!(other.secrets() > 0 && front.secrets() == 0);
    device.run(&["refresh"]).ok();
    // Spelled otherwise, it is the same host.
    let spelled = format!("LOCALHOST.:{}", other.authority().rsplit(':').next().unwrap());
    device.run(&["app", "accept-host", "shop", &spelled]).ok();
    front.set(|answers| answers.location["hostname"] = other.url.replace("127.0.0.1", "localhost").into());
    device.run(&["refresh"]).ok();
}

/// Kind: an answer that is small on the wire and large in memory.
#[test]
fn an_answer_of_endless_small_values_is_refused() {
    let (device, server) = (Device::new(), Server::start());
    add(&device, "shop", &server.url);
    server.set(|answers| answers.log_in = (200, json!({ "user_id": vec![0; 3_000_000] })));
    let error = device.run(&["login", "anon", "--json"]).error(5);
    assert!(error["message"].as_str().unwrap().contains("more than 2500000 values"), "{error}");
}
