//! Somebody else changed the custom data first: both versions, and what to do.

use bson::{Bson, Document};

use super::Submission;
use crate::account::UserKey;
use crate::data::FieldPath;
use crate::data::change::{DataEdit, EditBase, apply, differences, same};
use crate::data::edited_text::document_text;
use crate::session;

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

    pub(super) fn submit(&self) -> Submission {
        // What they wrote is what the person wanted.
        if self.again.changes.is_empty() {
            return Submission::Close;
        }
        Submission::send(session::EditCustomData { user: self.user.clone(), edit: self.again.clone() })
    }
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
        assert!(matches!(conflict.submit(), Submission::Close));
        assert_eq!(conflict.again(), Again::Field(path, Some(bson!("light"))));
    }
}
