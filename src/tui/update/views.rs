//! Keys where no dialog is open: they change the view, or belong to the one that is open.

use super::{compare, lifetimes, log, panes};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout::View;
use crate::tui::model::Model;

/// Does what a key asks for.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match (action, model.state.view) {
        (Action::Lifetimes, _) => toggle(model, View::Lifetimes),
        (Action::Compare, view) => {
            if view != View::Compare {
                compare::open(model);
            }
            toggle(model, View::Compare)
        }
        (Action::Log, _) => toggle(model, View::Log),
        (_, View::Board) => panes::act(model, action),
        (Action::Close, View::Log) if model.log.close_entry() => vec![],
        // Errors stay until one is back on the board, which has the room to dismiss them.
        (Action::Close, _) => toggle(model, model.state.view),
        (_, View::Lifetimes) => lifetimes::act(model, action),
        (_, View::Log) => log::act(model, action),
        (_, View::Compare) if let Some(effects) = compare::act(model, action) => effects,
        (_, View::Compare) => panes::act(model, action),
    }
}

/// Opens a view; the one that is open makes way for the board.
fn toggle(model: &mut Model, view: View) -> Vec<Effect> {
    // Another filter may hold since the chart was in sight.
    model.lifetimes.forget_order();
    model.state.view = if model.state.view == view { View::Board } else { view };
    vec![]
}
