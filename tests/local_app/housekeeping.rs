//! What has ended is refused, and leaves the disk.

use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, Server};

const INVALID: Option<&str> = Some("InvalidSession");
const GONE: &str = "invalid session: failed to find refresh token";

async fn advance(server: &Server, step: &str) {
    server.control(Method::PUT, "/clock", json!({ "advance": step })).await.ok(200);
}

#[tokio::test]
async fn an_anonymous_user_is_gone_after_90_days_unless_it_was_linked() {
    let server = Server::start().await;
    let (user, linked) = (server.anonymous().await, server.anonymous().await);
    server.register("a@example.com", PASSWORD).await.done(201);
    let body = json!({ "username": "a@example.com", "password": PASSWORD });
    server.link(&linked.access, "local-userpass", &body).await.ok(200);
    advance(&server, "89d").await;
    // It was active, which does not count.
    let renewed = server.refresh(&user.refresh).await.ok(201);
    let access = renewed["access_token"].as_str().unwrap();
    server.profile(access).await.ok(200);
    advance(&server, "1d").await;
    server.refresh(&user.refresh).await.refused(401, INVALID, GONE);
    server.log_out(&user.refresh).await.refused(401, INVALID, GONE);
    server.refresh(&linked.refresh).await.ok(201);
    server.log_in("a@example.com", PASSWORD).await.ok(200);
}

/// The clock below the App's moves: housekeeping has not been told, and its hour may not have come.
#[tokio::test]
async fn an_anonymous_user_of_90_days_is_refused_before_housekeeping_finds_it() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    server.advance(90 * 86_400 - 1000);
    let renewed = server.refresh(&user.refresh).await.ok(201);
    let access = renewed["access_token"].as_str().unwrap();
    server.advance(999);
    server.profile(access).await.ok(200);
    server.advance(1);
    server.profile(access).await.refused(401, INVALID, "invalid session");
    server.delete(access).await.refused(401, INVALID, "invalid session");
    server.refresh(&user.refresh).await.refused(401, INVALID, GONE);
    let body = json!({ "username": "a@example.com", "password": PASSWORD });
    server.register("a@example.com", PASSWORD).await.done(201);
    server.link(access, "local-userpass", &body).await.refused(401, INVALID, "invalid session");
}

#[tokio::test]
async fn what_has_ended_leaves_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let anonymous = server.anonymous().await;
    let user = server.user("a@example.com").await;
    let session = crate::support::claims(&user.access)["iss"].as_str().unwrap().to_owned();
    let contains = |needle: &str| {
        let bytes = std::fs::read(folder.path().join("shop-abcde.db")).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    };
    server.app.stop().await.unwrap();
    assert!(contains(&session) && contains(&anonymous.id) && contains(&user.id));

    let server = Server::start_in(folder.path()).await;
    advance(&server, "61d").await;
    server.app.stop().await.unwrap();
    assert!(!contains(&session) && contains(&anonymous.id) && contains(&user.id));

    let server = Server::start_in(folder.path()).await;
    advance(&server, "29d").await;
    server.app.stop().await.unwrap();
    assert!(!contains(&anonymous.id) && contains(&user.id));
}
