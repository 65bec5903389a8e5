//! The Session pane: how the selected user's session stands, and the claims of its tokens.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{Input, Panel, Reaction, State};
use crate::account::Lifetime;
use crate::format;
use crate::format::StateName;
use crate::session::{TokenView, UserView};
use crate::text;
use crate::tui::content::claims::{self, ClaimRow};
use crate::tui::frame::{self, Screen};
use crate::tui::keymap::Keymap;
use crate::tui::layout::Pane;
use crate::tui::widget::gauge;
use crate::tui::widget::line::{self, span};
use crate::tui::widget::list::List;
use crate::tui::words;
use crate::tui::words::Tone;

/// Columns of the names of fields.
const NAME: usize = 8;

/// Columns of ` 100%` and ` 59d 23h`.
const FIGURES: usize = 5 + 8;

/// From this share on a life is short.
const SHORT: u8 = 20;

/// The pane.
#[derive(Debug, Default)]
pub struct Session {
    /// The claims of the user's tokens.
    pub claims: TokenClaims,
    /// The row under the cursor, and the first in sight.
    pub list: List<usize>,
}

impl Session {
    /// The rows at the pane's present width.
    pub fn rows(&self, state: &State) -> Vec<Row<'_>> {
        let columns = usize::from(state.regions().inside(Pane::Session).width);
        let user = state.selected();
        user.map(|user| rows(user, &self.claims, &state.keymap, state.now, columns)).unwrap_or_default()
    }
}

impl Panel for Session {
    fn handle(&mut self, input: &Input, state: &mut State) -> Option<Vec<Reaction>> {
        let regions = state.regions();
        let rows = self.rows(state).len();
        self.list.handle(input, rows, regions.rows(Pane::Session), |row| row).then(Vec::new)
    }

    fn draw(&self, state: &State, screen: &Screen, buffer: &mut Buffer) -> Option<Position> {
        let area = screen.regions.pane(Pane::Session);
        if area.area() == 0 {
            return None;
        }
        let inside = screen.regions.inside(Pane::Session);
        let rows = self.rows(state);
        let first = self.list.offset();
        let height = usize::from(inside.height);
        frame::with_position(
            &state.theme,
            frame::frame(state, screen, Pane::Session),
            first,
            height,
            rows.len(),
        )
        .render(area, buffer);
        if rows.is_empty() {
            frame::empty(&state.theme, inside, buffer, &words::no_user(&state.keymap, state.is_locked()));
            return None;
        }
        let columns = usize::from(inside.width);
        let names = claim_names(&rows, columns);
        let shown = rows.iter().enumerate().skip(first).take(height);
        for ((at, item), row) in shown.zip(inside.rows()) {
            let selected = at == self.list.row();
            frame::row(
                state,
                screen,
                Pane::Session,
                line(state, item, columns, names),
                selected,
                row,
                buffer,
            );
        }
        None
    }

    fn next_change(&self, state: &State) -> Option<Timestamp> {
        let user = state.selected()?;
        let planned = user.planned_renewal().and_then(|at| format::next_left_change(at, state.now));
        let now = state.moving(user);
        let gauges = [&user.access, &user.refresh]
            .into_iter()
            .filter_map(|token| format::next_percent_change(&token.as_ref()?.lifetime?, now?));
        gauges.chain(planned).chain(now.and_then(|now| words::next_token_change(user, now))).min()
    }

    fn show(&mut self, user: Option<&UserView>, is_another: bool) {
        if is_another {
            self.list = List::default();
        }
        self.claims = user.map(TokenClaims::of).unwrap_or_default();
    }

    fn settle(&mut self, state: &State) {
        let height = state.regions().rows(Pane::Session);
        // Its rows depend on its width: what has none keeps its cursor for later.
        if height > 0 {
            let rows = self.rows(state).len();
            self.list.settle(rows, height);
        }
    }

    fn copied(&self, state: &State) -> Option<(String, String)> {
        self.rows(state).into_iter().nth(self.list.row()).and_then(Row::copied)
    }
}

/// Columns of the names of claims: as many as the longest needs, but less than half.
fn claim_names(rows: &[Row], columns: usize) -> usize {
    let names = rows.iter().filter_map(|row| match row {
        Row::Claim(claim) if !claim.value.is_empty() => Some(text::width(&text::inert(&claim.name))),
        _ => None,
    });
    names.max().unwrap_or(0).min(columns * 9 / 20)
}

fn line(state: &State, row: &Row, columns: usize, names: usize) -> Line<'static> {
    let theme = &state.theme;
    match row {
        Row::State { tone: how, glyph, text } => {
            Line::from(span(format!("{} {text}", text::fit(glyph, 1)), line::tone(theme, *how)))
        }
        Row::Field { name, value } => {
            let value = text::cut(&text::inert(value), columns.saturating_sub(NAME)).into_owned();
            Line::from(vec![span(text::fit(name, NAME), theme.muted), span(value, theme.text)])
        }
        Row::Gauge { name, life } => gauge_line(state, name, life, columns),
        Row::Heading(heading) => Line::from(span(format!("── {heading} "), theme.muted)),
        Row::Claim(claim) => {
            let room = if claim.value.is_empty() { columns } else { names };
            let name = text::fit(&text::inert(&claim.name), room);
            let value = text::inert(&claim.value);
            let value = text::cut(&value, columns.saturating_sub(room + 1)).into_owned();
            Line::from(vec![span(format!("{name} "), theme.muted), span(value, theme.text)])
        }
    }
}

fn gauge_line(state: &State, name: &str, life: &Lifetime, columns: usize) -> Line<'static> {
    let theme = &state.theme;
    let now = state.selected().map_or(state.now, |user| state.present(&user.key.app));
    let percent = format::percent(life, now);
    let how = match percent {
        0 => Tone::Bad,
        1..=SHORT => Tone::Warn,
        _ => Tone::Good,
    };
    let (filled, spent) = gauge::gauge(percent, columns.saturating_sub(NAME + FIGURES));
    Line::from(vec![
        span(text::fit(name, NAME), theme.muted),
        span(filled, line::tone(theme, how)),
        span(spent, theme.spent),
        span(format!("{percent:>4}%"), theme.muted),
        span(text::fit_right(&format::left(life.expires, now), 8), line::tone(theme, how)),
    ])
}

/// One row of the pane. Texts are from a server.
#[derive(Debug, Clone, PartialEq)]
pub enum Row<'a> {
    /// A line of the sentence on the state; the first has the state's glyph.
    State {
        /// How it stands.
        tone: Tone,
        /// The state's glyph, or nothing.
        glyph: &'static str,
        /// The words.
        text: String,
    },
    /// A name and its value.
    Field {
        /// The name.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// How much of a life is left.
    Gauge {
        /// What lives.
        name: &'static str,
        /// How long.
        life: Lifetime,
    },
    /// A heading.
    Heading(&'static str),
    /// A claim.
    Claim(&'a ClaimRow),
}

impl Row<'_> {
    /// What a copy of the row is, and what it is called.
    pub fn copied(self) -> Option<(String, String)> {
        match self {
            Self::State { text, .. } => Some((text, "the state".into())),
            Self::Field { name: "user", value } => Some((value, "the user id".into())),
            Self::Field { name: "", value } => Some((value, "the expiry".into())),
            Self::Field { name, value } => Some((value, format!("the {name}"))),
            Self::Gauge { name, life } => Some((life.expires.to_string(), format!("the {name} expiry"))),
            Self::Heading(_) => None,
            Self::Claim(claim) => {
                Some((claim.raw().to_owned(), format!("the claim {}", claim.name.trim_start())))
            }
        }
    }
}

/// The claims of both tokens, computed once for each new state of the user.
#[derive(Debug, Default)]
pub struct TokenClaims {
    access: Vec<ClaimRow>,
    refresh: Vec<ClaimRow>,
}

impl TokenClaims {
    /// The claims of a user's tokens.
    pub fn of(user: &UserView) -> Self {
        let rows = |token: &Option<TokenView>| {
            token.as_ref().map(|token| claims::rows(&token.claims)).unwrap_or_default()
        };
        Self { access: rows(&user.access), refresh: rows(&user.refresh) }
    }
}

/// All rows, for a pane of `columns` columns.
pub fn rows<'a>(
    user: &UserView,
    claims: &'a TokenClaims,
    keymap: &Keymap,
    now: Timestamp,
    columns: usize,
) -> Vec<Row<'a>> {
    let StateName { severity: tone, glyph, .. } = words::state(&user.state);
    let sentence = text::inert(&words::state_sentence(user, keymap, now)).into_owned();
    let mut rows: Vec<Row<'_>> = text::wrap(&sentence, columns.saturating_sub(2))
        .into_iter()
        .enumerate()
        .map(|(line, text)| Row::State { tone, glyph: if line == 0 { glyph } else { "" }, text })
        .collect();
    rows.push(Row::Field { name: "user", value: user.key.id.as_str().to_owned() });
    token("access", user.access.as_ref(), &mut rows);
    token("refresh", user.refresh.as_ref(), &mut rows);
    rows.push(Row::Field { name: "renewal", value: words::last_refresh(user) });
    for (heading, claims) in [("access token", &claims.access), ("refresh token", &claims.refresh)] {
        if !claims.is_empty() {
            rows.push(Row::Heading(heading));
            rows.extend(claims.iter().map(Row::Claim));
        }
    }
    rows
}

fn token(name: &'static str, token: Option<&TokenView>, rows: &mut Vec<Row<'_>>) {
    match token {
        None => rows.push(Row::Field { name, value: "no token".into() }),
        Some(TokenView { fingerprint, lifetime: None, .. }) => {
            rows.push(Row::Field { name, value: format!("#{fingerprint}, says no expiry") });
        }
        Some(TokenView { fingerprint, lifetime: Some(life), .. }) => {
            rows.push(Row::Gauge { name, life: *life });
            let value = format!("{} #{fingerprint}", words::moment(life.expires));
            rows.push(Row::Field { name: "", value });
        }
    }
}
