//! Email/password in full: confirmation and reset by mail and by function, and every refusal.

use std::time::Duration;

use futures_util::future::join_all;
use idmux::local_app::Storage;
use idmux::local_app::config::{Confirmation, LocalUserpass, Offer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Server, User};
use crate::userpass_app::{
    PROVIDER, action, by_function, by_mail, config, mails, new_password, proof, start, start_with,
};

const ACTIONS: [&str; 7] =
    ["register", "confirm", "confirm/send", "confirm/call", "reset", "reset/send", "reset/call"];
const NEW: &str = "battery staple";
const MINUTE: i64 = 60;

/// A body that has all that any action asks for.
fn any_body(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "token": "0".repeat(128), "tokenId": "0".repeat(24) })
}

async fn register_by_mail(server: &Server, email: &str) -> Value {
    server.register(email, PASSWORD).await.done(201);
    proof(server, email).await
}

async fn confirmed_by_mail(server: &Server, email: &str) {
    let proof = register_by_mail(server, email).await;
    action(server, "confirm", &proof).await.done(200);
}

async fn send_reset(server: &Server, email: &str) -> Value {
    action(server, "reset/send", &json!({ "email": email })).await.done(202);
    proof(server, email).await
}

#[tokio::test]
async fn a_registration_logs_in_once_its_mail_was_opened() {
    let server = start(by_mail()).await;
    let proof = register_by_mail(&server, "a@example.com").await;
    server.log_in("a@example.com", PASSWORD).await.refused(401, Some("AuthError"), "unauthorized");
    // Whoever does not know the password does not learn that there is something to confirm.
    server.log_in("a@example.com", "wrong password").await.refused(
        401,
        Some("InvalidPassword"),
        "unauthorized",
    );
    // The email is taken meanwhile.
    server.register("a@example.com", NEW).await.refused(409, Some("AccountNameInUse"), "name already in use");

    action(&server, "confirm", &proof).await.done(200);
    server.log_in("a@example.com", PASSWORD).await.ok(200);
    action(&server, "confirm", &proof).await.refused(
        400,
        Some("UserpassTokenInvalid"),
        "userpass token is expired or invalid",
    );
}

#[tokio::test]
async fn an_unconfirmed_registration_cannot_be_linked_and_realm_web_does_not_repeat_the_request() {
    let server = start(by_mail()).await;
    let proof = register_by_mail(&server, "a@example.com").await;
    let user = server.anonymous().await;
    let body = json!({ "username": "a@example.com", "password": PASSWORD });
    let link = server.link(&user.access, "local-userpass", &body).await;
    link.refused(401, Some("AuthError"), "confirmation required");
    action(&server, "confirm", &proof).await.done(200);
    server.link(&user.access, "local-userpass", &body).await.ok(200);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_whoever_reads_the_mail() {
    let server = start(by_mail()).await;
    confirmed_by_mail(&server, "a@example.com").await;
    let user = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    let proof = send_reset(&server, "a@example.com").await;
    // Asking changes nothing.
    server.log_in("a@example.com", PASSWORD).await.ok(200);

    // A password that is refused does not use up the token.
    for refused in ["short".to_owned(), "x".repeat(129)] {
        action(&server, "reset", &new_password(&proof, &refused)).await.refused(
            400,
            Some("BadRequest"),
            "password must be between 6 and 128 characters",
        );
    }
    action(&server, "reset", &new_password(&proof, NEW)).await.done(200);
    server.log_in("a@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
    assert_eq!(User::of(&server.log_in("a@example.com", NEW).await.ok(200)).id, user.id);
    // Sessions live on.
    server.refresh(&user.refresh).await.ok(201);
    server.profile(&user.access).await.ok(200);
    action(&server, "reset", &new_password(&proof, PASSWORD)).await.refused(
        400,
        Some("UserpassTokenInvalid"),
        "userpass token is expired or invalid",
    );
}

#[tokio::test]
async fn a_password_can_be_reset_before_the_first_login() {
    let server = start(by_mail()).await;
    confirmed_by_mail(&server, "a@example.com").await;
    let proof = send_reset(&server, "a@example.com").await;
    action(&server, "reset", &new_password(&proof, NEW)).await.done(200);
    server.log_in("a@example.com", NEW).await.ok(200);
}

#[tokio::test]
async fn tokens_work_for_half_an_hour_of_the_apps_clock() {
    let server = start(by_mail()).await;
    for (age, is_good) in [(30 * MINUTE - 1, true), (30 * MINUTE, false)] {
        let email = format!("{age}@example.com");
        let confirmation = register_by_mail(&server, &email).await;
        server.advance(age);
        let reply = action(&server, "confirm", &confirmation).await;
        if is_good {
            reply.done(200);
        } else {
            reply.refused(400, Some("UserpassTokenInvalid"), "userpass token is expired or invalid");
            action(&server, "confirm/send", &json!({ "email": email })).await.done(202);
            action(&server, "confirm", &proof(&server, &email).await).await.done(200);
        }
        let reset = send_reset(&server, &email).await;
        server.advance(age);
        let reply = action(&server, "reset", &new_password(&reset, NEW)).await;
        if is_good {
            reply.done(200);
        } else {
            reply.refused(400, Some("UserpassTokenInvalid"), "userpass token is expired or invalid");
            server.log_in(&email, PASSWORD).await.ok(200);
        }
    }
}

#[tokio::test]
async fn of_simultaneous_confirmations_with_one_token_one_succeeds() {
    let server = start(by_mail()).await;
    let proof = register_by_mail(&server, "a@example.com").await;
    let replies = join_all((0..8).map(|_| action(&server, "confirm", &proof))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(won.len(), 1);
    for reply in lost {
        reply.refused(400, Some("UserpassTokenInvalid"), "userpass token is expired or invalid");
    }
}

#[tokio::test]
async fn of_simultaneous_resets_with_one_token_one_password_counts() {
    let server = start(by_mail()).await;
    confirmed_by_mail(&server, "a@example.com").await;
    let proof = send_reset(&server, "a@example.com").await;
    let passwords: Vec<_> = (0..6).map(|i| format!("password {i}")).collect();
    let bodies: Vec<_> = passwords.iter().map(|password| new_password(&proof, password)).collect();
    let replies = join_all(bodies.iter().map(|body| action(&server, "reset", body))).await;
    let mut winners = 0;
    for (password, reply) in passwords.iter().zip(replies) {
        let login = server.log_in("a@example.com", password).await;
        if reply.status == 200 {
            winners += 1;
            login.ok(200);
        } else {
            reply.refused(400, Some("UserpassTokenInvalid"), "userpass token is expired or invalid");
            login.refused(401, Some("InvalidPassword"), "unauthorized");
        }
    }
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn each_of_several_mails_works_until_one_was_used() {
    let server = start(by_mail()).await;
    let first = register_by_mail(&server, "a@example.com").await;
    action(&server, "confirm/send", &json!({ "email": "a@example.com" })).await.done(202);
    let second = proof(&server, "a@example.com").await;
    assert_ne!(first, second);
    action(&server, "confirm", &first).await.done(200);
    let invalid = "userpass token is expired or invalid";
    action(&server, "confirm", &second).await.refused(400, Some("UserpassTokenInvalid"), invalid);

    let (first, second) =
        (send_reset(&server, "a@example.com").await, send_reset(&server, "a@example.com").await);
    action(&server, "reset", &new_password(&second, NEW)).await.done(200);
    let late = action(&server, "reset", &new_password(&first, PASSWORD)).await;
    late.refused(400, Some("UserpassTokenInvalid"), invalid);
}

#[tokio::test]
async fn a_token_is_good_for_its_purpose_and_its_account_only() {
    let server = start(by_mail()).await;
    let invalid = "userpass token is expired or invalid";
    let confirmation = register_by_mail(&server, "a@example.com").await;
    let other = register_by_mail(&server, "b@example.com").await;
    let crossed = json!({ "token": confirmation["token"], "tokenId": other["tokenId"] });
    action(&server, "confirm", &crossed).await.refused(400, Some("UserpassTokenInvalid"), invalid);
    let reset = action(&server, "reset", &new_password(&confirmation, NEW)).await;
    reset.refused(400, Some("UserpassTokenInvalid"), invalid);
    action(&server, "confirm", &confirmation).await.done(200);

    let reset = send_reset(&server, "a@example.com").await;
    action(&server, "confirm", &reset).await.refused(400, Some("UserpassTokenInvalid"), invalid);
    // With the account goes its token.
    let user = User::of(&server.log_in("a@example.com", PASSWORD).await.ok(200));
    server.delete(&user.access).await.empty(204);
    let reset = action(&server, "reset", &new_password(&reset, NEW)).await;
    reset.refused(400, Some("UserpassTokenInvalid"), invalid);
}

#[tokio::test]
async fn malformed_tokens_are_told_from_unknown_ones() {
    let server = start(by_mail()).await;
    let (token, id) = ("0".repeat(128), "0".repeat(24));
    for (body, code, says) in [
        (
            json!({ "token": token, "tokenId": id }),
            "UserpassTokenInvalid",
            "userpass token is expired or invalid",
        ),
        (json!({ "token": "abc", "tokenId": id }), "BadRequest", "invalid token data"),
        (json!({ "token": "g".repeat(128), "tokenId": id }), "BadRequest", "invalid token data"),
        (json!({ "token": "0".repeat(130), "tokenId": id }), "BadRequest", "invalid token data"),
        (json!({ "token": token, "tokenId": "abc" }), "BadRequest", "invalid token data"),
        (json!({ "token": token, "tokenId": "é".repeat(12) }), "BadRequest", "invalid token data"),
        (json!({ "token": 5, "tokenId": id }), "BadRequest", "invalid token data"),
        (json!({ "tokenId": id }), "BadRequest", "invalid token data"),
        (json!({ "token": token }), "BadRequest", "invalid token data"),
        (json!({}), "BadRequest", "invalid token data"),
    ] {
        action(&server, "confirm", &body).await.refused(400, Some(code), says);
        action(&server, "reset", &new_password(&body, NEW)).await.refused(400, Some(code), says);
    }
}

/// A row: which action, with which body, is refused how.
type Row = (&'static str, Value, u16, &'static str, &'static str);

async fn assert_refused(server: &Server, rows: Vec<Row>) {
    for (name, body, status, code, says) in rows {
        let reply = action(server, name, &body).await;
        assert_eq!(reply.status, status, "{name} {body}: {reply:?}");
        reply.refused(status, Some(code), says);
    }
}

fn to(email: &str) -> Value {
    json!({ "email": email })
}

fn call(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password, "arguments": [] })
}

#[tokio::test]
async fn an_app_that_sends_mail_refuses_what_it_should() {
    let server = start(by_mail()).await;
    confirmed_by_mail(&server, "done@example.com").await;
    register_by_mail(&server, "open@example.com").await;
    let rows = vec![
        ("confirm/send", to("nobody@example.com"), 404, "UserNotFound", "user not found"),
        ("confirm/send", to("Done@example.com"), 404, "UserNotFound", "user not found"),
        ("confirm/call", to("nobody@example.com"), 404, "UserNotFound", "user not found"),
        ("reset/send", to("nobody@example.com"), 404, "UserNotFound", "user not found"),
        ("reset/call", call("nobody@example.com", NEW), 404, "UserNotFound", "user not found"),
        ("reset/send", to("open@example.com"), 404, "UserNotFound", "user not found"),
        ("confirm/send", to("done@example.com"), 400, "UserAlreadyConfirmed", "already confirmed"),
        ("confirm/call", to("done@example.com"), 400, "UserAlreadyConfirmed", "already confirmed"),
        (
            "confirm/call",
            to("open@example.com"),
            400,
            "BadRequest",
            "cannot run confirmation for open@example.com: no confirmation function is configured",
        ),
        (
            "reset/call",
            call("done@example.com", NEW),
            400,
            "BadRequest",
            "please use reset password via mail",
        ),
        (
            "reset/call",
            call("done@example.com", "short"),
            400,
            "BadRequest",
            "password must be between 6 and 128",
        ),
        ("confirm/send", to(""), 400, "BadRequest", "email invalid"),
        ("confirm/call", to(""), 400, "BadRequest", "email invalid"),
        ("reset/send", to(""), 400, "BadRequest", "email invalid"),
        ("reset/call", call("", NEW), 400, "BadRequest", "email invalid"),
        ("confirm/send", json!({}), 400, "MissingParameter", "'email'"),
        ("confirm/call", json!({ "email": 1 }), 400, "InvalidParameter", "'email' must be a string"),
        ("reset/send", json!({ "email": null }), 400, "MissingParameter", "'email'"),
        ("reset/call", to("done@example.com"), 400, "MissingParameter", "'password'"),
        (
            "reset/call",
            json!({ "email": "done@example.com", "password": NEW, "arguments": 1 }),
            400,
            "InvalidParameter",
            "'arguments' must be an array",
        ),
    ];
    assert_refused(&server, rows).await;
    // None of it left a mail behind, or changed a password.
    assert_eq!(mails(&server, "done@example.com").await.len(), 1);
    server.log_in("done@example.com", PASSWORD).await.ok(200);
}

#[tokio::test]
async fn an_app_that_confirms_automatically_refuses_what_it_should() {
    let server = Server::start().await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let rows = vec![
        ("confirm/send", to("a@example.com"), 400, "UserAlreadyConfirmed", "already confirmed"),
        ("confirm/send", to("nobody@example.com"), 404, "UserNotFound", "user not found"),
        (
            "confirm/call",
            to("a@example.com"),
            400,
            "BadRequest",
            "cannot run confirmation for a@example.com: automatic confirmation is enabled",
        ),
        ("confirm/call", to("nobody@example.com"), 404, "UserNotFound", "user not found"),
    ];
    assert_refused(&server, rows).await;
}

#[tokio::test]
async fn email_password_that_is_not_offered_is_not_there_at_all() {
    for (offer, status, code) in [
        (Offer::Absent, 404, "AuthProviderNotFound"),
        (Offer::Disabled(LocalUserpass::default()), 401, "AuthError"),
    ] {
        let server = start_with(config(offer, &[]), Storage::Memory).await;
        for name in ACTIONS {
            action(&server, name, &any_body("a@example.com")).await.refused(
                status,
                Some(code),
                "local-userpass",
            );
        }
    }
}

#[tokio::test]
async fn whoever_is_logged_in_does_not_matter() {
    let server = start(by_mail()).await;
    for name in ACTIONS {
        let email = "a@example.com";
        let path = server.app_path(&format!("{PROVIDER}/{name}"));
        let with = |token: &str| {
            let body = any_body(email).to_string();
            server.send(server.request(Method::POST, &path).bearer_auth(token).body(body))
        };
        let reply = with("expired.or.nonsense").await;
        let text = reply.text.as_str();
        assert!(reply.status != 401 && !text.contains("InvalidSession"), "{name}: {reply:?}");
    }
}

const CONFIRM: &str = r#"
    exports = async function ({ username, token, tokenId, ...rest }) {
        if (!/^[0-9a-f]{128}$/.test(token) || !/^[0-9a-f]{24}$/.test(tokenId) || Object.keys(rest).length) {
            return { status: 'fail' };
        }
        const [how] = username.split('@');
        if (how === 'throws') throw new Error('no ' + token);
        if (how === 'text') return 'success';
        if (how === 'nothing') return;
        return { status: how };
    };
"#;

#[tokio::test]
async fn a_confirmation_function_decides() {
    let server =
        start_with(config(Offer::Enabled(by_function()), &[("confirm", CONFIRM)]), Storage::Memory).await;
    server.register("success@example.com", PASSWORD).await.done(201);
    server.log_in("success@example.com", PASSWORD).await.ok(200);

    server.register("pending@example.com", PASSWORD).await.done(201);
    server.log_in("pending@example.com", PASSWORD).await.refused(401, Some("AuthError"), "unauthorized");
    server.register("pending@example.com", PASSWORD).await.refused(409, Some("AccountNameInUse"), "in use");

    for how in ["fail", "unknown", "throws", "text", "nothing"] {
        let email = format!("{how}@example.com");
        let says = format!("failed to confirm user \"{email}\"");
        for _ in 0..2 {
            // The second time is as the first: nothing was left of it.
            server.register(&email, PASSWORD).await.refused(400, Some("BadRequest"), &says);
        }
        server.log_in(&email, PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
        action(&server, "confirm/call", &to(&email)).await.refused(
            404,
            Some("UserNotFound"),
            "user not found",
        );
    }

    let rows = vec![
        ("confirm/send", to("pending@example.com"), 400, "BadRequest", "please use confirm via function"),
        ("confirm/call", to("success@example.com"), 400, "UserAlreadyConfirmed", "already confirmed"),
        (
            "reset/send",
            to("success@example.com"),
            400,
            "BadRequest",
            "please use reset password via function",
        ),
    ];
    assert_refused(&server, rows).await;
    action(&server, "confirm/call", &to("pending@example.com")).await.done(202);
    server.log_in("pending@example.com", PASSWORD).await.refused(401, Some("AuthError"), "unauthorized");
}

/// A registration that waits under one configuration is there under the next.
#[tokio::test]
async fn the_function_can_be_run_again_and_each_outcome_counts() {
    let folder = tempfile::tempdir().unwrap();
    let storage = || Storage::Folder(folder.path().to_owned());
    let always = |status: &str| format!("exports = () => ({{ status: '{status}' }});");
    let serve = async |status: &str| {
        let config = config(Offer::Enabled(by_function()), &[("confirm", &always(status))]);
        start_with(config, storage()).await
    };
    let email = "a@example.com";
    let server = serve("pending").await;
    server.register(email, PASSWORD).await.done(201);
    server.app.stop().await.unwrap();

    let server = serve("fail").await;
    let failed = action(&server, "confirm/call", &to(email)).await;
    failed.refused(400, Some("BadRequest"), "failed to confirm user \"a@example.com\"");
    // It stays: only a registration that never was is free again.
    server.register(email, PASSWORD).await.refused(409, Some("AccountNameInUse"), "in use");
    server.log_in(email, PASSWORD).await.refused(401, Some("AuthError"), "unauthorized");
    server.app.stop().await.unwrap();

    let server = serve("success").await;
    action(&server, "confirm/call", &to(email)).await.done(202);
    server.log_in(email, PASSWORD).await.ok(200);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_no_email_taken_by_nobody() {
    let slow = "exports = () => { const end = Date.now() + 2000; while (Date.now() < end); return { status: 'fail' }; };";
    let config = config(Offer::Enabled(by_function()), &[("confirm", slow)]);
    let server = start_with(config, Storage::Memory).await;
    // An unconfirmed registration is told by whoever has its password.
    let is_there = async || server.log_in("a@example.com", PASSWORD).await.text.contains("AuthError");
    let wait_until = async |expected: bool| {
        for _ in 0..100 {
            if is_there().await == expected {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    };
    let client = server.client.clone();
    let registering = tokio::spawn(async move { client.register("a@example.com", PASSWORD).await });
    assert!(wait_until(true).await, "the registration is there while the function runs");
    registering.abort();
    assert!(wait_until(false).await, "the registration goes when the function refuses it");
}

#[tokio::test]
async fn a_function_that_is_not_there_confirms_nobody() {
    let server = start_with(config(Offer::Enabled(by_function()), &[]), Storage::Memory).await;
    let reply = server.register("a@example.com", PASSWORD).await;
    reply.refused(400, Some("BadRequest"), "failed to confirm user");
    server.log_in("a@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
}

/// Its first argument is the account's, what follows is the client's.
const RESET: &str = r#"
    exports = function ({ username, password, token, tokenId, currentPasswordValid }, how, number) {
        const isSound = /^[0-9a-f]{128}$/.test(token) && /^[0-9a-f]{24}$/.test(tokenId)
            && username === 'a@example.com' && typeof password === 'string' && number === 42;
        if (!isSound || how === 'throws') throw new Error('no');
        if (how === 'current') return { status: currentPasswordValid ? 'success' : 'fail' };
        return { status: how };
    };
"#;

#[tokio::test]
async fn a_reset_function_decides() {
    let userpass = LocalUserpass { confirmation: Confirmation::Automatic, ..by_function() };
    let server = start_with(config(Offer::Enabled(userpass), &[("reset", RESET)]), Storage::Memory).await;
    let email = "a@example.com";
    let user = server.user(email).await;
    let body = |password: &str, how: &str| {
        let arguments = json!([how, { "$numberInt": "42" }]);
        json!({ "email": email, "password": password, "arguments": arguments })
    };
    let failed = "failed to reset password for user \"a@example.com\"";
    for how in ["fail", "unknown", "throws", "current"] {
        let reply = action(&server, "reset/call", &body(NEW, how)).await;
        reply.refused(400, Some("BadRequest"), failed);
    }
    // Without its arguments the function refuses.
    action(&server, "reset/call", &call(email, NEW)).await.refused(400, Some("BadRequest"), failed);
    action(&server, "reset/call", &body("short", "success")).await.refused(
        400,
        Some("BadRequest"),
        "password",
    );
    let nobody = call("nobody@example.com", NEW);
    action(&server, "reset/call", &nobody).await.refused(404, Some("UserNotFound"), "user not found");

    action(&server, "reset/call", &body(NEW, "pending")).await.done(202);
    action(&server, "reset/call", &body(PASSWORD, "current")).await.done(202);
    server.log_in(email, PASSWORD).await.ok(200);

    action(&server, "reset/call", &body(NEW, "success")).await.done(202);
    server.log_in(email, PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
    assert_eq!(User::of(&server.log_in(email, NEW).await.ok(200)).id, user.id);
    server.refresh(&user.refresh).await.ok(201);
}
