//! Keys on the main screen.

use super::{batch, copy, filter, users};
use crate::session;
use crate::tui::component::help::Help;
use crate::tui::component::palette::{self, Palette};
use crate::tui::component::target;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout::Arrangement;
use crate::tui::layout::{Pane, View};
use crate::tui::model::Model;
use crate::tui::needs;
use crate::tui::words::Tone;

/// Does what a key asks for.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(batch) = batch::of(model, action) {
        return batch::begin(model, batch);
    }
    if let Some(missing) = needs::missing(model, action) {
        model.state.say(Tone::Warn, missing);
        return vec![];
    }
    match action {
        Action::Repaint => return vec![Effect::Repaint],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Lock => return vec![Effect::Send { operation: session::Lock.into(), dialog: None }],
        Action::Help => model.open(Help::new(model.state.place())),
        Action::Zoom => model.state.zoomed = !model.state.zoomed,
        Action::Close => filter::back(model),
        Action::Palette => {
            let entries =
                palette::entries(&model.state, model.context(), |action| needs::missing(model, action));
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
        Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown => {
            travel(model, action);
        }
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
        (Pane::CustomData, Action::Right) => model.detail.tree.expand(),
        (Pane::CustomData, Action::Left) => model.detail.tree.collapse(),
        (Pane::CustomData, _) => model.detail.tree.toggle(),
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

/// Moves the selection, the cursor, or the rows in sight; [`Model::settle`] holds them inside.
fn travel(model: &mut Model, action: Action) {
    let page = model.state.regions().rows(model.state.focus);
    match model.state.focus {
        Pane::Users => {
            let row = target(action, model.state.users.index(), page);
            model.state.users.go_to(row, &model.state.snapshot.clone());
        }
        Pane::Session => {
            model.detail.session_cursor = target(action, model.detail.session_cursor, page);
        }
        Pane::Identities => {
            model.detail.identities_cursor = target(action, model.detail.identities_cursor, page);
        }
        Pane::CustomData => {
            let row = target(action, model.detail.tree.cursor(), page);
            model.detail.tree.go_to(row);
        }
        Pane::Timeline => {
            let entry = target(action, model.timeline.cursor(), page);
            model.timeline.go_to(entry);
        }
    }
}
