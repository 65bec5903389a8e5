//! Every view and every dialog, each in the states that look different: one table, which whatever is asked of all screens
//! walks over.

use std::collections::BTreeSet;
use std::fmt::Debug;

use idmux::session::Snapshot;
use idmux::tui::component::confirm::Confirm;
use idmux::tui::component::credentials::CredentialsForm;
use idmux::tui::component::document::DocumentEdit;
use idmux::tui::component::email::EmailForm;
use idmux::tui::component::vault::VaultForm;
use idmux::tui::layout::View;
use ratatui::layout::Size;

use crate::driver::{MEDIUM, SMALL, Screen};

/// A screen that is wide enough for three columns.
pub const HUGE: Size = Size { width: 200, height: 60 };

/// The sizes that every scene is shown at.
pub const SIZES: [Size; 3] = [SMALL, MEDIUM, HUGE];

/// What the worker knows, and what a person does then.
pub struct Scene {
    pub name: String,
    snapshot: Snapshot,
    steps: Box<dyn Fn(&mut Screen)>,
    /// Where not at the usual sizes.
    size: Option<Size>,
}

impl Scene {
    /// The sizes that it is shown at.
    pub fn sizes(&self) -> Vec<Size> {
        self.size.map_or(SIZES.to_vec(), |size| vec![size])
    }

    /// The screen, when all of it has happened.
    pub fn at(&self, size: Size) -> Screen {
        let mut screen = Screen::with(size, self.snapshot.clone());
        (self.steps)(&mut screen);
        screen
    }
}

/// The scenes, in the order in which they were added.
#[derive(Default)]
pub struct Table(pub Vec<Scene>);

impl Table {
    pub fn add(
        &mut self,
        name: impl Into<String>,
        snapshot: Snapshot,
        steps: impl Fn(&mut Screen) + 'static,
    ) {
        self.0.push(Scene { name: name.into(), snapshot, steps: Box::new(steps), size: None });
    }

    /// A scene that needs a size of its own.
    pub fn add_at(&mut self, name: &str, size: Size, snapshot: Snapshot, steps: fn(&mut Screen)) {
        self.0.push(Scene { name: name.into(), snapshot, steps: Box::new(steps), size: Some(size) });
    }

    /// All scenes.
    pub fn all() -> Self {
        let mut table = Self::default();
        crate::first_scenes(&mut table);
        crate::board::scenes(&mut table);
        crate::hands::scenes(&mut table);
        crate::views::scenes(&mut table);
        crate::compare::scenes(&mut table);
        crate::custom_data::scenes(&mut table);
        crate::dialogs::scenes(&mut table);
        crate::boards::scenes(&mut table);
        crate::browser::scenes(&mut table);
        table
    }
}

/// The variants of an enum, as its source lists them.
fn variants<'a>(source: &'a str, name: &str) -> Vec<&'a str> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).expect("the enum is there");
    let (body, _) = body.split_once("\n}").expect("it ends");
    let is_variant = |line: &&str| line.starts_with("    ") && line[4..].starts_with(char::is_uppercase);
    let word = |line: &'a str| line.trim().split(['(', ' ', ',', '{']).next().unwrap_or_default();
    body.lines().filter(is_variant).map(word).collect()
}

/// The dialogs: every component that can be opened, as the sources list them.
fn dialogs() -> Vec<String> {
    let files = std::fs::read_dir("src/tui/component").unwrap();
    let sources = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let of = |source: String| {
        let opened = source.lines().filter_map(|line| line.strip_prefix("impl Modal for "));
        opened.map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    sources.flat_map(of).collect()
}

/// The variant of a value.
fn variant(value: &impl Debug) -> String {
    format!("{value:?}").split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

/// What a screen shows: the enums' names, and their variants.
fn shown(screen: &Screen) -> Vec<(&'static str, String)> {
    let model = &screen.model;
    let mut shown = vec![("View", variant(&model.state.view))];
    if model.state.view == View::Board && model.dialogs.is_empty() {
        shown.push(("Arrangement", variant(&model.state.regions().arrangement)));
        shown.push(("Pane", variant(&model.state.focus)));
    }
    let Some(dialog) = model.dialog() else { return shown };
    shown.extend([("Dialog", variant(&dialog.body)), ("Progress", variant(&dialog.progress))]);
    let states = [
        dialog.get::<CredentialsForm>().map(|form| ("Purpose", variant(&form.purpose))),
        dialog.get::<Confirm>().map(|confirm| ("Question", variant(&confirm.question))),
        dialog.get::<DocumentEdit>().map(|edit| ("Stage", variant(&edit.stage))),
        dialog.get::<EmailForm>().map(|form| ("E-mail", variant(&form.purpose()))),
        dialog.get::<VaultForm>().map(|form| ("VaultStatus", variant(&form.status))),
    ];
    shown.extend(states.into_iter().flatten());
    shown
}

/// The enums whose variants look different, and where they are.
const ENUMS: [(&str, &str, &str); 9] = [
    ("View", "View", include_str!("../../src/tui/layout.rs")),
    ("Pane", "Pane", include_str!("../../src/tui/layout.rs")),
    ("Arrangement", "Arrangement", include_str!("../../src/tui/layout.rs")),
    ("Progress", "Progress", include_str!("../../src/tui/dialog.rs")),
    ("Question", "Question", include_str!("../../src/tui/component/confirm.rs")),
    ("Stage", "Stage", include_str!("../../src/tui/component/document.rs")),
    ("Purpose", "Purpose", include_str!("../../src/tui/component/credentials.rs")),
    ("E-mail", "Purpose", include_str!("../../src/tui/component/email.rs")),
    ("VaultStatus", "VaultStatus", include_str!("../../src/session/snapshot.rs")),
];

#[test]
fn every_view_and_every_dialog_has_a_scene() {
    let table = Table::all();
    let mut names: Vec<_> = table.0.iter().map(|scene| scene.name.as_str()).collect();
    names.sort_unstable();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
    for file in std::fs::read_dir("tests/screens/snapshots").unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        let name = file.trim_end_matches(".new").trim_end_matches(".snap");
        assert!(name == "legend" || names.contains(&name), "{file} is of no scene");
    }
    let mut seen: BTreeSet<_> = (table.0.iter())
        .flat_map(|scene| scene.sizes().into_iter().flat_map(|size| shown(&scene.at(size))))
        .collect();
    // A vault that opens, or is open, needs no dialog.
    seen.extend(["Opening", "Open"].map(|status| ("VaultStatus", status.to_owned())));
    let dialogs = dialogs();
    assert!(dialogs.len() > 20, "{dialogs:?}");
    let missing = dialogs.iter().filter(|name| !seen.contains(&("Dialog", (*name).clone())));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new(), "no scene shows these");
    for (key, name, source) in ENUMS {
        let variants = variants(source, name);
        assert!(variants.len() > 1, "{name}: {variants:?}");
        let missing = variants.iter().filter(|variant| !seen.contains(&(key, (**variant).to_owned())));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&&str>::new(), "no scene shows these of {name}");
    }
}
