//! Journeys by mouse, and by palette, filter and marks.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{ENTER, ESCAPE, LARGE, MEDIUM, Terminal, close, first_run, register};

/// Column and row, from 0, of a text on the screen.
pub fn place(terminal: &Terminal, text: &str) -> (usize, usize) {
    let screen = terminal.wait_for(text);
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
    (line[..line.find(text).unwrap()].chars().count(), row)
}

/// A button press or release, or a turn of the wheel, as terminals report it (SGR, 1006).
fn report(terminal: &mut Terminal, button: u8, (column, row): (usize, usize), end: char) {
    terminal.send(&format!("\u{1b}[<{button};{};{}{end}", column + 1, row + 1));
}

pub fn click(terminal: &mut Terminal, at: (usize, usize)) {
    report(terminal, 0, at, 'M');
    report(terminal, 0, at, 'm');
}

/// Presses at one place, moves to another, and lets go.
pub fn drag(terminal: &mut Terminal, from: (usize, usize), to: (usize, usize)) {
    report(terminal, 0, from, 'M');
    report(terminal, 32, to, 'M');
    report(terminal, 0, to, 'm');
}

/// Turns the wheel by a notch, down or up.
pub fn turn(terminal: &mut Terminal, by: isize, at: (usize, usize)) {
    report(terminal, if by > 0 { 65 } else { 64 }, at, 'M');
}

#[test]
fn a_day_by_mouse() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    register(&mut idmux, "bob@example.com");

    // A click selects, a second one at once goes to the session.
    let ada = place(&idmux, "ada@example.com");
    click(&mut idmux, ada);
    idmux.wait_until("ada is selected", |screen| {
        screen.lines().any(|line| line.contains('▸') && line.contains("ada@example.com"))
    });
    click(&mut idmux, (ada.0, ada.1 + 1));
    click(&mut idmux, ada);
    click(&mut idmux, ada);
    idmux.wait_for("▶ Session");

    // One pane at a time: the wheel scrolls it, and a tab opens another.
    let session = place(&idmux, "▶ Session");
    for _ in 0..4 {
        report(&mut idmux, 65, (session.0, session.1 + 3), 'M');
    }
    idmux.wait_for("refresh token");
    let tab = place(&idmux, "5 Timeline");
    click(&mut idmux, tab);
    idmux.wait_for("▶ Timeline");
    idmux.wait_for("✓ logged in");
    let tab = place(&idmux, "1 Users");
    click(&mut idmux, tab);
    idmux.wait_for("▶ Users");

    // Beside others: the wheel scrolls the pane under the pointer, which is not the one with the focus.
    idmux.resize(MEDIUM);
    let session = place(&idmux, "┌ Session");
    for _ in 0..4 {
        report(&mut idmux, 65, (session.0 + 2, session.1 + 3), 'M');
    }
    // It is on from where the wheel left it before: at the end of the refresh token's claims.
    idmux.wait_for("stitch_ident");
    assert!(idmux.screen().contains("▶ Users"), "{}", idmux.screen());
    let data = place(&idmux, "Custom data");
    click(&mut idmux, (data.0, data.1 + 1));
    idmux.wait_for("▶ Custom data");

    // The line between the panes follows the pointer, also over a resize.
    let line = place(&idmux, "Session").1;
    report(&mut idmux, 0, (40, line), 'M');
    report(&mut idmux, 32, (40, line + 2), 'M');
    report(&mut idmux, 0, (40, line + 2), 'm');
    let height = |screen: &str| screen.lines().position(|line| line.contains("Session"));
    idmux.wait_until("the line has moved", |screen| height(screen) > Some(line));
    idmux.resize(super::Size(200, 60));
    idmux.wait_until("three columns", |screen| {
        screen.lines().any(|line| line.contains("Users") && line.contains("Session"))
    });

    // A hint is a button.
    let users = place(&idmux, "Users");
    click(&mut idmux, (users.0, users.1));
    idmux.wait_for("▶ Users");
    let hint = place(&idmux, "l log in");
    click(&mut idmux, hint);
    idmux.wait_for("Log in to local");
    let cancel = place(&idmux, "Esc cancel");
    click(&mut idmux, cancel);
    idmux.wait_until("the dialog is gone", |screen| !screen.contains("Log in to local"));
    idmux.send("q");
    assert!(idmux.wait_exit().success());
    assert!(idmux.is_restored());
    assert!(String::from_utf8_lossy(&idmux.raw()).contains("\u{1b}[?1006l"), "the mouse is given back");
}

#[test]
fn without_the_mouse_the_terminal_keeps_it() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("config.toml"), "[look]\nmouse = false\n").unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    assert!(!String::from_utf8_lossy(&idmux.raw()).contains("\u{1b}[?1000h"));
    idmux.quit();
}

#[test]
fn palette_filter_and_a_batch() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    idmux.resize(LARGE);
    // The palette finds what one cannot remember the key of.
    idmux.send(":");
    idmux.wait_for("Commands");
    idmux.fill("regis");
    idmux.wait_for("▸ register  register an e-mail account");
    idmux.send(ENTER);
    idmux.wait_for("Register at local");
    close(&mut idmux, "Register at local");
    for user in ["ada", "bob", "grace", "graham"] {
        register(&mut idmux, &format!("{user}@example.com"));
    }
    idmux.send("/");
    idmux.send("gra");
    idmux.wait_for("/gra  2 of 4");
    idmux.send(ENTER);
    idmux.send("v");
    idmux.wait_for("2 marked");
    idmux.send("R");
    idmux.wait_for("refreshed 2 users");
    idmux.send("o");
    idmux.wait_for("2 marked users are logged out");
    idmux.send("l");
    idmux.send(ENTER);
    let screen = idmux.wait_for("logged out 2 users");
    assert!(!screen.contains("bob@example.com"), "the filter stays\n{screen}");
    idmux.send(ESCAPE);
    idmux.wait_until("the marks are gone", |screen| !screen.contains("2 marked"));
    close(&mut idmux, "/gra");
    let screen = idmux.wait_for("bob@example.com");
    assert!(screen.lines().filter(|line| line.contains("active")).count() >= 2, "{screen}");
    // To a user by name.
    idmux.send("\u{10}");
    idmux.wait_for("Commands");
    idmux.fill("bob");
    idmux.send(ENTER);
    idmux.wait_until("bob is selected", |screen| {
        screen.lines().any(|line| line.contains('▸') && line.contains("bob@example.com"))
    });
    idmux.quit();
}

#[test]
fn keys_of_ones_own() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    std::fs::write(&config, "[keys]\nregister = [\"f6\", \"ctrl-a\"]\n").unwrap();
    let mut idmux = first_run(home.path());
    idmux.send("\u{1}");
    idmux.wait_for("Register at local");
    close(&mut idmux, "Register at local");
    idmux.quit();

    std::fs::write(&config, "[keys]\nregister = \"x\"\n").unwrap();
    let mut idmux = Terminal::idmux(home.path(), &[], LARGE);
    let screen = idmux.wait_for("line 2: x would mean two things in users: register and remove");
    assert!(screen.contains("config.toml"), "{screen}");
    assert!(!idmux.wait_exit().success());
}

#[test]
fn the_demo_has_ones_own_keys_and_leaves_the_mouse_alone() {
    let home = tempfile::tempdir().unwrap();
    let config = "[look]\nmouse = false\n[keys]\nhelp = \"f6\"\n";
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    let mut demo = Terminal::idmux(home.path(), &["--demo"], LARGE);
    demo.wait_for("barbara");
    demo.wait_for("F6 help");
    assert!(!String::from_utf8_lossy(&demo.raw()).contains("\u{1b}[?1000h"));
    demo.send("q");
    assert!(demo.wait_exit().success());
}

/// The newest text that was handed to the clipboard.
fn clipboard(terminal: &Terminal) -> Option<String> {
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    let (_, rest) = raw.rsplit_once("\u{1b}]52;c;")?;
    let end = rest.find(['\u{7}', '\u{1b}'])?;
    String::from_utf8(STANDARD.decode(&rest[..end]).ok()?).ok()
}

#[test]
fn tokens_go_to_the_clipboard_and_nowhere_else() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    for (key, name, kind) in
        [("r", "the refresh token is copied", "refresh"), ("a", "the access token is copied", "access")]
    {
        idmux.send("Y");
        idmux.wait_for("Copy of ada@example.com");
        idmux.send(key);
        let screen = idmux.wait_for(name);
        let token = clipboard(&idmux).expect("something was copied");
        let payload = token.split('.').nth(1).expect("a JWT");
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        assert!(claims.contains(&format!("\"typ\":\"{kind}\"")), "{claims}");
        assert!(!screen.contains(&payload[..12]), "{screen}");
        let log = std::fs::read_to_string(home.path().join("log").join("idmux.log")).unwrap_or_default();
        assert!(!log.contains(payload), "the log has no token");
    }
    idmux.quit();
}

#[cfg(unix)]
#[test]
fn a_copy_goes_to_the_clipboard_of_the_machine_by_standard_input() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let tool = home.path().join("wl-copy");
    let script = format!("#!/bin/sh\ncat > {0}/copied\necho \"$@\" > {0}/arguments\n", home.path().display());
    std::fs::write(&tool, script).unwrap();
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", home.path().display(), std::env::var("PATH").unwrap());
    let key = home.path().join("test.key");
    let variables =
        [("IDMUX_KEY_FILE", key.to_str().unwrap()), ("PATH", &path), ("WAYLAND_DISPLAY", "wayland-0")];
    let mut idmux = Terminal::idmux_with(home.path(), &[], LARGE, &variables);
    idmux.wait_for("local App on your machine");
    close(&mut idmux, "E-mail");
    register(&mut idmux, "ada@example.com");
    idmux.send("y");
    idmux.wait_for("the user id is copied by wl-copy");
    let copied = std::fs::read_to_string(home.path().join("copied")).unwrap();
    assert!(idmux.screen().contains(&copied), "the id on the screen is {copied}");
    assert_eq!(std::fs::read_to_string(home.path().join("arguments")).unwrap().trim(), "");
    idmux.quit();
}
