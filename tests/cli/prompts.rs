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

/// A shell that stays, so that the terminal can be asked how the program left it. It says the program's id.
fn in_a_shell(device: &Device, script: &str) -> Terminal {
    let mut shell = portable_pty::CommandBuilder::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_idmux")]);
    Terminal::start(shell, device.home(), Size(100, 40), &device.variables())
}

/// Whether `stty -a` on the screen says that lines are edited and shown by the terminal.
fn is_as_it_was(terminal: &Terminal) -> bool {
    let screen = terminal.wait_for("echoke");
    let is_set = |word: &str| screen.split([' ', ';', '\n']).any(|setting| setting == word);
    is_set("icanon") && is_set("isig") && is_set("echo") && terminal.echoes()
}

/// Kind: a terminal that stays as a prompt set it, when the prompt ends otherwise than by an answer.
#[test]
fn whatever_ends_a_prompt_gives_the_terminal_back() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129), ("-QUIT", 131)] {
        let device = Device::new();
        let script = r#"sh -c 'echo "id $$"; exec "$0" login email ada@example.com' "$0"
            echo "code $?"; stty -a; cat"#;
        let mut terminal = in_a_shell(&device, script);
        let screen = terminal.wait_for("password of ada@example.com");
        let id = screen.lines().find_map(|line| line.strip_prefix("id ")).unwrap().trim().to_owned();
        terminal.wait_unseen();
        terminal.send("half a pass");
        // The terminal takes it in behind our back, and has to before the signal comes.
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        terminal.wait_for(&format!("code {code}"));
        assert!(is_as_it_was(&terminal), "{signal}\n{}", terminal.screen());
        assert!(!terminal.screen().contains("half a pass"), "{signal}");
    }
}

#[test]
fn ctrl_z_at_a_prompt_gives_the_terminal_back_and_the_prompt_comes_again() {
    let device = Device::new();
    let script = r#"set -m; "$0" login email ada@example.com --register; stty -a; read go; clear; fg"#;
    let mut terminal = in_a_shell(&device, script);
    terminal.wait_for("password of ada@example.com");
    terminal.wait_unseen();
    terminal.send("\u{1a}");
    assert!(is_as_it_was(&terminal), "{}", terminal.screen());
    terminal.send("\n");
    terminal.wait_until("the prompt once more", |screen| !screen.contains("echoke"));
    answer(&mut terminal, "password of ada@example.com", PASSWORD);
    answer(&mut terminal, "once more:", PASSWORD);
    terminal.wait_for("ada@example.com of local: logged in");
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains(PASSWORD));
}

/// Kind: an irreversible act with the default of a harmless one.
#[test]
fn a_person_is_asked_before_an_anonymous_user_is_lost() {
    let device = Device::new();
    device.run(&["login", "anon"]).ok();
    let mut terminal = at_a_terminal(&device, &["logout"]);
    terminal.wait_for("only way in");
    terminal.wait_for("[y/N]");
    terminal.send(ENTER);
    terminal.wait_for("nothing was done");
    assert_eq!(terminal.wait_exit().exit_code(), 1);
    let mut terminal = at_a_terminal(&device, &["logout"]);
    terminal.wait_for("[y/N]");
    terminal.send("y\r");
    terminal.wait_for("logged out");
    assert!(terminal.wait_exit().success());
}
