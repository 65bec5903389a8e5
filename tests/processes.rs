//! Several real processes on one vault, and processes that are killed in the middle of what they do.

#[path = "processes/crash.rs"]
mod crash;
#[path = "processes/first_start.rs"]
mod first_start;
#[path = "processes/sharing.rs"]
mod sharing;
#[path = "support/terminal.rs"]
#[allow(dead_code)]
mod terminal;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A folder with a vault, shared by every process that is started on it.
struct Device {
    home: tempfile::TempDir,
}

impl Device {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn key_file(&self) -> PathBuf {
        self.path().join("test.key")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_idmux"));
        command
            .args(args)
            .env("IDMUX_HOME", self.path())
            .env("IDMUX_KEY_FILE", self.key_file())
            .env("HOME", self.path())
            .env("NO_PROXY", "127.0.0.1")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
            .env_remove("IDMUX_PASSPHRASE")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs a command that has to succeed, and reads what it printed.
    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn add_app(&self, url: &str) {
        let output = self.run(&["app", "add", "shop", "--url", url, "--app-id", "shop-abcde"]);
        assert!(output.status.success(), "{output:?}");
    }
}

/// `idmux serve`, ended with the test.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_idmux"))
            .args(["serve", "--listen", "127.0.0.1:0", "--app-id", "shop-abcde", "--ephemeral"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().nth(2).unwrap().to_owned();
        Self { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
