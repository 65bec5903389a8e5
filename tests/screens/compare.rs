//! Users side by side.

use bson::doc;
use crossterm::event::KeyCode;
use idmux::session::{self, Snapshot};

use crate::driver::Screen;
use crate::fixture::*;
use crate::scenes::{SIZES, Table};

fn three() -> Snapshot {
    let mut snapshot = six();
    let mut bob = user(7, "bob@example.com");
    bob.custom_data =
        Some(doc! { "theme": "light", "visits": 42, "address": { "city": "Paris" }, "plan": "pro" });
    snapshot.users.push_back(std::sync::Arc::new(bob));
    snapshot
}

/// Adds the user whose name has `part`.
fn add(screen: &mut Screen, part: &str) {
    screen.keys("a").keys(part).press(KeyCode::Enter);
}

/// The scenes.
pub fn scenes(table: &mut Table) {
    table.add("compare_one", three(), |screen| _ = screen.keys("7"));
    table.add("compare_two", three(), |screen| {
        screen.keys("7");
        add(screen, "bob");
    });
    table.add("compare_four", three(), |screen| {
        screen.keys("7");
        add(screen, "bob");
        add(screen, "grace");
        add(screen, "barbara");
        screen.keys("h");
    });
    table.add("compare_picker", three(), |screen| {
        screen.keys("7a").press(KeyCode::Down).press(KeyCode::Down);
    });

    table.add("compare_hides_equal", three(), |screen| {
        screen.keys("7");
        add(screen, "bob");
        screen.keys("=");
    });

    table.add("compare_before_after", three(), |screen| {
        screen.keys("7b");
        let mut snapshot = three();
        let mut ada = (*snapshot.users[0]).clone();
        ada.access = Some(token("access", 9, 1800, 1800));
        ada.custom_data.as_mut().unwrap().insert("visits", 43);
        snapshot.users.set(0, std::sync::Arc::new(ada));
        screen.snapshot(snapshot);
    });
    table.add("compare_nothing_before", three(), |screen| _ = screen.keys("7b"));
}

#[test]
fn a_renewal_begins_from_the_comparison() {
    let mut screen = Screen::with(SIZES[0], three());
    screen.keys("7bR");
    assert!(matches!(screen.asked(), Some(session::Refresh { user }) if *user == key(1)));
}

#[test]
fn users_come_and_go() {
    let mut screen = Screen::with(SIZES[0], three());
    screen.keys("7");
    add(&mut screen, "bob");
    add(&mut screen, "grace");
    add(&mut screen, "alan");
    assert_eq!(screen.model.compare.picked(), [key(1), key(7), key(3), key(4)]);
    screen.keys("a");
    assert!(screen.model.dialogs.is_empty(), "four are the most");
    screen.keys("hx");
    assert_eq!(screen.model.compare.picked(), [key(1), key(7), key(4)]);
    // Who is forgotten leaves the comparison; it is there again after a look at the board.
    let mut snapshot = three();
    snapshot.users.remove(0);
    screen.snapshot(snapshot);
    screen.keys("7");
    assert!(!screen.draw().contains("Compare:"));
    screen.keys("7");
    assert_eq!(screen.model.compare.picked(), [key(7), key(4)]);
}

#[test]
fn marked_users_are_compared() {
    let mut screen = Screen::with(SIZES[0], three());
    let marked = screen.model.state.snapshot.users.iter().take(3).map(|user| user.key.clone());
    screen.model.state.marked = marked.collect();
    screen.keys("7");
    assert_eq!(screen.model.compare.picked(), [key(1), key(2), key(3)]);
}

#[test]
fn long_comparisons_scroll() {
    let mut screen = Screen::with(SIZES[0], three());
    screen.keys("7");
    add(&mut screen, "bob");
    let first = screen.draw();
    screen.keys("G");
    let last = screen.draw();
    assert_ne!(first, last);
    screen.keys("j");
    assert_eq!(screen.draw(), last, "not beyond the end");
    screen.keys("g");
    assert_eq!(screen.draw(), first);
}
