//! Opens an address in the person's browser, if this machine has one that shows itself elsewhere than in this terminal.

use std::env;
use std::ffi::OsStr;
use std::path::Path;

/// Browsers that would draw on the terminal.
const IN_TERMINAL: [&str; 9] =
    ["lynx", "links", "links2", "elinks", "w3m", "www-browser", "browsh", "carbonyl", "chawan"];

/// Opens an address of the web. Nobody waits for it: a browser that does not open is no failure, since the address is shown
/// as well.
pub fn open(address: &str) {
    if !has_browser(|name| env::var(name).ok()) {
        return tracing::info!("there is no browser to open on this machine");
    }
    let address = address.to_owned();
    std::thread::spawn(move || {
        if let Err(error) = webbrowser::open(&address) {
            tracing::info!(%error, "no browser was opened");
        }
    });
}

/// Whether there is a browser, as far as the environment says.
fn has_browser(variable: impl Fn(&str) -> Option<String>) -> bool {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some(chosen) = variable("BROWSER") {
        return chosen.split(':').filter(|command| !command.is_empty()).all(|command| {
            let program = command.split_ascii_whitespace().next().unwrap_or_default();
            let name = Path::new(program).file_name().and_then(OsStr::to_str).unwrap_or_default();
            !IN_TERMINAL.contains(&name)
        });
    }
    let has_screen =
        ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].into_iter().any(|name| variable(name).is_some());
    has_screen || cfg!(any(windows, target_os = "macos"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_browser_opens_on_a_machine_without_a_screen_or_in_this_terminal() {
        let with = |name: &'static str, value: &'static str| {
            has_browser(|asked| (asked == name).then(|| value.to_owned()))
        };
        assert!(with("BROWSER", "/usr/bin/firefox --new-window %s"));
        assert!(with("BROWSER", "firefox:chromium"));
        for in_terminal in ["w3m", "/usr/bin/lynx -accept_all_cookies %s", "firefox:w3m", "w3m:firefox"] {
            assert!(!with("BROWSER", in_terminal), "{in_terminal}");
        }
        assert!(with("DISPLAY", ":0") && with("WAYLAND_DISPLAY", "wayland-0"));
        if cfg!(target_os = "linux") {
            assert!(!with("BROWSER", "") && !with("TERM", "xterm"));
        }
    }
}
