//! Faults: a client is to see what a failing server looks like, and nothing else is to fail.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, User, claims};

async fn fault(server: &Server, body: Value) -> String {
    let fault = server.control(Method::POST, "/faults", body).await.ok(201);
    fault["id"].as_str().unwrap().to_owned()
}

async fn hits(server: &Server) -> Vec<i64> {
    let faults = server.control(Method::GET, "/faults", Value::Null).await.ok(200);
    faults.as_array().unwrap().iter().map(|fault| fault["hits"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_status_strikes_a_route_as_often_as_it_says() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let body = json!({
        "match": { "method": "post", "path_prefix": "/auth/session" },
        "effect": { "status": 503, "error": "down for a moment", "error_code": "Down", "retry_after": 7 },
        "times": 2,
    });
    let id = fault(&server, body.clone()).await;
    for _ in 0..2 {
        let reply = server.refresh(&user.refresh).await;
        reply.refused(503, Some("Down"), "down for a moment");
        assert_eq!(reply.header("retry-after"), Some("7"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    server.refresh(&user.refresh).await.ok(201);
    server.profile(&user.access).await.ok(200);
    let listed = server.control(Method::GET, "/faults", Value::Null).await.ok(200);
    assert_eq!((listed[0]["id"].as_str(), listed[0]["hits"].as_i64()), (Some(id.as_str()), Some(2)));
    assert_eq!(
        (&listed[0]["effect"], listed[0]["match"]["method"].as_str()),
        (&body["effect"], Some("POST"))
    );
    // The other method of the route was left alone.
    server.log_out(&user.refresh).await.empty(204);
}

#[tokio::test]
async fn a_fault_of_a_user_leaves_everybody_else_alone() {
    let server = Server::start().await;
    let (one, two) = (server.user("a@example.com").await, server.user("b@example.com").await);
    let body = json!({ "match": { "user_id": one.id }, "effect": { "status": 500 } });
    let id = fault(&server, body).await;
    server.profile(&one.access).await.refused(500, None, "internal server error");
    server.refresh(&one.refresh).await.refused(500, None, "internal server error");
    server.log_in("a@example.com", crate::support::PASSWORD).await.refused(
        500,
        None,
        "internal server error",
    );
    server.profile(&two.access).await.ok(200);
    server.log_in("b@example.com", crate::support::PASSWORD).await.ok(200);
    server.log_in("a@example.com", "a wrong one").await.refused(401, Some("InvalidPassword"), "unauthorized");
    assert_eq!(hits(&server).await, [3]);
    server.control(Method::DELETE, &format!("/faults/{id}"), Value::Null).await.empty(204);
    let user = User::of(&server.log_in("a@example.com", crate::support::PASSWORD).await.ok(200));
    assert_eq!(user.id, one.id);
}

#[tokio::test]
async fn a_dropped_connection_has_no_answer_at_all() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    fault(
        &server,
        json!({ "match": { "path_prefix": "/auth/profile" }, "effect": { "drop_connection": true, "delay_ms": 10 }, "times": 1 }),
    )
    .await;
    let address = server.base.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /api/client/v2.0/auth/profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        user.access
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer);
    let read = tokio::time::timeout(std::time::Duration::from_secs(20), read).await;
    // Closed, in whichever way, without a byte.
    let _ = read.expect("the connection is closed");
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    server.profile(&user.access).await.ok(200);
    server.app.stop().await.unwrap();
}

#[tokio::test]
async fn a_skewed_clock_dates_answers_and_tokens_of_its_match_only() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    fault(&server, json!({ "match": { "path_prefix": "/auth/session" }, "effect": { "skew_ms": -300_000 } }))
        .await;
    let reply = server.refresh(&user.refresh).await;
    let renewed = reply.ok(201)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("date"), Some("Wed, 31 Dec 2025 23:55:00 GMT"));
    assert_eq!(claims(&renewed)["iat"], 1_767_225_600 - 300);
    assert_eq!(claims(&renewed)["exp"], 1_767_225_600 - 300 + 1800);
    let profile = server.profile(&renewed).await;
    profile.ok(200);
    assert_eq!(profile.header("date"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
}

#[tokio::test]
async fn a_delay_only_delays() {
    let server = Server::start().await;
    fault(&server, json!({ "effect": { "delay_ms": 5 } })).await;
    let user = server.user("a@example.com").await;
    server.profile(&user.access).await.ok(200);
    assert_eq!(hits(&server).await, [3]);
}

#[tokio::test]
async fn the_control_api_is_out_of_reach_and_says_what_is_wrong_with_a_fault() {
    let server = Server::start().await;
    fault(&server, json!({ "match": { "path_prefix": "/" }, "effect": { "status": 500 } })).await;
    server.get("/nowhere").await.refused(500, None, "internal server error");
    for (body, says) in [
        (json!({}), "effect"),
        (json!({ "effect": {} }), "give status"),
        (json!({ "effect": { "status": 200 } }), "400 to 599"),
        (json!({ "effect": { "retry_after": 5 } }), "need a status"),
        (json!({ "effect": { "status": 500, "drop_connection": true } }), "has no status"),
        (json!({ "effect": { "delay_ms": 60_001 } }), "at most 60000"),
        (json!({ "effect": { "skew_ms": i64::MIN } }), "in either direction"),
        (json!({ "effect": { "status": 500 }, "times": 0 }), "at least 1"),
        (json!({ "effect": { "status": 500, "colour": 1 } }), "colour"),
        (json!({ "match": { "path_prefix": "auth" }, "effect": { "status": 500 } }), "expected a path"),
        (json!({ "match": { "user": "x" }, "effect": { "status": 500 } }), "user"),
    ] {
        server.control(Method::POST, "/faults", body).await.refused(400, Some("InvalidParameter"), says);
    }
    server.control(Method::DELETE, "/faults/none", Value::Null).await.refused(404, None, "no fault 'none'");
    server.control(Method::DELETE, "/faults", Value::Null).await.empty(204);
    assert!(hits(&server).await.is_empty());
    server.get("/nowhere").await.refused(404, None, "no such endpoint");
    let reply =
        server.client.control("wrong", Method::POST, "/faults", json!({ "effect": { "status": 500 } })).await;
    reply.refused(401, Some("MissingAuthReq"), "control token");
}
