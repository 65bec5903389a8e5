//! A person's own editor on a private file, while everything else goes on.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::effect::DialogId;

/// What another program may not inherit.
pub const SECRETS: [&str; 3] = ["IDMUX_PASSPHRASE", "IDMUX_CONTROL_TOKEN", "IDMUX_PASSWORD"];

/// An editor that runs.
#[derive(Debug)]
pub struct Editor {
    /// The dialog that waits for it.
    pub dialog: DialogId,
    name: String,
    path: PathBuf,
    child: Child,
    /// Vanishes with the file in it, and with whatever copies the editor made beside it.
    _folder: TempDir,
}

impl Editor {
    /// Starts the editor of the environment on `text`.
    ///
    /// # Errors
    /// When the file cannot be made, or the editor not be started.
    pub fn start(dialog: DialogId, text: &str) -> io::Result<Self> {
        // Only its owner may look into such a folder.
        let folder = tempfile::Builder::new().prefix("idmux-").tempdir()?;
        let path = folder.path().join("custom-data.json");
        write_private(&path, text)?;
        let name = chosen();
        let mut command = command(&name, &path);
        for secret in SECRETS {
            command.env_remove(secret);
        }
        let child = command.spawn()?;
        Ok(Self { dialog, name, path, child, _folder: folder })
    }

    /// Waits for the end of the editor, and reads what it left.
    pub async fn done(&mut self) -> Result<String, String> {
        let ended = self.child.wait().await;
        let status = ended.map_err(|error| format!("the editor cannot be waited for: {error}"))?;
        self.read(status)
    }

    fn read(&self, status: ExitStatus) -> Result<String, String> {
        if !status.success() {
            return Err(format!("the editor `{}` failed: {status}", self.name));
        }
        fs::read_to_string(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => "the file is not UTF-8".to_owned(),
            _ => format!("the file cannot be read: {error}"),
        })
    }
}

/// The next end of an editor, if one runs.
pub async fn done(editor: &mut Option<Editor>) -> Result<String, String> {
    match editor {
        Some(editor) => editor.done().await,
        None => std::future::pending().await,
    }
}

/// The editor's command line, as `git` chooses it: it may have arguments.
fn chosen() -> String {
    let default = if cfg!(windows) { "notepad" } else { "vi" };
    ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.trim().is_empty())
        .unwrap_or_else(|| default.to_owned())
}

#[cfg(unix)]
fn command(editor: &str, path: &std::path::Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{editor} \"$@\"")).arg(editor).arg(path);
    command
}

#[cfg(not(unix))]
fn command(editor: &str, path: &std::path::Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(editor));
    command.args(words).arg(path);
    command
}

fn write_private(path: &std::path::Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}
