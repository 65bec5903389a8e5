//! Keys on the main screen.

use super::{batch, copy, dialogs, filter, users};
use crate::session;
use crate::tui::batch::BatchAction;
use crate::tui::component::Input;
use crate::tui::component::help::Help;
use crate::tui::component::palette::{self, Palette};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout::Arrangement;
use crate::tui::layout::{Pane, View};
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// Does what a key asks for.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(batch) = BatchAction::of(&model.state, action) {
        return batch::begin(model, batch);
    }
    if let Some(missing) = model.why_not(action) {
        model.state.say(Tone::Warn, missing);
        return vec![];
    }
    let (panel, state) = model.panel_mut(model.state.focus);
    if let Some(reactions) = panel.handle(&Input::Action(action), state) {
        return dialogs::carry_out(model, None, reactions);
    }
    match action {
        Action::Repaint => return vec![Effect::Repaint],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Lock => return vec![Effect::Send { operation: session::Lock.into(), dialog: None }],
        Action::Help => model.open(Help::new(model.state.place())),
        Action::Zoom => model.state.zoomed = !model.state.zoomed,
        Action::Close => filter::back(model),
        Action::Palette => {
            let entries = palette::entries(&model.state, model.context(), |action| model.why_not(action));
            model.open(Palette::new(entries));
        }
        Action::Filter => filter::open(model),
        Action::Mark => filter::mark(model),
        Action::InvertMarks => filter::invert(model),
        Action::Copy => return copy::under_cursor(model),
        Action::UsersPane => focus(model, Pane::Users),
        Action::SessionPane => focus(model, Pane::Session),
        Action::IdentitiesPane => focus(model, Pane::Identities),
        Action::CustomDataPane => focus(model, Pane::CustomData),
        Action::TimelinePane => focus(model, Pane::Timeline),
        Action::OneApp => filter::one_app(model),
        Action::NextPane => model.state.focus = model.state.focus.after(1),
        Action::PreviousPane => model.state.focus = model.state.focus.after(Pane::ALL.len() - 1),
        Action::Left | Action::Right | Action::Toggle => sideways(model, action),
        other => return users::act(model, other),
    }
    vec![]
}

fn focus(model: &mut Model, pane: Pane) {
    (model.state.view, model.state.focus) = (View::Board, pane);
}

fn sideways(model: &mut Model, action: Action) {
    // Side by side in columns it stands below Session; among the tabs it is the last.
    let is_last_tab = model.state.regions().arrangement == Arrangement::Tabs;
    match (model.state.focus, action) {
        // Its own: it opens and closes.
        (Pane::CustomData, _) => {}
        (Pane::Users, _) => model.state.focus = Pane::Session,
        (Pane::Session, Action::Right) => model.state.focus = Pane::Identities,
        (Pane::Identities, Action::Right) => model.state.focus = Pane::CustomData,
        (Pane::Timeline, Action::Right) if is_last_tab => {}
        (Pane::Timeline, Action::Left) if !is_last_tab => model.state.focus = Pane::Users,
        (Pane::Timeline, _) => model.state.focus = Pane::CustomData,
        (Pane::Session, _) => model.state.focus = Pane::Users,
        (Pane::Identities, _) => model.state.focus = Pane::Session,
    }
}
