//! Registering, logging in, the profile, deleting the account.

use serde_json::json;

use crate::support::{PASSWORD, Server, User, claims};

const ZEROS: &str = "000000000000000000000000";

#[tokio::test]
async fn every_anonymous_login_is_a_new_user() {
    let server = Server::start().await;
    let (first, second) = (server.anonymous().await, server.anonymous().await);
    assert_ne!(first.id, second.id);

    let profile = server.profile(&first.access).await.ok(200);
    assert_eq!(profile["user_id"], first.id.as_str());
    assert_eq!(profile["type"], "normal");
    assert_eq!(profile["data"], json!({}));
    assert_eq!(profile["domain_id"], claims(&first.access)["baas_domain_id"]);
    let identities = profile["identities"].as_array().unwrap();
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0]["provider_type"], "anon-user");
    assert_eq!(identities[0]["provider_id"].as_str().unwrap().len(), 24);
    let (oid, letters) = identities[0]["id"].as_str().unwrap().split_once('-').unwrap();
    assert!(oid.len() == 24 && oid.bytes().all(|b| b.is_ascii_hexdigit()), "{oid}");
    assert!(letters.len() == 24 && letters.bytes().all(|b| b.is_ascii_lowercase()), "{letters}");
}

#[tokio::test]
async fn an_anonymous_login_needs_no_body() {
    let server = Server::start().await;
    let path = server.app_path("/auth/providers/anon-user/login");
    let reply = server.send(server.request(reqwest::Method::POST, &path)).await.ok(200);
    assert_eq!(User::of(&reply).device, ZEROS);
}

#[tokio::test]
async fn a_device_keeps_its_id_and_a_new_one_gets_one() {
    let server = Server::start().await;
    for (options, expected) in [
        (json!({}), Some(ZEROS)),
        (
            json!({ "device": { "deviceId": { "$oid": "610d81f929164593aa50e663" } } }),
            Some("610d81f929164593aa50e663"),
        ),
        (json!({ "device": { "deviceId": "610d81f929164593aa50e663" } }), Some("610d81f929164593aa50e663")),
        (json!({ "device": { "deviceId": ZEROS } }), None),
        (json!({ "device": { "deviceId": { "$oid": "nonsense" } } }), None),
        (json!({ "device": { "platform": "node" } }), None),
    ] {
        let reply = server.post("/auth/providers/anon-user/login", &json!({ "options": options })).await;
        let user = User::of(&reply.ok(200));
        match expected {
            Some(id) => assert_eq!(user.device, id, "{options}"),
            None => assert!(user.device.len() == 24 && user.device != ZEROS, "{options}: {}", user.device),
        }
        for token in [&user.access, &user.refresh] {
            assert_eq!(claims(token)["baas_device_id"], user.device.as_str());
            assert_eq!(claims(token)["stitch_devId"], user.device.as_str());
        }
    }
}

#[tokio::test]
async fn a_registered_user_logs_in_with_the_same_id_every_time() {
    let server = Server::start().await;
    let first = server.user("a@example.com").await;
    let again = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    assert_eq!(first.id, again.id);

    let profile = server.profile(&again.access).await.ok(200);
    assert_eq!(profile["data"], json!({ "email": "a@example.com" }));
    let identity = &profile["identities"][0];
    assert_eq!(profile["identities"].as_array().unwrap().len(), 1);
    assert_eq!(identity["provider_type"], "local-userpass");
    assert_eq!(identity["provider_data"], json!({ "email": "a@example.com" }));
    assert_eq!(identity["id"].as_str().unwrap().len(), 24);
}

#[tokio::test]
async fn registrations_are_checked() {
    let server = Server::start().await;
    server.register("taken@example.com", PASSWORD).await.done(201);
    let long = "x".repeat(128);
    server.register("long@example.com", &long).await.done(201);
    server.register("short@example.com", "sixsix").await.done(201);
    // Emails are case-sensitive.
    server.register("Taken@example.com", PASSWORD).await.done(201);

    let path = "/auth/providers/local-userpass/register";
    for (body, status, code, says) in [
        (
            json!({ "email": "taken@example.com", "password": PASSWORD }),
            409,
            "AccountNameInUse",
            "name already in use",
        ),
        (
            json!({ "email": "b@example.com", "password": "short" }),
            400,
            "BadRequest",
            "password must be between 6 and 128 characters",
        ),
        (
            json!({ "email": "b@example.com", "password": "x".repeat(129) }),
            400,
            "BadRequest",
            "password must be between 6 and 128 characters",
        ),
        (json!({ "email": "", "password": PASSWORD }), 400, "BadRequest", "email invalid"),
        (json!({ "email": "x".repeat(255), "password": PASSWORD }), 400, "BadRequest", "email invalid"),
        (json!({ "email": "a\nb@example.com", "password": PASSWORD }), 400, "BadRequest", "email invalid"),
        (json!({ "password": PASSWORD }), 400, "MissingParameter", "'email'"),
        (json!({ "email": "b@example.com" }), 400, "MissingParameter", "'password'"),
        (json!({ "email": 5, "password": PASSWORD }), 400, "InvalidParameter", "'email' must be a string"),
    ] {
        server.post(path, &body).await.refused(status, Some(code), says);
    }
    // Nothing of what was refused exists.
    server.register("b@example.com", PASSWORD).await.done(201);
}

#[tokio::test]
async fn registering_ignores_whoever_is_logged_in() {
    let server = Server::start().await;
    let path = server.app_path("/auth/providers/local-userpass/register");
    let body = json!({ "email": "a@example.com", "password": PASSWORD }).to_string();
    let request = server.request(reqwest::Method::POST, &path).bearer_auth("expired.or.nonsense").body(body);
    server.send(request).await.done(201);
}

#[tokio::test]
async fn one_of_many_simultaneous_registrations_of_an_email_succeeds() {
    let server = Server::start().await;
    let attempts = (0..8).map(|_| server.register("a@example.com", PASSWORD));
    let replies = futures_util::future::join_all(attempts).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!(won.len(), 1);
    for reply in lost {
        reply.refused(409, Some("AccountNameInUse"), "name already in use");
    }
}

#[tokio::test]
async fn simultaneous_first_logins_lead_to_one_user() {
    let server = Server::start().await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let replies =
        futures_util::future::join_all((0..6).map(|_| server.log_in("a@example.com", PASSWORD))).await;
    let mut ids: Vec<_> = replies.iter().map(|reply| User::of(&reply.ok(200)).id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_look_the_same() {
    let server = Server::start().await;
    server.register("a@example.com", PASSWORD).await.done(201);
    for (email, password) in [
        ("a@example.com", "wrong password"),
        ("a@example.com", ""),
        ("A@example.com", PASSWORD),
        ("nobody@example.com", PASSWORD),
    ] {
        server.log_in(email, password).await.refused(401, Some("InvalidPassword"), "unauthorized");
    }
    let path = "/auth/providers/local-userpass/login";
    for (body, code, says) in [
        (json!({}), "MissingParameter", "'username'"),
        (json!({ "username": "a@example.com" }), "MissingParameter", "'password'"),
        (
            json!({ "username": "a@example.com", "password": 1 }),
            "InvalidParameter",
            "'password' must be a string",
        ),
    ] {
        server.post(path, &body).await.refused(400, Some(code), says);
    }
}

#[tokio::test]
async fn a_deleted_account_is_gone_and_its_email_is_free() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    server.delete(&user.access).await.empty(204);

    server.profile(&user.access).await.refused(401, Some("InvalidSession"), "invalid session");
    server.delete(&user.access).await.refused(401, Some("InvalidSession"), "invalid session");
    let call =
        server.custom_data(&user.access, "insertOne", json!({ "document": { "user_id": user.id } })).await;
    call.refused(401, Some("InvalidSession"), "invalid session");
    server.refresh(&user.refresh).await.refused(401, Some("InvalidSession"), "failed to find refresh token");
    server.log_out(&user.refresh).await.refused(401, Some("InvalidSession"), "failed to find refresh token");
    server.log_in("a@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");

    let successor = server.user("a@example.com").await;
    assert_ne!(successor.id, user.id);
}

#[tokio::test]
async fn deleting_one_account_leaves_the_others() {
    let server = Server::start().await;
    let (gone, stays) = (server.user("a@example.com").await, server.user("b@example.com").await);
    server.delete(&gone.access).await.empty(204);
    server.profile(&stays.access).await.ok(200);
    server.refresh(&stays.refresh).await.ok(201);
    server.log_in("b@example.com", PASSWORD).await.ok(200);
}
