//! Custom data: its source, the whole of it in an editor, and edits that meet others.

use super::dialogs;
use crate::session::{self, AnyOperation, Event, EventKind, ReadCustomData, UserView};
use crate::tui::component::Input;
use crate::tui::component::document::DocumentEdit;
use crate::tui::effect::{DialogId, Effect};
use crate::tui::keymap::Action;
use crate::tui::layout::{Pane, View};
use crate::tui::model::Model;

/// Reads the source.
pub fn read_source(model: &mut Model, user: &UserView) -> Vec<Effect> {
    model.state.focus = Pane::CustomData;
    model.source_asked = Some(user.key.clone());
    send(session::ReadCustomData { user: user.key.clone() }, None)
}

/// Opens the whole document: it is read at its source first.
pub fn open(model: &mut Model, user: &UserView) -> Vec<Effect> {
    model.state.focus = Pane::CustomData;
    model.source_asked = Some(user.key.clone());
    model.open(DocumentEdit::new(user));
    dialogs::handle_on_top(model, &Input::Action(Action::Submit))
}

/// Reads the source whenever the Custom data pane gets the focus, and whenever it shows another user.
pub fn follow_focus(model: &mut Model) -> Vec<Effect> {
    let is_focused = model.state.view == View::Board && model.state.focus == Pane::CustomData;
    let user = model
        .state
        .selected()
        .filter(|user| is_focused && user.access.is_some())
        .map(|user| user.key.clone());
    if user == model.source_asked {
        return vec![];
    }
    model.source_asked.clone_from(&user);
    user.map_or_else(Vec::new, |user| send(session::ReadCustomData { user }, None))
}

fn send(operation: impl Into<AnyOperation>, dialog: Option<DialogId>) -> Vec<Effect> {
    vec![Effect::Send { operation: operation.into(), dialog }]
}

/// Whether the Custom data pane says that this failed.
pub fn shows_failure(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Failed(failure) if failure.action == ReadCustomData::NAME)
}

/// Shows what would be if the last change of a user's custom data was taken back. What somebody else has changed since
/// is a conflict, as with every other change.
pub fn undo(model: &mut Model, user: &UserView) {
    let Some(edit) = model.state.undo.get(&user.key).cloned() else { return };
    model.state.focus = Pane::CustomData;
    let known = model.custom_data.tree.newest().cloned().unwrap_or_default();
    model.open(DocumentEdit::undo(user, known, edit));
}
