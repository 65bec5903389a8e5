//! Rate limits on credentials, over real HTTP. The arithmetic has its own tests beside the code.

use std::num::NonZeroU32;
use std::time::Duration;

use idmux::local_app::{Rate, RateLimits, TrustedProxies};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Reply, Server};

fn rate(tries: u32) -> Option<Rate> {
    // Long enough that nothing comes back while the test runs.
    Some(Rate { tries: NonZeroU32::new(tries).unwrap(), within: Duration::from_secs(86_400) })
}

async fn start(rate_limits: RateLimits) -> Server {
    Server::start_options(|options| options.rate_limits = rate_limits).await
}

/// What comes from `address`, as a proxy that is trusted says.
async fn log_in_from(server: &Server, address: &str, email: &str, password: &str) -> Reply {
    let body = json!({ "username": email, "password": password });
    let path = server.app_path("/auth/providers/local-userpass/login");
    let request = server.request(Method::POST, &path).header("x-forwarded-for", address);
    server.send(request.body(body.to_string())).await
}

async fn start_behind_a_proxy(rate_limits: RateLimits) -> Server {
    Server::start_options(|options| {
        options.rate_limits = rate_limits;
        options.network.trusted_proxies = TrustedProxies::new(vec!["127.0.0.1/32".parse().unwrap()]);
    })
    .await
}

fn wait_of(reply: &Reply) -> u64 {
    reply.refused(429, Some("RateLimitExceeded"), "too many attempts; try again in ");
    reply.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn guesses_at_one_account_come_to_an_end_and_no_other_account_notices() {
    let server = start(RateLimits { account: rate(3), address: None }).await;
    for email in ["a@example.com", "b@example.com"] {
        server.register(email, PASSWORD).await.done(201);
    }
    for _ in 0..3 {
        let reply = server.log_in("a@example.com", "wrong password").await;
        reply.refused(401, Some("InvalidPassword"), "unauthorized");
    }
    for _ in 0..2 {
        let wait = wait_of(&server.log_in("a@example.com", "wrong password").await);
        assert!((1..=86_400).contains(&wait), "{wait}");
    }
    server.log_in("b@example.com", PASSWORD).await.ok(200);
}

/// The kind: limits that meet those who did nothing wrong. The owner of a right password passes while somebody guesses,
/// from another address and even from the same one.
#[tokio::test]
async fn who_guesses_does_not_lock_the_owner_out() {
    let server = start_behind_a_proxy(RateLimits { account: rate(3), address: rate(5) }).await;
    server.register("a@example.com", PASSWORD).await.done(201);
    for email in ["a@example.com", "a@example.com", "a@example.com", "x@example.com", "y@example.com"] {
        let reply = log_in_from(&server, "192.0.2.66", email, "wrong password").await;
        reply.refused(401, Some("InvalidPassword"), "unauthorized");
    }
    for email in ["a@example.com", "z@example.com"] {
        wait_of(&log_in_from(&server, "192.0.2.66", email, "wrong password").await);
    }
    for address in ["192.0.2.1", "192.0.2.66"] {
        log_in_from(&server, address, "a@example.com", PASSWORD).await.ok(200);
    }
    let reply = log_in_from(&server, "192.0.2.1", "a@example.com", "wrong password").await;
    reply.refused(401, Some("InvalidPassword"), "unauthorized");
}

/// The kind: limits that meet those who did nothing wrong. With the limits as they come, more at once than may be wrong.
#[tokio::test]
async fn sixty_right_log_ins_at_once_all_pass() {
    let server = Server::start().await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let log_ins = (0..60).map(|_| server.log_in("a@example.com", PASSWORD));
    for reply in futures_util::future::join_all(log_ins).await {
        reply.ok(200);
    }
}

/// The kind: limits that meet those who did nothing wrong. Nobody guesses what is as long as these: whoever tries keeps
/// nobody out.
#[tokio::test]
async fn what_cannot_be_guessed_has_no_limit() {
    let server = start(RateLimits { account: rate(1), address: rate(1) }).await;
    let admin = async |secret: &str| {
        let body = json!({ "username": "admin", "apiKey": secret });
        let path = "/api/admin/v3.0/auth/providers/mongodb-cloud/login";
        server.send(server.request(Method::POST, path).body(body.to_string())).await
    };
    let key = async |key: &str| server.post("/auth/providers/api-key/login", &json!({ "key": key })).await;
    let token = "0".repeat(128);
    let proof = json!({ "token": token, "tokenId": "5f0000000000000000000001", "password": PASSWORD });
    for _ in 0..40 {
        admin("wrong").await.refused(401, Some("InvalidPassword"), "unauthorized");
        key("wrong").await.refused(401, Some("AuthError"), "unauthorized");
        for action in ["confirm", "reset"] {
            let reply = server.post(&format!("/auth/providers/local-userpass/{action}"), &proof).await;
            reply.refused(400, Some("UserpassTokenInvalid"), "");
        }
    }
    admin(server.app.control_token().expose_secret()).await.ok(200);
    let user = server.user("a@example.com").await;
    let request = server.request(Method::POST, "/api/client/v2.0/auth/api_keys").bearer_auth(&user.refresh);
    let made = server.send(request.body(json!({ "name": "k" }).to_string())).await.ok(201);
    key(made["key"].as_str().unwrap()).await.ok(200);
}

#[tokio::test]
async fn an_account_that_nobody_has_is_counted_as_one_that_somebody_has() {
    let server = start(RateLimits { account: rate(2), address: None }).await;
    server.register("known@example.com", PASSWORD).await.done(201);
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
    server.register("a@example.com", PASSWORD).await.done(201);
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

/// The kind: rows and mails without a credential and without a limit. They count apart from guesses, and for nobody else.
#[tokio::test]
async fn one_address_makes_so_many_users_and_asks_for_so_many_mails() {
    let server = start_behind_a_proxy(RateLimits { account: rate(2), address: rate(4) }).await;
    let from = async |address: &str, path: &str, body: Value| {
        let request = server.request(Method::POST, &server.app_path(&format!("/auth/providers/{path}")));
        server.send(request.header("x-forwarded-for", address).body(body.to_string())).await
    };
    let anonymous = async |address: &str| from(address, "anon-user/login", json!({})).await;
    for _ in 0..4 {
        anonymous("192.0.2.66").await.ok(200);
    }
    wait_of(&anonymous("192.0.2.66").await);
    let new = json!({ "email": "b@example.com", "password": PASSWORD });
    wait_of(&from("192.0.2.66", "local-userpass/register", new.clone()).await);
    from("192.0.2.1", "local-userpass/register", new).await.done(201);
    // Whoever asks for mails to somebody's address does not keep its owner from asking.
    let mail = json!({ "email": "b@example.com" });
    for _ in 0..2 {
        from("192.0.2.67", "local-userpass/reset/send", mail.clone()).await.done(202);
    }
    wait_of(&from("192.0.2.67", "local-userpass/reset/send", mail.clone()).await);
    from("192.0.2.1", "local-userpass/reset/send", mail).await.done(202);
    // A log-in is no row.
    log_in_from(&server, "192.0.2.66", "b@example.com", PASSWORD).await.ok(200);
}

#[tokio::test]
async fn a_moved_clock_gives_no_guesses() {
    let server = start(RateLimits { account: rate(1), address: None }).await;
    server.log_in("a@example.com", "wrong password").await.refused(401, Some("InvalidPassword"), "");
    server.advance(10 * 86_400);
    server.log_in("a@example.com", "wrong password").await.refused(429, Some("RateLimitExceeded"), "");
}
