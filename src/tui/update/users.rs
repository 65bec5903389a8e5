//! Keys that concern the selected user.

use std::sync::Arc;

use super::{apps, boards, copy, documents};
use crate::data::FieldPath;
use crate::session::{self, AnyOperation, AppView, UserView};
use crate::tui::content::tree::Kind;
use crate::tui::dialog::{Body, Confirm, CredentialsForm, DeleteForm, EditForm, EmailForm, Question};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context};
use crate::tui::model::{Model, Pane};
use crate::tui::words::Tone;

/// Does what a key asks for. What the action needs is there.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let selected = model.selected().map(Arc::clone);
    let dialog = match (action, selected) {
        (Action::LogIn, user) => with_app(model, |app| CredentialsForm::log_in(app, user.as_deref())),
        (Action::Register, _) => with_app(model, CredentialsForm::register),
        (Action::Password, user) => password(model, user.as_deref()),
        (Action::Clock | Action::Mailbox | Action::ApiKeys, user) => {
            return boards::open(model, action, user.as_deref());
        }
        (Action::Apps, _) => {
            apps::open(model);
            None
        }
        (Action::AddApp, _) => {
            apps::add(model);
            None
        }
        (_, None) => None,
        (Action::Link, Some(user)) => with_app(model, |app| CredentialsForm::link(app, &user)),
        (Action::Refresh, Some(user)) => return send(session::Refresh { user: user.key.clone() }),
        (Action::MakeCurrent, Some(user)) => return send(session::MakeCurrent { user: user.key.clone() }),
        (Action::LogOut, Some(user)) if user.is_lost_without_session() => confirm(Question::LogOut, &user),
        (Action::LogOut, Some(user)) => return send(session::LogOut { user: user.key.clone() }),
        (Action::CopyMenu, Some(user)) => {
            copy::open_menu(model, &user);
            None
        }
        (Action::Remove, Some(user)) => {
            confirm(Question::Remove { lost: user.is_lost_without_session() }, &user)
        }
        (Action::Delete, Some(user)) => Some(Body::Delete(DeleteForm::new(&user))),
        (Action::Undo, Some(user)) => {
            documents::undo(model, &user);
            None
        }
        (Action::EditDocument, Some(user)) => return documents::open(model, &user),
        (Action::ReadSource, Some(user)) => return documents::read_source(model, &user),
        (Action::Edit, Some(user)) => edit(model, &user),
        (Action::AddField, Some(user)) => add(model, &user),
        (Action::RemoveField, Some(user)) => remove_field(model, &user),
        _ => None,
    };
    if let Some(body) = dialog {
        model.open(body);
    }
    vec![]
}

fn send(operation: impl Into<AnyOperation>) -> Vec<Effect> {
    vec![Effect::Send { operation: operation.into(), dialog: None }]
}

fn with_app(model: &Model, form: impl FnOnce(&AppView) -> CredentialsForm) -> Option<Body> {
    Some(Body::Credentials(form(model.app()?)))
}

/// What helps somebody who cannot log in: probably the selected user.
fn password(model: &Model, user: Option<&UserView>) -> Option<Body> {
    let email = user.and_then(|user| user.email());
    Some(Body::Email(EmailForm::new(model.app()?.alias.clone(), email.unwrap_or_default())))
}

fn confirm(question: Question, user: &UserView) -> Option<Body> {
    Some(Body::Confirm(Confirm::new(question, user.key.clone(), user.label.clone())))
}

fn edit(model: &mut Model, user: &UserView) -> Option<Body> {
    model.focus = Pane::CustomData;
    let Some(row) = model.detail.tree.current() else { return add(model, user) };
    let path = writable(model, row.path.clone())?;
    let value = model.detail.tree.value(&path)?;
    let known = model.detail.tree.newest().cloned().unwrap_or_default();
    Some(Body::Edit(EditForm::edit(user, known, path, value)))
}

fn add(model: &mut Model, user: &UserView) -> Option<Body> {
    model.focus = Pane::CustomData;
    let parent = model.detail.tree.current().map(|row| match row.kind {
        Kind::Container { open: true, .. } => row.path.clone(),
        _ => parent(&row.path),
    });
    let known = model.detail.tree.newest().cloned().unwrap_or_default();
    Some(Body::Edit(EditForm::add(user, known, &parent.unwrap_or_default())))
}

fn remove_field(model: &mut Model, user: &UserView) -> Option<Body> {
    let path = model.detail.tree.current()?.path.clone();
    let path = writable(model, path)?;
    let before = model.detail.tree.newest().and_then(|newest| path.find(newest)).cloned();
    if before.is_none() {
        let refresh = model.keymap.call(Context::CustomData, Action::Refresh);
        let gone = format!("{path} is gone at the source already");
        model.say(Tone::Warn, format!("{gone}; {refresh} renews the token, so that it follows"));
        return None;
    }
    confirm(Question::Unset { path, before }, user)
}

/// The path, if it can be written. MongoDB never changes an `_id`, and its dotted paths cannot address a name with a dot in
/// it, nor one that begins with $.
fn writable(model: &mut Model, path: FieldPath) -> Option<FieldPath> {
    let why = match path.to_string().as_str() {
        "_id" => "the _id of a document never changes".to_owned(),
        _ if path.is_writable() => return Some(path),
        name => format!("the name of {name} cannot be written: it has a dot, or begins with $"),
    };
    model.say(Tone::Warn, why);
    None
}

fn parent(path: &FieldPath) -> FieldPath {
    let segments = path.segments();
    segments[..segments.len().saturating_sub(1)]
        .iter()
        .fold(FieldPath::default(), |path, segment| path.child(segment.clone()))
}
