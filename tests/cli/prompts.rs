//! Prompts, in a real pseudo-terminal.

use crate::device::{Device, PASSWORD};
use crate::terminal::{Size, Terminal};

const ENTER: &str = "\r";
const CTRL_C: &str = "\u{3}";

fn at_a_terminal(device: &Device, args: &[&str]) -> Terminal {
    Terminal::idmux_with(device.home(), args, Size(100, 24), &device.variables())
}

/// Types an answer once the prompt is there and hides it.
pub fn answer(terminal: &mut Terminal, prompt: &str, answer: &str) {
    terminal.wait_for(prompt);
    terminal.wait_unseen();
    terminal.send(&format!("{answer}{ENTER}"));
}

#[test]
fn a_password_is_typed_unseen() {
    let device = Device::new();
    let mut terminal = at_a_terminal(&device, &["login", "email", "ada@example.com", "--register"]);
    answer(&mut terminal, "password of ada@example.com of local:", PASSWORD);
    answer(&mut terminal, "once more:", PASSWORD);
    terminal.wait_for("ada@example.com of local: logged in");
    assert!(terminal.wait_exit().success());
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains(PASSWORD));

    let mut terminal = at_a_terminal(&device, &["login", "email", "ada@example.com"]);
    answer(&mut terminal, "password of", PASSWORD);
    terminal.wait_for("logged in again");
    assert!(terminal.wait_exit().success());
}

#[test]
fn a_new_password_that_is_not_the_same_twice_is_refused() {
    let device = Device::new();
    let mut terminal = at_a_terminal(&device, &["login", "email", "ada@example.com", "--register"]);
    answer(&mut terminal, "password of", PASSWORD);
    answer(&mut terminal, "once more:", "something else");
    terminal.wait_for("not the same twice");
    assert_eq!(terminal.wait_exit().exit_code(), 2);
}

#[test]
fn an_interrupt_at_a_prompt_exits_130_and_gives_the_terminal_back() {
    let device = Device::new();
    // The shell stays, so that the terminal can be asked how it was left.
    let mut shell = portable_pty::CommandBuilder::new("sh");
    let script = r#""$0" login email ada@example.com; echo "code $?"; stty -a; cat"#;
    shell.args(["-c", script, env!("CARGO_BIN_EXE_idmux")]);
    let mut terminal = Terminal::start(shell, device.home(), Size(100, 30), &device.variables());
    terminal.wait_for("password of ada@example.com");
    terminal.wait_unseen();
    terminal.send("half a pass");
    terminal.send(CTRL_C);
    terminal.wait_for("idmux: interrupted");
    terminal.wait_for("code 130");
    let screen = terminal.wait_for("echoke");
    let is_set = |word: &str| screen.split([' ', ';', '\n']).any(|setting| setting == word);
    assert!(is_set("icanon") && is_set("isig") && terminal.echoes(), "{screen}");
    assert!(!screen.contains("half a pass"), "{screen}");
}
