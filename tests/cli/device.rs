//! A device of its own for each test: a home folder, without a keyring.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub const PASSWORD: &str = "correct horse battery";

/// A folder in which idmux keeps everything, and the environment that leads there.
pub struct Device {
    home: TempDir,
    variables: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Device {
    /// A device with a key file.
    pub fn new() -> Self {
        let mut device = Self::without_key();
        let key = device.home().join("test.key").to_str().unwrap().to_owned();
        device.set("IDMUX_KEY_FILE", &key);
        device
    }

    /// A device on which nobody said where the vault's key shall live.
    pub fn without_key() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.into(), value.into()));
    }

    pub fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// The variables, as a terminal takes them.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// `idmux` with arguments, on this device.
    pub fn command(&self, args: &[&str]) -> Command {
        self.surround(Command::new(env!("CARGO_BIN_EXE_idmux")), args)
    }

    /// Any program on this device.
    pub fn surround(&self, mut command: Command, args: &[impl AsRef<OsStr>]) -> Command {
        for name in ["IDMUX_PASSPHRASE", "IDMUX_KEY_FILE", "IDMUX_LOG", "http_proxy", "HTTP_PROXY"] {
            command.env_remove(name);
        }
        command
            .args(args)
            .env("HOME", self.home())
            .env("IDMUX_HOME", self.home())
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end, with nothing on standard input.
    pub fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).spawn().unwrap())
    }

    /// Runs a command to its end, with `input` on standard input.
    pub fn run_with(&self, args: &[&str], input: &str) -> Ended {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // A command that refuses before it reads closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ended::of(child)
    }

    /// Registers an account, and logs it in.
    pub fn register(&self, email: &str, more: &[&str]) -> Value {
        let args = [&["login", "email", email, "--register", "--password-stdin", "--json"], more].concat();
        self.run_with(&args, PASSWORD).json()
    }

    /// All users, as `users --json` lists them.
    pub fn users(&self) -> Vec<Value> {
        serde_json::from_value(self.run(&["users", "--json"]).json()).unwrap()
    }
}

impl Ended {
    pub fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What it printed; it did what it was asked to, and had nothing to say beside that.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        &self.out
    }

    /// What it printed for scripts.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(self.ok()).unwrap()
    }

    /// What it said to a person while it failed with that exit code.
    #[track_caller]
    pub fn refused(&self, code: i32) -> &str {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
        &self.err
    }

    /// The error that it gave to scripts while it failed with that exit code.
    #[track_caller]
    pub fn error(&self, code: i32) -> Value {
        let said: Value = serde_json::from_str(self.refused(code)).unwrap();
        let error = &said["error"];
        for field in ["code", "message", "hint"] {
            assert!(error[field].is_string(), "{said}");
        }
        error.clone()
    }
}

/// Asserts that an object has exactly these fields, in this order.
#[track_caller]
pub fn has_fields(object: &Value, fields: &[&str]) {
    let there: Vec<_> = object.as_object().unwrap().keys().collect();
    assert_eq!(there, fields);
}

/// Does what Ctrl-C does.
pub fn interrupt(child: &Child) {
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
}

/// Waits for a condition, with a generous limit.
pub fn wait_until(what: &str, done: impl Fn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !done() {
        assert!(std::time::Instant::now() < end, "{what}: never");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
