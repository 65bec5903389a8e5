//! Keys on the chart of lifetimes.

use super::panes;
use crate::tui::component::target;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout::View;
use crate::tui::lifetimes;
use crate::tui::model::Model;

/// Does what a key asks for. What is not about the chart is about the selected user, as on the board.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let chart = &mut model.lifetimes;
    match action {
        Action::ZoomIn => chart.zoom = chart.zoom.closer(),
        Action::ZoomOut => chart.zoom = chart.zoom.farther(),
        Action::Sort => {
            chart.order_by = chart.order_by.other();
            chart.forget_order();
        }
        Action::Toggle => model.state.view = View::Board,
        Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown => {
            let row = target(action, chart.cursor(), lifetimes::rows(model.state.regions().body));
            model.lifetimes.go_to(row, &mut model.state);
        }
        other => return panes::act(model, other),
    }
    vec![]
}
