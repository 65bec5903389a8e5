//! Keys of the command palette.

use crossterm::event::KeyEvent;

use super::panes::target;
use super::{copy, filter, views};
use crate::tui::dialog::{Body, CopyMenu, Palette, PaletteEntry, PaletteTarget};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context};
use crate::tui::model::{Model, Pane, View};
use crate::tui::needs;
use crate::tui::theme::Theme;
use crate::tui::words::Tone;

/// Rows that a page key goes.
const PAGE: usize = 10;

/// Opens it over everything that makes sense from here.
pub fn open(model: &mut Model) {
    let palette = Palette::new(actions(model));
    model.open(Body::Palette(palette));
}

/// A key for it.
pub fn press(model: &mut Model, action: Option<Action>, key: KeyEvent) -> Vec<Effect> {
    let Some(Body::Palette(palette)) = model.dialogs.last_mut().map(|dialog| &mut dialog.body) else {
        return vec![];
    };
    match action {
        Some(Action::Submit) => {
            let Some(entry) = palette.current().cloned() else { return vec![] };
            model.dialogs.pop();
            return run(model, entry.target);
        }
        Some(action) => {
            let row = target(action, palette.cursor, PAGE);
            palette.go_to(row);
        }
        None => {
            let before = palette.text().to_owned();
            palette.form.key(key);
            if palette.text() != before {
                find(model);
            }
        }
    }
    vec![]
}

/// Finds what matches the text that stands in it now.
pub fn find(model: &mut Model) {
    let snapshot = model.snapshot.clone();
    let Some(Body::Palette(palette)) = model.dialogs.last_mut().map(|dialog| &mut dialog.body) else {
        return;
    };
    let to = |name: String, description: String, target| PaletteEntry {
        name,
        aliases: &[],
        description,
        keys: String::new(),
        why_not: None,
        target,
    };
    let apps = snapshot
        .apps
        .iter()
        .map(|app| to(app.alias.to_string(), "app".into(), PaletteTarget::App(app.alias.clone())));
    let users = snapshot.users.iter().map(|user| {
        let description = format!("user of {}", user.key.app);
        to(user.label.clone(), description, PaletteTarget::User(user.key.clone()))
    });
    palette.find(apps.chain(users));
}

/// All actions with a meaning here, in a pane or a view, or for the menu of what to copy, each once; and the themes.
fn actions(model: &Model) -> Vec<PaletteEntry> {
    let places = Pane::ALL.map(Pane::context).into_iter().chain([Context::Log, Context::CopyMenu]);
    let mut entries: Vec<PaletteEntry> = Vec::new();
    for context in std::iter::once(model.context()).chain(places) {
        let offered = model.keymap.of(context).filter(|binding| !binding.description.is_empty());
        for binding in offered.filter(|binding| !is_movement(binding.action)) {
            let target = PaletteTarget::Run(binding.action);
            if entries.iter().any(|entry| entry.target == target) {
                continue;
            }
            let copies = CopyMenu::ROWS.contains(&binding.action);
            entries.push(PaletteEntry {
                name: binding.action.name().replace('-', " "),
                aliases: binding.action.aliases(),
                description: binding.description.into(),
                // In the menu they have keys that mean something else here.
                keys: if copies { String::new() } else { binding.keys() },
                why_not: needs::missing(model, if copies { Action::CopyMenu } else { binding.action }),
                target,
            });
        }
    }
    let themes = Theme::names().map(|name| PaletteEntry {
        name: format!("theme {name}"),
        aliases: &[],
        description: "for this run; `theme` in config.toml keeps it".into(),
        keys: String::new(),
        why_not: None,
        target: PaletteTarget::Theme(name),
    });
    entries.extend(themes);
    entries
}

/// Whether it is nothing that one would look for by its name.
fn is_movement(action: Action) -> bool {
    use Action::{
        Close, Down, First, Last, Left, NextPane, PageDown, PageUp, Palette, PreviousPane, Right, Toggle, Up,
    };
    matches!(
        action,
        Close
            | Down
            | First
            | Last
            | Left
            | NextPane
            | PageDown
            | PageUp
            | Palette
            | PreviousPane
            | Right
            | Toggle
            | Up
    )
}

fn run(model: &mut Model, target: PaletteTarget) -> Vec<Effect> {
    let snapshot = model.snapshot.clone();
    let user = match target {
        PaletteTarget::Run(Action::Quit) => return vec![Effect::Quit],
        PaletteTarget::Run(action) if CopyMenu::ROWS.contains(&action) => {
            let Some(user) = model.selected().cloned() else { return vec![] };
            copy::open_menu(model, &user);
            return copy::press(model, action);
        }
        PaletteTarget::Run(action) => return views::act(model, action),
        PaletteTarget::Theme(name) => {
            model.look = model.look.with_theme(name);
            model.theme = model.look.theme.on(None);
            return vec![];
        }
        PaletteTarget::User(user) => Some(user),
        PaletteTarget::App(app) => {
            let current = snapshot.app(&app).and_then(|view| view.current.clone());
            let of_app = || snapshot.users.iter().filter(|user| user.key.app == app);
            let user = of_app().find(|user| Some(&user.key.id) == current.as_ref());
            let user = user.or_else(|| of_app().next()).map(|user| user.key.clone());
            if user.is_none() {
                // Its empty list is where one logs in to it.
                filter::narrow(model, Some(app.clone()));
                model.say(Tone::Warn, format!("nobody is logged in at {app}"));
            }
            user
        }
    };
    if let Some(user) = user {
        (model.view, model.focus) = (View::Board, Pane::Users);
        model.select_user(user);
    }
    vec![]
}
