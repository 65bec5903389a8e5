//! One user's row in the chart of lifetimes: which cell shows what.

use jiff::Timestamp;

use super::scale::{Place, Scale};
use crate::account::{Lifetime, SessionState};
use crate::session::{RefreshOutcome, TokenView, UserView};

/// What a cell shows. Each has a glyph of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    Blank,
    /// Nothing, below a tick of the axis.
    Grid,
    /// Only the refresh token is valid.
    Refresh,
    /// The access token is valid.
    Access,
    /// The refresh token was issued.
    Issued,
    /// The access token expires.
    AccessExpiry,
    /// The next renewal.
    Renewal,
    /// The present.
    Now,
    /// From here on somebody has to log in again.
    LogIn,
    /// It began longer ago than is in sight.
    Earlier,
    /// It goes on farther than is in sight.
    Later,
}

impl Mark {
    /// The glyph.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Blank => " ",
            Self::Grid => "·",
            Self::Refresh => "─",
            Self::Access => "━",
            Self::Issued => "├",
            Self::AccessExpiry => "◆",
            Self::Renewal => "↻",
            Self::Now => "│",
            Self::LogIn => "✗",
            Self::Earlier => "‹",
            Self::Later => "›",
        }
    }
}

/// A row of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// What each cell shows.
    pub cells: Vec<Mark>,
    /// Words in place of the cells from that one on.
    pub words: Option<(usize, String)>,
    /// Whether the user has to log in again, or has no session at all.
    pub is_over: bool,
}

/// Whether only a person can go on: the server said so, or the refresh token is over.
pub fn has_to_log_in(user: &UserView, now: Timestamp) -> bool {
    match user.state {
        SessionState::LogInRequired(_) => true,
        SessionState::LoggedOut => false,
        _ => lifetime(user.refresh.as_ref()).is_some_and(|life| life.is_over(now)),
    }
}

/// The moments of a user that a row shows: those by which the App's clock counts, and the renewal, which this machine plans.
pub fn moments(user: &UserView) -> (impl Iterator<Item = Timestamp>, Option<Timestamp>) {
    let lives = [&user.access, &user.refresh].into_iter().filter_map(|token| lifetime(token.as_ref()));
    (lives.flat_map(|life| [life.issued, life.expires]), user.planned_renewal())
}

/// The row of a user. `now` is the present; `present` is what the user's App has for it, whose clock may stand still.
pub fn track(user: &UserView, scale: &Scale, present: Timestamp, now: Timestamp) -> Track {
    let mut cells = vec![Mark::Blank; scale.columns()];
    for (cell, _) in scale.ticks() {
        cells[cell] = Mark::Grid;
    }
    let access = lifetime(user.access.as_ref());
    let refresh = lifetime(user.refresh.as_ref());
    for (life, mark) in [(refresh, Mark::Refresh), (access, Mark::Access)] {
        if let Some(life) = life {
            bar(&mut cells, scale, &life, mark, present);
        }
    }
    let mut put = |place, mark| {
        if let Place::At(cell) = place {
            cells[cell] = mark;
        }
    };
    if let Some(life) = refresh {
        put(scale.place(life.issued, present), Mark::Issued);
    }
    if let Some(life) = access {
        put(scale.place(life.expires, present), Mark::AccessExpiry);
    }
    if let Some(at) = user.planned_renewal() {
        put(scale.place(at, now), Mark::Renewal);
    }
    put(Place::At(scale.now()), Mark::Now);
    let (words, is_over) = match log_in(user, scale, present, now) {
        Some((cell, words, is_over)) => {
            cells[cell] = Mark::LogIn;
            (Some(beside(cell, words, &cells)), is_over)
        }
        None if user.state == SessionState::LoggedOut => {
            (Some((scale.now() + 2, "logged out".to_owned())), true)
        }
        None => (None, false),
    };
    Track { cells, words, is_over }
}

fn lifetime(token: Option<&TokenView>) -> Option<Lifetime> {
    token.and_then(|token| token.lifetime)
}

/// Draws the time from a life's begin to its end.
fn bar(cells: &mut [Mark], scale: &Scale, life: &Lifetime, mark: Mark, now: Timestamp) {
    let last = cells.len().saturating_sub(1);
    let (begin, earlier) = match scale.place(life.issued, now) {
        Place::Before => (0, true),
        Place::At(cell) => (cell, false),
        Place::After => return,
    };
    let (end, later) = match scale.place(life.expires, now) {
        Place::Before => return,
        Place::At(cell) => (cell, false),
        Place::After => (last, true),
    };
    if begin > end || cells.is_empty() {
        return;
    }
    cells[begin..=end].fill(mark);
    if earlier {
        cells[begin] = Mark::Earlier;
    }
    if later {
        cells[end] = Mark::Later;
    }
}

/// Where a user has to log in again, if that is in sight, in which words, and whether it has come to that.
fn log_in(
    user: &UserView,
    scale: &Scale,
    present: Timestamp,
    now: Timestamp,
) -> Option<(usize, String, bool)> {
    let is_over = has_to_log_in(user, present);
    let place = match (&user.state, lifetime(user.refresh.as_ref()), &user.last_refresh) {
        (_, Some(life), _) => scale.place(life.expires, present),
        (SessionState::LogInRequired(_), None, Some(last)) if last.outcome == RefreshOutcome::Ended => {
            scale.place(last.at, now)
        }
        (SessionState::LogInRequired(_), None, _) => Place::At(scale.now()),
        _ => return None,
    };
    let cell = match place {
        Place::Before => 0,
        Place::At(cell) => cell,
        Place::After => return None,
    };
    let words = match &user.state {
        SessionState::LogInRequired(reason) => format!("LOG IN AGAIN: {reason}"),
        _ if is_over => "LOG IN AGAIN: the refresh token is over".to_owned(),
        _ => "log in again".to_owned(),
    };
    Some((cell, words, is_over))
}

/// Words to the right of a cell; to the left where there is no room for them.
fn beside(cell: usize, words: String, cells: &[Mark]) -> (usize, String) {
    let length = words.chars().count();
    let right = cell + 2;
    if right + length > cells.len() && cell > length {
        return (cell - length - 1, words);
    }
    (right, words)
}
