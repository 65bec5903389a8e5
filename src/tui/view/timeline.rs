//! The Timeline pane: a line an entry below the heading of its day, the newest first; where there is room, all of the entry
//! under the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{lines, pane, put, span, tone};
use crate::session::TimelineEntry;
use crate::tui::headings::At;
use crate::tui::layout::Pane;
use crate::tui::layout::Regions;
use crate::tui::model::Model;
use crate::tui::timeline::Reading;
use crate::tui::{text, words};

/// From this width on there is room for the seconds.
const ROOMY: usize = 56;
/// Columns of how long ago it was.
const AGE: usize = 6;

/// Draws the pane.
pub fn draw(model: &Model, regions: &Regions, buffer: &mut Buffer) {
    let area = regions.pane(Pane::Timeline);
    if area.area() == 0 {
        return;
    }
    let timeline = &model.timeline;
    let list = regions.list(Pane::Timeline);
    let height = usize::from(list.height);
    let block = pane::frame(model, regions, Pane::Timeline);
    let (first, end) = timeline.range_in_sight(height);
    pane::with_position(&model.state.theme, block, first, end - first, timeline.entries().len())
        .render(area, buffer);
    if timeline.entries().is_empty() {
        pane::empty(&model.state.theme, list, buffer, &nothing(model));
        return;
    }
    for (line, row) in (timeline.offset()..timeline.lines()).zip(list.rows()) {
        match timeline.at(line) {
            At::Heading(number) => {
                let day = timeline.day(number).map(|day| format!("── {day} UTC ")).unwrap_or_default();
                put(&Line::from(span(day, model.state.theme.muted)), row, buffer);
            }
            At::Item(number) => {
                let Some(entry) = timeline.entries().get(number) else { break };
                let line = entry_line(model, entry, usize::from(list.width));
                pane::row(model, Pane::Timeline, line, number == timeline.cursor(), row, buffer);
            }
        }
    }
    let inside = regions.inside(Pane::Timeline);
    let below = Rect { y: list.bottom(), height: inside.bottom().saturating_sub(list.bottom()), ..inside };
    if let Some(entry) = timeline.current().filter(|_| below.height > 0) {
        lines(below, buffer, whole(model, entry, below));
    }
}

fn nothing(model: &Model) -> String {
    match (model.state.selected(), model.timeline.reading()) {
        (None, _) => words::no_user(&model.state.keymap, model.state.is_locked()),
        (Some(_), Reading::Failed(why)) => format!("✗ The timeline was not read: {}", text::inert(why)),
        (Some(_), Reading::Done) => {
            "Nothing was noted yet. What happens to the session is noted here.".into()
        }
        (Some(_), _) => "reading…".into(),
    }
}

fn entry_line(model: &Model, entry: &TimelineEntry, columns: usize) -> Line<'static> {
    let theme = &model.state.theme;
    let (how, glyph) = words::standing(entry.standing);
    let time = entry.at.strftime(if columns < ROOMY { "%H:%M" } else { "%H:%M:%S" });
    let when = format!("{time} {} ", text::fit_right(&words::age(entry.at, model.state.now), AGE));
    let what = text::inert(&entry.what);
    let what = text::cut(&what, columns.saturating_sub(when.len() + 2)).into_owned();
    Line::from(vec![
        span(when, theme.muted),
        span(format!("{glyph} "), tone(theme, how)),
        span(what, theme.text),
    ])
}

/// All of an entry: when, what, and the rule that decided.
fn whole(model: &Model, entry: &TimelineEntry, area: Rect) -> Vec<Line<'static>> {
    let theme = &model.state.theme;
    let columns = usize::from(area.width);
    let (how, glyph) = words::standing(entry.standing);
    let what = text::inert(&entry.what).into_owned();
    let rule = text::wrap(&text::inert(&entry.rule), columns);
    // The rule is short; what happened may be a server's long sentence.
    let room = usize::from(area.height).saturating_sub(1 + rule.len()).max(1);
    let mut what = text::wrap(&format!("{glyph} {what}"), columns);
    if what.len() > room {
        what.truncate(room);
        if let Some(last) = what.last_mut() {
            *last = text::cut(&format!("{last}…"), columns).into_owned();
        }
    }
    std::iter::once(pane::rule(theme, vec![span(words::moment(entry.at), theme.muted)], columns))
        .chain(what.into_iter().map(|line| Line::from(span(line, tone(theme, how)))))
        .chain(rule.into_iter().map(|line| Line::from(span(line, theme.muted))))
        .collect()
}
