//! How secrets come in, and that they come out nowhere.

use std::fs;
use std::process::Stdio;

use crate::device::{Device, Ended, PASSWORD, wait_until};

#[test]
fn a_password_comes_from_a_file_descriptor() {
    let device = Device::new();
    device.register("ada@example.com", &[]);
    let file = device.home().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let log_in = |script: &str| {
        let shell = std::process::Command::new("sh");
        let binary = env!("CARGO_BIN_EXE_idmux");
        let args = ["-c", script, binary, file.to_str().unwrap()];
        Ended::of(device.surround(shell, &args).spawn().unwrap())
    };
    log_in(r#""$0" login email ada@example.com --password-fd 3 3<"$1""#).ok();
    log_in(r#"cat "$1" | { "$0" login email ada@example.com --password-fd 7 7<&0 0</dev/null; }"#).ok();
}

/// A number that nobody opened would otherwise name a file of idmux's own by the time it is read, such as its vault.
#[test]
fn a_file_descriptor_that_is_not_open_is_refused_before_anything_is_opened() {
    let device = Device::new();
    for number in 3..=9 {
        let script = format!(r#""$0" login email ada@example.com --password-fd {number} {number}<&-"#);
        let shell = std::process::Command::new("sh");
        let ended =
            Ended::of(device.surround(shell, &["-c", &script, env!("CARGO_BIN_EXE_idmux")]).spawn().unwrap());
        assert!(ended.refused(2).contains("--password-fd"), "{ended:?}");
    }
    assert!(!device.home().join("vault.db").exists(), "nothing was begun");
}

#[test]
fn a_secret_that_nobody_gives_is_asked_for_only_at_a_terminal() {
    let device = Device::new();
    for (command, instead) in [
        (&["login", "email", "ada@example.com"][..], "--password-stdin"),
        (&["login", "key"], "--secret-stdin"),
        (&["login", "jwt"], "--secret-stdin"),
    ] {
        let error = device.run(&[command, &["--json"]].concat()).error(2);
        assert_eq!(error["code"], "input", "{command:?}");
        assert!(error["hint"].as_str().unwrap().contains(instead), "{error}");
    }
    for command in [
        &["login", "email", "ada@example.com", "--password-stdin"][..],
        &["login", "key", "--secret-stdin"],
        &["login", "function"],
    ] {
        assert!(device.run(command).refused(2).contains("standard input"), "{command:?}");
    }
    assert_eq!(device.users().len(), 0);
}

#[test]
fn a_payload_that_is_no_object_is_refused_without_repeating_it() {
    let device = Device::new();
    for payload in ["hunter2", r#"["hunter2"]"#, r#"{"password": hunter2}"#, r#"{"p": {"$oid": "hunter2"}}"#]
    {
        let ended = device.run_with(&["login", "function"], payload);
        assert!(!ended.refused(2).contains("hunter2"), "{ended:?}");
    }
    let missing = device.run(&["login", "function", "--payload", "/nonexistent/payload.json"]);
    assert!(missing.refused(2).contains("/nonexistent/payload.json"), "{missing:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn no_secret_is_in_the_arguments_the_environment_or_on_the_disk() {
    let device = Device::new();
    let mut command =
        device.command(&["login", "email", "ada@example.com", "--register", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // What `ps` shows of it, while it has the password and waits for the end of its input.
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, PASSWORD.as_bytes()).unwrap();
    wait_until("the command runs", || device.home().join("log/idmux.log").exists());
    for what in ["cmdline", "environ"] {
        let seen = fs::read(format!("/proc/{}/{what}", child.id())).unwrap();
        assert!(!seen.is_empty() && !contains(&seen, PASSWORD.as_bytes()), "{what}");
    }
    drop(input);
    let ended = Ended::of(child);
    ended.ok();
    assert!(!ended.out.contains(PASSWORD));
    let mut files = 0;
    for file in fs::read_dir(device.home()).unwrap().chain(fs::read_dir(device.home().join("log")).unwrap()) {
        let path = file.unwrap().path();
        if path.is_file() {
            files += 1;
            assert!(!contains(&fs::read(&path).unwrap(), PASSWORD.as_bytes()), "{}", path.display());
        }
    }
    assert!(files >= 2, "the vault and the log are looked at");
}

/// Kind: a secret in an environment, which `/proc` shows and every child gets. Root reads what others do not.
#[cfg(target_os = "linux")]
#[test]
fn neither_a_server_nor_its_workers_have_secrets_in_their_environment() {
    let folder = tempfile::tempdir().unwrap();
    let app = folder.path().join("app");
    let mut device = Device::new();
    device.run(&["app", "init", app.to_str().unwrap()]);
    let write = |name: &str, text: &str| fs::write(app.join(name), text).unwrap();
    write("functions/config.json", r#"[{ "name": "who", "private": true }]"#);
    write("functions/who.js", "exports = async ({ name }) => name;");
    write(
        "auth/providers.json",
        r#"{ "custom-function": { "name": "custom-function", "type": "custom-function", "disabled": false,
             "config": { "authFunctionName": "who" } } }"#,
    );
    let secrets = [
        ("IDMUX_PASSPHRASE", "passphrase-in-sight"),
        ("IDMUX_CONTROL_TOKEN", "control-token-in-sight-0123456789abcdef"),
    ];
    let key_file = device.home().join("test.key").to_str().unwrap().to_owned();
    device.unset("IDMUX_KEY_FILE");
    for (name, secret) in secrets {
        device.set(name, secret);
    }
    let args = ["serve", "--ephemeral", "--listen", "127.0.0.1:0", "--app-id", "shop-abcde", "--app"];
    let mut server = device.command(&[&args[..], &[app.to_str().unwrap()]].concat()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.as_mut().unwrap()), &mut line)
        .unwrap();
    let url = line.split(' ').nth(2).unwrap_or_else(|| panic!("{line:?}")).to_owned();

    for (name, _) in secrets {
        device.unset(name);
    }
    device.set("IDMUX_KEY_FILE", &key_file);
    crate::server::add(&device, "shop", &url);
    let log_in = device.run_with(&["login", "function", "--app", "shop"], r#"{ "name": "ada" }"#);
    let mut processes = vec![server.id()];
    for task in fs::read_dir(format!("/proc/{}/task", server.id())).unwrap() {
        let children = fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default();
        processes.extend(children.split_whitespace().map(|id| id.parse::<u32>().unwrap()));
    }
    let seen: Vec<_> = processes
        .iter()
        .flat_map(|id| {
            ["environ", "cmdline"].map(|what| fs::read(format!("/proc/{id}/{what}")).unwrap_or_default())
        })
        .collect();
    let kill = std::process::Command::new("kill").arg(server.id().to_string()).status();
    assert!(kill.unwrap().success());
    let ended = Ended::of(server);
    log_in.ok();
    assert!(processes.len() > 1, "a worker waits for the next call: {ended:?}");
    for (name, secret) in secrets {
        let is_seen =
            seen.iter().any(|bytes| contains(bytes, name.as_bytes()) || contains(bytes, secret.as_bytes()));
        assert!(!is_seen, "{name}");
    }
}

#[cfg(target_os = "linux")]
fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
