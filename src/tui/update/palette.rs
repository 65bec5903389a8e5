//! Keys of the command palette.

use crossterm::event::KeyEvent;

use super::panes::target;
use super::{filter, views};
use crate::tui::dialog::{Body, Palette, PaletteEntry, PaletteTarget};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::model::{Model, Pane, View};
use crate::tui::needs;
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
    let apps = snapshot.apps.iter().map(|app| PaletteEntry {
        title: app.alias.to_string(),
        keys: "app".into(),
        why_not: None,
        target: PaletteTarget::App(app.alias.clone()),
    });
    let users = snapshot.users.iter().map(|user| PaletteEntry {
        title: user.label.clone(),
        keys: format!("user of {}", user.key.app),
        why_not: None,
        target: PaletteTarget::User(user.key.clone()),
    });
    palette.find(apps.chain(users));
}

/// All actions with a meaning here or in a pane, each once.
fn actions(model: &Model) -> Vec<PaletteEntry> {
    let here = model.context();
    let panes = Pane::ALL.map(Pane::context);
    let mut entries: Vec<PaletteEntry> = Vec::new();
    for context in std::iter::once(here).chain(panes) {
        let offered = model.keymap.of(context).filter(|binding| !binding.description.is_empty());
        for binding in offered.filter(|binding| !is_movement(binding.action)) {
            let target = PaletteTarget::Run(binding.action);
            if entries.iter().any(|entry| entry.target == target) {
                continue;
            }
            entries.push(PaletteEntry {
                title: binding.description.into(),
                keys: binding.keys(),
                why_not: needs::missing(model, binding.action),
                target,
            });
        }
    }
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
        PaletteTarget::Run(action) => return views::act(model, action),
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
