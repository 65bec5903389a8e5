//! `idmux serve` as a real process.
#![cfg(unix)]

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::support::{PASSWORD, Process, User, claims};

#[tokio::test]
async fn it_says_two_lines_and_ends_well_on_both_signals() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(&["--data", folder.path().to_str().unwrap()]);
        let client = process.client();
        assert_eq!(process.line, format!("listening on {} app shop-abcde\n", client.base));
        assert!(client.base.starts_with("http://127.0.0.1:"), "{}", client.base);
        let user = client.user("a@example.com").await;
        process.signal(signal);
        let (status, rest) = process.wait();
        assert_eq!(status.code(), Some(0), "{signal}");
        assert_eq!(rest, "", "{signal}");

        let process = Process::start(&["--data", folder.path().to_str().unwrap()]);
        let client = process.client();
        client.refresh(&user.refresh).await.ok(201);
        assert_eq!(User::of(&client.log_in("a@example.com", PASSWORD).await.ok(200)).id, user.id);
    }
}

#[tokio::test]
async fn the_control_token_is_made_at_each_start_or_taken_from_the_environment() {
    let (one, two) = (Process::start(&["--ephemeral"]), Process::start(&["--ephemeral"]));
    assert_ne!(one.control_token, two.control_token);
    assert!(one.control_token.len() >= 40, "{}", one.control_token);
    one.control(Method::GET, "/about", Value::Null).await.ok(200);
    let about = two.client().control(&one.control_token, Method::GET, "/about", Value::Null).await;
    about.refused(401, Some("MissingAuthReq"), "control token");

    let mut command = Process::command(&["--ephemeral", "--listen", "127.0.0.1:0"]);
    command.env("IDMUX_CONTROL_TOKEN", "chosen-by-somebody");
    let process = Process::spawn(command);
    assert_eq!(process.control_token, "chosen-by-somebody");
    process.control(Method::GET, "/about", Value::Null).await.ok(200);

    let mut command = Process::command(&["--ephemeral", "--listen", "127.0.0.1:0"]);
    let output = command.env("IDMUX_CONTROL_TOKEN", "short").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("IDMUX_CONTROL_TOKEN") && !error.contains("short"), "{error}");
}

#[tokio::test]
async fn it_stops_while_clients_hold_connections_open() {
    let process = Process::start(&["--ephemeral"]);
    let client = process.client();
    client.anonymous().await;
    let stuck = std::net::TcpStream::connect(client.base.strip_prefix("http://").unwrap()).unwrap();
    process.signal("TERM");
    let (status, _) = process.wait();
    assert_eq!(status.code(), Some(0));
    drop(stuck);
}

#[tokio::test]
async fn ephemeral_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Process::command(&["--ephemeral", "--listen", "127.0.0.1:0", "--app-id", "shop-abcde"]);
    command.env("IDMUX_HOME", home.path()).env("HOME", home.path()).current_dir(home.path());
    let process = Process::spawn(command);
    process.client().user("a@example.com").await;
    let left = || std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(left(), 0);
    process.signal("TERM");
    assert_eq!(process.wait().0.code(), Some(0));
    assert_eq!(left(), 0);
}

#[tokio::test]
async fn without_arguments_the_data_is_below_idmux_home() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Process::command(&["--listen", "127.0.0.1:0"]);
    command.env("IDMUX_HOME", home.path());
    let process = Process::spawn(command);
    assert!(process.line.ends_with(" app local-idmux\n"), "{}", process.line);
    assert!(home.path().join("local-app").join("local-idmux.db").is_file());
}

#[tokio::test]
async fn lifetimes_are_settable_down_to_a_second() {
    let process =
        Process::start(&["--ephemeral", "--access-token-ttl", "1s", "--refresh-token-ttl", "1h30m"]);
    let client = process.client();
    for user in [client.anonymous().await, client.user("a@example.com").await] {
        for (token, seconds) in [(&user.access, 1), (&user.refresh, 5400)] {
            let claims = claims(token);
            assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), seconds);
        }
    }
    let user = client.anonymous().await;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while client.profile(&user.access).await.status == 200 {
        assert!(std::time::Instant::now() < deadline, "a token of one second does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    client.profile(&user.access).await.refused(401, Some("InvalidSession"), "access token expired");
    client.refresh(&user.refresh).await.ok(201);
}

/// Runs to the end; exit code, standard output, standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Process::command(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn bad_arguments_are_refused_with_a_reason() {
    for (arguments, says) in [
        (&["--listen", "0.0.0.0:0"][..], "listens on this machine only"),
        (&["--listen", "[::]:0"], "listens on this machine only"),
        (&["--listen", "localhost"], "an address and a port"),
        (&["--app-id", "shop"], "as in shop-abcde"),
        (&["--app-id", "../../etc-abcde"], "as in shop-abcde"),
        (&["--listen", "0.0.0.0:0", "--ephemeral"], "add --allow-remote"),
        (&["--tls-cert", "x"], "--tls-key"),
        (&["--trusted-proxy", "somewhere"], "an address or a network"),
        (&["--account-rate-limit", "many"], "as in 30/30m"),
        (&["--access-token-ttl", "0s"], "at least 1s"),
        (&["--access-token-ttl", "500ms"], "at least 1s"),
        (&["--refresh-token-ttl", "soon"], "expected a time"),
        (&["--refresh-token-ttl", "1mo"], "use days"),
        (&["--ephemeral", "--data", "x"], "cannot be used with"),
        (&["--clock", "soon"], "expected a step"),
        (&["--clock", "+1y"], "use days"),
        (&["--nonsense"], "--nonsense"),
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(says), "{arguments:?}: {err}");
    }
}

#[tokio::test]
async fn a_start_that_fails_says_why_and_exits_1() {
    let process = Process::start(&["--ephemeral"]);
    let address = process.client().base.strip_prefix("http://").unwrap().to_owned();
    let (code, out, err) = run(&["--ephemeral", "--listen", &address]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains(&address) && err.contains("choose another port"), "{err}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (code, out, err) = run(&["--listen", "127.0.0.1:0", "--data", file.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("file"), "{err}");
}

/// The kind: an empty App that begins beside the one that is meant. No id was given: the App that is there is meant, and of
/// several nobody guesses which.
#[tokio::test]
async fn without_an_id_the_app_that_is_there_is_served_and_never_an_empty_one_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let apps = || {
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut apps: Vec<_> =
            names.filter_map(|n| n.to_str()?.strip_suffix(".db").map(str::to_owned)).collect();
        apps.sort();
        apps
    };
    let serve = |more: &[&str]| {
        let arguments = [&["--listen", "127.0.0.1:0", "--data", data], more].concat();
        Process::spawn(Process::command(&arguments))
    };
    let first = serve(&["--app-id", "shop-abcdefg"]);
    first.signal("TERM");
    first.wait();
    let again = serve(&[]);
    assert!(again.line.ends_with(" app shop-abcdefg\n"), "{}", again.line);
    again.signal("TERM");
    again.wait();
    assert_eq!(apps(), ["shop-abcdefg"]);

    // One that is asked for is begun, with a word.
    let mut command =
        Process::command(&["--listen", "127.0.0.1:0", "--data", data, "--app-id", "store-abcde"]);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().unwrap()), &mut line)
        .unwrap();
    assert!(line.contains("store-abcde") && line.contains("beside shop-abcdefg"), "{line}");
    let mut out = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut out)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    let (code, out, err) = run(&["--listen", "127.0.0.1:0", "--data", data]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("shop-abcdefg, store-abcde") && err.contains("--app-id"), "{err}");
    // Its siblings: what is written, and imported, is of the App that somebody names.
    let users = folder.path().join("users.json");
    std::fs::write(&users, "[]").unwrap();
    let elsewhere = folder.path().join("elsewhere");
    for (arguments, exit) in [
        (["init", "--from-data", elsewhere.to_str().unwrap()], 1),
        (["import-users", "--json", users.to_str().unwrap()], 2),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_idmux"));
        command.arg("app").args(arguments).args(["--data", data]).stdin(std::process::Stdio::null());
        let output = command.output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{err}");
        assert!(err.contains("shop-abcdefg, store-abcde"), "{err}");
    }
    assert_eq!(apps(), ["shop-abcdefg", "store-abcde"]);
}
