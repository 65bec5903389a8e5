//! A browser is away: the address to go to, as text and for a phone, and what is waited for.

use ratatui::buffer::Buffer;
use ratatui::layout::Constraint;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use super::{lines, span};
use crate::tui::content::qr::Code;
use crate::tui::dialog::BrowserWait;
use crate::tui::keymap::{Action, Context};
use crate::tui::model::Model;
use crate::tui::{text, words};

/// Columns between the words and the code.
const GAP: usize = 2;

/// The words in `columns` columns, and the code beside them, where `room` has columns and rows for both. The lines, and how
/// many columns they take.
pub fn page(
    model: &Model,
    wait: &BrowserWait,
    columns: usize,
    room: (usize, usize),
) -> (Vec<Line<'static>>, usize) {
    let beside = room.0.saturating_sub(columns + GAP);
    let code = (wait.code.as_ref()).filter(|_| !model.look.ascii);
    let Some((code, margin)) = code.and_then(|code| Some((code, code.margin(beside, room.1)?))) else {
        return (words(model, wait, columns, room.1, Some(about_code(model, wait))), columns);
    };
    let mut left = words(model, wait, columns, room.1, None).into_iter();
    let mut page: Vec<_> = rows(model, code, margin)
        .map(|code| {
            let mut line = left.next().unwrap_or_default();
            let gap = (columns + GAP).saturating_sub(line.width());
            line.spans.push(span(" ".repeat(gap), Style::new()));
            line.spans.extend(code.spans);
            line
        })
        .collect();
    let width = page.first().map_or(columns, Line::width);
    page.extend(left);
    (page, width)
}

/// The code alone on the whole screen; or how large the screen would have to be.
pub fn alone(model: &Model, wait: &BrowserWait, buffer: &mut Buffer) {
    let area = buffer.area;
    Clear.render(area, buffer);
    // The last line tells the way back.
    let (columns, most) = (usize::from(area.width), usize::from(area.height));
    let way_back = key(model, Action::Close).map(|key| format!("{key} goes back")).unwrap_or_default();
    let code = (wait.code.as_ref()).filter(|_| !model.look.ascii);
    let fitting = code.and_then(|code| Some((code, code.margin(columns, most)?)));
    let (mut page, width): (Vec<_>, _) = match fitting {
        Some((code, margin)) => {
            let rows: Vec<_> = rows(model, code, margin).collect();
            let width = rows.first().map_or(0, Line::width);
            (rows, width)
        }
        None => {
            let columns = columns.saturating_sub(4).min(62);
            let why = text::wrap(&missing(model, wait), columns);
            (why.into_iter().map(|line| Line::from(span(line, model.theme.text))).collect(), columns)
        }
    };
    if page.len() < most {
        page.push(Line::from(span(way_back, model.theme.muted)));
    }
    let area = area.centered(Constraint::Length(width as u16), Constraint::Length(page.len() as u16));
    lines(area, buffer, page);
}

fn rows(model: &Model, code: &Code, margin: usize) -> impl Iterator<Item = Line<'static>> {
    let style = model.theme.code;
    // Without colours what is light has to be drawn: terminals are dark more often than not.
    let invert = style == Style::default();
    let rows: Vec<_> = code.rows(margin).collect();
    rows.into_iter().map(move |row| {
        let drawn = |cell| match cell {
            '█' => ' ',
            '▀' => '▄',
            '▄' => '▀',
            _ => '█',
        };
        let row = if invert { row.chars().map(drawn).collect() } else { row };
        Line::from(span(row, style))
    })
}

/// The address, what to do with it, and what is waited for; `more` at the end.
fn words(
    model: &Model,
    wait: &BrowserWait,
    columns: usize,
    rows: usize,
    more: Option<String>,
) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let paragraph = |words: &str, style| {
        let lines: Vec<_> =
            text::wrap(words, columns).into_iter().map(|line| Line::from(span(line, style))).collect();
        lines
    };
    let before = paragraph("Go on in the browser, or open this address in one:", theme.text);
    let mut after = vec![Line::default()];
    let paste = key(model, Action::PasteAddress).unwrap_or_default();
    after.extend(paragraph(
        &format!(
            "Where the browser runs on another machine, it ends at a page that it cannot reach. Copy the address of \
             that page, and press {paste} to paste it here."
        ),
        theme.muted,
    ));
    if let Some(more) = more {
        after.extend(paragraph(&more, theme.muted));
    }
    after.push(Line::default());
    let until = words::time_of_day(wait.until);
    after.extend(paragraph(&format!("Waiting for the browser until {until}."), theme.busy));

    let address = text::wrap(&text::inert(wait.address.as_str()), columns);
    let room = rows.saturating_sub(before.len() + after.len() + 1);
    let mut lines = before;
    let cut = address.len() > room;
    let shown = if cut { room.saturating_sub(1) } else { address.len() };
    lines.extend(address.iter().take(shown).map(|line| Line::from(span(line.clone(), theme.strong))));
    if cut {
        let copy = key(model, Action::Copy).unwrap_or_default();
        let rest = words::count(address.len() - shown, "more line");
        lines.push(Line::from(span(format!("… {rest}: {copy} copies all of it"), theme.warn)));
    }
    lines.extend(after);
    lines
}

/// How to get the code, where it is not in sight.
fn about_code(model: &Model, wait: &BrowserWait) -> String {
    let fits = wait
        .code
        .as_ref()
        .filter(|_| !model.look.ascii)
        .is_some_and(|code| code.margin(model.size.width.into(), model.size.height.into()).is_some());
    match key(model, Action::ShowCode).filter(|_| fits) {
        Some(key) => format!("{key} shows it as a QR code for a phone."),
        None => missing(model, wait),
    }
}

/// Why there is no code.
fn missing(model: &Model, wait: &BrowserWait) -> String {
    match &wait.code {
        _ if model.look.ascii => "There is no QR code in ASCII.".into(),
        None => "The address is too long for a QR code.".into(),
        Some(code) => {
            let (columns, rows) = code.least();
            format!("Its QR code needs {columns} columns and {rows} rows.")
        }
    }
}

fn key(model: &Model, action: Action) -> Option<String> {
    Some(model.keymap.key(Context::Browser, action)).filter(|key| !key.is_empty())
}
