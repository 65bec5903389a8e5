//! What is left of a panic: a report for the person who wants to tell somebody, without anything that the program held.
//!
//! The words of a panic may repeat data (`called unwrap on an Err: …`), so only those are kept that stand in the program
//! itself. The place, the thread and the calls that led there say the rest.

use std::backtrace::Backtrace;
use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::clock::{Clock, SystemClock};

/// Reports of one process; who panics more often than this has told enough.
const MOST: usize = 16;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// A panic, as far as it may be told.
#[derive(Debug)]
pub struct Crash {
    /// Where in the sources.
    place: String,
    /// The name of the thread.
    thread: String,
    /// The words, where they stand in the program itself.
    words: Option<&'static str>,
    /// Where the report is, if it was written.
    report: Option<PathBuf>,
}

/// From now on a panic writes a report to `folder`, and says on standard error where it is.
pub fn report_to(folder: PathBuf) {
    // A second call keeps the first folder.
    if FOLDER.set(folder).is_ok() {
        panic::set_hook(Box::new(|info| {
            // Standard error may be closed as well; there is nowhere else to say it.
            let _ = writeln!(io::stderr(), "idmux: {}", record(info));
        }));
    }
}

/// Writes the report of a panic, if there is a folder for it.
pub fn record(info: &PanicHookInfo) -> Crash {
    static WRITTEN: AtomicUsize = AtomicUsize::new(0);
    let mut crash = Crash::of(info);
    let folder = FOLDER.get().filter(|_| WRITTEN.fetch_add(1, Ordering::Relaxed) < MOST);
    crash.report = folder.and_then(|folder| write(folder, &crash.text(&Backtrace::force_capture())).ok());
    crash
}

impl Crash {
    fn of(info: &PanicHookInfo) -> Self {
        Self {
            place: info.location().map_or_else(|| "an unknown place".into(), ToString::to_string),
            thread: thread::current().name().unwrap_or("without a name").to_owned(),
            words: info.payload().downcast_ref::<&'static str>().copied(),
            report: None,
        }
    }

    /// The report.
    fn text(&self, calls: &Backtrace) -> String {
        let Self { place, thread, words, .. } = self;
        let words = words.unwrap_or("(left out: they may repeat data)");
        let (version, system) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS);
        let (machine, at) = (std::env::consts::ARCH, SystemClock.now());
        format!(
            "idmux {version} panicked on {system} {machine} at {at}\n\
             place:  {place}\nthread: {thread}\nwords:  {words}\n\n{calls}\n"
        )
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it panicked at {}", self.place)?;
        if let Some(words) = self.words {
            write!(f, ": {words}")?;
        }
        match &self.report {
            Some(report) => write!(f, "; a report without secrets is in {}", report.display()),
            None => Ok(()),
        }
    }
}

/// Writes `crash-<time>.txt`, for the owner only. Two panics of one moment do not overwrite each other.
fn write(folder: &Path, text: &str) -> io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        builder.mode(0o700);
        options.mode(0o600);
    }
    builder.create(folder)?;
    let path = folder.join(SystemClock.now().strftime("crash-%Y%m%dT%H%M%S.%6fZ.txt").to_string());
    options.open(&path)?.write_all(text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crash(words: Option<&'static str>) -> Crash {
        Crash { place: "src/a.rs:1:2".into(), thread: "main".into(), words, report: None }
    }

    #[test]
    fn a_report_says_where_and_only_the_programs_own_words() {
        let calls = Backtrace::disabled();
        let text = crash(Some("it cannot be")).text(&calls);
        for part in [env!("CARGO_PKG_VERSION"), "src/a.rs:1:2", "thread: main", "words:  it cannot be"] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(crash(None).text(&calls).contains("left out"));
        assert_eq!(crash(None).to_string(), "it panicked at src/a.rs:1:2");
    }

    #[cfg(unix)]
    #[test]
    fn reports_are_for_the_owner_only_and_do_not_overwrite_each_other() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("log");
        let (first, second) = (write(&folder, "one").unwrap(), write(&folder, "two"));
        assert_eq!(first.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "one");
        assert_ne!(Some(first), second.ok());
    }
}
