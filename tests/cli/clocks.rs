//! Servers whose clock is another than this machine's. Each command is a process of its own, so all that one learns of a clock
//! has to reach the next. Kind: what was learnt of a clock and forgotten between processes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::device::{Device, wait_until};
use crate::server::{Serve, add};

const HOUR: i64 = 3600;

/// What the server says to the token that `idmux token` prints.
fn is_valid_at(server: &Serve, token: &str) -> bool {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("{}/api/client/v2.0/auth/profile", server.url);
    runtime.block_on(async {
        let answer = reqwest::Client::new().get(url).bearer_auth(token.trim_end()).send().await.unwrap();
        answer.status().is_success()
    })
}

/// How far ahead of this machine's clock the access token expires, as `users` has it.
fn access_left(device: &Device) -> SignedDuration {
    let users = device.users();
    let at: Timestamp = users[0]["access_expires"].as_str().unwrap().parse().unwrap();
    at.duration_since(Timestamp::now())
}

#[test]
fn a_server_an_hour_ahead_or_behind_gets_no_dead_token_printed() {
    for offset in ["+1h", "-1h"] {
        let server = Serve::start(&["--clock", offset, "--access-token-ttl", "4s"]);
        let device = Device::new();
        add(&device, "shop", &server.url);
        device.register("ada@example.com", &[]);
        assert!(
            access_left(&device).abs() < SignedDuration::from_secs(10),
            "{offset}: by this machine's clock"
        );
        wait_until("the token is over", || device.users()[0]["state"] == "expired");
        let token = device.run(&["token", "--min-ttl", "2s"]);
        assert!(is_valid_at(&server, token.ok()), "{offset}");
    }
}

#[test]
fn a_server_an_hour_behind_is_not_asked_at_every_call() {
    let server = Serve::start(&["--clock", "-1h"]);
    let device = Device::new();
    add(&device, "shop", &server.url);
    device.register("ada@example.com", &[]);
    let first = device.run(&["token"]).ok().to_owned();
    for _ in 0..2 {
        assert_eq!(device.run(&["token", "--min-ttl", "5m"]).ok(), first);
    }
    assert_eq!(device.users()[0]["state"], "active");
}

#[test]
fn a_clock_that_was_moved_counts_in_every_process_after() {
    let device = Device::new();
    device.register("ada@example.com", &[]);
    let first = device.run(&["token"]).ok().to_owned();
    device.run(&["clock", "advance", "2h"]).ok();
    // The access token of half an hour is over by the App's clock, and not by this machine's.
    assert_eq!(device.users()[0]["state"], "expired");
    let second = device.run(&["token"]).ok().to_owned();
    assert_ne!(first, second);
    assert_eq!(device.run(&["token"]).ok(), second, "the next process knows the clock");
    let left = access_left(&device);
    assert!(left > SignedDuration::from_secs(HOUR / 4) && left < SignedDuration::from_secs(HOUR), "{left}");
    device.run(&["clock", "reset"]).ok();
    let third = device.run(&["token"]);
    assert_eq!(third.ok().trim_end().split('.').count(), 3);
}

#[test]
fn a_token_that_cannot_live_so_long_is_its_own_error() {
    let server = Serve::start(&["--clock", "+1h", "--access-token-ttl", "20s"]);
    let device = Device::new();
    add(&device, "shop", &server.url);
    device.register("ada@example.com", &[]);
    let error = device.run(&["token", "--min-ttl", "1h", "--json"]).error(7);
    assert_eq!(error["code"], "min-ttl");
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("ada@example.com of shop"), "{said}");
}

/// Kind: what is known to the disk, and shown as unknown after a restart.
#[test]
fn the_last_refresh_is_known_to_the_next_process() {
    let device = Device::new();
    device.register("ada@example.com", &[]);
    assert_eq!(device.users()[0]["last_refresh"], Value::Null);
    device.run(&["refresh"]).ok();
    let last = device.users()[0]["last_refresh"].clone();
    assert_eq!(last["outcome"], "renewed", "{last}");
    let at: Timestamp = last["at"].as_str().unwrap().parse().unwrap();
    assert!(Timestamp::now().duration_since(at) < SignedDuration::try_from(Duration::from_secs(60)).unwrap());
}
