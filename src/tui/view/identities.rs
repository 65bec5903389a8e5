//! The Identities pane.

use ratatui::buffer::Buffer;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{pane, span};
use crate::tui::content::identities::Row;
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::layout::Regions;
use crate::tui::model::Model;
use crate::tui::{text, words};

/// Draws the pane.
pub fn draw(model: &Model, regions: &Regions, buffer: &mut Buffer) {
    let area = regions.pane(Pane::Identities);
    if area.area() == 0 {
        return;
    }
    let inside = regions.inside(Pane::Identities);
    let rows = &model.detail.identities;
    let first = model.detail.identities_offset;
    let height = usize::from(inside.height);
    pane::with_position(
        &model.state.theme,
        pane::frame(model, regions, Pane::Identities),
        first,
        height,
        rows.len(),
    )
    .render(area, buffer);
    if rows.is_empty() {
        pane::empty(&model.state.theme, inside, buffer, &nothing(model));
        return;
    }
    let columns = usize::from(inside.width);
    let names = rows.iter().map(|row| text::width(&text::inert(name(row)))).max().unwrap_or(0);
    let names = names.min(columns / 2);
    for ((at, item), row) in rows.iter().enumerate().skip(first).zip(inside.rows()) {
        let selected = at == model.detail.identities_cursor;
        pane::row(model, Pane::Identities, line(model, item, columns, names), selected, row, buffer);
    }
}

fn nothing(model: &Model) -> String {
    let call = |action| model.state.keymap.call(Context::Users, action);
    match model.state.selected() {
        None => words::no_user(&model.state.keymap, model.state.is_locked()),
        Some(user) if user.state.is_logged_in() => {
            format!("The profile is not here yet. Press {} to refresh.", call(Action::Refresh))
        }
        Some(_) => format!("No profile. Press {} in Users to log in.", call(Action::LogIn)),
    }
}

fn name(row: &Row) -> &str {
    match row {
        Row::Identity { provider, .. } => provider,
        Row::Data { name, .. } => name,
        Row::Heading(_) => "",
    }
}

fn line(model: &Model, row: &Row, columns: usize, names: usize) -> Line<'static> {
    let theme = &model.state.theme;
    let (mark, value, style) = match row {
        Row::Heading(heading) => return Line::from(span(format!("── {heading} "), theme.muted)),
        Row::Identity { number, id, .. } => (number.to_string(), id, theme.strong),
        Row::Data { value, .. } => (String::new(), value, theme.muted),
    };
    let name = text::fit(&text::inert(name(row)), names);
    let value = text::inert(value);
    let value = text::cut(&value, columns.saturating_sub(names + 3)).into_owned();
    Line::from(vec![
        span(text::fit(&mark, 2), theme.muted),
        span(format!("{name} "), style),
        span(value, theme.text),
    ])
}
