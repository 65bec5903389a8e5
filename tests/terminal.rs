//! The real binary in a pseudo-terminal.

#[path = "terminal/bad_input.rs"]
mod bad_input;
#[path = "terminal/board.rs"]
mod board;
#[cfg(unix)]
#[path = "support/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "terminal/by_mouse.rs"]
mod by_mouse;
#[cfg(unix)]
#[path = "terminal/cancelled.rs"]
mod cancelled;
#[cfg(unix)]
#[path = "terminal/custom_data.rs"]
mod custom_data;
#[path = "terminal/dialogs.rs"]
mod dialogs;
#[path = "terminal/expiry.rs"]
mod expiry;
#[path = "terminal/five_providers.rs"]
mod five_providers;
#[path = "terminal/hands.rs"]
mod hands;
#[cfg(unix)]
#[path = "local_app/identity_provider.rs"]
#[allow(dead_code)]
mod identity_provider;
#[cfg(unix)]
#[path = "terminal/browser.rs"]
mod in_the_browser;
#[path = "terminal/journey.rs"]
mod journey;
#[path = "terminal/lifecycle.rs"]
mod lifecycle;
#[path = "terminal/looking_after.rs"]
mod looking_after;
#[path = "terminal/memory.rs"]
mod memory;
#[path = "terminal/plain.rs"]
mod plain;
#[path = "terminal/quiet.rs"]
mod quiet;
#[path = "terminal/resize.rs"]
mod resize;
#[path = "terminal/restless.rs"]
mod restless;
#[path = "terminal/split_keys.rs"]
mod split_keys;
#[cfg(unix)]
#[path = "local_app/support.rs"]
#[allow(dead_code)]
mod support;
#[cfg(unix)]
#[path = "terminal/surroundings.rs"]
mod surroundings;
#[path = "terminal/suspend.rs"]
mod suspend;
#[path = "support/terminal.rs"]
#[allow(dead_code)]
mod terminal;

#[path = "terminal/views.rs"]
mod views;

use std::path::Path;

use terminal::{Size, Terminal};

const SMALL: Size = Size(80, 24);
const MEDIUM: Size = Size(120, 40);
const LARGE: Size = Size(160, 45);
const TAB: &str = "\t";
const BACK_TAB: &str = "\u{1b}[Z";
const ENTER: &str = "\r";
const ESCAPE: &str = "\u{1b}";
const DOWN: &str = "\u{1b}[B";

/// idmux on its embedded local App, with a key file instead of a keyring.
fn at_home(home: &Path, size: Size) -> Terminal {
    let key = home.join("test.key");
    Terminal::idmux_with(home, &[], size, &[("IDMUX_KEY_FILE", key.to_str().unwrap())])
}

/// idmux at home on its first run, past the dialog that offers to log in.
fn first_run(home: &Path) -> Terminal {
    let mut terminal = at_home(home, SMALL);
    terminal.wait_for("local App on your machine");
    close(&mut terminal, "E-mail");
    terminal
}

/// idmux as at home, but at an App elsewhere.
fn at_app(home: &Path, url: &str, size: Size) -> Terminal {
    let key = home.join("test.key");
    let args = ["--url", url, "--app-id", "shop-abcde"];
    Terminal::idmux_with(home, &args, size, &[("IDMUX_KEY_FILE", key.to_str().unwrap())])
}

/// Closes what shows `text`, and waits until it is gone: an escape that other keys follow at once means something else.
fn close(terminal: &mut Terminal, text: &str) {
    terminal.send(ESCAPE);
    terminal.wait_until(&format!("the end of {text:?}"), |screen| !screen.contains(text));
}

/// Registers an account with the dialog that `r` opens.
fn register(terminal: &mut Terminal, email: &str) {
    terminal.send("r");
    terminal.wait_for("E-mail");
    terminal.fill(email);
    terminal.send(TAB);
    terminal.send("secret1");
    terminal.send(ENTER);
    terminal.wait_for(&format!("{email}: logged in"));
}

/// In the log-in dialog: chooses a method, and goes to its first field.
fn choose_method(terminal: &mut Terminal, method: &str) {
    terminal.wait_for("Method");
    for _ in 0..9 {
        if terminal.screen().contains(&format!("‹ {method} ›")) {
            break;
        }
        if !terminal.screen().contains("▸ Method") {
            terminal.send("\u{1b}[A");
        }
        let before = line_with(terminal, "▸ Method");
        terminal.send(" ");
        terminal.wait_until("another method", |screen| !screen.contains(&before));
    }
    terminal.wait_for(&format!("‹ {method} ›"));
    terminal.send(TAB);
}

/// The line of the screen that shows `text`.
fn line_with(terminal: &Terminal, text: &str) -> String {
    let screen = terminal.wait_for(text);
    screen.lines().find(|line| line.contains(text)).unwrap().to_owned()
}
