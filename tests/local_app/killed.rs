//! kill -9 under a stream of registrations, renewals and log-outs: the strictest end there is, without a signal handler,
//! a drain or a closing of the database. What was acknowledged is there afterwards.
#![cfg(unix)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::{Client, PASSWORD, Process, User};

const ROUNDS: usize = 100;
/// Streams at once in each round.
const STREAMS: usize = 3;
/// The longest that a round lasts once its streams run, in milliseconds.
const LONGEST: u64 = 120;

/// What a stream did, and was told that it is done.
#[derive(Default)]
struct Acknowledged {
    emails: Vec<String>,
    /// Sessions that were opened, and by then neither logged out nor about to be.
    alive: Vec<User>,
    ended: Vec<User>,
}

impl Acknowledged {
    fn extend(&mut self, other: Self) {
        self.emails.extend(other.emails);
        self.alive.extend(other.alive);
        self.ended.extend(other.ended);
    }
}

/// A request that may meet the end of the server: `None` if it did.
async fn send(client: &Client, request: reqwest::RequestBuilder, killed: &AtomicBool) -> Option<u16> {
    match client.try_send(request).await {
        Ok(reply) => Some(reply.status.as_u16()),
        Err(error) => {
            assert!(killed.load(Ordering::SeqCst), "it failed before the kill: {error}");
            None
        }
    }
}

/// Registers, logs in, renews and logs out until the server is gone.
async fn stream(client: Client, killed: Arc<AtomicBool>, name: String) -> Acknowledged {
    let mut done = Acknowledged::default();
    let session =
        |method, token: &str| client.request(method, "/api/client/v2.0/auth/session").bearer_auth(token);
    for i in 0.. {
        // Hashing is slow, and anonymous users are written the same way: one registration in four.
        if i % 4 == 0 {
            let email = format!("{name}-{i}@example.com");
            let path = client.app_path("/auth/providers/local-userpass/register");
            let body = json!({ "email": email, "password": PASSWORD }).to_string();
            let Some(status) = send(&client, client.request(Method::POST, &path).body(body), &killed).await
            else {
                break;
            };
            assert_eq!(status, 201);
            done.emails.push(email);
        }
        let path = client.app_path("/auth/providers/anon-user/login");
        let login = client.try_send(client.request(Method::POST, &path).body("{}")).await;
        let Ok(login) = login else {
            assert!(killed.load(Ordering::SeqCst), "it failed before the kill");
            break;
        };
        let user = User::of(&login.ok(200));
        // A renewal never ends a session, answered or not.
        done.alive.push(user.clone());
        let Some(status) = send(&client, session(Method::POST, &user.refresh), &killed).await else { break };
        assert_eq!(status, 201);
        if i % 2 == 0 {
            done.alive.pop();
            // Without an answer, it may have ended or not.
            let request = session(Method::DELETE, &user.refresh);
            let Some(status) = send(&client, request, &killed).await else { break };
            assert_eq!(status, 204);
            done.ended.push(user);
        }
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_no_acknowledged_account_and_revive_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let mut all = Acknowledged::default();
    for round in 0..ROUNDS {
        let process = Process::start(&["--data", data]);
        let client = process.client();
        check(&client, &all, 3).await;
        let killed = Arc::new(AtomicBool::new(false));
        let streams: Vec<_> = (0..STREAMS)
            .map(|i| tokio::spawn(stream(client.clone(), Arc::clone(&killed), format!("r{round}-s{i}"))))
            .collect();
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..LONGEST * 1000))).await;
        killed.store(true, Ordering::SeqCst);
        process.signal("KILL");
        for stream in futures_util::future::join_all(streams).await {
            all.extend(stream.unwrap());
        }
        assert_eq!(process.wait().0.code(), None);
    }
    let (emails, alive, ended) = (all.emails.len(), all.alive.len(), all.ended.len());
    assert!(emails > 20 && alive > 20 && ended > 20, "too few to tell: {emails}, {alive}, {ended}");
    let process = Process::start(&["--data", data]);
    check(&process.client(), &all, usize::MAX).await;
    for email in all.emails.iter().step_by(all.emails.len() / 5) {
        process.client().log_in(email, PASSWORD).await.ok(200);
    }
}

/// Checks the last `count` of each kind.
async fn check(client: &Client, known: &Acknowledged, count: usize) {
    for email in known.emails.iter().rev().take(count) {
        client.register(email, PASSWORD).await.refused(409, Some("AccountNameInUse"), "name already in use");
    }
    for user in known.alive.iter().rev().take(count) {
        client.refresh(&user.refresh).await.ok(201);
    }
    for user in known.ended.iter().rev().take(count) {
        let gone = "failed to find refresh token";
        client.refresh(&user.refresh).await.refused(401, Some("InvalidSession"), gone);
    }
}
