//! What the system counts of a process, from `/proc`; nothing where there is none.

use std::collections::BTreeMap;
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

/// Counters of a process, thread by thread.
pub struct Counters {
    process: u32,
    threads: BTreeMap<u32, Thread>,
    /// In hundredths of a second, where the scheduler does not count.
    ticked: Option<Duration>,
}

struct Thread {
    /// On a processor, where the scheduler counts it.
    ran: Option<Duration>,
    /// Voluntary switches.
    waits: Option<u64>,
}

impl Counters {
    pub fn of(process: u32) -> Self {
        Self { process, threads: threads(process), ticked: ticked(process) }
    }

    pub fn cpu_since(&self, before: &Self) -> Option<Duration> {
        let scheduled = self.grown(before, |thread| thread.ran.map(|ran| ran.as_nanos() as u64));
        match scheduled {
            Some(nanoseconds) => Some(Duration::from_nanos(nanoseconds)),
            None => Some(self.ticked?.saturating_sub(before.ticked?)),
        }
    }

    pub fn wakes_since(&self, before: &Self) -> Option<u64> {
        self.grown(before, |thread| thread.waits)
    }

    pub fn screen_wakes_since(&self, before: &Self) -> Option<u64> {
        // The first thread has the number of its process, and the screen is the first thread's.
        let of = |counters: &Self| counters.threads.get(&self.process)?.waits;
        Some(of(self)?.saturating_sub(of(before)?))
    }

    /// What a counter of all threads grew by. One that ended in between is not counted: what it had counted went with it.
    fn grown(&self, before: &Self, counter: fn(&Thread) -> Option<u64>) -> Option<u64> {
        self.threads
            .iter()
            .map(|(id, after)| {
                let before = before.threads.get(id).map_or(Some(0), counter)?;
                Some(counter(after)?.saturating_sub(before))
            })
            .sum()
    }
}

fn threads(process: u32) -> BTreeMap<u32, Thread> {
    let Ok(folders) = fs::read_dir(format!("/proc/{process}/task")) else { return BTreeMap::new() };
    let thread = |folder: fs::DirEntry| {
        let id = folder.file_name().to_str()?.parse().ok()?;
        let read = |file: &str| fs::read_to_string(folder.path().join(file)).ok();
        let ran = read("schedstat").and_then(|text| text.split(' ').next()?.parse().ok());
        // A system that never counts any has nothing to say.
        let ran = ran.filter(|nanoseconds| *nanoseconds > 0).map(Duration::from_nanos);
        let waits = field(&read("status")?, "voluntary_ctxt_switches:");
        Some((id, Thread { ran, waits }))
    };
    folders.filter_map(|folder| thread(folder.ok()?)).collect()
}

/// The same in hundredths of a second, which every system has.
fn ticked(process: u32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may hold anything, up to its last bracket; what follows starts with the state, field 3.
    let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * 10))
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
