//! Snapshots: the whole App as it was, and nothing of what came later.

use idmux::local_app::{Lifetimes, Storage};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{APP, PASSWORD, Server, User, claims};

const GONE: &str = "failed to find refresh token";

async fn take(server: &Server, name: &str) {
    let snapshot = server.control(Method::POST, "/snapshots", json!({ "name": name })).await.ok(201);
    assert_eq!(snapshot["name"], name);
    assert!(snapshot["bytes"].as_u64().unwrap() > 4096, "{snapshot}");
}

async fn restore(server: &Server, name: &str) {
    server.control(Method::POST, &format!("/snapshots/{name}/restore"), Value::Null).await.empty(204);
}

async fn names(server: &Server) -> Vec<String> {
    let all = server.control(Method::GET, "/snapshots", Value::Null).await.ok(200);
    all.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

async fn brings_everything_back(storage: Storage) {
    let server = Server::start_with(storage, Lifetimes::default()).await;
    let user = server.user("a@example.com").await;
    let ended = server.anonymous().await;
    let document = json!({ "document": { "user_id": user.id, "theme": "dark" } });
    server.custom_data(&user.access, "insertOne", document).await.ok(200);
    server.control(Method::PUT, "/clock", json!({ "advance": "1d" })).await.ok(200);
    let user = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    take(&server, "before").await;

    let later = server.user("b@example.com").await;
    server.log_out(&ended.refresh).await.empty(204);
    server.delete(&user.access).await.empty(204);
    server.control(Method::POST, "/keys/rotate", json!({ "forget_old": true })).await.ok(200);
    server.control(Method::PUT, "/clock", json!({ "advance": "70d" })).await.ok(200);
    let newest = server.anonymous().await;
    server.refresh(&user.refresh).await.refused(401, None, "signature is invalid");

    restore(&server, "before").await;
    let clock = server.control(Method::GET, "/clock", Value::Null).await.ok(200);
    assert_eq!(clock["now"], "2026-01-02T00:00:00Z");
    let renewed = server.refresh(&user.refresh).await.ok(201);
    assert_eq!(claims(renewed["access_token"].as_str().unwrap())["user_data"]["theme"], "dark");
    server.refresh(&ended.refresh).await.ok(201);
    assert_eq!(User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200)).id, user.id);
    // What came later is not there; its key neither.
    server.profile(&later.access).await.refused(401, Some("InvalidSession"), "invalid session");
    server.refresh(&later.refresh).await.refused(401, Some("InvalidSession"), GONE);
    server.profile(&newest.access).await.refused(401, Some("InvalidSession"), "invalid session");
    server.log_in("b@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");

    // It can be done again, and be taken again.
    server.delete(&user.access).await.empty(204);
    restore(&server, "before").await;
    server.profile(&user.access).await.ok(200);
    take(&server, "after").await;
    assert_eq!(names(&server).await, ["after", "before"]);
    server.control(Method::DELETE, "/snapshots/before", Value::Null).await.empty(204);
    assert_eq!(names(&server).await, ["after"]);
}

#[tokio::test]
async fn a_snapshot_in_memory_brings_everything_back() {
    brings_everything_back(Storage::Memory).await;
}

#[tokio::test]
async fn a_snapshot_on_disk_brings_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    brings_everything_back(Storage::Folder(folder.path().to_owned())).await;
}

#[tokio::test]
async fn a_snapshot_outlives_the_server_and_is_its_owners_only() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let user = server.user("a@example.com").await;
    take(&server, "kept").await;
    server.delete(&user.access).await.empty(204);
    server.app.stop().await.unwrap();

    let file = folder.path().join("snapshots").join(APP).join("kept.db");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    }
    // Complete in one file.
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    let server = Server::start_in(folder.path()).await;
    assert_eq!(names(&server).await, ["kept"]);
    restore(&server, "kept").await;
    server.refresh(&user.refresh).await.ok(201);
}

#[tokio::test]
async fn another_process_on_the_folder_follows_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = tokio::join!(Server::start_in(folder.path()), Server::start_in(folder.path()));
    let user = one.user("a@example.com").await;
    take(&one, "before").await;
    one.control(Method::POST, "/keys/rotate", json!({ "forget_old": true })).await.ok(200);
    two.log_in("a@example.com", PASSWORD).await.ok(200);
    restore(&two, "before").await;
    for server in [&one, &two] {
        server.profile(&user.access).await.ok(200);
        server.refresh(&user.refresh).await.ok(201);
    }
}

#[tokio::test]
async fn what_is_no_snapshot_of_this_app_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let user = server.user("a@example.com").await;
    take(&server, "mine").await;
    for name in ["", "A", ".hidden", "../x", "a b", &"x".repeat(65)] {
        let reply = server.control(Method::POST, "/snapshots", json!({ "name": name })).await;
        reply.refused(400, Some("InvalidParameter"), "a snapshot's name");
    }
    let reply = server.control(Method::POST, "/snapshots", json!({})).await;
    reply.refused(400, Some("MissingParameter"), "missing parameter: 'name'");
    let reply = server.control(Method::POST, "/snapshots", json!({ "name": "mine" })).await;
    reply.refused(409, None, "there is a snapshot 'mine' already");

    let shelf = folder.path().join("snapshots").join(APP);
    std::fs::write(shelf.join("text.db"), "no database at all, but long enough to be read ".repeat(200))
        .unwrap();
    std::fs::write(shelf.join("empty.db"), "").unwrap();
    // Half of a snapshot.
    let bytes = std::fs::read(shelf.join("mine.db")).unwrap();
    std::fs::write(shelf.join("half.db"), &bytes[..bytes.len() / 2]).unwrap();
    // Of an App that has the same name elsewhere.
    let elsewhere = tempfile::tempdir().unwrap();
    let other = Server::start_in(elsewhere.path()).await;
    take(&other, "theirs").await;
    std::fs::copy(elsewhere.path().join("snapshots").join(APP).join("theirs.db"), shelf.join("theirs.db"))
        .unwrap();
    for (name, status, says) in [
        ("none", 404, "no snapshot 'none'"),
        ("text", 409, "damaged"),
        ("empty", 409, "damaged"),
        ("half", 409, "damaged"),
        ("theirs", 409, "of another App"),
    ] {
        let reply = server.control(Method::POST, &format!("/snapshots/{name}/restore"), Value::Null).await;
        reply.refused(status, None, says);
    }
    server.control(Method::DELETE, "/snapshots/none", Value::Null).await.refused(
        404,
        None,
        "no snapshot 'none'",
    );
    server.profile(&user.access).await.ok(200);
    server.refresh(&user.refresh).await.ok(201);
    let user = server.anonymous().await;
    for (method, path) in [(Method::GET, "/snapshots"), (Method::POST, "/snapshots/mine/restore")] {
        let reply = server.client.control(&user.access, method, path, Value::Null).await;
        reply.refused(401, Some("MissingAuthReq"), "control token");
    }
}
