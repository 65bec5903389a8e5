//! What commands write, and where: results on standard output, objects alone on standard error for scripts, and nothing lost
//! in silence.

use std::fs::{self, File};

use serde_json::{Value, json};

use crate::device::{Device, Ended};
use crate::server::{Serve, add};

/// Kind: an error for scripts that is text for people, because it comes before the command that scripts called.
#[test]
fn usage_errors_are_objects_for_scripts() {
    let device = Device::new();
    for args in [
        &["users", "--json", "--no-such-flag"][..],
        &["--json", "users"],
        &["token", "--json", "--min-ttl", "soon"],
        &["login", "--json"],
        &["login", "email", "--json"],
        &["app", "add", "shop", "--json"],
        &["app", "add", "shop", "--url", "ftp://127.0.0.1", "--app-id", "shop-abcde", "--json"],
        &["nonsense", "--json"],
        &["api-key", "create", "--json"],
        &["link", "--json", "myspace"],
    ] {
        let error = device.run(args).error(2);
        assert_eq!(error["code"], "usage", "{args:?}: {error}");
        assert!(!error["message"].as_str().unwrap().starts_with("error:"), "{error}");
    }
    let people = device.run(&["users", "--no-such-flag"]);
    assert!(people.refused(2).starts_with("error: unexpected argument"), "{people:?}");
    let after = device.run(&["users", "--", "--json"]);
    assert!(after.refused(2).starts_with("error: "), "--json after -- is no flag: {after:?}");
}

/// Kind: a secret in an error that refuses it.
#[test]
fn a_refused_address_is_repeated_without_its_password() {
    let device = Device::new();
    let add =
        ["app", "add", "shop", "--app-id", "shop-abcde", "--url", "http://ada:hidden-word@127.0.0.1:1/"];
    for args in [&add[..], &[&add[..], &["--json"]].concat()] {
        let ended = device.run(args);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            !ended.err.contains("hidden-word") && ended.err.contains("user name or password"),
            "{ended:?}"
        );
    }
    assert_eq!(device.run(&["app", "list", "--json"]).json(), json!([]));
}

/// Kind: a result that was not written, and exit code 0.
#[test]
fn what_cannot_be_written_is_a_failure() {
    let device = Device::new();
    let folder = device.home().join("shop");
    for args in [
        &["keys"][..],
        &["keys", "--markdown"],
        &["--help"],
        &["--version"],
        &["users", "--help"],
        &["users"],
        &["users", "--json"],
        &["app", "init", folder.to_str().unwrap()],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = Ended::of(device.command(args).stdout(full).spawn().unwrap());
        assert_eq!(ended.code, 1, "{args:?}: {ended:?}");
        assert!(ended.err.contains("could not write to standard output"), "{args:?}: {ended:?}");
    }
}

/// Kind: lines of a file that an error makes one line of.
#[test]
fn an_error_in_the_configuration_keeps_its_lines() {
    let device = Device::new();
    let path = device.home().join("config.toml");
    fs::write(&path, "[lok]\nmouse = 1\n").unwrap();
    let expected = ["  1 | [lok]", "unknown field `lok`"];
    for args in [&["users"][..], &["keys"], &["--plain"]] {
        let ended = device.run(args);
        assert_eq!(ended.code, 1, "{args:?}: {ended:?}");
        assert!(ended.err.starts_with(&format!("idmux: {}: ", path.display())), "{ended:?}");
        for line in expected {
            assert!(ended.err.lines().any(|said| said.contains(line)), "{args:?}: {}", ended.err);
        }
    }
    let error = device.run(&["users", "--json"]).error(1);
    assert!(error["message"].as_str().unwrap().contains("\n1 | [lok]\n"), "{error}");
}

/// Kind: a warning for people between objects for scripts.
#[test]
fn warnings_are_in_an_object_for_scripts() {
    let (device, server) = (Device::new(), Serve::start(&[]));
    add(&device, "shop", &server.url);
    device.register("ada@example.com", &[]);
    drop(server);
    let ended = device.run(&["logout", "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(serde_json::from_str::<Value>(&ended.out).unwrap()["app"], "shop");
    let warned: Value = serde_json::from_str(&ended.err).unwrap();
    assert!(warned["warnings"][0].as_str().unwrap().contains("ada@example.com of shop"), "{warned}");
    assert_eq!(warned, json!({ "warnings": [warned["warnings"][0]] }));
}
