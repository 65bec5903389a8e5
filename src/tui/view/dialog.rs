//! Dialogs: centred, bordered, above the panes.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::form::{self, Drawn, Target};
use super::{apps, boards, browser, compare, document, help, lines, palette, span};
use crate::tui::dialog::{
    AmountForm, AppForm, Body, Confirm, CredentialsForm, DeleteForm, Dialog, EditForm, EmailForm, KeyForm,
    Progress, Purpose, VaultForm,
};
use crate::tui::form::FieldName;
use crate::tui::hit::DialogSpot;
use crate::tui::keymap::{Action, Context};
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
    let (page, columns) = page(model, dialog);
    let area = place(model, &page, columns);
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

/// What of the topmost dialog is at `at`.
pub fn under(model: &Model, at: Position) -> Option<DialogSpot> {
    let dialog = model.dialog()?;
    let (page, columns) = page(model, dialog);
    let inside = layout::inside(place(model, &page, columns));
    if !inside.contains(at) {
        return None;
    }
    page.drawn.at(at.x - inside.x, at.y - inside.y)
}

/// Where a page stands: in the middle.
fn place(model: &Model, page: &Page, columns: usize) -> Rect {
    let width = columns as u16 + FRAME.0;
    let height = page.drawn.lines.len() as u16 + FRAME.1;
    let screen = Rect::from((Position::ORIGIN, model.size));
    screen.centered(Constraint::Length(width), Constraint::Length(height))
}

/// What a dialog says, and in how many columns.
fn page(model: &Model, dialog: &Dialog) -> (Page, usize) {
    let theme = &model.theme;
    let mut columns = columns(model, &dialog.body);
    // What a failure may take has its place too.
    let rows = usize::from(model.size.height).saturating_sub(usize::from(FRAME.1) + 2 + 3);
    let titled = |title: String, drawn: Drawn| Page { title, drawn };
    let mut page = match &dialog.body {
        Body::Credentials(form) => credentials(model, form),
        Body::Confirm(confirm) => question(model, confirm),
        Body::Delete(form) => delete(model, form),
        Body::Edit(form) => edit(model, form),
        Body::Vault(form) => vault(model, form),
        Body::Email(form) => email(model, form),
        Body::Amount(form) => amount(model, form),
        Body::NewKey(form) => new_key(model, form),
        Body::App(form) => app(model, form),
        Body::Apps(list) => titled("Apps".into(), apps::list(model, list, columns, rows)),
        Body::Clock(board) => titled(format!("The clock of {}", board.app), boards::clock(model, board)),
        Body::Mailbox(mailbox) => {
            let drawn = boards::mailbox(model, mailbox, columns, rows);
            titled(format!("The mailbox of {}", mailbox.app), drawn)
        }
        Body::Keys(list) => {
            titled(format!("API keys of {}", list.label), boards::keys(model, list, columns, rows))
        }
        Body::Picker(picker) => {
            let mut drawn = form::draw(&picker.form, theme, columns);
            drawn.lines.push(Line::default());
            let found = compare::picker(model, picker, columns, rows.saturating_sub(3));
            let cursor = drawn.cursor;
            titled("Compare with".into(), Drawn { cursor, ..drawn.below(found) })
        }
        Body::Document(edit) => {
            let what = if edit.undoes { "Undo a change of the" } else { "The" };
            let title = format!("{what} custom data of {}", edit.label);
            titled(title, Drawn::lines(document::document(model, edit, columns, rows)))
        }
        Body::Conflict(conflict) => {
            let title = format!("A conflict in the custom data of {}", conflict.label);
            titled(title, Drawn::lines(document::conflict(model, conflict, columns, rows)))
        }
        Body::Browser(wait) => {
            let room = usize::from(model.size.width).saturating_sub(usize::from(FRAME.0) + 2);
            let (lines, width) = browser::page(model, wait, columns, (room, rows + 3));
            columns = width;
            titled(wait.title.clone(), Drawn::lines(lines))
        }
        Body::Return(form) => {
            let intro = paragraph(
                "Paste the address of the page that the browser ended at, from http:// to its end.",
                theme.text,
            );
            let drawn = below(intro, form::draw(&form.form, theme, columns));
            titled("The address that the browser ended at".into(), drawn)
        }
        Body::Secret(shown) => {
            let title = format!("The new API key {}", shown.name);
            titled(title, Drawn::lines(boards::secret(model, shown, columns)))
        }
        Body::Palette(found) => titled("Commands".into(), palette::palette(model, found, columns, rows)),
        Body::CopyMenu(menu) => titled(format!("Copy of {}", menu.label), palette::copy_menu(model, menu)),
        Body::Help { offset } => titled("Keys".into(), Drawn::lines(help::lines(model, *offset))),
    };
    progress(model, dialog, &mut page.drawn.lines);
    (page, columns)
}

/// Columns inside of a dialog: lists take what is there.
fn columns(model: &Model, body: &Body) -> usize {
    match body {
        Body::Mailbox(_)
        | Body::Keys(_)
        | Body::Apps(_)
        | Body::Palette(_)
        | Body::Document(_)
        | Body::Conflict(_) => usize::from(model.size.width).saturating_sub(8).min(MOST_COLUMNS),
        Body::Secret(_) => COLUMNS + 4,
        _ => COLUMNS,
    }
}

fn cursor(inside: Rect, (column, row): (u16, u16)) -> Option<Position> {
    let position = Position { x: inside.x + column, y: inside.y + row };
    inside.contains(position).then_some(position)
}

fn credentials(model: &Model, form: &CredentialsForm) -> Page {
    let theme = &model.theme;
    let title = match (&form.purpose, form.preview) {
        (Purpose::LogIn, _) => format!("Log in to {}", form.app),
        (Purpose::Register, _) => format!("Register at {}", form.app),
        (Purpose::Link(linked), false) if linked.is_anonymous() => {
            format!("Make {} permanent, 1 of 2", linked.label)
        }
        (Purpose::Link(linked), true) if linked.is_anonymous() => {
            format!("Make {} permanent, 2 of 2: what changes", linked.label)
        }
        (Purpose::Link(linked), false) => format!("Link an identity to {}", linked.label),
        (Purpose::Link(linked), true) => format!("Link to {}: what changes", linked.label),
    };
    if let Some(preview) = form.link_preview() {
        return Page { title, drawn: link_preview(model, &preview) };
    }
    let intro = form.intro.map(|intro| paragraph(intro, theme.text)).unwrap_or_default();
    let mut drawn = below(intro, form::draw(&form.form, theme, COLUMNS));
    let said = match form.payload() {
        Some(Ok(document)) => {
            let count = words::count(document.len(), "field");
            Some((format!("the App's function will get an object of {count}"), theme.good))
        }
        Some(Err(why)) => Some((format!("✗ {why}"), theme.bad)),
        None => form.advice().map(|advice| (advice.to_owned(), theme.muted)),
    };
    if let Some((words, style)) = said {
        drawn.lines.push(Line::default());
        drawn.lines.extend(paragraph(&words, style));
    }
    Page { title, drawn }
}

/// What linking changes. The glyph at the start of each line hangs.
fn link_preview(model: &Model, preview: &[(words::Tone, String)]) -> Drawn {
    let mut lines = Vec::new();
    for (tone, line) in preview {
        let (glyph, words) = line.split_once(' ').unwrap_or(("", line));
        let inert = text::inert(words);
        for (row, part) in text::wrap(&inert, COLUMNS - 2).into_iter().enumerate() {
            let glyph = if row == 0 { glyph } else { "" };
            lines.push(Line::from(vec![
                span(format!("{} ", text::fit(glyph, 1)), super::tone(&model.theme, *tone)),
                span(part, model.theme.text),
            ]));
        }
    }
    lines.push(Line::default());
    let call = |action| model.keymap.call(Context::LinkPreview, action);
    let words = format!("{} links. {} goes back to the fields.", call(Action::Submit), call(Action::Close));
    lines.extend(paragraph(&words, model.theme.muted));
    Drawn::lines(lines)
}

fn delete(model: &Model, form: &DeleteForm) -> Page {
    let intro = paragraph(&form.text(), model.theme.text);
    let mut drawn = below(intro, form::draw(&form.form, &model.theme, COLUMNS));
    if form.agreed() {
        let submit = model.keymap.call(Context::TextField, Action::Submit);
        drawn.lines.push(Line::default());
        drawn.lines.extend(paragraph(&format!("! {submit} deletes the account"), model.theme.bad));
    }
    Page { title: "Delete the account".into(), drawn }
}

fn app(model: &Model, form: &AppForm) -> Page {
    let intro = paragraph(&form.intro(), model.theme.text);
    let mut drawn = below(intro, form::draw(&form.form, &model.theme, COLUMNS));
    drawn.lines.push(Line::default());
    drawn.lines.extend(paragraph(form.advice(), model.theme.muted));
    Page { title: form.title(), drawn }
}

fn email(model: &Model, form: &EmailForm) -> Page {
    let intro = paragraph(&form.intro(&model.keymap), model.theme.muted);
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
        Err(error) => (format!("✗ {error}"), theme.bad),
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
    lines.push(Line::default());
    let answers = confirm.answers();
    let buttons: Vec<_> = answers
        .iter()
        .map(|(answer, name)| {
            let focused = *answer == confirm.answer;
            let mark = if focused { "▸" } else { " " };
            span(format!("[{mark}{name} ]"), if focused { theme.selection } else { theme.text })
        })
        .collect();
    // The line is centred.
    const GAP: u16 = 3;
    let widths: Vec<_> = buttons.iter().map(|button| button.width() as u16).collect();
    let whole = widths.iter().sum::<u16>() + GAP * (widths.len() as u16 - 1);
    let start = (COLUMNS as u16).saturating_sub(whole) / 2;
    let mut spans = Vec::new();
    for button in buttons {
        if !spans.is_empty() {
            spans.push(span(" ".repeat(GAP.into()), theme.text));
        }
        spans.push(button);
    }
    lines.push(Line::from(spans).alignment(Alignment::Center));
    let mut drawn = Drawn::lines(lines);
    let line = drawn.lines.len() - 1;
    let mut column = start;
    for ((answer, _), width) in answers.into_iter().zip(widths) {
        let columns = Some(column..column + width);
        drawn.spots.push(Target { line, columns, spot: DialogSpot::Answer(answer) });
        column += width + GAP;
    }
    Page { title: confirm.title().into(), drawn }
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
        Err(error) => (format!("✗ {error}"), theme.bad),
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
    if let Some(action) = dialog.leaving {
        // Quitting may be on a letter as well, which a field would take.
        let key = match action {
            Action::Quit => "Ctrl-C".into(),
            action => model.keymap.call(dialog.context(), action),
        };
        let quits = if action == Action::Quit { "quits and " } else { "" };
        lines.push(Line::default());
        lines.extend(paragraph(&format!("! {key} again {quits}drops what you typed."), theme.warn));
    }
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
    if !intro.is_empty() && !fields.lines.is_empty() {
        intro.push(Line::default());
    }
    Drawn::lines(intro).below(fields)
}
