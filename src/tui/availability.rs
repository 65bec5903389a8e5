//! What an action needs before it makes sense. The hint line leaves out what is missing; pressing the key says what.

use super::batch::BatchAction;
use super::keymap::{Action, Context};
use super::state::State;
use crate::account::{AppAlias, Provider, SessionState};
use crate::session::{AppView, VaultStatus};

/// Why `action` makes no sense at the moment; `None` where it does.
pub fn why_not(state: &State, action: Action) -> Option<String> {
    if BatchAction::of(state, action).is_some() {
        return None;
    }
    match action {
        Action::LogIn | Action::Register => app(state),
        Action::MakeCurrent | Action::Remove | Action::CopyMenu => user(state),
        Action::Mark => user(state),
        Action::OneApp => (state.snapshot.apps.len() < 2).then(|| "only one App is known".into()),
        Action::Clock | Action::Mailbox => app(state).or_else(|| control(state)),
        Action::Password => app(state).or_else(|| offered(state, &Provider::EmailPassword)),
        Action::ApiKeys => user(state)
            .or_else(|| session(state))
            .or_else(|| offered(state, &Provider::ApiKey))
            .or_else(|| more_than_anonymous(state)),
        Action::Link
        | Action::Refresh
        | Action::LogOut
        | Action::Delete
        | Action::Edit
        | Action::EditDocument
        | Action::ReadSource
        | Action::AddField
        | Action::RemoveField => user(state).or_else(|| session(state)),
        Action::Undo => user(state).or_else(|| session(state)).or_else(|| undone(state)),
        Action::AddApp | Action::Lock => vault(state),
        _ => None,
    }
}

fn app(state: &State) -> Option<String> {
    match (&state.snapshot.vault, state.app()) {
        (VaultStatus::Opening, _) => Some("the vault is still being opened".into()),
        (_, None) => Some("no App is known yet".into()),
        (_, Some(app)) if app.base_url.is_none() => Some(no_address(state, app)),
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

fn user(state: &State) -> Option<String> {
    state.selected().is_none().then(|| format!("no user is selected; {} in Users logs one in", log_in(state)))
}

fn session(state: &State) -> Option<String> {
    let user = state.selected()?;
    let what = match user.state {
        SessionState::LoggedOut => "is logged out",
        SessionState::LogInRequired(_) => "has to log in again",
        _ => return None,
    };
    Some(format!("{} {what}; {} in Users logs in", user.label, log_in(state)))
}

fn log_in(state: &State) -> String {
    state.keymap.call(Context::Users, Action::LogIn)
}

fn vault(state: &State) -> Option<String> {
    let is_open = matches!(state.snapshot.vault, VaultStatus::Open { .. });
    (!is_open).then(|| "the vault is not open".into())
}

fn undone(state: &State) -> Option<String> {
    let known = state.selected().is_some_and(|user| state.undo.contains_key(&user.key));
    (!known).then(|| "nothing was written here that could be undone".into())
}

fn control(state: &State) -> Option<String> {
    let app = state.app()?;
    app.local.is_none().then(|| {
        format!("idmux does not look after the App {}: `idmux app add` takes a control token", app.alias)
    })
}

fn offered(state: &State, provider: &Provider) -> Option<String> {
    let app = state.app()?;
    (!app.offers(provider)).then(|| format!("the App {} does not offer {provider}", app.alias))
}

fn more_than_anonymous(state: &State) -> Option<String> {
    let user = state.selected()?;
    let is_anonymous = user.provider == Provider::Anonymous && user.identities().len() <= 1;
    is_anonymous.then(|| {
        let link = state.keymap.call(Context::Users, Action::Link);
        format!("an anonymous user has no API keys; {link} links another identity first")
    })
}
