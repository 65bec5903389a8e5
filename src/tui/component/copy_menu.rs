//! What of a user can be copied.

use std::time::Duration;

use ratatui::text::Line;

use super::{Component, Input, Modal, Page, Reaction, Room, State, is_movement, target};
use crate::account::UserKey;
use crate::session::{self, Event, RefreshTokenRead, TokenRead, UserView};
use crate::text;
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::line::span;
use crate::tui::widget::page::{Drawn, Spot};

/// An access token that is copied lives at least so long.
const MIN_TTL: Duration = Duration::from_secs(30);

/// The menu. It holds no secret: tokens are asked for when they are chosen.
#[derive(Debug)]
pub struct CopyMenu {
    /// The user.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// The row under the cursor.
    pub cursor: usize,
}

impl CopyMenu {
    /// What its rows do, from the top.
    pub const ROWS: [Action; 4] =
        [Action::CopyUserId, Action::CopyAccessToken, Action::CopyRefreshToken, Action::CopyProfile];

    /// The menu of a user, with the cursor on the first row.
    pub fn new(user: &UserView) -> Self {
        Self { user: user.key.clone(), label: user.label.clone(), cursor: 0 }
    }
}

impl CopyMenu {
    /// Does what a row does.
    fn act(&self, action: Action, state: &State) -> Vec<Reaction> {
        let user = self.user.clone();
        match action {
            Action::CopyUserId => vec![Reaction::Close, Reaction::copy(user.id.to_string(), "the user id")],
            Action::CopyProfile => {
                let view = state.snapshot.user(&user);
                if let Some(profile) = view.and_then(|user| Some(profile_json(user.profile.as_ref()?))) {
                    return vec![Reaction::Close, Reaction::copy(profile, "the profile")];
                }
                let refresh = state.keymap.call(Context::Users, Action::Refresh);
                let hint = format!("{refresh} in the panes fetches it");
                vec![Reaction::Fail("the profile is not here yet".into(), hint)]
            }
            Action::CopyAccessToken => Reaction::ask(session::Token { user, min_ttl: MIN_TTL }),
            Action::CopyRefreshToken => Reaction::ask(session::ReadRefreshToken { user }),
            _ => vec![],
        }
    }
}

impl Component for CopyMenu {
    fn context(&self) -> Context {
        Context::CopyMenu
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        let last = Self::ROWS.len() - 1;
        match input {
            Input::Action(Action::Submit) => return self.act(Self::ROWS[self.cursor], state),
            Input::Action(action) if is_movement(action) => {
                self.cursor = target(action, self.cursor, Self::ROWS.len()).min(last);
            }
            Input::Action(action) => return self.act(action, state),
            Input::Click(Spot::Row(row)) => self.cursor = row.min(last),
            Input::Answer(event) => return secret(event).into_iter().collect(),
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        Page::new(format!("Copy of {}", self.label), copy_menu(state, self))
    }

    fn describe(&self, state: &State) -> Vec<String> {
        let binding = |action| state.keymap.binding(Context::CopyMenu, action);
        Self::ROWS.into_iter().filter_map(binding).map(|binding| binding.description.to_owned()).collect()
    }
}

impl Modal for CopyMenu {
    fn waiting(&self) -> &'static str {
        "asking for the token…"
    }
}

/// The secret that an answer brings. It goes straight to the clipboard.
fn secret(event: &Event) -> Option<Reaction> {
    if let Some(TokenRead { access, .. }) = event.kind.outcome() {
        return Some(Reaction::copy(access.expose(), "the access token"));
    }
    let RefreshTokenRead(refresh) = event.kind.outcome()?;
    Some(Reaction::copy(refresh.expose(), "the refresh token"))
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

/// What of a user can be copied.
pub fn copy_menu(state: &State, menu: &CopyMenu) -> Drawn {
    let theme = &state.theme;
    let keys = CopyMenu::ROWS.map(|action| state.keymap.key(Context::CopyMenu, action));
    let width = keys.iter().map(|key| text::width(key)).max().unwrap_or_default();
    let mut drawn = Drawn::default();
    for (row, action) in CopyMenu::ROWS.into_iter().enumerate() {
        let Some(binding) = state.keymap.binding(Context::CopyMenu, action) else { continue };
        let chosen = row == menu.cursor;
        let line = Line::from(vec![
            span(if chosen { "▸ " } else { "  " }, theme.strong),
            span(format!("{}  ", text::fit(&keys[row], width)), theme.key),
            span(binding.description, if chosen { theme.selection } else { theme.text }),
        ]);
        drawn.rows(row, [line]);
    }
    drawn
}
