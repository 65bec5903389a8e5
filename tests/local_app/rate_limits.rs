//! Rate limits on credentials, over real HTTP. The arithmetic has its own tests beside the code.

use std::num::NonZeroU32;
use std::time::Duration;

use idmux::local_app::{Rate, RateLimits};
use serde_json::json;

use crate::support::{PASSWORD, Server};

fn rate(tries: u32) -> Option<Rate> {
    // Long enough that nothing comes back while the test runs.
    Some(Rate { tries: NonZeroU32::new(tries).unwrap(), within: Duration::from_secs(86_400) })
}

async fn start(rate_limits: RateLimits) -> Server {
    Server::start_options(|options| options.rate_limits = rate_limits).await
}

#[tokio::test]
async fn guesses_at_one_account_come_to_an_end_and_no_other_account_notices() {
    let server = start(RateLimits { account: rate(3), address: None }).await;
    for email in ["a@example.com", "b@example.com"] {
        server.register(email, PASSWORD).await.empty(201);
    }
    for _ in 0..3 {
        server.log_in("a@example.com", "wrong password").await.refused(
            401,
            Some("InvalidPassword"),
            "unauthorized",
        );
    }
    for password in ["wrong password", PASSWORD] {
        let reply = server.log_in("a@example.com", password).await;
        reply.refused(429, Some("RateLimitExceeded"), "too many attempts; try again in ");
        let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=86_400).contains(&wait), "{wait}");
    }
    server.log_in("b@example.com", PASSWORD).await.ok(200);
}

#[tokio::test]
async fn an_account_that_nobody_has_is_counted_as_one_that_somebody_has() {
    let server = start(RateLimits { account: rate(2), address: None }).await;
    server.register("known@example.com", PASSWORD).await.empty(201);
    for email in ["known@example.com", "unknown@example.com"] {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(server.log_in(email, "wrong password").await.status.as_u16());
        }
        assert_eq!(statuses, [401, 401, 429, 429], "{email}");
    }
}

#[tokio::test]
async fn whoever_knows_the_password_is_never_kept_out() {
    let server = start(RateLimits { account: rate(2), address: rate(3) }).await;
    server.register("a@example.com", PASSWORD).await.empty(201);
    for _ in 0..10 {
        server.log_in("a@example.com", PASSWORD).await.ok(200);
    }
    let user = server.anonymous().await;
    let body = json!({ "username": "a@example.com", "password": "wrong password" });
    server.link(&user.access, "local-userpass", &body).await.refused(401, Some("InvalidPassword"), "");
    for _ in 0..5 {
        server.log_in("a@example.com", PASSWORD).await.ok(200);
    }
    // Linking is a way to guess as well.
    server.link(&user.access, "local-userpass", &body).await.refused(401, Some("InvalidPassword"), "");
    server.link(&user.access, "local-userpass", &body).await.refused(429, Some("RateLimitExceeded"), "");
}

#[tokio::test]
async fn one_address_can_register_so_often_and_guess_so_often() {
    let server = start(RateLimits { account: None, address: rate(4) }).await;
    for i in 0..2 {
        server.register(&format!("{i}@example.com"), PASSWORD).await.empty(201);
    }
    for i in 0..2 {
        let reply = server.log_in(&format!("{i}@example.com"), "wrong password").await;
        reply.refused(401, Some("InvalidPassword"), "");
    }
    server.register("2@example.com", PASSWORD).await.refused(429, Some("RateLimitExceeded"), "too many");
    server.log_in("0@example.com", PASSWORD).await.refused(429, Some("RateLimitExceeded"), "too many");
    // What is no credential goes on.
    server.anonymous().await;
}

#[tokio::test]
async fn a_moved_clock_gives_no_guesses() {
    let server = start(RateLimits { account: rate(1), address: None }).await;
    server.log_in("a@example.com", "wrong password").await.refused(401, Some("InvalidPassword"), "");
    server.advance(10 * 86_400);
    server.log_in("a@example.com", "wrong password").await.refused(429, Some("RateLimitExceeded"), "");
}
