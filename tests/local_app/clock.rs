//! The App's clock, as a person moves it: every lifetime follows, every answer says what time it is.

use idmux::local_app::{Lifetimes, Storage};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Process, Reply, Server, User, claims};

const START: &str = "2026-01-01T00:00:00Z";

async fn move_clock(server: &Server, change: Value) -> Value {
    server.control(Method::PUT, "/clock", change).await.ok(200)
}

fn date(reply: &Reply) -> &str {
    reply.header("date").unwrap()
}

#[tokio::test]
async fn a_refresh_token_ends_in_seconds_by_a_moved_clock() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let clock = move_clock(&server, json!({ "advance": "59d" })).await;
    assert_eq!(
        clock,
        json!({ "now": "2026-03-01T00:00:00Z", "system": START, "offset_ms": 5_097_600_000_i64, "frozen": false })
    );
    let expired = Some("InvalidSession");
    server.profile(&user.access).await.refused(401, expired, "invalid session: access token expired");
    let renewed = server.refresh(&user.refresh).await.ok(201);
    let renewed = claims(renewed["access_token"].as_str().unwrap());
    assert_eq!(renewed["iat"], 1_767_225_600 + 59 * 86_400);

    move_clock(&server, json!({ "advance": "P1D" })).await;
    server.refresh(&user.refresh).await.refused(401, expired, "invalid session: refresh token expired");
    assert_eq!(User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200)).id, user.id);
}

#[tokio::test]
async fn the_clock_is_set_frozen_and_reset() {
    let server = Server::start().await;
    let now = |clock: Value| clock["now"].as_str().unwrap().to_owned();
    assert_eq!(
        now(move_clock(&server, json!({ "set": "2030-06-01T12:00:00+02:00" })).await),
        "2030-06-01T10:00:00Z"
    );
    let frozen = move_clock(&server, json!({ "freeze": true })).await;
    assert_eq!(frozen["frozen"], true);
    server.advance(3600);
    let read = || server.control(Method::GET, "/clock", Value::Null);
    let clock = read().await.ok(200);
    assert_eq!(
        (clock["now"].as_str(), clock["system"].as_str()),
        (Some("2030-06-01T10:00:00Z"), Some("2026-01-01T01:00:00Z"))
    );
    assert_eq!(now(move_clock(&server, json!({ "advance": "-1h" })).await), "2030-06-01T09:00:00Z");
    assert_eq!(move_clock(&server, json!({ "freeze": false })).await["frozen"], false);
    server.advance(60);
    assert_eq!(now(read().await.ok(200)), "2030-06-01T09:01:00Z");
    let reset = move_clock(&server, json!({ "reset": true })).await;
    assert_eq!(
        (now(reset.clone()), reset["offset_ms"].as_i64()),
        ("2026-01-01T01:01:00Z".to_owned(), Some(0))
    );
}

#[tokio::test]
async fn every_answer_is_dated_by_the_clock() {
    let server = Server::start().await;
    move_clock(&server, json!({ "set": "2031-02-03T04:05:06Z" })).await;
    let user = server.user("a@example.com").await;
    let preflight = server.request(Method::OPTIONS, "/api/client/v2.0/auth/session");
    let preflight =
        preflight.header("origin", "http://localhost").header("access-control-request-method", "POST");
    for reply in [
        server.profile(&user.access).await,
        server.refresh("nonsense").await,
        server.get("/nowhere").await,
        server.send(preflight).await,
    ] {
        assert_eq!(date(&reply), "Mon, 03 Feb 2031 04:05:06 GMT", "{reply:?}");
    }
}

#[tokio::test]
async fn what_is_no_move_is_refused_and_nothing_moves() {
    let server = Server::start().await;
    for (change, says) in [
        (json!({}), "give one of"),
        (json!({ "advance": "1h", "freeze": true }), "give one of"),
        (json!({ "advance": 5 }), "give one of"),
        (json!({ "reset": false }), "give one of"),
        (json!({ "jump": "1h" }), "give one of"),
        (json!({ "advance": "soon" }), "expected a step"),
        (json!({ "advance": "1mo" }), "use days"),
        (json!({ "advance": "-60000d" }), "from 1970"),
        (json!({ "advance": "3000000d" }), "from 1970"),
        (json!({ "set": "tomorrow" }), "expected an instant"),
        (json!({ "set": "1969-12-31T23:59:59Z" }), "from 1970"),
    ] {
        server.control(Method::PUT, "/clock", change).await.refused(400, Some("InvalidParameter"), says);
    }
    let clock = server.control(Method::GET, "/clock", Value::Null).await.ok(200);
    assert_eq!((clock["now"].as_str(), clock["offset_ms"].as_i64()), (Some(START), Some(0)));
    let user = server.anonymous().await;
    for token in ["wrong", user.access.as_str()] {
        let reply = server.client.control(token, Method::PUT, "/clock", json!({ "reset": true })).await;
        reply.refused(401, Some("MissingAuthReq"), "control token");
    }
}

#[tokio::test]
async fn at_the_ends_of_time_nothing_overflows() {
    let server = Server::start().await;
    for instant in ["9999-12-30T00:00:00Z", "1970-01-01T00:00:00Z"] {
        move_clock(&server, json!({ "set": instant })).await;
        let user = server.anonymous().await;
        server.profile(&user.access).await.ok(200);
        server.refresh(&user.refresh).await.ok(201);
        server.advance(100_000_000);
        server.anonymous().await;
    }
}

#[tokio::test]
async fn a_moved_clock_stays_moved_over_a_restart_and_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = tokio::join!(Server::start_in(folder.path()), Server::start_in(folder.path()));
    move_clock(&one, json!({ "advance": "40d" })).await;
    let user = one.anonymous().await;
    // The other process learns of it by itself.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while date(&two.profile(&user.access).await) != "Tue, 10 Feb 2026 00:00:00 GMT" {
        assert!(std::time::Instant::now() < deadline, "the other process does not follow");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    one.app.stop().await.unwrap();
    two.app.stop().await.unwrap();
    let server = Server::start_in(folder.path()).await;
    let profile = server.profile(&user.access).await;
    profile.ok(200);
    assert_eq!(date(&profile), "Tue, 10 Feb 2026 00:00:00 GMT");
}

#[tokio::test]
async fn lifetimes_that_were_chosen_hold_by_the_clock() {
    let short = Lifetimes {
        access: std::time::Duration::from_secs(10),
        refresh: std::time::Duration::from_secs(100),
    };
    let server = Server::start_with(Storage::Memory, short).await;
    let user = server.user("a@example.com").await;
    move_clock(&server, json!({ "advance": "99s" })).await;
    server.refresh(&user.refresh).await.ok(201);
    move_clock(&server, json!({ "advance": "1s" })).await;
    server.refresh(&user.refresh).await.refused(401, Some("InvalidSession"), "refresh token expired");
}

#[cfg(unix)]
#[tokio::test]
async fn the_process_starts_with_a_moved_clock_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let offset = async |process: &Process| {
        process.control(Method::GET, "/clock", Value::Null).await.ok(200)["offset_ms"].as_i64().unwrap()
    };
    let process = Process::start(&["--data", data, "--clock", "+61d"]);
    assert_eq!(offset(&process).await, 61 * 86_400_000);
    process.signal("TERM");
    process.wait();
    // Not 61 days more; and kept where nothing is said.
    for arguments in [&["--data", data, "--clock", "+61d"][..], &["--data", data]] {
        let process = Process::start(arguments);
        assert_eq!(offset(&process).await, 61 * 86_400_000);
        process.signal("TERM");
        process.wait();
    }
    let process = Process::start(&["--data", data, "--clock", "-1h"]);
    assert_eq!(offset(&process).await, -3_600_000);
    process.control(Method::PUT, "/clock", json!({ "freeze": true })).await.ok(200);
    process.signal("TERM");
    process.wait();
    // An instant is where a running clock begins.
    let process = Process::start(&["--data", data, "--clock", "2040-01-01T00:00:00Z"]);
    let clock = process.control(Method::GET, "/clock", Value::Null).await.ok(200);
    assert!(clock["now"].as_str().unwrap().starts_with("2040-01-01T"), "{clock}");
    assert_eq!(clock["frozen"], false);
}
