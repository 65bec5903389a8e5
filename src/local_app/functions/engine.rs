//! The engine: runs one function to its end, within limits on time, memory and stack.
//!
//! Each call has a runtime of its own, so that nothing of one call is left for the next. It is made in advance: a call
//! finds it waiting. Some native loops of the engine cannot be interrupted, which is why it runs in a worker that can be
//! killed, and never in the server.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bson::{RawDocumentBuf, doc};
use rquickjs::context::EvalOptions;
use rquickjs::prelude::Func;
use rquickjs::{
    Context, Ctx, Exception, Function as JsFunction, Object, Persistent, Runtime, Value as JsValue,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::frames::{LONGEST_RESULT, RESULT};
use super::{FunctionFailure, Place};
use crate::data::ejson;

const EJSON: &str = include_str!("ejson.js");
const CONTEXT: &str = include_str!("context.js");

/// What the engine says when there is none left.
const OUT_OF_MEMORY: &str = "out of memory";
/// Lines that are kept of what a call writes to `console`, and characters of each.
pub const LOG_LINES: usize = 100;
pub const LOG_LINE_LENGTH: usize = 2_000;
/// What the engine calls the code of functions, and the lines that it puts before it.
const FUNCTION_FILE: &str = "<input>:";
const LINES_BEFORE: u32 = 2;

/// How much a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub time: Duration,
    /// Bytes.
    pub memory: usize,
    /// Bytes.
    pub stack: usize,
    /// Calls of clients that run at once, half as many of one user; others wait, for as long as a call may take.
    pub at_once: usize,
}

impl Default for Limits {
    /// The hosted service gives 300 s and 350 MB. An answer of this server may take 30 s, within which a login runs up
    /// to two functions.
    fn default() -> Self {
        Self { time: Duration::from_secs(10), memory: 128 * 1024 * 1024, stack: 1024 * 1024, at_once: 4 }
    }
}

/// What a call finds outside of the engine.
pub trait Host {
    /// The source of a function of the App.
    fn source(&self, name: &str) -> Option<String>;
    /// Takes a line of `console`.
    fn log(&self, line: &str);
    /// By how many bytes this process has grown at most since the engine was made, where that can be known.
    fn growth(&self) -> Option<usize>;
}

/// A runtime that waits for its one call.
pub struct Engine {
    limits: Limits,
    /// When the call is over, once it has begun.
    deadline: Rc<Cell<Option<Instant>>>,
    // These go in this order.
    run: Option<Persistent<JsFunction<'static>>>,
    context: Context,
    runtime: Runtime,
}

/// What JavaScript hands over, once: the result as Extended JSON, or what was thrown.
type Report = Rc<RefCell<Option<Result<String, Thrown>>>>;

/// What a function threw.
enum Thrown {
    Error(FunctionFailure),
    Null,
}

impl Engine {
    /// Makes a runtime and all that the App has in it.
    pub fn new(limits: Limits) -> Result<Self, FunctionFailure> {
        let deadline = Rc::new(Cell::new(None::<Instant>));
        let runtime = Runtime::new().map_err(FunctionFailure::engine)?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(limits.stack);
        let ends = Rc::clone(&deadline);
        runtime.set_interrupt_handler(Some(Box::new(move || is_over(&ends))));
        let context = Context::full(&runtime).map_err(|error| failure_of(&error, None))?;
        let run = context
            .with(|ctx| own_code(&ctx).map_err(|error| failure_of(&error, ctx.catch().into_exception())))?;
        Ok(Self { limits, deadline, run: Some(run), context, runtime })
    }

    /// Runs the function `name` with `input`, in canonical Extended JSON; the result is in the field [`RESULT`].
    pub fn call(
        &mut self,
        name: &str,
        input: &str,
        host: &Rc<dyn Host>,
    ) -> Result<RawDocumentBuf, FunctionFailure> {
        self.deadline.set(Some(Instant::now() + self.limits.time));
        let report = Report::default();
        let run = self.run.take().ok_or_else(|| FunctionFailure::engine("an engine has one call only"))?;
        let started = self.context.with(|ctx| {
            start(&ctx, run, (name, input), host, &report)
                .map_err(|error| failure_of(&error, ctx.catch().into_exception()))
        });
        let mut failed = started.err();
        while failed.is_none() && report.borrow().is_none() && !is_over(&self.deadline) {
            match self.runtime.execute_pending_job() {
                Ok(true) => {}
                Ok(false) => break,
                Err(job) => failed = Some(job.0.with(|ctx| failure_of_job(&ctx.catch(), name))),
            }
        }
        let report = report.take();
        match (report, failed) {
            (Some(Ok(text)), _) => parse(&text),
            (Some(Err(_)) | None, _) if is_over(&self.deadline) => Err(FunctionFailure::TimeLimit),
            (Some(Err(Thrown::Error(failure))), _) => Err(failure),
            (Some(Err(Thrown::Null)), _) => Err(self.failure_of_null(host.as_ref())),
            (None, Some(failure)) => Err(failure),
            // Without memory for another job the engine leaves it out.
            (None, None) if host.growth().is_some_and(|bytes| bytes >= self.limits.memory / 2) => {
                Err(FunctionFailure::MemoryLimit)
            }
            (None, None) => Err(FunctionFailure::thrown(
                "Error",
                format!("the promise that function '{name}' returned can never settle"),
            )),
        }
    }

    /// Without memory left even for an error the engine throws `null`, as a function may too. By then all is freed again;
    /// how far the process grew tells the two apart.
    fn failure_of_null(&self, host: &dyn Host) -> FunctionFailure {
        match host.growth() {
            Some(bytes) if bytes < self.limits.memory / 2 => FunctionFailure::thrown("Error", "null"),
            Some(_) => FunctionFailure::MemoryLimit,
            None => FunctionFailure::thrown("Error", "null, or no memory was left"),
        }
    }
}

fn is_over(deadline: &Cell<Option<Instant>>) -> bool {
    deadline.get().is_some_and(|deadline| Instant::now() >= deadline)
}

/// Evaluates the code that surrounds functions.
fn own_code(ctx: &Ctx<'_>) -> rquickjs::Result<Persistent<JsFunction<'static>>> {
    let own = |file: &str| {
        let mut options = EvalOptions::default();
        options.filename = Some(file.to_owned());
        options
    };
    let types: Object<'_> = ctx.eval_with_options::<JsFunction<'_>, _>(EJSON, own("ejson.js"))?.call(())?;
    let run: JsFunction<'_> =
        ctx.eval_with_options::<JsFunction<'_>, _>(CONTEXT, own("context.js"))?.call((types,))?;
    Ok(Persistent::save(ctx, run))
}

/// Runs the function up to its end or its first `await`.
fn start(
    ctx: &Ctx<'_>,
    run: Persistent<JsFunction<'static>>,
    (name, input): (&str, &str),
    outside: &Rc<dyn Host>,
    report: &Report,
) -> rquickjs::Result<()> {
    let host = Object::new(ctx.clone())?;
    host.set("name", name)?;
    host.set("input", input)?;
    host.set("logLines", LOG_LINES)?;
    host.set("logLineLength", LOG_LINE_LENGTH)?;
    // Canonical Extended JSON is longer than BSON.
    host.set("longestResult", LONGEST_RESULT * 2)?;
    host.set("tooLong", too_long())?;
    let of = Rc::clone(outside);
    host.set("source", Func::from(move |name: String| of.source(&name)))?;
    let to = Rc::clone(outside);
    host.set(
        "log",
        Func::from(move |line: String| {
            to.log(&line.chars().take(LOG_LINE_LENGTH).collect::<String>());
        }),
    )?;
    let to = Rc::clone(report);
    host.set("done", Func::from(move |text: String| report_once(&to, Ok(text))))?;
    let to = Rc::clone(report);
    host.set("failWithNull", Func::from(move || report_once(&to, Err(Thrown::Null))))?;
    let to = Rc::clone(report);
    host.set(
        "fail",
        Func::from(move |name: String, message: String, stack: String, function: String| {
            report_once(&to, Err(Thrown::Error(thrown(name, message, &stack, function))));
        }),
    )?;
    run.restore(ctx)?.call((host,))
}

fn report_once(report: &Report, outcome: Result<String, Thrown>) {
    report.borrow_mut().get_or_insert(outcome);
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
fn failure_of_job(thrown_value: &JsValue<'_>, function: &str) -> FunctionFailure {
    match thrown_value.as_exception() {
        Some(exception) => {
            let name = exception.as_object().get("name").unwrap_or_else(|_| "Error".to_owned());
            let stack = exception.stack().unwrap_or_default();
            thrown(name, exception.message().unwrap_or_default(), &stack, function.to_owned())
        }
        None if thrown_value.is_null() => FunctionFailure::MemoryLimit,
        None => FunctionFailure::thrown("Error", "a microtask threw"),
    }
}

fn thrown(name: String, message: String, stack: &str, function: String) -> FunctionFailure {
    if name == "InternalError" && message == OUT_OF_MEMORY {
        return FunctionFailure::MemoryLimit;
    }
    let cut = |text: String, longest: usize| text.chars().take(longest).collect();
    let at = Place { function, line: line_in(stack) };
    FunctionFailure::Thrown { name: cut(name, 100), message: cut(message, 4096), at: Some(at) }
}

/// The line of the App's code that a stack starts at.
fn line_in(stack: &str) -> Option<u32> {
    let (_, place) = stack.split_once(FUNCTION_FILE)?;
    let digits = place.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse::<u32>().ok()?.checked_sub(LINES_BEFORE)
}

fn too_long() -> String {
    format!("the result is longer than {} MiB", LONGEST_RESULT >> 20)
}

/// Reads a result. What it has inside may be no Extended JSON, such as a field that is called `$oid`.
fn parse(text: &str) -> Result<RawDocumentBuf, FunctionFailure> {
    let invalid = |error: String| {
        FunctionFailure::thrown("TypeError", format!("the result has no Extended JSON: {error}"))
    };
    let value: Value = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    let value = ejson::parse(&value).map_err(|error| invalid(error.to_string()))?;
    let document =
        RawDocumentBuf::try_from(&doc! { RESULT: value }).map_err(|error| invalid(error.to_string()))?;
    if document.as_bytes().len() > LONGEST_RESULT {
        return Err(FunctionFailure::thrown("RangeError", too_long()));
    }
    Ok(document)
}
