//! A terminal that changes its size while somebody types.

use super::{ESCAPE, LARGE, MEDIUM, SMALL, Size, TAB, Terminal, first_run};

#[test]
fn a_resize_while_typing_loses_nothing_and_each_frame_is_one_update() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    idmux.send("r");
    idmux.wait_for("E-mail");
    idmux.fill("ada@");
    let before = idmux.written();
    for size in [LARGE, Size(120, 40)] {
        idmux.resize(size);
        idmux.wait_until("the text in the new size", |screen| {
            screen.contains("ada@") && screen.lines().count() == usize::from(size.1)
        });
    }
    idmux.resize(Size(60, 15));
    idmux.wait_for("80x24");
    idmux.resize(SMALL);
    idmux.wait_for("ada@");
    idmux.fill("example.com");
    let raw = idmux.raw();
    let raw = String::from_utf8_lossy(&raw[before..]).into_owned();
    // Whatever was cleared was cleared inside of an update that ends with the new frame.
    for (at, _) in raw.match_indices("\u{1b}[2J") {
        let (begun, ended) = (raw[..at].rfind("\u{1b}[?2026h"), raw[..at].rfind("\u{1b}[?2026l"));
        assert!(begun.is_some() && begun > ended, "{raw:?}");
    }
    assert!(raw.contains("\u{1b}[2J"), "a resize clears: {raw:?}");
    idmux.send(TAB);
    idmux.send("secret1\r");
    idmux.wait_for("ada@example.com: logged in");
    idmux.quit();
}

/// Both come at once, in either order, and neither waits for another key.
#[test]
fn a_key_that_comes_with_a_resize_is_heard() {
    let home = tempfile::tempdir().unwrap();
    let mut demo = Terminal::idmux(home.path(), &["--demo"], MEDIUM);
    demo.wait_for("ada@example.com");
    for _ in 0..40 {
        demo.resize(LARGE);
        demo.send("?");
        demo.wait_for("all panes");
        demo.send(ESCAPE);
        demo.resize(MEDIUM);
        demo.wait_until("the end of the help", |screen| !screen.contains("all panes"));
    }
    demo.quit();
}
