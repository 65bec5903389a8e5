//! What an action needs before it makes sense. The hint line leaves out what is missing; pressing the key says what.

use super::keymap::Action;
use super::model::Model;
use crate::account::SessionState;
use crate::session::VaultStatus;

/// Why `action` makes no sense at the moment; `None` where it does.
pub fn missing(model: &Model, action: Action) -> Option<String> {
    match action {
        Action::LogIn | Action::Register => app(model),
        Action::MakeCurrent | Action::Remove => user(model),
        Action::Link
        | Action::Refresh
        | Action::LogOut
        | Action::Delete
        | Action::Edit
        | Action::AddField => user(model).or_else(|| session(model)),
        Action::RemoveField => user(model).or_else(|| session(model)).or_else(|| field(model)),
        _ => None,
    }
}

/// Whether the hint line shows the key of `action`, provided that it is bound where the focus is.
pub fn is_offered(model: &Model, action: Action) -> bool {
    match (model.dialog(), action) {
        (Some(dialog), Action::Close) => dialog.can_close(),
        (Some(dialog), Action::Quit) => !dialog.body.is_help(),
        (Some(dialog), _) if dialog.is_waiting() => false,
        (Some(dialog), Action::NextField) => dialog.body.form().is_some_and(|form| form.fields().count() > 1),
        (None, Action::Close) => model.activity.unread() > 0,
        _ => missing(model, action).is_none(),
    }
}

fn app(model: &Model) -> Option<String> {
    match (&model.snapshot.vault, model.app()) {
        (VaultStatus::Opening, _) => Some("the vault is still being opened".into()),
        (_, None) => Some("no App is known yet".into()),
        (_, Some(app)) if app.base_url.is_none() => Some(format!("the App {} is still starting", app.alias)),
        _ => None,
    }
}

fn user(model: &Model) -> Option<String> {
    model.selected().is_none().then(|| "no user is selected; l in Users logs one in".into())
}

fn session(model: &Model) -> Option<String> {
    let user = model.selected()?;
    let what = match user.state {
        SessionState::LoggedOut => "is logged out",
        SessionState::LogInRequired(_) => "has to log in again",
        _ => return None,
    };
    Some(format!("{} {what}; l in Users logs in", user.label))
}

fn field(model: &Model) -> Option<String> {
    model.detail.tree.current().is_none().then(|| "there is no field to remove".into())
}
