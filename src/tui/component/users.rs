//! The Users pane: a row a user, drawn for those in sight only. Which users are listed and which is selected is shared: see
//! [`UserList`](crate::tui::user_list::UserList).

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{Input, Panel, Reaction, State, is_movement, target};
use crate::format;
use crate::format::StateName;
use crate::session::{TokenView, UserView, VaultStatus};
use crate::text;
use crate::tui::availability;
use crate::tui::frame::{self, Screen};
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::user_list::Group;
use crate::tui::widget::line::{self, put, span};
use crate::tui::widget::list::At;
use crate::tui::widget::page::Spot;
use crate::tui::widget::text_field;
use crate::tui::words;

/// Widths of the columns.
struct Columns {
    gap: usize,
    label: usize,
    provider: usize,
    /// Whether there is room for renewals.
    renewals: bool,
}

/// Cursor, current marker, glyph, and the blanks behind them.
const MARKS: usize = 5;
const PROVIDER: usize = 11;
const STATE: usize = 12;
const COUNTDOWN: usize = 7;
const LAST: usize = 8;
/// From this width on the columns stand further apart.
const ROOMY: usize = 76;

impl Columns {
    fn new(width: usize, renewals: bool) -> Self {
        let (all, narrow) = (width, COUNTDOWN + LAST + 2);
        let width = if renewals { width.saturating_sub(narrow) } else { width };
        let gap = if width >= ROOMY { 2 } else { 1 };
        let provider = PROVIDER + (width.saturating_sub(ROOMY) / 4).min(12);
        let taken = MARKS + provider + STATE + 2 * COUNTDOWN + 4 * gap;
        let taken = taken + if renewals { COUNTDOWN + LAST + 2 * gap } else { 0 };
        Self { gap, label: all.saturating_sub(taken), provider, renewals }
    }

    fn join(&self, label: &str, provider: &str) -> String {
        let blank = " ".repeat(self.gap);
        format!("{}{blank}{}{blank}", text::fit(label, self.label), text::fit(provider, self.provider))
    }
}

/// Columns of the names of what is said of the selected user.
const DETAIL_NAME: usize = 12;

/// Columns that the text of the filter takes in the title while it is typed.
const FILTER: usize = 24;

/// The pane.
#[derive(Debug, Default)]
pub struct Users;

impl Panel for Users {
    fn handle(&mut self, input: &Input, state: &mut State) -> Option<Vec<Reaction>> {
        let height = state.regions().rows(Pane::Users);
        let State { users, snapshot, .. } = state;
        match input {
            Input::Action(action) if is_movement(*action) => {
                users.go_to(target(*action, users.index(), height), snapshot);
            }
            Input::Click(Spot::Row(row)) => match users.at(users.offset() + row) {
                At::Item(row) if row < users.len(snapshot) => users.go_to(row, snapshot),
                At::Item(_) | At::Heading(_) => return None,
            },
            Input::Wheel(by) => users.scroll(*by, height, snapshot),
            _ => return None,
        }
        Some(vec![])
    }

    fn draw(&self, state: &State, screen: &Screen, buffer: &mut Buffer) -> Option<Position> {
        let area = screen.regions.pane(Pane::Users);
        if area.area() == 0 {
            return None;
        }
        let theme = &state.theme;
        let users = &state.users;
        let (rows, lines) = (users.len(&state.snapshot), users.lines(&state.snapshot));
        let list = screen.regions.list(Pane::Users);
        let (title, cursor) = title(state);
        let mut block = frame::frame(state, screen, Pane::Users).title(title);
        if lines > usize::from(list.height) {
            let seen = users.rows_in_sight(usize::from(list.height), &state.snapshot);
            block = frame::with_position(&state.theme, block, seen.start, seen.len(), rows);
        }
        let cursor = cursor.map(|column| Position {
            x: area.x + frame::behind_title(screen, Pane::Users) + column,
            y: area.y,
        });
        if let VaultStatus::Open { set_aside, .. } = &state.snapshot.vault
            && let Some(damaged) = words::set_aside(set_aside)
        {
            let room = usize::from(area.width).saturating_sub(4);
            let damaged = text::cut(&text::inert(&damaged), room).into_owned();
            block = block.title_bottom(
                Line::from(span(format!(" {damaged} "), theme.warn)).alignment(Alignment::Left),
            );
        }
        block.render(area, buffer);
        let inside = screen.regions.inside(Pane::Users);
        if rows == 0 {
            frame::empty(theme, inside, buffer, &nobody(state));
            let below = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
            let headings = (0..lines).filter_map(|number| users.group(number));
            line::lines(
                below,
                buffer,
                headings.map(|group| heading(state, group, usize::from(inside.width))),
            );
            return cursor;
        }
        let columns = Columns::new(usize::from(inside.width), screen.regions.shows_renewals());
        line::lines(inside, buffer, [Line::from(span(header(&columns), theme.muted))]);
        for (line, row) in (users.offset()..lines).zip(list.rows()) {
            let at = match users.at(line) {
                At::Heading(number) => {
                    let group = users.group(number);
                    let heading = group.map(|group| heading(state, group, usize::from(row.width)));
                    put(&heading.unwrap_or_default(), row, buffer);
                    continue;
                }
                At::Item(at) => at,
            };
            let Some(user) = users.get(at, &state.snapshot) else { break };
            let selected = at == users.index();
            let line = user_line(state, user, selected, &columns);
            if selected && screen.focus == Some(Pane::Users) {
                frame::selected_row(line, theme.selection, row, buffer);
                continue;
            }
            put(&line, row, buffer);
            if selected {
                buffer.set_style(row, theme.selection_idle);
            }
        }
        if let Some(user) = state.selected().filter(|_| screen.regions.user_detail() > 0) {
            let below = Rect { y: list.bottom(), height: screen.regions.user_detail(), ..inside };
            line::lines(below, buffer, detail(state, user, usize::from(inside.width)));
        }
        cursor
    }

    fn next_change(&self, state: &State) -> Option<Timestamp> {
        let regions = state.regions();
        let with_renewals = regions.shows_renewals();
        let rows = state.users.rows_in_sight(regions.rows(Pane::Users), &state.snapshot);
        let users = rows.map_while(|row| state.users.get(row, &state.snapshot)).filter_map(|user| {
            let tokens = state.moving(user).and_then(|now| words::next_token_change(user, now));
            let renewals = with_renewals.then(|| renewals_change(user, state.now)).flatten();
            tokens.into_iter().chain(renewals).min()
        });
        let sentence = state.selected().filter(|_| regions.user_detail() > 0);
        let sentence = sentence.and_then(|user| format::next_left_change(user.planned_renewal()?, state.now));
        users.chain(sentence).min()
    }

    fn copied(&self, state: &State) -> Option<(String, String)> {
        state.selected().map(|user| (user.key.id.to_string(), "the user id".to_owned()))
    }
}

/// What counts in the columns of the renewals.
fn renewals_change(user: &UserView, now: Timestamp) -> Option<Timestamp> {
    let planned = user.planned_renewal().and_then(|at| format::next_left_change(at, now));
    let last = user.last_refresh.as_ref().map(|last| words::next_age_change(last.at, now));
    planned.into_iter().chain(last).min()
}

/// The heading of an app: its name, where it is, how many users it has, and whether something is the matter with it.
fn heading(state: &State, group: &Group, columns: usize) -> Line<'static> {
    let theme = &state.theme;
    let app = state.snapshot.app(&group.app);
    let alias = text::inert(group.app.as_str()).into_owned();
    let alias = text::cut(&alias, columns / 3).into_owned();
    let users = match (group.users, group.shown) {
        (0, _) => "nobody is logged in".to_owned(),
        (all, shown) if shown < all => format!("{shown} of {}", words::count(all, "user")),
        (all, _) => words::count(all, "user"),
    };
    let state = app.and_then(words::app_state);
    let end = state.as_ref().map_or(0, |(_, words)| text::width(words) + 2);
    let room = columns.saturating_sub(3 + text::width(&alias) + 2 + text::width(&users) + 2 + end);
    let place = app.map(words::app_place).unwrap_or_default();
    let place = text::cut(&text::inert(&place), room).into_owned();
    let gap = if place.is_empty() { "" } else { "  " };
    let mut spans = vec![
        span("── ", theme.muted),
        span(alias, theme.strong),
        span(format!("  {place}{gap}{users}"), theme.muted),
    ];
    spans.extend(state.map(|(how, words)| span(format!("  {words}"), line::tone(theme, how))));
    Line::from(spans)
}

/// What the columns do not say of the selected user, where no other pane is there to say it.
fn detail(state: &State, user: &UserView, columns: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let StateName { severity: how, glyph, .. } = words::state(&user.state);
    let field = |name: &str, value: String| {
        let value = text::cut(&text::inert(&value), columns.saturating_sub(DETAIL_NAME)).into_owned();
        Line::from(vec![span(text::fit(name, DETAIL_NAME), theme.muted), span(value, theme.text)])
    };
    let label = text::inert(&user.label);
    let label = text::cut(&label, columns / 2).into_owned();
    let sentence = text::inert(&words::state_sentence(user, &state.keymap, state.now)).into_owned();
    let room = columns.saturating_sub(3 + text::width(&label) + 4);
    vec![
        frame::rule(
            theme,
            vec![
                span(label, theme.strong),
                span(format!("  {glyph} {}", text::cut(&sentence, room)), line::tone(theme, how)),
            ],
            columns,
        ),
        field("identities", words::providers(user, usize::MAX)),
        field("renewal", words::last_refresh(user)),
    ]
}

/// What stands behind the title: the filter with how many it shows, and how many are marked. While the filter is typed, the
/// column of the cursor in it.
fn title(state: &State) -> (Line<'static>, Option<u16>) {
    let theme = &state.theme;
    let filter = &state.users.filter;
    let mut spans = Vec::new();
    let mut cursor = None;
    let mut before = 0;
    if let Some(app) = filter.app() {
        let app = text::cut(&text::inert(app.as_str()), FILTER).into_owned();
        let words = format!(" of {app} alone ");
        before = text::width(&words) as u16;
        spans.push(span(words, theme.key));
    }
    if filter.typing || filter.has_text() {
        let (shown, column) = text_field::in_sight(filter.text(), filter.cursor(), FILTER);
        cursor = filter.typing.then_some(before + column + 2);
        spans.push(span(format!(" /{shown} "), theme.key));
    }
    if filter.typing || filter.is_on() {
        let (some, all) = (state.users.len(&state.snapshot), state.snapshot.users.len());
        spans.push(span(format!(" {some} of {all} "), theme.text));
    }
    let hidden = state.marked.len() - state.marked_shown.min(state.marked.len());
    match (state.marked_shown, hidden) {
        (0, 0) => {}
        (shown, 0) => spans.push(span(format!(" {shown} marked "), theme.warn)),
        (shown, hidden) => spans.push(span(format!(" {shown} marked, {hidden} more hidden "), theme.warn)),
    }
    (Line::from(spans), cursor)
}

fn nobody(state: &State) -> String {
    match &state.snapshot.vault {
        VaultStatus::Opening => "opening the vault…".into(),
        VaultStatus::Locked { .. } => "The vault is locked.".into(),
        _ if state.users.filter.has_text() => "Nobody matches. Esc shows everybody.".into(),
        _ => match availability::why_not(state, Action::LogIn) {
            Some(missing) => format!("Nobody is logged in: {missing}."),
            None => format!(
                "Nobody is logged in. Press {} to log in, {} to register.",
                state.keymap.key(Context::Users, Action::LogIn),
                state.keymap.key(Context::Users, Action::Register),
            ),
        },
    }
}

fn header(columns: &Columns) -> String {
    let blank = " ".repeat(columns.gap);
    let renewals = if columns.renewals {
        format!("{blank}{}{blank}{}", text::fit_right("renews", COUNTDOWN), text::fit("last", LAST))
    } else {
        String::new()
    };
    format!(
        "{:MARKS$}{}{}{blank}{}{blank}{}{renewals}",
        "",
        columns.join("user", "provider"),
        text::fit("state", STATE),
        text::fit_right("access", COUNTDOWN),
        text::fit_right("refresh", COUNTDOWN),
    )
}

fn user_line(state: &State, user: &UserView, selected: bool, columns: &Columns) -> Line<'static> {
    let theme = &state.theme;
    let StateName { severity: state_tone, glyph, word } = words::state(&user.state);
    let how = line::tone(theme, state_tone);
    let cursor = if selected { '▸' } else { ' ' };
    let current = if state.snapshot.is_current(&user.key) { '*' } else { ' ' };
    let mark = if state.marked.contains(&user.key) { '✓' } else { ' ' };
    let blank = " ".repeat(columns.gap);
    let providers = words::providers(user, columns.provider);
    let now = state.present(&user.key.app);
    let mut spans = vec![
        span(format!("{cursor}{current}{mark}"), theme.strong),
        span(format!("{glyph} "), how),
        span(columns.join(&text::inert(&user.label), &text::inert(&providers)), theme.text),
        span(format!("{}{blank}", text::fit(word, STATE)), how),
        span(format!("{}{blank}", left(user.access.as_ref(), now)), theme.text),
        span(left(user.refresh.as_ref(), now), theme.muted),
    ];
    if columns.renewals {
        let planned = user.planned_renewal().map(|at| format::left(at, state.now));
        let planned = text::fit_right(planned.as_deref().unwrap_or("-"), COUNTDOWN);
        let (last_tone, last) = words::last_refresh_short(user, state.now);
        spans.push(span(format!("{blank}{planned}{blank}"), theme.muted));
        spans.push(span(text::fit(&last, LAST), line::tone(theme, last_tone)));
    }
    Line::from(spans)
}

fn left(token: Option<&TokenView>, now: Timestamp) -> String {
    let left = token.and_then(|token| token.lifetime).map(|life| format::left(life.expires, now));
    text::fit_right(left.as_deref().unwrap_or("-"), COUNTDOWN)
}
