//! A local App with many accounts.
//!
//! One account is made as everybody makes theirs; the others are its copies, written into the database while no server
//! has it open: a hundred thousand registrations would hash for half an hour.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use idmux::local_app::{ANY_PORT, LocalApp, Options, Storage};
use rusqlite::Connection as Database;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::client::{Connection, request};

const APP: &str = "bench-abcde";
pub const PASSWORD: &str = "correct horse";

pub struct Accounts {
    pub address: SocketAddr,
    count: usize,
    active: usize,
    refresh_tokens: Vec<String>,
    _app: LocalApp,
    folder: TempDir,
}

impl Accounts {
    /// Serves an App with so many accounts, each of which has a session; `active` of them log in and renew.
    pub fn build(runtime: &Runtime, count: usize, active: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let first = start(runtime, folder.path());
        runtime.block_on(async {
            let address = address(&first);
            let mut connection = Connection::open(address).await;
            let body = json!({ "email": "user0@example.com", "password": PASSWORD }).to_string();
            let path = format!("/api/client/v2.0/app/{APP}/auth/providers/local-userpass/register");
            let (status, _) = connection.ask(&request("POST", &path, address, "", &body)).await;
            assert_eq!(status, 201);
            let (status, _) = connection.ask(&log_in(address, 0)).await;
            assert_eq!(status, 200);
            drop(connection);
            first.stop().await.expect("it stops");
        });
        multiply(&folder.path().join(format!("{APP}.db")), count);

        let app = start(runtime, folder.path());
        let address = address(&app);
        let refresh_tokens = runtime.block_on(async {
            let mut connection = Connection::open(address).await;
            let mut tokens = Vec::new();
            for i in 0..active {
                let (status, body) = connection.ask(&log_in(address, spread(i, count, active))).await;
                assert_eq!(status, 200);
                let body: Value = serde_json::from_slice(&body).expect("a JSON body");
                tokens.push(body["refresh_token"].as_str().expect("a token").to_owned());
            }
            tokens
        });
        Self { address, count, active, refresh_tokens, _app: app, folder }
    }

    /// The log-in of one of the accounts.
    pub fn log_in(&self, i: usize) -> Vec<u8> {
        log_in(self.address, spread(i, self.count, self.active))
    }

    /// Where they are kept.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join(format!("{APP}.db"))
    }

    pub fn refresh_tokens(&self) -> &[String] {
        &self.refresh_tokens
    }

    /// The renewal of one of the sessions.
    pub fn refresh(&self, i: usize) -> Vec<u8> {
        let token = &self.refresh_tokens[i % self.refresh_tokens.len()];
        request("POST", "/api/client/v2.0/auth/session", self.address, token, "")
    }
}

/// Active accounts are all over the table.
fn spread(i: usize, count: usize, active: usize) -> usize {
    (i % active) * (count / active)
}

fn start(runtime: &Runtime, folder: &Path) -> LocalApp {
    let options = Options::new(APP, Storage::Folder(folder.to_owned()));
    runtime.block_on(LocalApp::start(ANY_PORT, options)).expect("the App starts")
}

fn address(app: &LocalApp) -> SocketAddr {
    let addresses = app.base_url().socket_addrs(|| None).expect("an address");
    addresses[0]
}

fn log_in(address: SocketAddr, account: usize) -> Vec<u8> {
    let body = json!({ "username": format!("user{account}@example.com"), "password": PASSWORD }).to_string();
    let path = format!("/api/client/v2.0/app/{APP}/auth/providers/local-userpass/login");
    request("POST", &path, address, "", &body)
}

/// Copies the only account until there are `count`.
fn multiply(path: &Path, count: usize) {
    let database = Database::open(path).expect("the database opens");
    // What stands for the columns that differ from one copy to the next.
    let id = |kind: u32| format!("printf('{kind:04x}%020x', n.value)");
    let copies = [
        ("users", vec![("id", id(1))]),
        ("registrations", vec![("id", id(2)), ("email", "'user' || n.value || '@example.com'".to_owned())]),
        (
            "identities",
            vec![
                ("position", "NULL".to_owned()),
                ("user_id", id(1)),
                ("identity_id", id(2)),
                ("data", "json_object('email', 'user' || n.value || '@example.com')".to_owned()),
            ],
        ),
        ("sessions", vec![("id", id(3)), ("user_id", id(1))]),
    ];
    database.execute_batch("BEGIN").expect("a transaction");
    for (table, differ) in copies {
        let mut statement = database.prepare(&format!("PRAGMA table_info({table})")).expect("a table");
        let columns: Vec<String> = statement
            .query_map([], |row| row.get("name"))
            .expect("it has columns")
            .collect::<Result<_, _>>()
            .expect("they have names");
        let values: Vec<String> = columns
            .iter()
            .map(|column| {
                let own = differ.iter().find(|(name, _)| name == column);
                own.map_or_else(|| format!("t.{column}"), |(_, value)| value.clone())
            })
            .collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        database
            .execute_batch(&format!(
                "INSERT INTO {table} ({columns})
                 WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {last})
                 SELECT {values} FROM n, (SELECT * FROM {table} LIMIT 1) AS t",
                last = count - 1
            ))
            .expect("the copies are written");
    }
    database.execute_batch("COMMIT").expect("it commits");
}
