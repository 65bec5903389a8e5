//! Work whose size a client chooses: it is answered or refused by its budget, nobody waits for it, and it ends with its
//! request or with the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{Client, PASSWORD, Process, Reply, Server, User};

/// Numbers of the array that is searched.
const NUMBERS: usize = 60_000;

/// Filters that were worth a minute of the only writer, and more of their kind.
fn attacks() -> Vec<(&'static str, Value)> {
    let distinct: Vec<usize> = (100_000..240_000).collect();
    let mut nested = json!({ "a": { "$not": { "$gte": 10 } } });
    for _ in 0..30 {
        nested = json!({ "$and": [{ "$nor": [{ "a": { "$not": { "$not": { "$gte": 10 } } } }] }, nested] });
    }
    vec![
        ("$in of 980 KB", json!({ "a": { "$in": distinct } })),
        ("$nin of 980 KB", json!({ "a": { "$nin": distinct } })),
        ("$or of 30,000 branches", json!({ "$or": vec![json!({ "a": 10 }); 30_000] })),
        ("$nor of 30,000 branches", json!({ "$nor": vec![json!({ "a.0.b.c": { "$gt": 10 } }); 30_000] })),
        ("$and of 40 KB", json!({ "$and": vec![json!({ "a": { "$ne": 10 } }); 2_000] })),
        ("nested", nested),
        ("arrays", json!({ "a": { "$in": vec![vec![1; 200]; 800] } })),
    ]
}

/// The body of a call on the collection of custom user data.
fn call(action: &str, options: &Value) -> Value {
    let mut argument = json!({ "database": "app", "collection": "custom_user_data" });
    argument.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    json!({ "service": "mongodb-atlas", "name": action, "arguments": [argument] })
}

async fn victim(client: &Client) -> User {
    let user = client.anonymous().await;
    let document = json!({ "user_id": user.id, "a": vec![1; NUMBERS] });
    client.custom_data(&user.access, "insertOne", json!({ "document": document })).await.ok(200);
    user
}

/// It is answered, or refused in words: for its budget, or since too many want the same.
#[track_caller]
fn assert_answered(name: &str, reply: &Reply) {
    match reply.status.as_u16() {
        200 => {}
        400 => {
            assert_eq!(reply.json()["error_code"], "ExecutionTimeLimitExceeded", "{name}: {}", reply.text);
            assert!(reply.text.contains("steps"), "{name}: {}", reply.text);
        }
        503 => assert!(reply.text.contains("busy"), "{name}: {}", reply.text),
        _ => panic!("{name}: {reply:?}"),
    }
}

#[tokio::test]
async fn each_attack_is_answered_or_refused_by_its_budget() {
    let server = Server::start().await;
    let user = victim(&server).await;
    let mut refused = Vec::new();
    for (name, query) in attacks() {
        for (action, more) in [
            ("findOne", json!({ "sort": { "a": -1 } })),
            ("updateOne", json!({ "update": { "$set": { "b": 1 } } })),
        ] {
            let mut options = json!({ "query": query });
            options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let reply = server.custom_data(&user.access, action, options).await;
            assert_answered(name, &reply);
            if reply.status == 400 {
                refused.push(name);
            }
        }
    }
    refused.dedup();
    assert_eq!(refused, ["$or of 30,000 branches", "$nor of 30,000 branches", "$and of 40 KB"]);
    // Sorts, projections and updates count too.
    let fields = |value: Value| (0..60_000).map(|i| (format!("f{i}"), value.clone())).collect::<Value>();
    for (action, options) in [
        ("findOne", json!({ "sort": (0..500).map(|i| (format!("a.{i}"), json!(1))).collect::<Value>() })),
        ("findOne", json!({ "project": fields(json!(1)) })),
        ("updateOne", json!({ "query": {}, "update": { "$unset": fields(json!("")) } })),
        ("deleteOne", json!({ "query": { "$and": vec![json!({ "a": { "$ne": 10 } }); 2_000] } })),
    ] {
        assert_answered(action, &server.custom_data(&user.access, action, options).await);
    }
    // The user, and everybody else, goes on.
    let found = server.custom_data(&user.access, "findOne", json!({ "project": { "_id": 0, "user_id": 1 } }));
    assert_eq!(found.await.ok(200), json!({ "user_id": user.id }));
}

/// Clients that repeat attacks until they are told to stop, or the server is gone.
struct Attackers {
    tasks: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    /// Attacks that are under way.
    running: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

impl Attackers {
    async fn start(client: &Client, count: usize) -> Self {
        let (stop, running, answered) = <(Arc<AtomicBool>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let bodies: Arc<Vec<String>> = Arc::new(
            attacks()
                .into_iter()
                .map(|(_, query)| {
                    call("updateOne", &json!({ "query": query, "update": { "$set": { "b": 1 } } }))
                        .to_string()
                })
                .collect(),
        );
        let mut tasks = Vec::new();
        for number in 0..count {
            let user = victim(client).await;
            let (client, bodies) = (client.clone(), Arc::clone(&bodies));
            let (stop, running, answered) = (Arc::clone(&stop), Arc::clone(&running), Arc::clone(&answered));
            tasks.push(tokio::spawn(async move {
                for body in bodies.iter().cycle().skip(number) {
                    let path = client.app_path("/functions/call");
                    let request =
                        client.request(Method::POST, &path).bearer_auth(&user.access).body(body.clone());
                    running.fetch_add(1, Ordering::SeqCst);
                    let reply = client.try_send(request).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    let Ok(reply) = reply else { return };
                    if reply.status != 503 && reply.status != 504 {
                        assert_answered("attack", &reply);
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                }
            }));
        }
        Self { tasks, stop, running, answered }
    }

    async fn wait_until_running(&self) {
        while self.running.load(Ordering::SeqCst) == 0 {
            assert!(!self.tasks.iter().all(JoinHandle::is_finished), "no attack runs");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn end(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.answered.load(Ordering::SeqCst)
    }
}

/// Kind: unbounded work where others wait. Log-ins of every kind, renewals and writes of others are answered while the
/// attack goes on; before, each met the time limit of a request.
#[tokio::test(flavor = "multi_thread")]
async fn others_log_in_while_an_attack_runs() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&["--data", folder.path().to_str().unwrap()]);
    let client = process.client();
    client.register("ann@example.com", PASSWORD).await.ok(201);
    let attackers = Attackers::start(&client, 4).await;
    for _ in 0..5 {
        attackers.wait_until_running().await;
        let user = User::of(&client.log_in("ann@example.com", PASSWORD).await.ok(200));
        client.refresh(&user.refresh).await.ok(201);
        let other = client.anonymous().await;
        client.log_out(&other.refresh).await.empty(204);
        client.profile(&user.access).await.ok(200);
    }
    assert!(attackers.end().await > 0, "the attack is answered too");
}

/// Kind: work that outlives its server. Five seconds are what is promised.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_in_five_seconds_whatever_runs() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&["--data", folder.path().to_str().unwrap()]);
    let attackers = Attackers::start(&process.client(), 6).await;
    attackers.wait_until_running().await;
    let asked = Instant::now();
    process.signal("TERM");
    let (status, _) = tokio::task::spawn_blocking(|| process.wait()).await.unwrap();
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    attackers.end().await;
}
