//! API keys of users (section 3.4).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Reply, Server, User, claims};

const UNKNOWN: &str = "5f0000000000000000000001";

async fn create(client: &Client, user: &User, name: &str) -> Reply {
    let request = client.request(Method::POST, "/api/client/v2.0/auth/api_keys").bearer_auth(&user.refresh);
    client.send(request.body(json!({ "name": name }).to_string())).await
}

async fn keys(client: &Client, user: &User) -> Value {
    client.auth(Method::GET, "/api_keys", &user.refresh).await.ok(200)
}

async fn on_key(client: &Client, user: &User, method: Method, id: &Value, action: &str) -> Reply {
    client.auth(method, &format!("/api_keys/{}{action}", id.as_str().unwrap()), &user.refresh).await
}

async fn log_in(client: &Client, key: &Value) -> Reply {
    client.post("/auth/providers/api-key/login", &json!({ "key": key })).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_leads_to_its_owner() {
    let server = Server::start().await;
    let owner = server.user("a@example.com").await;
    let key = create(&server, &owner, "key_1-B").await.ok(201);
    let secret = key["key"].as_str().unwrap();
    assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{secret}");
    assert_eq!(key["_id"].as_str().unwrap().len(), 24);
    let shown = json!({ "_id": key["_id"], "name": "key_1-B", "disabled": false });
    assert_eq!(keys(&server, &owner).await, json!([shown]));
    assert_eq!(on_key(&server, &owner, Method::GET, &key["_id"], "").await.ok(200), shown);

    let by_key = User::of(&log_in(&server, &key["key"]).await.ok(200));
    assert_eq!(by_key.id, owner.id);
    assert_eq!(claims(&by_key.refresh)["baas_identity"]["provider_type"], "api-key");
    log_in(&server, &key["key"]).await.ok(200);
    let profile = server.profile(&by_key.access).await.ok(200);
    let identities = profile["identities"].as_array().unwrap();
    let types: Vec<_> = identities.iter().map(|identity| &identity["provider_type"]).collect();
    assert_eq!(types, ["local-userpass", "api-key"]);
    assert_eq!(identities[1]["id"], key["_id"]);
    assert_eq!(identities[1]["provider_data"], json!({ "name": "key_1-B" }));
    assert_eq!(profile["data"], json!({ "email": "a@example.com", "name": "key_1-B" }));
    assert_eq!(profile["type"], "normal");
}

#[tokio::test]
async fn names_are_checked_and_unique_to_their_owner() {
    let server = Server::start().await;
    let (a, b) = (server.user("a@example.com").await, server.user("b@example.com").await);
    create(&server, &a, "mine").await.ok(201);
    create(&server, &b, "mine").await.ok(201);
    let taken = create(&server, &a, "mine").await;
    taken.refused(409, Some("APIKeyAlreadyExists"), "API key with name already exists");
    for bad in ["with space", "caf\u{e9}", "a.b"] {
        let says = "can only contain ASCII letters, numbers, underscores, and hyphens";
        create(&server, &a, bad).await.refused(400, Some("InvalidParameter"), says);
    }
    create(&server, &a, "").await.refused(400, None, "'name' is a required string");
    for body in ["", "{}", "{\"name\":5}"] {
        let request =
            server.request(Method::POST, "/api/client/v2.0/auth/api_keys").bearer_auth(&a.refresh).body(body);
        server.send(request).await.refused(400, None, "'name' is a required string");
    }
    assert_eq!(keys(&server, &a).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_user_has_twenty_keys_at_most() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let attempts = (0..25).map(|i| {
        let (server, user) = (&server, &user);
        async move { create(server, user, &format!("key{i}")).await }
    });
    let replies = futures_util::future::join_all(attempts).await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((made.len(), refused.len()), (20, 5));
    for reply in refused {
        reply.refused(400, Some("BadRequest"), "at most 20 API keys");
    }
    on_key(&server, &user, Method::DELETE, &made[0].json()["_id"], "").await.empty(204);
    create(&server, &user, "again").await.ok(201);
}

#[tokio::test]
async fn only_its_owner_can_do_anything_with_a_key() {
    let server = Server::start().await;
    let (owner, other) = (server.user("a@example.com").await, server.user("b@example.com").await);
    let key = create(&server, &owner, "mine").await.ok(201);
    for id in [&key["_id"], &json!(UNKNOWN), &json!("nonsense")] {
        for (method, action) in
            [(Method::GET, ""), (Method::DELETE, ""), (Method::PUT, "/enable"), (Method::PUT, "/disable")]
        {
            let reply = on_key(&server, &other, method, id, action).await;
            reply.refused(404, Some("APIKeyNotFound"), "API key not found");
        }
    }
    assert_eq!(keys(&server, &other).await, json!([]));
    log_in(&server, &key["key"]).await.ok(200);

    // Keys are managed with the refresh token of a session that is alive.
    let access = server.auth(Method::GET, "/api_keys", &owner.access).await;
    access.refused(401, None, "incorrect token type");
    server.get("/api/client/v2.0/auth/api_keys").await.refused(401, None, "must authenticate first");
    server.log_out(&owner.refresh).await.empty(204);
    let gone = server.auth(Method::GET, "/api_keys", &owner.refresh).await;
    gone.refused(401, Some("InvalidSession"), "failed to find refresh token");
}

#[tokio::test]
async fn a_disabled_key_logs_nobody_in_until_it_is_enabled() {
    let server = Server::start().await;
    let owner = server.user("a@example.com").await;
    let key = create(&server, &owner, "mine").await.ok(201);
    let by_key = User::of(&log_in(&server, &key["key"]).await.ok(200));
    for _ in 0..2 {
        on_key(&server, &owner, Method::PUT, &key["_id"], "/disable").await.empty(204);
    }
    assert_eq!(on_key(&server, &owner, Method::GET, &key["_id"], "").await.ok(200)["disabled"], true);
    log_in(&server, &key["key"]).await.refused(401, Some("AuthError"), "unauthorized");
    // Whoever had it is out; the owner is not.
    server.refresh(&by_key.refresh).await.refused(401, Some("InvalidSession"), "failed to find");
    server.refresh(&owner.refresh).await.ok(201);
    for _ in 0..2 {
        on_key(&server, &owner, Method::PUT, &key["_id"], "/enable").await.empty(204);
    }
    assert_eq!(User::of(&log_in(&server, &key["key"]).await.ok(200)).id, owner.id);
}

#[tokio::test]
async fn a_deleted_key_is_gone_with_its_identity_and_sessions() {
    let server = Server::start().await;
    let owner = server.user("a@example.com").await;
    let key = create(&server, &owner, "mine").await.ok(201);
    let by_key = User::of(&log_in(&server, &key["key"]).await.ok(200));
    // Not by the session that it opened.
    for (method, action) in [(Method::DELETE, ""), (Method::PUT, "/disable")] {
        let own = on_key(&server, &by_key, method, &key["_id"], action).await;
        own.refused(403, None, "opened with that API key");
    }
    let second = create(&server, &by_key, "second").await.ok(201);
    on_key(&server, &by_key, Method::DELETE, &second["_id"], "").await.empty(204);

    on_key(&server, &owner, Method::DELETE, &key["_id"], "").await.empty(204);
    log_in(&server, &key["key"]).await.refused(401, Some("AuthError"), "unauthorized");
    server.refresh(&by_key.refresh).await.refused(401, Some("InvalidSession"), "failed to find");
    server.refresh(&owner.refresh).await.ok(201);
    let profile = server.profile(&owner.access).await.ok(200);
    assert_eq!(profile["identities"].as_array().unwrap().len(), 1);
    assert_eq!(profile["data"], json!({ "email": "a@example.com" }));
    let again = on_key(&server, &owner, Method::DELETE, &key["_id"], "").await;
    again.refused(404, Some("APIKeyNotFound"), "API key not found");
}

#[tokio::test]
async fn an_anonymous_user_makes_no_keys_before_it_is_somebody() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    create(&server, &user, "mine").await.refused(403, None, "anonymous");
    server.register("a@example.com", crate::support::PASSWORD).await.done(201);
    let body = json!({ "username": "a@example.com", "password": crate::support::PASSWORD });
    server.link(&user.access, "local-userpass", &body).await.ok(200);
    create(&server, &user, "mine").await.ok(201);
}

#[tokio::test]
async fn keys_that_are_none_log_nobody_in_and_link_nothing() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let long = "x".repeat(64);
    for bad in ["", "short", long.as_str()] {
        log_in(&server, &json!(bad)).await.refused(401, Some("AuthError"), "unauthorized");
    }
    let path = "/auth/providers/api-key/login";
    server.post(path, &json!({})).await.refused(400, Some("MissingParameter"), "'key'");
    server.post(path, &json!({ "key": 5 })).await.refused(400, Some("InvalidParameter"), "'key'");

    let key = create(&server, &user, "mine").await.ok(201);
    let link = server.link(&user.access, "api-key", &json!({ "key": key["key"] })).await;
    link.refused(400, Some("InvalidParameter"), "invalid user link request");
}

#[tokio::test]
async fn a_deleted_account_takes_its_keys_along() {
    let server = Server::start().await;
    let owner = server.user("a@example.com").await;
    let key = create(&server, &owner, "mine").await.ok(201);
    server.delete(&owner.access).await.empty(204);
    log_in(&server, &key["key"]).await.refused(401, Some("AuthError"), "unauthorized");
}
