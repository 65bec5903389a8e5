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
