//! Custom data: its source, the whole of it in an editor, and edits that meet others.

use bson::{Bson, Document};

use super::{dialogs, panes};
use crate::data::FieldPath;
use crate::session::{
    self, AnyOperation, CustomDataChange, CustomDataRead, Event, EventKind, ReadCustomData, Subject, UserView,
};
use crate::tui::dialog::conflict::Again;
use crate::tui::dialog::document::Stage;
use crate::tui::dialog::{Body, Conflict, Dialog, DialogId, DocumentEdit, EditForm, Progress};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::model::{Model, Pane, View};
use crate::tui::words::Tone;

/// Rows that a page key goes.
const PAGE: usize = 10;

/// Reads the source.
pub fn read_source(model: &mut Model, user: &UserView) -> Vec<Effect> {
    model.focus = Pane::CustomData;
    model.source_asked = Some(user.key.clone());
    send(session::ReadCustomData { user: user.key.clone() }, None)
}

/// Opens the whole document: it is read at its source first.
pub fn open(model: &mut Model, user: &UserView) -> Vec<Effect> {
    model.focus = Pane::CustomData;
    model.source_asked = Some(user.key.clone());
    model.open(Body::Document(DocumentEdit::new(user)));
    dialogs::submit(model)
}

/// Reads the source whenever the Custom data pane gets the focus, and whenever it shows another user.
pub fn follow_focus(model: &mut Model) -> Vec<Effect> {
    let is_focused = model.view == View::Board && model.focus == Pane::CustomData;
    let user =
        model.selected().filter(|user| is_focused && user.access.is_some()).map(|user| user.key.clone());
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

/// Takes in what the dialogs of this file wait for.
pub fn receive(model: &mut Model, event: &Event) -> Vec<Effect> {
    let Some(request) = event.request else { return vec![] };
    let waits = |dialog: &&mut Dialog| dialog.progress == Progress::Waiting(Some(request));
    let Some(dialog) = model.dialogs.iter_mut().find(waits) else { return vec![] };
    if let (Some(CustomDataRead(document)), Body::Document(edit)) = (event.kind.outcome(), &mut dialog.body) {
        edit.begin(document.clone());
        dialog.progress = Progress::Idle;
        return vec![Effect::Edit { dialog: dialog.id, text: edit.text.clone() }];
    }
    match (event.kind.outcome(), &mut dialog.body) {
        (Some(CustomDataChange::Conflict(theirs)), body) => {
            let whose = match body {
                Body::Edit(form) => Some((form.user.clone(), form.label.clone())),
                Body::Confirm(confirm) => {
                    confirm.user().map(|(user, label)| (user.clone(), label.to_owned()))
                }
                Body::Document(edit) => Some((edit.user.clone(), edit.label.clone())),
                Body::Conflict(conflict) => Some((conflict.user.clone(), conflict.label.clone())),
                _ => None,
            };
            if let (Some((user, label)), Some(mine)) = (whose, body.edit()) {
                *body = Body::Conflict(Conflict::new(user, label, mine, theirs.clone()));
                dialog.progress = Progress::Idle;
            }
            vec![]
        }
        (Some(_), body) => {
            if let (Some(edit), Subject::User { key, .. }) = (body.edit(), &event.subject) {
                model.undo.insert(key.clone(), edit.reversed());
            }
            vec![]
        }
        _ => vec![],
    }
}

/// Shows what would be if the last change of a user's custom data was taken back. What somebody else has changed since
/// is a conflict, as with every other change.
pub fn undo(model: &mut Model, user: &UserView) {
    let Some(edit) = model.undo.get(&user.key).cloned() else { return };
    model.focus = Pane::CustomData;
    let known = model.detail.tree.newest().cloned().unwrap_or_default();
    model.open(Body::Document(DocumentEdit::undo(user, known, edit)));
}

/// The editor has ended.
pub fn edited(model: &mut Model, dialog: DialogId, result: Result<String, String>) {
    let found = model.dialogs.iter_mut().find(|open| open.id == dialog);
    let Some(Dialog { body: Body::Document(edit), progress, .. }) = found else { return };
    edit.take(result);
    *progress = Progress::Idle;
    let unchanged = matches!(&edit.stage, Stage::Preview(edit) if edit.changes.is_empty());
    if unchanged {
        model.dialogs.retain(|open| open.id != dialog);
        model.say(Tone::Plain, "nothing was changed in the editor, and nothing is written");
    }
}

/// A key for the topmost dialog, which is one of this file.
pub fn press(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(dialog) = model.dialogs.last_mut() else { return vec![] };
    let (id, is_waiting) = (dialog.id, dialog.is_waiting());
    if let Body::Document(DocumentEdit { offset, .. }) | Body::Conflict(Conflict { offset, .. }) =
        &mut dialog.body
    {
        // The view knows how many lines there are; it stops at the last.
        *offset = panes::target(action, *offset, PAGE);
    }
    if is_waiting {
        return vec![];
    }
    match (&mut dialog.body, action) {
        (Body::Document(edit), Action::Submit) if matches!(edit.stage, Stage::Refused(_)) => again(edit, id),
        (Body::Document(edit), Action::Edit) if edit.stage != Stage::Reading => again(edit, id),
        (Body::Document(_), Action::Submit) | (Body::Conflict(_), Action::WriteMine) => {
            dialogs::submit(model)
        }
        (Body::Conflict(conflict), Action::TakeTheirs) => {
            let user = conflict.user.clone();
            model.dialogs.pop();
            model.say(Tone::Plain, "theirs stands; the token is renewed, so that it follows");
            send(session::Refresh { user }, None)
        }
        (Body::Conflict(conflict), Action::Edit) => {
            let (user, label) = (conflict.user.clone(), conflict.label.clone());
            let (theirs, again) = (conflict.theirs.clone(), conflict.again());
            edit_again(model, (user, label), theirs, again)
        }
        _ => vec![],
    }
}

/// Back into the editor, with the text as the person left it.
fn again(edit: &mut DocumentEdit, dialog: DialogId) -> Vec<Effect> {
    edit.stage = Stage::Editing;
    vec![Effect::Edit { dialog, text: edit.text.clone() }]
}

/// Goes on with the own edit, from what somebody else has written.
fn edit_again(
    model: &mut Model,
    (user, label): (crate::account::UserKey, String),
    theirs: Option<Document>,
    again: Again,
) -> Vec<Effect> {
    match again {
        Again::Document(text) => {
            let edit = DocumentEdit::over(user, label, theirs, Some(text.clone()));
            model.dialogs.pop();
            model.open(Body::Document(edit));
            model.dialog().map_or_else(Vec::new, |dialog| vec![Effect::Edit { dialog: dialog.id, text }])
        }
        Again::Field(path, value) => {
            let Some(user) = model.snapshot.user(&user).cloned() else { return vec![] };
            let form = field_again(&user, path, value, theirs.unwrap_or_default());
            model.dialogs.pop();
            model.open(Body::Edit(form));
            vec![]
        }
    }
}

fn field_again(user: &UserView, path: FieldPath, value: Option<Bson>, theirs: Document) -> EditForm {
    let value = value.or_else(|| path.find(&theirs).cloned()).unwrap_or(Bson::Null);
    EditForm::edit(user, theirs, path, &value)
}
