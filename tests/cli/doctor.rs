//! `idmux doctor`.

use std::fs;

use serde_json::Value;

use crate::device::{Device, PASSWORD, has_fields};

fn report(device: &Device, args: &[&str]) -> (i32, Value) {
    let ended = device.run(&[&["doctor", "--json"], args].concat());
    assert!(ended.err.is_empty() || ended.err.starts_with('{'), "{ended:?}");
    (ended.code, serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}")))
}

/// A device with a user, whose vault lies still.
fn used() -> Device {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    database(&device).execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    device
}

fn database(device: &Device) -> rusqlite::Connection {
    rusqlite::Connection::open(device.home().join("vault.db")).unwrap()
}

/// Kind: a help for what is broken that needs it whole. Whatever keeps the vault closed is named, with what to do.
#[test]
fn what_keeps_a_vault_from_opening_is_named_with_what_to_do() {
    type Damage = fn(&Device);
    let cases: [(&str, Damage, &str, &str); 11] = [
        ("empty", |it| fs::write(it.home().join("vault.db"), "").unwrap(), "is empty", "put a copy"),
        ("gone", |it| fs::remove_file(it.home().join("vault.db")).unwrap(), "is gone", "vault.made"),
        (
            "no database",
            |it| fs::write(it.home().join("vault.db"), "no database").unwrap(),
            "not a database",
            "move",
        ),
        (
            "cut",
            |it| {
                let whole = fs::read(it.home().join("vault.db")).unwrap();
                fs::write(it.home().join("vault.db"), &whole[..whole.len() / 2]).unwrap();
            },
            "",
            "put a copy",
        ),
        (
            "newer",
            |it| database(it).pragma_update(None, "user_version", 99).unwrap(),
            "newer idmux",
            "update idmux",
        ),
        (
            "no slot",
            |it| assert_eq!(database(it).execute("DELETE FROM key_slot", []).unwrap(), 1),
            "key slot",
            "put a copy",
        ),
        (
            "odd slot",
            |it| assert_eq!(database(it).execute("UPDATE key_slot SET detail = '{}'", []).unwrap(), 1),
            "key slot cannot be read",
            "put a copy",
        ),
        (
            "no state",
            |it| assert_eq!(database(it).execute("DELETE FROM state", []).unwrap(), 1),
            "state is gone",
            "put a copy",
        ),
        (
            "no key",
            |it| fs::remove_file(it.home().join("test.key")).unwrap(),
            "test.key",
            "put the key file back",
        ),
        (
            "odd key",
            |it| fs::write(it.home().join("test.key"), "x").unwrap(),
            "not a key file",
            "put the key file back",
        ),
        (
            "other key",
            |it| {
                fs::write(it.home().join("test.key"), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap()
            },
            "does not fit",
            "put the key file",
        ),
    ];
    for (name, damage, what, remedy) in cases {
        let device = used();
        for side in ["vault.db-wal", "vault.db-shm"] {
            let _ = fs::remove_file(device.home().join(side));
        }
        damage(&device);
        let (code, said) = report(&device, &[]);
        assert_eq!(code, 6, "{name}: {said}");
        has_fields(&said, &["lost", "damage", "forgotten"]);
        let found = &said["damage"][0];
        assert!(found["what"].as_str().is_some_and(|text| text.contains(what)), "{name}: {said}");
        assert!(found["remedy"].as_str().unwrap().contains(remedy), "{name}: {said}");
        let for_people = device.run(&["doctor"]);
        assert!(for_people.out.contains("damaged: ") && for_people.code == 6, "{name}: {for_people:?}");
        assert!(!device.home().join("vault.db").exists() || name != "gone", "nothing is made");
    }
}

#[test]
fn a_vault_that_is_not_there_or_locked_is_not_damaged() {
    let device = Device::new();
    assert!(device.run(&["doctor"]).ok().contains("there is no vault"));
    assert!(!device.home().join("vault.db").exists(), "a look makes none");
    device.run(&["login", "anon"]).ok();
    assert_eq!(report(&device, &[]), (0, serde_json::json!({ "lost": [], "damage": [], "forgotten": [] })));
    device.run(&["lock"]).ok();
    let locked = device.run(&["doctor"]);
    assert!(locked.code == 6 && locked.err.contains("the file is whole") && locked.err.contains("unlock"));

    let mut device = Device::without_key();
    device.set("IDMUX_PASSPHRASE", PASSWORD);
    device.run(&["login", "anon"]).ok();
    device.set("IDMUX_PASSPHRASE", "wrong");
    let wrong = device.run(&["doctor"]);
    assert!(wrong.code == 6 && wrong.err.contains("not the passphrase"), "{wrong:?}");
}

#[test]
fn one_lost_record_is_forgotten_by_its_name_and_all_at_once() {
    let device = Device::new();
    let ids: Vec<String> = ["ada", "bob", "eve"]
        .map(|name| device.register(&format!("{name}@example.com"), &[])["id"].as_str().unwrap().to_owned())
        .into();
    database(&device).execute("UPDATE users SET sealed = x'00'", []).unwrap();
    let (code, said) = report(&device, &[]);
    assert_eq!((code, said["lost"].as_array().unwrap().len()), (6, 3), "{said}");
    assert_eq!(device.run(&["doctor", "--forget", "nobody"]).code, 2);
    let (code, said) = report(&device, &["--forget", &ids[0]]);
    assert_eq!((code, said["lost"].as_array().unwrap().len()), (6, 2), "{said}");
    assert_eq!(said["forgotten"][0]["record"], format!("local/{}", ids[0]));
    let (_, said) = report(&device, &["--forget", &format!("local/{}", ids[1])]);
    assert_eq!(said["lost"][0]["record"], format!("local/{}", ids[2]));
    assert_eq!(report(&device, &["--forget-all"]).0, 0);
    assert!(device.run(&["doctor"]).ok().contains("nothing of the vault is lost"));
}
