//! What a person does on the first day.

use super::{BACK_TAB, DOWN, ENTER, SMALL, Size, TAB, Terminal, first_run, line_with, register};

#[test]
fn a_first_day_by_keyboard() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = Terminal::idmux(home.path(), &[], SMALL);
    // No keyring here: idmux asks where the key shall live, once.
    idmux.wait_for("Where shall the key of the vault live?");
    idmux.send(DOWN);
    idmux.wait_for("copied database");
    idmux.send(ENTER);

    // The first run offers to log in, and says what this App is.
    idmux.wait_for("local App on your machine");
    idmux.fill("ada@example.com");
    idmux.send(TAB);
    idmux.send("secret1");
    assert!(!idmux.screen().contains("secret1"), "the password is masked");
    idmux.send(ENTER);
    idmux.wait_for("ada@example.com: logged in");
    register(&mut idmux, "bob@example.com");

    // Both countdowns move.
    for user in ["ada@example.com", "bob@example.com"] {
        let before = line_with(&idmux, user);
        idmux.wait_until("the countdown's next second", |screen| {
            screen.lines().any(|line| line.contains(user) && line != before)
        });
    }

    // Switch to the first user.
    idmux.send("g");
    idmux.send("s");
    idmux.wait_for("ada@example.com: is the current user");

    // An anonymous user becomes a permanent one.
    idmux.send("l");
    idmux.wait_for("E-mail");
    idmux.send(BACK_TAB);
    idmux.send(" ");
    idmux.wait_for("Anonymous");
    idmux.send(ENTER);
    idmux.wait_for("logged in");
    idmux.wait_for("anonymous …");
    idmux.send("G");
    idmux.send("L");
    idmux.wait_for("permanent, 1 of 2");
    idmux.fill("grace@example.com");
    idmux.send(TAB);
    idmux.send("secret1");
    idmux.send(ENTER);
    // Nothing is sent before it is said what changes.
    let screen = idmux.wait_for("permanent, 2 of 2");
    assert!(screen.contains("the id stays") && screen.contains("90 days"), "{screen}");
    idmux.send(ENTER);
    idmux.wait_for("grace@example.com: linked email");

    // Custom data: a new field, then another value for it.
    idmux.send("a");
    idmux.wait_for("Field");
    idmux.fill("theme");
    idmux.send(TAB);
    idmux.fill("dark");
    idmux.send(ENTER);
    // In the tree, and no longer in the dialog, which takes no keys while it waits.
    idmux.wait_until("the new field", |screen| {
        screen.contains("theme: \"dark\"") && !screen.contains("Value")
    });
    // The pane of what was just changed has the focus.
    idmux.send("G");
    idmux.send("e");
    idmux.wait_for("Value");
    idmux.send("\u{15}");
    idmux.fill("light");
    idmux.send(ENTER);
    idmux.wait_until("the new value", |screen| {
        screen.contains("theme: \"light\"") && !screen.contains("Value")
    });
    // The change is taken back, and that is taken back too.
    for (from, to) in [("light", "dark"), ("dark", "light")] {
        idmux.send("u");
        idmux.wait_for(&format!("theme: \"{from}\" → \"{to}\""));
        idmux.send(ENTER);
        idmux.wait_until("the former value", |screen| {
            screen.contains(&format!("theme: \"{to}\"")) && !screen.contains("Undo a change")
        });
    }
    idmux.quit();

    // Everything is there after a restart, and the same key opens the vault without a question.
    let mut idmux = Terminal::idmux(home.path(), &[], SMALL);
    // The users are there before the embedded App is, which they are deleted at.
    let screen = idmux.wait_until("users and App", |screen| {
        screen.contains("grace@example.com") && screen.contains("http://127.0.0.1:")
    });
    assert!(screen.contains("ada@example.com") && screen.contains("bob@example.com"), "{screen}");
    assert!(!screen.contains("E-mail"), "no log-in dialog when there are users\n{screen}");

    // Delete bob's account: another name than his does nothing.
    idmux.send("g");
    idmux.send("j");
    idmux.send("D");
    let screen = idmux.wait_for("cannot be undone");
    assert!(
        screen.contains("bob@example.com") && screen.contains("local"),
        "it names user and app\n{screen}"
    );
    idmux.send("bob@example");
    idmux.send(ENTER);
    idmux.wait_for("as it stands above");
    idmux.send(".com");
    idmux.wait_for("Enter deletes the account");
    idmux.send(ENTER);
    let screen = idmux.wait_for("deleted");
    idmux.wait_until("bob is gone from the list", |screen| screen.matches("bob@example.com").count() <= 1);
    assert!(screen.contains("ada@example.com"), "{screen}");
    idmux.leave();

    let idmux = Terminal::idmux(home.path(), &[], SMALL);
    let screen = idmux.wait_for("ada@example.com");
    assert!(!screen.contains("bob@example.com"), "{screen}");
}

#[test]
fn log_out_log_in_again_and_remove() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    idmux.send("o");
    idmux.wait_for("logged out");
    // The address is there already.
    idmux.send("l");
    idmux.wait_for("Password");
    idmux.send("secret1");
    idmux.send(ENTER);
    idmux.wait_for("ada@example.com: logged in");
    idmux.send("R");
    idmux.wait_for("access token renewed");
    idmux.send("x");
    let screen = idmux.wait_for("lives on");
    assert!(screen.contains("ada@example.com of the App local"), "it names user and app\n{screen}");
    idmux.send(ENTER);
    idmux.wait_for("removed");
    idmux.quit();
}

#[test]
fn the_demo_is_alive_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let mut demo = Terminal::idmux(home.path(), &["--demo"], Size(160, 45));
    for who in ["barbara", "anonymous …", "edsger", "grace", "linus", "ada"] {
        demo.wait_for(who);
    }
    demo.wait_until("six users, one of them logged out, and custom data", |screen| {
        ["6 users", "logged out", "visits"].iter().all(|text| screen.contains(text))
    });
    demo.send("q");
    assert!(demo.wait_exit().success());
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing stays on disk");
}
