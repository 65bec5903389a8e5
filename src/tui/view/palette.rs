//! The command palette, and the menu of what to copy.

use ratatui::text::Line;

use super::form::Drawn;
use super::span;
use crate::tui::dialog::{CopyMenu, Palette, PaletteEntry};
use crate::tui::form::{FieldKind, FieldName};
use crate::tui::keymap::Context;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::widget::text_field;

/// Most rows of what was found.
const ROWS: usize = 14;
/// What stands before the text.
const PROMPT: &str = "❯ ";

/// The text, and what matches it. The rows that are not needed stay empty, so that nothing jumps while one types.
pub fn palette(model: &Model, palette: &Palette, columns: usize, rows: usize) -> Drawn {
    let theme = &model.theme;
    let cursor = match palette.form.field(FieldName::Query).map(|field| &field.kind) {
        Some(FieldKind::Text(input)) => input.cursor(),
        _ => 0,
    };
    let room = columns.saturating_sub(text::width(PROMPT));
    let (shown, column) = text_field::in_sight(palette.text(), cursor, room);
    let mut drawn = Drawn::lines(vec![
        Line::from(vec![span(PROMPT, theme.key), span(shown, theme.text)]),
        Line::from(span("─".repeat(columns), theme.border)),
    ]);
    let height = rows.saturating_sub(drawn.lines.len()).clamp(3, ROWS);
    if palette.found.is_empty() {
        drawn.lines.push(Line::from(span("Nothing has such a name.", theme.muted)));
    }
    let first = (palette.cursor + 1).saturating_sub(height);
    let found = palette.found.iter().enumerate().skip(first).take(height);
    drawn.rows(first, found.map(|(row, entry)| entry_line(model, entry, row == palette.cursor, columns)));
    drawn.lines.resize(2 + height, Line::default());
    drawn.cursor = Some((text::width(PROMPT) as u16 + column, 0));
    drawn
}

fn entry_line(model: &Model, entry: &PaletteEntry, selected: bool, columns: usize) -> Line<'static> {
    let theme = &model.theme;
    let mark = if selected { "▸ " } else { "  " };
    let keys = text::inert(&entry.keys).into_owned();
    let keys = text::cut(&keys, columns / 3).into_owned();
    let room = columns.saturating_sub(2 + text::width(&keys) + 1);
    let title = match &entry.why_not {
        Some(why) => format!("{} ({why})", entry.title),
        None => entry.title.clone(),
    };
    let style = match (selected, &entry.why_not) {
        (true, _) => theme.selection,
        (false, Some(_)) => theme.muted,
        (false, None) => theme.text,
    };
    Line::from(vec![
        span(mark, theme.strong),
        span(text::fit(&text::inert(&title), room), style),
        span(" ", theme.text),
        span(keys, theme.key),
    ])
}

/// What of a user can be copied.
pub fn copy_menu(model: &Model, menu: &CopyMenu) -> Drawn {
    let theme = &model.theme;
    let keys = CopyMenu::ROWS.map(|action| model.keymap.key(Context::CopyMenu, action));
    let width = keys.iter().map(|key| text::width(key)).max().unwrap_or_default();
    let mut drawn = Drawn::default();
    for (row, action) in CopyMenu::ROWS.into_iter().enumerate() {
        let Some(binding) = model.keymap.binding(Context::CopyMenu, action) else { continue };
        let chosen = row == menu.cursor;
        let line = Line::from(vec![
            span(if chosen { "▸ " } else { "  " }, theme.strong),
            span(format!("{}  ", text::fit(&keys[row], width)), theme.key),
            span(binding.description, if chosen { theme.selection } else { theme.text }),
        ]);
        drawn.rows(row, [line]);
    }
    drawn
}
