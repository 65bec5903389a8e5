//! Dialogs: centred, bordered, above the panes.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::form::{self, Drawn};
use super::{boards, browser, compare, document, help, lines, palette, span};
use crate::tui::dialog::{
    AmountForm, Body, Confirm, CredentialsForm, Dialog, EditForm, EmailForm, KeyForm, Progress, Purpose,
    VaultForm,
};
use crate::tui::form::FieldName;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::{text, words};

/// Columns inside of a dialog.
const COLUMNS: usize = 62;

/// Most columns inside of a list.
const MOST_COLUMNS: usize = 104;

/// Columns around the inside of a dialog, and rows.
const FRAME: (u16, u16) = (4, 2);

/// Lines that a failure's message, and its hint, may take: the form has to stay in sight.
const MOST_LINES: usize = 5;

/// What a dialog shows: its title, and lines with the cursor somewhere in them.
struct Page {
    title: String,
    drawn: Drawn,
}

/// Draws a dialog; where the cursor stands, if it is in a text field.
pub fn draw(model: &Model, dialog: &Dialog, buffer: &mut Buffer) -> Option<Position> {
    if let Body::Browser(wait) = &dialog.body
        && wait.shows_code
    {
        browser::alone(model, wait, buffer);
        return None;
    }
    let theme = &model.theme;
    let mut columns = columns(model, &dialog.body);
    // What a failure may take has its place too.
    let rows = usize::from(buffer.area.height).saturating_sub(usize::from(FRAME.1) + 2 + 3);
    let mut page = match &dialog.body {
        Body::Credentials(form) => credentials(model, form),
        Body::Confirm(confirm) => question(model, confirm),
        Body::Edit(form) => edit(model, form),
        Body::Vault(form) => vault(model, form),
        Body::Email(form) => email(model, form),
        Body::Amount(form) => amount(model, form),
        Body::NewKey(form) => new_key(model, form),
        Body::Clock(board) => {
            let title = format!("The clock of {}", board.app);
            Page { title, drawn: Drawn { lines: boards::clock(model, board), cursor: None } }
        }
        Body::Mailbox(mailbox) => {
            let lines = boards::mailbox(model, mailbox, columns, rows);
            let title = format!("The mailbox of {}", mailbox.app);
            Page { title, drawn: Drawn { lines, cursor: None } }
        }
        Body::Keys(list) => {
            let lines = boards::keys(model, list, columns, rows);
            let title = format!("API keys of {}", list.label);
            Page { title, drawn: Drawn { lines, cursor: None } }
        }
        Body::Picker(picker) => {
            let mut drawn = form::draw(&picker.form, theme, columns);
            drawn.lines.push(Line::default());
            drawn.lines.extend(compare::picker(model, picker, columns, rows.saturating_sub(3)));
            Page { title: "Compare with".into(), drawn }
        }
        Body::Document(edit) => {
            let lines = document::document(model, edit, columns, rows);
            let title = format!("The custom data of {}", edit.label);
            Page { title, drawn: Drawn { lines, cursor: None } }
        }
        Body::Conflict(conflict) => {
            let lines = document::conflict(model, conflict, columns, rows);
            let title = format!("A conflict in the custom data of {}", conflict.label);
            Page { title, drawn: Drawn { lines, cursor: None } }
        }
        Body::Browser(wait) => {
            let room = usize::from(buffer.area.width).saturating_sub(usize::from(FRAME.0) + 2);
            let (lines, width) = browser::page(model, wait, columns, (room, rows + 3));
            columns = width;
            Page { title: wait.title.clone(), drawn: Drawn { lines, cursor: None } }
        }
        Body::Return(form) => {
            let intro = paragraph(
                "Paste the address of the page that the browser ended at, from http:// to its end.",
                theme.text,
            );
            let drawn = below(intro, form::draw(&form.form, theme, columns));
            Page { title: "The address that the browser ended at".into(), drawn }
        }
        Body::Secret(shown) => {
            let lines = boards::secret(model, shown, columns);
            let title = format!("The new API key {}", shown.name);
            Page { title, drawn: Drawn { lines, cursor: None } }
        }
        Body::Palette(found) => {
            Page { title: "Commands".into(), drawn: palette::palette(model, found, columns, rows) }
        }
        Body::CopyMenu(menu) => {
            let title = format!("Copy of {}", menu.label);
            Page { title, drawn: Drawn { lines: palette::copy_menu(model, menu), cursor: None } }
        }
        Body::Help { offset } => {
            Page { title: "Keys".into(), drawn: Drawn { lines: help::lines(model, *offset), cursor: None } }
        }
    };
    progress(model, dialog, &mut page.drawn.lines);
    let width = columns as u16 + FRAME.0;
    let height = page.drawn.lines.len() as u16 + FRAME.1;
    let area = buffer.area.centered(Constraint::Length(width), Constraint::Length(height));
    Clear.render(area, buffer);
    let title = text::inert(&page.title);
    let title = text::cut(&title, columns).into_owned();
    let mut block = Block::bordered()
        .border_type(BorderType::Thick)
        .border_style(theme.border_focus)
        .title(Line::from(span(format!(" {title} "), theme.border_focus)));
    if let Body::Help { offset } = &dialog.body
        && let Some(position) = help::position(model, *offset)
    {
        block = block.title(Line::from(position).alignment(Alignment::Right));
    }
    block.render(area, buffer);
    let inside = layout::inside(area);
    lines(inside, buffer, page.drawn.lines);
    cursor(inside, page.drawn.cursor.filter(|_| !dialog.is_waiting())?)
}

/// Columns inside of a dialog: lists take what is there.
fn columns(model: &Model, body: &Body) -> usize {
    match body {
        Body::Mailbox(_) | Body::Keys(_) | Body::Palette(_) | Body::Document(_) | Body::Conflict(_) => {
            usize::from(model.size.width).saturating_sub(8).min(MOST_COLUMNS)
        }
        Body::Secret(_) => COLUMNS + 4,
        _ => COLUMNS,
    }
}

fn cursor(inside: Rect, (column, row): (u16, u16)) -> Option<Position> {
    let position = Position { x: inside.x + column, y: inside.y + row };
    inside.contains(position).then_some(position)
}

fn credentials(model: &Model, form: &CredentialsForm) -> Page {
    let title = match &form.purpose {
        Purpose::LogIn => format!("Log in to {}", form.app),
        Purpose::Register => format!("Register at {}", form.app),
        Purpose::Link { label, .. } => format!("Link an identity to {label}"),
    };
    let intro = form.intro.map(|intro| paragraph(intro, model.theme.text)).unwrap_or_default();
    let mut drawn = below(intro, form::draw(&form.form, &model.theme, COLUMNS));
    let theme = &model.theme;
    let said = match form.payload() {
        Some(Ok(document)) => {
            let count = words::count(document.len(), "field");
            Some((format!("the App's function will get an object of {count}"), theme.good))
        }
        Some(Err(why)) => Some((why, theme.bad)),
        None => form.advice().map(|advice| (advice.to_owned(), theme.muted)),
    };
    if let Some((words, style)) = said {
        drawn.lines.push(Line::default());
        drawn.lines.extend(paragraph(&words, style));
    }
    Page { title, drawn }
}

fn email(model: &Model, form: &EmailForm) -> Page {
    let intro = paragraph(form.intro(), model.theme.muted);
    let fields = form::draw(&form.form, &model.theme, COLUMNS);
    Page { title: format!("E-mail accounts of {}", form.app), drawn: below(intro, fields) }
}

fn amount(model: &Model, form: &AmountForm) -> Page {
    let theme = &model.theme;
    let intro = paragraph("A length of time such as 61d, 1h 30min, or -2d to go back.", theme.muted);
    let mut drawn = below(intro, form::draw(&form.form, theme, COLUMNS));
    let (words, style) = match form.verdict() {
        Ok(step) => {
            let then = model.app_time(&form.app).saturating_add(step).unwrap_or(Timestamp::MAX);
            (format!("the App's time will be {}", words::moment(then)), theme.good)
        }
        Err(_) if form.form.text(FieldName::Amount).trim().is_empty() => (String::new(), theme.muted),
        Err(error) => (error.to_string(), theme.bad),
    };
    drawn.lines.push(Line::default());
    drawn.lines.extend(paragraph(&words, style));
    Page { title: format!("Move the clock of {}", form.app), drawn }
}

fn new_key(model: &Model, form: &KeyForm) -> Page {
    let words = "Whoever has the key logs in as this user. Letters, digits, _ and - make its name.";
    let intro = paragraph(words, model.theme.muted);
    let fields = form::draw(&form.form, &model.theme, COLUMNS);
    Page { title: format!("A new API key of {}", form.label), drawn: below(intro, fields) }
}

fn question(model: &Model, confirm: &Confirm) -> Page {
    let theme = &model.theme;
    let mut lines = paragraph(&confirm.text(), theme.text);
    let button = |name: &str, focused: bool| {
        let mark = if focused { "▸" } else { " " };
        span(format!("[{mark}{name} ]"), if focused { theme.selection } else { theme.text })
    };
    lines.push(Line::default());
    lines.push(
        Line::from(vec![
            button("Cancel", !confirm.agreed),
            span("   ", theme.text),
            button(confirm.answer(), confirm.agreed),
        ])
        .alignment(Alignment::Center),
    );
    Page { title: confirm.title().into(), drawn: Drawn { lines, cursor: None } }
}

fn edit(model: &Model, form: &EditForm) -> Page {
    let theme = &model.theme;
    let (title, intro) = match &form.present {
        Some((path, kind)) => {
            let words = format!("{path} of {}, {kind} at present", form.label);
            (format!("Edit {path}"), paragraph(&words, theme.muted))
        }
        None => {
            let words = format!("{}: a name, or a path such as settings.theme", form.label);
            ("Add a custom data field".into(), paragraph(&words, theme.muted))
        }
    };
    let fields = form::draw(&form.form, theme, COLUMNS);
    let mut drawn = below(intro, fields);
    let (words, style) = match form.verdict() {
        Ok("string") if form.form.text(FieldName::Value).trim().is_empty() => {
            ("will be stored as an empty string".to_owned(), theme.muted)
        }
        Ok(kind) => (format!("will be stored as {kind}"), theme.good),
        Err(error) => (error.to_string(), theme.bad),
    };
    drawn.lines.push(Line::default());
    drawn.lines.extend(paragraph(&words, style));
    if let Some(edit) = form.preview() {
        drawn.lines.extend(edit.changes.iter().map(|change| document::change(model, change, COLUMNS)));
        drawn.lines.extend(document::too_large(model, form.size(), COLUMNS));
    }
    Page { title, drawn }
}

fn vault(model: &Model, form: &VaultForm) -> Page {
    let intro = paragraph(&form.text(), model.theme.text);
    let mut drawn = below(intro, form::draw(&form.form, &model.theme, COLUMNS));
    if let Some(consequence) = form.consequence() {
        drawn.lines.push(Line::default());
        drawn.lines.extend(paragraph(consequence, model.theme.muted));
    }
    Page { title: form.title().into(), drawn }
}

/// Where the dialog's request stands.
fn progress(model: &Model, dialog: &Dialog, lines: &mut Vec<Line<'static>>) {
    let theme = &model.theme;
    match &dialog.progress {
        Progress::Idle => {}
        // Boards are asked anew all the time: words that come and go would make them flicker.
        Progress::Waiting(_) if dialog.body.is_board() => {}
        Progress::Waiting(_) => {
            lines.push(Line::default());
            let turn = words::spinner(model.now);
            lines.push(Line::from(span(format!("{turn} {}", dialog.body.waiting()), theme.busy)));
        }
        Progress::Failed { message, hint } => {
            lines.push(Line::default());
            lines.extend(paragraph(&format!("✗ {message}"), theme.bad).into_iter().take(MOST_LINES));
            if !hint.is_empty() {
                lines.extend(paragraph(hint, theme.text).into_iter().take(MOST_LINES));
            }
        }
    }
}

fn paragraph(words: &str, style: Style) -> Vec<Line<'static>> {
    let words = text::inert(words);
    text::wrap(&words, COLUMNS).into_iter().map(|line| Line::from(span(line, style))).collect()
}

/// The fields below an introduction, with a blank line between them.
fn below(mut intro: Vec<Line<'static>>, fields: Drawn) -> Drawn {
    if fields.lines.is_empty() {
        return Drawn { lines: intro, cursor: None };
    }
    if !intro.is_empty() {
        intro.push(Line::default());
    }
    let top = intro.len() as u16;
    intro.extend(fields.lines);
    Drawn { lines: intro, cursor: fields.cursor.map(|(column, row)| (column, row + top)) }
}
