//! What the line of keys lists, and where.

use std::ops::Range;

use crate::text;
use crate::tui::keymap::{Action, Bound};
use crate::tui::layout::View;
use crate::tui::model::Model;

/// A key and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What the key asks for.
    pub action: Action,
    /// The key, as people write it.
    pub key: String,
    /// What it does, in a word or two.
    pub words: &'static str,
    /// The columns that it takes, blanks included.
    pub columns: Range<u16>,
}

/// The keys that make sense now, the most useful first, as many as fit; how to get help and out are always there.
pub fn hints(model: &Model, columns: u16) -> Vec<Hint> {
    let context = model.context();
    let (ends, others): (Vec<&Bound>, Vec<_>) = model
        .state
        .keymap
        .of(context)
        .filter(|binding| !binding.hint.is_empty() && !binding.keys.is_empty())
        .filter(|binding| is_offered(model, binding.action))
        .partition(|binding| matches!(binding.action, Action::Help | Action::Quit));
    let width = |binding: &Bound| text::width(&binding.key().unwrap_or_default()) + binding.hint.len() + 3;
    let mut room = usize::from(columns).saturating_sub(ends.iter().map(|hint| width(hint)).sum());
    let mut shown: Vec<&Bound> = Vec::new();
    for binding in others {
        if width(binding) <= room {
            room -= width(binding);
            shown.push(binding);
        }
    }
    let mut column = 0;
    let mut place = |binding: &Bound| {
        let start = column;
        column += width(binding) as u16;
        Hint {
            action: binding.action,
            key: binding.key().unwrap_or_default(),
            words: binding.hint,
            columns: start..column,
        }
    };
    shown.into_iter().chain(ends).map(&mut place).collect()
}

/// Whether the hint line shows the key of `action`, provided that it is bound where the focus is.
fn is_offered(model: &Model, action: Action) -> bool {
    match (model.dialog(), action) {
        (Some(dialog), action @ (Action::Close | Action::Quit)) => dialog.offers(action, &model.state),
        (Some(dialog), _) if !dialog.offers(action, &model.state) => false,
        (None, Action::Close) => model.state.users.filter.typing || has_way_back(model),
        _ => model.why_not(action).is_none(),
    }
}

/// Whether there is something for Esc to do, but for the zoom.
fn has_way_back(model: &Model) -> bool {
    let list = !model.state.marked.is_empty() || model.state.users.filter.is_on();
    model.state.activity.unread() > 0 || model.batch.is_some() || list || model.state.view != View::Board
}
