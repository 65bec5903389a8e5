//! Keys that concern the selected user.

use std::sync::Arc;

use super::{dialogs, documents};
use crate::data::FieldPath;
use crate::session::{self, AnyOperation, UserView};
use crate::tui::component::api_keys::KeyList;
use crate::tui::component::app_form::AppForm;
use crate::tui::component::apps::AppList;
use crate::tui::component::clock::ClockBoard;
use crate::tui::component::confirm::{Confirm, Question};
use crate::tui::component::copy_menu::CopyMenu;
use crate::tui::component::credentials::CredentialsForm;
use crate::tui::component::delete::DeleteForm;
use crate::tui::component::edit::EditForm;
use crate::tui::component::email::EmailForm;
use crate::tui::component::mailbox::Mailbox;
use crate::tui::component::{Input, Modal};
use crate::tui::content::tree::Kind;
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// Does what a key asks for. What the action needs is there.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let selected = model.state.selected().map(Arc::clone);
    if let Some(user) = &selected
        && let Some(effects) = act_on(model, action, user)
    {
        return effects;
    }
    let Some(dialog) = dialog(model, action, selected.as_deref()) else { return vec![] };
    let is_panel = dialog.is_panel();
    model.open_boxed(dialog);
    // What a panel shows may be old.
    if is_panel { dialogs::handle_on_top(model, &Input::Action(Action::Reload)) } else { vec![] }
}

/// Does what needs no dialog of its own; `None` where it is something else.
fn act_on(model: &mut Model, action: Action, user: &UserView) -> Option<Vec<Effect>> {
    Some(match action {
        Action::Refresh => send(session::Refresh { user: user.key.clone() }),
        Action::MakeCurrent => send(session::MakeCurrent { user: user.key.clone() }),
        Action::LogOut if !user.is_lost_without_session() => send(session::LogOut { user: user.key.clone() }),
        Action::Undo => {
            documents::undo(model, user);
            vec![]
        }
        Action::EditDocument => documents::open(model, user),
        Action::ReadSource => documents::read_source(model, user),
        _ => return None,
    })
}

/// The dialog that an action opens.
fn dialog(model: &mut Model, action: Action, user: Option<&UserView>) -> Option<Box<dyn Modal>> {
    Some(match (action, user) {
        (Action::LogIn, user) => Box::new(CredentialsForm::log_in(model.state.app()?, user)),
        (Action::Register, _) => Box::new(CredentialsForm::register(model.state.app()?)),
        (Action::Password, user) => {
            // What helps somebody who cannot log in: probably the selected user.
            let email = user.and_then(|user| user.email()).unwrap_or_default();
            Box::new(EmailForm::new(model.state.app()?.alias.clone(), email))
        }
        (Action::Clock, _) => Box::new(ClockBoard::new(model.state.app()?.alias.clone())),
        (Action::Mailbox, _) => Box::new(Mailbox::new(model.state.app()?.alias.clone())),
        (Action::Apps, _) => Box::new(AppList::new(model.state.app().map(|app| app.alias.clone()))),
        (Action::AddApp, _) => Box::new(AppForm::add(&model.state.snapshot)),
        (_, None) => return None,
        (Action::ApiKeys, Some(user)) => Box::new(KeyList::new(user)),
        (Action::Link, Some(user)) => Box::new(CredentialsForm::link(model.state.app()?, user)),
        (Action::CopyMenu, Some(user)) => Box::new(CopyMenu::new(user)),
        (Action::LogOut, Some(user)) => Box::new(confirm(Question::LogOut, user)),
        (Action::Remove, Some(user)) => {
            Box::new(confirm(Question::Remove { lost: user.is_lost_without_session() }, user))
        }
        (Action::Delete, Some(user)) => Box::new(DeleteForm::new(user)),
        (Action::Edit, Some(user)) => Box::new(edit(model, user)?),
        (Action::AddField, Some(user)) => Box::new(add(model, user)),
        (Action::RemoveField, Some(user)) => Box::new(remove_field(model, user)?),
        _ => return None,
    })
}

fn send(operation: impl Into<AnyOperation>) -> Vec<Effect> {
    vec![Effect::Send { operation: operation.into(), dialog: None }]
}

fn confirm(question: Question, user: &UserView) -> Confirm {
    Confirm::new(question, user.key.clone(), user.label.clone())
}

fn edit(model: &mut Model, user: &UserView) -> Option<EditForm> {
    model.state.focus = Pane::CustomData;
    let Some(row) = model.custom_data.tree.current() else { return Some(add(model, user)) };
    let path = writable(model, row.path.clone())?;
    let value = model.custom_data.tree.value(&path)?;
    let known = model.custom_data.tree.newest().cloned().unwrap_or_default();
    Some(EditForm::edit(user, known, path, value))
}

fn add(model: &mut Model, user: &UserView) -> EditForm {
    model.state.focus = Pane::CustomData;
    let parent = model.custom_data.tree.current().map(|row| match row.kind {
        Kind::Container { open: true, .. } => row.path.clone(),
        _ => parent(&row.path),
    });
    let known = model.custom_data.tree.newest().cloned().unwrap_or_default();
    EditForm::add(user, known, &parent.unwrap_or_default())
}

fn remove_field(model: &mut Model, user: &UserView) -> Option<Confirm> {
    let path = model.custom_data.tree.current()?.path.clone();
    let path = writable(model, path)?;
    let before = model.custom_data.tree.newest().and_then(|newest| path.find(newest)).cloned();
    if before.is_none() {
        let refresh = model.state.keymap.call(Context::CustomData, Action::Refresh);
        let gone = format!("{path} is gone at the source already");
        model.state.say(Tone::Warn, format!("{gone}; {refresh} renews the token, so that it follows"));
        return None;
    }
    Some(confirm(Question::Unset { path, before }, user))
}

/// The path, if it can be written. MongoDB never changes an `_id`, and its dotted paths cannot address a name with a dot in
/// it, nor one that begins with $.
fn writable(model: &mut Model, path: FieldPath) -> Option<FieldPath> {
    let why = match path.to_string().as_str() {
        "_id" => "the _id of a document never changes".to_owned(),
        _ if path.is_writable() => return Some(path),
        name => format!("the name of {name} cannot be written: it has a dot, or begins with $"),
    };
    model.state.say(Tone::Warn, why);
    None
}

fn parent(path: &FieldPath) -> FieldPath {
    let segments = path.segments();
    segments[..segments.len().saturating_sub(1)]
        .iter()
        .fold(FieldPath::default(), |path, segment| path.child(segment.clone()))
}
