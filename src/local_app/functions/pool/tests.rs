use std::collections::BTreeMap;

use bson::{Document, doc};
use proptest::prelude::*;

use super::*;
use crate::local_app::config::Function;
use crate::local_app::functions::Place;
use crate::local_app::functions::engine::LOG_LINE_LENGTH;

fn limits() -> Limits {
    Limits { time: Duration::from_secs(20), ..Limits::default() }
}

/// Little time: what these run never ends by itself.
fn short() -> Limits {
    Limits { time: Duration::from_millis(200), ..limits() }
}

fn pool(limits: Limits) -> Pool {
    Pool::new(limits, None)
}

fn call(functions: &[(&str, &str)], arguments: Vec<Bson>) -> Call {
    let functions: BTreeMap<_, _> =
        functions.iter().map(|(name, source)| ((*name).to_owned(), Function::new(*source))).collect();
    let input = doc! {
        "now": bson::DateTime::from_millis(1_767_225_600_000),
        "user": { "id": "u", "type": "normal" },
        "system": false,
        "values": { "limit": 3, "nothing": Bson::Null },
        "environment": { "tag": "testing", "values": { "a": 1 } },
        "app": {},
        "request": {},
        "arguments": arguments,
    };
    let config = Arc::new(AppConfig { functions, ..AppConfig::default() });
    Call { name: "main".to_owned(), config, input: Bson::Document(input), user: Some("u".to_owned()) }
}

async fn run(source: &str, arguments: Vec<Bson>) -> Outcome {
    pool(limits()).run(call(&[("main", source)], arguments)).await
}

async fn value(source: &str) -> Bson {
    run(source, Vec::new()).await.result.unwrap()
}

async fn thrown_by(source: &str) -> (String, String) {
    match run(source, Vec::new()).await.result {
        Err(FunctionFailure::Thrown { name, message, .. }) => (name, message),
        other => panic!("{source}: {other:?}"),
    }
}

#[tokio::test]
async fn functions_return_what_they_return_and_what_their_promises_settle_to() {
    for source in [
        "exports = function (a, b) { return a + b; };",
        "exports = (a, b) => a + b",
        "exports = async function (a, b) { await null; return a + b; }",
        "exports = async (a, b) => { const add = async () => a + b; return await add(); } // ends in a comment",
        "const add = (a, b) => a + b; function exported(a, b) { return add(a, b); } exports = exported;",
        "exports = (a, b) => ({ then: (settle) => settle(a + b) })",
        "undeclared = 0; exports = (a, b) => a + b + undeclared",
    ] {
        let sum = run(source, vec![Bson::Int32(1), Bson::Int32(2)]).await.result;
        assert_eq!(sum, Ok(Bson::Int32(3)), "{source}");
    }
    assert_eq!(value("exports = () => {}").await, Bson::Undefined);
    assert_eq!(value("exports = () => null").await, Bson::Null);
}

#[tokio::test]
async fn what_a_function_throws_is_told_by_name_and_message() {
    let told = |name: &str, message: &str| (name.to_owned(), message.to_owned());
    for (source, expected) in [
        ("exports = () => { throw new Error('boom'); }", told("Error", "boom")),
        ("exports = async () => { await null; throw new TypeError('boom'); }", told("TypeError", "boom")),
        (
            "exports = async () => { queueMicrotask(() => { throw new RangeError('late'); }); await null; await null; }",
            told("RangeError", "late"),
        ),
        ("exports = () => { throw 'boom'; }", told("Error", "boom")),
        ("exports = () => { throw { code: 1 }; }", told("Error", r#"{"code":1}"#)),
        (
            "exports = () => { throw { get message() { throw 1; } }; }",
            told("Error", "the thrown value cannot be shown"),
        ),
        ("exports = () => unknown", told("ReferenceError", "unknown is not defined")),
        ("exports = () => Symbol('a')", told("TypeError", "a symbol has no Extended JSON")),
        (
            "const a = {}; a.a = a; exports = () => a",
            told("TypeError", "a value is nested too deeply, or contains itself"),
        ),
        ("exports = () => new Date(NaN)", told("TypeError", "an invalid date has no Extended JSON")),
        ("exports = 1", told("TypeError", "function 'main' does not assign a function to 'exports'")),
        ("", told("TypeError", "function 'main' does not assign a function to 'exports'")),
    ] {
        assert_eq!(thrown_by(source).await, expected, "{source}");
    }
    assert_eq!(thrown_by("exports = (").await.0, "SyntaxError");
    assert_eq!(thrown_by("}, exports = () => 1, {").await.0, "SyntaxError");
    assert!(thrown_by("exports = () => ({ $oid: 'x' })").await.1.contains("no Extended JSON"));
}

#[tokio::test]
async fn what_this_app_does_not_have_says_so() {
    for what in [
        "context.services.get('mongodb-atlas')",
        "context.http.get({ url: 'http://localhost' })",
        "require('axios')",
        "utils.crypto.hash('sha256', '')",
        "utils.jwt.encode('HS256', {}, 'x')",
        "setTimeout(() => {}, 1)",
    ] {
        let (_, message) = thrown_by(&format!("exports = () => {what}")).await;
        assert!(message.ends_with("this local App does not have it yet"), "{what}: {message}");
    }
}

#[tokio::test]
async fn endless_work_ends_at_the_time_limit_whatever_it_catches() {
    for source in [
        "exports = () => { while (true) {} }",
        "exports = () => { while (true) { try { while (true) {} } catch {} finally { continue; } } }",
        "exports = async () => { await null; while (true) {} }",
        "exports = async () => { while (true) await null; }",
        "exports = async () => { while (true) { try { await (async () => { while (true) {} })(); } catch {} } }",
        "exports = () => /(a+)+$/.test('a'.repeat(40) + '!')",
        "while (true) {}",
    ] {
        let outcome = pool(short()).run(call(&[("main", source)], Vec::new())).await;
        assert_eq!(outcome.result, Err(FunctionFailure::TimeLimit), "{source}");
    }
}

#[tokio::test]
async fn memory_has_a_limit_and_the_next_call_has_it_all_again() {
    let engine = pool(Limits { memory: 8 * 1024 * 1024, ..limits() });
    for source in [
        "exports = () => { const all = []; while (true) all.push('x'.repeat(1e5)); }",
        "exports = () => { const all = []; while (true) all.push({ a: [all.length] }); }",
        "exports = async () => { const all = []; while (true) { await null; all.push(new Array(1000).fill(1)); } }",
    ] {
        let outcome = engine.run(call(&[("main", source)], Vec::new())).await;
        assert_eq!(outcome.result, Err(FunctionFailure::MemoryLimit), "{source}");
    }
    let outcome = engine.run(call(&[("main", "exports = () => 'x'.repeat(1e6).length")], Vec::new())).await;
    assert_eq!(outcome.result, Ok(Bson::Int32(1_000_000)));
}

#[tokio::test]
async fn endless_recursion_is_an_error_that_a_function_can_catch() {
    let (name, _) = thrown_by("const f = () => f() + 1; exports = f;").await;
    assert_eq!(name, "RangeError");
    let caught = "const f = () => f() + 1; exports = () => { try { f(); } catch (e) { return 'caught'; } }";
    assert_eq!(value(caught).await, Bson::from("caught"));
}

#[tokio::test]
async fn a_promise_that_can_never_settle_is_told_at_once() {
    let (_, message) = thrown_by("exports = () => new Promise(() => {})").await;
    assert_eq!(message, "the promise that function 'main' returned can never settle");
}

/// Kind: a limit told as something else. Each promise of the chain holds the next, until there is no memory for a job.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_chain_of_promises_without_end_meets_a_limit() {
    let source = "exports = () => { const go = () => Promise.resolve().then(go); go(); return new Promise(() => {}); }";
    let outcome =
        pool(Limits { memory: 64 << 20, ..limits() }).run(call(&[("main", source)], Vec::new())).await;
    let failure = outcome.result.unwrap_err();
    assert!(matches!(failure, FunctionFailure::MemoryLimit | FunctionFailure::TimeLimit), "{failure:?}");
}

/// Kind: code that the engine's interrupt handler does not reach. It holds neither its caller, nor a turn, nor a core.
#[tokio::test]
async fn a_native_loop_is_killed_at_the_limit_and_its_turn_is_given_back() {
    let pool = pool(Limits { at_once: 1, ..short() });
    for stuck in [
        "exports = () => Array.prototype.reverse.call({ length: 2 ** 53 - 1 })",
        "exports = () => new Array(4e9).join('').length",
        "exports = async () => { await null; return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }",
        "exports = () => { console.log('begun'); Array.prototype.reverse.call({ length: 2 ** 53 - 1 }); }",
    ] {
        let outcome = pool.run(call(&[("main", stuck)], Vec::new())).await;
        assert_eq!(outcome.result, Err(FunctionFailure::TimeLimit), "{stuck}");
        let outcome = pool.run(call(&[("main", "exports = () => 1")], Vec::new())).await;
        assert_eq!(outcome.result, Ok(Bson::Int32(1)), "{stuck}");
    }
}

/// The process ids of the workers that wait; the first is the one whose turn comes first.
fn waiting(pool: &Pool) -> Vec<u32> {
    pool.0.idle().workers.iter().rev().filter_map(|worker| worker.process.id()).collect()
}

#[cfg(target_os = "linux")]
fn signal(process: u32, name: &str) {
    let done = std::process::Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(done.unwrap().success());
}

#[tokio::test]
async fn a_worker_serves_one_call_after_the_other_and_nothing_of_one_is_left_for_the_next() {
    let pool = pool(limits());
    let source = "exports = () => { const left = [typeof globalThis.left, Math.PI, [].x, typeof gone]; \
        globalThis.left = 1; gone = 1; Array.prototype.x = 1; Object.defineProperty(Math, 'PI', { value: 3 }); return left; }";
    for _ in 0..3 {
        let outcome = pool.run(call(&[("main", source)], Vec::new())).await;
        let clean = ["undefined".into(), std::f64::consts::PI.into(), Bson::Undefined, "undefined".into()];
        // `Math.PI` cannot be changed in the first place.
        assert!(
            outcome.result == Ok(Bson::Array(clean.to_vec()))
                || matches!(&outcome.result, Err(FunctionFailure::Thrown { name, .. }) if name == "TypeError")
        );
    }
    let one = waiting(&pool);
    assert_eq!(one.len(), 1);
    pool.run(call(&[("main", "exports = () => 1")], Vec::new())).await.result.unwrap();
    assert_eq!(waiting(&pool), one);
    // Another configuration, another source.
    for expected in 1..4 {
        let source = format!("exports = () => {expected}");
        let outcome = pool.run(call(&[("main", &source)], Vec::new())).await;
        assert_eq!(outcome.result, Ok(Bson::Int32(expected)));
    }
    assert_eq!(waiting(&pool), one);
}

/// Kind: a slot that is given back only if all goes well.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn whatever_happens_to_a_worker_the_next_call_runs() {
    // Long: a busy machine is late with signals, and no call here ends by its limit.
    let pool = pool(Limits { at_once: 1, time: Duration::from_secs(60), ..limits() });
    let works = async |pool: &Pool| {
        let outcome = pool.run(call(&[("main", "exports = () => 1")], Vec::new())).await;
        assert_eq!(outcome.result, Ok(Bson::Int32(1)));
    };
    works(&pool).await;
    for name in ["KILL", "ABRT", "SEGV"] {
        signal(waiting(&pool)[0], name);
        works(&pool).await;
    }
    // Frozen while it waits: another one takes the call, within its time.
    signal(waiting(&pool)[0], "STOP");
    works(&pool).await;
    // Killed in the middle of a call.
    let worker = waiting(&pool)[0];
    let endless =
        pool.run(call(&[("main", "exports = () => { console.log('x'); while (true) {} }")], Vec::new()));
    let kill = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        signal(worker, "KILL");
    };
    let (outcome, ()) = tokio::join!(endless, kill);
    assert!(matches!(outcome.result, Err(FunctionFailure::Ended(_))), "{outcome:?}");
    works(&pool).await;
    // Nobody waits for the answer any more.
    let given_up = pool.run(call(&[("main", "exports = () => { while (true) {} }")], Vec::new()));
    assert!(tokio::time::timeout(Duration::from_millis(100), given_up).await.is_err());
    works(&pool).await;
    let left = waiting(&pool);
    pool.close().await;
    for worker in left {
        assert!(!Path::new(&format!("/proc/{worker}")).exists());
    }
}

/// What is no worker, or says what no worker says, costs its call and nothing else.
#[cfg(unix)]
#[tokio::test]
async fn a_program_that_is_no_worker_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let greeting = String::from_utf8_lossy(GREETING).replace('\n', "\\n");
    for (script, expected) in [
        ("exit 3".to_owned(), "is it the idmux of this version"),
        ("cat /dev/zero".to_owned(), "what nobody understands"),
        (format!("printf '{greeting}\\377\\377\\377\\377'; sleep 9"), "what nobody understands"),
        (format!("printf '{greeting}\\5\\0\\0\\0\\5\\0\\0\\0\\0'; sleep 9"), "what nobody understands"),
    ] {
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let pool = Pool::new(limits(), Some(&program));
        let outcome = pool.run(call(&[("main", "exports = () => 1")], Vec::new())).await;
        let failure = outcome.result.unwrap_err().to_string();
        assert!(failure.contains(expected), "{script}: {failure}");
    }
    let pool = Pool::new(limits(), Some(&folder.path().join("nothing")));
    let outcome = pool.run(call(&[("main", "exports = () => 1")], Vec::new())).await;
    assert!(matches!(outcome.result, Err(FunctionFailure::NoWorker(_))), "{outcome:?}");
}

/// A worker knows nothing of the server: no environment, no files, no folder; and it ends with it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_worker_has_nothing_of_the_server() {
    let pool = pool(limits());
    pool.run(call(&[("main", "exports = () => 1")], Vec::new())).await.result.unwrap();
    let worker = waiting(&pool)[0];
    let of = |what: &str| format!("/proc/{worker}/{what}");
    assert_eq!(std::fs::read(of("environ")).unwrap(), b"");
    assert_eq!(std::fs::read_link(of("cwd")).unwrap(), Path::new("/"));
    let files = std::fs::read_dir(of("fd")).unwrap().count();
    assert!(files <= 3, "{files}");
    let limits = std::fs::read_to_string(of("limits")).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(limit("Max core file size"), 0);
    assert_eq!(limit("Max file size"), 0);
    assert!(limit("Max data size") < 1 << 30);
    assert!(limit("Max cpu time") < 1000);
    // Whatever it does when its input ends, as it does when the server is killed.
    let endless = call(
        &[("main", "exports = () => Array.prototype.reverse.call({ length: 2 ** 53 - 1 })")],
        Vec::new(),
    );
    let mut worker = pool.0.idle().workers.pop().unwrap();
    let frame = CallFrame {
        name: "main".to_owned(),
        input: crate::data::ejson::canonical(&endless.input).to_string(),
        config: 9,
    };
    worker.begin(&ToWorker::Call(frame)).await.unwrap();
    let asked: FromWorker = frames::receive(&mut worker.from).await.unwrap();
    assert!(matches!(asked, FromWorker::Ask(Question::Source(name)) if name == "main"));
    let source = endless.config.functions["main"].source.clone();
    frames::send(&mut worker.to, &ToWorker::Answer(Answer::Source(Some(source)))).await.unwrap();
    let Worker { mut process, to, from, .. } = worker;
    drop(to);
    process.wait().await.unwrap();
    drop(from);
}

/// Kind: what is thrown is told as something else. `null` is also what the engine throws without memory.
#[tokio::test]
async fn whatever_is_thrown_is_told_as_what_it_is() {
    let pool = pool(limits());
    for (thrown, expected) in [
        ("null", "null"),
        ("undefined", "undefined"),
        ("''", ""),
        ("0", "0"),
        ("NaN", "NaN"),
        ("5n", "5"),
        ("true", "true"),
        ("Symbol('a')", "Symbol(a)"),
        ("[1, 'a']", "[1,\"a\"]"),
        ("Object.create(null)", "{}"),
        ("new Date(0)", "{\"$date\":\"1970-01-01T00:00:00.000Z\"}"),
        ("(() => 1)", "() => 1"),
        ("{ toJSON() { throw 1; }, toString() { throw 2; } }", "the thrown value cannot be shown"),
        ("{ get message() { throw 1; } }", "the thrown value cannot be shown"),
        ("{ message: { toString() { throw 1; } } }", "the thrown value cannot be shown"),
        ("{ message: Symbol('a') }", "Symbol(a)"),
        ("{ message: null }", "null"),
        ("new Proxy({}, { has() { throw 1; } })", "the thrown value cannot be shown"),
        ("new Proxy({}, { get() { throw 1; }, has() { return true; } })", "the thrown value cannot be shown"),
        (
            "(() => { globalThis.String = null; Reflect.apply = null; WeakMap.prototype.get = null; return new Error('own'); })()",
            "own",
        ),
    ] {
        for source in [
            format!("exports = () => {{ throw {thrown}; }}"),
            format!("exports = async () => {{ await null; throw {thrown}; }}"),
            format!("exports = () => Promise.reject({thrown})"),
        ] {
            let outcome = pool.run(call(&[("main", &source)], Vec::new())).await;
            match outcome.result {
                Err(FunctionFailure::Thrown { message, .. }) => assert_eq!(message, expected, "{source}"),
                other => panic!("{source}: {other:?}"),
            }
        }
    }
    // The engine's own `null`, which has no memory behind it.
    for source in [
        "exports = () => { const all = []; while (true) all.push({ a: [all.length] }); }",
        "exports = () => JSON.parse('[' + '{},'.repeat(5e6) + '{}]').length",
    ] {
        let outcome = pool.run(call(&[("main", source)], Vec::new())).await;
        assert_eq!(outcome.result, Err(FunctionFailure::MemoryLimit), "{source}");
    }
    let outcome = pool.run(call(&[("main", "exports = () => { throw null; }")], Vec::new())).await;
    assert_eq!(outcome.result, Err(FunctionFailure::thrown("Error", "null")));
}

/// Kind: a text of JavaScript that UTF-8 has no form for. Half of a surrogate pair, also one that a cut left behind, was an
/// error of the engine instead of what the function said.
#[tokio::test]
async fn halves_of_surrogate_pairs_are_replaced_on_their_way_out() {
    let pool = pool(limits());
    let run = async |source: &str| pool.run(call(&[("main", source)], Vec::new())).await;
    for (thrown, name, expected) in [
        ("new Error('a\\ud800')", "Error", "a\u{fffd}".to_owned()),
        ("'\\udfff'", "Error", "\u{fffd}".to_owned()),
        ("{ message: '\\ud800', name: '\\udc00' }", "\u{fffd}", "\u{fffd}".to_owned()),
        ("new Error('x' + '😀'.repeat(4000))", "Error", format!("x{}\u{fffd}", "😀".repeat(2047))),
    ] {
        let source = format!("exports = () => {{ throw {thrown}; }}");
        let Err(FunctionFailure::Thrown { name: told, message, .. }) = run(&source).await.result else {
            panic!("{source}")
        };
        assert_eq!((told.as_str(), message), (name, expected), "{source}");
    }
    for name in ["'\\ud800'", "'x'.repeat(3e7)"] {
        let outcome = run(&format!("exports = () => context.functions.execute({name})")).await;
        let failure = outcome.result.unwrap_err().to_string();
        assert!(failure.contains("function not found: '") && failure.len() < 2000, "{}", failure.len());
    }
    let source = "exports = () => { console.log('\\ud800', 'x' + '😀'.repeat(9999)); return { '\\ud800': ['\\udc00', /\\ud800/] }; }";
    let Outcome { result, logs } = run(source).await;
    let Bson::Document(result) = result.unwrap() else { panic!() };
    assert_eq!(result.get_array("\u{fffd}").unwrap()[0], Bson::String("\u{fffd}".to_owned()));
    assert!(logs[0].starts_with("\u{fffd} x😀"), "{}", logs[0]);
}

/// Kind: a cause that names what nobody who reads it can change. Clients are told no path; the operator of `idmux serve`
/// is told no function of Rust.
#[cfg(unix)]
#[tokio::test]
async fn a_worker_that_does_not_start_is_told_to_the_operator_alone() {
    let pool = Pool::new(limits(), Some(Path::new("/nothing/idmux")));
    let failure = pool.run(call(&[("main", "exports = () => 1")], Vec::new())).await.result.unwrap_err();
    let told = failure.to_string();
    assert!(told.contains("/nothing/idmux does not start: No such file"), "{told}");
    assert!(!told.contains("Options::"), "{told}");
    let answered = crate::local_app::failure::Failure::from(failure).to_string();
    assert_eq!(answered, "this server cannot run functions; its own output says why");
}

#[tokio::test]
async fn what_a_function_says_is_bounded() {
    let pool = pool(limits());
    let run = async |source: &str| pool.run(call(&[("main", source)], Vec::new())).await;
    for source in [
        "exports = () => { throw new Error('x'.repeat(5e6)); }",
        "exports = () => { throw 'x'.repeat(5e6); }",
        "exports = () => { const e = new Error('x'.repeat(5e6)); e.name = 'y'.repeat(5e6); e.stack = e.name; throw e; }",
    ] {
        let Err(FunctionFailure::Thrown { name, message, .. }) = run(source).await.result else {
            panic!("{source}")
        };
        assert_eq!((message.len(), name.len() <= 100), (4096, true), "{source}");
    }
    let logs =
        run("exports = () => { for (let i = 0; i < 1e5; i++) console.log('x'.repeat(1e4)); }").await.logs;
    assert_eq!((logs.len(), logs[0].len()), (LOG_LINES, LOG_LINE_LENGTH));
    assert_eq!(logs.last().unwrap(), "(further lines are left out)");
    for source in ["exports = () => 'x'.repeat(2e7)", "exports = () => 'x'.repeat(6e7)"] {
        let outcome = run(source).await;
        let failure = outcome.result.unwrap_err().to_string();
        assert!(failure.contains("the result is longer than 16 MiB"), "{failure}");
    }
    let long =
        run("exports = () => Array.from({ length: 2e6 }, () => null)").await.result.unwrap_err().to_string();
    assert!(long.contains("the result is longer than 16 MiB"), "{long}");
    let outcome = run("exports = () => 'x'.repeat(1.5e7)").await;
    assert_eq!(outcome.result.unwrap().as_str().map(str::len), Some(15_000_000));
}

#[tokio::test]
async fn the_place_of_an_error_is_told() {
    let functions = [
        ("main", "exports = () => context.functions.execute('inner')"),
        ("inner", "exports = () => {\n\n  throw new Error('boom');\n}"),
        (
            "later",
            "exports = async () => {\n await null;\n return await context.functions.execute('inner');\n}",
        ),
        ("own", "\nexports = () => {\n  const a = {};\n  return a.b.c;\n}"),
        ("broken", "exports = () => {\n  return (;\n}"),
        ("text", "exports = () => {\n  throw 'boom';\n}"),
    ];
    let pool = pool(limits());
    for (name, function, line) in [
        ("main", "inner", Some(3)),
        ("later", "inner", Some(3)),
        ("own", "own", Some(4)),
        ("broken", "broken", Some(2)),
        ("text", "text", None),
    ] {
        let call = Call { name: name.to_owned(), ..call(&functions, Vec::new()) };
        let Err(FunctionFailure::Thrown { at, .. }) = pool.run(call).await.result else { panic!("{name}") };
        assert_eq!(at, Some(Place { function: function.to_owned(), line }), "{name}");
    }
}

#[tokio::test]
async fn functions_call_each_other_within_a_depth_and_share_no_variables() {
    let functions = [
        (
            "main",
            "const secret = 1; exports = async () => [context.functions.execute('add', 1, 2), await context.functions.execute('later'), context.user.id];",
        ),
        ("add", "exports = (a, b) => a + b"),
        ("later", "exports = async () => typeof secret"),
    ];
    let outcome = pool(limits()).run(call(&functions, Vec::new())).await;
    let expected = Bson::Array(vec![Bson::Int32(3), "undefined".into(), "u".into()]);
    assert_eq!(outcome.result, Ok(expected));

    for again in [
        "exports = () => context.functions.execute('main')",
        "exports = async () => { await null; return await context.functions.execute('main'); }",
    ] {
        assert_eq!(thrown_by(again).await.0, "RangeError", "{again}");
    }
    let (_, message) = thrown_by("exports = () => context.functions.execute('nobody')").await;
    assert_eq!(message, "function not found: 'nobody'");
}

#[tokio::test]
async fn the_context_has_what_it_was_given() {
    let source = "exports = () => [context.values.get('limit'), context.values.get('toString'), \
        context.values.get('nothing'), context.environment.tag, context.environment.values.a, \
        context.runningAsSystem(), new Date().toISOString().slice(0, 13), new Date(0).getTime(), \
        new Date() instanceof Date, Math.abs(Date.now() - new Date()) < 60000]";
    let expected = Bson::Array(vec![
        Bson::Int32(3),
        Bson::Undefined,
        Bson::Null,
        "testing".into(),
        Bson::Int32(1),
        false.into(),
        "2026-01-01T00".into(),
        Bson::Int32(0),
        true.into(),
        true.into(),
    ]);
    assert_eq!(value(source).await, expected);
}

#[tokio::test]
async fn the_console_is_kept_within_bounds() {
    let outcome =
        run("exports = () => { console.log('a', 1, { b: new Date(0) }, new Error('c')); }", vec![]).await;
    assert_eq!(outcome.logs, [r#"a 1 {"b":{"$date":"1970-01-01T00:00:00.000Z"}} Error: c"#]);
    let source = "exports = () => { for (let i = 0; i < 1000; i++) console.warn('x'.repeat(1e4)); }";
    let outcome = run(source, vec![]).await;
    assert_eq!((outcome.logs.len(), outcome.logs[0].len()), (LOG_LINES, LOG_LINE_LENGTH));
}

/// Kind: values taken through a narrower type. A JavaScript number tells no double from an integer, and a Date ends at
/// the year 275760.
#[tokio::test]
async fn a_document_that_a_function_hands_on_keeps_every_type() {
    let document = Bson::Document(crate::data::ejson::any::all_types());
    let same = run("exports = (document) => document", vec![document.clone()]).await.result.unwrap();
    assert_eq!(crate::data::ejson::any::bytes(&same), crate::data::ejson::any::bytes(&document));
    let edited = "exports = (d) => { d.n += 1; d.list.push(3); return d; }";
    let result = run(edited, vec![bson::bson!({ "n": 3.0, "i": 3, "list": [1, 2.0] })]).await.result.unwrap();
    assert_eq!(result, bson::bson!({ "n": 4.0, "i": 3, "list": [1, 2.0, 3] }));
}

#[tokio::test]
async fn the_types_of_bson_are_there() {
    for (source, expected) in [
        (
            "new BSON.ObjectId('0123456789abcdef01234567')",
            doc! { "v": bson::oid::ObjectId::parse_str("0123456789abcdef01234567").unwrap() },
        ),
        ("BSON.ObjectId('0123456789ABCDEF01234567').toString()", doc! { "v": "0123456789abcdef01234567" }),
        ("new BSON.ObjectId().equals(new BSON.ObjectId())", doc! { "v": false }),
        ("new BSON.ObjectId().getTimestamp().getUTCFullYear()", doc! { "v": 2026 }),
        ("BSON.Long.fromString('9007199254740993').add(1)", doc! { "v": 9_007_199_254_740_994_i64 }),
        ("BSON.Long.fromString('9223372036854775807').add(1)", doc! { "v": i64::MIN }),
        ("BSON.Long(5) + 1", doc! { "v": 6 }),
        ("BSON.Double(1)", doc! { "v": 1.0 }),
        ("BSON.Int32(1)", doc! { "v": 1 }),
        ("2 ** 40", doc! { "v": 1_099_511_627_776_i64 }),
        ("2n ** 40n", doc! { "v": 1_099_511_627_776_i64 }),
        ("1.5", doc! { "v": 1.5 }),
        ("-0", doc! { "v": -0.0 }),
        ("1e300", doc! { "v": 1e300 }),
        ("-Infinity", doc! { "v": f64::NEG_INFINITY }),
        ("BSON.Binary.fromText('é').toHex()", doc! { "v": "c3a9" }),
        ("BSON.Binary.fromBase64('w6k=').text()", doc! { "v": "é" }),
        (
            "BSON.Binary.fromHex('00ff')",
            doc! { "v": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![0, 255] } },
        ),
        (
            "new Uint8Array([1])",
            doc! { "v": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1] } },
        ),
        (
            "/a/gi",
            doc! { "v": bson::Regex { pattern: bson::cstr!("a").to_owned(), options: bson::cstr!("i").to_owned() } },
        ),
        ("new Map([['a', 1]])", doc! { "v": { "a": 1 } }),
        ("({ a: undefined, f() {} })", doc! { "v": { "a": Bson::Undefined } }),
        ("JSON.parse('{\"__proto__\":{\"a\":1}}')", doc! { "v": { "__proto__": { "a": 1 } } }),
        (
            "EJSON.stringify({ a: 1, b: new Date(0) })",
            doc! { "v": r#"{"a":1,"b":{"$date":"1970-01-01T00:00:00.000Z"}}"# },
        ),
        ("EJSON.stringify({ a: 1 }, { relaxed: false })", doc! { "v": r#"{"a":{"$numberInt":"1"}}"# }),
        ("EJSON.stringify({ a: 1 }, null, 1)", doc! { "v": "{\n \"a\": 1\n}" }),
        ("EJSON.parse('{\"$numberLong\":\"7\"}').toNumber()", doc! { "v": 7 }),
        (
            "JSON.stringify({ id: BSON.ObjectId('0123456789abcdef01234567') })",
            doc! { "v": r#"{"id":"0123456789abcdef01234567"}"# },
        ),
    ] {
        let found = value(&format!("exports = () => ({{ v: {source} }})")).await;
        assert_eq!(format!("{found:?}"), format!("{:?}", Bson::Document(expected)), "{source}");
    }
}

/// Values as documents have them, with what JavaScript cannot tell apart left out: whole doubles are integers there, and
/// keys that look like indexes come first.
fn any_value() -> impl Strategy<Value = Bson> {
    let leaf = prop_oneof![
        Just(Bson::Null),
        Just(Bson::Undefined),
        Just(Bson::MinKey),
        Just(Bson::MaxKey),
        any::<bool>().prop_map(Bson::from),
        any::<i32>().prop_map(Bson::from),
        any::<i64>().prop_map(Bson::from),
        any::<f64>().prop_filter("not whole", |n| n.fract() != 0.0 || n.is_infinite()).prop_map(Bson::from),
        Just(Bson::Double(-0.0)),
        ".*".prop_map(Bson::from),
        any::<[u8; 12]>().prop_map(|bytes| Bson::ObjectId(bytes.into())),
        (-8_640_000_000_000_000_i64..8_640_000_000_000_000)
            .prop_map(|ms| Bson::DateTime(bson::DateTime::from_millis(ms))),
        (any::<i64>(), -6000_i32..6000)
            .prop_map(|(digits, exponent)| format!("{digits}E{exponent}").parse().unwrap())
            .prop_map(Bson::Decimal128),
        (any::<Vec<u8>>(), any::<u8>()).prop_map(|(bytes, subtype)| {
            // Subtype 2 repeats its length inside, which the crate checks.
            let subtype = if subtype == 2 { 0 } else { subtype };
            Bson::Binary(bson::Binary { subtype: subtype.into(), bytes })
        }),
        (any::<u32>(), any::<u32>())
            .prop_map(|(time, increment)| Bson::Timestamp(bson::Timestamp { time, increment })),
        ".*".prop_map(Bson::Symbol),
        ".*".prop_map(Bson::JavaScriptCode),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let key = "[a-zA-Z_. ][a-zA-Z0-9_. $]{0,6}|__proto__|constructor|then|toJSON";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Bson::Array),
            proptest::collection::btree_map(key, inner, 0..5)
                .prop_map(|fields| Bson::Document(fields.into_iter().collect::<Document>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_value_goes_through_a_function_unharmed(value in proptest::collection::vec(any_value(), 0..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let argument = Bson::Array(value);
        let returned = runtime.block_on(run("exports = (value) => [value][0]", vec![argument.clone()]));
        prop_assert_eq!(format!("{:?}", returned.result.unwrap()), format!("{argument:?}"));
    }
}
