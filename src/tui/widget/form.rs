//! The fields of a form, drawn.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::line::span;
use super::page::{Drawn, Spot};
use super::text_field;
use crate::text;
use crate::tui::form::{Field, FieldKind, Form};
use crate::tui::theme::Theme;

/// Draws a form in `columns` columns.
pub fn draw(form: &Form, theme: &Theme, columns: usize) -> Drawn {
    let labels = form.fields().filter(|field| has_label(field)).map(|field| text::width(field.label)).max();
    let labels = labels.unwrap_or(0);
    let mut drawn = Drawn::default();
    for field in form.fields() {
        field_lines(field, form.is_focused(field.name), theme, labels, columns, &mut drawn);
        if field.height() == 1 {
            drawn.mark(Spot::Field(field.name));
        }
        let beside = [(&field.error, "✗", theme.bad), (&field.note, "!", theme.warn)];
        for (words, mark, style) in beside
            .into_iter()
            .filter_map(|(words, mark, style)| words.as_ref().map(|words| (words, mark, style)))
        {
            let indent = if has_label(field) { labels + 4 } else { 2 };
            let words = text::inert(words);
            for (row, line) in text::wrap(&words, columns.saturating_sub(indent + 2)).into_iter().enumerate()
            {
                let mark = if row == 0 { mark } else { " " };
                drawn.lines.push(Line::from(span(format!("{:indent$}{mark} {line}", ""), style)));
            }
        }
    }
    drawn
}

/// A toggle's label stands behind its box.
fn has_label(field: &Field) -> bool {
    !field.label.is_empty() && !matches!(field.kind, FieldKind::Toggle(_))
}

fn field_lines(
    field: &Field,
    focused: bool,
    theme: &Theme,
    labels: usize,
    columns: usize,
    drawn: &mut Drawn,
) {
    let mark = if focused { "▸ " } else { "  " };
    let label_style = if focused { theme.strong } else { theme.muted };
    let head = |label: &str| span(format!("{mark}{}  ", text::fit(label, labels)), label_style);
    let room = columns.saturating_sub(labels + 4);
    let box_style = theme.text.add_modifier(Modifier::UNDERLINED);
    let chosen_style = if focused { theme.selection } else { theme.text };
    match &field.kind {
        FieldKind::Text(input) => {
            let (shown, column) = text_field::in_sight(input.value(), input.cursor(), room);
            push_box(head(field.label), &shown, room, box_style, drawn);
            set_cursor(focused, labels, column, drawn);
        }
        FieldKind::Secret(secret) => {
            let (shown, column) = if secret.revealed {
                text_field::in_sight(secret.peek(), secret.peek().chars().count(), room)
            } else {
                let dots = secret.len().min(room.saturating_sub(1));
                ("•".repeat(dots), dots as u16)
            };
            push_box(head(field.label), &shown, room, box_style, drawn);
            set_cursor(focused, labels, column, drawn);
        }
        FieldKind::Choice { options, chosen, listed: true } => {
            for (at, option) in options.iter().enumerate() {
                let dot = if at == *chosen { "(•)" } else { "( )" };
                let style = if at == *chosen { chosen_style } else { theme.text };
                let mark = if at == *chosen { mark } else { "  " };
                drawn
                    .lines
                    .push(Line::from(vec![span(mark, theme.strong), span(format!("{dot} {option}"), style)]));
                drawn.mark(Spot::Option(field.name, at));
            }
        }
        FieldKind::Choice { options, chosen, listed: false } => {
            let option = options.get(*chosen).copied().unwrap_or_default();
            drawn
                .lines
                .push(Line::from(vec![head(field.label), span(format!("‹ {option} ›"), chosen_style)]));
        }
        FieldKind::Toggle(on) => {
            let state = if *on { "[x]" } else { "[ ]" };
            drawn.lines.push(Line::from(vec![
                span(format!("{mark}{:labels$}  ", ""), label_style),
                span(format!("{state} {}", field.label), chosen_style),
            ]));
        }
    }
}

fn push_box(head: Span<'static>, shown: &str, room: usize, style: Style, drawn: &mut Drawn) {
    drawn.lines.push(Line::from(vec![head, span(text::fit(shown, room), style)]));
}

fn set_cursor(focused: bool, labels: usize, column: u16, drawn: &mut Drawn) {
    if focused {
        drawn.cursor = Some((labels as u16 + 4 + column, drawn.lines.len() as u16 - 1));
    }
}
