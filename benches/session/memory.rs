//! Memory per user: the resident set of a fresh process before and after its engine has shown all users. Linux only;
//! elsewhere nothing is printed.

use std::path::PathBuf;
use std::process::Command;

use idmux::vault::Location;
use tokio::runtime::Runtime;

use crate::engine::Engine;
use crate::vaults::VaultFolder;

/// Names the vault and its number of users to the fresh process.
const ASK: [&str; 2] = ["IDMUX_BENCH_MEMORY_VAULT", "IDMUX_BENCH_MEMORY_USERS"];

/// Whether this is the fresh process.
pub fn was_asked_for() -> bool {
    std::env::var_os(ASK[0]).is_some()
}

/// What the fresh process does: prints its resident set before and after, in KiB.
pub fn measure() {
    let [vault, users] = ASK.map(|name| std::env::var(name).expect("both are set"));
    let runtime = Runtime::new().expect("a runtime starts");
    let before = resident();
    let engine =
        Engine::open(&runtime, Location::File(PathBuf::from(vault)), users.parse().expect("it is a number"));
    let after = resident();
    drop(engine);
    if let (Some(before), Some(after)) = (before, after) {
        println!("{before} {after}");
    }
}

/// Prints a line for each vault.
pub fn print(vaults: &[VaultFolder]) {
    for vault in vaults {
        let Location::File(path) = vault.location() else { continue };
        let output = Command::new(std::env::current_exe().expect("a process knows its file"))
            .env(ASK[0], path)
            .env(ASK[1], vault.users.to_string())
            .output()
            .expect("the fresh process runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<usize> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        if let [before, after] = numbers[..] {
            let grown = after.saturating_sub(before);
            println!(
                "memory/{}: {before} KiB before, {after} KiB after: {grown} KiB, {:.1} KiB a user",
                vault.users,
                grown as f64 / vault.users as f64,
            );
        }
    }
}

/// The resident set in KiB. The second number in `statm` counts pages, of 4 KiB on the machines that this is run on.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    statm.split_whitespace().nth(1)?.parse::<usize>().ok().map(|pages| pages * 4)
}
