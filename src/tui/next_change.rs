//! When the screen changes by itself: the next moment at which a visible text is another.

use jiff::Timestamp;

use super::content::track;
use super::layout;
use super::layout::{Pane, View};
use super::lifetimes::{self, Columns, OrderBy};
use super::model::Model;
use super::tabs;
use super::words::next_token_change;
use crate::format;
use crate::session::TokenView;

/// The first moment after the model's present at which something in sight changes; `None` where nothing counts down.
/// Looks at the rows in sight only.
pub fn next_change(model: &Model) -> Option<Timestamp> {
    if !layout::fits(model.state.size) {
        return None;
    }
    let view = match model.state.view {
        View::Board => board_change(model),
        View::Lifetimes => lifetimes_change(model),
        // Times of the log are times of day.
        View::Compare | View::Log => None,
    };
    let dialog = model.dialog().and_then(|dialog| dialog.next_change(&model.state));
    view.into_iter().chain(dialog).min()
}

/// When a pane of the board in sight changes by itself, or what stands beside the tabs.
fn board_change(model: &Model) -> Option<Timestamp> {
    let regions = model.state.regions();
    let panes = Pane::ALL.into_iter().filter(|pane| regions.pane(*pane).area() > 0);
    let panes = panes.filter_map(|pane| model.panel(pane).next_change(&model.state));
    let beside_tabs =
        model.state.selected().filter(|_| regions.tabs.area() > 0 && tabs::session(model).is_some());
    let beside_tabs = beside_tabs
        .and_then(|user| format::next_left_change(expiry(user.access.as_ref())?, model.state.moving(user)?));
    panes.chain(beside_tabs).min()
}

/// When the chart of lifetimes changes by itself: a mark in sight moves by a cell, a text counts down, or the order changes.
fn lifetimes_change(model: &Model) -> Option<Timestamp> {
    let chart = &model.lifetimes;
    let body = model.state.regions().body;
    let scale = Columns::of(&model.state, body).scale(chart.zoom);
    let rows = chart.order().iter().skip(chart.offset()).take(lifetimes::rows(body));
    let users =
        rows.filter_map(|user| model.state.users.get(*user, &model.state.snapshot)).filter_map(|user| {
            let (moments, planned) = track::moments(user);
            let now = model.state.moving(user);
            let marks = moments.filter_map(|at| scale.next_change(at, now?));
            let planned = planned.and_then(|at| scale.next_change(at, model.state.now));
            let token = match chart.order_by {
                OrderBy::Refresh => &user.refresh,
                OrderBy::Access => &user.access,
            };
            let left =
                expiry(token.as_ref()).zip(now).and_then(|(end, now)| format::next_left_change(end, now));
            marks.chain(planned).chain(left).min()
        });
    let selected = model.state.selected().into_iter().flat_map(|user| {
        let planned = user.planned_renewal().and_then(|at| format::next_left_change(at, model.state.now));
        model.state.moving(user).and_then(|now| next_token_change(user, now)).into_iter().chain(planned)
    });
    users.chain(selected).chain(chart.regroup_at()).min()
}

/// When a token ends.
fn expiry(token: Option<&TokenView>) -> Option<Timestamp> {
    Some(token?.lifetime?.expires)
}
