//! Which program a worker is.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::worker;

/// Where cargo puts the programs of tests, beside the folder with the others.
const TESTS_FOLDER: &str = "deps";
/// The kernel's own name for this program leads to it also when its file was replaced.
const SAME: &str = "/proc/self/exe";

/// The program that workers are started from.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: &'static [&'static str],
}

impl Program {
    /// The program that was named; else this one, if it can be a worker; else the idmux beside it.
    pub fn find(named: Option<&Path>) -> Result<Self, String> {
        let of = |path: PathBuf| Self { path, arguments: &[worker::COMMAND] };
        if let Some(named) = named {
            // Workers live in another folder.
            return std::path::absolute(named).map(of).map_err(|error| error.to_string());
        }
        #[cfg(test)]
        if !worker::can_this_program_work() {
            return Ok(Self::of_unit_tests());
        }
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        if worker::can_this_program_work() {
            let same = Path::new(SAME);
            return Ok(of(if same.exists() { same.to_owned() } else { this }));
        }
        beside(&this).map(of).ok_or_else(|| {
            format!(
                "there is no idmux beside {}; name one with Options::function_worker, or begin main() with \
                 local_app::work_if_asked()",
                this.display()
            )
        })
    }

    #[cfg(test)]
    fn of_unit_tests() -> Self {
        let path = std::env::current_exe().unwrap();
        let arguments = &[
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
            "local_app::functions::worker::tests::is_a_worker",
        ];
        Self { path, arguments }
    }

    /// The command that starts a worker: nothing of this process's surroundings goes along.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(self.arguments).env_clear();
        #[cfg(unix)]
        {
            // Signals that a terminal sends to its whole foreground are the server's.
            command.arg0("idmux").process_group(0).current_dir("/");
        }
        #[cfg(windows)]
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        command
    }

    /// What a person knows it by.
    pub fn name(&self) -> String {
        let path = if self.path == Path::new(SAME) { std::env::current_exe().ok() } else { None };
        path.as_deref().unwrap_or(&self.path).display().to_string()
    }
}

/// The idmux in the folder of `program`; that of a test, where cargo puts it.
fn beside(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?;
    let folder = if folder.ends_with(TESTS_FOLDER) { folder.parent()? } else { folder };
    let idmux = folder.join(format!("idmux{}", std::env::consts::EXE_SUFFIX));
    idmux.is_file().then_some(idmux)
}
