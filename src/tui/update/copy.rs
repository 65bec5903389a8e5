//! Copying what is under the cursor.

use secrecy::SecretString;

use crate::tui::content::{identities, session};
use crate::tui::effect::Effect;
use crate::tui::layout::Pane;
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// Copies what is under the cursor of the focused pane.
pub fn under_cursor(model: &mut Model) -> Vec<Effect> {
    let found = match model.state.focus {
        Pane::Users => model.state.selected().map(|user| (user.key.id.to_string(), "the user id".to_owned())),
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
        Some((text, name)) => copy(text, &name),
        None => {
            model.state.say(Tone::Warn, "there is nothing to copy under the cursor");
            vec![]
        }
    }
}

/// Hands something to the clipboard.
pub fn copy(text: impl Into<SecretString>, name: &str) -> Vec<Effect> {
    vec![Effect::Copy { text: text.into(), name: name.to_owned() }]
}
