//! Kind: bytes within an escape sequence taken for keys. A slow link brings ESC and the rest of a sequence in two reads, and
//! a terminal tells what nobody asked for.

use std::time::Duration;

use super::{ESCAPE, MEDIUM, Terminal, close};

/// The demo at the end of a slow link, which waits longer for the rest of a sequence.
fn demo() -> (tempfile::TempDir, Terminal) {
    let home = tempfile::tempdir().unwrap();
    let mut demo = Terminal::idmux_with(home.path(), &["--demo"], MEDIUM, &[("SSH_TTY", "/dev/pts/0")]);
    demo.wait_for("linus@example.com");
    // The answer to the question for the background ends the start.
    demo.send("\u{1b}]11;rgb:0000/0000/0000\u{1b}\\");
    (home, demo)
}

/// Nothing but the board is open: a key that opens the help finds no field and no question in its way.
fn nothing_happened(demo: &mut Terminal, what: &str) {
    demo.send("?");
    let screen = demo.wait_for("Esc close");
    assert!(screen.contains("all panes"), "{what}\n{screen}");
    close(demo, "Esc close");
    let screen = demo.screen();
    assert!(screen.contains("linus@example.com"), "{what}\n{screen}");
}

#[test]
fn a_sequence_that_comes_in_two_reads_is_one_key() {
    let (_home, mut demo) = demo();
    for sequence in [
        "\u{1b}[D",
        "\u{1b}[C",
        "\u{1b}OD",
        "\u{1b}[1;2D",
        "\u{1b}[<0;50;10m",
        "\u{1b}[200~D\n\u{1b}[201~",
        "\u{1b}]11;rgb:0000/0000/0000\u{1b}\\",
        "\u{1b}P>|Delete D\u{1b}\\",
    ] {
        for cut in 1..sequence.len() {
            demo.send(&sequence[..cut]);
            std::thread::sleep(Duration::from_millis(5));
            demo.send(&sequence[cut..]);
        }
        nothing_happened(&mut demo, &format!("{sequence:?}"));
    }
    demo.quit();
}

#[test]
fn what_a_terminal_tells_unasked_is_no_key() {
    let (_home, mut demo) = demo();
    for reply in [
        "\u{1b}[?62;22;52c",
        "\u{1b}[>0;276;0c",
        "\u{1b}[24;80R",
        "\u{1b}[I\u{1b}[O",
        "\u{1b}]52;c;RFFxag==\u{7}",
        "\u{1b}]10;rgb:dddd/dddd/dddd\u{1b}\\",
        "\u{1b}P1$r0 q\u{1b}\\",
        "\u{1b}_Gi=31;D\u{1b}\\",
        "\u{1b}^D\u{1b}\\",
        "\u{1b}XD\u{1b}\\",
    ] {
        demo.send(reply);
    }
    nothing_happened(&mut demo, "replies");
    demo.quit();
}

#[test]
fn a_lone_escape_is_a_key_and_an_unfinished_paste_is_over_after_silence() {
    let (_home, mut demo) = demo();
    demo.send("?");
    demo.wait_for("Esc close");
    demo.send(ESCAPE);
    demo.wait_until("the end of the help", |screen| !screen.contains("Esc close"));
    demo.send("\u{1b}[200~DDD");
    // Keys are pasted text until nothing has come for a while.
    std::thread::sleep(Duration::from_secs(3));
    nothing_happened(&mut demo, "a paste without an end");
    demo.quit();
}
