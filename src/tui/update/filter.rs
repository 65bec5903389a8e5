//! Keys of the filter of the Users pane, and of marks.

use crossterm::event::KeyEvent;

use super::{batch, panes};
use crate::account::AppAlias;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::model::{Model, Pane, View};
use crate::tui::needs;
use crate::tui::words::Tone;

/// Begins to take keys as text.
pub fn open(model: &mut Model) {
    (model.view, model.focus) = (View::Board, Pane::Users);
    model.users.filter.typing = true;
}

/// A key while a text is typed.
pub fn press(model: &mut Model, action: Option<Action>, key: KeyEvent) -> Vec<Effect> {
    match action {
        Some(Action::Submit) => model.users.filter.typing = false,
        Some(Action::Close) => clear(model),
        Some(action) => return panes::act(model, action),
        None => {
            if model.users.filter.key(key) {
                model.filter_users();
            }
        }
    }
    vec![]
}

/// Pasted text.
pub fn paste(model: &mut Model, text: &str) {
    model.users.filter.paste(text);
    model.filter_users();
}

/// Looks for nothing any more.
pub fn clear(model: &mut Model) {
    model.users.filter.clear_text();
    model.filter_users();
}

/// Shows the users of the selected user's app alone, or those of all apps again.
pub fn one_app(model: &mut Model) {
    let app = match model.users.filter.app() {
        Some(_) => None,
        None => model.app().map(|app| app.alias.clone()),
    };
    narrow(model, app);
}

/// Shows the users of one app alone, or of all.
pub fn narrow(model: &mut Model, app: Option<AppAlias>) {
    (model.view, model.focus) = (View::Board, Pane::Users);
    model.users.filter.narrow(app);
    model.filter_users();
}

/// Marks the selected user, or takes its mark away, and goes on to the next.
pub fn mark(model: &mut Model) {
    let Some(key) = model.selected().map(|user| user.key.clone()) else { return };
    if !model.marked.remove(&key) {
        model.marked.insert(key);
    }
    model.count_marks();
    let (row, snapshot) = (model.users.index() + 1, model.snapshot.clone());
    model.users.go_to(row, &snapshot);
}

/// Marks the users in the list that are not marked, and no others of them.
pub fn invert(model: &mut Model) {
    let keys: Vec<_> = model.shown_users().map(|user| user.key.clone()).collect();
    for key in keys {
        if !model.marked.remove(&key) {
            model.marked.insert(key);
        }
    }
    model.count_marks();
}

/// What Esc means on the board: one thing at a time, the most pressing first.
pub fn back(model: &mut Model) {
    if model.activity.dismiss() {
        return;
    }
    if batch::cancel(model) {
        model.say(Tone::Warn, "what was not begun is cancelled");
    } else if !model.marked.is_empty() {
        model.marked.clear();
        model.count_marks();
    } else if model.users.filter.has_text() {
        clear(model);
    } else if model.users.filter.app().is_some() {
        model.users.filter.narrow(None);
        model.filter_users();
    } else {
        model.zoomed = false;
    }
}

/// Whether there is something for Esc to do, but for the zoom.
pub fn has_way_back(model: &Model) -> bool {
    let list = !model.marked.is_empty() || model.users.filter.is_on();
    model.activity.unread() > 0 || model.batch.is_some() || list || !needs::on_board(model)
}
