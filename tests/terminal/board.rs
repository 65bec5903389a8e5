//! The board: tabs, layouts, the timeline as it grows, users of several apps.

use std::process::{Command, Stdio};

use super::{ESCAPE, LARGE, MEDIUM, SMALL, TAB, at_home, first_run, register};

#[test]
fn a_timeline_grows_before_ones_eyes_in_every_layout() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");

    // One pane at a time: the digit of its tab, and once round by Tab.
    idmux.send("5");
    let screen = idmux.wait_for("✓ logged in");
    assert!(screen.contains("▶ Timeline  ● ada@example.com"), "{screen}");
    idmux.send("R");
    idmux.wait_until("what happens now, above what happened before", |screen| {
        let line = |text: &str| screen.lines().position(|line| line.contains(text));
        line("✓ access token renewed").is_some_and(|renewed| Some(renewed) < line("✓ logged in"))
    });
    for title in ["Users", "Session", "Identities", "Custom data", "Timeline"] {
        idmux.send(TAB);
        idmux.wait_for(&format!("▶ {title}"));
    }

    // The whole screen, and back.
    idmux.send("z");
    idmux.wait_until("no tabs", |screen| !screen.contains("1 Users"));
    idmux.send(ESCAPE);
    idmux.wait_for("1 Users");

    // Beside the others, whatever the size; what was read is not lost.
    for (size, has_room) in [(MEDIUM, true), (LARGE, true), (SMALL, false)] {
        idmux.resize(size);
        idmux.wait_until("the timeline, and the others where there is room", |screen| {
            let others = screen.contains("┌ Identities") && !screen.contains("1 Users");
            screen.contains("▶ Timeline") && screen.contains("✓ logged in") && others == has_room
        });
    }

    // It is kept: after a restart it says the same.
    idmux.quit();
    let mut idmux = at_home(home.path(), SMALL);
    idmux.wait_for("ada@example.com");
    idmux.send("5");
    idmux.wait_for("✓ access token renewed");
    idmux.quit();
}

#[test]
fn users_stand_below_their_apps_and_one_app_can_stand_alone() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    assert!(!idmux.screen().contains("── local"), "one app needs no heading\n{}", idmux.screen());
    idmux.quit();

    let added = Command::new(env!("CARGO_BIN_EXE_idmux"))
        .args(["app", "add", "shop", "--url", "http://127.0.0.1:1", "--app-id", "shop-abcde"])
        .env("IDMUX_HOME", home.path())
        .env("IDMUX_KEY_FILE", home.path().join("test.key"))
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));

    let mut idmux = at_home(home.path(), SMALL);
    idmux.wait_for("── shop  http://127.0.0.1:1  nobody is logged in");
    let screen = idmux.wait_for("1 user");
    let line = |text: &str| screen.lines().position(|line| line.contains(text));
    assert!(line("── local").is_some() && line("── local") < line("* ● ada@example.com"), "{screen}");
    idmux.send("f");
    let screen = idmux.wait_for("of local alone");
    assert!(!screen.contains("── shop") && screen.contains("ada@example.com"), "{screen}");
    idmux.send("f");
    idmux.wait_for("── shop");

    // The app without users is reached by its name, and logged in to.
    idmux.send(":");
    idmux.wait_for("Commands");
    idmux.fill("shop");
    idmux.wait_for("▸ shop");
    idmux.send("\r");
    idmux.wait_for("of shop alone");
    idmux.send("l");
    idmux.wait_for("Log in to shop");
    idmux.leave();
}
