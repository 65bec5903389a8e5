//! Ctrl-Z and back, under a shell with jobs.

use portable_pty::CommandBuilder;

use super::{SMALL, Terminal, close, register};

/// A shell that has idmux on its embedded local App as a job.
fn under_a_shell(home: &std::path::Path) -> Terminal {
    let mut command = CommandBuilder::new("sh");
    command.arg("-i");
    let key = home.join("test.key");
    let variables =
        [("IDMUX_KEY_FILE", key.to_str().unwrap()), ("PS1", "shell> "), ("ENV", ""), ("BINARY", BINARY)];
    let mut terminal = Terminal::start(command, home, SMALL, &variables);
    terminal.wait_for("shell>");
    terminal.send("\"$BINARY\"\n");
    terminal.wait_for("local App on your machine");
    close(&mut terminal, "E-mail");
    terminal
}

const BINARY: &str = env!("CARGO_BIN_EXE_idmux");
const CTRL_Z: &str = "\u{1a}";

/// Waits until the shell has the terminal: its own screen, with idmux as a stopped job.
fn wait_stopped(terminal: &Terminal) {
    terminal.wait_until("the shell", |screen| screen.trim_end().ends_with("shell>"));
    assert!(terminal.is_restored(), "{}", terminal.screen());
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = under_a_shell(home.path());
    register(&mut terminal, "ada@example.com");
    terminal.send(CTRL_Z);
    wait_stopped(&terminal);
    assert!(terminal.echoes(), "the shell's terminal shows what is typed");
    terminal.send("echo 6 times 7 is $((6 * 7))\n");
    terminal.wait_for("6 times 7 is 42");
    terminal.send("fg; echo ended with $?\n");
    let screen = terminal.wait_for("ada@example.com");
    assert!(screen.contains("Users") && !screen.contains("shell>"), "{screen}");
    // Its countdowns go on, and it takes keys.
    let before = terminal.screen();
    terminal.wait_until("another second", |screen| screen != before);
    terminal.send("?");
    terminal.wait_for("all panes");
    close(&mut terminal, "all panes");
    terminal.send("q");
    terminal.wait_for("ended with 0");
    assert!(terminal.is_restored());
    terminal.send("exit\n");
    terminal.wait_exit();
}

#[test]
fn what_was_typed_into_a_dialog_is_there_after_ctrl_z() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = under_a_shell(home.path());
    terminal.send("r");
    terminal.wait_for("E-mail");
    terminal.fill("ada@example.com");
    terminal.send(CTRL_Z);
    wait_stopped(&terminal);
    terminal.send("fg; echo ended with $?\n");
    terminal.wait_for("ada@example.com");
    terminal.send("\tsecret1\r");
    terminal.wait_for("ada@example.com: logged in");
    terminal.send("q");
    terminal.wait_for("ended with 0");
    terminal.send("exit\n");
    terminal.wait_exit();
}

#[test]
fn a_program_that_was_stopped_from_outside_takes_the_terminal_back() {
    let home = tempfile::tempdir().unwrap();
    let demo = Terminal::idmux(home.path(), &["--demo"], SMALL);
    demo.wait_for("ada@example.com");
    let id = demo.process_id().to_string();
    let kill =
        |signal: &str| std::process::Command::new("kill").args([signal, id.as_str()]).status().unwrap();
    assert!(kill("-STOP").success());
    let cleared = |raw: &[u8]| raw.windows(8).filter(|bytes| bytes == b"\x1b[?1049h").count();
    let before = cleared(&demo.raw());
    assert!(kill("-CONT").success());
    demo.wait_until("the terminal taken again", |_| cleared(&demo.raw()) > before);
    demo.wait_for("ada@example.com");
    demo.quit();
}

/// Nobody could continue a program whose shell is gone: it is not stopped, and the screen stands.
#[test]
fn without_a_shell_ctrl_z_only_paints_anew() {
    let home = tempfile::tempdir().unwrap();
    let mut demo = Terminal::idmux(home.path(), &["--demo"], SMALL);
    demo.wait_for("ada@example.com");
    demo.send(CTRL_Z);
    demo.send("?");
    demo.wait_for("all panes");
    demo.leave();
}
