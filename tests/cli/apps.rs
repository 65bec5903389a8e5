//! Apps elsewhere: made known, used by later commands, forgotten.

use std::cell::RefCell;
use std::net::TcpListener;

use serde_json::json;

use crate::device::{Device, Ended, PASSWORD, has_fields, interrupt, wait_until};
use crate::server::{APP_ID, Scripted, Serve, add};

#[test]
fn an_app_is_known_to_the_commands_after() {
    let (device, server) = (Device::new(), Serve::start(&[]));
    let added =
        device.run(&["app", "add", "shop", "--url", &server.url, "--app-id", APP_ID, "--json"]).json();
    let url = format!("{}/", server.url);
    assert_eq!(added, json!({ "app": "shop", "app_id": APP_ID, "url": url }));
    let apps = device.run(&["app", "list", "--json"]).json();
    has_fields(&apps[0], &["app", "app_id", "url", "kept", "looked_after", "current", "users"]);
    assert_eq!(
        apps,
        json!([{ "app": "shop", "app_id": APP_ID, "url": url, "kept": true, "looked_after": false, "current": null, "users": 0 }])
    );

    let ada = device.register("ada@example.com", &[]);
    assert_eq!(ada["app"], "shop", "the only app needs no naming");
    device.run(&["refresh"]).ok();
    let apps = device.run(&["app", "list", "--json"]).json();
    assert_eq!((&apps[0]["current"], &apps[0]["users"]), (&ada["id"], &json!(1)));
    let table = device.run(&["app", "list"]);
    assert!(
        table.ok().lines().any(|line| line.starts_with("shop") && line.contains(&server.url)),
        "{table:?}"
    );
}

#[test]
fn several_apps_are_kept_apart_and_have_to_be_named() {
    let (device, server, other) = (Device::new(), Serve::start(&[]), Serve::start(&[]));
    add(&device, "shop", &server.url);
    add(&device, "bank", &other.url);
    let error = device.run(&["login", "anon", "--json"]).error(2);
    assert_eq!((&error["code"], &error["candidates"]), (&json!("app-needed"), &json!(["shop", "bank"])));

    let in_shop = device.register("ada@example.com", &["--app", "shop"]);
    let in_bank = device.register("ada@example.com", &["--app", "bank"]);
    assert_eq!(device.run(&["users", "--app", "bank", "--json"]).json()[0]["id"], in_bank["id"]);
    device.run(&["logout", "--app", "bank", "--as", "ada"]).ok();
    let users = device.users();
    let state =
        |id: &serde_json::Value| users.iter().find(|user| user["id"] == *id).unwrap()["state"].clone();
    assert_eq!((state(&in_shop["id"]), state(&in_bank["id"])), (json!("active"), json!("logged-out")));
    assert_eq!(device.run(&["login", "anon", "--app", "local", "--json"]).json()["app"], "local");
}

#[test]
fn an_app_is_forgotten_with_its_users() {
    let (device, server) = (Device::new(), Serve::start(&[]));
    add(&device, "shop", &server.url);
    device.register("ada@example.com", &[]);
    device.run(&["login", "anon", "--app", "local"]).ok();
    let gone = device.run(&["app", "remove", "shop", "--json"]).json();
    assert_eq!(gone, json!({ "app": "shop", "result": "forgotten", "users": 1 }));
    let left = device.users();
    assert_eq!((left.len(), &left[0]["app"]), (1, &json!("local")));
    assert_eq!(device.run(&["users", "--app", "shop", "--json"]).error(2)["code"], "unknown-app");
    add(&device, "shop", &server.url);
    assert_eq!(device.run(&["users", "--app", "shop", "--json"]).json(), json!([]));
}

#[test]
fn the_name_of_an_app_cannot_be_taken_for_another() {
    let (device, server, other) = (Device::new(), Serve::start(&[]), Scripted::start("Mallory"));
    add(&device, "shop", &server.url);
    let ada = device.register("ada@example.com", &[]);
    let taken = device.run(&["app", "add", "shop", "--url", &other.url, "--app-id", APP_ID, "--json"]);
    assert_eq!(taken.error(1)["code"], "app-exists");
    add(&device, "shop", &server.url);
    device.run(&["refresh"]).ok();
    assert_eq!(device.users()[0]["id"], ada["id"]);
    assert_eq!(other.renewals(), 0, "no token went to the other address");
}

#[test]
fn a_server_that_is_away_is_named() {
    let device = Device::new();
    let address = {
        let server = Serve::start(&[]);
        add(&device, "shop", &server.url);
        device.register("ada@example.com", &[]);
        server.url.trim_start_matches("http://").to_owned()
    };
    let said = device.run(&["refresh"]);
    assert!(said.refused(5).contains("ada@example.com of shop") && said.err.contains(&address), "{said:?}");
    assert_eq!(device.run(&["login", "anon", "--json"]).error(5)["code"], "unreachable");
    let log_in = ["login", "email", "ada@example.com", "--password-stdin", "--json"];
    assert_eq!(device.run_with(&log_in, PASSWORD).error(5)["code"], "unreachable");

    // A person may leave all the same, and hears that the server does not know.
    let left = device.run(&["logout"]);
    assert!(left.code == 0 && left.out.contains("logged out"), "{left:?}");
    assert!(left.err.contains("the server does not know"), "{left:?}");
    assert_eq!(device.users()[0]["state"], "logged-out");
}

#[test]
fn a_refusal_is_told_apart_from_a_session_that_is_over() {
    let (device, server) = (Device::new(), Scripted::start("Ada"));
    add(&device, "shop", &server.url);
    device.run(&["login", "anon"]).ok();
    server.refuse(403, json!({ "error": "not from here" }));
    let error = device.run(&["refresh", "--json"]).error(4);
    assert_eq!(error["code"], "refused");
    assert!(!error["hint"].as_str().unwrap().contains("log the user in"), "{error}");
    assert_eq!(device.users()[0]["state"], "active");

    server.refuse(401, json!({ "error": "invalid session", "error_code": "InvalidSession" }));
    assert_eq!(device.run(&["refresh", "--json"]).error(3)["code"], "not-logged-in");
    let user = &device.users()[0];
    assert_eq!(user["state"], "log-in-again");
    assert!(user["reason"].as_str().unwrap().contains("ended the session"), "{user}");
}

#[test]
fn what_a_server_says_does_nothing_to_a_terminal() {
    let (device, server) = (Device::new(), Scripted::start("\u{1b}[2J\u{202e}eve\u{9b}31m\nroot"));
    add(&device, "shop", &server.url);
    let said = [
        device.run(&["login", "anon"]),
        device.run(&["login", "anon", "--json"]),
        device.run(&["users"]),
        device.run(&["users", "--json"]),
        device.run(&["logout", "--as", "650", "--json"]),
        device.run(&["logout", "--as", "0"]),
        device.run(&["timeline"]),
    ];
    for ended in &said {
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        let all = format!("{}{}", ended.out, ended.err);
        assert!(!all.contains(acts), "{all:?}");
    }
    assert_eq!(said[2].ok().lines().count(), 3);
    let users = said[3].json();
    assert_eq!(users[0]["label"], "\u{1b}[2J\u{202e}eve\u{9b}31m\nroot", "scripts get it as it is");
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_while_a_server_thinks_exits_130_and_writes_nothing() {
    let device = Device::new();
    // It takes connections, and never says a word.
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    silent.set_nonblocking(true).unwrap();
    add(&device, "shop", &format!("http://{}", silent.local_addr().unwrap()));
    let child = device.command(&["login", "anon"]).spawn().unwrap();
    let connection = RefCell::new(None);
    wait_until("the server is asked", || {
        *connection.borrow_mut() = silent.accept().ok();
        connection.borrow().is_some()
    });
    interrupt(&child);
    let ended = Ended::of(child);
    assert_eq!(ended.refused(130), "idmux: interrupted\n");
    assert_eq!(device.users().len(), 0);
}

/// Kind: a second word about the same thing that silently takes back the first.
#[test]
fn a_second_add_keeps_what_is_not_given_and_checks_what_is() {
    let (device, server) = (Device::new(), Serve::start(&[]));
    let add = ["app", "add", "shop", "--url", &server.url, "--app-id", APP_ID];
    let with_token = [&add[..], &["--control-token-stdin", "--custom-data-collection", "profiles"]].concat();
    device.run_with(&with_token, &server.control_token).ok();
    device.run(&["clock", "show"]).ok();
    device.run(&add).ok();
    device.run(&["clock", "show"]).ok();
    let refused =
        device.run_with(&[&add[..], &["--control-token-stdin"]].concat(), "a wrong token of some length");
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(refused.err.contains("nothing was changed"), "{refused:?}");
    device.run(&["clock", "show"]).ok();
    assert_eq!(device.run(&["app", "list", "--json"]).json()[0]["looked_after"], true);
}
