//! Several processes that start at once where there is no vault yet.

use std::thread;

use super::Device;

/// Kind: a look in two steps, between which another process acts. A vault that was just being made was said to have vanished,
/// its database to be locked, or half of its key file to be none.
#[test]
fn processes_that_make_the_vault_at_once_all_work_on_it() {
    for round in 0..20 {
        let device = Device::new();
        let passphrase = (round % 5 == 4).then_some("correct horse battery");
        thread::scope(|scope| {
            let started: Vec<_> = ["one", "two", "three"]
                .map(|name| {
                    let mut command = device.command(&[
                        "app",
                        "add",
                        name,
                        "--url",
                        "http://127.0.0.1:9",
                        "--app-id",
                        "shop-abcde",
                    ]);
                    if let Some(passphrase) = passphrase {
                        command.env_remove("IDMUX_KEY_FILE").env("IDMUX_PASSPHRASE", passphrase);
                    }
                    scope.spawn(move || command.output().unwrap())
                })
                .into();
            for ended in started.into_iter().map(|started| started.join().unwrap()) {
                assert!(ended.status.success(), "round {round}: {}", String::from_utf8_lossy(&ended.stderr));
            }
        });
        if passphrase.is_none() {
            let apps = device.json(&["app", "list", "--json"]);
            let kept = apps.as_array().unwrap().iter().filter(|app| app["kept"] == true).count();
            assert_eq!(kept, 3, "round {round}: {apps}");
            assert!(device.run(&["doctor"]).status.success());
        }
    }
}
