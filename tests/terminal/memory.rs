//! What the memory of the real program holds after a lock, and what others see of the process.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::{ENTER, LARGE, TAB, Terminal, at_home};

const PASSWORD: &str = "never-to-be-found-again";

/// The writable memory of a process. `None` where the system keeps it from us, as it keeps it from every program of the
/// same person.
fn memory_of(process: u32) -> Option<Vec<u8>> {
    let maps = match fs::read_to_string(format!("/proc/{process}/maps")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
        maps => maps.unwrap(),
    };
    let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|may| may.starts_with("rw"))) {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
        memory.seek(SeekFrom::Start(start)).unwrap();
        let mut part = Vec::new();
        // A part may be gone by now.
        let _ = memory.by_ref().take(end - start).read_to_end(&mut part);
        all.extend(part);
    }
    Some(all)
}

fn count(memory: &[u8], wanted: &str) -> usize {
    memory.windows(wanted.len()).filter(|window| *window == wanted.as_bytes()).count()
}

/// A part of what base64 makes of a text that this is a part of: by where it begins, there are three.
fn in_base64(text: &str) -> Vec<String> {
    let of = |skipped: usize| {
        BASE64_URL_SAFE_NO_PAD.encode(&text[skipped..text.len() - 3 - (text.len() - skipped) % 3])
    };
    (0..3).map(of).collect()
}

/// The signatures of all whole tokens in it: what is left of one is found by them.
fn signatures(memory: &[u8]) -> BTreeSet<String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let words = memory.split(|byte| !is_part(byte)).filter(|word| word.starts_with(b"eyJ"));
    let signature = |word: &[u8]| {
        let word = std::str::from_utf8(word).unwrap();
        let [_, payload, signature] = word.split('.').collect::<Vec<_>>()[..] else { return None };
        let payload = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        (payload.contains("\"sub\"") && signature.len() >= 40).then(|| signature[..40].to_owned())
    };
    words.filter_map(signature).collect()
}

/// Kind: a secret that outlives the lock, in a buffer of whichever library had it.
#[test]
fn after_a_lock_no_token_and_no_password_is_in_memory() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = at_home(home.path(), LARGE);
    idmux.wait_for("local App on your machine");
    idmux.wait_for("E-mail");
    super::close(&mut idmux, "E-mail");
    idmux.send("r");
    idmux.wait_for("E-mail");
    idmux.fill("ada@example.com");
    idmux.send(TAB);
    // As a person types: what comes in one go stays in the terminal library's buffer until other keys come.
    for (typed, key) in PASSWORD.chars().enumerate() {
        idmux.send(&key.to_string());
        idmux.wait_for(&"•".repeat(typed + 1));
    }
    idmux.send(ENTER);
    idmux.wait_for("ada@example.com: logged in");
    // Copied: it goes out as base64 of what it is.
    idmux.send("Y");
    idmux.wait_for("access token");
    idmux.send("a");
    idmux.wait_for("is copied");
    let process = idmux.process_id();
    let Some(before) = memory_of(process) else { return };
    let tokens = signatures(&before);
    assert!(tokens.len() >= 2, "an access and a refresh token are in use: {}", tokens.len());

    let lock = Command::new(env!("CARGO_BIN_EXE_idmux"))
        .arg("lock")
        .env("IDMUX_HOME", home.path())
        .env("HOME", home.path())
        .env("IDMUX_KEY_FILE", home.path().join("test.key"))
        .output()
        .unwrap();
    assert!(lock.status.success(), "{lock:?}");
    idmux.wait_for("locked");
    let tokens: Vec<_> =
        tokens.iter().flat_map(|token| [vec![token.clone()], in_base64(token)].concat()).collect();
    // Threads and connections take a moment to end.
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let memory = memory_of(process).unwrap();
        let left: Vec<_> = tokens.iter().map(|token| count(&memory, token)).collect();
        let passwords = count(&memory, PASSWORD);
        if passwords == 0 && left.iter().all(|left| *left == 0) {
            break;
        }
        if Instant::now() > end {
            let at = memory.windows(PASSWORD.len()).position(|window| window == PASSWORD.as_bytes());
            let token = tokens
                .iter()
                .find_map(|token| memory.windows(token.len()).position(|window| window == token.as_bytes()));
            let around = |at: Option<usize>| {
                let at = at.unwrap_or_default();
                String::from_utf8_lossy(&memory[at.saturating_sub(900)..at + 100]).into_owned()
            };
            panic!("tokens {left:?}, passwords {passwords}\n{:?}\n{:?}", around(at), around(token));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Kind: a secret in the environment, which `/proc` shows and every child gets.
#[test]
fn the_environment_is_without_secrets_and_there_is_no_core_dump() {
    let home = tempfile::tempdir().unwrap();
    let secrets =
        [("IDMUX_PASSPHRASE", "passphrase-in-sight"), ("IDMUX_CONTROL_TOKEN", "control-token-in-sight")];
    let idmux = Terminal::idmux_with(home.path(), &[], LARGE, &secrets);
    idmux.wait_for("local App on your machine");
    let process = idmux.process_id();
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let Ok(environment) = fs::read(format!("/proc/{process}/environ")) else { return };
    assert!(count(&environment, "IDMUX_HOME=") == 1);
    for (name, secret) in secrets {
        assert_eq!((count(&environment, name), count(&environment, secret)), (0, 0), "{name}");
    }
    // The vault was made with the passphrase all the same.
    let list = Command::new(env!("CARGO_BIN_EXE_idmux"))
        .args(["users", "--json"])
        .env("IDMUX_HOME", home.path())
        .env("IDMUX_PASSPHRASE", "passphrase-in-sight")
        .output()
        .unwrap();
    assert!(list.status.success(), "{list:?}");
}
