//! The plain mode: lines in and lines out, by a pipe and by a person.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{LARGE, Terminal};

/// What idmux writes when these lines come by a pipe.
fn piped(home: &Path, lines: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_idmux"))
        .arg("--plain")
        .env("IDMUX_HOME", home)
        .env("IDMUX_KEY_FILE", home.join("test.key"))
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.chars().all(|c| !c.is_control() || c == '\n'), "lines and nothing else: {said:?}");
    said
}

#[test]
fn a_pipe_registers_writes_custom_data_and_leaves_and_the_user_is_there_next_time() {
    let home = tempfile::tempdir().unwrap();
    let script = "register\nada@example.com\nsecret1\n\
                  add-field ada\ntheme\ndark\n\
                  custom-data ada\nrefresh ada\nfrobnicate\n";
    let said = piped(home.path(), script);
    for line in [
        "ada@example.com: logged in",
        "ada@example.com (local): active, access ",
        "ada@example.com: custom data written: theme",
        "theme: dark (string)",
        "ada@example.com: access token renewed",
        "frobnicate is not known",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("secret1"), "{said}");
    let said = piped(home.path(), "users\nlog-out ada\n");
    assert!(said.contains("1 user\nada@example.com (local): "), "{said}");
    assert!(said.contains("ada@example.com: logged out"), "{said}");
    let said = piped(home.path(), "");
    assert!(said.contains("ada@example.com (local): logged out"), "{said}");
}

#[test]
fn a_pipe_works_on_the_boards_of_a_local_app() {
    let home = tempfile::tempdir().unwrap();
    let script = "register\nada@example.com\nsecret1\n\
                  api-keys ada\nnew-key\nci\ntoggle-key\nclose\n\
                  clock\nclock-two-months\nclose\nrefresh ada\n";
    let said = piped(home.path(), script);
    assert!(said.contains("+61d 0h from its machine's"), "{said}");
    assert!(said.contains("the API key ci, said this once: "), "{said}");
    assert!(said.contains("1. ci, disabled, id "), "{said}");
    // The App's clock went past the end of its session, and it is told.
    assert!(said.contains("has to log in again"), "{said}");
}

#[test]
fn a_person_is_asked_line_by_line_and_a_password_does_not_show() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = Terminal::idmux(home.path(), &["--demo", "--plain"], LARGE);
    idmux.wait_for("linus@example.com (local): active");
    idmux.send("log-in\n");
    idmux.wait_for("Method: 1 E-mail & password, 2 Anonymous");
    idmux.send("\n");
    idmux.wait_for("E-mail: ");
    idmux.send("ada@example.com\n");
    idmux.wait_for("Password (not shown): ");
    idmux.wait_unseen();
    idmux.send("wrong-password\n");
    idmux.wait_for("register this account first, yes or no [no]: ");
    idmux.send("\n");
    // What was typed is kept, and asked for again.
    idmux.wait_for("it failed: ");
    idmux.send("\n");
    idmux.wait_for("E-mail [ada@example.com]: ");
    idmux.send("/cancel\n");
    idmux.wait_for("cancelled");
    assert!(idmux.echoes());
    idmux.send("quit\n");
    assert!(idmux.wait_exit().success());
    let raw = String::from_utf8(idmux.raw()).unwrap();
    assert!(!raw.contains("wrong-password"), "{raw}");
    assert!(!raw.contains('\u{1b}'), "no escape sequence: {raw:?}");
}

#[test]
fn what_happens_is_announced_while_nobody_writes() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = Terminal::idmux(home.path(), &["--demo", "--plain"], LARGE);
    // Its access token lives for 20 seconds: the renewal comes by itself.
    idmux.wait_for("access token renewed");
    idmux.send("quit\n");
    assert!(idmux.wait_exit().success());
}

#[test]
fn a_pipe_reads_lifetimes_comparison_timeline_and_log_and_uses_its_own_keys() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("config.toml"), "[keys]\nrefresh = \"f5\"\n").unwrap();
    let script = "register\nada@example.com\nsecret1\nregister\nbob@example.com\nsecret1\n\
                  f5 ada\nlifetimes\ncompare ada bob\ntimeline ada\nlog\ncopy-user-id ada\n";
    let said = piped(home.path(), script);
    for line in [
        "ada@example.com: access token renewed",
        // 60 days from now, or a moment less.
        "; log in again in ",
        "differ, ",
        "email: ada@example.com ada@example.com; bob@example.com bob@example.com",
        "a log-in counts when it is stored",
        "info bob@example.com: logged in",
        "the user id is not copied: there is no clipboard in reach",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
}

/// Kind: a terminal that stays as a prompt set it, when the prompt ends otherwise than by an answer.
#[cfg(unix)]
#[test]
fn whatever_ends_a_hidden_question_gives_the_terminal_back() {
    for signal in ["-TERM", "-INT", "-HUP", "-QUIT"] {
        let home = tempfile::tempdir().unwrap();
        let mut shell = portable_pty::CommandBuilder::new("sh");
        let script = r#"sh -c 'echo "id $$"; exec "$0" --demo --plain' "$0"; echo "ended with $?"; cat"#;
        shell.args(["-c", script, env!("CARGO_BIN_EXE_idmux")]);
        let mut terminal = Terminal::start(shell, home.path(), LARGE, &[]);
        terminal.wait_for("linus@example.com");
        let said = String::from_utf8_lossy(&terminal.raw()).into_owned();
        let id = said.lines().find_map(|line| line.strip_prefix("id ")).unwrap().trim().to_owned();
        terminal.send("register\n");
        terminal.wait_for("E-mail:");
        terminal.send("eve@example.com\n");
        terminal.wait_for("Password (not shown):");
        terminal.wait_unseen();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        terminal.wait_for("ended with 0");
        assert!(terminal.echoes(), "{signal}");
    }
}
