//! Log-ins with the credentials that only an App elsewhere takes: what reaches its server.

use std::fs;

use serde_json::json;

use crate::device::Device;
use crate::server::{Scripted, add};

fn known() -> (Device, Scripted) {
    let (device, server) = (Device::new(), Scripted::start("Ada"));
    add(&device, "shop", &server.url);
    (device, server)
}

#[test]
fn a_key_and_a_jwt_reach_the_server_and_nobody_else() {
    let (device, server) = known();
    let ended = device.run_with(&["login", "key", "--secret-stdin", "--json"], "s3cr3t-key\n");
    assert_eq!(ended.json()["result"], "logged-in");
    assert!(!ended.out.contains("s3cr3t"));
    device.run_with(&["login", "jwt", "--secret-stdin"], "e30.e30.s3cr3t\r\n").ok();
    let log_ins = server.log_ins();
    assert_eq!((log_ins[0].0.as_str(), &log_ins[0].1["key"]), ("api-key", &json!("s3cr3t-key")));
    assert_eq!((log_ins[1].0.as_str(), &log_ins[1].1["token"]), ("custom-token", &json!("e30.e30.s3cr3t")));
    let log = fs::read_to_string(device.home().join("log/idmux.log")).unwrap();
    assert!(!log.is_empty() && !log.contains("s3cr3t"));
    let providers: Vec<_> = device.users().iter().map(|user| user["providers"][0].clone()).collect();
    assert_eq!(providers, ["api-key", "custom-token"]);
}

#[test]
fn a_function_gets_the_object_from_standard_input_or_a_file() {
    let (device, server) = known();
    device.run_with(&["login", "function"], r#"{"name": "ada", "age": 36}"#).ok();
    let file = device.home().join("payload.json");
    fs::write(&file, r#"{"name": "bob"}"#).unwrap();
    device.run(&["login", "function", "--payload", file.to_str().unwrap()]).ok();
    let log_ins = server.log_ins();
    assert_eq!(log_ins[0].0, "custom-function");
    assert_eq!(log_ins[0].1["name"], "ada");
    assert_eq!(log_ins[1].1["name"], "bob");
}
