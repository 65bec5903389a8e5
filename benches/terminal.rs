//! What the program costs in a terminal of 120x40: the start, a key, standing idle, memory. Each figure stands beside that
//! of the smallest ratatui program, one line that is drawn once a second, taken in the same run.
//!
//! It is the real binary on a prepared vault, with the embedded local App, and the machine's pseudo-terminal. With `--test`
//! everything runs once and small; what has to hold on every machine is checked, and no time is. `-- key` runs one part
//! alone.

#[path = "terminal/home.rs"]
mod home;
#[path = "terminal/others.rs"]
mod others;
#[path = "terminal/process.rs"]
mod process;
#[path = "terminal/pty.rs"]
mod pty;
#[path = "terminal/smallest.rs"]
mod smallest;
#[path = "session/vaults.rs"]
#[allow(dead_code)]
mod vaults;

use std::time::Duration;

use self::home::{Home, Lives};
use self::process::Usage;
use self::pty::Program;

/// How much is measured.
struct Extent {
    users: &'static [usize],
    starts: usize,
    keys: usize,
    idle: Duration,
    is_test: bool,
}

const WHOLE: Extent = Extent {
    users: &[10, 1_000, 10_000],
    starts: 15,
    keys: 200,
    idle: Duration::from_secs(20),
    is_test: false,
};
const SMALL: Extent =
    Extent { users: &[10, 100], starts: 1, keys: 5, idle: Duration::from_secs(3), is_test: true };

/// Users that count down on the screen at once.
const COUNTDOWNS: usize = 30;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == smallest::ARGUMENT) {
        return smallest::run().expect("the smallest program runs");
    }
    let extent = if arguments.iter().any(|argument| argument == "--test") { SMALL } else { WHOLE };
    let chosen = arguments.iter().find(|argument| !argument.starts_with('-'));
    let wanted = |part: &str| chosen.is_none_or(|chosen| part.contains(chosen.as_str()));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let homes: Vec<_> = extent.users.iter().map(|users| Home::build(&runtime, *users, Lives::Long)).collect();
    println!("120x40, the real binary beside the smallest ratatui program in the same run; medians");
    if wanted("start") {
        start(&extent, &homes);
    }
    if wanted("key") {
        key(&extent, &homes);
    }
    if wanted("idle") {
        let counting = Home::build(&runtime, COUNTDOWNS, Lives::Short);
        idle(&extent, &homes, &counting);
    }
    if wanted("memory") {
        memory(&homes);
    }
}

fn start(extent: &Extent, homes: &[Home]) {
    heading("start to settled frame");
    let smallest = median((0..extent.starts).map(|_| smallest::start().settled("seconds")));
    row("smallest", millis(smallest), 1.0);
    for home in homes {
        let settled = median((0..extent.starts).map(|_| home.start().settled(home.last_in_sight())));
        row(&home.name(), millis(settled), ratio(settled, smallest));
    }
    heading("start to first frame");
    let first = |program: Program, text| program.shows(text);
    let smallest = median((0..extent.starts).map(|_| first(smallest::start(), "seconds")));
    row("smallest", millis(smallest), 1.0);
    for home in homes {
        let shown = median((0..extent.starts).map(|_| first(home.start(), "Users")));
        row(&home.name(), millis(shown), ratio(shown, smallest));
    }
}

fn key(extent: &Extent, homes: &[Home]) {
    heading("key to finished frame");
    let mut program = smallest::start();
    program.settle("seconds");
    let smallest = median((0..extent.keys).map(|_| program.answers("j")));
    row("smallest", millis(smallest), 1.0);
    let measure = |name: &str, mut program: Program, text: &str| {
        program.settle(text);
        let keys = (0..extent.keys).map(|number| program.answers(if number % 2 == 0 { "j" } else { "k" }));
        let answered = median(keys);
        row(name, millis(answered), ratio(answered, smallest));
    };
    let folder = tempfile::tempdir().expect("a folder is made");
    for (name, program) in others::start(&folder) {
        measure(name, program, others::FIRST);
    }
    for home in homes {
        measure(&home.name(), home.start(), home.last_in_sight());
    }
}

/// CPU, wake-ups and bytes of a second in which nobody touches anything.
fn idle(extent: &Extent, homes: &[Home], counting: &Home) {
    heading(
        "idle, a second of it: CPU; wake-ups of all threads, and of the screen's alone (the others look after \
         the vault that processes share, and the local App); writes; bytes",
    );
    let smallest = stand(extent, smallest::start(), "seconds");
    stood("smallest, redrawn once a second", &smallest, &smallest);
    for home in homes {
        // What is left of some weeks is told in hours: by chance, one of those in sight is over just now.
        let mut tries = (0..3).map(|_| stand(extent, home.start(), home.last_in_sight()));
        let usage = tries.find(|usage| usage.bytes == 0.0).expect("nothing changes, so nothing is written");
        stood(&format!("{}, no countdown", home.name()), &usage, &smallest);
    }
    let usage = stand(extent, counting.start(), counting.last_in_sight());
    stood(&format!("{}, all counting down", counting.name()), &usage, &smallest);
    assert!(usage.writes <= 1.5, "one write a second, not one a countdown: {}", usage.writes);
    if extent.is_test {
        assert!(usage.bytes > 0.0, "countdowns are drawn");
    }
}

fn stand(extent: &Extent, mut program: Program, text: &str) -> Usage {
    program.settle(text);
    // What a start leaves behind, such as the vault's first housekeeping, is over by then.
    program.wait(if extent.is_test { Duration::from_secs(1) } else { Duration::from_secs(5) });
    let (before, (writes, bytes)) = (process::Counters::of(program.id()), program.written());
    program.wait(extent.idle);
    let (after, (writes_after, bytes_after)) = (process::Counters::of(program.id()), program.written());
    let seconds = extent.idle.as_secs_f64();
    Usage {
        cpu: after.cpu_since(&before).map(|time| time.as_secs_f64() / seconds),
        wakes: after.wakes_since(&before).map(|wakes| wakes as f64 / seconds),
        screen_wakes: after.screen_wakes_since(&before).map(|wakes| wakes as f64 / seconds),
        writes: (writes_after - writes) as f64 / seconds,
        bytes: (bytes_after - bytes) as f64 / seconds,
    }
}

fn memory(homes: &[Home]) {
    heading("memory, resident");
    let mut program = smallest::start();
    program.settle("seconds");
    let Some(smallest) = process::resident(program.id()) else {
        println!("  this system does not say");
        return;
    };
    row("smallest", megabytes(smallest), 1.0);
    for home in homes {
        let mut program = home.start();
        program.settle(home.last_in_sight());
        let Some(resident) = process::resident(program.id()) else { continue };
        row(&home.name(), megabytes(resident), resident as f64 / smallest as f64);
    }
}

fn heading(words: &str) {
    println!("\n{words}");
}

fn row(name: &str, figure: String, ratio: f64) {
    println!("  {name:<34} {figure:>12} {ratio:>9.1} x");
}

fn stood(name: &str, usage: &Usage, smallest: &Usage) {
    let unknown = || "not counted".to_owned();
    let cpu = usage.cpu.map_or_else(unknown, |cpu| format!("{:.3} %", cpu * 100.0));
    let wakes = |wakes: Option<f64>| wakes.map_or_else(unknown, |wakes| format!("{wakes:.1} /s"));
    let (all, screen) = (wakes(usage.wakes), wakes(usage.screen_wakes));
    let times = |ours: Option<f64>, theirs: Option<f64>| match (ours, theirs) {
        (Some(ours), Some(theirs)) if theirs > 0.0 => format!("{:.1} x", ours / theirs),
        _ => "-".into(),
    };
    println!(
        "  {name:<34} {cpu:>12} {:>8} {all:>12} {:>8} {screen:>12} {:>8} {:>6.1} /s {:>8.0} B/s {:>8}",
        times(usage.cpu, smallest.cpu),
        times(usage.wakes, smallest.wakes),
        times(usage.screen_wakes, smallest.screen_wakes),
        usage.writes,
        usage.bytes,
        times(Some(usage.bytes), Some(smallest.bytes)),
    );
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort();
    times[times.len() / 2]
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn ratio(ours: Duration, smallest: Duration) -> f64 {
    ours.as_secs_f64() / smallest.as_secs_f64()
}
