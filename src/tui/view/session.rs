//! The Session pane.

use ratatui::buffer::Buffer;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{pane, span, tone};
use crate::account::Lifetime;
use crate::tui::content::session::Row;
use crate::tui::layout::Pane;
use crate::tui::layout::Regions;
use crate::tui::model::Model;
use crate::tui::widget::gauge;
use crate::tui::words::Tone;
use crate::tui::{countdown, text, words};

/// Columns of the names of fields.
const NAME: usize = 8;
/// Columns of ` 100%` and ` 59d 23h`.
const FIGURES: usize = 5 + 8;
/// From this share on a life is short.
const SHORT: u8 = 20;

/// Draws the pane.
pub fn draw(model: &Model, regions: &Regions, buffer: &mut Buffer) {
    let area = regions.pane(Pane::Session);
    if area.area() == 0 {
        return;
    }
    let inside = regions.inside(Pane::Session);
    let rows = model.session_rows();
    let first = model.detail.session_offset;
    let height = usize::from(inside.height);
    pane::with_position(
        &model.state.theme,
        pane::frame(model, regions, Pane::Session),
        first,
        height,
        rows.len(),
    )
    .render(area, buffer);
    if rows.is_empty() {
        pane::empty(
            &model.state.theme,
            inside,
            buffer,
            &words::no_user(&model.state.keymap, model.state.is_locked()),
        );
        return;
    }
    let columns = usize::from(inside.width);
    let names = claim_names(&rows, columns);
    let shown = rows.iter().enumerate().skip(first).take(height);
    for ((at, item), row) in shown.zip(inside.rows()) {
        let selected = at == model.detail.session_cursor;
        pane::row(model, Pane::Session, line(model, item, columns, names), selected, row, buffer);
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

fn line(model: &Model, row: &Row, columns: usize, names: usize) -> Line<'static> {
    let theme = &model.state.theme;
    match row {
        Row::State { tone: how, glyph, text } => {
            Line::from(span(format!("{} {text}", text::fit(glyph, 1)), tone(theme, *how)))
        }
        Row::Field { name, value } => {
            let value = text::cut(&text::inert(value), columns.saturating_sub(NAME)).into_owned();
            Line::from(vec![span(text::fit(name, NAME), theme.muted), span(value, theme.text)])
        }
        Row::Gauge { name, life } => gauge_line(model, name, life, columns),
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

fn gauge_line(model: &Model, name: &str, life: &Lifetime, columns: usize) -> Line<'static> {
    let theme = &model.state.theme;
    let now = model.state.selected().map_or(model.state.now, |user| model.state.present(&user.key.app));
    let percent = countdown::percent(life, now);
    let how = match percent {
        0 => Tone::Bad,
        1..=SHORT => Tone::Warn,
        _ => Tone::Good,
    };
    let (filled, spent) = gauge::gauge(percent, columns.saturating_sub(NAME + FIGURES));
    Line::from(vec![
        span(text::fit(name, NAME), theme.muted),
        span(filled, tone(theme, how)),
        span(spent, theme.spent),
        span(format!("{percent:>4}%"), theme.muted),
        span(text::fit_right(&countdown::left(life.expires, now), 8), tone(theme, how)),
    ])
}
