//! What others on this machine get to see of the process: no core dump, no memory for other programs of the same person,
//! and no secrets in its environment, which stands in `/proc/PID/environ` and goes to every child.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

/// The variable with the vault's passphrase.
pub const PASSPHRASE: &str = "IDMUX_PASSPHRASE";
/// The variable with a control token, for `idmux serve` and for whoever looks after what it serves.
pub const CONTROL_TOKEN: &str = "IDMUX_CONTROL_TOKEN";

/// What the process took out of its environment.
static TAKEN: Mutex<BTreeMap<String, SecretString>> = Mutex::new(BTreeMap::new());

/// Closes the process to others. To be called first of all: it may begin the program anew, without the secrets in its
/// environment.
pub fn protect() {
    #[cfg(unix)]
    {
        forbid_dumps();
        unix::take_environment();
    }
}

/// What an environment variable with a secret held when the program was started; `None` if it was not set, or empty.
pub fn secret(name: &str) -> Option<SecretString> {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
    let given = taken.or_else(|| {
        std::env::var_os(name).map(|value| SecretString::from(value.to_string_lossy().into_owned()))
    });
    given.filter(|secret| !secret.expose_secret().is_empty())
}

/// Wipes what [`secret`] would say.
pub fn forget(name: &str) {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
}

/// A crash leaves no memory on the disk, and nobody but root reads it while the program runs. What the system does not
/// grant, the program works without.
#[cfg(unix)]
fn forbid_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

#[cfg(unix)]
mod unix {
    use std::io::{PipeReader, Read, Write, pipe};
    use std::os::fd::{AsFd, AsRawFd};
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use zeroize::Zeroizing;

    use super::*;

    /// Where the program that was begun anew finds the secrets: `<process id>:<file descriptor>`. The id keeps a child from
    /// taking it for its own.
    const HANDED_OVER: &str = "IDMUX_HANDED_OVER";
    /// A pipe takes so many bytes before somebody reads, on every system.
    const ROOM: usize = 16 << 10;

    /// Takes the secrets over, or hands them to this program begun anew: only that empties the environment that the system
    /// shows. They go through a pipe, which nobody else can open.
    pub fn take_environment() {
        if let Some(handed_over) = std::env::var(HANDED_OVER).ok().and_then(|place| read(&place)) {
            *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = handed_over;
            return;
        }
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let set: Vec<_> = [PASSPHRASE, CONTROL_TOKEN].into_iter().filter(is_set).collect();
        if let Some(pipe) = Some(&set).filter(|set| !set.is_empty()).and_then(|set| filled(set)) {
            begin_anew(&set, &pipe);
        }
    }

    /// Comes back only where it failed; then the variables stay, and are read from where they are.
    fn begin_anew(names: &[&str], pipe: &PipeReader) {
        let Ok(program) = std::env::current_exe() else { return };
        if rustix::io::fcntl_setfd(pipe.as_fd(), rustix::io::FdFlags::empty()).is_err() {
            return;
        }
        let mut args = std::env::args_os();
        let mut command = Command::new(program);
        if let Some(name) = args.next() {
            command.arg0(name);
        }
        command.args(args);
        for name in names {
            command.env_remove(name);
        }
        let _ = command.env(HANDED_OVER, format!("{}:{}", std::process::id(), pipe.as_raw_fd())).exec();
    }

    /// A pipe with the variables in it, and no writer: `NAME=value`, with a zero byte after each.
    fn filled(names: &[&str]) -> Option<PipeReader> {
        let mut text = Zeroizing::new(Vec::with_capacity(ROOM));
        for name in names {
            let value = Zeroizing::new(std::env::var_os(name)?.into_vec());
            if text.len() + name.len() + value.len() + 2 > ROOM {
                return None;
            }
            text.extend_from_slice(name.as_bytes());
            text.push(b'=');
            text.extend_from_slice(&value);
            text.push(0);
        }
        let (reader, mut writer) = pipe().ok()?;
        writer.write_all(&text).ok()?;
        Some(reader)
    }

    /// What stands in the pipe at `place`, if it is this process's.
    fn read(place: &str) -> Option<BTreeMap<String, SecretString>> {
        let (process, descriptor) = place.split_once(':')?;
        if process.parse() != Ok(std::process::id()) {
            return None;
        }
        let descriptor: u32 = descriptor.parse().ok()?;
        let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
        let mut text = Zeroizing::new(Vec::with_capacity(ROOM));
        let pipe = std::fs::File::open(format!("{folder}/{descriptor}")).ok()?;
        pipe.take(ROOM as u64).read_to_end(&mut text).ok()?;
        let text = Zeroizing::new(String::from_utf8_lossy(&text).into_owned());
        let pairs = text.split_terminator('\0').filter_map(|pair| pair.split_once('='));
        Some(pairs.map(|(name, value)| (name.to_owned(), SecretString::from(value))).collect())
    }
}
