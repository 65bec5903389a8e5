//! The chart of lifetimes: a row a user, drawn for those in sight only.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{lines, put, span, tone};
use crate::format::{self, StateName};
use crate::session::{TokenView, UserView};
use crate::text;
use crate::tui::content::scale::Scale;
use crate::tui::content::track::{Mark, Track, track};
use crate::tui::frame;
use crate::tui::keymap::{Action, Context};
use crate::tui::lifetimes::{Columns, DETAIL_LINES, LEFT, MARKS, OrderBy, rows};
use crate::tui::model::Model;
use crate::tui::theme::Theme;
use crate::tui::{layout, words};

/// Columns of the names of the selected user's moments.
const NAME: usize = 9;

/// What the glyphs mean.
const LEGEND: [(Mark, &str); 7] = [
    (Mark::Issued, "issued"),
    (Mark::Access, "access"),
    (Mark::AccessExpiry, "its end"),
    (Mark::Renewal, "renewal"),
    (Mark::Refresh, "refresh"),
    (Mark::LogIn, "log in again"),
    (Mark::Now, "now"),
];

/// Draws the view.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (theme, chart) = (&model.state.theme, &model.lifetimes);
    let (order, height) = (chart.order(), rows(area));
    let title =
        format!("Lifetimes: the next {}, by the {} token's end", chart.zoom.name(), chart.order_by.name());
    let block = frame::with_position(
        &model.state.theme,
        frame::whole(&model.state, &model.screen(&model.state.regions()), &title),
        chart.offset(),
        height,
        order.len(),
    );
    block.render(area, buffer);
    let inside = layout::inside(area);
    if order.is_empty() {
        let log_in = model.state.keymap.call(Context::Lifetimes, Action::LogIn);
        let why = match model.state.is_locked() {
            true => "The vault is locked.".to_owned(),
            false => format!("Nobody is logged in. Press {log_in} to log in."),
        };
        frame::empty(theme, inside, buffer, &why);
        return;
    }
    let columns = Columns::of(&model.state, area);
    let scale = columns.scale(chart.zoom);
    lines(inside, buffer, [axis(theme, &columns, &scale, chart.order_by)]);
    let list = Rect { y: inside.y + 1, height: height as u16, ..inside };
    for (at, row) in (chart.offset()..order.len()).zip(list.rows()) {
        let Some(user) = model.state.users.get(order[at], &model.state.snapshot) else { break };
        let selected = at == chart.cursor();
        let line = user_line(model, user, selected, &columns, &scale);
        if selected && model.dialogs.is_empty() {
            frame::selected_row(line, theme.selection, row, buffer);
        } else {
            put(&line, row, buffer);
        }
    }
    let below = Rect { y: list.bottom(), height: inside.bottom().saturating_sub(list.bottom()), ..inside };
    let user = model.state.selected().into_iter().flat_map(|user| moments(model, user, inside.width));
    lines(below, buffer, user);
    let last = Rect { y: below.y + DETAIL_LINES, height: 1, ..inside };
    lines(last, buffer, [legend(theme)]);
}

fn before(columns: &Columns, label: &str, app: &str) -> String {
    let app = if columns.app > 0 { format!("{} ", text::fit(app, columns.app)) } else { String::new() };
    format!("{} {app}", text::fit(label, columns.label))
}

/// The ticks. Their labels begin where they stand.
fn axis(theme: &Theme, columns: &Columns, scale: &Scale, by: OrderBy) -> Line<'static> {
    let mut labels = String::new();
    for (cell, label) in scale.ticks() {
        // One that the edge would cut says nothing.
        if cell >= labels.len() && cell + label.len() <= columns.chart {
            labels = format!("{labels:cell$}{label}");
        }
    }
    let before = before(columns, "user", "app");
    Line::from(vec![
        span(format!("{:MARKS$}{before}{} ", "", text::fit_right(by.name(), LEFT)), theme.muted),
        span(labels, theme.text),
    ])
}

fn user_line(
    model: &Model,
    user: &UserView,
    selected: bool,
    columns: &Columns,
    scale: &Scale,
) -> Line<'static> {
    let theme = &model.state.theme;
    let StateName { severity: state_tone, glyph, .. } = words::state(&user.state);
    let cursor = if selected { '▸' } else { ' ' };
    let current = if model.state.snapshot.is_current(&user.key) { '*' } else { ' ' };
    let present = model.state.present(&user.key.app);
    let token = match model.lifetimes.order_by {
        OrderBy::Refresh => &user.refresh,
        OrderBy::Access => &user.access,
    };
    let left = token.as_ref().and_then(|token| token.lifetime);
    let left = left.map_or_else(|| "-".to_owned(), |life| format::left(life.expires, present));
    let mut spans = vec![
        span(format!("{cursor}{current} "), theme.strong),
        span(format!("{glyph} "), tone(theme, state_tone)),
        span(before(columns, &text::inert(&user.label), &text::inert(user.key.app.as_str())), theme.text),
        span(format!("{} ", text::fit_right(&left, LEFT)), theme.text),
    ];
    spans.extend(cells(theme, track(user, scale, present, model.state.now)));
    Line::from(spans)
}

/// The cells of a row as spans, one for each run of the same mark.
fn cells(theme: &Theme, track: Track) -> Vec<Span<'static>> {
    let Track { cells, words, is_over } = track;
    let runs = |cells: &[Mark]| -> Vec<Span<'static>> {
        cells
            .chunk_by(|one, other| one == other)
            .map(|run| span(run[0].glyph().repeat(run.len()), style(theme, run[0], is_over)))
            .collect()
    };
    let Some((from, words)) = words else { return runs(&cells) };
    let from = from.min(cells.len());
    let room = cells.len() - from;
    let parted = words.ends_with(' ');
    let mut words = text::cut(words.trim_end(), room).into_owned();
    // A blank parts them from what is behind, where there is room for one.
    if parted && text::width(&words) < room {
        words.push(' ');
    }
    let until = (from + text::width(&words)).min(cells.len());
    let how = if is_over { theme.bad } else { theme.warn };
    let mut spans = runs(&cells[..from]);
    spans.push(span(words, how));
    spans.extend(runs(&cells[until..]));
    spans
}

fn style(theme: &Theme, mark: Mark, is_over: bool) -> Style {
    match mark {
        Mark::Blank | Mark::Grid => theme.spent,
        Mark::Refresh | Mark::Earlier | Mark::Later | Mark::Issued => theme.muted,
        Mark::Access => theme.good,
        Mark::AccessExpiry | Mark::Now => theme.text,
        Mark::Renewal => theme.busy,
        Mark::LogIn if is_over => theme.bad,
        Mark::LogIn => theme.warn,
    }
}

/// The exact moments of the selected user, by this machine's clock.
fn moments(model: &Model, user: &UserView, width: u16) -> Vec<Line<'static>> {
    let theme = &model.state.theme;
    let width = usize::from(width);
    let now = model.state.present(&user.key.app);
    let sentence = words::state_sentence(user, &model.state.keymap, model.state.now);
    let heading = format!("── {}: {sentence} ", user.label);
    let field = |name: &str, value: String| {
        let value = text::cut(&text::inert(&value), width.saturating_sub(NAME)).into_owned();
        Line::from(vec![span(text::fit(name, NAME), theme.muted), span(value, theme.text)])
    };
    let renewal = match user.planned_renewal() {
        Some(at) => format!("{}  {}", words::moment(at), until(at, model.state.now)),
        None => "not planned".to_owned(),
    };
    vec![
        Line::from(span(text::cut(&text::inert(&heading), width).into_owned(), theme.strong)),
        field("access", life(user.access.as_ref(), now)),
        field("renewal", format!("{renewal}; the last: {}", words::last_refresh(user))),
        field("refresh", life(user.refresh.as_ref(), now)),
    ]
}

/// From when to when a token is valid, and how long still.
fn life(token: Option<&TokenView>, now: Timestamp) -> String {
    match token.map(|token| token.lifetime) {
        None => "no token".into(),
        Some(None) => "says no expiry".into(),
        Some(Some(life)) => {
            let (issued, expires) = (words::moment(life.issued), words::moment(life.expires));
            format!("{issued} → {expires}  {}", until(life.expires, now))
        }
    }
}

fn until(end: Timestamp, now: Timestamp) -> String {
    match format::left(end, now).as_str() {
        "over" => "over".into(),
        left => format!("in {left}"),
    }
}

fn legend(theme: &Theme) -> Line<'static> {
    let entries = LEGEND.iter().flat_map(|(mark, meaning)| {
        [span(mark.glyph(), style(theme, *mark, false)), span(format!(" {meaning}  "), theme.muted)]
    });
    Line::from(entries.collect::<Vec<_>>())
}
