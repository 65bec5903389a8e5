//! `idmux token`, `idmux timeline`, and the reuse of an anonymous user.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::device::{Device, Ended, has_fields, wait_until};
use crate::server::{Scripted, Serve, add};
use crate::terminal::{Size, Terminal};

#[test]
fn a_token_is_printed_alone_and_renewed_only_if_need_be() {
    let (device, server) = (Device::new(), Scripted::start("Ada"));
    add(&device, "shop", &server.url);
    device.run(&["login", "anon"]).ok();
    let first = device.run(&["token"]).ok().to_owned();
    assert_eq!((first.trim_end().split('.').count(), first.lines().count()), (3, 1));
    assert_eq!(device.run(&["token", "--min-ttl", "5m"]).ok(), first);
    assert_eq!(server.renewals(), 0);

    let object = device.run(&["token", "--as", "Ada", "--min-ttl", "20m", "--json"]).json();
    has_fields(&object, &["app", "id", "label", "token", "expires"]);
    object["expires"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let renewed = device.run(&["token", "--min-ttl", "20m"]).ok().to_owned();
    assert_ne!(renewed, first);
    assert_eq!(object["token"], renewed.trim_end());
    assert_eq!(server.renewals(), 1);

    // No token of this server lives so long: one renewal is tried, and no more.
    assert_eq!(device.run(&["token", "--min-ttl", "2h", "--json"]).error(7)["code"], "min-ttl");
    assert_eq!(server.renewals(), 2);
}

#[test]
fn commands_that_need_a_token_at_once_cause_one_renewal() {
    let (device, server) = (Device::new(), Scripted::start("Ada"));
    add(&device, "shop", &server.url);
    device.run(&["login", "anon"]).ok();
    let token = ["token", "--min-ttl", "20m"];
    let running: Vec<_> = (0..5).map(|_| device.command(&token).spawn().unwrap()).collect();
    let tokens: HashSet<_> = running.into_iter().map(|child| Ended::of(child).ok().to_owned()).collect();
    assert_eq!((tokens.len(), server.renewals()), (1, 1));
}

#[test]
fn a_token_that_is_over_is_renewed_before_it_is_printed() {
    let (device, server) = (Device::new(), Serve::start(&["--access-token-ttl", "2s"]));
    add(&device, "shop", &server.url);
    device.run(&["login", "anon"]).ok();
    let first = device.run(&["token", "--min-ttl", "0s"]).ok().to_owned();
    wait_until("the token is over", || device.users()[0]["state"] == "expired");
    let second = device.run(&["token", "--min-ttl", "0s"]).ok().to_owned();
    assert_ne!(first, second);
}

#[test]
fn there_is_no_token_without_a_session() {
    let device = Device::new();
    device.register("ada@example.com", &[]);
    device.run(&["logout"]).ok();
    let error = device.run(&["token", "--json"]).error(3);
    assert!(error["message"].as_str().unwrap().contains("ada@example.com of local"), "{error}");
}

#[test]
fn a_person_who_sees_a_token_is_warned() {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    assert_eq!(device.run(&["token"]).err, "");
    let mut terminal = Terminal::idmux_with(device.home(), &["token"], Size(100, 24), &device.variables());
    terminal.wait_for("whoever sees this token");
    assert!(terminal.wait_exit().success());
}

#[test]
fn the_timeline_tells_what_happened_and_why() {
    let device = Device::new();
    device.register("ada@example.com", &[]);
    device.run(&["refresh"]).ok();
    device.run(&["logout"]).ok();
    let entries = device.run(&["timeline", "--as", "ada", "--json"]).json();
    let entries: Vec<Value> = serde_json::from_value(entries).unwrap();
    assert!(entries.len() >= 3, "{entries:?}");
    has_fields(&entries[0], &["at", "what", "rule"]);
    let what: Vec<_> = entries.iter().map(|entry| entry["what"].as_str().unwrap().to_lowercase()).collect();
    let at = |word: &str| {
        what.iter().position(|what| what.contains(word)).unwrap_or_else(|| panic!("{word}: {what:?}"))
    };
    assert!(at("logged in") < at("renewed") && at("renewed") < at("logged out"), "{what:?}");
    assert_eq!(device.run(&["timeline", "--as", "ada"]).ok().lines().count(), entries.len() + 1);
    assert_eq!(device.run(&["timeline", "--as", "bob", "--json"]).error(2)["code"], "unknown-user");
}

#[test]
fn an_anonymous_user_is_reused_only_on_request() {
    let device = Device::new();
    let reused = || device.run(&["login", "anon", "--reuse", "--json"]).json();
    let first = reused();
    assert_eq!(first["result"], "logged-in");
    let again = reused();
    assert_eq!((&again["id"], &again["result"]), (&first["id"], &json!("reused")));
    let second = device.run(&["login", "anon", "--json"]).json();
    assert_ne!(second["id"], first["id"]);
    assert_eq!(device.users().len(), 2);
    for user in device.users() {
        device.run(&["logout", "--as", user["id"].as_str().unwrap(), "--yes"]).ok();
    }
    let third = reused();
    assert!(third["id"] != first["id"] && third["id"] != second["id"], "one who is logged out is not reused");
}

/// Kind: an irreversible act with the words of a harmless one. Nobody can log in as an anonymous user again.
#[test]
fn an_anonymous_user_is_not_lost_without_consent() {
    let device = Device::new();
    let anonymous = device.run(&["login", "anon", "--json"]).json();
    let id = anonymous["id"].as_str().unwrap();
    for command in ["logout", "remove"] {
        let error = device.run(&[command, "--as", id, "--json"]).error(2);
        assert_eq!(error["code"], "consent-needed", "{error}");
        assert!(error["message"].as_str().unwrap().contains("only way in"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("--yes"), "{error}");
    }
    assert_eq!(device.users()[0]["state"], "active");
    device.run(&["logout", "--as", id, "--yes"]).ok();
    assert_eq!(device.users()[0]["state"], "logged-out");
    // There is nothing left to lose.
    device.run(&["remove", "--as", id]).ok();
}
