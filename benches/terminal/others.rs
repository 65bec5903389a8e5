//! Programs that everybody knows, where the machine has them, on a text of some pages.

use std::path::PathBuf;

use portable_pty::CommandBuilder;
use tempfile::TempDir;

use crate::pty::Program;

/// What their first line says.
pub const FIRST: &str = "line 0 of the text";

/// Starts those that are there, on a text in `folder`.
pub fn start(folder: &TempDir) -> impl Iterator<Item = (&'static str, Program)> {
    let text: String = (0..1000).map(|line| format!("line {line} of the text\n")).collect();
    let path = folder.path().join("text");
    std::fs::write(&path, text).expect("a file is written");
    let programs = [("vim", &["-u", "NONE", "-N"][..]), ("less", &[][..])];
    programs.into_iter().filter_map(move |(name, arguments)| {
        let mut command = CommandBuilder::new(installed(name)?);
        command.args(arguments);
        command.arg(&path);
        Some((name, Program::start(command)))
    })
}

fn installed(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}
