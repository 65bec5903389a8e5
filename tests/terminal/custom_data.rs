//! Custom data that two change at once, and the whole of it in an editor.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idmux::local_app::{ANY_PORT, LocalApp, Options, Storage};
use serde_json::{Value, json};

use super::restless::{Person, lasting, twice};
use super::{ENTER, LARGE, Size, TAB, Terminal, register};

/// Somebody else who is logged in as the same user, over plain HTTP.
struct Elsewhere<'a> {
    runtime: &'a tokio::runtime::Runtime,
    base: String,
    token: String,
    id: String,
}

impl<'a> Elsewhere<'a> {
    fn log_in(runtime: &'a tokio::runtime::Runtime, app: &LocalApp, email: &str) -> Self {
        let base = format!("{}api/client/v2.0/app/shop-abcde", app.base_url());
        let body = json!({ "username": email, "password": "secret1" });
        let answer = runtime.block_on(async {
            let url = format!("{base}/auth/providers/local-userpass/login");
            reqwest::Client::new().post(url).json(&body).send().await.unwrap().json::<Value>().await.unwrap()
        });
        let token = answer["access_token"].as_str().unwrap().to_owned();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let id = serde_json::from_slice::<Value>(&claims).unwrap()["sub"].as_str().unwrap().to_owned();
        Self { runtime, base, token, id }
    }

    fn call(&self, action: &str, more: Value) -> Value {
        let mut argument =
            json!({ "database": "app", "collection": "custom_user_data", "query": { "user_id": self.id } });
        argument.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body = json!({ "name": action, "service": "mongodb-atlas", "arguments": [argument] });
        self.runtime.block_on(async {
            let request = reqwest::Client::new().post(format!("{}/functions/call", self.base));
            let answer = request.bearer_auth(&self.token).json(&body).send().await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
            answer.json().await.unwrap()
        })
    }

    fn set(&self, field: &str, value: Value) {
        self.call("updateOne", json!({ "update": { "$set": { field: value } }, "upsert": true }));
    }

    fn get(&self, field: &str) -> Value {
        self.call("findOne", json!({}))[field].clone()
    }
}

fn app(runtime: &tokio::runtime::Runtime) -> LocalApp {
    runtime.block_on(LocalApp::start(ANY_PORT, Options::new("shop-abcde", Storage::Memory))).unwrap()
}

/// idmux at `app`, with `editor` as the person's editor, and past the first dialog.
fn idmux_at(app: &LocalApp, home: &Path, editor: &str, size: Size) -> Terminal {
    let key = home.join("test.key");
    let variables = [
        ("IDMUX_KEY_FILE", key.to_str().unwrap()),
        ("EDITOR", editor),
        ("VISUAL", ""),
        ("PATH", "/usr/bin:/bin"),
    ];
    let args = ["--url", app.base_url().as_str(), "--app-id", "shop-abcde"];
    let mut idmux = Terminal::idmux_with(home, &args, size, &variables);
    idmux.wait_for("Nobody is logged in yet");
    super::close(&mut idmux, "Nobody is logged in yet");
    register(&mut idmux, "ada@example.com");
    idmux
}

/// An editor that is a script.
fn script(home: &Path, name: &str, lines: &str) -> String {
    let path = home.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Waits until no dialog is open, and the token has what the source has.
fn settled(idmux: &Terminal) {
    idmux.wait_until("the token follows", |screen| {
        screen.contains("▶ Custom data") && screen.contains("alike") && !screen.contains("Ctrl-C quit")
    });
}

fn conflict(person: Person) -> String {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = app(&runtime);
    let mut idmux = idmux_at(&app, home.path(), "false", LARGE);
    let elsewhere = Elsewhere::log_in(&runtime, &app, "ada@example.com");

    // A field of mine.
    idmux.send("a");
    idmux.wait_for("Field");
    idmux.fill("theme");
    idmux.send(TAB);
    idmux.send("dark");
    idmux.wait_for("+ theme: \"dark\"");
    idmux.send(ENTER);
    settled(&idmux);

    // Somebody else writes while I type.
    idmux.send("G");
    idmux.send("e");
    idmux.wait_for("Edit theme");
    elsewhere.set("theme", json!("blue"));
    idmux.send("\u{15}light");
    person.stirs(&idmux, LARGE, "\"dark\" → \"light\"");
    idmux.send(ENTER);
    let screen = idmux.wait_for("A conflict in the custom data");
    person.stirs(&idmux, LARGE, "yours   \"light\"");
    for version in ["before  \"dark\"", "theirs  \"blue\"", "yours   \"light\""] {
        assert!(screen.contains(version), "{version}\n{screen}");
    }
    assert_eq!(elsewhere.get("theme"), json!("blue"), "nothing was overwritten");

    // Edit again begins from theirs, with what I typed still there.
    idmux.send("e");
    idmux.wait_for("\"blue\" → \"light\"");
    // And again somebody is faster.
    elsewhere.set("theme", json!("green"));
    idmux.send(ENTER);
    idmux.wait_for("theirs  \"green\"");
    idmux.send("w");
    settled(&idmux);
    assert_eq!(elsewhere.get("theme"), json!("light"), "having seen both, mine was written");

    // Taking theirs.
    idmux.send("e");
    idmux.wait_for("Edit theme");
    elsewhere.set("theme", json!("red"));
    idmux.send("x");
    person.stirs(&idmux, LARGE, "\"light\" → \"lightx\"");
    idmux.send(ENTER);
    person.stirs(&idmux, LARGE, "theirs  \"red\"");
    idmux.send("t");
    settled(&idmux);
    let screen = idmux.screen();
    assert!(screen.contains("\"red\""), "{screen}");
    assert_eq!(elsewhere.get("theme"), json!("red"));
    idmux.quit();
    runtime.block_on(app.stop()).unwrap();
    // What stands right of the list and the session: the data.
    lasting(
        &screen
            .lines()
            .filter(|line| line.contains(": \""))
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
    )
}

#[test]
fn a_conflict_of_two_is_shown_and_nothing_is_lost() {
    twice(conflict);
}

#[test]
fn the_source_is_read_and_told_apart_from_the_copy_in_the_token() {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = app(&runtime);
    let mut idmux = idmux_at(&app, home.path(), "false", LARGE);
    let elsewhere = Elsewhere::log_in(&runtime, &app, "ada@example.com");
    elsewhere.set("theme", json!("dark"));
    idmux.send("S");
    idmux.wait_until("the field that the token lacks", |screen| {
        screen.contains("+ theme") && screen.contains("≠ 3") && screen.contains("source now")
    });
    idmux.send("R");
    idmux.wait_for("alike");
    elsewhere.set("theme", json!("light"));
    idmux.send("S");
    idmux.wait_for("\"dark\" → \"light\"");
    idmux.quit();
    runtime.block_on(app.stop()).unwrap();
}

#[test]
fn a_whole_document_goes_through_the_editor() {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = app(&runtime);
    // The first time it breaks the text, the second time it mends it; each time it tells what it sees.
    let seen = home.path().join("seen");
    let lines = format!(
        "echo \"EDITOR RUNS\"\nls -l \"$1\" >> {seen}\ncat \"$1\" >> {seen}\nenv >> {seen}\n\
         if [ -e {home}/again ]; then printf '{{\"theme\": \"dark\", \"n\": [1, 2]}}' > \"$1\"; exit; fi\n\
         touch {home}/again\nprintf '{{\"theme\": \"dark\",' > \"$1\"\nread line\necho \"got $line\" >> {seen}",
        seen = seen.display(),
        home = home.path().display(),
    );
    let editor = script(home.path(), "editor", &lines);
    let mut idmux = idmux_at(&app, home.path(), &editor, LARGE);
    let elsewhere = Elsewhere::log_in(&runtime, &app, "ada@example.com");

    idmux.send("E");
    let screen = idmux.wait_for("EDITOR RUNS");
    assert!(!screen.contains("Custom data"), "the screen was left\n{screen}");
    assert!(idmux.echoes(), "the terminal is as the editor expects it");
    // Keys go to the editor.
    idmux.send("quit\n");
    let screen = idmux.wait_for("Nothing was written");
    assert!(screen.contains("not valid JSON"), "{screen}");
    assert!(!idmux.echoes(), "the terminal is taken back");
    assert!(std::fs::read_to_string(&seen).unwrap().contains("got quit"));

    // What was typed is there for another try.
    idmux.send(ENTER);
    let screen = idmux.wait_for("Enter writes 2 changes");
    assert!(screen.contains("+ theme: \"dark\"") && screen.contains("+ n: [1,2]"), "{screen}");
    assert_eq!(elsewhere.get("theme"), Value::Null, "a preview writes nothing");
    idmux.send(ENTER);
    settled(&idmux);
    assert_eq!(elsewhere.get("theme"), json!("dark"));

    let seen = std::fs::read_to_string(&seen).unwrap();
    assert!(seen.contains("-rw------- "), "the file is private\n{seen}");
    assert!(
        seen.contains("{\"theme\": \"dark\","),
        "the second try begins with the text of the first\n{seen}"
    );
    let path = seen.split_whitespace().find(|word| word.ends_with("custom-data.json")).unwrap();
    assert!(!Path::new(path).exists() && !Path::new(path).parent().unwrap().exists(), "it has vanished");

    // The screen is whole, and the keys are idmux's.
    idmux.send("?");
    idmux.wait_for("all custom data in $VISUAL");
    super::close(&mut idmux, "all custom data in $VISUAL");
    idmux.quit();
    runtime.block_on(app.stop()).unwrap();
}

#[test]
fn sessions_live_and_others_write_while_somebody_edits() {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = app(&runtime);
    let lines = "sed -i 's/\"dark\"/\"light\"/' \"$1\"\necho EDITOR RUNS\nread line";
    let editor = script(home.path(), "editor", lines);
    let mut idmux = idmux_at(&app, home.path(), &editor, LARGE);
    let elsewhere = Elsewhere::log_in(&runtime, &app, "ada@example.com");
    elsewhere.set("theme", json!("dark"));
    idmux.send("E");
    idmux.wait_for("EDITOR RUNS");
    elsewhere.set("visits", json!({ "$numberLong": "7" }));
    idmux.send("done\n");
    idmux.wait_for("\"dark\" → \"light\"");
    idmux.send(ENTER);
    let screen = idmux.wait_for("A conflict in the custom data");
    assert!(screen.contains("visits") && screen.contains("not changed"), "{screen}");
    idmux.send("w");
    settled(&idmux);
    assert_eq!(elsewhere.get("theme"), json!("light"));
    assert_eq!(elsewhere.get("visits"), json!({ "$numberLong": "7" }), "what only they changed stays");
    idmux.quit();
    runtime.block_on(app.stop()).unwrap();
}
