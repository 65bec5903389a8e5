//! The clipboard, by programs that take a text on their standard input: tmux, and what the machine's desktop brings.

use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::tui::editor::SECRETS;

/// Longer than this nobody waits for a clipboard; without its desktop a program may hang.
const PATIENCE: Duration = Duration::from_secs(2);

/// A program, its arguments, and the variable without which it has nothing to talk to.
type Tool = (&'static str, &'static [&'static str], Option<&'static str>);

#[cfg(target_os = "macos")]
const TOOLS: &[Tool] = &[("pbcopy", &[], None)];
#[cfg(windows)]
const TOOLS: &[Tool] = &[("clip.exe", &[], None)];
#[cfg(not(any(target_os = "macos", windows)))]
const TOOLS: &[Tool] = &[
    ("wl-copy", &[], Some("WAYLAND_DISPLAY")),
    ("xclip", &["-selection", "clipboard"], Some("DISPLAY")),
    ("xsel", &["--clipboard", "--input"], Some("DISPLAY")),
];

/// tmux takes no text from programs as it comes (`set-clipboard external`), and keeps the terminal's own way to itself. It
/// is asked for a buffer, and with `-w` (3.2) for the clipboard of the terminal that it is shown on.
const TMUX: [Tool; 2] =
    [("tmux", &["load-buffer", "-w", "-"], Some("TMUX")), ("tmux", &["load-buffer", "-"], Some("TMUX"))];

/// Hands a text to tmux, where the program runs inside, and to the first program of the desktop that takes it. Says which
/// took it; `None` where there is none.
pub async fn hand(text: &SecretString) -> Option<&'static str> {
    let tmux = first(&TMUX, text).await;
    let tool = first(TOOLS, text).await;
    tool.or(tmux)
}

async fn first(tools: &[Tool], text: &SecretString) -> Option<&'static str> {
    for (program, arguments, place) in tools {
        let is_there = place.is_none_or(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        if is_there && matches!(timeout(PATIENCE, run(program, arguments, text)).await, Ok(Ok(true))) {
            return Some(program);
        }
    }
    None
}

/// Runs a program with the text on its standard input, never among its arguments; whether it took it.
async fn run(program: &str, arguments: &[&str], text: &SecretString) -> std::io::Result<bool> {
    let mut command = Command::new(program);
    for secret in SECRETS {
        command.env_remove(secret);
    }
    // What stays behind to serve the clipboard has no business with this terminal.
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.expose_secret().as_bytes()).await?;
        input.shutdown().await?;
    }
    Ok(child.wait().await?.success())
}
