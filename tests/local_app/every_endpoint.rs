//! Every endpoint against every kind of bad input. A new route is one new row; a route without a row fails the test.
//!
//! What an endpoint needs and takes says what it must refuse: each kind of need has its wrong tokens, each kind of body
//! its malformed and oversized ones. Only what is missing or wrong inside a body is written out, in the row.

use std::collections::BTreeSet;
use std::path::Path;

use idmux::local_app::{Lifetimes, Storage};
use reqwest::Method;
use secrecy::ExposeSecret;

use crate::support::{APP, Client, PASSWORD, Reply, Server, User};

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Access,
    Refresh,
    Control,
}

/// What a body has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// It is not looked at.
    Nothing,
    /// A JSON object, or nothing.
    Json,
    /// A form, of which what is not known is passed over.
    Form,
}

/// Status and code of a refusal.
type Refusal = (u16, Option<&'static str>);

struct Row {
    method: Method,
    /// As in the router, with the prefix that it is nested under.
    path: &'static str,
    needs: Needs,
    takes: Takes,
    /// Bodies that are well-formed and not good enough.
    refused: &'static [(&'static str, Refusal)],
}

const fn row(
    method: Method,
    path: &'static str,
    needs: Needs,
    takes: Takes,
    refused: &'static [(&'static str, Refusal)],
) -> Row {
    Row { method, path, needs, takes, refused }
}

const MISSING: Refusal = (400, Some("MissingParameter"));
const INVALID: Refusal = (400, Some("InvalidParameter"));
const BAD: Refusal = (400, Some("BadRequest"));
const NOBODY: Refusal = (404, Some("UserNotFound"));
const NOT_FOUND: Refusal = (404, None);
const EMAIL_AND_PASSWORD: &[(&str, Refusal)] = &[
    ("", MISSING),
    ("{}", MISSING),
    (r#"{"email":"a@example.com"}"#, MISSING),
    (r#"{"password":"correct horse"}"#, MISSING),
    (r#"{"email":null,"password":"correct horse"}"#, MISSING),
    (r#"{"email":5,"password":"correct horse"}"#, INVALID),
    (r#"{"email":"a@example.com","password":["x"]}"#, INVALID),
    (r#"{"email":"","password":"correct horse"}"#, BAD),
    (r#"{"email":"a@example.com","password":"short"}"#, BAD),
];
const CREDENTIALS: &[(&str, Refusal)] = &[
    ("", MISSING),
    (r#"{"username":"a@example.com"}"#, MISSING),
    (r#"{"username":"a@example.com","password":null}"#, MISSING),
    (r#"{"username":{},"password":"correct horse"}"#, INVALID),
    (r#"{"username":"nobody@example.com","password":"correct horse"}"#, (401, Some("InvalidPassword"))),
];
const CALLS: &[(&str, Refusal)] = &[
    ("", BAD),
    (r#"{"name":5}"#, BAD),
    (r#"{"name":"f","arguments":{}}"#, BAD),
    (r#"{"name":"f","service":5}"#, BAD),
    (r#"{"name":"f","arguments":[{"$oid":"short"}]}"#, BAD),
    (r#"{"name":"f","arguments":[99999999999999999999]}"#, BAD),
    (r#"{"name":"nowhere","arguments":[]}"#, (404, Some("FunctionNotFound"))),
    (r#"{"name":"findOne","service":"nowhere","arguments":[]}"#, (404, Some("ServiceNotFound"))),
    (
        r#"{"name":"nothing","service":"mongodb-atlas","arguments":[{}]}"#,
        (404, Some("ServiceCommandNotFound")),
    ),
];

const EMAIL: &[(&str, Refusal)] = &[
    ("", MISSING),
    (r#"{"email":null}"#, MISSING),
    (r#"{"email":5}"#, INVALID),
    (r#"{"email":""}"#, BAD),
    (r#"{"email":"nobody@example.com"}"#, NOBODY),
];
const TOKENS: &[(&str, Refusal)] = &[
    ("", BAD),
    (r#"{"token":"0123"}"#, BAD),
    (r#"{"token":5,"tokenId":[],"password":"correct horse"}"#, BAD),
    (r#"{"token":"short","tokenId":"5f0000000000000000000001","password":"correct horse"}"#, BAD),
];
const RESETS: &[(&str, Refusal)] = &[
    ("", MISSING),
    (r#"{"email":"nobody@example.com"}"#, MISSING),
    (r#"{"email":"nobody@example.com","password":5}"#, INVALID),
    (r#"{"email":"nobody@example.com","password":"short"}"#, BAD),
    (r#"{"email":"nobody@example.com","password":"correct horse","arguments":{}}"#, INVALID),
    (r#"{"email":"nobody@example.com","password":"correct horse"}"#, NOBODY),
];
const CLOCKS: &[(&str, Refusal)] = &[
    ("", INVALID),
    (r#"{"advance":5}"#, INVALID),
    (r#"{"advance":"soon"}"#, INVALID),
    (r#"{"set":"soon"}"#, INVALID),
    (r#"{"reset":false}"#, INVALID),
    (r#"{"advance":"1h","freeze":true}"#, INVALID),
];
const FAULTS: &[(&str, Refusal)] = &[
    ("", INVALID),
    (r#"{"effect":5}"#, INVALID),
    (r#"{"effect":{"nonsense":1}}"#, INVALID),
    (r#"{"effect":{"status":200}}"#, INVALID),
    (r#"{"effect":{"status":503},"times":0}"#, INVALID),
    (r#"{"effect":{"status":503},"match":{"path_prefix":"x"}}"#, INVALID),
];

#[rustfmt::skip]
fn table() -> Vec<Row> {
    use Needs as N;
    use Takes as T;
    let (get, post, put, delete) = (|| Method::GET, || Method::POST, || Method::PUT, || Method::DELETE);
    vec![
        row(get(), "/api/client/v2.0/app/{app}/location", N::Nothing, T::Nothing, &[]),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/{provider}/login", N::Nothing, T::Json, CREDENTIALS),
        row(get(), "/api/client/v2.0/app/{app}/auth/providers/{provider}/login", N::Nothing, T::Nothing, &[("", MISSING)]),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/register", N::Nothing, T::Json, EMAIL_AND_PASSWORD),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/confirm", N::Nothing, T::Json, TOKENS),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/confirm/send", N::Nothing, T::Json, EMAIL),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/confirm/call", N::Nothing, T::Json, EMAIL),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/reset", N::Nothing, T::Json, TOKENS),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/reset/send", N::Nothing, T::Json, EMAIL),
        row(post(), "/api/client/v2.0/app/{app}/auth/providers/local-userpass/reset/call", N::Nothing, T::Json, RESETS),
        row(post(), "/api/client/v2.0/app/{app}/functions/call", N::Access, T::Json, CALLS),
        row(get(), "/api/client/v2.0/auth/callback", N::Nothing, T::Nothing, &[("", BAD)]),
        row(post(), "/api/client/v2.0/auth/callback", N::Nothing, T::Form, &[("", BAD), ("state=unknown&code=x", BAD), ("%ff&&=", BAD)]),
        row(get(), "/api/client/v2.0/auth/profile", N::Access, T::Nothing, &[]),
        row(delete(), "/api/client/v2.0/auth/delete", N::Access, T::Nothing, &[]),
        row(post(), "/api/client/v2.0/auth/session", N::Refresh, T::Nothing, &[]),
        row(delete(), "/api/client/v2.0/auth/session", N::Refresh, T::Nothing, &[]),
        row(get(), "/api/control/v1/about", N::Control, T::Nothing, &[]),
        row(get(), "/api/control/v1/clock", N::Control, T::Nothing, &[]),
        row(put(), "/api/control/v1/clock", N::Control, T::Json, CLOCKS),
        row(get(), "/api/control/v1/faults", N::Control, T::Nothing, &[]),
        row(post(), "/api/control/v1/faults", N::Control, T::Json, FAULTS),
        row(delete(), "/api/control/v1/faults", N::Control, T::Nothing, &[]),
        row(delete(), "/api/control/v1/faults/{id}", N::Control, T::Nothing, &[("", NOT_FOUND)]),
        row(post(), "/api/control/v1/keys/rotate", N::Control, T::Json, &[(r#"{"forget_old":5}"#, INVALID)]),
        row(get(), "/api/control/v1/mails", N::Control, T::Nothing, &[]),
        row(delete(), "/api/control/v1/mails", N::Control, T::Nothing, &[]),
        row(post(), "/api/control/v1/mails/{id}/confirm", N::Control, T::Nothing, &[("", NOT_FOUND)]),
        row(get(), "/api/control/v1/snapshots", N::Control, T::Nothing, &[]),
        row(post(), "/api/control/v1/snapshots", N::Control, T::Json, &[("", MISSING), (r#"{"name":5}"#, MISSING)]),
        row(delete(), "/api/control/v1/snapshots/{name}", N::Control, T::Nothing, &[("", NOT_FOUND)]),
        row(post(), "/api/control/v1/snapshots/{name}/restore", N::Control, T::Nothing, &[("", NOT_FOUND)]),
    ]
}

/// What stands for the parameters of a path.
const PARAMETERS: &[(&str, &str)] = &[
    ("app", APP),
    ("provider", "local-userpass"),
    // Of which there is none.
    ("id", "999999"),
    ("name", "nothing-here"),
];

impl Row {
    fn path(&self) -> String {
        let filled = PARAMETERS
            .iter()
            .fold(self.path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
        assert!(!filled.contains('{'), "{filled}: PARAMETERS has no value for one of its parameters");
        filled
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A server, and tokens of every kind, good and bad.
struct World {
    server: Server,
    good: User,
    expired: User,
    foreign: User,
    deleted: User,
    logged_out: User,
}

impl World {
    async fn build() -> Self {
        let other = Server::start_app("other-abcde", Storage::Memory, Lifetimes::default()).await;
        let foreign = other.anonymous().await;
        let server = Server::start().await;
        let seconds = |s| std::time::Duration::from_secs(s);
        server.app.open_sessions_with(Some(Lifetimes { access: seconds(1), refresh: seconds(1) }));
        let expired = server.anonymous().await;
        server.app.open_sessions_with(None);
        server.advance(2);
        let good = server.user("good@example.com").await;
        let deleted = server.anonymous().await;
        server.delete(&deleted.access).await.empty(204);
        let logged_out = server.anonymous().await;
        server.log_out(&logged_out.refresh).await.empty(204);
        Self { server, good, expired, foreign, deleted, logged_out }
    }

    fn good_token(&self, needs: Needs) -> Option<&str> {
        match needs {
            Needs::Nothing => None,
            Needs::Access => Some(&self.good.access),
            Needs::Refresh => Some(&self.good.refresh),
            Needs::Control => Some(self.server.app.control_token().expose_secret()),
        }
    }

    /// `Authorization` headers that do not count, with what they are answered.
    fn bad_headers(&self, needs: Needs) -> Vec<(&'static str, Option<String>, Refusal)> {
        let bearer = |token: &str| Some(format!("Bearer {token}"));
        let good = &self.good;
        let forged =
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", good.access.split('.').nth(1).unwrap());
        let session = (401, Some("InvalidSession"));
        let plain = (401, None);
        let basic = Some("Basic YTpi".to_owned());
        match needs {
            Needs::Nothing => Vec::new(),
            Needs::Access => vec![
                ("no token", None, plain),
                ("an empty token", bearer(""), plain),
                ("another scheme", basic, plain),
                ("what a logged-out client sends", bearer("null"), session),
                ("an altered token", bearer(&format!("{}x", good.access)), session),
                ("an unsigned token", bearer(&forged), session),
                ("a refresh token", bearer(&good.refresh), session),
                ("an expired token", bearer(&self.expired.access), session),
                ("another app's token", bearer(&self.foreign.access), session),
                ("a deleted user's token", bearer(&self.deleted.access), session),
            ],
            Needs::Refresh => vec![
                ("no token", None, plain),
                ("an empty token", bearer(""), plain),
                ("another scheme", basic, plain),
                ("what a logged-out client sends", bearer("null"), plain),
                ("an altered token", bearer(&format!("{}x", good.refresh)), plain),
                ("an unsigned token", bearer(&forged), plain),
                ("an access token", bearer(&good.access), plain),
                ("an expired token", bearer(&self.expired.refresh), session),
                ("another app's token", bearer(&self.foreign.refresh), plain),
                ("a deleted user's token", bearer(&self.deleted.refresh), session),
                ("a logged-out session's token", bearer(&self.logged_out.refresh), session),
            ],
            Needs::Control => vec![
                ("no token", None, (401, Some("MissingAuthReq"))),
                ("another scheme", basic, plain),
                ("another token", bearer("wrong"), (401, Some("MissingAuthReq"))),
                ("an access token", bearer(&good.access), (401, Some("MissingAuthReq"))),
            ],
        }
    }

    async fn ask(&self, row: &Row, authorization: Option<&str>, body: impl Into<reqwest::Body>) -> Reply {
        send(&self.server, row.method.clone(), &row.path(), authorization, body).await
    }
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    authorization: Option<&str>,
    body: impl Into<reqwest::Body>,
) -> Reply {
    let mut request = client.request(method, path).body(body);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    client.send(request).await
}

/// Notes a reply that is not the expected refusal, with the envelope that every one has.
fn check(wrong: &mut Vec<String>, what: String, reply: &Reply, (status, code): Refusal) {
    let body: serde_json::Value = serde_json::from_str(&reply.text).unwrap_or_default();
    let found = (reply.status.as_u16(), body["error_code"].as_str());
    let has_envelope =
        body["error"].is_string() && body["link"].as_str().is_some_and(|l| l.contains("/logs?co_id="));
    if found != (status, code) || !has_envelope || reply.header("content-type") != Some("application/json") {
        wrong.push(format!("{what}: expected {status} {code:?}, got {} {}", reply.status, reply.text));
    }
}

#[tokio::test]
async fn every_endpoint_refuses_what_it_should_as_it_should() {
    let world = World::build().await;
    let table = table();
    let mut wrong = Vec::new();
    for row in &table {
        let name = row.name();
        for (what, header, refusal) in world.bad_headers(row.needs) {
            let reply = world.ask(row, header.as_deref(), "{}").await;
            check(&mut wrong, format!("{name} with {what}"), &reply, refusal);
        }
        let good = world.good_token(row.needs).map(|token| format!("Bearer {token}"));
        if row.takes != Takes::Nothing {
            let oversized = format!("{{\"a\":\"{}\"}}", "x".repeat(1024 * 1024));
            let reply = world.ask(row, good.as_deref(), oversized).await;
            check(&mut wrong, format!("{name} with too much"), &reply, (413, Some("BadRequest")));
        }
        if row.takes == Takes::Json {
            for body in [
                &b"{"[..],
                b"[]",
                b"5",
                b"\"text\"",
                b"{}{}",
                b"{\"a\":\xff}",
                b"\xef\xbb\xbf{}",
                b"nonsense",
            ] {
                let reply = world.ask(row, good.as_deref(), body.to_vec()).await;
                let what = format!("{name} with {}", String::from_utf8_lossy(body));
                check(&mut wrong, what, &reply, (400, Some("BadRequest")));
            }
            let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
            let reply = world.ask(row, good.as_deref(), deep).await;
            check(&mut wrong, format!("{name} with deep nesting"), &reply, (400, Some("BadRequest")));
        }
        for (body, refusal) in row.refused {
            let reply = world.ask(row, good.as_deref(), *body).await;
            check(&mut wrong, format!("{name} with {body}"), &reply, *refusal);
            if row.needs == Needs::Nothing {
                // realm-web sends a token of whoever is logged in, whatever it is worth (section 2.3).
                let expired = format!("Bearer {}", world.expired.access);
                let reply = world.ask(row, Some(&expired), *body).await;
                check(&mut wrong, format!("{name} with {body} and an expired token"), &reply, *refusal);
            }
        }
        if row.path.contains("{app}") {
            let path = row.path().replace(APP, "nowhere-abcde");
            let reply = send(&world.server, row.method.clone(), &path, good.as_deref(), "{}").await;
            check(&mut wrong, format!("{name} of an unknown app"), &reply, (404, None));
        }
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let is_there = table.iter().any(|other| other.path() == row.path() && other.method == method);
            if !is_there {
                let reply = send(&world.server, method.clone(), &row.path(), good.as_deref(), "{}").await;
                check(&mut wrong, format!("{method} instead of {name}"), &reply, (405, None));
            }
        }
        let below = format!("{}/nothing/here", row.path());
        let reply = send(&world.server, row.method.clone(), &below, good.as_deref(), "{}").await;
        check(&mut wrong, format!("{name}, below it"), &reply, (404, None));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Nothing of all that ended a session or changed a password.
    world.server.refresh(&world.good.refresh).await.ok(201);
    world.server.log_in("good@example.com", PASSWORD).await.ok(200);
}

/// The routes of the sources: method, and path without what it is nested under.
fn routes() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/local_app");
    let mut files = vec![root.join("http.rs")];
    let mut folders = vec![root.join("http")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for route in code.split(".route(").skip(1) {
            let (_, rest) = route.split_once('"').unwrap();
            let (path, rest) = rest.split_once('"').unwrap();
            // Up to the end of the call, whatever brackets are in it.
            let mut depth = 1;
            let end = rest.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            let handlers = &rest[..end.unwrap()];
            let mut methods = 0;
            for method in ["get", "post", "put", "patch", "delete"] {
                let is_start =
                    |at: usize| !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                if handlers.match_indices(&format!("{method}(")).any(|(at, _)| is_start(at)) {
                    methods += 1;
                    found.insert((method.to_uppercase(), path.to_owned()));
                }
            }
            assert!(methods > 0, "{path} has no method that this test knows: {handlers}");
        }
    }
    found
}

#[test]
fn every_route_of_the_server_has_a_row() {
    let table = table();
    let routes = routes();
    assert!(routes.len() >= 9, "the routes are found: {routes:?}");
    let is_of = |row: &Row, (method, path): &(String, String)| {
        row.method.as_str() == method && row.path.ends_with(path.as_str())
    };
    let missing: Vec<_> = routes.iter().filter(|route| !table.iter().any(|row| is_of(row, route))).collect();
    assert!(missing.is_empty(), "no row in the table for {missing:#?}");
    let gone: Vec<_> =
        table.iter().filter(|row| !routes.iter().any(|route| is_of(row, route))).map(Row::name).collect();
    assert!(gone.is_empty(), "no such route: {gone:#?}");
}
