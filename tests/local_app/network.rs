//! The server on the network: who may reach it, behind proxies, from browsers, over TLS, and how much of it one may hold.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use idmux::local_app::{
    LocalApp, LocalAppError, Network, Options, Storage, TlsFiles, TrustedProxies, proxy_network,
};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::{APP, Server};

fn behind(proxies: &[&str]) -> Network {
    let networks = proxies.iter().map(|text| proxy_network(text).unwrap()).collect();
    Network { trusted_proxies: TrustedProxies::new(networks), ..Network::default() }
}

async fn start(network: Network) -> Server {
    Server::start_options(|options| options.network = network).await
}

async fn hostname(server: &Server, headers: &[(&str, &str)]) -> String {
    let mut request = server.request(Method::GET, &server.app_path("/location"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = server.send(request).await.ok(200);
    let [http, ws] = ["hostname", "ws_hostname"].map(|key| body[key].as_str().unwrap().to_owned());
    assert_eq!(ws, http.replacen("http", "ws", 1));
    http
}

#[tokio::test]
async fn what_is_reachable_from_outside_needs_to_be_allowed() {
    let everywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let options = Options::new(APP, Storage::Memory);
    let refused = LocalApp::start(everywhere, options.clone()).await.unwrap_err();
    assert!(matches!(refused, LocalAppError::NotLoopback(_)));
    assert!(refused.to_string().contains("add --allow-remote"), "{refused}");
    let network = Network { allow_remote: true, ..Network::default() };
    let app = LocalApp::start(everywhere, Options { network, ..options }).await.unwrap();
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_stranger_cannot_say_where_the_app_is() {
    let server = start(Network::default()).await;
    let lies = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
    ];
    assert_eq!(hostname(&server, &lies).await, server.base);
    let request = server.request(Method::GET, "/nowhere").header("x-forwarded-host", "evil.example");
    let error = server.send(request).await;
    assert!(error.json()["link"].as_str().unwrap().starts_with(&server.base), "{error:?}");
    // The Host header leads whoever sends it, and no link.
    assert_eq!(hostname(&server, &[("host", "localhost:1234")]).await, "http://localhost:1234");
    let error = server.send(server.request(Method::GET, "/nowhere").header("host", "evil.example")).await;
    assert!(error.json()["link"].as_str().unwrap().starts_with(&server.base), "{error:?}");
}

#[tokio::test]
async fn a_trusted_proxy_says_where_the_app_is() {
    let server = start(behind(&["127.0.0.0/8"])).await;
    let older = [("x-forwarded-host", "app.example"), ("x-forwarded-proto", "https")];
    assert_eq!(hostname(&server, &older).await, "https://app.example");
    let standard = [("forwarded", "for=192.0.2.1;host=\"app.example:8443\";proto=https")];
    assert_eq!(hostname(&server, &standard).await, "https://app.example:8443");
    assert_eq!(hostname(&server, &[("x-forwarded-host", "a/b?c")]).await, server.base);
    assert_eq!(hostname(&server, &[]).await, server.base);
    let request = server.request(Method::GET, "/nowhere").header("forwarded", "host=app.example;proto=https");
    let error = server.send(request).await;
    assert!(error.json()["link"].as_str().unwrap().starts_with("https://app.example/groups/"), "{error:?}");
}

#[tokio::test]
async fn the_control_api_is_for_this_machine_however_a_request_comes() {
    for (network, forwarded, open) in [
        (Network::default(), None, true),
        // Some proxy on this machine, of which nobody said anything.
        (Network::default(), Some("for=127.0.0.1"), false),
        (behind(&["127.0.0.1"]), Some("for=192.0.2.1"), false),
        (behind(&["127.0.0.1"]), Some("for=127.0.0.1"), true),
    ] {
        let server = start(network.clone()).await;
        let token = server.app.control_token().expose_secret();
        let mut request = server.request(Method::GET, "/api/control/v1/about").bearer_auth(token);
        if let Some(forwarded) = forwarded {
            request = request.header("forwarded", forwarded);
        }
        let reply = server.send(request).await;
        if open {
            reply.ok(200);
        } else {
            reply.refused(403, None, "on this machine only");
        }
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_call_unless_the_app_lists_some() {
    let server = Server::start().await;
    let from = |origin: &'static str| {
        let request = server.request(Method::GET, &server.app_path("/location"));
        server.send(request.header("origin", origin))
    };
    let reply = from("https://anywhere.example").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://anywhere.example"));
    assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
    assert!(reply.header("vary").unwrap().to_lowercase().contains("origin"), "{reply:?}");
    assert!(reply.header("access-control-expose-headers").unwrap().contains("x-baas-location"));
}

#[tokio::test]
async fn other_origins_than_those_of_the_list_are_refused() {
    let server = Server::start_options(|options| {
        options.config.allowed_request_origins = vec!["https://app.example".into(), "http://dev:8080".into()];
    })
    .await;
    let location = server.app_path("/location");
    let own = server.base.clone();
    for (origin, allowed) in [
        (Some("https://app.example"), true),
        (Some("http://dev:8080"), true),
        (Some(own.as_str()), true),
        (None, true),
        (Some("https://app.example.evil"), false),
        (Some("http://app.example"), false),
        (Some("https://app.example:444"), false),
        (Some("http://dev"), false),
        (Some("null"), false),
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            let mut request = server.request(method.clone(), &location);
            if method == Method::OPTIONS {
                request = request.header("access-control-request-method", "POST");
                request = request.header("access-control-request-headers", "authorization,content-type");
            }
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let reply = server.send(request).await;
            if !allowed {
                reply.refused(403, None, "allowed_request_origins");
                assert_eq!(reply.header("access-control-allow-origin"), None);
            } else if origin.is_some() {
                assert_eq!(reply.status, 200, "{origin:?} {method}");
                let listed = origin.filter(|origin| *origin != own);
                assert_eq!(reply.header("access-control-allow-origin"), listed, "{method}");
                if method == Method::OPTIONS {
                    let headers = reply.header("access-control-allow-headers").unwrap().to_lowercase();
                    assert!(headers.contains("authorization") && headers.contains("content-type"));
                    assert!(reply.header("access-control-allow-methods").unwrap().contains("PATCH"));
                }
            }
        }
    }
}

#[tokio::test]
async fn answers_are_neither_kept_nor_taken_for_something_else() {
    let server = Server::start().await;
    for reply in [
        server.post("/auth/providers/anon-user/login", &json!({})).await,
        server.get("/nowhere").await,
        server.get(&server.app_path("/location")).await,
    ] {
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{reply:?}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{reply:?}");
    }
}

/// A bare connection that gives up reading after a while.
fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A server that refuses may close before all was sent, which some systems report as a reset.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_bounded_in_number_and_in_size() {
    let server = Server::start().await;
    let location = server.app_path("/location");
    let head = |fields: &str| {
        let mut stream = connect(&server);
        let _ = write!(stream, "GET {location} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n");
        answer(stream)
    };
    assert!(head(&"a: b\r\n".repeat(90)).starts_with("HTTP/1.1 200 "));
    assert!(head(&"a: b\r\n".repeat(101)).starts_with("HTTP/1.1 431 "));
    assert!(head(&format!("a: {}\r\n", "b".repeat(200 * 1024))).starts_with("HTTP/1.1 200 "));
    assert!(head(&format!("a: {}\r\n", "b".repeat(300 * 1024))).starts_with("HTTP/1.1 431 "));
}

/// A certificate for this machine, which signs itself.
fn certificate(folder: &Path, name: &str) -> (String, TlsFiles) {
    let path = |end: &str| folder.join(format!("{name}.{end}"));
    let files = TlsFiles { certificate: path("crt"), key: path("key") };
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (made.cert.pem(), files)
}

fn trusting(certificate: &str) -> reqwest::Client {
    let root = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap()
}

#[tokio::test]
async fn https_with_given_files() {
    let folder = tempfile::tempdir().unwrap();
    let (root, files) = certificate(folder.path(), "a");
    let server = start(Network { tls: Some(files), ..Network::default() }).await;
    assert!(server.base.starts_with("https://127.0.0.1:"), "{}", server.base);
    let url = format!("{}{}", server.base, server.app_path("/location"));
    let body: serde_json::Value = trusting(&root).get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["hostname"], server.base.as_str());
    assert_eq!(body["ws_hostname"], server.base.replacen("https", "wss", 1));
    // Whoever does not trust the certificate, or speaks plain HTTP, gets nothing.
    let (other, _) = certificate(folder.path(), "b");
    assert!(trusting(&other).get(&url).send().await.is_err());
    assert!(trusting(&root).get(url.replacen("https", "http", 1)).send().await.is_err());
    server.app.stop().await.unwrap();
}

#[tokio::test]
async fn files_that_are_no_certificate_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (_, files) = certificate(folder.path(), "a");
    let (_, others) = certificate(folder.path(), "b");
    let nonsense = folder.path().join("nonsense");
    std::fs::write(&nonsense, "nonsense").unwrap();
    for (tls, says) in [
        (TlsFiles { certificate: folder.path().join("missing"), ..files.clone() }, "cannot read"),
        (TlsFiles { certificate: nonsense.clone(), ..files.clone() }, "nonsense"),
        (TlsFiles { key: nonsense, ..files.clone() }, "nonsense"),
        (TlsFiles { key: others.key, ..files }, "b.key"),
    ] {
        let network = Network { tls: Some(tls), ..Network::default() };
        let options = Options { network, ..Options::new(APP, Storage::Memory) };
        let error = LocalApp::start(idmux::local_app::ANY_PORT, options).await.unwrap_err().to_string();
        assert!(error.contains("cannot serve HTTPS") && error.contains(says), "{error}");
    }
}
