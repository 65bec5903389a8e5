//! Copying what is under the cursor.

use secrecy::SecretString;

use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// Copies what is under the cursor of the focused pane.
pub fn under_cursor(model: &mut Model) -> Vec<Effect> {
    let found = model.panel(model.state.focus).copied(&model.state);
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
