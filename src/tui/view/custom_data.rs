//! The Custom data pane: a tree.

use ratatui::buffer::Buffer;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{pane, span};
use crate::tui::content::tree::{Kind, Mark, Row};
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::layout::Regions;
use crate::tui::model::Model;
use crate::tui::words::Tone;
use crate::tui::{text, words};

/// Draws the pane.
pub fn draw(model: &Model, regions: &Regions, buffer: &mut Buffer) {
    let area = regions.pane(Pane::CustomData);
    if area.area() == 0 {
        return;
    }
    let theme = &model.state.theme;
    let inside = regions.inside(Pane::CustomData);
    let tree = &model.detail.tree;
    let first = model.detail.tree_offset;
    let height = usize::from(inside.height);
    let block = pane::frame(model, regions, Pane::CustomData);
    let mut block = pane::with_position(&model.state.theme, block, first, height, tree.rows().len());
    if let Some((tone, words)) = words::data_size(model.detail.data_size) {
        block = block.title(Line::from(span(format!(" {words} "), super::tone(theme, tone))));
    }
    if let Some(line) = copies(model, usize::from(area.width).saturating_sub(4)) {
        block = block.title_bottom(line);
    }
    block.render(area, buffer);
    if tree.rows().is_empty() {
        pane::empty(theme, inside, buffer, &nothing(model));
        return;
    }
    for ((at, item), row) in tree.rows().iter().enumerate().skip(first).zip(inside.rows()) {
        let line = line(model, item, usize::from(inside.width));
        pane::row(model, Pane::CustomData, line, at == tree.cursor(), row, buffer);
    }
}

/// How old the token's copy and the source are, and whether they differ.
fn copies(model: &Model, columns: usize) -> Option<Line<'static>> {
    let theme = &model.state.theme;
    let user = model.state.selected()?;
    let life = user.access.as_ref()?.lifetime;
    let now = model.state.present(&user.key.app);
    let mut parts = Vec::new();
    match life {
        Some(life) if life.is_over(now) => parts.push("token over".to_owned()),
        Some(life) => parts.push(format!("token {}", words::age(life.issued, now))),
        None => {}
    }
    let source = user.source.as_ref();
    if let Some(read) = source.and_then(|source| source.read_at) {
        parts.push(format!("source {}", words::age(read, model.state.now)));
    }
    let (tone, last) =
        match (source.and_then(|source| source.failed.as_ref()), model.detail.tree.differences()) {
            (Some(_), _) => (Tone::Bad, "✗ source not read".to_owned()),
            (None, Some(0)) if model.detail.tree.rows().is_empty() => {
                (Tone::Plain, "nothing there".to_owned())
            }
            (None, Some(0)) => (Tone::Good, "✓ alike".to_owned()),
            (None, Some(count)) => (Tone::Warn, format!("≠ {count}")),
            (None, None) => (Tone::Plain, String::new()),
        };
    let words = parts.join(" · ");
    let room = columns.saturating_sub(text::width(&last) + 3);
    let words = text::cut(&words, room).into_owned();
    let gap = if last.is_empty() || words.is_empty() { "" } else { " · " };
    Some(Line::from(vec![
        span(format!(" {words}{gap}"), theme.muted),
        span(format!("{last} "), super::tone(theme, tone)),
    ]))
}

fn nothing(model: &Model) -> String {
    let call = |context, action| model.state.keymap.call(context, action);
    match model.state.selected() {
        None => words::no_user(&model.state.keymap, model.state.is_locked()),
        Some(user) if user.state.is_logged_in() => {
            format!("No custom data. Press {} to add a field.", call(Context::CustomData, Action::AddField))
        }
        Some(_) => format!(
            "Custom data comes with a session. Press {} in Users to log in.",
            call(Context::Users, Action::LogIn)
        ),
    }
}

fn line(model: &Model, row: &Row, columns: usize) -> Line<'static> {
    let theme = &model.state.theme;
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
    let (glyph, told) = match row.mark {
        None => ("", None),
        Some(Mark::Differs) => ("≠", Some(theme.warn)),
        Some(Mark::AtSource) => ("+", Some(theme.good)),
        Some(Mark::InToken) => ("-", Some(theme.bad)),
    };
    let mark = if glyph.is_empty() { mark.to_owned() } else { format!("{glyph}{}", mark.trim()) };
    let name = text::inert(&row.name);
    let name = text::cut(&name, room.saturating_sub(indent + 4).min(columns / 2)).into_owned();
    let head = format!("{:indent$}{mark} {name}: ", "");
    let value = match &row.newer {
        Some(newer) => format!("{} → {newer}", row.value),
        None => row.value.clone(),
    };
    let value = text::fit(&text::inert(&value), room.saturating_sub(text::width(&head)));
    let style = told.unwrap_or(style);
    Line::from(vec![
        span(head, told.unwrap_or(theme.text)),
        span(value, style),
        span(format!(" {kind}"), theme.muted),
    ])
}
