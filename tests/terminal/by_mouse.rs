//! A whole journey with the mouse; the keyboard is for text alone.

use super::hands::{click, drag, place, turn};
use super::restless::{Person, lasting, twice};
use super::{LARGE, Terminal, at_home};

/// Clicks on what shows this text.
fn press(idmux: &mut Terminal, text: &str) {
    let at = place(idmux, text);
    click(idmux, at);
}

/// Fills a field in after a click on its name.
fn fill(idmux: &mut Terminal, field: &str, text: &str) {
    if !idmux.screen().contains(&format!("▸ {field}")) {
        // Blanks before it: the method is called E-mail too.
        press(idmux, &format!("  {field}"));
    }
    idmux.wait_for(&format!("▸ {field}"));
    idmux.send(text);
}

fn is_selected(screen: &str, user: &str) -> bool {
    screen.lines().any(|line| line.contains('▸') && line.contains(user))
}

/// The row where the session begins.
fn border_at(screen: &str) -> Option<usize> {
    screen.lines().position(|line| line.contains("┌ Session"))
}

fn journey(person: Person) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = at_home(home.path(), LARGE);
    idmux.wait_for("local App on your machine");

    // The first run's dialog, and another account by its hint.
    fill(&mut idmux, "Password", "secret1");
    fill(&mut idmux, "E-mail", "ada@example.com");
    person.stirs(&idmux, LARGE, "ada@example.com");
    press(&mut idmux, "Enter submit");
    // The hints are those of a user then.
    idmux.wait_until("ada is there", |screen| {
        is_selected(screen, "ada@example.com") && screen.contains("o log out")
    });
    press(&mut idmux, "r register");
    idmux.wait_for("Register at local");
    fill(&mut idmux, "E-mail", "bob@example.com");
    fill(&mut idmux, "Password", "secret1");
    press(&mut idmux, "Enter submit");
    idmux.wait_until("bob is there", |screen| {
        screen.contains("bob@example.com: logged in") && is_selected(screen, "bob@example.com")
    });

    // A row, a hint that asks, an answer.
    press(&mut idmux, "ada@example.com  ");
    idmux.wait_until("ada is selected", |screen| is_selected(screen, "ada@example.com"));
    press(&mut idmux, "s current");
    idmux.wait_for("ada@example.com: is the current user");
    press(&mut idmux, "o log out");
    idmux.wait_until("ada is logged out", |screen| {
        screen.lines().any(|line| line.contains("ada@example.com") && line.contains("logged out"))
    });
    // Log in again: the address is there.
    press(&mut idmux, "l log in");
    idmux.wait_for("Log in to local");
    fill(&mut idmux, "Password", "secret1");
    person.stirs(&idmux, LARGE, "•••••••");
    press(&mut idmux, "Enter submit");
    idmux.wait_for("ada@example.com: logged in again");

    // The split follows the pointer, both ways.
    let border = place(&idmux, "┌ Session").1;
    drag(&mut idmux, (20, border), (20, border - 6));
    idmux.wait_until("a higher session", |screen| border_at(screen).is_some_and(|at| at < border - 3));
    let moved = place(&idmux, "┌ Session").1;
    drag(&mut idmux, (20, moved), (20, border));
    idmux.wait_until("as before", |screen| border_at(screen).is_some_and(|at| at.abs_diff(border) <= 1));

    // The wheel scrolls what is under the pointer: the session, and then the help.
    let session = place(&idmux, "┌ Session");
    for _ in 0..9 {
        turn(&mut idmux, 1, (session.0 + 3, session.1 + 3));
    }
    idmux.wait_until("the end of the session's claims", |screen| {
        screen.contains("▶ Users") && !screen.contains("● active, renews in")
    });
    for _ in 0..9 {
        turn(&mut idmux, -1, (session.0 + 3, session.1 + 3));
    }
    idmux.wait_for("● active, renews in");
    press(&mut idmux, "? help");
    idmux.wait_for("Esc close");
    press(&mut idmux, "Esc close");
    idmux.wait_until("no help", |screen| !screen.contains("Esc close"));

    // A double click goes to the session, opens an entry of the log, and goes from the chart to the user.
    let bob = place(&idmux, "bob@example.com  ");
    click(&mut idmux, bob);
    click(&mut idmux, bob);
    idmux.wait_until("bob's session", |screen| {
        screen.contains("▶ Session") && is_selected(screen, "bob@example.com")
    });
    press(&mut idmux, "┌ Users");
    idmux.wait_for("▶ Users");
    press(&mut idmux, "8 log");
    let entry = place(&idmux, "logged out");
    click(&mut idmux, entry);
    click(&mut idmux, entry);
    idmux.wait_for("Log: entry");
    press(&mut idmux, "Esc back");
    idmux.wait_until("the log", |screen| !screen.contains("Log: entry") && screen.contains("what happened"));
    press(&mut idmux, "6 lifetimes");
    idmux.wait_for("idmux › Lifetimes");
    let ada = place(&idmux, "ada@example.com");
    click(&mut idmux, ada);
    click(&mut idmux, ada);
    let screen = idmux.wait_until("ada on the board", |screen| {
        let is_there = is_selected(screen, "ada@example.com") && screen.contains("✓ logged in again");
        is_there && !screen.contains("Lifetimes")
    });
    press(&mut idmux, "q quit");
    assert!(idmux.wait_exit().success());
    assert!(idmux.is_restored());
    lasting(&screen.lines().take(9).map(|line| format!("{line}\n")).collect::<String>())
}

#[test]
fn a_whole_journey_by_mouse() {
    twice(journey);
}
