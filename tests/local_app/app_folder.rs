//! An App's configuration as a folder, with the real process.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, Process, User, claims};

/// Generous: machines are shared, and nothing here measures time.
const PATIENCE: Duration = Duration::from_secs(60);

/// `idmux serve --app`, with what it says on standard error.
struct Serving {
    process: std::process::Child,
    said: mpsc::Receiver<String>,
    client: Client,
    line: String,
}

impl Serving {
    fn start(folder: &Path) -> Self {
        let arguments = ["--listen", "127.0.0.1:0", "--ephemeral", "--app", folder.to_str().unwrap()];
        let mut process = Process::command(&arguments).env_remove("IDMUX_LOG").spawn().unwrap();
        let (heard, said) = mpsc::channel();
        let errors = BufReader::new(process.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in errors.lines() {
                let _ = heard.send(line.unwrap());
            }
        });
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        let client = Client::new(words[2], words[4]);
        Self { process, said, client, line }
    }

    /// Waits for a line on standard error that has `words` in it.
    fn hear(&self, words: &str) -> String {
        loop {
            let line = self.said.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it never said {words:?}"));
            if line.contains(words) {
                return line;
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn init(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idmux"));
    let output = command.args(["app", "init"]).args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Changes a JSON file of the folder.
fn edit(folder: &Path, file: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(file);
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

#[tokio::test]
async fn what_init_writes_is_served_and_changes_are_taken_up() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("my-app");
    let (code, out, err) = init(&[folder.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("providers.json") && out.contains("idmux.json"), "{out}");

    let serving = Serving::start(&folder);
    assert!(serving.line.contains(" app local-idmux"), "{}", serving.line);
    let user = serving.client.user("a@example.com").await;
    let seconds =
        |token: &str| claims(token)["exp"].as_i64().unwrap() - claims(token)["iat"].as_i64().unwrap();
    assert_eq!((seconds(&user.access), seconds(&user.refresh)), (1800, 5_184_000));

    edit(&folder, "auth/providers.json", |providers| {
        providers["anon-user"]["disabled"] = json!(true);
        providers["anon-user"]["colour"] = json!("red");
    });
    serving.hear("was read again");
    serving.hear("auth/providers.json: anon-user.colour is not honoured");
    let refused = serving.client.post("/auth/providers/anon-user/login", &json!({})).await;
    assert!(refused.status.is_client_error(), "{refused:?}");

    fs::write(folder.join("auth/providers.json"), "{ not json").unwrap();
    let said = serving.hear("cannot be used, the one before stays");
    assert!(said.contains("auth/providers.json: line 1"), "{said}");
    serving.client.user("b@example.com").await;

    fs::remove_file(folder.join("auth/providers.json")).unwrap();
    serving.hear("was read again");
    let refused = serving.client.log_in("a@example.com", crate::support::PASSWORD).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
}

#[tokio::test]
async fn every_setting_without_effect_is_on_standard_error_and_the_id_is_the_folders() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/local_app/fixtures/exported");
    let serving = Serving::start(&folder);
    assert!(serving.line.contains(" app store-xyzab"), "{}", serving.line);
    // In order, and once each: what is heard is used up.
    for setting in [
        "auth/providers.json: oauth2-facebook.config.graphVersion is not honoured",
        "functions/config.json: [3].run_as_user_id_script_source is not honoured",
        "hosting is not honoured",
        "triggers/greet.json is not honoured",
    ] {
        let line = serving.hear(setting);
        assert_eq!(line, format!("idmux serve: {setting}"));
    }
}

/// The kind: no start for want of something that the App can do without.
#[tokio::test]
async fn an_export_without_its_secrets_is_served_and_says_which_lines_are_missing() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    assert_eq!(init(&[folder.to_str().unwrap()]).0, 0);
    edit(folder, "root_config.json", |root| root["app_id"] = json!("shop-abcdefg"));
    edit(folder, "auth/providers.json", |providers| {
        providers["custom-token"] = json!({ "secret_config": { "signingKeys": ["jwtsecret"] } });
    });
    fs::create_dir(folder.join("values")).unwrap();
    let value = json!({ "name": "apiKey", "value": "mail_secret", "from_secret": true });
    fs::write(folder.join("values/apiKey.json"), value.to_string()).unwrap();

    let serving = Serving::start(folder);
    assert!(serving.line.contains(" app shop-abcdefg"), "{}", serving.line);
    serving.hear("2 secrets are missing, and what needs them is off:");
    serving.hear("jwtsecret: custom-token");
    serving.hear("mail_secret: the value 'apiKey'");
    serving.hear("\"jwtsecret\": \"the secret\",");
    serving.client.anonymous().await;
    let log_in =
        async || serving.client.post("/auth/providers/custom-token/login", &json!({ "token": "x" })).await;
    log_in().await.refused(401, Some("AuthError"), "disabled");

    // With them it is on, without another start.
    let secrets = json!({ "jwtsecret": "x".repeat(32), "mail_secret": "m" });
    fs::write(folder.join("secrets.json"), secrets.to_string()).unwrap();
    serving.hear("was read again");
    log_in().await.refused(401, Some("AuthError"), "unauthorized");
}

/// The protocol document, section 17.1. Nobody is told of it who named origins.
#[tokio::test]
async fn the_first_link_to_an_app_without_origins_is_warned_of() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(init(&[home.path().to_str().unwrap()]).0, 0);
    let serving = Serving::start(home.path());
    let user = serving.client.anonymous().await;
    serving.client.register("a@example.com", crate::support::PASSWORD).await.done(201);
    let body = json!({ "username": "a@example.com", "password": crate::support::PASSWORD });
    serving.client.link(&user.access, "local-userpass", &body).await.ok(200);
    let said = serving.hear("linking forbidden without first specifying allowed request origins");
    assert!(said.contains("WARN") && said.contains("allowed_request_origins"), "{said}");
}

#[test]
fn init_replaces_nothing_unless_told_to() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("idmux.json"), "mine").unwrap();
    let folder = home.path().to_str().unwrap();
    let (code, out, err) = init(&[folder]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("idmux.json is there already") && err.contains("--force"), "{err}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing was written");
    assert_eq!(init(&["--force", folder]).0, 0);
    assert_ne!(fs::read_to_string(home.path().join("idmux.json")).unwrap(), "mine");
}

#[tokio::test]
async fn init_writes_what_is_kept_with_the_data() {
    let home = tempfile::tempdir().unwrap();
    let (data, folder) = (home.path().join("data"), home.path().join("app"));
    let (data, folder) = (data.to_str().unwrap(), folder.to_str().unwrap());
    let (code, _, err) = init(&["--from-data", "--data", data, "--app-id", "shop-abcde", folder]);
    assert_eq!(code, 1);
    assert!(err.contains("there is no data of the app 'shop-abcde'"), "{err}");
    let process = Process::start(&["--data", data]);
    User::of(&process.client().post("/auth/providers/anon-user/login", &json!({})).await.ok(200));
    let (code, _, err) = init(&["--from-data", "--data", data, "--app-id", "shop-abcde", folder]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(Path::new(folder).join("auth/providers.json").is_file());
}

#[test]
fn a_folder_that_cannot_be_used_is_refused_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let serve = |folder: &Path| {
        let mut command = Process::command(&["--listen", "127.0.0.1:0", "--ephemeral"]);
        let output = command.arg("--app").arg(folder).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, err) = serve(home.path());
    assert_eq!(code, 1);
    assert!(err.contains("root_config.json is missing") && err.contains("idmux app init"), "{err}");
    let (code, err) = serve(&home.path().join("nowhere"));
    assert_eq!(code, 1);
    assert!(err.contains("nowhere"), "{err}");
}

/// Kind: a refusal whose cause only the server knows, and nobody can see. The cause is on standard error, one line each and
/// without secrets; the client is told what the hosted service told it.
#[tokio::test]
async fn whatever_is_refused_says_why_on_standard_error() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    fs::create_dir_all(folder.join("auth")).unwrap();
    fs::create_dir_all(folder.join("functions")).unwrap();
    let secret = "a-shared-secret_of-more-than-32-letters";
    let write = |file: &str, text: String| fs::write(folder.join(file), text).unwrap();
    write("realm_config.json", json!({ "app_id": "shop-abcde", "config_version": 20210101 }).to_string());
    write("secrets.json", json!({ "jwt": secret }).to_string());
    let providers = json!({
        "anon-user": { "name": "anon-user", "type": "anon-user", "disabled": true },
        "api-key": { "name": "api-key", "type": "api-key", "disabled": false },
        "custom-token": {
            "name": "custom-token", "type": "custom-token", "disabled": false,
            "config": { "audience": "desk,web", "signingAlgorithm": "HS256" },
            "secret_config": { "signingKeys": ["jwt"] },
        },
        "custom-function": {
            "name": "custom-function", "type": "custom-function", "disabled": false,
            "config": { "authFunctionName": "auth" },
        },
        "local-userpass": {
            "name": "local-userpass", "type": "local-userpass", "disabled": false,
            "config": {
                "runConfirmationFunction": true, "confirmationFunctionName": "confirm", "autoConfirm": false,
                "runResetFunction": false, "resetPasswordUrl": "http://localhost/", "resetPasswordSubject": "x",
            },
        },
    });
    write("auth/providers.json", providers.to_string());
    write(
        "functions/auth.js",
        "exports = (p) => {\n  if (p.key !== 'sesame') throw new Error('not ' + p.key);\n  return p.who;\n}"
            .into(),
    );
    write(
        "functions/confirm.js",
        "exports = (p) => {\n\n  throw new TypeError('no mail for ' + p.username + ' ' + p.token);\n}".into(),
    );
    write(
        "functions/fails.js",
        "exports = () => {\n  const nothing = null;\n  return nothing.field;\n}".into(),
    );
    let serving = Serving::start(folder);
    let client = &serving.client;
    let log_in = async |provider: &str, body: Value| {
        client.post(&format!("/auth/providers/{provider}/login"), &body).await
    };
    let token = |claims: Value, secret: &str| {
        let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
    };
    let later = 4_000_000_000_i64;
    let mut all = String::new();
    for (claims, key, cause) in [
        (
            json!({ "sub": "a", "aud": "desk", "exp": later }),
            secret,
            "a log-in with 'custom-token' was refused: the token is for \"desk\", and the provider asks for all of \
             \"desk\", \"web\" (requireAnyAudience would make one enough)",
        ),
        (json!({ "sub": "a", "aud": ["desk", "web"], "exp": 1 }), secret, "the token has expired"),
        (json!({ "sub": "a", "aud": ["desk", "web"] }), secret, "the claim 'exp' is missing"),
        (json!({ "aud": ["desk", "web"], "exp": later }), secret, "the claim 'sub' is missing"),
        (
            json!({ "sub": "a", "aud": ["desk", "web"], "exp": later }),
            "another-secret_of-more-than-32-letters-",
            "not signed with HS256 by a key that counts",
        ),
    ] {
        let token = token(claims, key);
        let reply = log_in("custom-token", json!({ "token": token })).await;
        reply.refused(401, Some("AuthError"), "unauthorized");
        let said = serving.hear(cause);
        assert!(!said.contains(&token[token.len() - 20..]), "{said}");
        all += &said;
    }
    log_in("anon-user", json!({})).await;
    serving.hear("'anon-user' was refused: authentication provider 'anon-user' is disabled");
    log_in("api-key", json!({ "key": "no-such-key-0123456789" })).await.refused(
        401,
        None.or(Some("AuthError")),
        "unauthorized",
    );
    all += &serving.hear("there is no such API key");
    let reply = log_in("custom-function", json!({ "who": "ada", "key": "hunter22" })).await;
    reply.refused(401, Some("AuthError"), "not hunter22");
    all += &serving.hear("function 'auth' failed: Error: not […] (functions/auth.js, line 2)");
    client.register("a@example.com", "correct horse").await.refused(
        400,
        Some("BadRequest"),
        "failed to confirm",
    );
    all += &serving.hear(
        "function 'confirm' failed: TypeError: no mail for a@example.com […] (functions/confirm.js, line 3)",
    );
    let user = User::of(&log_in("custom-function", json!({ "who": "ada", "key": "sesame" })).await.ok(200));
    let reply = client.call(&user.access, &json!({ "name": "fails" })).await;
    reply.refused(400, Some("FunctionExecutionError"), "TypeError");
    all += &serving.hear("function 'fails' failed: TypeError: ");
    for secret in [secret, "hunter22", "no-such-key", "correct horse"] {
        assert!(!all.contains(secret), "{all}");
    }
    // Folded: one line, however often.
    for _ in 0..30 {
        client.call(&user.access, &json!({ "name": "fails" })).await;
    }
    log_in("api-key", json!({ "key": "another" })).await;
    fs::write(folder.join("auth/providers.json"), "{ not json").unwrap();
    let mut seen = Vec::new();
    loop {
        let line = serving.said.recv_timeout(PATIENCE).unwrap();
        if line.contains("cannot be used") {
            break;
        }
        seen.push(line);
    }
    assert_eq!(seen, Vec::<String>::new());
}
