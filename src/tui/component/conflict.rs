//! Somebody else changed the custom data first: both versions, and what to do.

use bson::{Bson, Document};
use ratatui::style::Style;
use ratatui::text::Line;

use super::document::{DocumentEdit, scrolled};
use super::edit::EditForm;
use super::{Component, Input, Modal, Page, Reaction, Room, State, is_movement, target};
use crate::account::UserKey;
use crate::data::FieldPath;
use crate::data::change::{DataEdit, EditBase, apply, differences, same};
use crate::data::edited_text::document_text;
use crate::session::{self, UserView};
use crate::text;
use crate::tui::content::tree::whole;
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::line::span;
use crate::tui::widget::page::{Drawn, paragraph};
use crate::tui::words::Tone;

/// Rows that a page key goes.
const PAGE: usize = 10;

/// An edit that met another.
#[derive(Debug)]
pub struct Conflict {
    /// Whose custom data it is.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// What the person wanted.
    mine: DataEdit,
    /// The same, begun from what is there now.
    again: DataEdit,
    /// What is there now; `None` where the document is gone.
    pub theirs: Option<Document>,
    /// The first line in sight.
    pub offset: usize,
}

/// One field of a conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The field.
    pub path: FieldPath,
    /// When the person began.
    pub before: Option<Bson>,
    /// What somebody else made of it.
    pub theirs: Option<Bson>,
    /// What the person made of it; `None` where the person left it alone.
    pub mine: Option<Option<Bson>>,
}

/// How to go on with the own edit.
#[derive(Debug, Clone, PartialEq)]
pub enum Again {
    /// One field, with the value that the person wanted.
    Field(FieldPath, Option<Bson>),
    /// The whole document, as a text.
    Document(String),
}

impl Conflict {
    /// An edit that was refused since `theirs` is there.
    pub fn new(user: UserKey, label: String, mine: DataEdit, theirs: Option<Document>) -> Self {
        let again = mine.on_top_of(theirs.as_ref());
        Self { user, label, mine, again, theirs, offset: 0 }
    }

    /// What happened.
    pub fn opening(&self) -> &'static str {
        match &self.theirs {
            Some(_) => {
                "Somebody else changed the custom data after you began. Nothing of yours is written yet."
            }
            None => "Somebody else removed the custom data after you began. Nothing of yours is written yet.",
        }
    }

    /// The fields that the two are about; first those that both have changed.
    pub fn fields(&self) -> Vec<Field> {
        let none = Document::new();
        let theirs = self.theirs.as_ref().unwrap_or(&none);
        let of_mine = self.mine.changes.iter().map(|change| Field {
            path: change.path.clone(),
            before: change.before.clone(),
            theirs: change.path.find(theirs).cloned(),
            mine: Some(change.after.clone()),
        });
        let (both, only_mine): (Vec<_>, Vec<_>) =
            of_mine.partition(|field| !same(field.before.as_ref(), field.theirs.as_ref()));
        let base = match &self.mine.base {
            EditBase::Document(before) => before.as_ref().unwrap_or(&none),
            EditBase::Fields => theirs,
        };
        let is_mine = |path: &FieldPath| self.mine.changes.iter().any(|change| change.path == *path);
        let only_theirs =
            differences(base, theirs).into_iter().filter(|change| !is_mine(&change.path)).map(|change| {
                Field { path: change.path, before: change.before, theirs: change.after, mine: None }
            });
        both.into_iter().chain(only_theirs).chain(only_mine).collect()
    }

    /// The edit to send when the own one is written all the same.
    pub fn edit(&self) -> &DataEdit {
        &self.again
    }

    /// What to edit when the person goes on with the own one.
    pub fn again(&self) -> Again {
        match (&self.mine.base, self.mine.changes.as_slice()) {
            (EditBase::Fields, [change, ..]) => Again::Field(change.path.clone(), change.after.clone()),
            _ => {
                let none = Document::new();
                let theirs = self.theirs.as_ref().unwrap_or(&none);
                let merged = apply(theirs, &self.again.changes);
                Again::Document(document_text(&merged, theirs))
            }
        }
    }

    pub fn submit(&self) -> Vec<Reaction> {
        // What they wrote is what the person wanted.
        if self.again.changes.is_empty() {
            return vec![Reaction::Close];
        }
        Reaction::ask(session::EditCustomData { user: self.user.clone(), edit: self.again.clone() })
    }
}

impl Conflict {
    /// Goes on with the own edit, from what somebody else has written.
    fn edit_again(&self, state: &State) -> Vec<Reaction> {
        let (user, label) = (self.user.clone(), self.label.clone());
        match self.again() {
            Again::Document(text) => {
                let edit = DocumentEdit::over(user, label, self.theirs.clone(), Some(text));
                vec![Reaction::Close, Reaction::Open(Box::new(edit)), Reaction::Act(Action::Edit)]
            }
            Again::Field(path, value) => {
                let Some(user) = state.snapshot.user(&user) else { return vec![] };
                let form = field_again(user, path, value, self.theirs.clone().unwrap_or_default());
                vec![Reaction::Close, Reaction::Open(Box::new(form))]
            }
        }
    }
}

impl Component for Conflict {
    fn context(&self) -> Context {
        Context::Conflict
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        match input {
            // Drawing knows how many lines there are; it stops at the last.
            Input::Action(action) if is_movement(action) => self.offset = target(action, self.offset, PAGE),
            Input::Action(Action::WriteMine) => return self.submit(),
            Input::Action(Action::TakeTheirs) => {
                let words = "theirs stands; the token is renewed, so that it follows";
                return vec![
                    Reaction::Close,
                    Reaction::Say(Tone::Plain, words.into()),
                    Reaction::send(session::Refresh { user: self.user.clone() }),
                ];
            }
            Input::Action(Action::Edit) => return self.edit_again(state),
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, room: Room) -> Page {
        let columns = room.wide();
        let drawn = Drawn::lines(conflict(state, self, columns, room.rows()));
        Page::new(format!("A conflict in the custom data of {}", self.label), drawn).of_width(columns)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        let versions = |field: &Field| {
            let value = |value: &Option<Bson>| value.as_ref().map_or_else(|| "nothing".to_owned(), whole);
            let mine = field.mine.as_ref().map_or_else(|| "not changed".to_owned(), value);
            let (before, theirs) = (value(&field.before), value(&field.theirs));
            format!("{}: before {before}, theirs {theirs}, yours {mine}", field.path)
        };
        let opening = self.opening().to_owned();
        std::iter::once(opening).chain(self.fields().iter().map(versions)).collect()
    }
}

impl Modal for Conflict {
    fn waiting(&self) -> &'static str {
        "writing…"
    }

    fn holds_text(&self) -> bool {
        true
    }

    fn holds_work(&self) -> bool {
        true
    }

    fn data_edit(&self) -> Option<(UserKey, String, DataEdit)> {
        Some((self.user.clone(), self.label.clone(), self.again.clone()))
    }
}

fn field_again(user: &UserView, path: FieldPath, value: Option<Bson>, theirs: Document) -> EditForm {
    let value = value.or_else(|| path.find(&theirs).cloned()).unwrap_or(Bson::Null);
    EditForm::edit(user, theirs, path, &value)
}

/// Both versions, field by field, and what can be done.
pub fn conflict(state: &State, conflict: &Conflict, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let mut lines = paragraph(conflict.opening(), theme.warn, columns);
    lines.push(Line::default());
    let ends = [
        (Action::TakeTheirs, "leave it as they wrote it, and drop yours"),
        (Action::WriteMine, "write your changes over theirs; what only they changed stays"),
        (Action::Edit, "edit again, beginning from theirs"),
    ];
    let ends = ends.map(|(action, what)| (state.keymap.call(Context::Conflict, action), what));
    let keys = ends.iter().map(|(key, _)| text::width(key)).max().unwrap_or_default();
    let ends: Vec<_> = std::iter::once(Line::default())
        .chain(ends.map(|(key, what)| {
            Line::from(vec![span(format!("{}  ", text::fit(&key, keys)), theme.key), span(what, theme.text)])
        }))
        .collect();
    let room = rows.saturating_sub(lines.len() + ends.len());
    let fields = conflict.fields().iter().flat_map(|field| versions(state, field, columns)).collect();
    lines.extend(scrolled(fields, conflict.offset, room));
    lines.extend(ends);
    lines
}

fn versions(state: &State, field: &Field, columns: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let version = |who: &str, value: &Option<Bson>, style: Style| {
        let value = value.as_ref().map_or_else(|| "nothing".to_owned(), whole);
        let value = text::cut(&text::inert(&value), columns.saturating_sub(10)).into_owned();
        Line::from(vec![span(format!("  {} ", text::fit(who, 7)), theme.muted), span(value, style)])
    };
    let path = field.path.to_string();
    let mut lines = vec![
        Line::from(span(text::cut(&text::inert(&path), columns).into_owned(), theme.strong)),
        version("before", &field.before, theme.muted),
        version("theirs", &field.theirs, theme.warn),
    ];
    match &field.mine {
        Some(mine) => lines.push(version("yours", mine, theme.good)),
        None => lines.push(Line::from(span("  yours   not changed", theme.muted))),
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AppAlias, UserId};
    use bson::{bson, doc};

    fn conflict(mine: DataEdit, theirs: Option<Document>) -> Conflict {
        let user = UserKey { app: AppAlias::new("local"), id: UserId::new("1") };
        Conflict::new(user, "ada".into(), mine, theirs)
    }

    #[test]
    fn both_versions_are_told_field_by_field() {
        let before = doc! { "a": 1, "b": 1, "c": 1 };
        let mine = DataEdit::document(Some(before), &doc! { "a": 2, "b": 2, "c": 1 });
        let conflict = conflict(mine, Some(doc! { "a": 1, "b": 3 }));
        let told: Vec<_> = conflict
            .fields()
            .into_iter()
            .map(|field| (field.path.to_string(), field.before, field.theirs, field.mine))
            .collect();
        assert_eq!(
            told,
            [
                ("b".into(), Some(bson!(1)), Some(bson!(3)), Some(Some(bson!(2)))),
                ("c".into(), Some(bson!(1)), None, None),
                ("a".into(), Some(bson!(1)), Some(bson!(1)), Some(Some(bson!(2)))),
            ]
        );
        let Again::Document(text) = conflict.again() else { panic!("the whole document") };
        assert!(text.contains("\"a\": 2") && text.contains("\"b\": 2") && !text.contains("\"c\""), "{text}");
    }

    #[test]
    fn where_both_wanted_the_same_there_is_nothing_to_write() {
        let path = FieldPath::parse_writable("theme").unwrap();
        let mine = DataEdit::field(path.clone(), Some(bson!("dark")), Some(bson!("light")));
        let conflict = conflict(mine, Some(doc! { "theme": "light" }));
        assert!(matches!(conflict.submit()[..], [Reaction::Close]));
        assert_eq!(conflict.again(), Again::Field(path, Some(bson!("light"))));
    }
}
