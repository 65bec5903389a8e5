//! The engine: runs one function to its end, within limits on time, memory and stack.
//!
//! Each call has a runtime and a thread of its own, so that nothing of one call is left for the next, and no task that
//! answers requests ever waits for JavaScript. Some native loops of the engine cannot be interrupted: whoever called
//! is answered in time all the same, and the thread counts as one of the few that may run at once until it ends.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::Bson;
use rquickjs::prelude::Func;
use rquickjs::{Context, Ctx, Exception, Function as JsFunction, Object, Runtime, Value as JsValue};
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use super::FunctionFailure;
use crate::local_app::config::AppConfig;

const EJSON: &str = include_str!("ejson.js");
const CONTEXT: &str = include_str!("context.js");

/// What the engine says when there is none left.
const OUT_OF_MEMORY: &str = "out of memory";
/// For how long after its limit a call may take to notice.
const GRACE: Duration = Duration::from_millis(500);
/// Far more than the engine's own limit, which counts only its own frames well.
const THREAD_STACK: usize = 8 * 1024 * 1024;
/// Lines that are kept of what a call writes to `console`, and characters of each.
const LOG_LINES: usize = 100;
const LOG_LINE_LENGTH: usize = 2_000;

/// How much a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub time: Duration,
    /// Bytes.
    pub memory: usize,
    /// Bytes.
    pub stack: usize,
    /// Calls that run at once; others wait, for as long as a call may take.
    pub at_once: usize,
}

impl Default for Limits {
    /// The hosted service gives 300 s and 350 MB. An answer of this server may take 30 s, within which a login runs up
    /// to two functions.
    fn default() -> Self {
        Self { time: Duration::from_secs(10), memory: 128 * 1024 * 1024, stack: 1024 * 1024, at_once: 4 }
    }
}

/// What to run.
pub struct Call {
    /// Name of the function.
    pub name: String,
    /// Has all functions of the App: one may call another.
    pub config: Arc<AppConfig>,
    /// What `context.js` makes `context` and the arguments of.
    pub input: Bson,
}

/// What came of a call.
#[derive(Debug)]
pub struct Outcome {
    pub result: Result<Bson, FunctionFailure>,
    /// What the function wrote to `console`.
    pub logs: Vec<String>,
}

impl Outcome {
    fn failed(failure: FunctionFailure) -> Self {
        Self { result: Err(failure), logs: Vec::new() }
    }
}

/// Runs functions, a few at a time.
pub struct Engine {
    limits: Limits,
    running: Arc<Semaphore>,
}

impl Engine {
    pub fn new(limits: Limits) -> Self {
        Self { limits, running: Arc::new(Semaphore::new(limits.at_once)) }
    }

    /// Runs a function; answers within its time limit, or shortly after.
    pub async fn run(&self, call: Call) -> Outcome {
        let limits = self.limits;
        let turn = tokio::time::timeout(limits.time, Arc::clone(&self.running).acquire_owned()).await;
        let Ok(Ok(permit)) = turn else { return Outcome::failed(FunctionFailure::Busy) };
        let (answer, answered) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("local-app-function".to_owned())
            .stack_size(THREAD_STACK)
            .spawn(move || {
                // Given back when the thread ends, not when the caller stops waiting.
                let _permit = permit;
                let _ = answer.send(run_here(&call, limits));
            });
        if let Err(error) = thread {
            return Outcome::failed(FunctionFailure::Engine(error.to_string()));
        }
        match tokio::time::timeout(limits.time + GRACE, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Outcome::failed(FunctionFailure::Engine("the engine panicked".to_owned())),
            Err(_) => Outcome::failed(FunctionFailure::TimeLimit),
        }
    }
}

/// What JavaScript hands over, once: the result as Extended JSON, or name and message of an error.
type Report = Rc<RefCell<Option<Result<String, (String, String)>>>>;

fn run_here(call: &Call, limits: Limits) -> Outcome {
    let logs = Rc::new(RefCell::new(Vec::new()));
    let result = evaluate(call, limits, &logs);
    Outcome { result, logs: logs.take() }
}

fn evaluate(call: &Call, limits: Limits, logs: &Rc<RefCell<Vec<String>>>) -> Result<Bson, FunctionFailure> {
    let deadline = Instant::now() + limits.time;
    let is_over = move || Instant::now() >= deadline;
    let runtime = Runtime::new().map_err(FunctionFailure::engine)?;
    runtime.set_memory_limit(limits.memory);
    runtime.set_max_stack_size(limits.stack);
    runtime.set_interrupt_handler(Some(Box::new(is_over)));
    let context = Context::full(&runtime).map_err(|error| failure_of(&error, None))?;
    let report = Report::default();

    let started = context.with(|ctx| {
        start(&ctx, call, &report, logs).map_err(|error| failure_of(&error, ctx.catch().into_exception()))
    });
    let mut failed = started.err();
    while failed.is_none() && report.borrow().is_none() && !is_over() {
        match runtime.execute_pending_job() {
            Ok(true) => {}
            Ok(false) => break,
            Err(job) => {
                failed = Some(job.0.with(|ctx| failure_of_job(&ctx.catch())));
            }
        }
    }
    let report = report.take();
    match (report, failed) {
        (Some(Ok(text)), _) => parse(&text),
        (Some(Err(_)) | None, _) if is_over() => Err(FunctionFailure::TimeLimit),
        (Some(Err((name, message))), _) => Err(thrown(name, message)),
        (None, Some(failure)) => Err(failure),
        (None, None) => Err(FunctionFailure::Thrown {
            name: "Error".to_owned(),
            message: format!("the promise that function '{}' returned can never settle", call.name),
        }),
    }
}

/// Runs the function up to its end or its first `await`.
fn start(
    ctx: &Ctx<'_>,
    call: &Call,
    report: &Report,
    logs: &Rc<RefCell<Vec<String>>>,
) -> rquickjs::Result<()> {
    let host = Object::new(ctx.clone())?;
    host.set("name", call.name.as_str())?;
    host.set("input", call.input.clone().into_canonical_extjson().to_string())?;
    let config = Arc::clone(&call.config);
    host.set(
        "source",
        Func::from(move |name: String| config.functions.get(&name).map(|found| found.source.clone())),
    )?;
    host.set("logLines", LOG_LINES)?;
    let to = Rc::clone(logs);
    host.set("log", Func::from(move |line: String| log(&mut to.borrow_mut(), &line)))?;
    let to = Rc::clone(report);
    host.set("done", Func::from(move |text: String| report_once(&to, Ok(text))))?;
    let to = Rc::clone(report);
    host.set(
        "fail",
        Func::from(move |name: String, message: String| report_once(&to, Err((name, message)))),
    )?;

    let types: Object<'_> = ctx.eval::<JsFunction<'_>, _>(EJSON)?.call(())?;
    ctx.eval::<JsFunction<'_>, _>(CONTEXT)?.call((host, types))
}

fn report_once(report: &Report, outcome: Result<String, (String, String)>) {
    report.borrow_mut().get_or_insert(outcome);
}

fn log(lines: &mut Vec<String>, line: &str) {
    lines.push(line.chars().take(LOG_LINE_LENGTH).collect());
}

/// Why the code around a function failed, which throws nothing by itself: it was interrupted, or had no memory.
fn failure_of(error: &rquickjs::Error, exception: Option<Exception<'_>>) -> FunctionFailure {
    let message = exception.and_then(|exception| exception.message());
    match (error, message) {
        (rquickjs::Error::Exception, Some(message)) if message != OUT_OF_MEMORY => {
            FunctionFailure::Engine(message)
        }
        (rquickjs::Error::Exception | rquickjs::Error::Allocation, _) => FunctionFailure::MemoryLimit,
        (other, _) => FunctionFailure::engine(other),
    }
}

/// What a job threw that belongs to no promise, such as one of `queueMicrotask`.
fn failure_of_job(thrown_value: &JsValue<'_>) -> FunctionFailure {
    match thrown_value.as_exception() {
        Some(exception) => {
            let name = exception.as_object().get("name").unwrap_or_else(|_| "Error".to_owned());
            thrown(name, exception.message().unwrap_or_default())
        }
        None if thrown_value.is_null() => FunctionFailure::MemoryLimit,
        None => thrown("Error".to_owned(), "a microtask threw".to_owned()),
    }
}

fn thrown(name: String, message: String) -> FunctionFailure {
    let no_memory = name.is_empty() || (name == "InternalError" && message == OUT_OF_MEMORY);
    if no_memory { FunctionFailure::MemoryLimit } else { FunctionFailure::Thrown { name, message } }
}

/// Reads a result. What it has inside may be no Extended JSON, such as a field that is called `$oid`.
fn parse(text: &str) -> Result<Bson, FunctionFailure> {
    let invalid = |error: String| FunctionFailure::Thrown {
        name: "TypeError".to_owned(),
        message: format!("the result has no Extended JSON: {error}"),
    };
    let value: Value = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    Bson::try_from(value).map_err(|error| invalid(error.to_string()))
}

#[cfg(test)]
mod tests;
