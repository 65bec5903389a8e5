//! The Users pane: a row a user, drawn for those in sight only.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{pane, put, span, tone};
use crate::session::{TokenView, UserView, VaultStatus};
use crate::tui::headings::At;
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::layout::Regions;
use crate::tui::model::Model;
use crate::tui::user_list::Group;
use crate::tui::widget::text_field;
use crate::tui::{countdown, needs, text, words};

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

/// Draws the pane; where the cursor stands while the filter is typed.
pub fn draw(model: &Model, regions: &Regions, buffer: &mut Buffer) -> Option<Position> {
    let area = regions.pane(Pane::Users);
    if area.area() == 0 {
        return None;
    }
    let theme = &model.state.theme;
    let users = &model.state.users;
    let (rows, lines) = (users.len(&model.state.snapshot), users.lines(&model.state.snapshot));
    let list = regions.list(Pane::Users);
    let (title, cursor) = title(model);
    let mut block = pane::frame(model, regions, Pane::Users).title(title);
    if lines > usize::from(list.height) {
        let seen = users.rows_in_sight(usize::from(list.height), &model.state.snapshot);
        block = pane::with_position(&model.state.theme, block, seen.start, seen.len(), rows);
    }
    let cursor = cursor
        .map(|column| Position { x: area.x + pane::behind_title(model, Pane::Users) + column, y: area.y });
    if let VaultStatus::Open { set_aside, .. } = &model.state.snapshot.vault
        && let Some(damaged) = words::set_aside(set_aside)
    {
        let room = usize::from(area.width).saturating_sub(4);
        let damaged = text::cut(&text::inert(&damaged), room).into_owned();
        block = block
            .title_bottom(Line::from(span(format!(" {damaged} "), theme.warn)).alignment(Alignment::Left));
    }
    block.render(area, buffer);
    let inside = regions.inside(Pane::Users);
    if rows == 0 {
        pane::empty(theme, inside, buffer, &nobody(model));
        let below = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
        let headings = (0..lines).filter_map(|number| users.group(number));
        super::lines(below, buffer, headings.map(|group| heading(model, group, usize::from(inside.width))));
        return cursor;
    }
    let columns = Columns::new(usize::from(inside.width), regions.shows_renewals());
    super::lines(inside, buffer, [Line::from(span(header(&columns), theme.muted))]);
    for (line, row) in (users.offset()..lines).zip(list.rows()) {
        let at = match users.at(line) {
            At::Heading(number) => {
                let group = users.group(number);
                let heading = group.map(|group| heading(model, group, usize::from(row.width)));
                put(&heading.unwrap_or_default(), row, buffer);
                continue;
            }
            At::Item(at) => at,
        };
        let Some(user) = users.get(at, &model.state.snapshot) else { break };
        let selected = at == users.index();
        let line = user_line(model, user, selected, &columns);
        if selected && pane::has_focus(model, Pane::Users) {
            pane::selected_row(line, theme.selection, row, buffer);
            continue;
        }
        put(&line, row, buffer);
        if selected {
            buffer.set_style(row, theme.selection_idle);
        }
    }
    if let Some(user) = model.state.selected().filter(|_| regions.user_detail() > 0) {
        let below = Rect { y: list.bottom(), height: regions.user_detail(), ..inside };
        super::lines(below, buffer, detail(model, user, usize::from(inside.width)));
    }
    cursor
}

/// The heading of an app: its name, where it is, how many users it has, and whether something is the matter with it.
fn heading(model: &Model, group: &Group, columns: usize) -> Line<'static> {
    let theme = &model.state.theme;
    let app = model.state.snapshot.app(&group.app);
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
    spans.extend(state.map(|(how, words)| span(format!("  {words}"), tone(theme, how))));
    Line::from(spans)
}

/// What the columns do not say of the selected user, where no other pane is there to say it.
fn detail(model: &Model, user: &UserView, columns: usize) -> Vec<Line<'static>> {
    let theme = &model.state.theme;
    let (how, glyph, _) = words::state(&user.state);
    let field = |name: &str, value: String| {
        let value = text::cut(&text::inert(&value), columns.saturating_sub(DETAIL_NAME)).into_owned();
        Line::from(vec![span(text::fit(name, DETAIL_NAME), theme.muted), span(value, theme.text)])
    };
    let label = text::inert(&user.label);
    let label = text::cut(&label, columns / 2).into_owned();
    let sentence =
        text::inert(&words::state_sentence(user, &model.state.keymap, model.state.now)).into_owned();
    let room = columns.saturating_sub(3 + text::width(&label) + 4);
    vec![
        pane::rule(
            theme,
            vec![
                span(label, theme.strong),
                span(format!("  {glyph} {}", text::cut(&sentence, room)), tone(theme, how)),
            ],
            columns,
        ),
        field("identities", words::providers(user, usize::MAX)),
        field("renewal", words::last_refresh(user)),
    ]
}

/// What stands behind the title: the filter with how many it shows, and how many are marked. While the filter is typed, the
/// column of the cursor in it.
fn title(model: &Model) -> (Line<'static>, Option<u16>) {
    let theme = &model.state.theme;
    let filter = &model.state.users.filter;
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
        let (some, all) = (model.state.users.len(&model.state.snapshot), model.state.snapshot.users.len());
        spans.push(span(format!(" {some} of {all} "), theme.text));
    }
    let hidden = model.state.marked.len() - model.state.marked_shown.min(model.state.marked.len());
    match (model.state.marked_shown, hidden) {
        (0, 0) => {}
        (shown, 0) => spans.push(span(format!(" {shown} marked "), theme.warn)),
        (shown, hidden) => spans.push(span(format!(" {shown} marked, {hidden} more hidden "), theme.warn)),
    }
    (Line::from(spans), cursor)
}

fn nobody(model: &Model) -> String {
    match &model.state.snapshot.vault {
        VaultStatus::Opening => "opening the vault…".into(),
        VaultStatus::Locked { .. } => "The vault is locked.".into(),
        _ if model.state.users.filter.has_text() => "Nobody matches. Esc shows everybody.".into(),
        _ => match needs::missing(model, Action::LogIn) {
            Some(missing) => format!("Nobody is logged in: {missing}."),
            None => format!(
                "Nobody is logged in. Press {} to log in, {} to register.",
                model.state.keymap.key(Context::Users, Action::LogIn),
                model.state.keymap.key(Context::Users, Action::Register),
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

fn user_line(model: &Model, user: &UserView, selected: bool, columns: &Columns) -> Line<'static> {
    let theme = &model.state.theme;
    let (state_tone, glyph, word) = words::state(&user.state);
    let state = tone(theme, state_tone);
    let cursor = if selected { '▸' } else { ' ' };
    let current = if model.state.snapshot.is_current(&user.key) { '*' } else { ' ' };
    let mark = if model.state.marked.contains(&user.key) { '✓' } else { ' ' };
    let blank = " ".repeat(columns.gap);
    let providers = words::providers(user, columns.provider);
    let now = model.state.present(&user.key.app);
    let mut spans = vec![
        span(format!("{cursor}{current}{mark}"), theme.strong),
        span(format!("{glyph} "), state),
        span(columns.join(&text::inert(&user.label), &text::inert(&providers)), theme.text),
        span(format!("{}{blank}", text::fit(word, STATE)), state),
        span(format!("{}{blank}", left(user.access.as_ref(), now)), theme.text),
        span(left(user.refresh.as_ref(), now), theme.muted),
    ];
    if columns.renewals {
        let planned = user.planned_renewal().map(|at| countdown::left(at, model.state.now));
        let planned = text::fit_right(planned.as_deref().unwrap_or("-"), COUNTDOWN);
        let (how, last) = words::last_refresh_short(user, model.state.now);
        spans.push(span(format!("{blank}{planned}{blank}"), theme.muted));
        spans.push(span(text::fit(&last, LAST), tone(theme, how)));
    }
    Line::from(spans)
}

fn left(token: Option<&TokenView>, now: Timestamp) -> String {
    let left = token.and_then(|token| token.lifetime).map(|life| countdown::left(life.expires, now));
    text::fit_right(left.as_deref().unwrap_or("-"), COUNTDOWN)
}
