//! Changes of the custom data: a preview, a conflict, and a text that could not be taken.

use bson::Bson;
use ratatui::style::Style;
use ratatui::text::Line;

use super::span;
use crate::data::DataChange;
use crate::data::change::{identical, json_size};
use crate::tui::content::tree::{type_name, whole};
use crate::tui::dialog::conflict::Field;
use crate::tui::dialog::document::Stage;
use crate::tui::dialog::{Conflict, DocumentEdit};
use crate::tui::keymap::{Action, Context};
use crate::tui::model::Model;
use crate::tui::words::Tone;
use crate::tui::{text, words};

/// The stage of an edit in lines.
pub fn document(model: &Model, edit: &DocumentEdit, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let theme = &model.theme;
    match &edit.stage {
        Stage::Reading => paragraph("The document is read at its source first.", theme.muted, columns),
        Stage::Editing => paragraph("The editor has the document.", theme.muted, columns),
        Stage::Refused(why) => {
            let mut lines = paragraph(&format!("✗ {why}"), theme.bad, columns);
            lines.push(Line::default());
            let go_on = model.keymap.call(Context::Document, Action::Submit);
            let words =
                format!("Nothing was written, and your text is kept: {go_on} opens it in the editor again.");
            lines.extend(paragraph(&words, theme.text, columns));
            lines
        }
        Stage::Preview(changes) => {
            let go_on = model.keymap.call(Context::Document, Action::Submit);
            let head = match (edit.undoes, changes.changes.len()) {
                (true, 1) => format!("{go_on} writes the former value back."),
                (true, fields) => format!("{go_on} writes {fields} former values back."),
                (false, fields) => format!("{go_on} writes {}.", words::count(fields, "change")),
            };
            let mut lines = paragraph(&head, theme.text, columns);
            lines.push(Line::default());
            let size = edit.after().as_ref().map(json_size).unwrap_or_default();
            let warning = too_large(model, size, columns);
            let room = rows.saturating_sub(lines.len() + warning.len());
            let changes = changes.changes.iter().map(|change| self::change(model, change, columns)).collect();
            lines.extend(scrolled(changes, edit.offset, room));
            lines.extend(warning);
            lines
        }
    }
}

/// Both versions, field by field, and what can be done.
pub fn conflict(model: &Model, conflict: &Conflict, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let mut lines = paragraph(conflict.opening(), theme.warn, columns);
    lines.push(Line::default());
    let ends = [
        (Action::TakeTheirs, "leave it as they wrote it, and drop yours"),
        (Action::WriteMine, "write your changes over theirs; what only they changed stays"),
        (Action::Edit, "edit again, beginning from theirs"),
    ];
    let ends = ends.map(|(action, what)| (model.keymap.call(Context::Conflict, action), what));
    let keys = ends.iter().map(|(key, _)| text::width(key)).max().unwrap_or_default();
    let ends: Vec<_> = std::iter::once(Line::default())
        .chain(ends.map(|(key, what)| {
            Line::from(vec![span(format!("{}  ", text::fit(&key, keys)), theme.key), span(what, theme.text)])
        }))
        .collect();
    let room = rows.saturating_sub(lines.len() + ends.len());
    let fields = conflict.fields().iter().flat_map(|field| versions(model, field, columns)).collect();
    lines.extend(scrolled(fields, conflict.offset, room));
    lines.extend(ends);
    lines
}

fn versions(model: &Model, field: &Field, columns: usize) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let version = |who: &str, value: &Option<Bson>, style: Style| {
        let value = value.as_ref().map_or_else(|| "nothing".to_owned(), whole);
        let value = text::cut(&text::inert(&value), columns.saturating_sub(10)).into_owned();
        Line::from(vec![span(format!("  {} ", text::fit(who, 7)), theme.muted), span(value, style)])
    };
    let path = field.path.to_string();
    let mut lines = vec![
        Line::from(span(text::cut(&text::inert(&path), columns).into_owned(), theme.strong)),
        version("before", &field.before, theme.muted),
        version("theirs", &field.theirs, theme.warn),
    ];
    match &field.mine {
        Some(mine) => lines.push(version("yours", mine, theme.good)),
        None => lines.push(Line::from(span("  yours   not changed", theme.muted))),
    }
    lines
}

/// One change in a line, told by its glyph and by its colour.
pub fn change(model: &Model, change: &DataChange, columns: usize) -> Line<'static> {
    let theme = &model.theme;
    let value = |value: &Bson| text::inert(&whole(value)).into_owned();
    let (glyph, tone, words) = match (&change.before, &change.after) {
        (None, Some(after)) => ("+", Tone::Good, value(after)),
        (Some(before), None) => ("-", Tone::Bad, value(before)),
        (Some(before), Some(after)) if identical(before, after) => {
            ("=", Tone::Plain, "stays as it is".to_owned())
        }
        (Some(before), Some(after)) => ("~", Tone::Warn, {
            // Both ends of the arrow have to be in sight.
            let typed = |of: &Bson, text: String| {
                if type_name(before) == type_name(after) {
                    text
                } else {
                    format!("{text} ({})", type_name(of))
                }
            };
            let old = text::cut(&value(before), columns / 3).into_owned();
            format!("{} → {}", typed(before, old), typed(after, value(after)))
        }),
        (None, None) => (" ", Tone::Plain, "nothing".to_owned()),
    };
    let path = change.path.to_string();
    let path = text::cut(&text::inert(&path), columns / 3).into_owned();
    let head = format!("{glyph} {path}: ");
    let room = columns.saturating_sub(text::width(&head));
    Line::from(vec![
        span(head, super::tone(theme, tone)),
        span(text::cut(&words, room).into_owned(), theme.text),
    ])
}

/// What to say about a document that is nearly, or already, too large for a header.
pub fn too_large(model: &Model, size: usize, columns: usize) -> Vec<Line<'static>> {
    let Some((tone, words)) = words::data_size_warning(size) else { return Vec::new() };
    let mut lines = vec![Line::default()];
    lines.extend(paragraph(&words, super::tone(&model.theme, tone), columns));
    lines
}

/// The lines from `offset` on that fit, and how many more there are.
fn scrolled(lines: Vec<Line<'static>>, offset: usize, room: usize) -> Vec<Line<'static>> {
    let room = room.max(2);
    if lines.len() <= room {
        return lines;
    }
    let shown = room - 1;
    let first = offset.min(lines.len() - shown);
    let rest = lines.len() - shown - first;
    let more =
        if rest == 0 { "the end".to_owned() } else { format!("{} below", words::count(rest, "more line")) };
    let mut seen: Vec<_> = lines.into_iter().skip(first).take(shown).collect();
    seen.push(Line::from(format!("  … {more}")));
    seen
}

fn paragraph(words: &str, style: Style, columns: usize) -> Vec<Line<'static>> {
    let words = text::inert(words);
    text::wrap(&words, columns).into_iter().map(|line| Line::from(span(line, style))).collect()
}
