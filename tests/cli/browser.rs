//! Log-ins and links that a person does in the browser.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

use serde_json::json;

use crate::browser::{Recorder, World};
use crate::device::{Device, Ended, interrupt, wait_until};
use crate::server::add;

fn device(world: &World) -> (Device, Recorder) {
    let mut device = Device::new();
    let browser = Recorder::in_folder(device.home());
    device.set("BROWSER", &browser.program);
    add(&device, "shop", world.url());
    (device, browser)
}

#[test]
fn a_person_logs_in_and_links_in_the_browser() {
    let world = World::start();
    let (device, browser) = device(&world);
    let running = device.command(&["login", "google", "--browser", "--json"]).spawn().unwrap();
    let address = browser.wait(1);
    let said = world.land(&world.travel(&address, "person-1"));
    assert!(said.contains("It worked"), "{said}");
    let ended = Ended::of(running);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.err, format!("{}\n", json!({ "address": address })));
    let google: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&google["app"], &google["result"]), (&json!("shop"), &json!("logged-in")));
    device.run(&["refresh"]).ok();

    let running = device.command(&["link", "facebook", "--json"]).spawn().unwrap();
    world.land(&world.travel(&browser.wait(2), "person-2"));
    let ended = Ended::of(running);
    assert_eq!(ended.code, 0, "{ended:?}");
    let linked: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&linked["id"], &linked["result"]), (&google["id"], &json!("linked")));
    let users = device.users();
    assert_eq!(users[0]["providers"], json!(["oauth2-google", "oauth2-facebook"]));
}

#[test]
fn only_the_address_is_printed_where_no_browser_is_to_open_and_ctrl_c_gives_it_up() {
    let world = World::start();
    let (device, browser) = device(&world);
    let mut running = device.command(&["login", "apple", "--browser", "--no-open"]).spawn().unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("go on in the browser"));
    let address = reqwest::Url::parse(&lines.next().unwrap().unwrap()).unwrap();
    let page = address.query_pairs().find(|(key, _)| key == "redirect").unwrap().1.into_owned();
    let page = reqwest::Url::parse(&page).unwrap();
    let is_open = || TcpStream::connect(page.authority()).is_ok();
    assert!(is_open());
    interrupt(&running);
    assert_eq!(running.wait().unwrap().code(), Some(130));
    assert_eq!(lines.next().unwrap().unwrap(), "idmux: interrupted");
    wait_until("nobody listens", || !is_open());
    assert!(browser.visited().is_empty());
    assert!(device.users().is_empty());
}

#[test]
fn a_browser_and_a_secret_do_not_go_together_and_a_page_has_to_be_on_this_machine() {
    let world = World::start();
    let (device, _) = device(&world);
    for args in [
        &["login", "google", "--browser", "--secret-stdin"][..],
        &["login", "google", "--browser", "--code"],
        &["login", "google", "--no-open"],
        &["link", "api-key"],
    ] {
        assert_eq!(device.run(args).code, 2, "{args:?}");
    }
    let config = device.home().join("config.toml");
    std::fs::write(&config, "[apps.shop]\nredirect_uri = \"http://127.0.0.1/elsewhere\"\n").unwrap();
    let error = device.run(&["login", "google", "--browser", "--json"]).error(4);
    assert!(error["message"].as_str().unwrap().contains("/elsewhere"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("redirect_uris"), "{error}");
    std::fs::write(&config, "[apps.shop]\nredirect_uri = \"https://example.com/\"\n").unwrap();
    let ended = device.run(&["login", "google", "--browser"]);
    assert!(ended.refused(1).contains("on this machine"), "{ended:?}");
}
