//! Lines of a dialog, where the cursor stands in them, and what a click on them hits.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::Line;

use super::line::span;
use crate::text;
use crate::tui::form::FieldName;

/// What a click hits in a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A field of a form.
    Field(FieldName),
    /// An option of a field that lists its options.
    Option(FieldName, usize),
    /// A row of a list.
    Row(usize),
    /// One of the answers to a question.
    Answer(usize),
}

/// Lines of a dialog, where the cursor stands in them, and what a click on them hits.
#[derive(Debug, Default)]
pub struct Drawn {
    /// The lines.
    pub lines: Vec<Line<'static>>,
    /// Column and line of the cursor, where it is in a text field.
    pub cursor: Option<(u16, u16)>,
    /// The spots.
    pub spots: Vec<Target>,
}

/// A part of a line that can be clicked.
#[derive(Debug)]
pub struct Target {
    /// The line.
    pub line: usize,
    /// The columns; all of them where there is nothing else in the line.
    pub columns: Option<Range<u16>>,
    /// What it is.
    pub spot: Spot,
}

impl Drawn {
    /// Lines that nobody can click.
    pub fn lines(lines: Vec<Line<'static>>) -> Self {
        Self { lines, ..Self::default() }
    }

    /// The line that was added last can be clicked.
    pub fn mark(&mut self, spot: Spot) {
        let line = self.lines.len().saturating_sub(1);
        self.spots.push(Target { line, columns: None, spot });
    }

    /// Adds rows of a list, the first of which has that number.
    pub fn rows(&mut self, first: usize, rows: impl IntoIterator<Item = Line<'static>>) {
        for (at, row) in rows.into_iter().enumerate() {
            self.lines.push(row);
            self.mark(Spot::Row(first + at));
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
    pub fn at(&self, column: u16, line: u16) -> Option<Spot> {
        let is_there = |target: &&Target| {
            target.line == usize::from(line)
                && target.columns.as_ref().is_none_or(|columns| columns.contains(&column))
        };
        self.spots.iter().find(is_there).map(|target| target.spot)
    }
}

/// Text from anywhere in lines of `columns` columns.
pub fn paragraph(words: &str, style: Style, columns: usize) -> Vec<Line<'static>> {
    let words = text::inert(words);
    text::wrap(&words, columns).into_iter().map(|line| Line::from(span(line, style))).collect()
}

/// The fields below an introduction, with a blank line between them.
pub fn below(mut intro: Vec<Line<'static>>, fields: Drawn) -> Drawn {
    if !intro.is_empty() && !fields.lines.is_empty() {
        intro.push(Line::default());
    }
    Drawn::lines(intro).below(fields)
}
