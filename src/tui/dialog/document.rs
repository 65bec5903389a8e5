//! The custom data as a whole in an editor, and what is asked before it is written.

use bson::Document;

use super::Submission;
use crate::account::UserKey;
use crate::data::change::{DataEdit, apply};
use crate::data::edited_text::{document_text, parse_document};
use crate::session::{self, UserView};

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

    /// Whether a text of the person would be lost with it.
    pub fn holds_text(&self) -> bool {
        !self.undoes && matches!(self.stage, Stage::Refused(_) | Stage::Preview(_))
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

    pub(super) fn submit(&self) -> Submission {
        let user = self.user.clone();
        match &self.stage {
            Stage::Preview(edit) if edit.changes.is_empty() => Submission::Close,
            Stage::Preview(edit) => Submission::send(session::EditCustomData { user, edit: edit.clone() }),
            Stage::Reading => Submission::send(session::ReadCustomData { user }),
            Stage::Editing | Stage::Refused(_) => Submission::Refused,
        }
    }

    pub(super) fn waiting(&self) -> &'static str {
        match self.stage {
            Stage::Preview(_) => "writing…",
            _ => "reading the source…",
        }
    }
}
