//! Taking over the users of another App.

use std::process::{Command, Output};

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{APP, PASSWORD, Reply, Server, User};

const ANN: &str = "5f0000000000000000000001";
const BOB: &str = "5f0000000000000000000002";
/// bcrypt, of [`PASSWORD`].
const BCRYPT: &str = "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";

async fn import(server: &Server, list: &Value) -> Reply {
    let token = server.app.control_token().expose_secret();
    let request = server.request(Method::POST, "/api/control/v1/users/import").bearer_auth(token);
    server.send(request.body(list.to_string())).await
}

/// A user with an email/password identity.
fn user(id: &str, email: &str) -> Value {
    json!({
        "_id": id,
        "identities": [{
            "id": format!("aa{}", &id[2..]),
            "provider_type": "local-userpass",
            "provider_id": "5f00000000000000000000ff",
            "provider_data": { "email": email },
        }],
        "type": "normal",
        "creation_date": 1_600_000_000,
        "last_authentication_date": 1_600_000_060,
        "disabled": false,
        "data": { "email": email },
    })
}

fn with(mut user: Value, name: &str, value: Value) -> Value {
    user[name] = value;
    user
}

/// All numbers of a report.
fn counts(report: &Value) -> (u64, u64, usize) {
    let number = |name: &str| report[name].as_u64().unwrap();
    (number("imported"), number("unchanged"), report["refused"].as_array().unwrap().len())
}

#[tokio::test]
async fn ids_identities_and_states_are_kept() {
    let server = Server::start().await;
    let ann = json!({
        "_id": ANN,
        "identities": [
            { "id": "5f00000000000000000000aa-nhwswazdycmvrpendwddtcdt", "provider_type": "anon-user" },
            user(ANN, "ann@example.com")["identities"][0],
            { "id": "ann at google", "provider_type": "oauth2-google", "provider_data": { "name": "Ann" } },
        ],
        "type": "normal",
        "creation_date": 1_600_000_000,
        "last_authentication_date": 1_600_000_060,
        "disabled": false,
        "data": { "email": "ann@example.com", "name": "Ann" },
        "password_hash": BCRYPT,
    });
    let bob =
        with(with(user(BOB, "bob@example.com"), "disabled", json!(true)), "password_hash", json!(BCRYPT));
    let report = import(&server, &json!([ann, bob])).await.ok(200);
    assert_eq!(counts(&report), (2, 0, 0), "{report}");
    assert_eq!(report["reset_codes"], json!([]));

    let session = User::of(&server.log_in("ann@example.com", PASSWORD).await.ok(200));
    assert_eq!(session.id, ANN);
    let profile = server.profile(&session.access).await.ok(200);
    let ids: Vec<_> = profile["identities"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&ann["identities"][0]["id"], &ann["identities"][1]["id"], &ann["identities"][2]["id"]]);
    assert_eq!(profile["data"], ann["data"]);
    server.log_in("bob@example.com", PASSWORD).await.refused(401, Some("UserDisabled"), "disabled");
    // Nothing of it is pending, and the emails are taken.
    server.register("bob@example.com", PASSWORD).await.refused(409, Some("AccountNameInUse"), "in use");
}

#[tokio::test]
async fn every_kind_of_hash_lets_its_user_in_and_becomes_one_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let flowerbase = format!(
        "b28387e0c4fe18562f42485c759764a322beda696438738d625a471fa622a472\
         0ac046df92d0a2c396e78e8adda08e13611747256f9c497278cf52c4c85219ac.{}",
        "0123456789abcdef".repeat(16)
    );
    let firebase = json!({
        "salt": "42xEC+ixf3L2lw==",
        "hash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
    });
    let argon2 = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";
    let cases = [
        ("bcrypt", json!(BCRYPT), PASSWORD),
        ("flowerbase", json!(flowerbase), PASSWORD),
        ("firebase", firebase, "user1password"),
        ("argon2", json!(argon2), "password"),
    ];
    let users: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(at, (name, hash, _))| {
            let id = format!("5f00000000000000000000{at:02}");
            with(user(&id, &format!("{name}@example.com")), "password_hash", hash.clone())
        })
        .collect();
    let key = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    let project = json!({
        "base64_signer_key": key, "base64_salt_separator": "Bw==", "rounds": 8, "mem_cost": 14,
    });
    let report = import(&server, &json!({ "users": users, "firebase": project })).await.ok(200);
    assert_eq!(counts(&report), (4, 0, 0), "{report}");

    let file = || {
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap_or_default();
        [read(&format!("{APP}.db")), read(&format!("{APP}.db-wal"))].concat()
    };
    for (name, _, password) in &cases {
        let email = format!("{name}@example.com");
        let wrong = server.log_in(&email, "something else").await;
        wrong.refused(401, Some("InvalidPassword"), "unauthorized");
        // At the same time: each of them is the first, as far as it knows.
        let both =
            futures_util::future::join(server.log_in(&email, password), server.log_in(&email, password));
        let (first, second) = both.await;
        assert_eq!(User::of(&first.ok(200)).id, User::of(&second.ok(200)).id, "{name}");
        server.log_in(&email, password).await.ok(200);
    }
    server.app.stop().await.unwrap();
    let kept = file();
    let holds = |text: &str| kept.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("$argon2id$v=19$m=19456,t=2,p=1$"));
    for old in [BCRYPT, key, argon2, &flowerbase[..100]] {
        assert!(!holds(old), "{old} is still there");
    }
}

#[tokio::test]
async fn whoever_cannot_land_keeps_nobody_out_and_is_named() {
    let server = Server::start().await;
    let here = server.user("here@example.com").await;
    let list = json!([
        user(ANN, "ann@example.com"),
        with(user(BOB, "bob@example.com"), "_id", json!("short")),
        user("5f0000000000000000000005", "here@example.com"),
        user(BOB, "bob@example.com"),
        with(user("5f0000000000000000000003", "c@example.com"), "password_hash", json!("secret")),
        with(
            user("5f0000000000000000000004", "d@example.com"),
            "identities",
            user(BOB, "x")["identities"].clone()
        ),
        with(
            user(&here.id, "e@example.com"),
            "identities",
            json!([{ "id": "x", "provider_type": "anon-user" }])
        ),
        user(ANN, "ann@example.com"),
    ]);
    let report = import(&server, &list).await.ok(200);
    assert_eq!(counts(&report), (2, 1, 5), "{report}");
    let refused =
        |at: usize| (&report["refused"][at]["index"], report["refused"][at]["reason"].as_str().unwrap());
    for (at, index, says) in [
        (0, 1, "`_id`"),
        (1, 2, "email is registered"),
        (2, 4, "none of the known forms"),
        (3, 5, "belongs to the user 5f0000000000000000000002"),
        (4, 6, "with other identities"),
    ] {
        let (found, reason) = refused(at);
        assert_eq!(found, &json!(index));
        assert!(reason.contains(says), "{reason}");
    }
    assert!(!report.to_string().contains("secret"), "a hash is nobody's business: {report}");

    // A second run changes nothing.
    let again = import(&server, &list).await.ok(200);
    assert_eq!(counts(&again), (0, 3, 5), "{again}");
}

#[tokio::test]
async fn a_reset_code_is_good_once_and_for_its_time() {
    let server = Server::start().await;
    let list = json!({
        "users": [user(ANN, "ann@example.com"), user(BOB, "bob@example.com")],
        "reset_codes_for": "7d",
    });
    let first = import(&server, &list).await.ok(200);
    server.log_in("ann@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
    let second = import(&server, &list).await.ok(200);
    assert_eq!(counts(&second), (0, 2, 0));
    let reset = async |code: &Value| {
        let body = json!({ "token": code["token"], "tokenId": code["tokenId"], "password": PASSWORD });
        server.post("/auth/providers/local-userpass/reset", &body).await
    };
    let code = |report: &Value, at: usize| report["reset_codes"][at].clone();
    assert_eq!(code(&second, 0)["email"], "ann@example.com");
    assert_eq!(code(&second, 0)["expires_at"], "2026-01-08T00:00:00Z");
    // Codes of an earlier run are replaced.
    reset(&code(&first, 0)).await.refused(400, Some("UserpassTokenInvalid"), "expired or invalid");
    server.advance(6 * 86_400);
    assert_eq!(reset(&code(&second, 0)).await.status, 200);
    assert_eq!(User::of(&server.log_in("ann@example.com", PASSWORD).await.ok(200)).id, ANN);
    reset(&code(&second, 0)).await.refused(400, Some("UserpassTokenInvalid"), "expired or invalid");
    // Ann has a password now, and needs no code any more.
    let third = import(&server, &list).await.ok(200);
    assert_eq!(third["reset_codes"].as_array().unwrap().len(), 1);
    server.advance(7 * 86_400);
    reset(&code(&third, 0)).await.refused(400, Some("UserpassTokenInvalid"), "expired or invalid");
}

#[tokio::test]
async fn the_first_password_is_adopted_only_where_the_import_asks_for_it() {
    let server = Server::start().await;
    import(&server, &json!([user(ANN, "ann@example.com")])).await.ok(200);
    server.log_in("ann@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
    let list = json!({
        "users": [user(ANN, "ann@example.com"), user(BOB, "bob@example.com")],
        "adopt_passwords_for": "30d",
    });
    let report = import(&server, &list).await.ok(200);
    assert_eq!(counts(&report), (1, 1, 0));
    assert_eq!(report["adopt_until"], "2026-01-31T00:00:00Z");
    assert_eq!(User::of(&server.log_in("ann@example.com", PASSWORD).await.ok(200)).id, ANN);
    server.log_in("ann@example.com", "another one").await.refused(
        401,
        Some("InvalidPassword"),
        "unauthorized",
    );
    server.advance(30 * 86_400);
    server.log_in("bob@example.com", PASSWORD).await.refused(401, Some("InvalidPassword"), "unauthorized");
}

#[tokio::test]
async fn only_the_control_token_imports_and_only_a_list() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    let path = "/api/control/v1/users/import";
    let request = server.request(Method::POST, path).bearer_auth(&user.access).body("[]");
    server.send(request).await.refused(401, Some("MissingAuthReq"), "control token");
    for (body, says) in [
        (json!({}), "a list of users"),
        (json!("x"), "a list of users"),
        (json!({ "users": [], "reset_codes_for": "soon" }), "`reset_codes_for`"),
        (json!({ "users": [], "firebase": {} }), "`firebase`"),
    ] {
        import(&server, &body).await.refused(400, Some("BadRequest"), says);
    }
    let token = server.app.control_token().expose_secret();
    let request = server.request(Method::POST, path).bearer_auth(token).body("[");
    server.send(request).await.refused(400, Some("BadRequest"), "not valid JSON");
}

#[tokio::test]
async fn thousands_of_users_come_in_one_request() {
    let server = Server::start().await;
    let one = |at: usize| user(&format!("5f{at:022}"), &format!("{at}@example.com"));
    let list: Vec<_> = (0..4000).map(one).collect();
    // Larger than any other request may be.
    let list = json!(list);
    assert!(list.to_string().len() > 1024 * 1024);
    assert_eq!(counts(&import(&server, &list).await.ok(200)), (4000, 0, 0));
    assert_eq!(counts(&import(&server, &list).await.ok(200)), (0, 4000, 0));
}

fn import_users(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idmux"));
    command.args(["app", "import-users", "--app-id", APP]).args(arguments).env_remove("IDMUX_HOME");
    command.output().unwrap()
}

#[tokio::test]
async fn the_command_line_imports_into_a_folder_that_is_being_served() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let file = folder.path().join("users.json");
    let file = file.to_str().unwrap();
    let server = Server::start_in(std::path::Path::new(data)).await;
    let ann = with(user(ANN, "ann@example.com"), "password_hash", json!(BCRYPT));
    std::fs::write(file, json!([ann, user(BOB, "bob@example.com")]).to_string()).unwrap();

    let output = import_users(&[file, "--data", data, "--json", "--reset-codes-for", "7d"]);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(counts(&report), (2, 0, 0));
    assert_eq!(report["reset_codes"][0]["user_id"], BOB);
    assert_eq!(User::of(&server.log_in("ann@example.com", PASSWORD).await.ok(200)).id, ANN);

    // One who cannot land makes the command fail, after all others have.
    std::fs::write(file, json!([{ "_id": 5 }, user(BOB, "bob@example.com")]).to_string()).unwrap();
    let output = import_users(&[file, "--data", data]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("imported: 0, here already: 1\nrefused: number 0"), "{said}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("1 of the users were refused"));

    for (arguments, says) in [
        (&["--data", data, "/nonexistent/users.json"][..], "cannot import /nonexistent/users.json"),
        (&["--data", data, "--reset-codes-for", "soon", file], "--reset-codes-for"),
    ] {
        let output = import_users(arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(says), "{said}");
    }
}
