//! Who may know whom, read from the sources. `ARCHITECTURE.md` says why.

use std::fs;
use std::path::{Path, PathBuf};

/// A word that may stand only in the sources under these paths. The log names libraries to keep them quiet.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("tui_input", &["tui"]),
    ("reqwest", &["backend", "logging.rs", "local_app/providers/outbound.rs"]),
    ("rusqlite", &["vault", "local_app/store/sqlite"]),
    ("axum", &["local_app", "backend/browser/listener.rs"]),
    ("axum_server", &["local_app", "backend/browser/listener.rs"]),
    ("governor", &["local_app"]),
    ("clap", &["cli", "main.rs"]),
    ("rpassword", &["hidden_input.rs"]),
    ("rustix", &["hardening.rs", "hidden_input.rs", "local_app/functions", "tui/terminal"]),
    ("nix", &["local_app/functions/worker.rs"]),
    ("webbrowser", &["browser.rs"]),
    ("keyring_core", &["vault", "logging.rs"]),
    ("Timestamp::now", &["clock.rs"]),
    // The times of files are no clock.
    ("SystemTime", &["clock.rs", "vault/files.rs"]),
];

/// A room, and the rooms of this crate that it may import.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("account", &["numeric_date"]),
    ("data", &[]),
    ("browser.rs", &[]),
    ("clock.rs", &[]),
    ("crash.rs", &["clock"]),
    ("folders.rs", &[]),
    ("format.rs", &["account"]),
    ("hardening.rs", &[]),
    ("hidden_input.rs", &[]),
    ("logging.rs", &[]),
    ("loopback.rs", &[]),
    ("numeric_date.rs", &[]),
    ("text.rs", &[]),
    ("local_app", &["clock", "data", "loopback", "numeric_date", "text"]),
    ("backend", &["account", "clock", "data", "loopback", "text"]),
    ("vault", &["account", "clock"]),
    ("session", &["account", "backend", "format", "vault", "clock", "data"]),
    (
        "tui",
        &[
            "account",
            "session",
            "browser",
            "clock",
            "text",
            "crash",
            "hidden_input",
            "data",
            "numeric_date",
            "format",
        ],
    ),
    (
        "cli",
        &[
            "account",
            "session",
            "browser",
            "data",
            "clock",
            "text",
            "app",
            "folders",
            "local_app",
            "format",
            "hardening",
            "hidden_input",
        ],
    ),
];

/// What only a crash or a stray print would write to a terminal that the program draws on.
const NOWHERE: &[&str] =
    &["println!(", "eprintln!(", "print!(", "eprint!(", "dbg!(", "todo!(", "unimplemented!("];

struct Source {
    path: String,
    code: String,
}

impl Source {
    fn is_in(&self, room: &str) -> bool {
        let rest = self.path.strip_prefix(room);
        rest.is_some_and(|rest| room.ends_with(".rs") || rest == ".rs" || rest.starts_with('/'))
    }
}

/// All sources without comments, unit tests and doc text.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
                let code: Vec<_> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                let path = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push(Source { path, code: code.join("\n") });
            }
        }
    }
    assert!(found.len() > 40, "the sources are found");
    found
}

/// The words of `code`, where `::` belongs to a word.
fn has_word(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[test]
fn each_library_stays_in_its_room() {
    let mut strays = Vec::new();
    for source in sources() {
        for (word, rooms) in ONLY_IN {
            if has_word(&source.code, word) && !rooms.iter().any(|room| source.is_in(room)) {
                strays.push(format!("{} knows {word}", source.path));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn each_room_knows_only_its_neighbours() {
    let rooms = [
        "account",
        "app",
        "backend",
        "browser",
        "cli",
        "clock",
        "config",
        "crash",
        "data",
        "folders",
        "format",
        "hardening",
        "hidden_input",
        "local_app",
        "logging",
        "loopback",
        "session",
        "text",
        "tui",
        "vault",
    ];
    let mut strays = Vec::new();
    for source in sources() {
        let Some((room, may_know)) = MAY_KNOW.iter().find(|(room, _)| source.is_in(room)) else { continue };
        for other in rooms {
            let is_own = room.trim_end_matches(".rs") == other;
            if !is_own && !may_know.contains(&other) && has_word(&source.code, &format!("crate::{other}")) {
                strays.push(format!("{} knows {other}", source.path));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

/// A store that knew the App's services could not be put beside another one.
#[test]
fn stores_of_the_local_app_know_none_of_its_services() {
    const MAY_KNOW: &[&str] = &["app_id", "blocking", "ids", "lifetimes", "store"];
    let mut strays = Vec::new();
    for source in sources().iter().filter(|source| source.is_in("local_app/store")) {
        // The store's own file names its neighbours by `super`, those below it by the crate.
        let outside = if source.path == "local_app/store.rs" { "use super::" } else { "local_app::" };
        for (at, _) in source.code.match_indices(outside) {
            let known = &source.code[at + outside.len()..];
            let known: String = known.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !MAY_KNOW.contains(&known.as_str()) {
                strays.push(format!("{} knows '{known}'", source.path));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn nothing_writes_to_the_terminal_behind_the_screen() {
    let mut strays = Vec::new();
    for source in sources() {
        for word in NOWHERE {
            if source.code.contains(word) {
                strays.push(format!("{} has {word}…)", source.path));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn every_test_that_the_guarantees_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/guarantees.md")).unwrap();
    let named: Vec<_> = page.split('`').filter_map(|word| word.split_once(".rs::")).collect();
    assert!(named.len() > 50, "the page names its tests");
    for (file, test) in named {
        let text = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
        assert!(text.contains(&format!("fn {test}(")), "{file}.rs has no {test}");
    }
}
