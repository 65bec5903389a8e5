//! What the screen costs while nobody touches it.

use std::thread;
use std::time::Duration;

use super::{Terminal, first_run, register};

/// Bytes that were written within two seconds, second by second, of which the first began between two frames.
fn written_in_two_seconds(terminal: &Terminal) -> usize {
    let before = terminal.written();
    thread::sleep(Duration::from_secs(2));
    terminal.written() - before
}

#[test]
fn a_screen_without_countdowns_writes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    idmux.send("o");
    idmux.wait_for("ada@example.com: logged out");
    idmux.settle(Duration::from_millis(500));
    assert_eq!(written_in_two_seconds(&idmux), 0, "{}", idmux.screen());
    idmux.quit();
}

#[test]
fn a_countdown_costs_one_small_write_a_second() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    register(&mut idmux, "bob@example.com");
    idmux.settle(Duration::from_millis(300));
    // Each frame is one synchronised update, whose end is told apart from anything else.
    let frames = |raw: &[u8]| raw.windows(8).filter(|window| window == b"\x1b[?2026l").count();
    let (frames_before, bytes_before) = (frames(&idmux.raw()), idmux.written());
    thread::sleep(Duration::from_secs(4));
    let (frames, bytes) = (frames(&idmux.raw()) - frames_before, idmux.written() - bytes_before);
    // Two users count down together: never more than one frame for each second, whoever's second it is.
    assert!((2..=5).contains(&frames), "{frames} frames in four seconds");
    assert!(bytes <= frames * 400, "{bytes} bytes in {frames} frames");
    idmux.quit();
}
