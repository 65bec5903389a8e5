//! How the program takes the terminal over and gives it back, whatever happens.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use portable_pty::CommandBuilder;

use super::{LARGE, SMALL, Size, Terminal, at_home, close, register};

#[test]
fn the_terminal_is_given_back_on_quit_and_on_ctrl_c() {
    for keys in ["q", "\u{3}"] {
        let home = tempfile::tempdir().unwrap();
        let mut demo = Terminal::idmux(home.path(), &["--demo"], SMALL);
        demo.wait_for("ada@example.com");
        demo.send(keys);
        assert!(demo.wait_exit().success(), "{keys:?}");
        assert!(demo.is_restored(), "{keys:?}");
    }
}

#[test]
fn the_terminal_is_given_back_on_signals() {
    for signal in ["-TERM", "-INT", "-HUP"] {
        let home = tempfile::tempdir().unwrap();
        let mut demo = Terminal::idmux(home.path(), &["--demo"], SMALL);
        demo.wait_for("ada@example.com");
        let id = demo.process_id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert!(demo.wait_exit().success(), "{signal}");
        assert!(demo.is_restored(), "{signal}");
    }
}

#[test]
fn the_terminal_is_given_back_on_an_error() {
    let home = tempfile::tempdir().unwrap();
    // The local App cannot make its folder where a file stands.
    std::fs::write(home.path().join("local-app"), "").unwrap();
    let mut idmux = at_home(home.path(), SMALL);
    assert!(!idmux.wait_exit().success());
    assert!(idmux.is_restored());
    let screen = idmux.screen();
    assert!(screen.contains("local-app"), "it says what is wrong\n{screen}");
}

/// The child of the test below: takes the terminal over, then panics.
#[test]
fn panics_when_asked_to() {
    if std::env::var_os("IDMUX_TEST_PANIC").is_some() {
        idmux::crash::report_to(std::env::var_os("IDMUX_HOME").unwrap().into());
        let _taken = idmux::tui::terminal::Guard::take(false, true).unwrap();
        match std::env::var("IDMUX_TEST_PANIC") {
            Ok(words) if words == "own words" => panic!("the panic of the test"),
            Ok(data) => panic!("it held {data}"),
            Err(_) => {}
        }
    }
}

/// What a child wrote that panics with these words, and the report on it.
fn panicked(words: &str) -> (Terminal, String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "lifecycle::panics_when_asked_to", "--nocapture", "--test-threads=1"]);
    let mut child = Terminal::start(command, home.path(), Size(200, 24), &[("IDMUX_TEST_PANIC", words)]);
    assert!(!child.wait_exit().success());
    let files: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [report] = files.as_slice() else { panic!("one report: {files:?}") };
    assert_eq!(report.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let raw = String::from_utf8_lossy(&child.raw()).into_owned();
    let after = raw.rsplit("\u{1b}[?1049l").next().unwrap();
    assert!(after.contains(report.to_str().unwrap()), "it says where the report is\n{after}");
    let report = std::fs::read_to_string(report).unwrap();
    (child, report)
}

#[test]
fn a_crash_report_says_where_and_repeats_no_data() {
    let (child, report) = panicked("hunter2");
    assert!(report.contains("tests/terminal/lifecycle.rs:") && report.contains("panicked on"), "{report}");
    let raw = String::from_utf8_lossy(&child.raw()).into_owned();
    assert!(!report.contains("hunter2") && !raw.contains("hunter2"), "{report}\n{raw}");
}

#[test]
fn the_terminal_is_given_back_on_a_panic_and_the_panic_is_readable() {
    let (child, report) = panicked("own words");
    assert!(report.contains("the panic of the test"), "{report}");
    let raw = String::from_utf8_lossy(&child.raw()).into_owned();
    assert!(raw.contains("\u{1b}[?1049h"), "it had the terminal\n{raw}");
    assert!(child.is_restored());
    // On the main screen, after the other one was left.
    let after = raw.rsplit("\u{1b}[?1049l").next().unwrap();
    assert!(after.contains("the panic of the test"), "{raw}");
}

#[test]
fn without_a_terminal_it_says_so() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_idmux"))
        .env("IDMUX_HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("terminal"), "{said}");
}

#[test]
fn a_keyring_that_hangs_holds_nothing_up() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("bus");
    // A bus that takes connections and never says a word.
    let bus = UnixListener::bind(&socket).unwrap();
    let held = std::thread::spawn(move || bus.accept().map(|(stream, _)| stream));
    let address = format!("unix:path={}", socket.display());
    let mut idmux = Terminal::idmux_with(home.path(), &[], SMALL, &[("DBUS_SESSION_BUS_ADDRESS", &address)]);
    // The screen stands while the keyring is still waited for.
    let screen = idmux.wait_for("Users");
    assert!(screen.contains("opening the vault"), "{screen}");
    let _stream = held.join().unwrap().unwrap();
    idmux.send("?");
    idmux.wait_for("all panes");
    idmux.send("\u{1b}");
    // In the end it is said, and there is a choice.
    idmux.wait_for("Where shall the key of the vault live?");
    idmux.send("\u{3}");
    assert!(idmux.wait_exit().success());
    assert!(idmux.is_restored());
}

#[test]
fn every_file_is_under_idmux_home() {
    let home = tempfile::tempdir().unwrap();
    let ours = home.path().join("ours");
    let variables = [("IDMUX_HOME", ours.to_str().unwrap()), ("IDMUX_PASSPHRASE", "correct horse")];
    let mut idmux = Terminal::idmux_with(home.path(), &[], SMALL, &variables);
    idmux.wait_for("local App on your machine");
    close(&mut idmux, "E-mail");
    register(&mut idmux, "ada@example.com");
    idmux.quit();
    let names = |folder: &std::path::Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(home.path()), ["ours"]);
    assert_eq!(names(&ours), ["local-app", "log", "vault.db", "vault.holders", "vault.made"]);
}

#[test]
fn a_terminal_that_is_too_small_says_what_is_needed() {
    let home = tempfile::tempdir().unwrap();
    let demo = Terminal::idmux(home.path(), &["--demo"], Size(60, 20));
    let screen = demo.wait_for("80x24");
    assert!(screen.contains("60x20"), "{screen}");
    demo.resize(SMALL);
    demo.wait_for("ada@example.com");
    demo.resize(Size(20, 5));
    demo.wait_until("the small screen again", |screen| screen.contains("80x24"));
    demo.resize(LARGE);
    demo.wait_for("ada@example.com");
    demo.quit();
}
