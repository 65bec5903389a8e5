//! Copying: what is under the cursor, and what the menu offers.

use std::time::Duration;

use secrecy::SecretString;

use super::boards;
use super::panes::target;
use crate::session::{self as engine, AnyOperation, Event, RefreshTokenRead, TokenRead, UserView};
use crate::tui::content::{identities, session};
use crate::tui::dialog::{Body, CopyMenu, Progress};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context};
use crate::tui::model::{Model, Pane};
use crate::tui::words::Tone;

/// An access token that is copied lives at least so long.
const MIN_TTL: Duration = Duration::from_secs(30);

/// Copies what is under the cursor of the focused pane.
pub fn under_cursor(model: &mut Model) -> Vec<Effect> {
    let found = match model.focus {
        Pane::Users => model.selected().map(|user| (user.key.id.to_string(), "the user id".to_owned())),
        Pane::Session => {
            let rows = model.session_rows();
            rows.into_iter().nth(model.detail.session_cursor).and_then(session::Row::copied)
        }
        Pane::Identities => {
            model.detail.identities.get(model.detail.identities_cursor).and_then(identities::Row::copied)
        }
        Pane::CustomData => model.detail.tree.copied(),
        Pane::Timeline => model.timeline.copied(),
    };
    match found {
        Some((text, name)) => boards::copy(text.into(), &name),
        None => {
            model.say(Tone::Warn, "there is nothing to copy under the cursor");
            vec![]
        }
    }
}

/// Opens the menu.
pub fn open_menu(model: &mut Model, user: &UserView) {
    model.open(Body::CopyMenu(CopyMenu::new(user)));
}

/// A key for the menu.
pub fn press(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(dialog) = model.dialogs.last_mut() else { return vec![] };
    let is_waiting = dialog.is_waiting();
    let Body::CopyMenu(menu) = &mut dialog.body else { return vec![] };
    let action = match action {
        _ if is_waiting => return vec![],
        Action::Submit => CopyMenu::ROWS[menu.cursor],
        Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown => {
            menu.cursor = target(action, menu.cursor, CopyMenu::ROWS.len()).min(CopyMenu::ROWS.len() - 1);
            return vec![];
        }
        action => action,
    };
    let user = menu.user.clone();
    match action {
        Action::CopyUserId => close_and_copy(model, user.id.to_string(), "the user id"),
        Action::CopyProfile => {
            let profile =
                model.snapshot.user(&user).and_then(|user| Some(profile_json(user.profile.as_ref()?)));
            match profile {
                Some(profile) => close_and_copy(model, profile, "the profile"),
                None => {
                    let refresh = model.keymap.call(Context::Users, Action::Refresh);
                    let hint = format!("{refresh} in the panes fetches it");
                    dialog_fails(model, "the profile is not here yet", &hint);
                    vec![]
                }
            }
        }
        Action::CopyAccessToken => ask(model, engine::Token { user, min_ttl: MIN_TTL }),
        Action::CopyRefreshToken => ask(model, engine::ReadRefreshToken { user }),
        _ => vec![],
    }
}

/// The secret that an event brings to the menu that waits for it, and what it is called. It goes straight to the terminal.
pub fn secret(model: &Model, event: &Event) -> Option<(SecretString, &'static str)> {
    let request = event.request?;
    let waits = model.dialogs.iter().any(|dialog| {
        matches!(dialog.body, Body::CopyMenu(_)) && dialog.progress == Progress::Waiting(Some(request))
    });
    if !waits {
        return None;
    }
    if let Some(TokenRead { access, .. }) = event.kind.outcome() {
        return Some((access.expose().into(), "the access token"));
    }
    let RefreshTokenRead(refresh) = event.kind.outcome()?;
    Some((refresh.expose().into(), "the refresh token"))
}

fn ask(model: &mut Model, operation: impl Into<AnyOperation>) -> Vec<Effect> {
    let Some(dialog) = model.dialogs.last_mut() else { return vec![] };
    dialog.progress = Progress::Waiting(None);
    vec![Effect::Send { operation: operation.into(), dialog: Some(dialog.id) }]
}

fn close_and_copy(model: &mut Model, text: String, name: &str) -> Vec<Effect> {
    model.dialogs.pop();
    boards::copy(text.into(), name)
}

fn dialog_fails(model: &mut Model, message: &str, hint: &str) {
    if let Some(dialog) = model.dialogs.last_mut() {
        dialog.fail(message.into(), hint.into());
    }
}

fn profile_json(profile: &crate::account::Profile) -> String {
    let identities: Vec<_> = profile
        .identities
        .iter()
        .map(|identity| serde_json::json!({ "id": identity.id, "provider_type": identity.provider.wire_name() }))
        .collect();
    let whole = serde_json::json!({
        "type": profile.user_type,
        "identities": identities,
        "data": profile.data,
    });
    format!("{whole:#}")
}
