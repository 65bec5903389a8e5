//! A log-in at a slow App, given up half-way.

use idmux::local_app::{ANY_PORT, LocalApp, Options, Storage};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::restless::{Person, lasting, twice};
use super::{ENTER, ESCAPE, SMALL, TAB, at_app};
use crate::support::Client;

const LOG_IN: &str = "/auth/providers/local-userpass/login";

/// An App that is slow, and tells how often it was asked for something.
struct SlowApp {
    runtime: tokio::runtime::Runtime,
    app: LocalApp,
    client: Client,
}

impl SlowApp {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = Options::new("shop-abcde", Storage::Memory);
        let app = runtime.block_on(LocalApp::start(ANY_PORT, options)).unwrap();
        let client = Client::new(app.base_url().as_str().trim_end_matches('/'), "shop-abcde");
        runtime.block_on(client.register("ada@example.com", "secret1")).done(201);
        Self { runtime, app, client }
    }

    fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let token = self.app.control_token().expose_secret();
        let reply = self.runtime.block_on(self.client.control(token, method, path, body));
        if reply.text.is_empty() { Value::Null } else { reply.json() }
    }

    /// Delays a kind of request from here on; the fault's id.
    fn delay(&self, method: &str, path: &str, by_ms: u64) -> String {
        let matches = json!({ "method": method, "path_prefix": path });
        let body = json!({ "match": matches, "effect": { "delay_ms": by_ms } });
        self.control(Method::POST, "/faults", body)["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the fault has struck `count` times.
    fn wait_hits(&self, id: &str, count: u64) {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let faults = self.control(Method::GET, "/faults", Value::Null);
            let fault = faults.as_array().unwrap().iter().find(|fault| fault["id"] == id).unwrap();
            if fault["hits"] == count {
                return;
            }
            assert!(std::time::Instant::now() < end, "{faults}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

fn journey(person: Person) -> String {
    let home = tempfile::tempdir().unwrap();
    let app = SlowApp::start();
    let slow = app.delay("POST", LOG_IN, 2_000);
    let ended = app.delay("DELETE", "/auth/session", 1);
    let mut idmux = at_app(home.path(), app.app.base_url().as_str(), SMALL);
    idmux.wait_for("Nobody is logged in yet");
    // The account is there already.
    idmux.fill("ada@example.com");
    idmux.send(TAB);
    idmux.send("secret1");
    idmux.send(TAB);
    idmux.send(" ");
    idmux.wait_for("[ ] register");
    person.stirs(&idmux, SMALL, "•••••••");
    idmux.send(ENTER);
    idmux.wait_for("logging in…");
    app.wait_hits(&slow, 1);
    if person == Person::Restless {
        idmux.resize(super::LARGE);
        idmux.wait_until("the wait in a large terminal", |screen| {
            screen.contains("logging in…") && screen.lines().count() == 45
        });
        idmux.resize(SMALL);
        idmux.wait_until("and in a small one", |screen| {
            screen.contains("logging in…") && screen.lines().count() == 24
        });
    }
    // One escape is enough: nothing that was typed is worth a question.
    idmux.send(ESCAPE);
    idmux.wait_until("the dialog is gone", |screen| {
        screen.contains("given up") && !screen.contains("logging in…") && screen.contains("0 users")
    });

    // The answer comes when nobody waits for it: its session is ended at the App.
    app.wait_hits(&ended, 1);
    let screen = idmux.screen();
    assert!(screen.contains("0 users") && screen.contains("Nobody is logged in"), "{screen}");

    // The same form, with the App as it should be.
    app.control(Method::DELETE, &format!("/faults/{slow}"), Value::Null);
    idmux.send("l");
    idmux.wait_for("Log in to shop-abcde");
    idmux.fill("ada@example.com");
    idmux.send(TAB);
    idmux.send("secret1");
    person.stirs(&idmux, SMALL, "•••••••");
    idmux.send(ENTER);
    idmux.wait_until("the log-in", |screen| {
        screen.contains("ada@example.com: logged in") && !screen.contains("Log in to")
    });
    idmux.send("R");
    let screen = idmux.wait_until("the session lives", |screen| {
        screen.contains("ada@example.com: access token renewed") && screen.contains("1 user ")
    });
    app.wait_hits(&ended, 1);
    idmux.quit();

    // And nothing else is remembered.
    let idmux = at_app(home.path(), app.app.base_url().as_str(), SMALL);
    idmux.wait_until("one user", |screen| screen.contains("1 user ") && screen.contains("active"));
    idmux.quit();
    app.runtime.block_on(app.app.stop()).unwrap();
    lasting(&screen)
}

#[test]
fn a_log_in_that_is_given_up_half_way_leaves_nothing_behind() {
    twice(journey);
}
