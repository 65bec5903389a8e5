//! Keys of the filter of the Users pane, and of marks.

use crossterm::event::KeyEvent;

use super::{batch, panes};
use crate::account::AppAlias;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout::{Pane, View};
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// Begins to take keys as text.
pub fn open(model: &mut Model) {
    (model.state.view, model.state.focus) = (View::Board, Pane::Users);
    model.state.users.filter.typing = true;
}

/// A key while a text is typed.
pub fn press(model: &mut Model, action: Option<Action>, key: KeyEvent) -> Vec<Effect> {
    match action {
        Some(Action::Submit) => model.state.users.filter.typing = false,
        Some(Action::Close) => clear(model),
        Some(action) => return panes::act(model, action),
        None => {
            if model.state.users.filter.key(key) {
                model.state.filter_users();
            }
        }
    }
    vec![]
}

/// Pasted text.
pub fn paste(model: &mut Model, text: &str) {
    model.state.users.filter.paste(text);
    model.state.filter_users();
}

/// Looks for nothing any more.
pub fn clear(model: &mut Model) {
    model.state.users.filter.clear_text();
    model.state.filter_users();
}

/// Shows the users of the selected user's app alone, or those of all apps again.
pub fn one_app(model: &mut Model) {
    let app = match model.state.users.filter.app() {
        Some(_) => None,
        None => model.state.app().map(|app| app.alias.clone()),
    };
    narrow(model, app);
}

/// Shows the users of one app alone, or of all.
pub fn narrow(model: &mut Model, app: Option<AppAlias>) {
    (model.state.view, model.state.focus) = (View::Board, Pane::Users);
    model.state.users.filter.narrow(app);
    model.state.filter_users();
}

/// Marks the selected user, or takes its mark away, and goes on to the next.
pub fn mark(model: &mut Model) {
    let Some(key) = model.state.selected().map(|user| user.key.clone()) else { return };
    if !model.state.marked.remove(&key) {
        model.state.marked.insert(key);
    }
    model.state.count_marks();
    let (row, snapshot) = (model.state.users.index() + 1, model.state.snapshot.clone());
    model.state.users.go_to(row, &snapshot);
}

/// Marks the users in the list that are not marked, and no others of them.
pub fn invert(model: &mut Model) {
    let keys: Vec<_> = model.state.shown_users().map(|user| user.key.clone()).collect();
    for key in keys {
        if !model.state.marked.remove(&key) {
            model.state.marked.insert(key);
        }
    }
    model.state.count_marks();
}

/// What Esc means on the board: one thing at a time, the most pressing first.
pub fn back(model: &mut Model) {
    if model.state.activity.dismiss() {
        return;
    }
    if batch::cancel(model) {
        model.state.say(Tone::Warn, "what was not begun is cancelled");
    } else if !model.state.marked.is_empty() {
        model.state.marked.clear();
        model.state.count_marks();
    } else if model.state.users.filter.has_text() {
        clear(model);
    } else if model.state.users.filter.app().is_some() {
        model.state.users.filter.narrow(None);
        model.state.filter_users();
    } else {
        model.state.zoomed = false;
    }
}
