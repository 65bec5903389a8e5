//! The help overlay.

use ratatui::text::Line;

use super::span;
use crate::tui::content::help::{Row, height, rows};
use crate::tui::model::Model;
use crate::tui::text;

/// Columns of the keys.
const KEYS: usize = 14;

/// The lines in sight.
pub fn lines(model: &Model, offset: usize) -> Vec<Line<'static>> {
    let theme = &model.theme;
    rows(&model.keymap, model.place())
        .into_iter()
        .skip(offset)
        .take(height(model.size))
        .map(|row| match row {
            Row::Heading(heading) => Line::from(span(heading, theme.strong)),
            Row::Keys { keys, description } => Line::from(vec![
                span(format!("  {}", text::fit(&keys, KEYS)), theme.key),
                span(description, theme.text),
            ]),
        })
        .collect()
}

/// What part of the keys is in sight, where not all are.
pub fn position(model: &Model, offset: usize) -> Option<String> {
    let all = rows(&model.keymap, model.place()).len();
    let height = height(model.size).min(all);
    (all > height).then(|| format!(" {}-{} of {all} ", offset + 1, (offset + height).min(all)))
}
