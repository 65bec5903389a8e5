//! A worker: a process of the idmux program that runs functions, one call at a time.
//!
//! It is told everything over its standard input and says everything over its standard output. It has no environment, no
//! files and no secrets beyond those of the call. When its input ends, so does it, in the middle of whatever it does:
//! nothing is left of a server that was killed.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};

use super::engine::{Engine, Host, LOG_LINES, Limits};
use super::frames::{self, Answer, CallFrame, FromWorker, GREETING, Question, ToWorker};

/// The sub-command that a worker is started with. Nobody types it.
pub const COMMAND: &str = "function-worker";
/// Far more than the engine's own limit, which counts only its own frames well.
const STACK: usize = 8 * 1024 * 1024;
/// Longest name of a function that the App is asked for.
const LONGEST_NAME: usize = 1_000;
/// Questions that a call may ask.
const MOST_QUESTIONS: usize = 1_000;

/// Whether this program begins with [`work_if_asked`].
static CAN_WORK: AtomicBool = AtomicBool::new(false);

/// Makes this process run functions for the local App that started it, if one did; to be called first in `main`.
///
/// A program that calls it is its own worker: a local App inside of it needs no other program for functions.
pub fn work_if_asked() -> Option<ExitCode> {
    CAN_WORK.store(true, Ordering::Relaxed);
    let mut arguments = std::env::args_os().skip(1);
    let is_asked = arguments.next().is_some_and(|first| first == COMMAND) && arguments.next().is_none();
    if !is_asked {
        return None;
    }
    if io::stdin().is_terminal() {
        // There may be nobody to tell.
        let _ = writeln!(io::stderr(), "idmux: '{COMMAND}' is what idmux starts for functions, by itself");
        return Some(ExitCode::from(2));
    }
    Some(work())
}

pub fn can_this_program_work() -> bool {
    CAN_WORK.load(Ordering::Relaxed)
}

/// Works until standard input ends.
pub fn work() -> ExitCode {
    confinement::close_inherited_files();
    let mut input = io::stdin().lock();
    let Ok(ToWorker::Setup(limits)) = frames::read(&mut input) else { return ExitCode::FAILURE };
    let (told, tell) = mpsc::channel();
    let running = std::thread::Builder::new()
        .name("functions".to_owned())
        .stack_size(STACK)
        .spawn(move || run_calls(limits, tell));
    if running.is_err() {
        return ExitCode::FAILURE;
    }
    confinement::confine(&limits);
    while let Ok(frame) = frames::read::<ToWorker>(&mut input) {
        if told.send(frame).is_err() {
            break;
        }
    }
    // Not a return: a function may be running, and would be waited for.
    std::process::exit(0)
}

fn run_calls(limits: Limits, told: Receiver<ToWorker>) {
    // What cannot be said has nobody to hear it, and the input ends as well.
    let _ = run_each(limits, told);
    std::process::exit(0)
}

fn run_each(limits: Limits, told: Receiver<ToWorker>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(GREETING)?;
    out.flush()?;
    drop(out);
    let outside = Rc::new(Outside {
        told,
        config: Cell::new(0),
        sources: RefCell::default(),
        questions: Cell::new(0),
        lines: Cell::new(0),
        size_before: Cell::new(None),
    });
    let mut first_size = None;
    loop {
        // Made before the call comes.
        let mut engine = Engine::new(limits);
        let size = memory::begin();
        outside.size_before.set(size);
        let kept = size.unwrap_or(0).saturating_sub(*first_size.get_or_insert(size.unwrap_or(0)));
        if kept > limits.memory / 4 {
            // The system's allocator does not give it back; another worker begins anew.
            return Ok(());
        }
        let Ok(frame) = outside.told.recv() else { return Ok(()) };
        let ToWorker::Call(CallFrame { name, input, config }) = frame else { return Ok(()) };
        outside.begin(config);
        say(&FromWorker::Begun {})?;
        let host: Rc<dyn Host> = outside.clone();
        let result = match &mut engine {
            Ok(engine) => engine.call(&name, &input, &host),
            Err(failure) => Err(failure.clone()),
        };
        let frame = match result {
            Ok(result) => FromWorker::Done(result),
            Err(failure) => FromWorker::Failed(failure),
        };
        say(&frame)?;
    }
}

fn say(frame: &FromWorker) -> io::Result<()> {
    frames::write(&mut io::stdout().lock(), frame)
}

/// The App, as a call reaches it.
struct Outside {
    told: Receiver<ToWorker>,
    config: Cell<i64>,
    /// What the App answered, for the configuration.
    sources: RefCell<HashMap<String, Option<String>>>,
    questions: Cell<usize>,
    lines: Cell<usize>,
    size_before: Cell<Option<usize>>,
}

impl Outside {
    fn begin(&self, config: i64) {
        if self.config.replace(config) != config {
            self.sources.borrow_mut().clear();
        }
        self.questions.set(0);
        self.lines.set(0);
    }

    fn ask(&self, question: Question) -> Option<Answer> {
        self.questions.set(self.questions.get() + 1);
        if self.questions.get() > MOST_QUESTIONS || say(&FromWorker::Ask(question)).is_err() {
            return None;
        }
        match self.told.recv() {
            Ok(ToWorker::Answer(answer)) => Some(answer),
            _ => None,
        }
    }
}

impl Host for Outside {
    fn source(&self, name: &str) -> Option<String> {
        if name.len() > LONGEST_NAME {
            return None;
        }
        if let Some(known) = self.sources.borrow().get(name) {
            return known.clone();
        }
        let Answer::Source(source) = self.ask(Question::Source(name.to_owned()))?;
        if source.is_some() {
            self.sources.borrow_mut().insert(name.to_owned(), source.clone());
        }
        source
    }

    fn log(&self, line: &str) {
        self.lines.set(self.lines.get() + 1);
        if self.lines.get() <= LOG_LINES {
            // Noticed at the next frame.
            let _ = say(&FromWorker::Log(line.to_owned()));
        }
    }

    fn growth(&self) -> Option<usize> {
        Some(memory::peak()?.saturating_sub(self.size_before.get()?))
    }
}

/// How much memory this process has, as far as the system tells.
#[cfg(target_os = "linux")]
mod memory {
    use std::fs;

    /// What makes the kernel forget the peak (proc(5), `/proc/pid/clear_refs`).
    const FORGET_PEAK: &str = "5";

    /// Bytes of memory now; its peak begins here.
    pub fn begin() -> Option<usize> {
        fs::write("/proc/self/clear_refs", FORGET_PEAK).ok()?;
        size()
    }

    /// Bytes of memory now.
    pub fn size() -> Option<usize> {
        of_status("VmRSS:")
    }

    /// The most since the beginning.
    pub fn peak() -> Option<usize> {
        of_status("VmHWM:")
    }

    fn of_status(field: &str) -> Option<usize> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib << 10)
    }
}

#[cfg(not(target_os = "linux"))]
mod memory {
    pub fn begin() -> Option<usize> {
        None
    }

    pub fn size() -> Option<usize> {
        None
    }

    pub fn peak() -> Option<usize> {
        None
    }
}

/// What a worker takes from itself.
#[cfg(unix)]
mod confinement {
    use rustix::process::{Resource, Rlimit, setrlimit};

    use super::Limits;
    use crate::local_app::functions::pool::BUSY_LIFE;

    /// Room beside the engine's heap: the program itself, and a result on its way out.
    const OTHER_MEMORY: u64 = 512 << 20;
    /// Files of its own, which tell how much memory there is.
    const FILES: u64 = 16;

    /// Closes what whoever started the server had open and did not keep to himself.
    pub fn close_inherited_files() {
        let Ok(entries) = std::fs::read_dir("/dev/fd") else { return };
        let open: Vec<i32> =
            entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
        for file in open.into_iter().filter(|file| *file > 2) {
            // The folder's own is closed already.
            let _ = nix::unistd::close(file);
        }
    }

    /// Limits that the kernel holds, whatever happens to the server. What cannot be set is not there to be set.
    pub fn confine(limits: &Limits) {
        let all = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
        let cpu = (BUSY_LIFE + limits.time * 2).as_secs() + 5;
        for (resource, most) in [
            (Resource::Core, 0),
            (Resource::Fsize, 0),
            (Resource::Nofile, FILES),
            (Resource::Data, limits.memory as u64 + OTHER_MEMORY),
            (Resource::Cpu, cpu),
        ] {
            let _ = setrlimit(resource, all(most));
        }
    }
}

#[cfg(not(unix))]
mod confinement {
    pub fn close_inherited_files() {}

    pub fn confine(_: &super::Limits) {}
}

#[cfg(test)]
mod tests {
    /// The unit tests' own worker: the test program is started again with this test alone.
    #[test]
    #[ignore = "a worker of other tests"]
    fn is_a_worker() {
        super::work();
    }
}
