//! Terminals that take less than others: tmux as it comes, and those without a screen.

use std::path::Path;
use std::process::Command;

use super::{MEDIUM, Terminal};

/// Kind: a copy that is said to be one and goes nowhere. tmux keeps the terminal's clipboard to itself as it comes.
#[test]
fn a_copy_inside_tmux_is_in_a_buffer_of_it() {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("tmux");
    let tmux = |arguments: &[&str]| {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&socket).args(["-f", "/dev/null"]).args(arguments);
        command.env("IDMUX_HOME", home.path()).env_remove("TMUX").env_remove("DISPLAY");
        command.env_remove("WAYLAND_DISPLAY").output()
    };
    let demo = format!("{} --demo", env!("CARGO_BIN_EXE_idmux"));
    let Ok(started) = tmux(&["new-session", "-d", "-x", "120", "-y", "40", &demo]) else {
        return eprintln!("tmux is not here");
    };
    assert!(started.status.success(), "{started:?}");
    let said = |arguments: &[&str]| String::from_utf8(tmux(arguments).unwrap().stdout).unwrap();
    let wait_for = |text: &str| {
        for _ in 0..300 {
            if said(&["capture-pane", "-p"]).contains(text) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{text:?} never came:\n{}", said(&["capture-pane", "-p"]));
    };
    wait_for("ada@example.com: is the current user");
    tmux(&["send-keys", "Y"]).unwrap();
    wait_for("the user's id");
    tmux(&["send-keys", "u"]).unwrap();
    wait_for("copied by tmux");
    let copied = said(&["show-buffer"]);
    let screen = said(&["capture-pane", "-p"]);
    tmux(&["kill-server"]).unwrap();
    assert!(copied.len() == 24 && screen.contains(&copied), "{copied:?} is the user's id\n{screen}");
}

/// Kind: a screen drawn where nothing can be drawn.
#[test]
fn a_terminal_without_a_screen_is_told_of_the_plain_mode() {
    for name in ["dumb", "unknown", ""] {
        let start = |home: &Path, arguments: &[&str]| {
            Terminal::idmux_with(home, arguments, MEDIUM, &[("TERM", name)])
        };
        let home = tempfile::tempdir().unwrap();
        let mut screen = start(home.path(), &["--demo"]);
        assert!(!screen.wait_exit().success(), "{name:?}");
        let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
        assert!(raw.contains("idmux --plain") && !raw.contains('\u{1b}'), "{name:?}: {raw:?}");
        let mut plain = start(home.path(), &["--demo", "--plain"]);
        plain.wait_for("linus@example.com");
        plain.send("quit\n");
        assert!(plain.wait_exit().success(), "{name:?}");
    }
}
