//! Signing keys are rotated on command, and the old ones verify as long as a token of theirs can live.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{APP, PASSWORD, Server, User};

const INVALID: Option<&str> = Some("InvalidSession");

async fn rotate(server: &Server, body: Value) -> i64 {
    let rotation = server.control(Method::POST, "/keys/rotate", body).await.ok(200);
    assert!(rotation.get("key").is_none(), "{rotation}");
    rotation["keys"].as_i64().unwrap()
}

async fn advance(server: &Server, step: &str) {
    server.control(Method::PUT, "/clock", json!({ "advance": step })).await.ok(200);
}

#[tokio::test]
async fn a_rotated_key_verifies_until_its_last_token_has_expired() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    assert_eq!(rotate(&server, Value::Null).await, 2);
    server.profile(&user.access).await.ok(200);
    server.refresh(&user.refresh).await.ok(201);
    let second = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    advance(&server, "59d").await;
    server.refresh(&user.refresh).await.ok(201);
    assert_eq!(rotate(&server, Value::Null).await, 3);
    server.refresh(&second.refresh).await.ok(201);
    // The sessions of both are over, and what they renewed is too: one key is left, and a new one.
    advance(&server, "2d").await;
    assert_eq!(rotate(&server, Value::Null).await, 2);
    server.refresh(&second.refresh).await.refused(401, None, "signature is invalid");
}

#[tokio::test]
async fn a_session_that_ended_keeps_no_key() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    rotate(&server, Value::Null).await;
    advance(&server, "1d").await;
    assert_eq!(rotate(&server, Value::Null).await, 3);
    server.log_out(&user.refresh).await.empty(204);
    advance(&server, "1h").await;
    // The first key had that session only, the second one none.
    assert_eq!(rotate(&server, Value::Null).await, 2);
}

#[tokio::test]
async fn a_clock_that_goes_back_changes_neither_which_key_signs_nor_which_counts() {
    let server = Server::start().await;
    advance(&server, "30d").await;
    let user = server.user("a@example.com").await;
    rotate(&server, Value::Null).await;
    server.control(Method::PUT, "/clock", json!({ "reset": true })).await.ok(200);
    rotate(&server, Value::Null).await;
    let newest = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    advance(&server, "2h").await;
    server.refresh(&newest.refresh).await.ok(201);
    server.refresh(&user.refresh).await.ok(201);
}

#[tokio::test]
async fn forgotten_keys_end_every_token_at_once() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    assert_eq!(rotate(&server, json!({ "forget_old": true })).await, 1);
    server.profile(&user.access).await.refused(401, INVALID, "invalid session");
    server.refresh(&user.refresh).await.refused(401, None, "signature is invalid");
    let user = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    server.profile(&user.access).await.ok(200);
    let reply = server.control(Method::POST, "/keys/rotate", json!({ "forget_old": "yes" })).await;
    reply.refused(400, Some("InvalidParameter"), "true or false");
    server.profile(&user.access).await.ok(200);
}

#[tokio::test]
async fn another_process_takes_tokens_of_a_new_key_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = tokio::join!(Server::start_in(folder.path()), Server::start_in(folder.path()));
    let old = one.user("a@example.com").await;
    for _ in 0..3 {
        rotate(&one, Value::Null).await;
        let new = User::of(&one.log_in("a@example.com", PASSWORD).await.ok(200));
        two.profile(&new.access).await.ok(200);
        two.refresh(&new.refresh).await.ok(201);
    }
    two.refresh(&old.refresh).await.ok(201);
    let ours = User::of(&two.log_in("a@example.com", PASSWORD).await.ok(200));
    one.profile(&ours.access).await.ok(200);
}

#[tokio::test]
async fn keys_and_their_order_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let old = server.user("a@example.com").await;
    rotate(&server, Value::Null).await;
    let new = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    server.app.stop().await.unwrap();
    let server = Server::start_in(folder.path()).await;
    for user in [&old, &new] {
        server.profile(&user.access).await.ok(200);
        server.refresh(&user.refresh).await.ok(201);
    }
    assert_eq!(server.app.app_id(), APP);
    assert_eq!(rotate(&server, json!({ "forget_old": true })).await, 1);
}
