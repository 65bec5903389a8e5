//! The Users pane: a row a user, drawn for those in sight only.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{lines, pane, span, tone};
use crate::session::{TokenView, UserView, VaultStatus};
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Regions;
use crate::tui::model::{Model, Pane};
use crate::tui::widget::text_field;
use crate::tui::{countdown, needs, text, words};

/// Widths of the columns.
struct Columns {
    gap: usize,
    label: usize,
    app: usize,
    provider: usize,
}

/// Cursor, current marker, glyph, and the blanks behind them.
const MARKS: usize = 5;
const APP: usize = 8;
const PROVIDER: usize = 11;
const STATE: usize = 12;
const COUNTDOWN: usize = 7;
/// From this width on the columns stand further apart.
const ROOMY: usize = 72;

impl Columns {
    fn new(width: usize, with_app: bool) -> Self {
        let roomy = if with_app { ROOMY + APP } else { ROOMY };
        let gap = if width >= roomy { 2 } else { 1 };
        let spare = width.saturating_sub(roomy);
        let (app, app_gap) = if with_app { (APP + spare / 6, gap) } else { (0, 0) };
        let provider = PROVIDER + (spare / 4).min(12);
        let taken = MARKS + app + app_gap + provider + STATE + 2 * COUNTDOWN + 4 * gap;
        Self { gap, label: width.saturating_sub(taken), app, provider }
    }

    fn join(&self, label: &str, app: &str, provider: &str) -> String {
        let blank = " ".repeat(self.gap);
        let app = if self.app > 0 { format!("{}{blank}", text::fit(app, self.app)) } else { String::new() };
        format!("{}{blank}{app}{}{blank}", text::fit(label, self.label), text::fit(provider, self.provider))
    }
}

/// Columns that the text of the filter takes in the title while it is typed.
const FILTER: usize = 24;

/// Draws the pane; where the cursor stands while the filter is typed.
pub fn draw(model: &Model, regions: &Regions, buffer: &mut Buffer) -> Option<Position> {
    let area = regions.pane(Pane::Users);
    if area.area() == 0 {
        return None;
    }
    let theme = &model.theme;
    let rows = model.users.len(&model.snapshot);
    let first = model.users.offset();
    let (title, cursor) = title(model);
    let frame = pane::frame(model, Pane::Users).title(title);
    let mut block = pane::with_position(frame, first, regions.user_rows(), rows);
    let cursor = cursor
        .map(|column| Position { x: area.x + pane::behind_title(model, Pane::Users) + column, y: area.y });
    if let VaultStatus::Open { set_aside, .. } = &model.snapshot.vault
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
        return cursor;
    }
    let columns = Columns::new(usize::from(inside.width), model.snapshot.apps.len() > 1);
    lines(inside, buffer, [Line::from(span(header(&columns), theme.muted))]);
    let below = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
    for (at, row) in (first..rows).zip(below.rows()) {
        let Some(user) = model.users.get(at, &model.snapshot) else { break };
        let selected = at == model.users.index();
        let line = user_line(model, user, selected, &columns);
        if selected && pane::has_focus(model, Pane::Users) {
            pane::selected_row(line, theme.selection, row, buffer);
            continue;
        }
        line.render(row, buffer);
        if selected {
            buffer.set_style(row, theme.selection_idle);
        }
    }
    cursor
}

/// What stands behind the title: the filter with how many it shows, and how many are marked. While the filter is typed, the
/// column of the cursor in it.
fn title(model: &Model) -> (Line<'static>, Option<u16>) {
    let theme = &model.theme;
    let filter = &model.users.filter;
    let mut spans = Vec::new();
    let mut cursor = None;
    if filter.typing || filter.is_on() {
        let (shown, column) = text_field::in_sight(filter.text(), filter.cursor(), FILTER);
        cursor = filter.typing.then_some(column + 2);
        spans.push(span(format!(" /{shown} "), theme.key));
        let (some, all) = (model.users.len(&model.snapshot), model.snapshot.users.len());
        spans.push(span(format!(" {some} of {all} "), theme.text));
    }
    let hidden = model.marked.len() - model.marked_shown.min(model.marked.len());
    match (model.marked_shown, hidden) {
        (0, 0) => {}
        (shown, 0) => spans.push(span(format!(" {shown} marked "), theme.warn)),
        (shown, hidden) => spans.push(span(format!(" {shown} marked, {hidden} more hidden "), theme.warn)),
    }
    (Line::from(spans), cursor)
}

fn nobody(model: &Model) -> String {
    match &model.snapshot.vault {
        VaultStatus::Opening => "opening the vault…".into(),
        _ if !model.snapshot.users.is_empty() => "Nobody matches. Esc shows everybody.".into(),
        _ => match needs::missing(model, Action::LogIn) {
            Some(missing) => format!("Nobody is logged in: {missing}."),
            None => format!(
                "Nobody is logged in. Press {} to log in, {} to register.",
                model.keymap.key(Context::Users, Action::LogIn),
                model.keymap.key(Context::Users, Action::Register),
            ),
        },
    }
}

fn header(columns: &Columns) -> String {
    let blank = " ".repeat(columns.gap);
    format!(
        "{:MARKS$}{}{}{blank}{}{blank}{}",
        "",
        columns.join("user", "app", "provider"),
        text::fit("state", STATE),
        text::fit_right("access", COUNTDOWN),
        text::fit_right("refresh", COUNTDOWN),
    )
}

fn user_line(model: &Model, user: &UserView, selected: bool, columns: &Columns) -> Line<'static> {
    let theme = &model.theme;
    let (state_tone, glyph, word) = words::state(&user.state);
    let state = tone(theme, state_tone);
    let cursor = if selected { '▸' } else { ' ' };
    let current = if model.snapshot.is_current(&user.key) { '*' } else { ' ' };
    let mark = if model.marked.contains(&user.key) { '✓' } else { ' ' };
    let blank = " ".repeat(columns.gap);
    let providers = words::providers(user, columns.provider);
    let now = model.present(&user.key.app);
    Line::from(vec![
        span(format!("{cursor}{current}{mark}"), theme.strong),
        span(format!("{glyph} "), state),
        span(
            columns.join(
                &text::inert(&user.label),
                &text::inert(user.key.app.as_str()),
                &text::inert(&providers),
            ),
            theme.text,
        ),
        span(format!("{}{blank}", text::fit(word, STATE)), state),
        span(format!("{}{blank}", left(user.access.as_ref(), now)), theme.text),
        span(left(user.refresh.as_ref(), now), theme.muted),
    ])
}

fn left(token: Option<&TokenView>, now: Timestamp) -> String {
    let left = token.and_then(|token| token.lifetime).map(|life| countdown::left(life.expires, now));
    text::fit_right(left.as_deref().unwrap_or("-"), COUNTDOWN)
}
