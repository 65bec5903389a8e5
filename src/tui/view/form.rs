//! The fields of a form.

use std::ops::Range;

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::span;
use crate::tui::form::{Field, FieldKind, Form};
use crate::tui::hit::DialogSpot;
use crate::tui::text;
use crate::tui::theme::Theme;
use crate::tui::widget::text_field;

/// Lines of a dialog, where the cursor stands in them, and what a click on them hits.
#[derive(Default)]
pub struct Drawn {
    /// The lines.
    pub lines: Vec<Line<'static>>,
    /// Column and line of the cursor, where it is in a text field.
    pub cursor: Option<(u16, u16)>,
    /// The spots.
    pub spots: Vec<Target>,
}

/// A part of a line that can be clicked.
pub struct Target {
    /// The line.
    pub line: usize,
    /// The columns; all of them where there is nothing else in the line.
    pub columns: Option<Range<u16>>,
    /// What it is.
    pub spot: DialogSpot,
}

impl Drawn {
    /// Lines that nobody can click.
    pub fn lines(lines: Vec<Line<'static>>) -> Self {
        Self { lines, ..Self::default() }
    }

    /// The line that was added last can be clicked.
    pub fn mark(&mut self, spot: DialogSpot) {
        let line = self.lines.len().saturating_sub(1);
        self.spots.push(Target { line, columns: None, spot });
    }

    /// Adds rows of a list, the first of which has that number.
    pub fn rows(&mut self, first: usize, rows: impl IntoIterator<Item = Line<'static>>) {
        for (at, row) in rows.into_iter().enumerate() {
            self.lines.push(row);
            self.mark(DialogSpot::Row(first + at));
        }
    }

    /// Other lines below these; the cursor is theirs, if they have one.
    pub fn below(mut self, below: Self) -> Self {
        let top = self.lines.len();
        self.lines.extend(below.lines);
        self.cursor = below.cursor.map(|(column, row)| (column, row + top as u16)).or(self.cursor);
        let moved = below.spots.into_iter().map(|target| Target { line: target.line + top, ..target });
        self.spots.extend(moved);
        self
    }

    /// What is at a column and a line.
    pub fn at(&self, column: u16, line: u16) -> Option<DialogSpot> {
        let is_there = |target: &&Target| {
            target.line == usize::from(line)
                && target.columns.as_ref().is_none_or(|columns| columns.contains(&column))
        };
        self.spots.iter().find(is_there).map(|target| target.spot)
    }
}

/// Draws a form in `columns` columns.
pub fn draw(form: &Form, theme: &Theme, columns: usize) -> Drawn {
    let labels = form.fields().filter(|field| has_label(field)).map(|field| text::width(field.label)).max();
    let labels = labels.unwrap_or(0);
    let mut drawn = Drawn::default();
    for field in form.fields() {
        field_lines(field, form.is_focused(field.name), theme, labels, columns, &mut drawn);
        if field.height() == 1 {
            drawn.mark(DialogSpot::Field(field.name));
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
                drawn.mark(DialogSpot::Option(field.name, at));
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
