//! The keymap in force: the table, with the keys that a person chose in place of its own.

use crossterm::event::KeyEvent;

use super::{Action, Binding, Context, KEYMAP, Key};

/// What each key asks for, wherever it is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    pub(super) bindings: Vec<Bound>,
}

/// A line of the keymap in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What it asks for.
    pub action: Action,
    /// The keys that ask for it, the first is the one to show; none where a person took them away.
    pub keys: Vec<Key>,
    /// Where it holds.
    pub contexts: Vec<Context>,
    /// A word or two for the hint line; empty for keys that need no hint.
    pub hint: &'static str,
    /// A sentence for the help overlay; empty for keys that belong to dialogs and are hinted there.
    pub description: &'static str,
}

impl Bound {
    /// The key to show.
    pub fn key(&self) -> Option<String> {
        self.keys.first().map(|key| key.name())
    }

    /// All keys, as people write them.
    pub fn keys(&self) -> String {
        self.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ")
    }

    /// Whether it holds there.
    pub fn is_in(&self, context: Context) -> bool {
        self.contexts.contains(&context)
    }
}

impl Default for Keymap {
    /// The table as it is.
    fn default() -> Self {
        let bound = |binding: &Binding| Bound {
            action: binding.action,
            keys: binding.keys.to_vec(),
            contexts: binding.contexts.to_vec(),
            hint: binding.hint,
            description: binding.description,
        };
        Self { bindings: KEYMAP.iter().map(bound).collect() }
    }
}

impl Keymap {
    /// All bindings, the most useful first.
    pub fn bindings(&self) -> &[Bound] {
        &self.bindings
    }

    /// The bindings that hold in `context`.
    pub fn of(&self, context: Context) -> impl Iterator<Item = &Bound> {
        self.bindings.iter().filter(move |binding| binding.is_in(context))
    }

    /// What a key press asks for in `context`.
    pub fn action(&self, context: Context, event: &KeyEvent) -> Option<Action> {
        let asked = |binding: &&Bound| binding.keys.iter().any(|key| key.matches(event));
        self.of(context).find(asked).map(|binding| binding.action)
    }

    /// The binding of an action in `context`.
    pub fn binding(&self, context: Context, action: Action) -> Option<&Bound> {
        self.of(context).find(|binding| binding.action == action)
    }

    /// The key to show for an action in `context`; empty where there is none.
    pub fn key(&self, context: Context, action: Action) -> String {
        self.binding(context, action).and_then(Bound::key).unwrap_or_default()
    }

    /// How to ask for an action, for a sentence: its key in `context`, or its name where it has none.
    pub fn call(&self, context: Context, action: Action) -> String {
        let key = self.binding(context, action).and_then(Bound::key);
        key.unwrap_or_else(|| format!("`{}`", action.name()))
    }
}
