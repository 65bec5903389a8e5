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
            (Some((scale.now() + 1, " logged out ".to_owned())), true)
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
    // The present stays in sight.
    let right = if cells.get(cell + 1) == Some(&Mark::Now) { cell + 2 } else { cell + 1 };
    if right + 1 + length > cells.len() && cell >= length + 2 {
        return (cell - length - 2, format!(" {words} "));
    }
    (right, format!(" {words} "))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::account::{AppAlias, Claims, EndReason, Provider, UserId, UserKey};
    use crate::session::LastRefresh;
    use crate::tui::content::scale::Zoom;

    const MINUTE: i64 = 60;
    const DAY: i64 = 24 * 60 * MINUTE;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn token(issued: i64, expires: i64) -> Option<TokenView> {
        let lifetime = Some(Lifetime::new(at(issued), at(expires)));
        Some(TokenView { fingerprint: "f".into(), lifetime, claims: Claims::new() })
    }

    fn user() -> UserView {
        UserView {
            key: UserKey { app: AppAlias::new("local"), id: UserId::new("1") },
            label: "ada@example.com".into(),
            provider: Provider::EmailPassword,
            profile: None,
            state: SessionState::Active,
            access: token(-10 * MINUTE, 20 * MINUTE),
            refresh: token(-DAY, 59 * DAY),
            next_refresh: Some(at(15 * MINUTE)),
            last_refresh: None,
            custom_data: None,
            api_keys: None,
            source: None,
        }
    }

    fn zoom(closer: usize) -> Zoom {
        (0..closer).fold(Zoom::default(), |zoom, _| zoom.closer())
    }

    fn shown(user: &UserView, closer: usize, now: i64) -> String {
        shown_in(64, user, closer, now)
    }

    fn shown_in(columns: usize, user: &UserView, closer: usize, now: i64) -> String {
        let track = track(user, &Scale::new(zoom(closer), columns), at(now), at(now));
        let cells = track.cells.iter().map(|mark| mark.glyph()).collect::<String>();
        match track.words {
            Some((from, words)) => {
                let before: String = cells.chars().take(from).collect();
                let behind: String = cells.chars().skip(from + words.chars().count()).collect();
                format!("{before}{words}{behind}")
            }
            None => cells,
        }
    }

    #[test]
    fn a_row_shows_both_lives_the_renewal_and_the_present() {
        // Two months ahead only the refresh token has a length; an hour ahead it has no end.
        let far = shown(&user(), 0, 0);
        assert!(far.starts_with("       ├│───────────────────────────────────✗ log in again"), "{far}");
        let narrow = shown_in(40, &user(), 0, 0);
        assert!(narrow.starts_with("    ├│───────") && narrow.contains("─ log in again ✗"), "{narrow}");
        let close = shown(&user(), 5, 0);
        assert_eq!(close, "‹━━━━━━━│━━━━━━━━━━━━↻━━━━◆────────────────────────────────────›");
    }

    #[test]
    fn when_the_refresh_token_is_over_the_row_says_so() {
        let gone = shown(&user(), 0, 59 * DAY + 1);
        assert!(gone.contains("✗│ LOG IN AGAIN"), "{gone}");
        assert!(has_to_log_in(&user(), at(59 * DAY)) && !has_to_log_in(&user(), at(59 * DAY - 1)));
        let long_ago = shown(&user(), 7, 90 * DAY);
        assert!(long_ago.starts_with("✗ LOG IN AGAIN"), "{long_ago}");
    }

    #[test]
    fn a_session_that_the_server_ended_is_over_where_it_was_learnt() {
        let mut user = user();
        user.state = SessionState::LogInRequired(EndReason::UserDisabled);
        (user.access, user.refresh) = (None, None);
        let here = shown(&user, 0, 0);
        assert!(here.trim_start().starts_with("✗ LOG IN AGAIN: the user is disabled"), "{here}");
        user.last_refresh = Some(LastRefresh { at: at(-20 * DAY), outcome: RefreshOutcome::Ended });
        assert!(shown(&user, 0, 0).starts_with("✗ LOG IN AGAIN"), "it was longer ago than is in sight");
    }

    #[test]
    fn a_clock_that_stands_still_holds_the_marks_but_not_the_renewal() {
        let scale = Scale::new(zoom(5), 64);
        let marks = |present, now| track(&user(), &scale, at(present), at(now)).cells;
        let position = |cells: &[Mark], mark| cells.iter().position(|cell| *cell == mark);
        let (before, after) = (marks(0, 0), marks(0, 5 * MINUTE));
        assert_eq!(position(&before, Mark::AccessExpiry), position(&after, Mark::AccessExpiry));
        assert_ne!(position(&before, Mark::Renewal), position(&after, Mark::Renewal));
    }

    #[test]
    fn nobody_is_drawn_into_a_chart_without_cells() {
        let scale = Scale::new(zoom(0), 1);
        let later = at(0) + SignedDuration::from_secs(61 * DAY);
        for now in [at(-100 * DAY), at(0), later] {
            assert_eq!(track(&user(), &scale, now, now).cells.len(), 1);
        }
    }

    #[test]
    fn every_mark_has_its_own_glyph() {
        use Mark::*;
        let marks = [Blank, Grid, Refresh, Access, Issued, AccessExpiry, Renewal, Now, LogIn, Earlier, Later];
        let glyphs: std::collections::HashSet<_> = marks.iter().map(|mark| mark.glyph()).collect();
        assert_eq!(glyphs.len(), marks.len());
    }
}
