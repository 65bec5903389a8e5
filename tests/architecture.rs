//! Who may know whom, read from the parsed sources. `ARCHITECTURE.md` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A library or a name that may stand only in the sources under these paths. The log names libraries to keep them quiet.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("tui_input", &["tui"]),
    ("reqwest", &["backend", "local_app/providers/outbound.rs"]),
    ("rusqlite", &["vault", "local_app/store/sqlite"]),
    ("axum", &["local_app", "backend/browser/listener.rs"]),
    ("axum_server", &["local_app", "backend/browser/listener.rs"]),
    ("governor", &["local_app"]),
    ("clap", &["cli", "main.rs"]),
    ("rpassword", &["hidden_input.rs"]),
    ("rustix", &["hardening.rs", "hidden_input.rs", "local_app/functions", "tui/terminal"]),
    ("nix", &["local_app/functions/worker.rs"]),
    ("webbrowser", &["browser.rs"]),
    ("keyring_core", &["vault"]),
    ("Timestamp::now", &["clock.rs"]),
    // The times of files are no clock.
    ("SystemTime", &["clock.rs", "vault/files.rs"]),
];

/// A room, and the rooms of this crate that it may know. `app` composes them all, and is known by the commands that start it.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("account", &["numeric_date"]),
    ("backend", &["account", "clock", "data", "loopback", "text"]),
    ("browser", &[]),
    (
        "cli",
        &[
            "account",
            "app",
            "browser",
            "clock",
            "data",
            "folders",
            "format",
            "hardening",
            "hidden_input",
            "local_app",
            "session",
            "text",
        ],
    ),
    ("clock", &[]),
    ("config", &["account", "text", "tui"]),
    ("crash", &["clock"]),
    ("data", &[]),
    ("folders", &[]),
    ("format", &["account", "text"]),
    ("hardening", &[]),
    ("hidden_input", &[]),
    ("local_app", &["clock", "data", "loopback", "numeric_date", "text"]),
    ("logging", &[]),
    ("loopback", &[]),
    ("numeric_date", &[]),
    ("session", &["account", "backend", "clock", "data", "format", "vault"]),
    ("text", &[]),
    (
        "tui",
        &[
            "account",
            "browser",
            "clock",
            "crash",
            "data",
            "format",
            "hidden_input",
            "numeric_date",
            "session",
            "text",
        ],
    ),
    ("vault", &["account", "clock"]),
];

/// Siblings that import each other in a circle, and how many. The number only goes down; an entry that is not needed goes.
const CIRCLES: &[(&str, usize)] = &[("local_app", 14), ("local_app/functions", 3), ("tui/update", 8)];

/// What only a crash or a stray print would write to a terminal that the program draws on.
const NOWHERE: &[&str] = &["println", "eprintln", "print", "eprint", "dbg", "todo", "unimplemented"];

/// One file of the program, and what its code outside of tests refers to.
struct Source {
    /// Below `src`.
    path: String,
    /// The module that it is.
    module: Vec<String>,
    /// Paths into this crate, from its root.
    own: Vec<Vec<String>>,
    /// All paths and names, as `::` joins them.
    words: BTreeSet<String>,
    /// Names of macros.
    macros: BTreeSet<String>,
}

impl Source {
    fn read(root: &Path, file: &Path) -> Self {
        let path = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module == ["lib"] || module == ["main"] {
            module.clear();
        }
        let parsed = syn::parse_file(&fs::read_to_string(file).unwrap());
        let parsed = parsed.unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut reader = Reader {
            here: module.clone(),
            source: Self { path, module, own: vec![], words: BTreeSet::new(), macros: BTreeSet::new() },
        };
        reader.visit_file(&parsed);
        reader.source
    }

    fn room(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    fn is_in(&self, place: &str) -> bool {
        let rest = self.path.strip_prefix(place);
        rest.is_some_and(|rest| place.ends_with(".rs") || rest == ".rs" || rest.starts_with('/'))
    }

    fn has(&self, word: &str) -> bool {
        let starts = |path: &String| {
            path.split("::").collect::<Vec<_>>().windows(word.split("::").count()).enumerate().any(
                |(at, part)| {
                    // A library is the beginning of a path, a name may be its end.
                    (at == 0 || word.contains("::") || word.starts_with(char::is_uppercase))
                        && part.join("::") == word
                },
            )
        };
        self.words.iter().any(starts)
    }
}

/// Collects what a file refers to. What is compiled for tests alone is left out.
struct Reader {
    /// The module that the reader is in.
    here: Vec<String>,
    source: Source,
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = match &attribute.meta {
            syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string(),
            _ => return false,
        };
        text == "test" || text.contains("(test") || text.contains("fuzzing")
    })
}

impl Reader {
    fn note(&mut self, path: &[String]) {
        let Some(first) = path.first() else { return };
        self.source.words.insert(path.join("::"));
        let own = match first.as_str() {
            "crate" => path[1..].to_vec(),
            "self" => [&self.here, &path[1..]].concat(),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                let kept = self.here.len().saturating_sub(ups);
                [&self.here[..kept], &path[ups..]].concat()
            }
            _ => return,
        };
        self.source.own.push(own);
    }

    fn note_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.note_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.note_tree(before, item)),
            syn::UseTree::Glob(_) => self.note(before),
            syn::UseTree::Name(name) if name.ident == "self" => self.note(before),
            syn::UseTree::Name(name) => self.note(&with(&name.ident)),
            syn::UseTree::Rename(rename) if rename.ident == "self" => self.note(before),
            syn::UseTree::Rename(rename) => self.note(&with(&rename.ident)),
        }
    }

    /// Paths in the tokens of a macro, which is not parsed.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.note(&std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.note(&std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.note_tokens(group.stream());
                    }
                }
            }
        }
        self.note(&path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Const(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.here.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.here.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.source.macros.extend(mac.path.segments.last().map(|segment| segment.ident.to_string()));
        self.note_tokens(mac.tokens.clone());
        visit::visit_macro(self, mac);
    }

    // Documentation refers to whatever explains.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

/// All sources, read once.
fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(read_sources)
}

fn read_sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !is_test_file(&path) {
                found.push(Source::read(&root, &path));
            }
        }
    }
    assert!(found.len() > 40, "the sources are found");
    found
}

/// Files that only tests, benchmarks or fuzzing are compiled from.
fn is_test_file(path: &Path) -> bool {
    let names = ["tests", "fuzzing", "benching", "any"];
    path.iter().any(|part| {
        let part = part.to_str().unwrap_or_default();
        names.contains(&part.trim_end_matches(".rs"))
    }) && !path.ends_with("src")
        && path.components().skip_while(|part| part.as_os_str() != "src").any(|part| {
            names.contains(&part.as_os_str().to_str().unwrap_or_default().trim_end_matches(".rs"))
        })
}

#[test]
fn each_library_stays_in_its_room() {
    let mut strays = Vec::new();
    for source in sources() {
        for (word, rooms) in ONLY_IN {
            if source.has(word) && !rooms.iter().any(|room| source.is_in(room)) {
                strays.push(format!("{} knows {word}", source.path));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn each_room_knows_only_its_neighbours() {
    let sources = sources();
    let rooms: BTreeSet<String> = sources.iter().map(|source| source.room().to_owned()).collect();
    let mut strays = Vec::new();
    for source in sources {
        // Composition knows everybody.
        if matches!(source.room(), "" | "app") {
            continue;
        }
        let Some((_, may_know)) = MAY_KNOW.iter().find(|(room, _)| *room == source.room()) else {
            strays.push(format!("{} is in a room that the table does not name", source.path));
            continue;
        };
        for path in &source.own {
            let other = path.first().map_or("", String::as_str);
            if rooms.contains(other) && other != source.room() && !may_know.contains(&other) {
                strays.push(format!("{} knows {other}", source.path));
            }
        }
    }
    strays.dedup();
    assert!(strays.is_empty(), "{strays:#?}");
}

/// A store that knew the App's services could not be put beside another one.
#[test]
fn stores_of_the_local_app_know_none_of_its_services() {
    const MAY_KNOW: &[&str] = &["app_id", "blocking", "ids", "lifetimes", "store"];
    let mut strays = Vec::new();
    for source in sources().iter().filter(|source| source.is_in("local_app/store")) {
        for path in source.own.iter().filter(|path| path[0] == "local_app") {
            let known = path.get(1).map_or("", String::as_str);
            if !MAY_KNOW.contains(&known) {
                strays.push(format!("{} knows '{known}'", source.path));
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}

/// Siblings are the files and folders of one folder; a folder stands for everything below it. A file and what is below it are
/// one thing, and may know each other.
#[test]
fn no_siblings_import_each_other_in_a_circle() {
    let sources = sources();
    let modules: BTreeSet<Vec<String>> = sources.iter().map(|source| source.module.clone()).collect();
    // For each parent the edges between its children.
    let mut edges: BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in sources {
        for path in &source.own {
            let target =
                (1..=path.len()).rev().map(|len| path[..len].to_vec()).find(|it| modules.contains(it));
            let Some(target) = target else { continue };
            let shared = source.module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            if shared < source.module.len() && shared < target.len() {
                let siblings = edges.entry(target[..shared].to_vec()).or_default();
                siblings.entry(source.module[shared].clone()).or_default().insert(target[shared].clone());
            }
        }
    }
    let mut wrong = Vec::new();
    let mut unneeded: BTreeSet<&str> = CIRCLES.iter().map(|(parent, _)| *parent).collect();
    for (parent, edges) in &edges {
        let name = if parent.is_empty() { "src".to_owned() } else { parent.join("/") };
        let circle = circles(edges);
        let allowed = CIRCLES.iter().find(|(parent, _)| *parent == name).map_or(0, |(_, size)| *size);
        if circle.len() != allowed {
            wrong.push(format!("{name}: {} of {allowed}: {circle:?}", circle.len()));
        }
        if !circle.is_empty() {
            unneeded.remove(name.as_str());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(unneeded.is_empty(), "no circle any more: {unneeded:?}");
}

/// All that reach themselves.
fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<&str> {
    let reaches_itself = |start: &str| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&str> = edges.get(start).into_iter().flatten().map(String::as_str).collect();
        while let Some(node) = next.pop() {
            if node == start {
                return true;
            }
            if seen.insert(node) {
                next.extend(edges.get(node).into_iter().flatten().map(String::as_str));
            }
        }
        false
    };
    edges.keys().map(String::as_str).filter(|node| reaches_itself(node)).collect()
}

#[test]
fn nothing_writes_to_the_terminal_behind_the_screen() {
    let mut strays = Vec::new();
    for source in sources() {
        for name in NOWHERE.iter().filter(|name| source.macros.contains(**name)) {
            strays.push(format!("{} has {name}!", source.path));
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
