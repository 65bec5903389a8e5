//! What the command line does for the users of a local App that it looks after, and for its clock and mailbox.

use std::process::Command;

use serde_json::{Value, json};

use crate::device::{Device, Ended, PASSWORD, has_fields};
use crate::server::{APP_ID, Serve};

/// A device that looks after a served App under the name `shop`.
fn caretaker(server: &Serve) -> Device {
    let device = Device::new();
    let args = ["app", "add", "shop", "--url", &server.url, "--app-id", APP_ID, "--control-token-stdin"];
    device.run_with(&args, &server.control_token).ok();
    device
}

#[test]
fn the_clock_is_shown_moved_stopped_and_reset() {
    let server = Serve::start(&[]);
    let device = caretaker(&server);
    let apps = device.run(&["app", "list", "--json"]).json();
    assert_eq!(apps[0]["looked_after"], true);
    let clock = device.run(&["clock", "--json"]).json();
    has_fields(&clock, &["app", "now", "offset_seconds", "frozen"]);
    assert_eq!((&clock["offset_seconds"], &clock["frozen"]), (&json!(0), &json!(false)));
    let clock = device.run(&["clock", "advance", "61d", "--json"]).json();
    assert_eq!(clock["offset_seconds"], 61 * 86_400);
    let clock = device.run(&["clock", "advance", "-1d", "--json"]).json();
    assert_eq!(clock["offset_seconds"], 60 * 86_400);
    let clock = device.run(&["clock", "set", "2030-01-01T00:00:00Z", "--json"]).json();
    assert!(clock["now"].as_str().unwrap().starts_with("2030-01-01T00:00"), "{clock}");
    assert_eq!(device.run(&["clock", "freeze", "--json"]).json()["frozen"], true);
    assert_eq!(device.run(&["clock", "run", "--json"]).json()["frozen"], false);
    assert!(device.run(&["clock", "reset"]).ok().contains("its clock goes with its machine"));
    device.run(&["clock", "advance", "soon"]).refused(2);
}

#[test]
fn sixty_one_days_later_a_script_is_told_to_log_in_again() {
    let server = Serve::start(&[]);
    let device = caretaker(&server);
    device.register("ada@example.com", &[]);
    device.run(&["clock", "advance", "61d"]).ok();
    assert_eq!(device.run(&["refresh", "--json"]).error(3)["code"], "not-logged-in");
    assert_eq!(device.users()[0]["state"], "log-in-again");
}

#[test]
fn an_app_that_nobody_looks_after_refuses_and_says_what_helps() {
    let server = Serve::start(&[]);
    let device = Device::new();
    crate::server::add(&device, "shop", &server.url);
    let error = device.run(&["clock", "--json"]).error(4);
    assert!(error["hint"].as_str().unwrap().contains("--control-token-stdin"), "{error}");
    let args = ["app", "add", "shop", "--url", &server.url, "--app-id", APP_ID, "--control-token-stdin"];
    assert!(device.run_with(&args, "another token").refused(4).contains("the control token was refused"));
    device.run(&["mail", "list", "--json"]).error(4);
}

#[test]
fn an_api_key_is_made_used_disabled_and_deleted() {
    let server = Serve::start(&[]);
    let device = caretaker(&server);
    let ada = device.register("ada@example.com", &[]);
    let secret = device.run(&["api-key", "create", "ci"]).ok().trim().to_owned();
    assert_eq!(secret.len(), 64, "the key and nothing else");
    let listed = device.run(&["api-key", "list", "--json"]);
    assert!(!listed.out.contains(&secret), "it is told once");
    let keys = listed.json();
    has_fields(&keys[0], &["id", "name", "enabled"]);
    assert_eq!((&keys[0]["name"], &keys[0]["enabled"]), (&json!("ci"), &json!(true)));
    let log_in = || device.run_with(&["login", "key", "--secret-stdin", "--json"], &secret);
    assert_eq!(log_in().json()["id"], ada["id"], "it is its owner's");
    // Whoever came by a key may not manage keys.
    device.run(&["api-key", "disable", "ci"]).refused(4);
    let by_password =
        || device.run_with(&["login", "email", "ada@example.com", "--password-stdin"], PASSWORD);
    by_password().ok();
    device.run(&["api-key", "create", "no good"]).refused(2);
    device.run(&["api-key", "disable", "nobody"]).refused(1);

    device.run(&["api-key", "disable", "ci"]).ok();
    assert_eq!(log_in().error(3)["code"], "credentials");
    device.run(&["api-key", "enable", keys[0]["id"].as_str().unwrap()]).ok();
    log_in().ok();
    by_password().ok();
    assert_eq!(device.run(&["api-key", "delete", "ci", "--json"]).error(2)["code"], "consent-needed");
    let deleted = device.run(&["api-key", "delete", "ci", "--yes", "--json"]).json();
    assert_eq!(deleted["result"], "deleted");
    log_in().refused(3);
    assert_eq!(device.run(&["api-key", "list", "--json"]).json(), json!([]));
}

#[test]
fn a_password_is_reset_by_the_mail_that_the_mailbox_shows() {
    let server = Serve::start(&[]);
    let device = caretaker(&server);
    device.register("ada@example.com", &[]);
    let sent = device.run(&["reset-password", "send", "ada@example.com", "--json"]).json();
    assert_eq!(sent["result"], "reset-sent");
    let mails = device.run(&["mail", "list", "--to", "ada@example.com", "--json"]).json();
    assert_eq!((&mails[0]["purpose"], &mails[0]["state"]), (&json!("reset"), &json!("open")));
    let link = device.home().join("link");
    std::fs::write(&link, mails[0]["link"].as_str().unwrap()).unwrap();
    let set = |password: &str| {
        let script = format!(
            "printf %s '{password}' | \"$IDMUX\" reset-password set --password-stdin --secret-fd 3 3<\"$LINK\""
        );
        let mut shell = Command::new("sh");
        shell.env("IDMUX", env!("CARGO_BIN_EXE_idmux")).env("LINK", &link);
        Ended::of(device.surround(shell, &["-c", &script]).spawn().unwrap())
    };
    set("another password").ok();
    set("a third password").refused(4);
    device.run_with(&["login", "email", "ada@example.com", "--password-stdin"], "another password").ok();
    device.run_with(&["login", "email", "ada@example.com", "--password-stdin"], PASSWORD).refused(3);
    device.run(&["mail", "clear"]).ok();
    assert_eq!(device.run(&["mail", "list", "--json"]).json(), Value::Array(vec![]));
    let error = device.run(&["mail", "confirm", "ada@example.com", "--json"]).error(1);
    assert_eq!(error["code"], "unknown-mail");
}

#[test]
fn a_new_address_waits_for_its_confirmation() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("app");
    let folder = folder.to_str().unwrap();
    Device::new().run(&["app", "init", folder]).ok();
    let path = std::path::Path::new(folder).join("auth/providers.json");
    let mut providers: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    providers["local-userpass"]["config"] = json!({
        "autoConfirm": false,
        "emailConfirmationUrl": "http://localhost/confirm",
        "resetPasswordUrl": "http://localhost/reset",
    });
    std::fs::write(&path, providers.to_string()).unwrap();
    let server = Serve::start(&["--app", folder]);
    let device = caretaker(&server);
    let register = ["login", "email", "ada@example.com", "--register", "--password-stdin", "--json"];
    assert_eq!(device.run_with(&register, PASSWORD).error(3)["code"], "confirmation-pending");
    device.run(&["confirm", "send", "ada@example.com"]).ok();
    let confirmed = device.run(&["mail", "confirm", "ada@example.com", "--json"]).json();
    assert_eq!(confirmed["result"], "confirmed");
    device.run_with(&["login", "email", "ada@example.com", "--password-stdin"], PASSWORD).ok();
    device.run_with(&["confirm", "link", "--secret-stdin"], "nolink").refused(2);
}
