//! When the screen changes by itself: the next moment at which a visible text is another.

use jiff::Timestamp;

use super::content::{tabs, track};
use super::layout::{Pane, View};
use super::lifetimes::{self, Columns, OrderBy};
use super::model::Model;
use super::{countdown, layout, words};
use crate::session::{TokenView, UserView};

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

/// When a pane of the board changes by itself.
fn board_change(model: &Model) -> Option<Timestamp> {
    let regions = model.state.regions();
    let in_sight = |pane| regions.pane(pane).area() > 0;
    let with_renewals = regions.shows_renewals();
    let rows = model.state.users.rows_in_sight(regions.rows(Pane::Users), &model.state.snapshot);
    let users = rows.map_while(|row| model.state.users.get(row, &model.state.snapshot)).filter_map(|user| {
        let tokens = moving(model, user).and_then(|now| row_change(user, now));
        let renewals = with_renewals.then(|| renewals_change(user, model.state.now)).flatten();
        tokens.into_iter().chain(renewals).min()
    });
    let session = model.state.selected().filter(|_| in_sight(Pane::Session));
    let data = model.state.selected().filter(|_| in_sight(Pane::CustomData));
    let sentence = model.state.selected().filter(|_| regions.user_detail() > 0);
    let sentence = sentence.and_then(|user| countdown::next_change(user.planned_renewal()?, model.state.now));
    let beside_tabs =
        model.state.selected().filter(|_| regions.tabs.area() > 0 && tabs::session(model).is_some());
    let beside_tabs =
        beside_tabs.and_then(|user| countdown::next_change(expiry(&user.access)?, moving(model, user)?));
    let entries = model.timeline.in_sight(regions.rows(Pane::Timeline));
    users
        .chain(sentence)
        .chain(beside_tabs)
        .chain(entries.map(|entry| words::next_age_change(entry.at, model.state.now)))
        .chain(session.and_then(|user| session_change(model, user)))
        .chain(data.and_then(|user| data_change(model, user)))
        .min()
}

/// When the age of the custom data is another.
fn data_change(model: &Model, user: &UserView) -> Option<Timestamp> {
    let life = user.access.as_ref()?.lifetime;
    let copy = moving(model, user).and_then(|now| {
        let life = life.filter(|life| !life.is_over(now))?;
        Some(words::next_age_change(life.issued, now).min(life.expires))
    });
    let read = user.source.as_ref().and_then(|source| source.read_at);
    copy.into_iter().chain(read.map(|read| words::next_age_change(read, model.state.now))).min()
}

/// When the chart of lifetimes changes by itself: a mark in sight moves by a cell, a text counts down, or the order changes.
fn lifetimes_change(model: &Model) -> Option<Timestamp> {
    let chart = &model.lifetimes;
    let body = model.state.regions().body;
    let scale = Columns::of(model, body).scale(chart.zoom);
    let rows = chart.order().iter().skip(chart.offset()).take(lifetimes::rows(body));
    let users =
        rows.filter_map(|user| model.state.users.get(*user, &model.state.snapshot)).filter_map(|user| {
            let (moments, planned) = track::moments(user);
            let now = moving(model, user);
            let marks = moments.filter_map(|at| scale.next_change(at, now?));
            let planned = planned.and_then(|at| scale.next_change(at, model.state.now));
            let token = match chart.order_by {
                OrderBy::Refresh => &user.refresh,
                OrderBy::Access => &user.access,
            };
            let left = expiry(token).zip(now).and_then(|(end, now)| countdown::next_change(end, now));
            marks.chain(planned).chain(left).min()
        });
    let selected = model.state.selected().into_iter().flat_map(|user| {
        let planned = user.planned_renewal().and_then(|at| countdown::next_change(at, model.state.now));
        moving(model, user).and_then(|now| row_change(user, now)).into_iter().chain(planned)
    });
    users.chain(selected).chain(chart.regroup_at()).min()
}

/// What counts down in a row of the Users pane.
fn row_change(user: &UserView, now: Timestamp) -> Option<Timestamp> {
    let tokens = [&user.access, &user.refresh];
    tokens.into_iter().filter_map(|token| countdown::next_change(expiry(token)?, now)).min()
}

/// What counts in the columns of the renewals.
fn renewals_change(user: &UserView, now: Timestamp) -> Option<Timestamp> {
    let planned = user.planned_renewal().and_then(|at| countdown::next_change(at, now));
    let last = user.last_refresh.as_ref().map(|last| words::next_age_change(last.at, now));
    planned.into_iter().chain(last).min()
}

/// What counts down in the Session pane.
fn session_change(model: &Model, user: &UserView) -> Option<Timestamp> {
    let planned = user.planned_renewal().and_then(|at| countdown::next_change(at, model.state.now));
    let now = moving(model, user);
    let gauges = [&user.access, &user.refresh]
        .into_iter()
        .filter_map(|token| countdown::next_percent_change(&token.as_ref()?.lifetime?, now?));
    gauges.chain(planned).chain(now.and_then(|now| row_change(user, now))).min()
}

/// The present of a user's App; `None` where its clock stands still, and with it every countdown.
fn moving(model: &Model, user: &UserView) -> Option<Timestamp> {
    Some(model.state.now).filter(|now| model.state.present(&user.key.app) == *now)
}

fn expiry(token: &Option<TokenView>) -> Option<Timestamp> {
    Some(token.as_ref()?.lifetime?.expires)
}
