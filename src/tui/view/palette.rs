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
    let names = found.clone().map(|(_, entry)| text::width(&text::inert(&entry.name)));
    let name_width = names.max().unwrap_or_default().min(if columns < 60 { NAME * 2 / 3 } else { NAME });
    let line = |(row, entry)| entry_line(model, entry, row == palette.cursor, columns, name_width);
    drawn.rows(first, found.map(line));
    drawn.lines.resize(2 + height, Line::default());
    drawn.cursor = Some((text::width(PROMPT) as u16 + column, 0));
    drawn
}

/// Most columns of a name.
const NAME: usize = 24;

fn entry_line(
    model: &Model,
    entry: &PaletteEntry,
    selected: bool,
    columns: usize,
    name_width: usize,
) -> Line<'static> {
    let theme = &model.theme;
    let mark = if selected { "▸ " } else { "  " };
    let keys = text::cut(&entry.keys, columns / 4).into_owned();
    let name_width = name_width.min(columns.saturating_sub(4));
    let name = text::fit(&text::inert(&entry.name), name_width);
    let room = columns.saturating_sub(2 + name_width + 2 + text::width(&keys) + 1);
    let said = text::inert(entry.why_not.as_ref().unwrap_or(&entry.description));
    let said = match &entry.why_not {
        Some(_) => format!("({said})"),
        None => said.into_owned(),
    };
    let (name_style, style) = match (selected, &entry.why_not) {
        (true, _) => (theme.selection, theme.selection),
        (false, Some(_)) => (theme.muted, theme.muted),
        (false, None) => (theme.text, theme.muted),
    };
    Line::from(vec![
        span(mark, theme.strong),
        span(name, name_style),
        span("  ", if selected { theme.selection } else { theme.text }),
        span(text::fit(&said, room), style),
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
