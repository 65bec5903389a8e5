//! What the system counts of a process, from `/proc`; nothing where there is none.

use std::fs;
use std::time::Duration;

/// What a second of standing idle costs.
pub struct Usage {
    /// The share of one processor.
    pub cpu: Option<f64>,
    /// Waits that came to an end: each is a wake-up.
    pub wakes: Option<f64>,
    /// Those of the thread that owns the screen alone.
    pub screen_wakes: Option<f64>,
    pub writes: f64,
    pub bytes: f64,
}

/// Counters of a process, summed over its threads.
pub struct Counters {
    cpu: Option<Duration>,
    wakes: Option<u64>,
    screen_wakes: Option<u64>,
}

impl Counters {
    pub fn of(process: u32) -> Self {
        let wakes = switches(process);
        Self {
            cpu: scheduled(process).or_else(|| ticked(process)),
            wakes,
            // The first thread has the number of its process, and the screen is the first thread's.
            screen_wakes: wakes.and_then(|_| {
                let status = fs::read_to_string(format!("/proc/{process}/task/{process}/status")).ok()?;
                field(&status, "voluntary_ctxt_switches:")
            }),
        }
    }

    pub fn cpu_since(&self, before: &Self) -> Option<Duration> {
        Some(self.cpu?.saturating_sub(before.cpu?))
    }

    pub fn wakes_since(&self, before: &Self) -> Option<u64> {
        grown(self.wakes, before.wakes)
    }

    pub fn screen_wakes_since(&self, before: &Self) -> Option<u64> {
        grown(self.screen_wakes, before.screen_wakes)
    }
}

/// What a counter grew by.
fn grown(after: Option<u64>, before: Option<u64>) -> Option<u64> {
    Some(after?.saturating_sub(before?))
}

/// One file of every thread.
fn of_threads(process: u32, file: &str) -> Vec<String> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join(file)).ok()).collect()
}

/// Nanoseconds on a processor, where the scheduler counts them.
fn scheduled(process: u32) -> Option<Duration> {
    let nanoseconds = of_threads(process, "schedstat")
        .iter()
        .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
        .sum();
    (nanoseconds > 0).then_some(Duration::from_nanos(nanoseconds))
}

/// The same in hundredths of a second, which every system has.
fn ticked(process: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may hold anything, up to its last bracket; what follows starts with the state, field 3.
    let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * 10))
}

/// Voluntary switches. A system that never counts any has nothing to say.
fn switches(process: u32) -> Option<u64> {
    let count =
        of_threads(process, "status").iter().filter_map(|text| field(text, "voluntary_ctxt_switches:")).sum();
    (count > 0).then_some(count)
}

/// Resident memory in bytes.
pub fn resident(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    field(&text, "VmRSS:").map(|kilobytes| kilobytes * 1024)
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
