//! Runs functions in workers, a few at a time: starts them, gives them calls, kills those that go too far, and ends those
//! that have nothing to do.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bson::{Bson, Document, RawDocumentBuf};
use tokio::io::{AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{Instant, timeout, timeout_at};

use super::FunctionFailure;
use super::engine::{LOG_LINES, Limits};
use super::frames::{self, Answer, CallFrame, FromWorker, GREETING, Question, RESULT, ToWorker};
use super::program::Program;
use super::turns::Turns;
use crate::local_app::blocking::blocking;
use crate::local_app::config::AppConfig;

/// For how long after its limit a call may take to notice by itself.
const GRACE: Duration = Duration::from_millis(500);
/// How long a worker that waited may take to say that it has a call. One that was stopped, or hangs, has to cost its call
/// less than the whole limit.
const BEGIN_TIME: Duration = Duration::from_secs(1);
/// For how long a worker waits for its next call.
const IDLE_LIFE: Duration = Duration::from_secs(60);
/// For how long a worker works, all in all; the kernel's limit is a little more.
pub const BUSY_LIFE: Duration = Duration::from_secs(300);
/// What a program may print before it greets, in bytes.
const LONGEST_PREAMBLE: usize = 4 << 10;

/// What to run.
pub struct Call {
    /// Name of the function.
    pub name: String,
    /// Has all functions of the App: one may call another.
    pub config: Arc<AppConfig>,
    /// What `context.js` makes `context` and the arguments of.
    pub input: Bson,
    /// Whose call it is; `None`: the App's own.
    pub user: Option<String>,
}

/// What came of a call.
#[derive(Debug)]
pub struct Outcome {
    pub result: Result<Bson, FunctionFailure>,
    /// What the function wrote to `console`.
    pub logs: Vec<String>,
}

/// The workers of an App. The first one starts with the first call.
pub struct Pool(Arc<Inner>);

struct Inner {
    limits: Limits,
    program: Result<Program, String>,
    turns: Turns,
    /// Tells configurations apart.
    configs: AtomicI64,
    current: Mutex<(i64, Weak<AppConfig>)>,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// The one that worked last is taken first, so that those in excess grow old.
    workers: Vec<Worker>,
    /// Whether somebody looks after those that grow old.
    is_watched: bool,
    is_closed: bool,
}

impl Pool {
    /// A pool of workers of `program`, or of the program that [`Program::find`] finds.
    pub fn new(limits: Limits, program: Option<&Path>) -> Self {
        Self(Arc::new(Inner {
            limits,
            program: Program::find(program),
            turns: Turns::new(limits.at_once),
            configs: AtomicI64::new(0),
            current: Mutex::new((0, Weak::new())),
            idle: Mutex::default(),
        }))
    }

    /// Runs a function; answers within its time limit, or shortly after. Whoever stops waiting ends the call.
    pub async fn run(&self, call: Call) -> Outcome {
        let inner = &self.0;
        let mut logs = Vec::new();
        let turn = timeout(inner.limits.time, inner.turns.take(call.user.as_deref())).await;
        let Ok(Ok(_turn)) = turn else { return Outcome { result: Err(FunctionFailure::Busy), logs } };
        let deadline = Instant::now() + inner.limits.time + GRACE;
        let attempt = timeout_at(deadline, inner.attempt(&call, &mut logs)).await;
        // Past its time, the worker was dropped, which kills it.
        let (result, is_lost) = attempt.unwrap_or((Err(FunctionFailure::TimeLimit), true));
        if is_lost {
            // Nobody waits for the one that takes its place.
            let inner = Arc::clone(inner);
            tokio::spawn(async move { inner.warm_up().await });
        }
        Outcome { result, logs }
    }

    /// Ends the workers that wait, and starts none any more.
    pub async fn close(&self) {
        let workers = {
            let mut idle = self.0.idle();
            idle.is_closed = true;
            std::mem::take(&mut idle.workers)
        };
        for worker in workers {
            worker.end().await;
        }
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a function to its end; also says whether that cost a worker.
    async fn attempt(
        self: &Arc<Self>,
        call: &Call,
        logs: &mut Vec<String>,
    ) -> (Result<Bson, FunctionFailure>, bool) {
        let input = crate::data::ejson::canonical(&call.input).to_string();
        let frame = CallFrame { name: call.name.clone(), input, config: self.number_of(&call.config) };
        let frame = ToWorker::Call(frame);
        let mut may_have_waited = true;
        loop {
            let (mut worker, has_waited) = match self.worker(may_have_waited).await {
                Ok(worker) => worker,
                Err(failure) => return (Err(failure), false),
            };
            let began = Instant::now();
            if has_waited {
                match timeout(BEGIN_TIME, worker.begin(&frame)).await {
                    Ok(Ok(())) => {}
                    // It ended while it waited, and the function has not begun.
                    Ok(Err(cause)) if is_end(&cause) => continue,
                    Ok(Err(cause)) => return (Err(worker.failure_of(cause).await), true),
                    // It was stopped, as others may have been.
                    Err(_) => {
                        may_have_waited = false;
                        continue;
                    }
                }
            } else if let Err(cause) = worker.begin(&frame).await {
                return (Err(worker.failure_of(cause).await), true);
            }
            return match worker.talk(&call.config, logs).await {
                Ok(result) => {
                    worker.busy += began.elapsed();
                    self.give_back(worker);
                    (result, false)
                }
                Err(cause) => (Err(worker.failure_of(cause).await), true),
            };
        }
    }

    /// The number of a configuration; another one has another number.
    fn number_of(&self, config: &Arc<AppConfig>) -> i64 {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !current.1.upgrade().is_some_and(|known| Arc::ptr_eq(&known, config)) {
            let number = self.configs.fetch_add(1, Ordering::Relaxed) + 1;
            *current = (number, Arc::downgrade(config));
        }
        current.0
    }

    /// A worker, and whether it has waited.
    async fn worker(&self, may_have_waited: bool) -> Result<(Worker, bool), FunctionFailure> {
        if may_have_waited {
            loop {
                let Some(mut worker) = self.idle().workers.pop() else { break };
                if worker.lives() {
                    return Ok((worker, true));
                }
            }
        }
        Ok((self.start().await?, false))
    }

    async fn start(&self) -> Result<Worker, FunctionFailure> {
        let program = self.program.as_ref().map_err(|why| FunctionFailure::NoWorker(why.clone()))?;
        Worker::start(program, self.limits).await
    }

    fn give_back(self: &Arc<Self>, mut worker: Worker) {
        if worker.busy >= BUSY_LIFE {
            return;
        }
        worker.since = Instant::now();
        let mut idle = self.idle();
        if idle.is_closed {
            return;
        }
        idle.workers.push(worker);
        if !std::mem::replace(&mut idle.is_watched, true) {
            tokio::spawn(end_the_idle(Arc::downgrade(self)));
        }
    }

    /// Puts a new worker in the place of one that was lost, before somebody waits for it.
    async fn warm_up(self: &Arc<Self>) {
        if !self.idle().workers.is_empty() {
            return;
        }
        // What goes wrong here is told to the next call.
        if let Ok(worker) = self.start().await {
            self.give_back(worker);
        }
    }
}

/// Ends workers that have waited for too long; goes on as long as there are any.
async fn end_the_idle(pool: Weak<Inner>) {
    loop {
        tokio::time::sleep(IDLE_LIFE).await;
        let Some(pool) = pool.upgrade() else { return };
        let (old, is_watched) = {
            let mut idle = pool.idle();
            let old: Vec<_> =
                idle.workers.extract_if(.., |worker| worker.since.elapsed() >= IDLE_LIFE).collect();
            idle.is_watched = !idle.workers.is_empty();
            (old, idle.is_watched)
        };
        for worker in old {
            worker.end().await;
        }
        if !is_watched {
            return;
        }
    }
}

/// A worker that the App has at hand. Dropping it kills it.
struct Worker {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    program: String,
    has_greeted: bool,
    /// How long it worked.
    busy: Duration,
    /// When it began to wait.
    since: Instant,
}

/// Whether a worker went no further because its process ended, or closed its pipes.
fn is_end(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe)
}

impl Worker {
    async fn start(program: &Program, limits: Limits) -> Result<Self, FunctionFailure> {
        let name = program.name();
        let no_worker =
            |why: &dyn std::fmt::Display| FunctionFailure::NoWorker(format!("{name} does not start: {why}"));
        let mut command = program.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| no_worker(&error))?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (mut to, from) = pipes.ok_or_else(|| no_worker(&"it has no pipes"))?;
        let set_up = frames::send(&mut to, &ToWorker::Setup(limits)).await;
        set_up.map_err(|error| no_worker(&format!("{error}; is it the idmux of this version?")))?;
        Ok(Self {
            process,
            to,
            from: BufReader::new(from),
            program: name,
            has_greeted: false,
            busy: Duration::ZERO,
            since: Instant::now(),
        })
    }

    fn lives(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Kills it, and waits until the system has its place back.
    async fn end(mut self) {
        // It may have ended by itself.
        let _ = self.process.kill().await;
    }

    /// Gives it a call; it says that it has it.
    async fn begin(&mut self, frame: &ToWorker) -> io::Result<()> {
        frames::send(&mut self.to, frame).await?;
        if !self.has_greeted {
            greeting(&mut self.from).await?;
            self.has_greeted = true;
        }
        match frames::receive(&mut self.from).await? {
            FromWorker::Begun {} => Ok(()),
            _ => Err(io::Error::other("it did not say that it began")),
        }
    }

    /// Has it run the function to its end.
    async fn talk(
        &mut self,
        config: &AppConfig,
        logs: &mut Vec<String>,
    ) -> io::Result<Result<Bson, FunctionFailure>> {
        loop {
            match frames::receive(&mut self.from).await? {
                FromWorker::Log(line) if logs.len() < LOG_LINES => logs.push(line),
                FromWorker::Log(_) => {}
                FromWorker::Ask(Question::Source(name)) => {
                    let source = config.functions.get(&name).map(|function| function.source.clone());
                    frames::send(&mut self.to, &ToWorker::Answer(Answer::Source(source))).await?;
                }
                FromWorker::Begun {} => return Err(io::Error::other("it began twice")),
                FromWorker::Done(result) if result.as_bytes().len() > frames::SHORT => {
                    return blocking(move || value_of(&result)).await?.map(Ok);
                }
                FromWorker::Done(result) => return value_of(&result).map(Ok),
                FromWorker::Failed(failure) => return Ok(Err(failure)),
            }
        }
    }

    /// What a call fails with whose worker got lost.
    async fn failure_of(mut self, cause: io::Error) -> FunctionFailure {
        if !is_end(&cause) {
            self.end().await;
            return FunctionFailure::Ended(format!("it said what nobody understands ({cause})"));
        }
        match self.process.wait().await {
            _ if !self.has_greeted => FunctionFailure::NoWorker(format!(
                "{} does not work; is it the idmux of this version?",
                self.program
            )),
            Ok(status) => how_it_ended(status),
            Err(error) => FunctionFailure::engine(error),
        }
    }
}

/// Reads up to the greeting of a worker.
async fn greeting(from: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut said = Vec::with_capacity(GREETING.len());
    while !said.ends_with(GREETING) {
        if said.len() > LONGEST_PREAMBLE {
            return Err(io::Error::other("it does not greet"));
        }
        said.push(from.read_u8().await?);
    }
    Ok(())
}

fn value_of(result: &RawDocumentBuf) -> io::Result<Bson> {
    let mut result = Document::try_from(result.as_ref()).map_err(io::Error::other)?;
    result.remove(RESULT).ok_or_else(|| io::Error::other("there is no result"))
}

/// What a process that ended by itself says of the function that it ran.
fn how_it_ended(status: ExitStatus) -> FunctionFailure {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;

        use rustix::process::Signal;

        match status.signal() {
            // A process aborts when its memory is at its end.
            Some(signal) if signal == Signal::ABORT.as_raw() => return FunctionFailure::MemoryLimit,
            Some(signal) if signal == Signal::XCPU.as_raw() => return FunctionFailure::TimeLimit,
            _ => {}
        }
    }
    FunctionFailure::Ended(status.to_string())
}

#[cfg(test)]
mod tests;
