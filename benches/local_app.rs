//! What the local App costs, as ratios within one run: log-ins beside bare Argon2id hashing with the same parameters on
//! the same cores, renewals beside an empty axum route, at few accounts and at many, functions beside their bare engine.
//!
//! Everything goes over loopback HTTP. What is compared takes turns, a second each, so that a machine that is busy for a
//! while is busy for all. `-- --test` runs it briefly, to see that it works; `-- renewals` runs one part alone.

#[path = "local_app/accounts.rs"]
mod accounts;
#[path = "local_app/bare.rs"]
mod bare;
#[path = "local_app/client.rs"]
mod client;

use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use axum::Router;
use axum::routing::get;
use idmux::local_app::benching::{self, Workers};
use tokio::runtime::Runtime;

use self::accounts::{Accounts, PASSWORD};
use self::bare::Bare;

/// How much of everything.
struct Scale {
    accounts: [usize; 2],
    /// Of these, how many log in and renew.
    active: usize,
    turns: usize,
    turn: Duration,
}

const FULL: Scale = Scale { accounts: [100, 100_000], active: 100, turns: 8, turn: Duration::from_secs(1) };
const BRIEF: Scale = Scale { accounts: [100, 1_000], active: 10, turns: 1, turn: Duration::from_millis(200) };

fn main() {
    let scale = if std::env::args().any(|argument| argument == "--test") { BRIEF } else { FULL };
    let chosen = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let runtime = Runtime::new().expect("a runtime starts");
    let wanted = |part: &str| chosen.as_deref().is_none_or(|chosen| part.contains(chosen));
    if wanted("functions") {
        functions(&runtime, &scale, cores);
    }
    if !wanted("log-ins") && !wanted("renewals") {
        return;
    }
    let apps = scale.accounts.map(|count| Accounts::build(&runtime, count, scale.active));
    let empty = serve(Router::new().route("/", get(async || {})));

    let names = |what: &str| scale.accounts.map(|count| format!("{what}, {count} accounts"));
    if wanted("log-ins") {
        // A second sees a few dozen log-ins only.
        let turn = scale.turn * 2;
        report(
            "log-ins per second",
            &scale,
            &[&["bare Argon2id", "in memory that is kept"].map(str::to_owned)[..], &names("log-in")].concat(),
            |contender| match contender {
                0 => hashes(cores, turn, verify),
                1 => hashes(cores, turn, verify_in),
                n => {
                    let app = &apps[n - 2];
                    client::rate(&runtime, app.address, cores * 4, turn, 200, |i| app.log_in(i))
                }
            },
        );
    }
    if wanted("renewals") {
        let [few, _] = &apps;
        let bare = serve(Bare::new(&few.database()).router());
        let bare_requests: Vec<_> = few
            .refresh_tokens()
            .iter()
            .map(|token| client::request("POST", "/", bare, &Bare::refresh_token(token), ""))
            .collect();
        report(
            "renewals per second",
            &scale,
            &[&["empty axum route".to_owned(), "bare renewal".to_owned()][..], &names("renewal")].concat(),
            |contender| match contender {
                0 => {
                    let request = client::request("GET", "/", empty, "", "");
                    client::rate(&runtime, empty, 32, scale.turn, 200, |_| request.clone())
                }
                1 => client::rate(&runtime, bare, 32, scale.turn, 201, |i| {
                    bare_requests[i % bare_requests.len()].clone()
                }),
                n => {
                    let app = &apps[n - 2];
                    client::rate(&runtime, app.address, 32, scale.turn, 201, |i| app.refresh(i))
                }
            },
        );
    }
}

/// The workers that functions run in, beside the engine alone: one after the other, and as many at once as there are cores.
fn functions(runtime: &Runtime, scale: &Scale, cores: usize) {
    const EMPTY: &str = "exports = () => {}";
    let program = Path::new(env!("CARGO_BIN_EXE_idmux"));
    let workers = Workers::new(program, EMPTY);
    let begin = Instant::now();
    runtime.block_on(workers.call());
    let first = begin.elapsed();
    let timed = |callers: usize, call: &(dyn Fn() + Sync)| {
        let begin = Instant::now();
        let total: usize = std::thread::scope(|scope| {
            let caller = || {
                let mut count = 0;
                while begin.elapsed() < scale.turn {
                    call();
                    count += 1;
                }
                count
            };
            let callers: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
            callers.into_iter().map(|caller| caller.join().expect("it ends")).sum()
        });
        total as f64 / begin.elapsed().as_secs_f64()
    };
    // Hooks have two turns.
    let most = cores.min(2);
    for callers in [1, most] {
        let names = [format!("bare engine, {callers} at once"), format!("worker, {callers} at once")];
        report("calls of an empty function per second", scale, &names, |contender| match contender {
            0 => timed(callers, &|| benching::bare(EMPTY)),
            _ => timed(callers, &|| runtime.block_on(workers.call())),
        });
    }
    runtime.block_on(workers.close());
    writeln!(std::io::stdout(), "the first call, which starts a worker: {:.1} ms", first.as_secs_f64() * 1e3)
        .expect("standard output takes it");
}

/// Lets the contenders take turns and prints the rate of each, and its ratio to the first's.
fn report(title: &str, scale: &Scale, contenders: &[String], run: impl Fn(usize) -> f64) {
    let mut rates = vec![0.0; contenders.len()];
    for _ in 0..scale.turns {
        for (contender, rate) in rates.iter_mut().enumerate() {
            *rate += run(contender) / scale.turns as f64;
        }
    }
    let mut out = std::io::stdout().lock();
    let mut say = |line: String| writeln!(out, "{line}").expect("standard output takes it");
    say(title.to_owned());
    for (name, rate) in contenders.iter().zip(&rates) {
        say(format!("  {name:<28} {rate:>10.1}   ratio {:.3}", rate / rates[0]));
    }
}

/// What a thread that hashes keeps.
struct Hashing {
    argon: Argon2<'static>,
    memory: Vec<Block>,
    hash: PasswordHash,
}

impl Hashing {
    /// With the parameters that the local App hashes with.
    fn new() -> Self {
        let params = Params::new(19_456, 2, 1, None).expect("they fit");
        let memory = vec![Block::default(); params.block_count()];
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = argon.hash_password(PASSWORD.as_bytes()).expect("it hashes");
        Self { argon, memory, hash }
    }
}

/// What everybody does.
fn verify(own: &mut Hashing) {
    own.argon.verify_password(PASSWORD.as_bytes(), &own.hash).expect("it matches");
}

/// What costs the least.
fn verify_in(own: &mut Hashing) {
    let (salt, expected) = (own.hash.salt.as_ref().expect("it has"), own.hash.hash.as_ref().expect("it has"));
    let mut made = [0; 32];
    let hashed =
        own.argon.hash_password_into_with_memory(PASSWORD.as_bytes(), salt, &mut made, &mut own.memory);
    hashed.expect("it hashes");
    assert_eq!(made, expected.as_bytes());
}

/// Verifies a password on all cores, and does nothing else.
fn hashes(cores: usize, turn: Duration, verify: fn(&mut Hashing)) -> f64 {
    let own: Vec<_> = (0..cores).map(|_| Hashing::new()).collect();
    let begin = Instant::now();
    let total: usize = std::thread::scope(|scope| {
        let worker = |mut own| {
            let mut count = 0;
            while begin.elapsed() < turn {
                verify(&mut own);
                count += 1;
            }
            count
        };
        let workers: Vec<_> = own.into_iter().map(|own| scope.spawn(move || worker(own))).collect();
        workers.into_iter().map(|worker| worker.join().expect("it ends")).sum()
    });
    total as f64 / begin.elapsed().as_secs_f64()
}

/// A server on as many threads as the local App has.
fn serve(router: Router) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it can");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime starts").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it is one");
            axum::serve(listener, router).await.expect("it serves");
        });
    });
    address
}
