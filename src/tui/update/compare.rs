//! Keys of the comparison.

use crate::session;
use crate::tui::compare::MOST;
use crate::tui::component::picker::Picker;
use crate::tui::component::target;
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context};
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// The comparison opens: with the marked users, else with those who are in it already, else with the selected one.
pub fn open(model: &mut Model) {
    if model.state.marked.len() > 1 {
        let marked = model.state.snapshot.users.iter().filter(|user| model.state.marked.contains(&user.key));
        let marked: Vec<_> = marked.map(|user| user.key.clone()).collect();
        if marked.len() > MOST {
            model
                .state
                .say(Tone::Warn, "four users are the most: the first four of the marked ones are compared");
        }
        return model.compare.begin_anew(marked);
    }
    let selected = model.state.selected().map(|user| user.key.clone());
    model.compare.begin(selected);
}

/// Does what a key asks for; `None` where it is not the comparison's.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let focused = model.compare.focused().cloned();
    match action {
        Action::AddUser if model.compare.picked().len() == MOST => {
            let remove = model.state.keymap.call(Context::Compare, Action::RemoveUser);
            model.state.say(Tone::Warn, format!("four users are the most; {remove} takes one out"));
        }
        Action::AddUser => model.open(Picker::new(model.compare.picked().to_vec())),
        Action::RemoveUser => model.compare.remove(),
        Action::HideEqual => model.compare.hides_equal = !model.compare.hides_equal,
        Action::BeforeAfter => {
            model.compare.before_after = !model.compare.before_after;
            model.compare.offset = 0;
        }
        Action::Left | Action::Right => model.compare.go(action == Action::Right),
        Action::Refresh => {
            let operation = session::Refresh { user: focused? };
            return Some(vec![Effect::Send { operation: operation.into(), dialog: None }]);
        }
        Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown => {
            // Settling holds it inside.
            model.compare.offset = target(action, model.compare.offset, model.compare_rows());
        }
        _ => return None,
    }
    Some(vec![])
}
