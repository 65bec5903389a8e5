//! What an action needs before it makes sense. The hint line leaves out what is missing; pressing the key says what.

use super::keymap::{Action, Context};
use super::layout::View;
use super::model::Model;
use super::state::State;
use super::update;
use crate::account::{AppAlias, Provider, SessionState};
use crate::session::{AppView, VaultStatus};

/// Why `action` makes no sense at the moment; `None` where it does.
pub fn missing(model: &Model, action: Action) -> Option<String> {
    if update::batch_of(model, action).is_some() {
        return None;
    }
    match action {
        Action::LogIn | Action::Register => app(model),
        Action::MakeCurrent | Action::Remove | Action::CopyMenu => user(model),
        Action::Mark => user(model),
        Action::OneApp => (model.state.snapshot.apps.len() < 2).then(|| "only one App is known".into()),
        Action::Clock | Action::Mailbox => app(model).or_else(|| control(model)),
        Action::Password => app(model).or_else(|| offered(model, &Provider::EmailPassword)),
        Action::ApiKeys => user(model)
            .or_else(|| session(model))
            .or_else(|| offered(model, &Provider::ApiKey))
            .or_else(|| more_than_anonymous(model)),
        Action::Link
        | Action::Refresh
        | Action::LogOut
        | Action::Delete
        | Action::Edit
        | Action::EditDocument
        | Action::ReadSource
        | Action::AddField => user(model).or_else(|| session(model)),
        Action::Undo => user(model).or_else(|| session(model)).or_else(|| undone(model)),
        Action::AddApp | Action::Lock => vault(model),
        Action::RemoveField => user(model).or_else(|| session(model)).or_else(|| field(model)),
        _ => None,
    }
}

/// Whether the hint line shows the key of `action`, provided that it is bound where the focus is.
pub fn is_offered(model: &Model, action: Action) -> bool {
    match (model.dialog(), action) {
        (Some(dialog), action @ (Action::Close | Action::Quit)) => dialog.offers(action, &model.state),
        (Some(dialog), _) if !dialog.offers(action, &model.state) => false,
        (None, Action::Close) => model.state.users.filter.typing || update::has_way_back(model),
        _ => missing(model, action).is_none(),
    }
}

/// Whether the panes are shown.
pub fn on_board(model: &Model) -> bool {
    model.state.view == View::Board
}

fn app(model: &Model) -> Option<String> {
    match (&model.state.snapshot.vault, model.state.app()) {
        (VaultStatus::Opening, _) => Some("the vault is still being opened".into()),
        (_, None) => Some("no App is known yet".into()),
        (_, Some(app)) if app.base_url.is_none() => Some(no_address(&model.state, app)),
        _ => None,
    }
}

/// Why an App cannot be reached that has no address here, and what gives it one.
pub fn no_address(state: &State, app: &AppView) -> String {
    if app.alias.as_str() == AppAlias::LOCAL {
        return format!("the App {} is still starting", app.alias);
    }
    let apps = state.keymap.call(Context::Users, Action::Apps);
    let edit = state.keymap.call(Context::Apps, Action::EditApp);
    format!("no address of the App {} is known; {apps}, then {edit}, sets it", app.alias)
}

fn user(model: &Model) -> Option<String> {
    model
        .state
        .selected()
        .is_none()
        .then(|| format!("no user is selected; {} in Users logs one in", log_in(model)))
}

fn session(model: &Model) -> Option<String> {
    let user = model.state.selected()?;
    let what = match user.state {
        SessionState::LoggedOut => "is logged out",
        SessionState::LogInRequired(_) => "has to log in again",
        _ => return None,
    };
    Some(format!("{} {what}; {} in Users logs in", user.label, log_in(model)))
}

fn log_in(model: &Model) -> String {
    model.state.keymap.call(Context::Users, Action::LogIn)
}

fn vault(model: &Model) -> Option<String> {
    let is_open = matches!(model.state.snapshot.vault, VaultStatus::Open { .. });
    (!is_open).then(|| "the vault is not open".into())
}

fn undone(model: &Model) -> Option<String> {
    let known = model.state.selected().is_some_and(|user| model.state.undo.contains_key(&user.key));
    (!known).then(|| "nothing was written here that could be undone".into())
}

fn control(model: &Model) -> Option<String> {
    let app = model.state.app()?;
    app.local.is_none().then(|| {
        format!("idmux does not look after the App {}: `idmux app add` takes a control token", app.alias)
    })
}

fn offered(model: &Model, provider: &Provider) -> Option<String> {
    let app = model.state.app()?;
    (!app.offers(provider)).then(|| format!("the App {} does not offer {provider}", app.alias))
}

fn more_than_anonymous(model: &Model) -> Option<String> {
    let user = model.state.selected()?;
    let is_anonymous = user.provider == Provider::Anonymous && user.identities().len() <= 1;
    is_anonymous.then(|| {
        let link = model.state.keymap.call(Context::Users, Action::Link);
        format!("an anonymous user has no API keys; {link} links another identity first")
    })
}

fn field(model: &Model) -> Option<String> {
    model.detail.tree.current().is_none().then(|| "there is no field to remove".into())
}
