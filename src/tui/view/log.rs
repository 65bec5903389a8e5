//! The log of this run: a line an entry, drawn for those in sight only; or all of one entry.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{lines, put, span, tone};
use crate::text;
use crate::tui::frame;
use crate::tui::history::Entry;
use crate::tui::keymap::{Action, Context};
use crate::tui::log::{NAME, rows};
use crate::tui::model::Model;
use crate::tui::{layout, words};

/// The cursor.
const MARK: usize = 2;
const TIME: usize = 10;
const LEVEL: usize = 6;
const APP: usize = 9;

/// Widths of the columns of unsteady width.
struct Columns {
    app: usize,
    who: usize,
    words: usize,
}

impl Columns {
    fn new(width: usize, with_app: bool) -> Self {
        let app = if with_app { APP } else { 0 };
        let who = (width / 4).clamp(12, 30);
        Self { app, who, words: width.saturating_sub(MARK + TIME + LEVEL + app + who + 1) }
    }

    fn subject(&self, app: &str, who: &str) -> String {
        let app = match self.app {
            0 => String::new(),
            app_columns => format!("{} ", text::fit(app, app_columns - 1)),
        };
        format!("{app}{} ", text::fit(who, self.who))
    }
}

/// Draws the view.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    match model.log.open() {
        Some(first) => entry(model, first, area, buffer),
        None => list(model, area, buffer),
    }
}

fn list(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (theme, log) = (&model.state.theme, &model.log);
    let numbers = log.rows();
    let filter = log.filter().words();
    let title = match &filter {
        Some(filter) => format!("Log: {}", text::inert(filter)),
        None => "Log".to_owned(),
    };
    let room = usize::from(area.width).saturating_sub(30);
    let block = frame::whole(&model.state, &model.screen(&model.state.regions()), &text::cut(&title, room));
    frame::with_position(&model.state.theme, block, log.offset(), rows(area), numbers.len())
        .render(area, buffer);
    let inside = layout::inside(area);
    if numbers.is_empty() {
        let words = match filter {
            Some(_) => {
                let call = |action| model.state.keymap.call(Context::Log, action);
                format!(
                    "Nothing that happened in this run matches. {}, {} and {} change what is shown.",
                    call(Action::FilterLevel),
                    call(Action::FilterUser),
                    call(Action::FilterApp)
                )
            }
            None => "Nothing has happened yet.".into(),
        };
        frame::empty(theme, inside, buffer, &words);
        return;
    }
    let columns = Columns::new(usize::from(inside.width), model.state.snapshot.apps.len() > 1);
    let head = format!(
        "{:MARK$}{}{}{}what happened",
        "",
        text::fit("time", TIME),
        text::fit("level", LEVEL),
        columns.subject("app", "user")
    );
    lines(inside, buffer, [Line::from(span(head, theme.muted))]);
    let below = Rect { y: inside.y + 1, height: rows(area) as u16, ..inside };
    let history = model.state.activity.history();
    for (at, row) in (log.offset()..numbers.len()).zip(below.rows()) {
        let Some(entry) = history.get(numbers[at]) else { continue };
        let selected = at == log.cursor();
        let line = line(model, entry, selected, &columns);
        if selected && model.dialogs.is_empty() {
            frame::selected_row(line, theme.selection, row, buffer);
        } else {
            put(&line, row, buffer);
        }
    }
}

fn line(model: &Model, entry: &Entry, selected: bool, columns: &Columns) -> Line<'static> {
    let theme = &model.state.theme;
    let app = entry.app().map(|app| text::inert(app.as_str()).into_owned()).unwrap_or_default();
    let who = entry.who().map(|who| text::inert(who).into_owned()).unwrap_or_default();
    let words = text::cut(&text::inert(&entry.words), columns.words).into_owned();
    let cursor = if selected { "▸ " } else { "  " };
    Line::from(vec![
        span(cursor, theme.strong),
        span(text::fit(&words::time_of_day(entry.at), TIME), theme.muted),
        span(text::fit(entry.level.name(), LEVEL), tone(theme, entry.tone)),
        span(columns.subject(&app, &who), theme.text),
        span(words, tone(theme, entry.tone)),
    ])
}

fn entry(model: &Model, first: usize, area: Rect, buffer: &mut Buffer) {
    let theme = &model.state.theme;
    let inside = layout::inside(area);
    let all = model.log.lines(&model.state, area);
    let title = format!("Log: entry {} of {}", model.log.cursor() + 1, model.log.rows().len());
    frame::with_position(
        &model.state.theme,
        frame::whole(&model.state, &model.screen(&model.state.regions()), &title),
        first,
        usize::from(inside.height),
        all.len(),
    )
    .render(area, buffer);
    let shown = all.into_iter().skip(first).map(|(name, value)| {
        Line::from(vec![span(text::fit(name, NAME), theme.muted), span(value, theme.text)])
    });
    lines(inside, buffer, shown);
}
