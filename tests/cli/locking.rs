//! `idmux lock` and `idmux unlock`.

use serde_json::json;

use crate::device::{Device, PASSWORD};
use crate::prompts::answer;
use crate::terminal::{Size, Terminal};

#[test]
fn a_locked_vault_stays_closed_until_it_is_unlocked() {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    assert_eq!(device.run(&["lock", "--json"]).json(), json!({ "vault": "locked" }));
    for command in [&["users"][..], &["token"], &["refresh"], &["login", "anon"], &["app", "list"]] {
        let error = device.run(&[command, &["--json"]].concat()).error(6);
        assert_eq!(error["code"], "vault-locked", "{command:?}");
        assert!(error["hint"].as_str().unwrap().contains("idmux unlock"), "{error}");
    }
    device.run(&["lock"]).ok();
    assert_eq!(device.run(&["unlock", "--json"]).json(), json!({ "vault": "open", "key": "key file" }));
    assert_eq!(device.users().len(), 1);
    device.run(&["unlock"]).ok();
}

#[test]
fn a_passphrase_unlocks_from_each_of_its_sources_and_a_wrong_one_does_not() {
    let mut device = Device::without_key();
    device.set("IDMUX_PASSPHRASE", PASSWORD);
    device.run(&["login", "anon"]).ok();
    device.run(&["lock"]).ok();
    assert_eq!(device.run(&["users", "--json"]).error(6)["code"], "vault-locked");
    device.run(&["unlock"]).ok();
    assert_eq!(device.users().len(), 1);

    device.run(&["lock"]).ok();
    device.unset("IDMUX_PASSPHRASE");
    let unlock = ["unlock", "--passphrase-stdin"];
    assert!(device.run_with(&unlock, "wrong").refused(6).contains("not the passphrase"));
    device.run_with(&unlock, PASSWORD).ok();
    device.set("IDMUX_PASSPHRASE", PASSWORD);
    assert_eq!(device.users().len(), 1);

    device.run(&["lock"]).ok();
    device.unset("IDMUX_PASSPHRASE");
    let mut terminal = Terminal::idmux_with(device.home(), &["unlock"], Size(100, 24), &[]);
    answer(&mut terminal, "passphrase of the vault:", PASSWORD);
    terminal.wait_for("the vault is open");
    assert!(terminal.wait_exit().success());
    device.set("IDMUX_PASSPHRASE", PASSWORD);
    assert_eq!(device.users().len(), 1);
}

#[test]
fn there_is_nothing_to_lock_where_there_is_no_vault() {
    let device = Device::without_key();
    for command in ["lock", "unlock"] {
        assert_eq!(device.run(&[command, "--json"]).error(6)["code"], "vault-needs-key", "{command}");
    }
}

/// Kind: a success that is reported without looking at the effect. Whoever types it, the vault is locked afterwards, or the
/// command fails.
#[test]
fn a_lock_needs_no_key_and_locks_or_fails() {
    let mut device = Device::without_key();
    device.set("IDMUX_PASSPHRASE", PASSWORD);
    device.run(&["login", "anon"]).ok();
    for passphrase in [None, Some("wrong"), Some(PASSWORD)] {
        device.set("IDMUX_PASSPHRASE", PASSWORD);
        device.run(&["unlock"]).ok();
        let screen =
            Terminal::idmux_with(device.home(), &[], Size(100, 30), &[("IDMUX_PASSPHRASE", PASSWORD)]);
        screen.wait_for("anonymous");
        device.unset("IDMUX_PASSPHRASE");
        if let Some(passphrase) = passphrase {
            device.set("IDMUX_PASSPHRASE", passphrase);
        }
        assert_eq!(device.run(&["lock", "--json"]).json(), json!({ "vault": "locked" }), "{passphrase:?}");
        screen.wait_for("The vault is locked");
        assert_eq!(device.run(&["users", "--json"]).error(6)["code"], "vault-locked");
        drop(screen);
    }
}

#[test]
fn a_key_file_that_is_away_does_not_keep_the_vault_open() {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    let key = device.home().join("test.key");
    std::fs::rename(&key, device.home().join("away")).unwrap();
    device.run(&["lock"]).ok();
    std::fs::rename(device.home().join("away"), &key).unwrap();
    assert_eq!(device.run(&["users", "--json"]).error(6)["code"], "vault-locked");
    device.run(&["unlock"]).ok();
    assert_eq!(device.users().len(), 1);
}

#[test]
fn a_vault_that_cannot_be_locked_is_not_said_to_be() {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    let vault = device.home().join("vault.db");
    std::fs::write(&vault, "no database").unwrap();
    for side in ["vault.db-wal", "vault.db-shm"] {
        let _ = std::fs::remove_file(device.home().join(side));
    }
    assert_eq!(device.run(&["lock", "--json"]).error(6)["code"], "vault");
    std::fs::write(&vault, "").unwrap();
    assert_eq!(device.run(&["lock", "--json"]).error(6)["code"], "vault");
}

/// Kind: losses that are written to a log only.
#[test]
fn every_command_names_what_is_lost_until_it_is_forgotten() {
    let device = Device::new();
    device.register("ada@example.com", &[]);
    let bob = device.register("bob@example.com", &[]);
    let database = rusqlite::Connection::open(device.home().join("vault.db")).unwrap();
    database
        .execute("UPDATE users SET sealed = x'00' WHERE user = ?1", [bob["id"].as_str().unwrap()])
        .unwrap();
    drop(database);
    for args in [&["users"][..], &["token", "--as", "ada"], &["app", "list"]] {
        let ended = device.run(args);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(
            ended.err.contains("is lost") && ended.err.contains(bob["id"].as_str().unwrap()),
            "{ended:?}"
        );
    }
    let doctor = device.run(&["doctor", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&doctor.out).unwrap();
    assert!(said["lost"][0]["record"].as_str().unwrap().contains(bob["id"].as_str().unwrap()), "{said}");
    assert_eq!(device.run(&["doctor", "--forget"]).code, 0);
    device.run(&["users"]).ok();
    assert!(device.run(&["doctor"]).ok().contains("nothing of the vault is lost"));
}
