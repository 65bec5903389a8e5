//! Lines of text, drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::text;
use crate::tui::theme::Theme;
use crate::tui::words::Tone;

/// Draws what [`Line::render`] draws. Nearly all lines have nothing but characters of one column that nothing joins; those
/// need no search for graphemes, which is most of what a frame costs.
pub fn put(line: &Line, row: Rect, buffer: &mut Buffer) {
    let from_left = matches!(line.alignment, None | Some(Alignment::Left));
    if !from_left || !line.spans.iter().all(|span| text::is_simple(&span.content)) {
        return line.render(row, buffer);
    }
    let row = Rect { height: 1, ..row }.intersection(buffer.area);
    if row.is_empty() || line.spans.iter().all(|span| span.content.is_empty()) {
        return;
    }
    buffer.set_style(row, line.style);
    let cells = line.spans.iter().flat_map(|span| span.content.chars().map(|c| (c, span.style)));
    let start = buffer.index_of(row.x, row.y);
    for (cell, (c, style)) in buffer.content[start..][..usize::from(row.width)].iter_mut().zip(cells) {
        cell.set_char(c).set_style(style);
    }
}

/// Draws lines from the top of an area; those that do not fit are left out.
pub fn lines<'a>(area: Rect, buffer: &mut Buffer, lines: impl IntoIterator<Item = Line<'a>>) {
    for (row, line) in area.rows().zip(lines) {
        put(&line, row, buffer);
    }
}

/// A text in a style.
pub fn span(text: impl Into<String>, style: Style) -> Span<'static> {
    Span::styled(text.into(), style)
}

/// The style of a severity.
pub fn tone(theme: &Theme, tone: Tone) -> Style {
    match tone {
        Tone::Plain => theme.text,
        Tone::Good => theme.good,
        Tone::Busy => theme.busy,
        Tone::Warn => theme.warn,
        Tone::Bad => theme.bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::buffer::Cell;
    use ratatui::style::{Color, Modifier};

    fn spans() -> impl Strategy<Value = Vec<(String, Style)>> {
        let text = prop_oneof![
            "[ -~]{0,12}",
            "[─│●▸…✓ -~]{0,8}",
            "[a名e\u{301}🚀\u{200d}\u{fe0f}▶]{0,6}",
            any::<String>()
        ];
        let style = prop_oneof![
            Just(Style::new()),
            Just(Style::new().fg(Color::Red)),
            Just(Style::new().bg(Color::Blue).add_modifier(Modifier::BOLD)),
        ];
        prop::collection::vec((text, style), 0..4)
    }

    proptest! {
        #[test]
        fn it_draws_what_ratatui_draws(
            spans in spans(),
            (x, y, width) in (0_u16..12, 0_u16..3, 0_u16..24),
            alignment in prop::sample::select(vec![None, Some(Alignment::Left), Some(Alignment::Right)]),
            has_style in any::<bool>(),
        ) {
            let style = if has_style { Style::new().bg(Color::Green) } else { Style::new() };
            let mut line = Line::from_iter(spans.into_iter().map(|(text, style)| Span::styled(text, style)));
            line = line.style(style);
            line.alignment = alignment;
            let area = Rect::new(0, 0, 16, 2);
            let mut ours = Buffer::filled(area, Cell::new("x"));
            let mut theirs = ours.clone();
            let row = Rect::new(x, y, width, 1);
            put(&line, row, &mut ours);
            line.render(row, &mut theirs);
            prop_assert_eq!(ours, theirs);
        }
    }
}
