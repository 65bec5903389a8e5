//! Takes the pictures of the README: the real program in a pseudo-terminal, its screen drawn as SVG.
//! `assets/pictures` runs it.
//!
//! Names, Apps and what is pressed are always the same. Ids, times and what is left of a lifetime are those of the moment.

#[path = "local_app/identity_provider.rs"]
#[allow(dead_code)]
mod identity_provider;
#[path = "pictures/stage.rs"]
mod stage;
#[path = "local_app/support.rs"]
#[allow(dead_code)]
mod support;
#[path = "pictures/svg.rs"]
mod svg;
#[path = "support/terminal.rs"]
#[allow(dead_code)]
mod terminal;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use stage::Stage;
use svg::Paper;
use terminal::{Size, Terminal};

const WIDE: Size = Size(160, 38);
const MEDIUM: Size = Size(120, 34);
const SMALL: Size = Size(80, 24);
const VIEW: Size = Size(100, 24);
const ENTER: &str = "\r";
const ESCAPE: &str = "\u{1b}";
const UP: &str = "\u{1b}[A";
const TAB: &str = "\t";
/// So long nothing is drawn between two seconds of a countdown; what is drawn then is finished.
const QUIET: Duration = Duration::from_millis(150);

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("the folder to write to"));
    let stage = Stage::set();
    for (theme, paper) in [("light", &svg::LIGHT), ("high-contrast", &svg::BLACK)] {
        let camera = Camera { folder: &folder, terminal: stage.idmux(theme, MEDIUM), paper };
        camera.everybody();
        camera.take(&format!("theme-{theme}"), "idmux", &format!("The board in the theme {theme}"));
        camera.terminal.leave();
    }
    let lines = stage.run(
        &["--plain", "--url", stage.url(), "--app-id", "shop-abcde", "--app", "shop"],
        "timeline grace\nlifetimes\n",
    );
    std::fs::write(folder.join("plain.txt"), lines).expect("the text is written");

    let mut camera = Camera { folder: &folder, terminal: stage.idmux("dark", WIDE), paper: &svg::DARK };
    board(&mut camera);
    custom_data(&mut camera, &stage);
    views(&mut camera, &stage);
    dialogs(&mut camera);
    log(&mut camera);
    boards(&mut camera, &stage);
    timeline(&mut camera);
    camera.terminal.leave();
}

/// A terminal that pictures are taken of.
struct Camera<'a> {
    folder: &'a Path,
    terminal: Terminal,
    paper: &'a Paper,
}

impl Camera<'_> {
    /// Takes a picture when the screen stands still.
    fn take(&self, name: &str, title: &str, says: &str) {
        self.terminal.settle(QUIET);
        let picture = svg::draw(title, says, self.paper, &self.terminal.styled());
        std::fs::write(self.folder.join(format!("{name}.svg")), picture).expect("the picture is written");
    }

    /// Presses keys, and waits for what they bring.
    fn press(&mut self, keys: &str, text: &str) {
        self.terminal.send(keys);
        self.terminal.wait_for(text);
    }

    /// Leaves what shows `text`.
    fn leave(&mut self, keys: &str, text: &str) {
        self.terminal.send(keys);
        self.terminal.wait_until(&format!("the end of {text:?}"), |screen| !screen.contains(text));
    }

    /// Another size, and what shows that the program knows.
    fn resize(&mut self, size: Size) {
        self.terminal.resize(size);
        self.terminal.settle(QUIET);
    }

    /// Waits until everybody is there, and one session is over.
    fn everybody(&self) {
        for who in ["ada@", "grace", "google", "barbara", "linus", "anonymous", "margaret", "LOG IN AGAIN"] {
            self.terminal.wait_for(who);
        }
    }
}

/// The board in its sizes, and a pane of it alone.
fn board(camera: &mut Camera) {
    camera.everybody();
    camera.press("gR", "ada@example.com: access token renewed");
    camera.take(
        "board",
        "idmux",
        "The board: eight users of two Apps, and the session, identities, custom data and timeline of one",
    );
    camera.resize(SMALL);
    camera.take("board-small", "idmux", "The board on 80 columns and 24 rows: one pane at a time, with tabs");
}

/// A change with its preview, and what comes of two changes at once.
fn custom_data(camera: &mut Camera, stage: &Stage) {
    camera.resize(VIEW);
    camera.press("4", "▶ Custom data");
    camera.leave("z", "1 Users");
    stage.change_elsewhere(json!({ "visits": 43, "newsletter": true }));
    camera.press("S", "43");
    camera.take("source", "idmux", "Custom data: what differs between the token's copy and the source");
    camera.press("R", "alike");
    camera.terminal.send("jj");
    camera.press("e", "Edit theme");
    camera.terminal.send("\u{15}light");
    camera.press("", "\"dark\" → \"light\"");
    camera.take("edit", "idmux", "A change of the custom data, with its preview");
    stage.change_elsewhere(json!({ "theme": "blue" }));
    camera.press(ENTER, "A conflict in the custom data");
    camera.take("conflict", "idmux", "A conflict: somebody else changed the same field");
    camera.terminal.send("t");
    camera.press("", "alike");
    camera.press("z", "1 Users");
}

/// What takes the whole body.
fn views(camera: &mut Camera, stage: &Stage) {
    camera.press("1", "▶ Users");
    camera.press("6", "Lifetimes:");
    camera.take("lifetimes", "idmux", "All sessions as a chart over time");
    camera.leave("6", "Lifetimes:");
    camera.resize(MEDIUM);
    camera.terminal.send(" j ");
    camera.press("", "2 marked");
    camera.press("7", "Compare:");
    camera.take("compare", "idmux", "Two users side by side, with what differs marked");
    camera.resize(VIEW);
    stage.change_elsewhere(json!({ "theme": "light", "visits": 44 }));
    camera.terminal.send("hhR");
    camera.press("", "ada@example.com: access token renewed");
    camera.press("b", "before:");
    camera.press("=", "44");
    camera.take("refresh", "idmux", "One user before and after a renewal: what differs");
    camera.leave("7", "before:");
    camera.leave(ESCAPE, "2 marked");
}

/// What stands above the panes.
fn dialogs(camera: &mut Camera) {
    camera.resize(SMALL);
    camera.press("1", "▶ Users");
    camera.press("l", "Log in to shop");
    camera.terminal.fill("ada@example.com");
    camera.terminal.send("\tnot the password");
    camera.press(ENTER, "wrong e-mail or password");
    camera.take(
        "log-in",
        "idmux",
        "A log-in that was refused: what was typed stays, the reason stands beside it",
    );
    camera.press(ESCAPE, "again drops");
    camera.leave(ESCAPE, "Log in to shop");

    camera.terminal.send("gjjj");
    camera.press("L", "permanent, 1 of 2");
    camera.terminal.send("edsger@example.com\tsecret1");
    camera.press(ENTER, "permanent, 2 of 2");
    camera.take("link", "idmux", "What linking changes, before anything is sent");
    camera.press(ESCAPE, "1 of 2");
    camera.press(ESCAPE, "again drops");
    camera.leave(ESCAPE, "1 of 2");

    camera.press(":", "Commands");
    camera.terminal.send("re");
    camera.take("palette", "idmux", "The command palette");
    camera.leave(ESCAPE, "Commands");
    camera.press("A", "Apps");
    camera.take("apps", "idmux", "The Apps that this device knows");
    camera.leave(ESCAPE, "Esc close");

    camera.resize(MEDIUM);
    camera.press("?", "┏ Keys");
    camera.take("keys", "idmux", "The keys of idmux");
    camera.leave(ESCAPE, "┏ Keys");

    camera.resize(Size(160, 45));
    camera.press("l", "Log in to shop");
    camera.press(UP, "▸ Method");
    for method in ["‹ Anonymous ›", "‹ API key ›", "‹ Google ›"] {
        camera.press(" ", method);
    }
    camera.press(TAB, "‹ in the browser ›");
    camera.press(ENTER, "Waiting for the browser");
    camera.take("browser", "idmux", "A log-in in the browser: the address as text and as a QR code");
    camera.terminal.send(ESCAPE);
    camera.terminal.wait_until("the end of the dialogs", |screen| {
        screen.contains("given up") && !screen.contains("Waiting for") && !screen.contains("Method")
    });
}

/// What a local App offers: keys, mail, its clock.
fn boards(camera: &mut Camera, stage: &Stage) {
    camera.resize(SMALL);
    camera.press("g", "── ada@example.com");
    camera.press("K", "No API keys");
    camera.terminal.settle(QUIET);
    camera.press("n", "Name");
    camera.terminal.fill("ci-runner");
    camera.press(ENTER, "shown this once");
    camera.take("api-key", "idmux", "A new API key: its secret is shown once");
    camera.leave(ESCAPE, "shown this once");
    camera.leave(ESCAPE, "ci-runner");

    stage.register_elsewhere("alan@example.com");
    camera.press("M", "alan@example.com");
    camera.take("mailbox", "idmux", "The mailbox of a local App, where one key confirms");
    camera.leave(ESCAPE, "alan@example.com");

    camera.press("T", "the App's time");
    camera.press("e", "+61d 0h");
    camera.terminal.wait_until("everybody has to log in again", |screen| {
        screen.contains("has to log in again") && !screen.contains("over")
    });
    camera.take("clock", "idmux", "The clock of a local App, 61 days on");
    camera.leave(ESCAPE, "the App's time");
}

/// What happened in this run: the log-in that was refused, in full.
fn log(camera: &mut Camera) {
    camera.resize(VIEW);
    camera.press("8", "what happened");
    camera.press("fff", "Log: errors");
    camera.press("G", "could not log in");
    camera.press(ENTER, "next");
    camera.take("log", "idmux", "The log: a failed log-in, and why");
    camera.leave(ESCAPE, "next");
    camera.leave("8", "idmux › Log");
}

/// What happened to one user.
fn timeline(camera: &mut Camera) {
    camera.resize(VIEW);
    camera.press("5", "▶ Timeline  ✗ ada@example.com");
    camera.leave("z", "1 Users");
    camera.take("timeline", "idmux", "The timeline of a user: what happened, and by which rule");
}
