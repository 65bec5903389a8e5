//! The state of the chart of lifetimes: how far it looks ahead, and in which order its rows stand.

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;

use super::content::scale::{Scale, Zoom};
use super::content::track::has_to_log_in;
use super::layout;
use super::state::State;
use super::widget::list::in_sight;
use crate::account::SessionState;
use crate::session::UserView;

/// What the rows are sorted by, after those who have to log in again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OrderBy {
    /// The end of the refresh token: who has to log in again first.
    #[default]
    Refresh,
    /// The end of the access token: who needs a renewal first.
    Access,
}

impl OrderBy {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Refresh => Self::Access,
            Self::Access => Self::Refresh,
        }
    }

    /// What ends, in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Access => "access",
        }
    }
}

/// The chart. Rows are in order only while it is in sight.
#[derive(Debug, Default)]
pub struct Lifetimes {
    /// How far one looks ahead.
    pub zoom: Zoom,
    /// What the rows are sorted by.
    pub order_by: OrderBy,
    /// The rows, as rows of the Users pane. `None` where they have to be sorted anew.
    order: Option<Vec<usize>>,
    /// When the next user moves to those who have to log in again.
    regroup_at: Option<Timestamp>,
    cursor: usize,
    offset: usize,
}

/// Lines of the body that are no users: the axis above, and below it what the marks mean and the moments of the selected
/// user.
const OTHER_LINES: u16 = 1 + 1 + DETAIL_LINES;

/// Lines of the selected user's moments, with their heading.
pub const DETAIL_LINES: u16 = 4;

/// How many users the chart shows at once.
pub fn rows(body: Rect) -> usize {
    usize::from(layout::inside(body).height.saturating_sub(OTHER_LINES))
}

/// Cursor, current marker, glyph, and the blanks behind them.
pub const MARKS: usize = 5;
/// Columns of what is left of the token that the rows are sorted by.
pub const LEFT: usize = 8;
const APP: usize = 8;

/// Widths of the columns.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// The users' labels.
    pub label: usize,
    /// The App, where there are several.
    pub app: usize,
    /// The chart.
    pub chart: usize,
}

impl Columns {
    /// The columns, where the body has that area.
    pub fn of(state: &State, body: Rect) -> Self {
        let width = usize::from(layout::inside(body).width);
        let label = (width / 4).clamp(14, 30);
        let (app, gap) = if state.snapshot.apps.len() > 1 { (APP, 1) } else { (0, 0) };
        Self { label, app, chart: width.saturating_sub(MARKS + label + 1 + app + gap + LEFT + 1) }
    }

    /// The time that the cells of the chart stand for.
    pub fn scale(&self, zoom: Zoom) -> Scale {
        Scale::new(zoom, self.chart)
    }
}

impl Lifetimes {
    /// The rows, as rows of the Users pane: what is filtered there is filtered here.
    pub fn order(&self) -> &[usize] {
        self.order.as_deref().unwrap_or_default()
    }

    /// The selected row.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The first row in sight.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// When the rows are sorted anew by themselves.
    pub fn regroup_at(&self) -> Option<Timestamp> {
        self.regroup_at
    }

    /// The rows have to be sorted anew.
    pub(super) fn forget_order(&mut self) {
        self.order = None;
    }
}

impl Lifetimes {
    /// Brings order, cursor and offset in line with everything else. Sorts only where something may have changed the order.
    pub(super) fn settle(&mut self, state: &State) {
        let is_late = self.regroup_at.is_some_and(|at| at <= state.now);
        let users = state.users.len(&state.snapshot);
        if self.order.as_ref().is_none_or(|order| order.len() != users) || is_late {
            self.sort(state);
        }
        let rows = rows(state.regions().body);
        let selected = state.users.index();
        let chart = self;
        if chart.order().get(chart.cursor) != Some(&selected) {
            chart.cursor = chart.order().iter().position(|user| *user == selected).unwrap_or(0);
        }
        chart.offset = in_sight(chart.offset, chart.cursor, chart.order().len(), rows);
    }

    /// Selects a row, at most the last.
    pub(super) fn go_to(&mut self, row: usize, state: &mut State) {
        let chart = self;
        chart.cursor = row.min(chart.order().len().saturating_sub(1));
        if let Some(user) = chart.order().get(chart.cursor).copied() {
            let snapshot = state.snapshot.clone();
            state.users.go_to(user, &snapshot);
        }
    }

    /// The rows of the Users pane, the most urgent first.
    pub fn in_order(&self, state: &State) -> Vec<usize> {
        let users: Vec<_> = state.shown_users().collect();
        let by = self.order_by;
        let mut order: Vec<usize> = (0..users.len()).collect();
        order.sort_by_cached_key(|at| urgency(users[*at], by, state.present(&users[*at].key.app)));
        order
    }

    fn sort(&mut self, state: &State) {
        let order = self.in_order(state);
        let users: Vec<_> = state.shown_users().collect();
        let present: Vec<Timestamp> = users.iter().map(|user| state.present(&user.key.app)).collect();
        let ends = users.iter().zip(&present).filter(|(_, present)| **present == state.now);
        let ends = ends.filter_map(|(user, _)| Some(user.refresh.as_ref()?.lifetime?.expires));
        self.regroup_at = ends.filter(|end| *end > state.now).min();
        self.order = Some(order);
    }
}

/// What comes first: who has to log in again; then the living sessions, whose end is near first; then who is logged out.
fn urgency(user: &UserView, by: OrderBy, now: Timestamp) -> (u8, SignedDuration) {
    if has_to_log_in(user, now) {
        return (0, SignedDuration::ZERO);
    }
    if user.state == SessionState::LoggedOut {
        return (2, SignedDuration::ZERO);
    }
    let token = match by {
        OrderBy::Refresh => &user.refresh,
        OrderBy::Access => &user.access,
    };
    let life = token.as_ref().and_then(|token| token.lifetime);
    (1, life.map_or(SignedDuration::MAX, |life| life.remaining(now)))
}
