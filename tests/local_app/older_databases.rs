//! Databases that earlier versions left.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::Method;
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Server, User, claims};

/// What the database of the fixture holds, as its clients knew it.
fn facts() -> Value {
    serde_json::from_str(include_str!("fixtures/schema_2.json")).unwrap()
}

fn write(file: &Path) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    Connection::open(file).unwrap().execute_batch(include_str!("fixtures/schema_2.sql")).unwrap();
}

/// All rows of all tables.
fn rows(file: &Path) -> BTreeMap<String, Vec<Vec<Sql>>> {
    let database = Connection::open(file).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let rows_of = |table: &String| {
        let mut statement = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
        statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let tables = texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    tables.iter().map(|table| (table.clone(), rows_of(table))).collect()
}

/// Everybody gets in as before: with the password, the refresh token, and the API key that they had.
async fn everything_is_there(server: &Server) {
    let facts = facts();
    let (ada, refresh) = (&facts["ada"]["user_id"], facts["ada"]["refresh_token"].as_str().unwrap());
    assert_eq!(server.log_in("ada@example.com", PASSWORD).await.ok(200)["user_id"], *ada);
    let by_key = server.post("/auth/providers/api-key/login", &json!({ "key": facts["key"] })).await.ok(200);
    assert_eq!(by_key["user_id"], *ada);
    let anonymous = facts["anonymous"]["refresh_token"].as_str().unwrap();
    server.refresh(anonymous).await.ok(201);
    let access = server.refresh(refresh).await.ok(201)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&access)["user_data"]["plan"], "pro");
    let profile = server.profile(&access).await.ok(200);
    let identities: Vec<_> =
        profile["identities"].as_array().unwrap().iter().map(|own| &own["provider_type"]).collect();
    assert_eq!(identities, ["local-userpass", "api-key"]);
    let clock = server.control(Method::GET, "/clock", Value::Null).await.ok(200);
    assert_eq!((&clock["now"], &clock["frozen"]), (&json!("2026-01-01T00:00:00Z"), &json!(true)));
    // One that nobody logged in with so far.
    let pending = User::of(&server.log_in("pending@example.com", PASSWORD).await.ok(200));
    assert_ne!(json!(pending.id), *ada);
}

/// Kind: data that an update loses.
#[tokio::test]
async fn a_database_of_an_earlier_version_opens_with_nothing_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop-abcde.db");
    write(&file);
    let before = rows(&file);
    assert!(before.values().filter(|rows| !rows.is_empty()).count() >= 10, "the fixture is filled");
    Server::start_in(folder.path()).await.app.stop().await.unwrap();
    assert_eq!(rows(&file), before);
    everything_is_there(&Server::start_in(folder.path()).await).await;
}

#[tokio::test]
async fn a_snapshot_of_an_earlier_version_is_restored_whole() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("shop-abcde.db"));
    write(&folder.path().join("snapshots/shop-abcde/before.db"));
    let server = Server::start_in(folder.path()).await;
    let user = User::of(&server.log_in("ada@example.com", PASSWORD).await.ok(200));
    server.delete(&user.access).await.empty(204);
    server.control(Method::POST, "/snapshots/before/restore", Value::Null).await;
    everything_is_there(&server).await;
}
