//! Where a key is pressed.

use super::{KEYMAP, kebab_case};

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// The Users pane.
    Users,
    /// The Session pane.
    Session,
    /// The Identities pane.
    Identities,
    /// The Custom data pane.
    CustomData,
    /// The Timeline pane.
    Timeline,
    /// The chart of lifetimes.
    Lifetimes,
    /// The comparison of users.
    Compare,
    /// The log of this run.
    Log,
    /// A text field of a dialog; every other key is text.
    TextField,
    /// A choice or a toggle of a dialog.
    ChoiceField,
    /// A question with two answers.
    Question,
    /// The help overlay.
    Help,
    /// Something that can only be read.
    Notice,
    /// The clock of a local App.
    Clock,
    /// The mailbox of a local App.
    Mailbox,
    /// The API keys of a user.
    ApiKeys,
    /// The Apps.
    Apps,
    /// What linking an identity would change.
    LinkPreview,
    /// A browser that is away.
    Browser,
    /// A secret that is shown once.
    Secret,
    /// The text that the Users pane is filtered by; every other key is text.
    Filter,
    /// The command palette; every other key is text.
    Palette,
    /// The menu of what to copy.
    CopyMenu,
    /// What an edit of the custom data would change.
    Document,
    /// A conflict of two edits.
    Conflict,
}

impl Context {
    /// All places where keys are pressed, in the order of the table.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for context in KEYMAP.iter().flat_map(|binding| binding.contexts) {
            if !all.contains(context) {
                all.push(*context);
            }
        }
        all
    }

    /// Its name in the configuration.
    pub fn name(self) -> String {
        kebab_case(&format!("{self:?}"))
    }

    /// The place of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|context| context.name() == name)
    }

    /// Whether characters are text there.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::TextField | Self::Filter | Self::Palette)
    }
}
