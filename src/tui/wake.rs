//! When the screen changes by itself: the next moment at which a visible text is another.

use jiff::Timestamp;

use super::model::{Model, Pane};
use super::{countdown, layout};
use crate::account::SessionState;
use crate::session::{TokenView, UserView};

/// The first moment after the model's present at which something in sight changes; `None` where nothing counts down.
/// Looks at the rows in sight only.
pub fn next_change(model: &Model) -> Option<Timestamp> {
    if !layout::fits(model.size) {
        return None;
    }
    let regions = model.regions();
    let in_sight = |pane| regions.pane(pane).area() > 0;
    let rows = model.users.offset()..model.users.offset() + regions.user_rows();
    let users = rows
        .filter(|_| in_sight(Pane::Users))
        .map_while(|row| model.snapshot.users.get(row))
        .filter_map(|user| row_change(user, model.now));
    let session = model.selected().filter(|_| in_sight(Pane::Session));
    users.chain(session.and_then(|user| session_change(user, model.now))).min()
}

/// What counts down in a row of the Users pane.
fn row_change(user: &UserView, now: Timestamp) -> Option<Timestamp> {
    let tokens = [&user.access, &user.refresh];
    tokens.into_iter().filter_map(|token| countdown::next_change(expiry(token)?, now)).min()
}

/// What counts down in the Session pane.
fn session_change(user: &UserView, now: Timestamp) -> Option<Timestamp> {
    let planned = match &user.state {
        SessionState::Active => user.next_refresh,
        SessionState::RefreshDue { retry_at, .. } | SessionState::AccessExpired { retry_at, .. } => *retry_at,
        _ => None,
    };
    let gauges = [&user.access, &user.refresh]
        .into_iter()
        .filter_map(|token| countdown::next_percent_change(&token.as_ref()?.lifetime?, now));
    let planned = planned.and_then(|at| countdown::next_change(at, now));
    gauges.chain(planned).chain(row_change(user, now)).min()
}

fn expiry(token: &Option<TokenView>) -> Option<Timestamp> {
    Some(token.as_ref()?.lifetime?.expires)
}
