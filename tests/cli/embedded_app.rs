//! Every command on the App that idmux embeds, which needs nothing beside the binary.

use std::process::Stdio;

use serde_json::json;

use crate::device::{Device, Ended, PASSWORD, has_fields, interrupt, wait_until};

#[test]
fn a_fresh_device_has_no_users_and_no_apps() {
    let device = Device::new();
    assert_eq!(device.run(&["users", "--json"]).json(), json!([]));
    assert_eq!(device.run(&["app", "list", "--json"]).json(), json!([]));
    assert!(device.run(&["users"]).ok().contains("USER"));
    for command in ["refresh", "logout", "remove", "token", "timeline"] {
        let error = device.run(&[command, "--json"]).error(3);
        assert_eq!(error["code"], "no-current-user", "{command}");
    }
    assert_eq!(device.run(&["switch", "ada", "--json"]).error(2)["code"], "unknown-user");
}

#[test]
fn users_log_in_and_are_listed_by_the_next_command() {
    let device = Device::new();
    let anonymous = device.run(&["login", "anon", "--json"]).json();
    has_fields(&anonymous, &["app", "id", "label", "result"]);
    assert_eq!((&anonymous["app"], &anonymous["result"]), (&json!("local"), &json!("logged-in")));
    let ada = device.register("ada@example.com", &[]);

    let users = device.users();
    assert_eq!(users.len(), 2);
    has_fields(
        &users[1],
        &[
            "app",
            "id",
            "label",
            "providers",
            "state",
            "reason",
            "access_expires",
            "refresh_expires",
            "last_refresh",
            "current",
        ],
    );
    assert_eq!(users[0]["id"], anonymous["id"]);
    assert_eq!(users[0]["providers"], json!(["anon-user"]));
    assert_eq!(users[0]["current"], false);
    assert_eq!(users[1]["id"], ada["id"]);
    assert_eq!(users[1]["label"], "ada@example.com");
    assert_eq!(users[1]["providers"], json!(["local-userpass"]));
    assert_eq!((&users[1]["state"], &users[1]["current"]), (&json!("active"), &json!(true)));
    for field in ["access_expires", "refresh_expires"] {
        users[1][field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    }

    let table = device.run(&["users"]);
    let lines: Vec<_> = table.ok().lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[2].starts_with("*  ada@example.com"), "{}", lines[2]);
    assert!(!table.ok().contains('\u{1b}'), "no colours in a pipe");
    let column = |line: &str| line.find("local").or_else(|| line.find("APP"));
    assert_eq!(column(lines[0]), column(lines[2]));

    let again = device.run_with(&["login", "email", "ada@example.com", "--password-stdin"], PASSWORD);
    assert!(again.ok().contains("ada@example.com of local: logged in again"));
    assert_eq!(device.users().len(), 2);
}

#[test]
fn a_refused_log_in_leaves_nothing_and_says_why() {
    let device = Device::new();
    device.register("ada@example.com", &[]);
    let log_in = ["login", "email", "ada@example.com", "--password-stdin"];
    let said = device.run_with(&log_in, "hunter2hunter2");
    assert!(said.refused(3).contains("ada@example.com of local: could not log in"), "{said:?}");
    assert!(!said.err.contains("hunter2"), "{said:?}");
    let error = device.run_with(&[&log_in[..], &["--json"]].concat(), "hunter2hunter2").error(3);
    assert_eq!(error["code"], "credentials");

    let register = ["login", "email", "ada@example.com", "--register", "--password-stdin", "--json"];
    assert_eq!(device.run_with(&register, PASSWORD).error(4)["code"], "refused");
    let register = ["login", "email", "bob@example.com", "--register", "--password-stdin", "--json"];
    assert_eq!(device.run_with(&register, "short").error(2)["code"], "input");
    assert_eq!(device.users().len(), 1);
}

#[test]
fn a_session_is_renewed_ended_and_forgotten() {
    let device = Device::new();
    let ada = device.register("ada@example.com", &[]);
    let outcome = |result: &str| {
        let mut outcome = ada.clone();
        outcome["result"] = result.into();
        outcome
    };
    assert_eq!(device.run(&["refresh", "--json"]).json(), outcome("refreshed"));
    assert_eq!(device.run(&["logout", "--as", "ada@", "--json"]).json(), outcome("logged-out"));
    let user = &device.users()[0];
    assert_eq!(user["state"], "logged-out");
    assert_eq!((&user["access_expires"], &user["refresh_expires"]), (&json!(null), &json!(null)));
    let said = device.run(&["refresh", "--as", "ada"]);
    assert!(said.refused(3).contains("ada@example.com of local"), "{said:?}");
    assert!(said.err.contains("log the user in"), "{said:?}");

    assert_eq!(device.run(&["remove", "--as", "ada", "--json"]).json(), outcome("removed"));
    assert_eq!(device.users().len(), 0);
    assert_eq!(device.run(&["remove", "--as", "ada", "--json"]).error(2)["code"], "unknown-user");
}

#[test]
fn a_command_touches_the_user_it_names_and_no_other() {
    let device = Device::new();
    let ada = device.register("ada@example.com", &[]);
    let bob = device.register("bob@example.com", &[]);
    let id = |user: &serde_json::Value| user["id"].as_str().unwrap().to_owned();
    device.run(&["logout", "--as", &id(&ada)]).ok();
    let states: Vec<_> = device.users().iter().map(|user| user["state"].clone()).collect();
    assert_eq!(states, ["logged-out", "active"]);

    assert!(device.users()[1]["current"].as_bool().unwrap());
    assert_eq!(device.run(&["switch", "ada", "--json"]).json()["id"], ada["id"]);
    assert!(device.users()[0]["current"].as_bool().unwrap());
    device.run(&["remove", "--as", "bob"]).ok();
    let left = device.users();
    assert_eq!((left.len(), &left[0]["id"]), (1, &ada["id"]));
    assert_ne!(id(&ada), id(&bob));
}

#[test]
fn a_name_that_several_go_by_is_refused_with_the_list() {
    let device = Device::new();
    let ids = ["ada@example.com", "adam@example.com"].map(|email| device.register(email, &[])["id"].clone());
    let error = device.run(&["logout", "--as", "ada", "--json"]).error(2);
    assert_eq!(error["code"], "ambiguous-user");
    let candidates = error["candidates"].to_string();
    assert!(ids.iter().all(|id| candidates.contains(id.as_str().unwrap())), "{error}");
    let said = device.run(&["logout", "--as", "ada"]);
    assert!(said.refused(2).contains("adam@example.com"), "{said:?}");
    assert!(device.users().iter().all(|user| user["state"] == "active"));
    device.run(&["logout", "--as", "ada@"]).ok();
}

#[test]
fn an_app_that_nobody_knows_is_refused() {
    let device = Device::new();
    for command in [
        &["login", "anon"][..],
        &["users"],
        &["refresh"],
        &["logout"],
        &["switch", "ada"],
        &["remove"],
        &["token"],
        &["timeline"],
    ] {
        let error = device.run(&[command, &["--app", "shop", "--json"]].concat()).error(2);
        assert_eq!(error["code"], "unknown-app", "{command:?}");
        assert!(error["hint"].as_str().unwrap().contains("idmux app add"), "{error}");
    }
    assert_eq!(device.run(&["app", "remove", "shop", "--json"]).error(2)["code"], "unknown-app");
}

#[test]
fn wrong_usage_exits_2_and_prints_nothing_on_standard_output() {
    let device = Device::new();
    for command in [
        &["login"][..],
        &["login", "email"],
        &["login", "email", "ada@example.com", "--password", "secret"],
        &["login", "email", "ada@example.com", "--password-stdin", "--password-fd", "3"],
        &["login", "email", "ada@example.com", "--password-fd", "three"],
        &["login", "carrier-pigeon"],
        &["switch"],
        &["switch", ""],
        &["users", "--as", "ada"],
        &["refresh", "--as", ""],
        &["token", "--min-ttl", "soon"],
        &["token", "--min-ttl=-5m"],
        &["app"],
        &["app", "add", "shop"],
        &["app", "add", "shop", "--url", "ftp://x/", "--app-id", "shop-abcde"],
        &["app", "add", "shop", "--url", "http://127.0.0.1:1", "--app-id", "../shop"],
        &["app", "add", "local", "--url", "http://127.0.0.1:1", "--app-id", "shop-abcde"],
        &["app", "add", "my shop", "--url", "http://127.0.0.1:1", "--app-id", "shop-abcde"],
        &["nonsense"],
    ] {
        let ended = device.run(command);
        assert!(!ended.refused(2).is_empty(), "{command:?}");
    }
    assert!(!device.home().join("vault.db").exists(), "nothing was begun");
}

#[test]
fn help_names_every_exit_code() {
    let help = Device::new().run(&["--help"]);
    for code in ["0", "1", "2", "3", "4", "5", "6", "130"] {
        let documented = help.ok().lines().any(|line| line.trim_start().starts_with(&format!("{code} ")));
        assert!(documented, "{code}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    let mut child = device.command(&["users", "--json"]).spawn().unwrap();
    drop(child.stdout.take());
    let ended = Ended::of(child);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));

    let mut child = device.command(&["login", "anon"]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(Ended::of(child).code, 0);
    assert_eq!(device.users().len(), 2, "the log-in counts, whoever reads of it");
}

#[test]
fn commands_share_the_device_with_each_other() {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    let running: Vec<_> = (0..4).map(|_| device.command(&["login", "anon"]).spawn().unwrap()).collect();
    for child in running {
        Ended::of(child).ok();
    }
    assert_eq!(device.users().len(), 5);
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_while_waiting_exits_130_and_writes_nothing() {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    // It waits for a password that never comes, with its vault open.
    let mut command = device.command(&["login", "email", "ada@example.com", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let log = device.home().join("log/idmux.log");
    wait_until("the command runs", || log.exists() && is_waiting(child.id()));
    interrupt(&child);
    let pipe = child.stdin.take();
    let ended = Ended::of(child);
    drop(pipe);
    assert_eq!(ended.refused(130), "idmux: interrupted\n");
    assert_eq!(device.users().len(), 1);
}

/// Whether the process listens to interrupts by a handler of its own, by what Linux says of it.
#[cfg(target_os = "linux")]
fn is_waiting(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let caught =
        status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:\t")?, 16).ok());
    caught.is_some_and(|signals| signals & (1 << (2 - 1)) != 0)
}
