//! A refresh token that expires before one's eyes, and what every view says of it.

use super::restless::{Person, lasting, twice};
use super::{ENTER, SMALL, close, first_run, register};

fn journey(person: Person) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    idmux.send("6");
    idmux.wait_until("a session that lives", |screen| {
        screen.contains("idmux › Lifetimes") && screen.contains("log in again ✗")
    });

    // Two months pass while one looks.
    idmux.send("0");
    idmux.wait_for("the App's time");
    idmux.send("a");
    idmux.wait_for("Move the clock");
    idmux.fill("61d");
    person.stirs(&idmux, SMALL, "Move by  61d");
    idmux.send(ENTER);
    idmux.wait_until("the clock has moved", |screen| {
        screen.contains("+61d 0h from its machine's") && !screen.contains("Move the clock")
    });
    close(&mut idmux, "the App's time");
    idmux.wait_until("the chart says so", |screen| {
        screen.contains("server clock +61d") && screen.contains("LOG IN AGAIN: ")
    });

    // So do the list, the session and the timeline.
    idmux.send("1");
    let why = "LOG IN AGAIN: the refresh token expired";
    idmux.wait_until("the row, and why", |screen| {
        let row = |line: &str| line.contains("✗ ada@example.com") && line.contains("LOG IN AGAIN");
        screen.lines().any(row) && screen.contains(why)
    });
    idmux.send("2");
    idmux.wait_until("the session", |screen| screen.contains("▶ Session") && screen.contains(why));
    idmux.send("5");
    idmux.wait_for("✗ session ended: the refresh token expired");

    // Once more from the chart.
    idmux.send("6");
    idmux.wait_for("idmux › Lifetimes");
    idmux.send("l");
    idmux.wait_for("Log in to local");
    idmux.send("secret1");
    person.stirs(&idmux, SMALL, "•••••••");
    idmux.send(ENTER);
    idmux.wait_until("a session that lives again", |screen| {
        screen.contains("log in again ✗") && !screen.contains("LOG IN AGAIN") && !screen.contains("Log in to")
    });
    idmux.send("5");
    let screen = idmux.wait_until("the whole story", |screen| {
        let story = ["✓ logged in again", "✗ session ended: the refresh token expired", "✓ logged in  "];
        let at: Vec<_> =
            story.iter().map(|what| screen.lines().position(|line| line.contains(what))).collect();
        at.iter().all(Option::is_some) && at.is_sorted()
    });
    idmux.quit();
    lasting(&screen)
}

#[test]
fn a_refresh_token_expires_in_every_view_and_one_logs_in_again_from_the_chart() {
    twice(journey);
}
