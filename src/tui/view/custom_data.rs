//! The Custom data pane: a tree.

use ratatui::buffer::Buffer;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{pane, span};
use crate::tui::content::tree::{Kind, Row};
use crate::tui::layout::Regions;
use crate::tui::model::{Model, Pane};
use crate::tui::text;

/// Draws the pane.
pub fn draw(model: &Model, regions: &Regions, buffer: &mut Buffer) {
    let area = regions.pane(Pane::CustomData);
    if area.area() == 0 {
        return;
    }
    let theme = &model.theme;
    let inside = regions.inside(Pane::CustomData);
    let tree = &model.detail.tree;
    let first = model.detail.tree_offset;
    let height = usize::from(inside.height);
    let block = pane::frame(model, Pane::CustomData);
    pane::with_position(block, first, height, tree.rows().len()).render(area, buffer);
    if tree.rows().is_empty() {
        pane::empty(theme, inside, buffer, nothing(model));
        return;
    }
    for ((at, item), row) in tree.rows().iter().enumerate().skip(first).zip(inside.rows()) {
        let line = line(model, item, usize::from(inside.width));
        pane::row(model, Pane::CustomData, line, at == tree.cursor(), row, buffer);
    }
}

fn nothing(model: &Model) -> &'static str {
    match model.selected() {
        None => "No user is selected. Press l in Users to log one in.",
        Some(user) if user.state.is_logged_in() => "No custom data. Press e to add a field.",
        Some(_) => "Custom data comes with a session. Press l in Users to log in.",
    }
}

fn line(model: &Model, row: &Row, columns: usize) -> Line<'static> {
    let theme = &model.theme;
    let mark = match row.kind {
        Kind::Container { open: true, .. } => "▾",
        Kind::Container { open: false, .. } => "▸",
        _ => " ",
    };
    let style = match row.kind {
        Kind::Container { .. } => theme.muted,
        Kind::Text => theme.value_text,
        Kind::Number(_) => theme.value_number,
        Kind::Other(_) => theme.value_other,
    };
    let kind = row.kind.name();
    let room = columns.saturating_sub(kind.len() + 1);
    let indent = (row.depth * 2).min(room / 2);
    let name = text::inert(&row.name);
    let name = text::cut(&name, room.saturating_sub(indent + 4).min(columns / 2)).into_owned();
    let head = format!("{:indent$}{mark} {name}: ", "");
    let value = text::fit(&text::inert(&row.value), room.saturating_sub(text::width(&head)));
    Line::from(vec![span(head, theme.text), span(value, style), span(format!(" {kind}"), theme.muted)])
}
