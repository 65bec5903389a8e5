//! A person logs in with Google in the browser, or changes their mind.

use std::path::Path;

use super::{ENTER, ESCAPE, LARGE, SMALL, Size, Terminal, choose_method};
use crate::browser::{Recorder, World};

fn idmux(world: &World, home: &Path, size: Size, browser: &Recorder, more: &[&str]) -> Terminal {
    let key = home.join("test.key");
    let args = [more, &["--url", world.url(), "--app-id", "shop-abcde"]].concat();
    let variables = [("IDMUX_KEY_FILE", key.to_str().unwrap()), ("BROWSER", browser.program.as_str())];
    Terminal::idmux_with(home, &args, size, &variables)
}

/// In the log-in dialog: Google, by the browser.
fn choose_google(idmux: &mut Terminal) {
    choose_method(idmux, "Google");
    idmux.wait_for("‹ in the browser ›");
    idmux.send(ENTER);
}

#[test]
fn a_log_in_with_google_in_the_browser() {
    let world = World::start();
    let home = tempfile::tempdir().unwrap();
    let browser = Recorder::in_folder(home.path());
    let mut idmux = idmux(&world, home.path(), LARGE, &browser, &[]);
    choose_google(&mut idmux);
    let screen = idmux.wait_for("Waiting for the browser until");
    // A finder of the QR code.
    assert!(screen.contains("█▀▀▀▀▀█"), "{screen}");
    let address = browser.wait(1);
    let said = world.land(&world.travel(&address, "person-1"));
    assert!(said.contains("It worked"), "{said}");
    idmux.wait_until("the user, and no dialog", |screen| {
        screen.contains("logged in")
            && screen.contains("google")
            && !screen.contains("Waiting for the browser")
    });
    let screen = idmux.screen();
    assert!(screen.contains("1 user") && screen.contains("active"), "{screen}");
    idmux.quit();
}

#[test]
fn a_log_in_in_the_browser_that_is_given_up_half_way() {
    let world = World::start();
    let home = tempfile::tempdir().unwrap();
    let browser = Recorder::in_folder(home.path());
    let mut idmux = idmux(&world, home.path(), SMALL, &browser, &[]);
    choose_google(&mut idmux);
    idmux.wait_for("Waiting for the browser until");
    let ended_at = world.travel(&browser.wait(1), "person-1");
    idmux.send(ESCAPE);
    idmux.wait_until("the end of the dialogs", |screen| {
        screen.contains("given up") && !screen.contains("Waiting for") && !screen.contains("Method")
    });
    let page = reqwest::Url::parse(&ended_at).unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while std::net::TcpStream::connect(page.authority()).is_ok() {
        assert!(std::time::Instant::now() < end, "somebody still listens");
    }
    let screen = idmux.screen();
    assert!(screen.contains("0 users"), "{screen}");

    // The next one begins anew, and the address is brought by hand.
    idmux.send("l");
    choose_google(&mut idmux);
    idmux.wait_for("Waiting for the browser until");
    let ended_at = world.travel(&browser.wait(2), "person-1");
    // As a terminal sends what is pasted.
    idmux.send(&format!("\u{1b}[200~{ended_at}\u{1b}[201~"));
    let screen = idmux.wait_for("Address  •");
    assert!(!screen.contains("_baas_"), "{screen}");
    idmux.send(ENTER);
    idmux.wait_until("the user", |screen| screen.contains("1 user ") && !screen.contains("Waiting for"));
    idmux.quit();
    let log = std::fs::read_to_string(home.path().join("log/idmux.log")).unwrap();
    for secret in ["_baas_", "state=", "$"] {
        assert!(!log.contains(secret), "the log has {secret}: {log}");
    }
}

#[test]
fn a_log_in_in_the_browser_in_plain_lines() {
    let world = World::start();
    let home = tempfile::tempdir().unwrap();
    let browser = Recorder::in_folder(home.path());
    let mut idmux = idmux(&world, home.path(), Size(400, 60), &browser, &["--plain"]);
    begin_in_lines(&mut idmux);
    browser.wait(1);
    idmux.wait_until("the question", |screen| screen.trim_end().ends_with('>'));
    idmux.send("close\r");
    idmux.wait_for("given up");
    begin_in_lines(&mut idmux);
    let address = browser.wait(2);
    idmux.wait_until("the address", |screen| screen.contains(&address));
    idmux.send("paste-address\r");
    idmux.wait_for("Address (not shown): ");
    world.land(&world.travel(&address, "person-1"));
    idmux.wait_for("logged in");
    idmux.send("\u{3}");
    idmux.wait_exit();
}

fn begin_in_lines(idmux: &mut Terminal) {
    let count = idmux.screen().matches("1 in the browser, 2 by token [1]:").count();
    idmux.wait_until("the question", |screen| screen.trim_end().ends_with('>'));
    idmux.send("log-in\r");
    idmux.wait_until("the methods", |screen| screen.matches("Method: 1 ").count() > count);
    idmux.send("google\r");
    idmux
        .wait_until("the ways", |screen| screen.matches("1 in the browser, 2 by token [1]:").count() > count);
    idmux.send(ENTER);
    idmux.wait_until("the wait", |screen| screen.matches("waiting for the browser until").count() > count);
}
