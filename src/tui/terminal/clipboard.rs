//! The clipboard of the machine, by the program that its desktop brings: it takes a text on its standard input.

use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::tui::editor::SECRETS;

/// Longer than this nobody waits for a clipboard; without its desktop a program may hang.
const PATIENCE: Duration = Duration::from_secs(2);

/// A program, its arguments, and the variable without which it has no desktop to talk to.
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

/// Hands a text to the first program that takes it, and says which; `None` where there is none.
pub async fn hand(text: &SecretString) -> Option<&'static str> {
    for (program, arguments, desktop) in TOOLS {
        let has_desktop =
            desktop.is_none_or(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        if has_desktop && matches!(timeout(PATIENCE, run(program, arguments, text)).await, Ok(Ok(true))) {
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
