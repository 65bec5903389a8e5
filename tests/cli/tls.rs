//! https from end to end: Apps behind TLS, and proxies on the way to them.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::device::{Device, PASSWORD};
use crate::server::{Serve, add};

/// A certificate authority that only the test knows, and a certificate of it.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut root = CertificateParams::new(Vec::new()).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root_pem = root.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(root, key);
        let leaf_key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let leaf = CertificateParams::new(names).unwrap().signed_by(&leaf_key, &issuer).unwrap();
        for (file, pem) in [("root", root_pem), ("cert", leaf.pem()), ("key", leaf_key.serialize_pem())] {
            std::fs::write(folder.path().join(file), pem).unwrap();
        }
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A device that trusts it.
    fn device(&self) -> Device {
        let mut device = Device::new();
        device.set("SSL_CERT_FILE", self.file("root").to_str().unwrap());
        device
    }
}

/// A proxy that ends TLS in front of the server at `to`, and says so to it. It counts the requests with a method that changes.
struct Front {
    port: u16,
    posts: Arc<Mutex<usize>>,
    _runtime: tokio::runtime::Runtime,
}

impl Front {
    fn start(authority: &Authority, to: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (port, posts) = (listener.local_addr().unwrap().port(), Arc::default());
        let files = (authority.file("cert"), authority.file("key"));
        let state = (to.to_owned(), Arc::clone(&posts), reqwest::Client::builder());
        let client = state.2.no_proxy().tls_certs_only([]).build().unwrap();
        let router = Router::new().fallback(forward).with_state((state.0, state.1, client));
        runtime.spawn(async move {
            let config =
                axum_server::tls_rustls::RustlsConfig::from_pem_file(files.0, files.1).await.unwrap();
            let server = axum_server::from_tcp_rustls(listener, config).unwrap();
            server.serve(router.into_make_service()).await.unwrap();
        });
        Self { port, posts, _runtime: runtime }
    }
}

type Behind = (String, Arc<Mutex<usize>>, reqwest::Client);

async fn forward(State((to, posts, client)): State<Behind>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    *posts.lock().unwrap() += usize::from(head.method == "POST");
    // HTTP/2 has the host in the address.
    let named = head.headers.get("host").and_then(|host| host.to_str().ok());
    let host = head.uri.authority().map_or(named, |host| Some(host.as_str())).unwrap().to_owned();
    let mut asked = client.request(head.method, format!("{to}{}", head.uri.path_and_query().unwrap()));
    for name in ["authorization", "content-type"] {
        if let Some(value) = head.headers.get(name) {
            asked = asked.header(name, value);
        }
    }
    let asked = asked
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", host)
        .header("x-forwarded-for", "127.0.0.1")
        .body(to_bytes(body, 1 << 20).await.unwrap());
    let answer = asked.send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name == "content-type") {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

/// A proxy that tunnels (RFC 9110, section 9.3.6) to this machine, whatever name it is asked for, and notes all that it sees.
struct Tunnel {
    url: String,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Tunnel {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<u8>>> = Arc::default();
        let noted = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, noted) = (stream.unwrap(), noted.clone());
                thread::spawn(move || tunnel(stream, &noted));
            }
        });
        Self { url, seen }
    }

    fn seen(&self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut *self.seen.lock().unwrap())).into_owned()
    }
}

fn tunnel(mut near: TcpStream, seen: &Mutex<Vec<u8>>) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && near.read(&mut byte).ok()? == 1 {
        head.push(byte[0]);
    }
    seen.lock().unwrap().extend(&head);
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?;
    let port: u16 = target.rsplit(':').next()?.parse().ok()?;
    let mut far = TcpStream::connect(("127.0.0.1", port)).ok()?;
    near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    let (mut from_far, mut to_near) = (far.try_clone().ok()?, near.try_clone().ok()?);
    let back = thread::spawn(move || {
        let _ = io::copy(&mut from_far, &mut to_near);
        let _ = to_near.shutdown(Shutdown::Write);
    });
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = near.read(&mut buffer) {
        seen.lock().unwrap().extend(&buffer[..length]);
        far.write_all(&buffer[..length]).ok()?;
    }
    let _ = far.shutdown(Shutdown::Write);
    back.join().ok()
}

#[test]
fn an_app_behind_tls_is_reached_by_whoever_trusts_its_authority_and_by_nobody_else() {
    let authority = Authority::new(&["localhost", "127.0.0.1"]);
    let (cert, key) = (authority.file("cert"), authority.file("key"));
    let server = Serve::start(&["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()]);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    let device = authority.device();
    add(&device, "shop", &server.url);
    device.register("ada@example.com", &["--app", "shop"]);
    device.run(&["refresh"]).ok();
    device.run(&["token"]).ok();

    let stranger = Device::new();
    add(&stranger, "shop", &server.url);
    let log_in = ["login", "email", "ada@example.com", "--password-stdin", "--json"];
    let error = stranger.run_with(&log_in, PASSWORD).error(5);
    assert!(error["message"].as_str().unwrap().contains("certificate"), "{error}");
}

/// Kind: an address from a server that takes secrets out of TLS. The real case: a local App that does not know that it stands
/// behind a proxy which speaks TLS.
#[test]
fn a_downgrade_behind_a_real_tls_proxy_is_refused_and_with_a_trusted_proxy_there_is_none() {
    let authority = Authority::new(&["localhost"]);
    for (arguments, is_trusted) in [(&[][..], false), (&["--trusted-proxy", "127.0.0.1"], true)] {
        let server = Serve::start(arguments);
        let front = Front::start(&authority, &server.url);
        let device = authority.device();
        add(&device, "shop", &format!("https://localhost:{}", front.port));
        let register = ["login", "email", "ada@example.com", "--register", "--password-stdin", "--json"];
        let ended = device.run_with(&register, PASSWORD);
        if is_trusted {
            ended.ok();
            device.run(&["refresh"]).ok();
            assert!(*front.posts.lock().unwrap() >= 3, "all went through TLS");
        } else {
            let error = ended.error(5);
            assert_eq!(error["code"], "address");
            assert!(error["hint"].as_str().unwrap().contains("--trusted-proxy"), "{error}");
            assert_eq!(*front.posts.lock().unwrap(), 0, "no secret was sent");
        }
    }
}

/// Kind: a request to this machine that leaves it; here by a tunnel, which names the host in the clear.
#[test]
fn a_tunnelling_proxy_sees_other_hosts_by_name_alone_and_this_machine_never() {
    let authority = Authority::new(&["localhost", "127.0.0.1", "shop.test"]);
    let server = Serve::start(&["--trusted-proxy", "127.0.0.1"]);
    let front = Front::start(&authority, &server.url);
    let tunnel = Tunnel::start();
    for name in ["https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        let mut device = authority.device();
        device.set(name, &tunnel.url);
        device.set("NO_PROXY", "");
        for (alias, host) in [("near", "localhost"), ("number", "127.0.0.1")] {
            add(&device, alias, &format!("https://{host}:{}", front.port));
            device.run(&["login", "anon", "--app", alias]).ok();
        }
        assert_eq!(tunnel.seen(), "", "{name}");

        add(&device, "far", &format!("https://shop.test:{}", front.port));
        let email = format!("{name}@example.com").to_lowercase();
        device.register(
            &format!("{}{email}", usize::from(name.starts_with(char::is_uppercase))),
            &["--app", "far"],
        );
        let seen = tunnel.seen();
        assert!(seen.starts_with(&format!("CONNECT shop.test:{}", front.port)), "{name}: {seen}");
        assert!(!seen.contains(PASSWORD) && !seen.contains("example.com"), "{name}");
        // Which hosts need no proxy, a person may say.
        device.set("NO_PROXY", "shop.test");
        let _ = device.run(&["refresh", "--app", "far"]);
        assert_eq!(tunnel.seen(), "", "{name}");
    }
}
