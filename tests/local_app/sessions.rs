//! Tokens: what they say, how long they count, and what does not count.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use idmux::local_app::{Lifetimes, Storage};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{APP, PASSWORD, Server, User, claims, segment};

const INVALID: Option<&str> = Some("InvalidSession");

fn lifetimes(access: u64, refresh: u64) -> Lifetimes {
    Lifetimes { access: Duration::from_secs(access), refresh: Duration::from_secs(refresh) }
}

#[track_caller]
fn lifetime(token: &str) -> i64 {
    let claims = claims(token);
    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
}

#[tokio::test]
async fn tokens_carry_the_documented_claims() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    assert_eq!(segment(&user.access, 0), json!({ "typ": "JWT", "alg": "HS256" }));

    let access = claims(&user.access);
    let keys: Vec<_> = access.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "baas_device_id",
            "baas_domain_id",
            "exp",
            "iat",
            "iss",
            "stitch_devId",
            "stitch_domainId",
            "sub",
            "typ"
        ]
    );
    let refresh = claims(&user.refresh);
    let profile = server.profile(&user.access).await.ok(200);
    let identity = json!({
        "id": profile["identities"][0]["id"],
        "provider_type": "local-userpass",
        "provider_id": profile["identities"][0]["provider_id"],
    });
    assert_eq!(
        refresh,
        json!({
            "baas_data": null,
            "baas_device_id": user.device,
            "baas_domain_id": access["baas_domain_id"],
            "baas_id": access["iss"],
            "baas_identity": identity,
            "exp": refresh["exp"],
            "iat": 1_767_225_600,
            "stitch_data": null,
            "stitch_devId": user.device,
            "stitch_domainId": access["baas_domain_id"],
            "stitch_id": access["iss"],
            "stitch_ident": identity,
            "sub": user.id,
            "typ": "refresh",
        })
    );
    assert_eq!((access["typ"].as_str(), access["iat"].as_i64()), (Some("access"), Some(1_767_225_600)));
    assert_eq!(access["sub"], user.id.as_str());
    assert_eq!(access["stitch_domainId"], access["baas_domain_id"]);
}

#[tokio::test]
async fn default_lifetimes_are_those_of_the_hosted_service() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    assert_eq!((lifetime(&user.access), lifetime(&user.refresh)), (1800, 5_184_000));
    let anonymous = server.anonymous().await;
    assert_eq!((lifetime(&anonymous.access), lifetime(&anonymous.refresh)), (1800, 1_576_800_000));
}

#[tokio::test]
async fn a_chosen_lifetime_holds_for_everybody() {
    let server = Server::start_with(Storage::Memory, lifetimes(5, 60)).await;
    for user in [server.user("a@example.com").await, server.anonymous().await] {
        assert_eq!((lifetime(&user.access), lifetime(&user.refresh)), (5, 60));
    }
}

#[tokio::test]
async fn an_access_token_counts_until_it_expires_and_is_renewed() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    server.advance(1799);
    server.profile(&user.access).await.ok(200);
    server.advance(1);
    server.profile(&user.access).await.refused(401, INVALID, "invalid session: access token expired");
    server.delete(&user.access).await.refused(401, INVALID, "access token expired");
    server.call(&user.access, &json!({ "name": "x" })).await.refused(401, INVALID, "access token expired");

    let answer = server.refresh(&user.refresh).await.ok(201);
    assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
    let renewed = answer["access_token"].as_str().unwrap();
    assert_eq!(claims(renewed)["iss"], claims(&user.access)["iss"]);
    assert_eq!(claims(renewed)["baas_device_id"], user.device.as_str());
    assert_eq!(lifetime(renewed), 1800);
    server.profile(renewed).await.ok(200);
}

#[tokio::test]
async fn a_refresh_token_ends_when_it_said_it_would() {
    let server = Server::start_with(Storage::Memory, lifetimes(10, 100)).await;
    let user = server.user("a@example.com").await;
    server.advance(99);
    server.refresh(&user.refresh).await.ok(201);
    server.advance(1);
    for reply in [server.refresh(&user.refresh).await, server.log_out(&user.refresh).await] {
        reply.refused(401, INVALID, "invalid session: refresh token expired");
    }
}

#[tokio::test]
async fn a_logout_ends_its_session_only_and_no_access_token() {
    let server = Server::start().await;
    let first = server.user("a@example.com").await;
    let second = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    assert_ne!(claims(&first.access)["iss"], claims(&second.access)["iss"]);

    server.log_out(&first.refresh).await.empty(204);
    for reply in [server.refresh(&first.refresh).await, server.log_out(&first.refresh).await] {
        reply.refused(401, INVALID, "invalid session: failed to find refresh token");
    }
    server.profile(&first.access).await.ok(200);
    server.refresh(&second.refresh).await.ok(201);
    server.advance(1800);
    server.profile(&first.access).await.refused(401, INVALID, "access token expired");
}

#[tokio::test]
async fn the_wrong_kind_of_token_does_not_count() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let wrong_type = "invalid refresh token: incorrect token type";
    server.refresh(&user.access).await.refused(401, None, wrong_type);
    server.log_out(&user.access).await.refused(401, None, wrong_type);
    server.profile(&user.refresh).await.refused(401, INVALID, "invalid session");
    server.delete(&user.refresh).await.refused(401, INVALID, "invalid session");
    server.refresh(&user.refresh).await.ok(201);
}

/// The token with another header, other claims, or another signature.
fn forge(
    token: &str,
    header: Option<Value>,
    change: Option<(&str, Value)>,
    signature: Option<&str>,
) -> String {
    let mut payload = claims(token);
    if let Some((claim, value)) = change {
        payload[claim] = value;
    }
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let own_signature = token.rsplit('.').next().unwrap();
    let header = header.unwrap_or_else(|| segment(token, 0));
    format!("{}.{}.{}", encode(&header), encode(&payload), signature.unwrap_or(own_signature))
}

#[tokio::test]
async fn forged_tokens_do_not_count() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let victim = server.user("b@example.com").await;
    let forgeries = |token: &str| {
        let signature = token.rsplit('.').next().unwrap();
        let other_key = jsonwebtoken::encode(
            &jsonwebtoken::Header::default(),
            &claims(token),
            &jsonwebtoken::EncodingKey::from_secret(b"not the key of this server"),
        );
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        [
            ("alg none", forge(token, Some(json!({ "alg": "none", "typ": "JWT" })), None, Some(""))),
            ("alg none, signed", forge(token, Some(json!({ "alg": "none", "typ": "JWT" })), None, None)),
            ("alg NONE", forge(token, Some(json!({ "alg": "NONE" })), None, Some(""))),
            ("another algorithm", forge(token, Some(json!({ "alg": "HS512", "typ": "JWT" })), None, None)),
            (
                "a public key algorithm",
                forge(token, Some(json!({ "alg": "RS256", "typ": "JWT" })), None, None),
            ),
            ("another user", forge(token, None, Some(("sub", json!(victim.id))), None)),
            ("a later end", forge(token, None, Some(("exp", json!(9_999_999_999_i64))), None)),
            ("no signature", forge(token, None, None, Some(""))),
            (
                "an altered signature",
                forge(token, None, None, Some(&format!("{flipped}{}", &signature[1..]))),
            ),
            ("another key", other_key.unwrap()),
            ("two parts", token.rsplit_once('.').unwrap().0.to_owned()),
            ("four parts", format!("{token}.x")),
            ("not a token", "null".to_owned()),
        ]
    };
    for (what, token) in forgeries(&user.access) {
        let reply = server.profile(&token).await;
        assert_eq!(reply.status, 401, "{what}");
        reply.refused(401, INVALID, "invalid session");
    }
    for (what, token) in forgeries(&user.refresh) {
        let reply = server.refresh(&token).await;
        assert_eq!(reply.status, 401, "{what}");
        reply.refused(401, None, "signature is invalid");
        server.log_out(&token).await.refused(401, None, "signature is invalid");
    }
    server.profile(&user.access).await.ok(200);
    server.refresh(&user.refresh).await.ok(201);
}

#[tokio::test]
async fn tokens_of_another_app_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let storage = || Storage::Folder(folder.path().to_owned());
    let ours = Server::start_app(APP, storage(), Lifetimes::default()).await;
    let theirs = Server::start_app("bank-abcde", storage(), Lifetimes::default()).await;
    let user = theirs.user("a@example.com").await;
    ours.profile(&user.access).await.refused(401, INVALID, "invalid session");
    ours.refresh(&user.refresh).await.refused(401, None, "signature is invalid");
    // Apps in one folder share nothing.
    ours.log_in("a@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
}

#[tokio::test]
async fn a_header_without_a_token_is_told_apart() {
    let server = Server::start().await;
    let request = |method: Method, path: &str, authorization: Option<&str>| {
        let request = server.request(method, &format!("/api/client/v2.0{path}"));
        let request = authorization
            .map_or(request.try_clone().unwrap(), |value| request.header("authorization", value));
        server.send(request)
    };
    let not_bearer = "expected Authorization header with JWT (Bearer schema)";
    for (authorization, access_says, refresh_says) in [
        (None, "unauthorized", "must authenticate first"),
        (Some("Bearer "), "unauthorized", "must authenticate first"),
        (Some("Basic YTpi"), not_bearer, not_bearer),
        (Some("token"), not_bearer, not_bearer),
    ] {
        for (method, path) in [(Method::GET, "/auth/profile"), (Method::DELETE, "/auth/delete")] {
            request(method, path, authorization).await.refused(401, None, access_says);
        }
        request(Method::POST, "/app/shop-abcde/functions/call", authorization).await.refused(
            401,
            None,
            access_says,
        );
        for method in [Method::POST, Method::DELETE] {
            request(method, "/auth/session", authorization).await.refused(401, None, refresh_says);
        }
    }
    let user = server.anonymous().await;
    request(Method::GET, "/auth/profile", Some(&format!("bearer {}", user.access))).await.ok(200);
}

#[tokio::test]
async fn sessions_opened_under_other_lifetimes_keep_them() {
    let server = Server::start().await;
    let before = server.user("a@example.com").await;
    server.app.open_sessions_with(Some(lifetimes(20, 50)));
    let under = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    let anonymous = server.anonymous().await;
    server.app.open_sessions_with(None);
    let after = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));

    for (user, access, refresh) in
        [(&before, 1800, 5_184_000), (&under, 20, 50), (&anonymous, 20, 50), (&after, 1800, 5_184_000)]
    {
        assert_eq!((lifetime(&user.access), lifetime(&user.refresh)), (access, refresh));
        let renewed = server.refresh(&user.refresh).await.ok(201);
        assert_eq!(lifetime(renewed["access_token"].as_str().unwrap()), access);
    }
    server.advance(50);
    server.refresh(&under.refresh).await.refused(401, INVALID, "refresh token expired");
    server.refresh(&after.refresh).await.ok(201);
}

#[tokio::test]
async fn a_disabled_user_neither_logs_in_nor_refreshes_but_keeps_the_access_token() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let user = server.user("a@example.com").await;
    let database = rusqlite::Connection::open(folder.path().join("shop-abcde.db")).unwrap();
    assert_eq!(database.execute("UPDATE users SET disabled = 1 WHERE id = ?1", [&user.id]).unwrap(), 1);

    server.log_in("a@example.com", PASSWORD).await.refused(401, Some("UserDisabled"), "disabled");
    server.refresh(&user.refresh).await.refused(401, INVALID, "failed to find refresh token");
    server.profile(&user.access).await.ok(200);
}
