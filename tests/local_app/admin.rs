//! The Admin API (section 14).

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{APP, PASSWORD, Reply, Server, User, claims};

const UNKNOWN: &str = "5f0000000000000000000001";

/// An admin of a server.
struct Admin<'a> {
    server: &'a Server,
    access: String,
    refresh: String,
    /// The path of its App.
    app: String,
}

impl<'a> Admin<'a> {
    async fn of(server: &'a Server) -> Self {
        let secret = server.app.control_token().expose_secret();
        let login = log_in(server, "mongodb-cloud", &json!({ "username": "me", "apiKey": secret })).await;
        let User { access, refresh, .. } = User::of(&login.ok(200));
        let mut admin = Self { server, access, refresh, app: String::new() };
        let profile = admin.send(Method::GET, "/auth/profile", None).await.ok(200);
        let group = profile["roles"][0]["group_id"].as_str().unwrap();
        let apps = admin.send(Method::GET, &format!("/groups/{group}/apps"), None).await.ok(200);
        assert_eq!(apps[0]["client_app_id"], APP);
        admin.app = format!("/groups/{group}/apps/{}", apps[0]["_id"].as_str().unwrap());
        admin
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request =
            self.server.request(method, &format!("/api/admin/v3.0{path}")).bearer_auth(&self.access);
        self.server.send(request.body(body.map(|body| body.to_string()).unwrap_or_default())).await
    }

    async fn app(&self, method: Method, path: &str) -> Reply {
        self.send(method, &format!("{}{path}", self.app), None).await
    }

    async fn app_with(&self, method: Method, path: &str, body: Value) -> Reply {
        self.send(method, &format!("{}{path}", self.app), Some(body)).await
    }

    async fn users(&self, query: &str) -> Vec<Value> {
        let reply = self.app(Method::GET, &format!("/users{query}")).await.ok(200);
        reply.as_array().unwrap().clone()
    }
}

async fn log_in(server: &Server, provider: &str, body: &Value) -> Reply {
    let path = format!("/api/admin/v3.0/auth/providers/{provider}/login");
    server.send(server.request(Method::POST, &path).body(body.to_string())).await
}

fn ids(users: &[Value]) -> Vec<&str> {
    users.iter().map(|user| user["_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_control_token_opens_a_session_and_nothing_else_does() {
    let server = Server::start().await;
    let secret = server.app.control_token().expose_secret();
    let offered = server.get("/api/admin/v3.0/auth/providers").await.ok(200);
    assert_eq!(offered[0]["type"], "mongodb-cloud");
    log_in(&server, "local-userpass", &json!({ "username": "me@example.com", "password": secret }))
        .await
        .ok(200);
    for (provider, body) in [
        ("mongodb-cloud", json!({ "username": "me", "apiKey": "wrong" })),
        ("mongodb-cloud", json!({ "username": secret, "apiKey": "" })),
        ("local-userpass", json!({ "username": "me", "password": PASSWORD })),
    ] {
        log_in(&server, provider, &body).await.refused(401, Some("InvalidPassword"), "unauthorized");
    }
    log_in(&server, "mongodb-cloud", &json!({ "username": "me", "password": secret })).await.refused(
        400,
        Some("MissingParameter"),
        "'apiKey'",
    );
    log_in(&server, "anon-user", &json!({})).await.refused(404, Some("AuthProviderNotFound"), "anon-user");
}

#[tokio::test]
async fn an_admin_session_is_refreshed_expires_and_is_logged_out() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let lives = |token: &str| {
        let claims = claims(token);
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
    };
    assert_eq!((lives(&admin.access), lives(&admin.refresh)), (1800, 5_184_000));
    let session = async |method: Method, token: &str| {
        let request = server.request(method, "/api/admin/v3.0/auth/session").bearer_auth(token);
        server.send(request).await
    };
    server.advance(1800);
    let late = admin.app(Method::GET, "/users").await;
    late.refused(401, Some("InvalidSession"), "access token expired");
    let access = session(Method::POST, &admin.refresh).await.ok(201)["access_token"].clone();
    let admin = Admin { access: access.as_str().unwrap().to_owned(), ..admin };
    admin.app(Method::GET, "/users").await.ok(200);

    session(Method::POST, &admin.access).await.refused(401, None, "incorrect token type");
    session(Method::DELETE, &admin.refresh).await.empty(204);
    for method in [Method::POST, Method::DELETE] {
        session(method, &admin.refresh).await.refused(401, Some("InvalidSession"), "failed to find");
    }
    // It can do too much to outlive its session.
    admin.app(Method::GET, "/users").await.refused(401, Some("InvalidSession"), "invalid session");
}

#[tokio::test]
async fn tokens_of_users_and_of_admins_count_in_their_own_api_only() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let user = server.user("a@example.com").await;
    server.profile(&admin.access).await.refused(401, Some("UserAppDomainMismatch"), "another app");
    server.refresh(&admin.refresh).await.refused(401, Some("UserAppDomainMismatch"), "another app");
    for token in [&user.access, &user.refresh, &server.app.control_token().expose_secret().to_owned()] {
        let impostor =
            Admin { server: &server, access: token.clone(), refresh: String::new(), app: admin.app.clone() };
        for path in ["/users", "/api_keys", "/user_registrations/pending_users", "/custom_user_data"] {
            assert_eq!(impostor.app(Method::GET, path).await.status, 401, "{path}");
        }
        assert_eq!(impostor.send(Method::GET, "/auth/profile", None).await.status, 401);
    }
    let nobody = server.get(&format!("/api/admin/v3.0{}/users", admin.app)).await;
    nobody.refused(401, None, "unauthorized");
}

#[tokio::test]
async fn another_group_or_app_is_not_found() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let (group, app) = admin.app.split_once("/apps/").unwrap();
    for (path, says) in [
        (format!("/groups/{UNKNOWN}/apps/{app}/users"), "group not found"),
        (format!("{group}/apps/{UNKNOWN}/users"), "app not found"),
        (format!("{group}/apps/{APP}/users"), "app not found"),
        (format!("/groups/{UNKNOWN}/apps"), "group not found"),
    ] {
        admin.send(Method::GET, &path, None).await.refused(404, None, says);
    }
}

#[tokio::test]
async fn users_are_listed_by_pages() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    for _ in 0..55 {
        server.anonymous().await;
    }
    let user = server.user("findme@example.com").await;
    let first = admin.users("").await;
    assert_eq!(first.len(), 50);
    let second = admin.users(&format!("?after={}&sort=_id", first[49]["_id"].as_str().unwrap())).await;
    assert_eq!(second.len(), 6);
    let all: Vec<_> = first.iter().chain(&second).cloned().collect();
    let mut sorted = ids(&all);
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids(&all), sorted, "in order of id, each once");

    let backwards = admin.users("?desc=true").await;
    assert_eq!(backwards[0], all[55]);
    let rest = admin.users(&format!("?desc=true&after={}", all[6]["_id"].as_str().unwrap())).await;
    assert_eq!(rest.len(), 6);
    assert_eq!(rest[5], all[0]);

    for query in [
        "?provider_types=local-userpass,api-key",
        "?search=FINDME",
        &format!("?search={}", user.id),
        "?search=findme&status=enabled",
    ] {
        assert_eq!(ids(&admin.users(query).await), [user.id.as_str()], "{query}");
    }
    assert_eq!(admin.users("?provider_types=anon-user").await.len(), 50);
    assert!(admin.users("?search=nobody").await.is_empty());
    assert!(admin.users("?status=disabled").await.is_empty());
    assert!(admin.users("?search=%25").await.is_empty(), "a percent sign is one");
    let reply = admin.app(Method::GET, "/users?sort=name").await;
    reply.refused(400, Some("BadRequest"), "cannot be listed by sort=name");
}

#[tokio::test]
async fn a_user_is_shown_as_documented() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let user = server.user("a@example.com").await;
    let profile = server.profile(&user.access).await.ok(200);
    let body = admin.app(Method::GET, &format!("/users/{}", user.id)).await.ok(200);
    assert_eq!(
        body,
        json!({
            "_id": user.id,
            "identities": profile["identities"],
            "type": "normal",
            "creation_date": 1_767_225_600,
            "last_authentication_date": 1_767_225_600,
            "disabled": false,
            "data": { "email": "a@example.com" },
        })
    );
    let unknown = admin.app(Method::GET, &format!("/users/{UNKNOWN}")).await;
    unknown.refused(404, Some("UserNotFound"), "user not found");
}

#[tokio::test]
async fn a_created_user_needs_no_confirmation_and_keeps_its_id() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let body = json!({ "email": "a@example.com", "password": PASSWORD });
    let created = admin.app_with(Method::POST, "/users", body.clone()).await.ok(201);
    assert_eq!(created["last_authentication_date"], created["creation_date"]);
    let user = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    assert_eq!(created["_id"], user.id.as_str());
    admin.app_with(Method::POST, "/users", body).await.refused(409, Some("AccountNameInUse"), "in use");
    for (body, code, says) in [
        (json!({ "email": "b@example.com", "password": "short" }), "BadRequest", "between 6 and 128"),
        (json!({ "email": "", "password": PASSWORD }), "BadRequest", "email invalid"),
        (json!({ "password": PASSWORD }), "MissingParameter", "'email'"),
    ] {
        admin.app_with(Method::POST, "/users", body).await.refused(400, Some(code), says);
    }
}

#[tokio::test]
async fn a_user_is_disabled_enabled_revoked_and_deleted() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let user = server.user("a@example.com").await;
    let change = async |method, action: &str| {
        admin.app(method, &format!("/users/{}{action}", user.id)).await.empty(204);
    };
    change(Method::PUT, "/disable").await;
    server.log_in("a@example.com", PASSWORD).await.refused(401, Some("UserDisabled"), "disabled");
    server.refresh(&user.refresh).await.refused(401, Some("InvalidSession"), "failed to find");
    assert_eq!(ids(&admin.users("?status=disabled").await), [user.id.as_str()]);
    change(Method::PUT, "/enable").await;
    server.refresh(&user.refresh).await.ok(201);
    assert!(admin.users("?status=disabled").await.is_empty());

    let second = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    change(Method::PUT, "/logout").await;
    for session in [&user, &second] {
        server.refresh(&session.refresh).await.refused(401, Some("InvalidSession"), "failed to find");
        server.profile(&session.access).await.ok(200);
    }
    server.log_in("a@example.com", PASSWORD).await.ok(200);

    change(Method::DELETE, "").await;
    server.profile(&user.access).await.refused(401, Some("InvalidSession"), "invalid session");
    server.log_in("a@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
    for (method, action) in [
        (Method::DELETE, ""),
        (Method::PUT, "/disable"),
        (Method::PUT, "/enable"),
        (Method::PUT, "/logout"),
        (Method::GET, "/devices"),
    ] {
        let gone = admin.app(method, &format!("/users/{}{action}", user.id)).await;
        gone.refused(404, Some("UserNotFound"), "user not found");
    }
}

#[tokio::test]
async fn an_email_is_changed_and_the_password_stays() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let user = server.user("a@example.com").await;
    server.user("taken@example.com").await;
    let anonymous = server.anonymous().await;
    let reset = async |id: &str, body: Value| {
        admin.app_with(Method::PATCH, &format!("/users/{id}/reset_email"), body).await
    };
    reset(&user.id, json!({ "email": "new@example.com" })).await.empty(204);
    server.log_in("a@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
    let again = User::of(&server.log_in("new@example.com", PASSWORD).await.ok(200));
    assert_eq!(again.id, user.id);
    let profile = server.profile(&user.access).await.ok(200);
    assert_eq!(profile["data"], json!({ "email": "new@example.com" }));
    server.register("a@example.com", PASSWORD).await.done(201);

    for (id, body, status, code) in [
        (&user.id, json!({ "email": "" }), 400, "BadRequest"),
        (&user.id, json!({ "email": "x".repeat(129) }), 400, "BadRequest"),
        (&user.id, json!({ "email": 5 }), 400, "InvalidParameter"),
        (&user.id, json!({}), 400, "MissingParameter"),
        (&user.id, json!({ "email": "taken@example.com" }), 409, "AccountNameInUse"),
        (&anonymous.id, json!({ "email": "b@example.com" }), 400, "BadRequest"),
        (&UNKNOWN.to_owned(), json!({ "email": "b@example.com" }), 404, "UserNotFound"),
    ] {
        reset(id, body).await.refused(status, Some(code), "");
    }
}

#[tokio::test]
async fn devices_are_remembered_with_what_they_said() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let log_in = async |device: Value| {
        let body =
            json!({ "username": "a@example.com", "password": PASSWORD, "options": { "device": device } });
        User::of(&server.post("/auth/providers/local-userpass/login", &body).await.ok(200))
    };
    let first = log_in(json!({ "platform": "node", "sdkVersion": "2.0.1", "secret": "x" })).await;
    server.advance(60);
    let again = json!({ "deviceId": { "$oid": first.device }, "platform": "chrome" });
    assert_eq!(log_in(again).await.device, first.device);
    // A login without a device leaves no trace here.
    server.log_in("a@example.com", PASSWORD).await.ok(200);
    let devices = admin.app(Method::GET, &format!("/users/{}/devices", first.id)).await.ok(200);
    assert_eq!(
        devices,
        json!([{
            "_id": first.device,
            "first_seen": 1_767_225_600,
            "last_seen": 1_767_225_660,
            "platform": "chrome",
        }])
    );
}

#[tokio::test]
async fn pending_users_wait_for_their_first_login() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    server.user("user@example.com").await;
    server.register("a+b@example.com", PASSWORD).await.done(201);
    let pending = admin.app(Method::GET, "/user_registrations/pending_users").await.ok(200);
    let [entry] = pending.as_array().unwrap().as_slice() else { panic!("{pending}") };
    assert_eq!(entry["login_ids"], json!([{ "id_type": "email", "id": "a+b@example.com" }]));
    assert_eq!(entry["user_id"], "");
    let after = format!("/user_registrations/pending_users?after={}", entry["_id"].as_str().unwrap());
    assert_eq!(admin.app(Method::GET, &after).await.ok(200), json!([]));

    let delete =
        async |email: &str| admin.app(Method::DELETE, &format!("/user_registrations/by_email/{email}")).await;
    delete("user@example.com").await.refused(400, Some("BadRequest"), "belongs to a user");
    delete("a%2Bb@example.com").await.empty(204);
    delete("a%2Bb@example.com").await.refused(404, Some("UserNotFound"), "user not found");
    server.log_in("a+b@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
    server.register("a+b@example.com", PASSWORD).await.done(201);
}

#[tokio::test]
async fn a_token_is_judged_for_somebody_else() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let user = server.user("a@example.com").await;
    let document = json!({ "user_id": user.id, "colour": "green" });
    server.custom_data(&user.access, "insertOne", json!({ "document": document })).await.ok(200);
    let access = server.refresh(&user.refresh).await.ok(201)["access_token"].clone();
    let verify = async |token: Value| {
        admin.app_with(Method::POST, "/users/verify_token", json!({ "token": token })).await
    };
    let answer = verify(access.clone()).await.ok(200);
    let claims = claims(access.as_str().unwrap());
    for (name, claim) in [
        ("sub", "sub"),
        ("exp", "exp"),
        ("iat", "iat"),
        ("iss", "iss"),
        ("domain_id", "baas_domain_id"),
        ("device_id", "baas_device_id"),
    ] {
        assert_eq!(answer[name], claims[claim], "{name}");
    }
    assert_eq!(answer["custom_user_data"]["colour"], "green");
    assert_eq!(answer["data"], json!({ "email": "a@example.com" }));

    verify(json!("nonsense")).await.refused(401, None, "signature is invalid");
    verify(json!(user.refresh)).await.refused(401, Some("InvalidSession"), "invalid session");
    verify(json!(admin.access)).await.refused(401, Some("UserAppDomainMismatch"), "another app");
    verify(json!(5)).await.refused(400, Some("InvalidParameter"), "'token'");
    server.advance(1799);
    verify(access.clone()).await.ok(200);
    // The admin's own token is as old.
    server.advance(1);
    let admin = Admin::of(&server).await;
    let reply = admin.app_with(Method::POST, "/users/verify_token", json!({ "token": access })).await;
    assert_eq!(reply.ok(200), json!("token expired"));
    server.delete(&User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200)).access).await.empty(204);
}

#[tokio::test]
async fn a_server_key_logs_in_as_a_server_user_of_its_own() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let create = async |name: &str| admin.app_with(Method::POST, "/api_keys", json!({ "name": name })).await;
    let key = create("backend").await.ok(201);
    assert_eq!(key["key"].as_str().unwrap().len(), 64);
    create("backend").await.refused(409, Some("APIKeyAlreadyExists"), "already exists");
    create("").await.refused(400, None, "'name' is a required string");
    let listed = admin.app(Method::GET, "/api_keys").await.ok(200);
    assert_eq!(listed, json!([{ "_id": key["_id"], "name": "backend", "disabled": false }]));

    let log_in = async || server.post("/auth/providers/api-key/login", &json!({ "key": key["key"] })).await;
    let user = User::of(&log_in().await.ok(200));
    let profile = server.profile(&user.access).await.ok(200);
    assert_eq!(profile["type"], "server");
    assert_eq!(profile["identities"][0]["id"], key["_id"]);
    let request = server.request(Method::POST, "/api/client/v2.0/auth/api_keys").bearer_auth(&user.refresh);
    let own = server.send(request.body(json!({ "name": "mine" }).to_string())).await;
    own.refused(403, None, "server user");
    assert_eq!(server.auth(Method::GET, "/api_keys", &user.refresh).await.ok(200), json!([]));

    let path = format!("/api_keys/{}", key["_id"].as_str().unwrap());
    admin.app(Method::PUT, &format!("{path}/disable")).await.empty(204);
    assert_eq!(admin.app(Method::GET, &path).await.ok(200)["disabled"], true);
    log_in().await.refused(401, Some("AuthError"), "unauthorized");
    server.refresh(&user.refresh).await.refused(401, Some("InvalidSession"), "failed to find");
    admin.app(Method::PUT, &format!("{path}/enable")).await.empty(204);
    assert_eq!(User::of(&log_in().await.ok(200)).id, user.id);
    admin.app(Method::DELETE, &path).await.empty(204);
    log_in().await.refused(401, Some("AuthError"), "unauthorized");
    admin.app(Method::GET, &path).await.refused(404, Some("APIKeyNotFound"), "API key not found");
    let gone = admin.app(Method::GET, &format!("/users/{}", user.id)).await;
    gone.refused(404, Some("UserNotFound"), "user not found");
}

#[tokio::test]
async fn an_app_has_a_hundred_server_keys_at_most() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    for i in 0..100 {
        admin.app_with(Method::POST, "/api_keys", json!({ "name": format!("k{i}") })).await.ok(201);
    }
    let reply = admin.app_with(Method::POST, "/api_keys", json!({ "name": "more" })).await;
    reply.refused(400, Some("BadRequest"), "at most 100 API keys");
}

#[tokio::test]
async fn custom_user_data_is_shown_and_moved() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let shown = admin.app(Method::GET, "/custom_user_data").await.ok(200);
    assert_eq!((&shown["database_name"], &shown["user_id_field"]), (&json!("app"), &json!("user_id")));
    let change = async |body: Value| admin.app_with(Method::PATCH, "/custom_user_data", body).await;
    change(json!({ "mongo_service_id": "mongodb-atlas", "collection_name": "people" })).await.empty(204);
    let moved = admin.app(Method::GET, "/custom_user_data").await.ok(200);
    assert_eq!((&moved["collection_name"], &moved["database_name"]), (&json!("people"), &json!("app")));
    change(json!({ "enabled": false })).await.empty(204);
    let user = server.user("a@example.com").await;
    assert!(claims(&user.access).get("user_data").is_none());
    change(json!({ "collection": "x" })).await.refused(400, Some("BadRequest"), "no field 'collection'");
    change(json!({ "enabled": "yes" })).await.refused(400, Some("BadRequest"), "enabled");
}

#[tokio::test]
async fn providers_are_added_changed_switched_and_taken_away() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let listed = admin.app(Method::GET, "/auth_providers").await.ok(200);
    let of = |name: &str| listed.as_array().unwrap().iter().find(|one| one["type"] == name).cloned();
    let (anonymous, userpass) = (of("anon-user").unwrap(), of("local-userpass").unwrap());
    assert_eq!(anonymous["disabled"], false);
    assert!(of("custom-function").is_none());
    let path = |provider: &Value, action: &str| {
        format!("/auth_providers/{}{action}", provider["_id"].as_str().unwrap())
    };
    assert_eq!(admin.app(Method::GET, &path(&userpass, "")).await.ok(200), userpass);
    // Identities name their provider by the same id.
    let user = server.user("a@example.com").await;
    let profile = server.profile(&user.access).await.ok(200);
    assert_eq!(profile["identities"][0]["provider_id"], userpass["_id"]);

    admin.app(Method::PUT, &path(&anonymous, "/disable")).await.empty(204);
    let log_in = async || server.post("/auth/providers/anon-user/login", &json!({})).await;
    log_in().await.refused(401, Some("AuthError"), "disabled");
    admin.app(Method::PUT, &path(&anonymous, "/enable")).await.empty(204);
    log_in().await.ok(200);
    // What is in use is not taken away by one slip.
    let enabled = admin.app(Method::DELETE, &path(&anonymous, "")).await;
    enabled.refused(400, Some("BadRequest"), "disable it before you delete it");
    log_in().await.ok(200);
    admin.app(Method::PUT, &path(&anonymous, "/disable")).await.empty(204);
    admin.app(Method::DELETE, &path(&anonymous, "")).await.empty(204);
    log_in().await.refused(404, Some("AuthProviderNotFound"), "anon-user");
    let gone = admin.app(Method::GET, &path(&anonymous, "")).await;
    gone.refused(404, Some("AuthProviderNotFound"), "not found");
    let body = json!({ "type": "anon-user", "name": "anon-user", "disabled": false });
    let added = admin.app_with(Method::POST, "/auth_providers", body.clone()).await.ok(201);
    assert_eq!(added["_id"], anonymous["_id"]);
    log_in().await.ok(200);
    let twice = admin.app_with(Method::POST, "/auth_providers", body).await;
    twice.refused(409, Some("AuthProviderAlreadyExists"), "there already");

    // Fields that a change does not name stay.
    let change = async |body: Value| admin.app_with(Method::PATCH, &path(&userpass, ""), body).await;
    let config = json!({
        "autoConfirm": false,
        "emailConfirmationUrl": "http://localhost/confirm",
        "confirmEmailSubject": "Hello",
    });
    change(json!({ "config": config })).await.empty(204);
    let changed = admin.app(Method::GET, &path(&userpass, "")).await.ok(200);
    assert_eq!(changed["config"]["confirmEmailSubject"], "Hello");
    assert_eq!(changed["config"]["resetPasswordUrl"], userpass["config"]["resetPasswordUrl"]);
    server.register("b@example.com", PASSWORD).await.done(201);
    server.log_in("b@example.com", PASSWORD).await.refused(401, Some("AuthError"), "unauthorized");
    change(json!({ "config": { "autoConfirm": "maybe" } })).await.refused(
        400,
        Some("BadRequest"),
        "autoConfirm",
    );
    change(json!({ "type": "api-key" })).await.refused(400, Some("BadRequest"), "type");
    let unknown = admin.app_with(Method::POST, "/auth_providers", json!({ "type": "ldap" })).await;
    unknown.refused(400, Some("BadRequest"), "ldap");

    admin.app(Method::PUT, &path(&userpass, "/disable")).await.empty(204);
    admin.app(Method::DELETE, &path(&userpass, "")).await.empty(204);
    for config in [Value::Null, json!("x")] {
        let body = json!({ "type": "local-userpass", "config": config });
        let without = admin.app_with(Method::POST, "/auth_providers", body).await;
        without.refused(400, Some("BadRequest"), "must have a 'config'");
    }
    let body = json!({ "type": "local-userpass", "config": { "autoConfirm": true } });
    admin.app_with(Method::POST, "/auth_providers", body).await.ok(201);
    server.user("c@example.com").await;
    // A secret that is not there would leave the provider off without a word.
    let keys = json!({ "signingKeys": ["nowhere"] });
    let body = json!({ "type": "custom-token", "config": {}, "secret_config": keys });
    let missing = admin.app_with(Method::POST, "/auth_providers", body).await;
    missing.refused(400, Some("BadRequest"), "custom-token.secret_config.signingKeys[0]: expected the name");
}

/// The protocol document, section 17.1: what the test suites of official clients saw of the Admin API.
#[tokio::test]
async fn apps_are_listed_by_product_users_are_counted_and_pages_have_limits() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let group = admin.app.split_once("/apps/").unwrap().0.to_owned();
    let apps =
        async |query: &str| admin.send(Method::GET, &format!("{group}/apps{query}"), None).await.ok(200);
    let mut together = Vec::new();
    for product in ["standard", "atlas", "data-api", "device-sync"] {
        together.extend(apps(&format!("?product={product}")).await.as_array().unwrap().clone());
    }
    // realm-cli adds the answers up.
    assert_eq!(together.len(), 1);
    assert_eq!(apps("").await[0]["product"], "standard");
    assert_eq!(apps("?product=").await.as_array().unwrap().len(), 1);

    assert_eq!(admin.app(Method::GET, "/users_count").await.ok(200), json!(0));
    for _ in 0..3 {
        server.anonymous().await;
    }
    assert_eq!(admin.app(Method::GET, "/users_count").await.ok(200), json!(3));

    for number in 0..4 {
        server.register(&format!("{number}@example.com"), PASSWORD).await.done(201);
    }
    let pending = async |query: &str| {
        admin.app(Method::GET, &format!("/user_registrations/pending_users{query}")).await
    };
    let length = |page: &Value| page.as_array().unwrap().len();
    let two = pending("?limit=2").await.ok(200);
    assert_eq!(length(&two), 2);
    let after = two[1]["_id"].as_str().unwrap();
    assert_eq!(length(&pending(&format!("?limit=1&after={after}")).await.ok(200)), 1);
    assert_eq!(length(&pending("?limit=1000").await.ok(200)), 4);
    for bad in ["0", "-1", "x"] {
        pending(&format!("?limit={bad}")).await.refused(400, Some("BadRequest"), "limit");
    }
    let id = two[0]["_id"].as_str().unwrap();
    let delete = async |id: &str| admin.app(Method::DELETE, &format!("/user_registrations/by_id/{id}")).await;
    delete(id).await.empty(204);
    delete(id).await.refused(404, Some("UserNotFound"), "user not found");
    assert_eq!(length(&pending("").await.ok(200)), 3);
}

/// A client refreshes on `InvalidSession`, and would come back with the same token for ever.
#[tokio::test]
async fn a_refresh_token_is_no_access_token_and_no_reason_to_refresh() {
    let server = Server::start().await;
    let mut admin = Admin::of(&server).await;
    admin.access = admin.refresh.clone();
    admin.app(Method::GET, "/users").await.refused(401, None, "invalid session");
    admin.send(Method::GET, "/auth/profile", None).await.refused(401, None, "invalid session");
    admin.access = "nonsense".to_owned();
    admin.app(Method::GET, "/users").await.refused(401, Some("InvalidSession"), "invalid session");
}

/// `run_confirm` tells what still confirms: by mail, and where the function leaves it open.
#[tokio::test]
async fn a_confirmation_that_is_begun_again_tells_its_token() {
    use idmux::local_app::config::Offer;

    use crate::userpass_app;

    let source = "exports = ({username}) => ({
        a: { status: 'pending' }, b: {}, c: { status: '' }, d: { status: 'fail' }, e: { status: 'success' },
    })[username[0]]";
    let functions = userpass_app::config(
        Offer::Enabled(userpass_app::by_function()),
        &[("confirm", source), ("reset", "exports = () => 1")],
    );
    let by_mail = userpass_app::config(Offer::Enabled(userpass_app::by_mail()), &[]);
    for (config, waiting) in [(functions, "a"), (by_mail, "ab")] {
        let server = userpass_app::start_with(config, idmux::local_app::Storage::Memory).await;
        let admin = Admin::of(&server).await;
        let run = async |name: &str| {
            let email = format!("{name}@example.com");
            admin.app(Method::POST, &format!("/user_registrations/by_email/{email}/run_confirm")).await
        };
        for name in waiting.split("").filter(|name| !name.is_empty()) {
            server.register(&format!("{name}@example.com"), PASSWORD).await.done(201);
            let token = run(name).await.ok(202);
            let body = json!({ "token": token["token"], "tokenId": token["token_id"] });
            server.post("/auth/providers/local-userpass/confirm", &body).await.done(200);
            server.log_in(&format!("{name}@example.com"), PASSWORD).await.ok(200);
            run(name).await.refused(400, Some("UserAlreadyConfirmed"), "already confirmed");
        }
        run("z").await.refused(404, Some("UserNotFound"), "user not found");
    }
}

/// An App that asks for confirmations by mail.
async fn confirm_by_mail(admin: &Admin<'_>) {
    let listed = admin.app(Method::GET, "/auth_providers").await.ok(200);
    let userpass = listed.as_array().unwrap().iter().find(|one| one["type"] == "local-userpass").unwrap();
    let config = json!({ "autoConfirm": false, "emailConfirmationUrl": "http://localhost/confirm" });
    let path = format!("/auth_providers/{}", userpass["_id"].as_str().unwrap());
    admin.app_with(Method::PATCH, &path, json!({ "config": config })).await.empty(204);
}

#[tokio::test]
async fn pending_users_are_confirmed_by_an_admin_or_by_another_mail() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    confirm_by_mail(&admin).await;
    for email in ["a@example.com", "b@example.com"] {
        server.register(email, PASSWORD).await.done(201);
        server.log_in(email, PASSWORD).await.refused(401, Some("AuthError"), "unauthorized");
    }
    let action = async |email: &str, action: &str| {
        admin.app(Method::POST, &format!("/user_registrations/by_email/{email}/{action}")).await
    };
    action("a@example.com", "confirm").await.empty(204);
    let pending = admin.app(Method::GET, "/user_registrations/pending_users").await.ok(200);
    assert_eq!(pending.as_array().unwrap().len(), 2, "it waits for its first login");
    server.log_in("a@example.com", PASSWORD).await.ok(200);
    let token = action("b@example.com", "send_confirm").await.ok(200);
    let body = json!({ "token": token["token"], "tokenId": token["token_id"] });
    assert_eq!(server.post("/auth/providers/local-userpass/confirm", &body).await.status, 200);
    server.log_in("b@example.com", PASSWORD).await.ok(200);
    for name in ["confirm", "send_confirm", "run_confirm"] {
        action("a@example.com", name).await.refused(400, Some("UserAlreadyConfirmed"), "already confirmed");
        action("nobody@example.com", name).await.refused(404, Some("UserNotFound"), "user not found");
    }
}

#[tokio::test]
async fn the_lifetime_of_refresh_tokens_and_the_origins_are_set() {
    let server = Server::start().await;
    let admin = Admin::of(&server).await;
    let path = "/security/refresh_token_expiration";
    assert_eq!(admin.app(Method::GET, path).await.ok(200)["expiration_time_seconds"], 5_184_000);
    let set = async |seconds: Value| {
        admin.app_with(Method::PUT, path, json!({ "expiration_time_seconds": seconds })).await
    };
    set(json!(1800)).await.empty(204);
    assert_eq!(admin.app(Method::GET, path).await.ok(200)["expiration_time_seconds"], 1800);
    let user = server.user("a@example.com").await;
    let claims = claims(&user.refresh);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 1800);
    for (bad, code) in [
        (json!(1799), "BadRequest"),
        (json!(157_680_001), "BadRequest"),
        (json!("60d"), "InvalidParameter"),
        (json!(-1), "InvalidParameter"),
    ] {
        set(bad).await.refused(400, Some(code), "");
    }

    let path = "/security/allowed_request_origins";
    assert_eq!(admin.app(Method::GET, path).await.ok(200), json!([]));
    admin.app_with(Method::POST, path, json!(["https://shop.example.com"])).await.empty(204);
    assert_eq!(admin.app(Method::GET, path).await.ok(200), json!(["https://shop.example.com"]));
    admin.app_with(Method::POST, path, json!({})).await.refused(400, Some("BadRequest"), "list of origins");
    admin.app_with(Method::POST, path, json!(["shop"])).await.refused(400, Some("BadRequest"), "origin");
    let request = server.request(Method::GET, &server.app_path("/location"));
    assert_eq!(server.send(request.header("origin", "https://evil.example.com")).await.status, 403);
}
