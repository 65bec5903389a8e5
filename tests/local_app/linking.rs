//! Linking: a second identity for a user (section 4 of the protocol document).

use serde_json::json;

use crate::support::{PASSWORD, Server, User, claims};

const PROVIDER: &str = "local-userpass";

fn credentials(email: &str) -> serde_json::Value {
    json!({ "username": email, "password": PASSWORD })
}

#[tokio::test]
async fn an_anonymous_user_becomes_a_registered_one_and_keeps_the_id() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    server.register("a@example.com", PASSWORD).await.empty(201);

    let answer = server.link(&user.access, PROVIDER, &credentials("a@example.com")).await.ok(200);
    assert_eq!(answer["user_id"], user.id.as_str());
    assert_eq!(answer["device_id"], user.device.as_str());
    assert!(answer.get("refresh_token").is_none(), "{answer}");
    let access = answer["access_token"].as_str().unwrap();
    assert_eq!(claims(access)["iss"], claims(&user.access)["iss"]);

    let profile = server.profile(access).await.ok(200);
    let providers: Vec<_> =
        profile["identities"].as_array().unwrap().iter().map(|identity| &identity["provider_type"]).collect();
    assert_eq!(providers, ["anon-user", "local-userpass"]);
    assert_eq!(profile["data"], json!({ "email": "a@example.com" }));

    assert_eq!(User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200)).id, user.id);
    server.refresh(&user.refresh).await.ok(201);

    // Deleting the user takes the registration along.
    server.delete(access).await.empty(204);
    server.register("a@example.com", PASSWORD).await.empty(201);
}

#[tokio::test]
async fn linking_the_own_identity_again_changes_nothing() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let before = server.profile(&user.access).await.ok(200);
    let answer = server.link(&user.access, PROVIDER, &credentials("a@example.com")).await.ok(200);
    assert_eq!(answer["user_id"], user.id.as_str());
    assert_eq!(server.profile(&user.access).await.ok(200), before);
}

#[tokio::test]
async fn what_cannot_be_linked_is_refused_in_words_that_do_not_start_a_refresh_loop() {
    let server = Server::start().await;
    let anonymous = server.anonymous().await;
    let owner = server.user("a@example.com").await;
    server.register("b@example.com", PASSWORD).await.empty(201);

    let wrong = json!({ "username": "b@example.com", "password": "wrong password" });
    for (access, provider, body, status, code, says) in [
        (
            &anonymous.access,
            PROVIDER,
            credentials("a@example.com"),
            401,
            "AuthError",
            "a user already exists with the specified provider",
        ),
        (&anonymous.access, PROVIDER, wrong, 401, "InvalidPassword", "invalid username/password"),
        (
            &anonymous.access,
            PROVIDER,
            credentials("nobody@example.com"),
            401,
            "InvalidPassword",
            "invalid username/password",
        ),
        (&owner.access, PROVIDER, credentials("b@example.com"), 400, "BadRequest", "already has an identity"),
        (&owner.access, "anon-user", json!({}), 400, "LinkingNotSupported", "anonymous"),
        (&owner.access, "api-key", json!({ "key": "x" }), 404, "AuthProviderNotFound", "api-key"),
        (&anonymous.access, PROVIDER, json!({}), 400, "MissingParameter", "'username'"),
    ] {
        server.link(access, provider, &body).await.refused(status, Some(code), says);
    }
    // What was refused left no trace: the registration is free, and each user has the one identity.
    for user in [&anonymous, &owner] {
        let profile = server.profile(&user.access).await.ok(200);
        assert_eq!(profile["identities"].as_array().unwrap().len(), 1);
    }
    server.link(&anonymous.access, PROVIDER, &credentials("b@example.com")).await.ok(200);
}

#[tokio::test]
async fn linking_needs_an_access_token_of_a_live_session() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    server.register("a@example.com", PASSWORD).await.empty(201);
    let body = credentials("a@example.com");
    server.link(&user.refresh, PROVIDER, &body).await.refused(401, Some("InvalidSession"), "invalid session");
    server.link("", PROVIDER, &body).await.refused(401, None, "unauthorized");
    server.log_out(&user.refresh).await.empty(204);
    server.link(&user.access, PROVIDER, &body).await.refused(401, Some("InvalidSession"), "invalid session");
    // The registration is still free.
    assert_ne!(User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200)).id, user.id);
}
