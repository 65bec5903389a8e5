//! The custom data as a whole in an editor, and what is asked before it is written.

use bson::{Bson, Document};
use ratatui::text::Line;

use super::{Component, Input, Modal, Page, Reaction, Room, State, is_movement, target};
use crate::account::UserKey;
use crate::data::DataChange;
use crate::data::change::{DataEdit, apply, identical, json_size};
use crate::data::edited_text::{document_text, parse_document};
use crate::session::{self, CustomDataRead, UserView};
use crate::text;
use crate::tui::content::tree::{type_name, whole};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::line::{self, span};
use crate::tui::widget::page::{Drawn, paragraph};
use crate::tui::words;
use crate::tui::words::Tone;

/// Rows that a page key goes.
const PAGE: usize = 10;

/// The document on its way through the editor.
#[derive(Debug)]
pub struct DocumentEdit {
    /// Whose custom data it is.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// What it began from; `None` where there was none.
    before: Option<Document>,
    /// What the person wrote.
    pub text: String,
    /// Where it stands.
    pub stage: Stage,
    /// The first line in sight.
    pub offset: usize,
    /// Whether it writes a former value back, and nobody typed anything.
    pub undoes: bool,
}

/// Where an edit stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// The source is being read.
    Reading,
    /// The editor has the terminal.
    Editing,
    /// What was written cannot be taken, or the editor failed. The text is kept.
    Refused(String),
    /// What would be changed.
    Preview(DataEdit),
}

impl DocumentEdit {
    /// An edit whose document is still to be read.
    pub fn new(user: &UserView) -> Self {
        Self::over(user.key.clone(), user.label.clone(), None, None)
    }

    /// An edit that begins from `before`, with `text` in the editor; without a text, with what is there.
    pub fn over(user: UserKey, label: String, before: Option<Document>, text: Option<String>) -> Self {
        let stage = if text.is_some() { Stage::Editing } else { Stage::Reading };
        Self { user, label, before, text: text.unwrap_or_default(), stage, offset: 0, undoes: false }
    }

    /// A change that takes another back, ready to be looked at. `known` is the newest custom data that is known.
    pub fn undo(user: &UserView, known: Document, edit: DataEdit) -> Self {
        let text = document_text(&apply(&known, &edit.changes), &known);
        let (user, label, stage) = (user.key.clone(), user.label.clone(), Stage::Preview(edit));
        Self { user, label, before: Some(known), text, stage, offset: 0, undoes: true }
    }

    /// The source was read: the editor can begin.
    pub fn begin(&mut self, before: Option<Document>) {
        let document = before.clone().unwrap_or_default();
        self.text = document_text(&document, &document);
        self.before = before;
        self.stage = Stage::Editing;
    }

    /// The editor has ended.
    pub fn take(&mut self, result: Result<String, String>) {
        self.offset = 0;
        self.undoes = false;
        let checked = result.and_then(|text| {
            self.text = text;
            self.check()
        });
        self.stage = checked.map_or_else(Stage::Refused, Stage::Preview);
    }

    fn check(&self) -> Result<DataEdit, String> {
        let none = Document::new();
        let before = self.before.as_ref().unwrap_or(&none);
        let after = parse_document(&self.text, before).map_err(|error| error.to_string())?;
        let edit = DataEdit::document(self.before.clone(), &after);
        match edit.changes.iter().find(|change| !change.path.is_writable()) {
            Some(change) => {
                let path = &change.path;
                Err(format!("the name of {path} cannot be written: it has a dot, begins with $, or is empty"))
            }
            None => Ok(edit),
        }
    }

    /// The document as it would be.
    pub fn after(&self) -> Option<Document> {
        let Stage::Preview(edit) = &self.stage else { return None };
        Some(apply(self.before.as_ref().unwrap_or(&Document::new()), &edit.changes))
    }

    pub fn submit(&self) -> Vec<Reaction> {
        let user = self.user.clone();
        match &self.stage {
            Stage::Preview(edit) if edit.changes.is_empty() => vec![Reaction::Close],
            Stage::Preview(edit) => Reaction::ask(session::EditCustomData { user, edit: edit.clone() }),
            Stage::Reading => Reaction::ask(session::ReadCustomData { user }),
            Stage::Editing | Stage::Refused(_) => vec![],
        }
    }
}

impl DocumentEdit {
    /// Back into the editor, with the text as the person left it.
    fn again(&mut self) -> Vec<Reaction> {
        self.stage = Stage::Editing;
        vec![Reaction::Edit(self.text.clone())]
    }
}

impl Component for DocumentEdit {
    fn context(&self) -> Context {
        Context::Document
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        match input {
            // Drawing knows how many lines there are; it stops at the last.
            Input::Action(action) if is_movement(action) => self.offset = target(action, self.offset, PAGE),
            Input::Action(Action::Submit) if matches!(self.stage, Stage::Refused(_)) => return self.again(),
            Input::Action(Action::Edit) if self.stage != Stage::Reading => return self.again(),
            Input::Action(Action::Submit) => return self.submit(),
            Input::Answer(event) => {
                if let Some(CustomDataRead(document)) = event.kind.outcome() {
                    self.begin(document.clone());
                    return vec![Reaction::Edit(self.text.clone())];
                }
            }
            Input::Edited(result) => {
                self.take(result.clone());
                if matches!(&self.stage, Stage::Preview(edit) if edit.changes.is_empty()) {
                    let words = "nothing was changed in the editor, and nothing is written";
                    return vec![Reaction::Close, Reaction::Say(Tone::Plain, words.into())];
                }
            }
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, room: Room) -> Page {
        let what = if self.undoes { "Undo a change of the" } else { "The" };
        let columns = room.wide();
        let drawn = Drawn::lines(document(state, self, columns, room.rows()));
        Page::new(format!("{what} custom data of {}", self.label), drawn).of_width(columns)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![]
    }
}

impl Modal for DocumentEdit {
    fn waiting(&self) -> &'static str {
        match self.stage {
            Stage::Preview(_) => "writing…",
            _ => "reading the source…",
        }
    }

    fn holds_text(&self) -> bool {
        !self.undoes && matches!(self.stage, Stage::Refused(_) | Stage::Preview(_))
    }

    fn holds_work(&self) -> bool {
        self.holds_text()
    }

    fn data_edit(&self) -> Option<(UserKey, String, DataEdit)> {
        let Stage::Preview(edit) = &self.stage else { return None };
        Some((self.user.clone(), self.label.clone(), edit.clone()))
    }
}

/// The stage of an edit in lines.
pub fn document(state: &State, edit: &DocumentEdit, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    match &edit.stage {
        Stage::Reading => paragraph("The document is read at its source first.", theme.muted, columns),
        Stage::Editing => paragraph("The editor has the document.", theme.muted, columns),
        Stage::Refused(why) => {
            let mut lines = paragraph(&format!("✗ {why}"), theme.bad, columns);
            lines.push(Line::default());
            let go_on = state.keymap.call(Context::Document, Action::Submit);
            let words =
                format!("Nothing was written, and your text is kept: {go_on} opens it in the editor again.");
            lines.extend(paragraph(&words, theme.text, columns));
            lines
        }
        Stage::Preview(changes) => {
            let go_on = state.keymap.call(Context::Document, Action::Submit);
            let head = match (edit.undoes, changes.changes.len()) {
                (true, 1) => format!("{go_on} writes the former value back."),
                (true, fields) => format!("{go_on} writes {fields} former values back."),
                (false, fields) => format!("{go_on} writes {}.", words::count(fields, "change")),
            };
            let mut lines = paragraph(&head, theme.text, columns);
            lines.push(Line::default());
            let size = edit.after().as_ref().map(json_size).unwrap_or_default();
            let warning = too_large(state, size, columns);
            let room = rows.saturating_sub(lines.len() + warning.len());
            let changes = changes.changes.iter().map(|of| change(state, of, columns)).collect();
            lines.extend(scrolled(changes, edit.offset, room));
            lines.extend(warning);
            lines
        }
    }
}

/// One change in a line, told by its glyph and by its colour.
pub fn change(state: &State, change: &DataChange, columns: usize) -> Line<'static> {
    let theme = &state.theme;
    let value = |value: &Bson| text::inert(&whole(value)).into_owned();
    let (glyph, tone, words) = match (&change.before, &change.after) {
        (None, Some(after)) => ("+", Tone::Good, value(after)),
        (Some(before), None) => ("-", Tone::Bad, value(before)),
        (Some(before), Some(after)) if identical(before, after) => {
            ("=", Tone::Plain, "stays as it is".to_owned())
        }
        (Some(before), Some(after)) => ("~", Tone::Warn, {
            // Both ends of the arrow have to be in sight.
            let typed = |of: &Bson, text: String| {
                if type_name(before) == type_name(after) {
                    text
                } else {
                    format!("{text} ({})", type_name(of))
                }
            };
            let old = text::cut(&value(before), columns / 3).into_owned();
            format!("{} → {}", typed(before, old), typed(after, value(after)))
        }),
        (None, None) => (" ", Tone::Plain, "nothing".to_owned()),
    };
    let path = change.path.to_string();
    let path = text::cut(&text::inert(&path), columns / 3).into_owned();
    let head = format!("{glyph} {path}: ");
    let room = columns.saturating_sub(text::width(&head));
    Line::from(vec![
        span(head, line::tone(theme, tone)),
        span(text::cut(&words, room).into_owned(), theme.text),
    ])
}

/// What to say about a document that is nearly, or already, too large for a header.
pub fn too_large(state: &State, size: usize, columns: usize) -> Vec<Line<'static>> {
    let Some((tone, words)) = words::data_size_warning(size) else { return Vec::new() };
    let mut lines = vec![Line::default()];
    lines.extend(paragraph(&words, line::tone(&state.theme, tone), columns));
    lines
}

/// The lines from `offset` on that fit, and how many more there are.
pub fn scrolled(lines: Vec<Line<'static>>, offset: usize, room: usize) -> Vec<Line<'static>> {
    let room = room.max(2);
    if lines.len() <= room {
        return lines;
    }
    let shown = room - 1;
    let first = offset.min(lines.len() - shown);
    let rest = lines.len() - shown - first;
    let more =
        if rest == 0 { "the end".to_owned() } else { format!("{} below", words::count(rest, "more line")) };
    let mut seen: Vec<_> = lines.into_iter().skip(first).take(shown).collect();
    seen.push(Line::from(format!("  … {more}")));
    seen
}
