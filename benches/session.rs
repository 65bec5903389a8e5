//! What the session engine costs with few users and with many: the start, one operation, a wave of renewals, memory.
//!
//! Each group can be read as a ratio within one run: an operation at 10,000 users beside the same at ten, a durable
//! renewal beside the floor, which is one bare transaction of SQLite that waits for the disk. The users of a vault
//! belong to two apps by turns, as if somebody had worked with both.

#[path = "session/engine.rs"]
mod engine;
#[path = "session/memory.rs"]
mod memory;
#[path = "session/vaults.rs"]
mod vaults;

use std::time::Duration;

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use idmux::session;
use idmux::vault::Location;
use tokio::runtime::Runtime;

use self::engine::Engine;
use self::vaults::{VaultFolder, access_token, app, key};

const USERS: [usize; 3] = [10, 1_000, 10_000];
/// How many renewals a wave has.
const WAVE: usize = 2_000;

fn main() {
    if memory::was_asked_for() {
        return memory::measure();
    }
    let runtime = Runtime::new().expect("a runtime starts");
    let vaults = USERS.map(|users| VaultFolder::build(&runtime, users, 0));
    memory::print(&vaults);
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    start_up(&mut criterion, &runtime, &vaults);
    durable(&mut criterion, &runtime, &vaults);
    operation(&mut criterion, &runtime);
    lock(&mut criterion, &runtime, &vaults);
    wave(&mut criterion, &runtime);
    criterion.final_summary();
}

/// From nothing to a snapshot with all users, and the part of it that is SQLite reading the rows.
fn start_up(criterion: &mut Criterion, runtime: &Runtime, vaults: &[VaultFolder]) {
    let mut group = criterion.benchmark_group("start_up");
    for vault in vaults {
        group.throughput(Throughput::Elements(vault.users as u64));
        group.bench_function(BenchmarkId::new("rows_only", vault.users), |bencher| {
            bencher.iter(|| vault.read_rows());
        });
        group.bench_function(BenchmarkId::new("engine", vault.users), |bencher| {
            bencher.iter_batched(
                || (),
                |()| Engine::open(runtime, vault.location(), vault.users),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// One renewal that is on the disk, from the command to its event, and one bare transaction for comparison.
fn durable(criterion: &mut Criterion, runtime: &Runtime, vaults: &[VaultFolder]) {
    let mut group = criterion.benchmark_group("durable");
    group.measurement_time(Duration::from_secs(3));
    let floor = VaultFolder::build(runtime, 0, 0);
    let connection = floor.sqlite();
    connection
        .execute_batch("CREATE TABLE floor (id INTEGER PRIMARY KEY, sealed BLOB)")
        .expect("a table is made");
    let cipher = XChaCha20Poly1305::new(&[7; 32].into());
    let record = access_token(0, 1800);
    group.bench_function("floor", |bencher| {
        bencher.iter(|| {
            let mut nonce = [0; 24];
            getrandom::fill(&mut nonce).expect("the system has random numbers");
            let sealed = cipher.encrypt(&XNonce::from(nonce), record.as_bytes()).expect("it seals");
            connection
                .execute("INSERT OR REPLACE INTO floor VALUES (1, ?1)", [sealed])
                .expect("the row is written");
        });
    });
    for vault in vaults {
        let vault = vault.copy();
        let mut engine = Engine::open(runtime, vault.location(), vault.users);
        engine.add_apps();
        let mut users = (0..vault.users).cycle();
        group.bench_function(BenchmarkId::new("refresh", vault.users), |bencher| {
            bencher.iter(|| {
                let user = key(users.next().expect("it cycles"));
                engine.ask(session::Refresh { user }, |kind| kind.is::<session::Refreshed>());
            });
        });
    }
    group.finish();
}

/// Single operations without a disk, which would hide what they cost the worker.
fn operation(criterion: &mut Criterion, runtime: &Runtime) {
    let mut group = criterion.benchmark_group("operation");
    group.measurement_time(Duration::from_secs(2));
    for count in USERS {
        let mut engine = Engine::empty(runtime, Location::Memory);
        engine.add_apps();
        engine.log_in_all(count);
        let mut users = (0..count).cycle();
        let mut next = || key(users.next().expect("it cycles"));
        group.bench_function(BenchmarkId::new("refresh", count), |bencher| {
            bencher.iter(|| {
                engine.ask(session::Refresh { user: next() }, |kind| kind.is::<session::Refreshed>());
            });
        });
        group.bench_function(BenchmarkId::new("token", count), |bencher| {
            bencher.iter(|| {
                let command = session::Token { user: next(), min_ttl: Duration::from_secs(60) };
                engine.ask(command, |kind| kind.is::<session::TokenRead>());
            });
        });
        group.bench_function(BenchmarkId::new("make_current", count), |bencher| {
            bencher.iter(|| {
                engine.ask(session::MakeCurrent { user: next() }, |kind| kind.is::<session::MadeCurrent>());
            });
        });
        group.bench_function(BenchmarkId::new("log_in_again", count), |bencher| {
            bencher.iter(|| {
                let user = next();
                engine.ask(engine::log_in(&user), |kind| {
                    matches!(kind.outcome(), Some(session::Entered::LoggedIn { replaced: true }))
                });
            });
        });
        // The first user, behind whom all others stand.
        group.bench_function(BenchmarkId::new("remove_and_log_in", count), |bencher| {
            bencher.iter(|| {
                let user = key(0);
                engine.ask(session::Remove { user: user.clone() }, |kind| kind.is::<session::Removed>());
                engine.ask(engine::log_in(&user), |kind| {
                    matches!(kind.outcome(), Some(session::Entered::LoggedIn { replaced: false }))
                });
            });
        });
    }
    group.finish();
}

/// Until every user is out of memory.
fn lock(criterion: &mut Criterion, runtime: &Runtime, vaults: &[VaultFolder]) {
    let mut group = criterion.benchmark_group("lock");
    group.sample_size(10);
    for vault in vaults {
        let vault = vault.copy();
        group.throughput(Throughput::Elements(vault.users as u64));
        group.bench_function(BenchmarkId::from_parameter(vault.users), |bencher| {
            bencher.iter_batched(
                || Engine::open(runtime, vault.location(), vault.users),
                |mut engine| {
                    engine.ask(session::Lock, |kind| kind.is::<session::Locked>());
                    engine
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// Many users due at once: all there are, and one in five.
fn wave(criterion: &mut Criterion, runtime: &Runtime) {
    let mut group = criterion.benchmark_group("wave");
    group.sample_size(10).throughput(Throughput::Elements(WAVE as u64));
    for users in [WAVE, 10_000] {
        let vault = VaultFolder::build(runtime, users, WAVE);
        group.bench_function(BenchmarkId::new(format!("{WAVE}_due_of"), users), |bencher| {
            bencher.iter_batched(
                || {
                    let copy = vault.copy();
                    (Engine::open(runtime, copy.location(), users), copy)
                },
                |(mut engine, copy)| {
                    app::all().for_each(|app| engine.send(session::AddApp(app)));
                    engine.wait_for(WAVE, |event| event.kind == session::Refreshed.into());
                    engine.check_in_flight();
                    (engine, copy)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}
