//! Where the vault's key comes from, for a command.

use std::fs;

use crate::device::{Device, PASSWORD};
use crate::prompts::answer;
use crate::terminal::{Size, Terminal};

#[test]
fn nobody_chooses_a_key_for_a_person() {
    let device = Device::without_key();
    let error = device.run(&["login", "anon", "--json"]).error(6);
    assert_eq!(error["code"], "vault-needs-key");
    let hint = error["hint"].as_str().unwrap();
    for way in ["start idmux in a terminal", "IDMUX_PASSPHRASE", "IDMUX_KEY_FILE"] {
        assert!(hint.contains(way), "{hint}");
    }
    let files = fs::read_dir(device.home()).unwrap().map(|file| file.unwrap().file_name());
    assert!(files.into_iter().all(|name| !name.to_str().unwrap().contains("key")));
}

#[test]
fn a_passphrase_comes_from_the_environment_or_a_prompt() {
    let mut device = Device::without_key();
    device.set("IDMUX_PASSPHRASE", PASSWORD);
    device.run(&["login", "anon"]).ok();

    device.unset("IDMUX_PASSPHRASE");
    let error = device.run(&["users", "--json"]).error(6);
    assert_eq!(error["code"], "vault-locked");
    assert!(error["hint"].as_str().unwrap().contains("IDMUX_PASSPHRASE"), "{error}");

    let mut terminal = Terminal::idmux_with(device.home(), &["users"], Size(120, 24), &device.variables());
    answer(&mut terminal, "passphrase of the vault:", "wrong");
    // The second prompt stands below the complaint.
    answer(&mut terminal, "not the passphrase\npassphrase of the vault:", PASSWORD);
    terminal.wait_for("anonymous");
    assert!(terminal.wait_exit().success());
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains(PASSWORD));

    device.set("IDMUX_PASSPHRASE", "another");
    let said = device.run(&["users"]);
    assert!(said.refused(6).contains("not the passphrase"), "{said:?}");
}

#[test]
fn three_wrong_passphrases_are_enough() {
    let mut device = Device::without_key();
    device.set("IDMUX_PASSPHRASE", PASSWORD);
    device.run(&["users"]).ok();
    device.unset("IDMUX_PASSPHRASE");
    let mut terminal = Terminal::idmux_with(device.home(), &["users"], Size(120, 24), &[]);
    for prompts in 1..=3 {
        terminal
            .wait_until("the prompt", |screen| screen.matches("passphrase of the vault:").count() == prompts);
        answer(&mut terminal, "passphrase of the vault:", "wrong");
    }
    terminal.wait_for("the vault is locked");
    assert_eq!(terminal.wait_exit().exit_code(), 6);
}

#[test]
fn a_key_file_that_is_gone_keeps_the_vault_closed() {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    let key = device.home().join("test.key");
    fs::rename(&key, device.home().join("elsewhere")).unwrap();
    let error = device.run(&["users", "--json"]).error(6);
    assert_eq!(error["code"], "vault-locked");
    assert!(!key.exists(), "nothing is made in its place");
    fs::rename(device.home().join("elsewhere"), &key).unwrap();
    assert_eq!(device.users().len(), 1);
}

#[test]
fn a_vault_that_is_no_vault_is_named_and_left_alone() {
    let device = Device::new();
    let vault = device.home().join("vault.db");
    fs::write(&vault, "this is not a database, but something that a person wrote").unwrap();
    let before = fs::read(&vault).unwrap();
    assert_eq!(device.run(&["users", "--json"]).error(6)["code"], "vault");
    assert_eq!(fs::read(&vault).unwrap(), before);
}
