//! Dialogs: centred, bordered, above the panes.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::form::{self, Drawn};
use super::{help, lines, span};
use crate::tui::dialog::{Body, Confirm, CredentialsForm, Dialog, EditForm, Progress, Purpose, VaultForm};
use crate::tui::form::FieldName;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;

/// Columns inside of a dialog.
const COLUMNS: usize = 62;

/// Lines that a failure's message, and its hint, may take: the form has to stay in sight.
const MOST_LINES: usize = 5;

/// What a dialog shows: its title, and lines with the cursor somewhere in them.
struct Page {
    title: String,
    drawn: Drawn,
}

/// Draws a dialog; where the cursor stands, if it is in a text field.
pub fn draw(model: &Model, dialog: &Dialog, buffer: &mut Buffer) -> Option<Position> {
    let theme = &model.theme;
    let mut page = match &dialog.body {
        Body::Credentials(form) => credentials(model, form),
        Body::Confirm(confirm) => question(model, confirm),
        Body::Edit(form) => edit(model, form),
        Body::Vault(form) => vault(model, form),
        Body::Help { offset } => {
            Page { title: "Keys".into(), drawn: Drawn { lines: help::lines(model, *offset), cursor: None } }
        }
    };
    progress(model, dialog, &mut page.drawn.lines);
    let width = COLUMNS as u16 + 4;
    let height = page.drawn.lines.len() as u16 + 2;
    let area = buffer.area.centered(Constraint::Length(width), Constraint::Length(height));
    Clear.render(area, buffer);
    let title = text::inert(&page.title);
    let title = text::cut(&title, COLUMNS).into_owned();
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

fn cursor(inside: Rect, (column, row): (u16, u16)) -> Option<Position> {
    let position = Position { x: inside.x + column, y: inside.y + row };
    inside.contains(position).then_some(position)
}

fn credentials(model: &Model, form: &CredentialsForm) -> Page {
    let title = match &form.purpose {
        Purpose::LogIn => format!("Log in to {}", form.app),
        Purpose::Register => format!("Register at {}", form.app),
        Purpose::Link { label, .. } => format!("Link an e-mail identity to {label}"),
    };
    let intro = form.intro.map(|intro| paragraph(intro, model.theme.text)).unwrap_or_default();
    let fields = form::draw(&form.form, &model.theme, COLUMNS);
    Page { title, drawn: below(intro, fields) }
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
        Progress::Waiting(_) => {
            lines.push(Line::default());
            lines.push(Line::from(span(dialog.body.waiting(), theme.busy)));
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
