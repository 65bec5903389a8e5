//! kill -9 at random moments: what was acknowledged is there afterwards, and the vault always opens.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Device, Server};

const ROUNDS: usize = 200;

/// What is known for certain of a user's session.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    LoggedIn,
    LoggedOut,
    /// The process that changed it was killed before it said so: either may be.
    Unsure,
}

/// Runs a command that is killed at a random moment, and says what it printed if it had finished printing by then.
fn run_and_kill(device: &Device, args: &[&str], longest: u64) -> Option<Value> {
    let mut child = device.command(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_micros(fastrand::u64(0..longest)));
    child.kill().unwrap();
    child.wait().unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    serde_json::from_str(&printed).ok()
}

/// How long a command takes here and now, so that the kills fall into all of its length.
fn usual_time(device: &Device) -> u64 {
    let begin = std::time::Instant::now();
    device.json(&["login", "anon", "--json"]);
    u64::try_from(begin.elapsed().as_micros()).unwrap()
}

#[test]
fn a_process_that_is_killed_loses_nothing_it_acknowledged() {
    let (server, device) = (Server::start(), Device::new());
    device.add_app(&server.url);
    let longest = usual_time(&device) * 3 / 2;
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let someone = fastrand::usize(..=known.len().min(9));
        let user = known.keys().nth(someone).cloned();
        match (fastrand::u8(0..4), user) {
            (0, Some(user)) => {
                let done = run_and_kill(&device, &["logout", "--as", &user, "--yes", "--json"], longest);
                acknowledged += usize::from(done.is_some());
                known.insert(user, if done.is_some() { Known::LoggedOut } else { Known::Unsure });
            }
            (1, Some(user)) => {
                // A renewal never ends a session, finished or not.
                let done = run_and_kill(&device, &["refresh", "--as", &user, "--json"], longest);
                acknowledged += usize::from(done.is_some());
            }
            _ => {
                if let Some(printed) = run_and_kill(&device, &["login", "anon", "--json"], longest) {
                    acknowledged += 1;
                    known.insert(printed["id"].as_str().unwrap().to_owned(), Known::LoggedIn);
                }
            }
        }
        if round % 10 == 9 {
            check(&device, &known);
        }
    }
    assert!((20..ROUNDS).contains(&acknowledged), "kills fall before and after: {acknowledged} of {ROUNDS}");
    // Every session that is said to be active still works.
    for (user, _) in known.iter().filter(|(_, known)| **known == Known::LoggedIn).take(5) {
        device.json(&["refresh", "--as", user, "--json"]);
    }
}

fn check(device: &Device, known: &BTreeMap<String, Known>) {
    let users = device.json(&["users", "--json"]);
    let states: BTreeMap<&str, &str> = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| (user["id"].as_str().unwrap(), user["state"].as_str().unwrap()))
        .collect();
    for (user, known) in known {
        let state = states.get(user.as_str()).unwrap_or_else(|| panic!("{user} is lost: {users}"));
        match known {
            Known::LoggedIn => assert_eq!(*state, "active", "{user}"),
            Known::LoggedOut => assert_eq!(*state, "logged-out", "{user}"),
            Known::Unsure => assert!(["active", "logged-out"].contains(state), "{user}: {state}"),
        }
    }
}
