//! The frame of a pane, and what the panes have in common.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType};

use super::widget::line::{self, lines, put, span};
use crate::format::StateName;
use crate::text;
use crate::tui::layout::Pane;
use crate::tui::layout::Regions;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::words;

/// The main screen as it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Screen<'a> {
    /// Where everything stands.
    pub regions: &'a Regions,
    /// The pane that keys go to; `None` where a dialog or a view takes them.
    pub focus: Option<Pane>,
    /// Whether a dialog is above it.
    pub covered: bool,
}

/// The border of a pane. The one with the focus has a thick border and a marker before its title. Where the users are out of
/// sight the title says whose pane it is.
pub fn frame<'a>(state: &State, screen: &Screen, pane: Pane) -> Block<'a> {
    let theme = &state.theme;
    let focused = screen.focus == Some(pane);
    let border_style = if focused { theme.border_focus } else { theme.border };
    let (border, marker) = if focused { (BorderType::Thick, "▶ ") } else { (BorderType::Plain, "") };
    let style = if focused { border_style } else { theme.text };
    let mut title = vec![span(format!(" {marker}{} ", pane.title()), style)];
    if let Some(user) = state.selected().filter(|_| screen.regions.pane(Pane::Users).area() == 0) {
        let room = usize::from(screen.regions.pane(pane).width) / 2;
        let StateName { severity: how, glyph, .. } = words::state(&user.state);
        title.push(span(format!(" {glyph} "), line::tone(theme, how)));
        title.push(span(format!("{} ", text::cut(&text::inert(&user.label), room)), theme.text));
    }
    Block::bordered().border_type(border).border_style(border_style).title(Line::from(title))
}

/// The border of a view that has the whole body.
pub fn whole<'a>(state: &State, screen: &Screen, title: &str) -> Block<'a> {
    let focused = !screen.covered;
    let theme = &state.theme;
    let (border, border_style, style) = match focused {
        true => (BorderType::Thick, theme.border_focus, theme.border_focus),
        false => (BorderType::Plain, theme.border, theme.text),
    };
    Block::bordered()
        .border_type(border)
        .border_style(border_style)
        .title(Line::from(span(format!(" {title} "), style)))
}

/// Where the text behind the title begins, from the left border.
pub fn behind_title(screen: &Screen, pane: Pane) -> u16 {
    let marker = if screen.focus == Some(pane) { 2 } else { 0 };
    1 + 1 + marker + text::width(pane.title()) as u16 + 1
}

/// Says at the right end of the frame what part of the rows is in sight, where not all are.
pub fn with_position<'a>(
    theme: &Theme,
    block: Block<'a>,
    first: usize,
    height: usize,
    rows: usize,
) -> Block<'a> {
    if rows <= height {
        return block;
    }
    let last = (first + height).min(rows);
    let position = span(format!(" {}-{last} of {rows} ", first + 1), theme.muted);
    block.title(Line::from(position).alignment(Alignment::Right))
}

/// A line with words in it from border to border: what is below is said of one row of what is above.
pub fn rule(theme: &Theme, mut words: Vec<Span<'static>>, columns: usize) -> Line<'static> {
    words.insert(0, span("── ", theme.muted));
    let used: usize = words.iter().map(|span| text::width(&span.content)).sum();
    let rest = columns.saturating_sub(used + 1);
    if rest > 0 {
        words.push(span(format!(" {}", "─".repeat(rest)), theme.muted));
    }
    Line::from(words)
}

/// A sentence in an empty pane.
pub fn empty(theme: &Theme, area: Rect, buffer: &mut Buffer, words: &str) {
    let wrapped = text::wrap(words, usize::from(area.width));
    lines(area, buffer, wrapped.into_iter().map(|line| Line::from(span(line, theme.muted))));
}

/// Draws a row of a pane. Without the focus the cursor is of no use to anybody, and does not show.
pub fn row(
    state: &State,
    screen: &Screen,
    pane: Pane,
    line: Line,
    selected: bool,
    row: Rect,
    buffer: &mut Buffer,
) {
    if selected && screen.focus == Some(pane) {
        selected_row(line, state.theme.selection, row, buffer);
    } else {
        put(&line, row, buffer);
    }
}

/// Draws the row under the cursor of a pane that has the focus: in one style from border to border, so that it stands out
/// as a whole.
pub fn selected_row(line: Line, style: Style, row: Rect, buffer: &mut Buffer) {
    let whole = Rect { x: row.x.saturating_sub(1), width: row.width + 2, ..row };
    buffer.set_style(whole, style);
    let plain: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    put(&Line::from(span(plain, style)), row, buffer);
}
