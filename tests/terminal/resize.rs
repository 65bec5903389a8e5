//! A terminal that changes its size while somebody types.

use super::{LARGE, SMALL, Size, TAB, first_run};

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
        idmux.wait_for("ada@");
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
