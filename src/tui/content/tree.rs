//! Custom data as a tree: rows that are computed when the document or what is collapsed changes.

use std::collections::{HashMap, HashSet};

use bson::{Bson, Document};

use crate::data::FieldPath;
use crate::data::change::{DataChange, differences, identical_documents};
use crate::data::edited_text::edit_text;
use crate::data::value::value_text;

/// One row of the tree. Names and values are text from a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The way to the value.
    pub path: FieldPath,
    /// How deep it lies.
    pub depth: usize,
    /// The field's name, or the index in its array.
    pub name: String,
    /// What the value is.
    pub kind: Kind,
    /// The value in one line; of a document or an array how much is in it.
    pub value: String,
    /// How the token's copy and the source differ here; `None` where they do not, as far as is known.
    pub mark: Option<Mark>,
    /// The source's value where it is another.
    pub newer: Option<String>,
}

/// How the token's copy and the source of a field differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The values differ, or something inside does.
    Differs,
    /// It is at the source alone: the token will have it after its next renewal.
    AtSource,
    /// It is in the token alone: the source has it no more.
    InToken,
}

/// Kinds of values, told apart on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A document or an array.
    Container {
        /// Whether its content is shown.
        open: bool,
        /// The type's name.
        name: &'static str,
    },
    /// A text.
    Text,
    /// A number.
    Number(&'static str),
    /// Anything else.
    Other(&'static str),
}

impl Kind {
    /// The type's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Container { name, .. } | Self::Number(name) | Self::Other(name) => name,
        }
    }
}

/// The name of a value's type, as MongoDB's `$type` has it, in short.
pub fn type_name(value: &Bson) -> &'static str {
    kind(value, true).name()
}

fn kind(value: &Bson, open: bool) -> Kind {
    match value {
        Bson::Document(_) => Kind::Container { open, name: "object" },
        Bson::Array(_) => Kind::Container { open, name: "array" },
        Bson::String(_) => Kind::Text,
        Bson::Int32(_) => Kind::Number("int32"),
        Bson::Int64(_) => Kind::Number("int64"),
        Bson::Double(_) => Kind::Number("double"),
        Bson::Decimal128(_) => Kind::Number("decimal"),
        Bson::Boolean(_) => Kind::Other("bool"),
        Bson::DateTime(_) => Kind::Other("date"),
        Bson::ObjectId(_) => Kind::Other("objectId"),
        Bson::Null => Kind::Other("null"),
        Bson::Binary(_) => Kind::Other("binary"),
        Bson::RegularExpression(_) => Kind::Other("regex"),
        Bson::Timestamp(_) => Kind::Other("timestamp"),
        Bson::JavaScriptCode(_) => Kind::Other("javascript"),
        Bson::JavaScriptCodeWithScope(_) => Kind::Other("javascriptWithScope"),
        Bson::Symbol(_) => Kind::Other("symbol"),
        Bson::DbPointer(_) => Kind::Other("dbPointer"),
        Bson::Undefined => Kind::Other("undefined"),
        Bson::MinKey => Kind::Other("minKey"),
        Bson::MaxKey => Kind::Other("maxKey"),
    }
}

/// Rows that are made of one document; beyond them the tree says that there is more.
const MOST: usize = 20_000;

/// Characters of a value that are kept.
pub const LONGEST: usize = 500;

/// A tree with its cursor.
#[derive(Debug, Default)]
pub struct Tree {
    token: Option<Document>,
    source: Option<Option<Document>>,
    /// Both in one.
    document: Option<Document>,
    changes: Vec<DataChange>,
    collapsed: HashSet<FieldPath>,
    rows: Vec<Row>,
    cursor: usize,
}

impl Tree {
    /// Shows another document, or the same one as it is now: the token's copy, and the source's where that is known. What
    /// is collapsed stays collapsed, and the cursor stays on its path.
    pub fn show(&mut self, token: Option<&Document>, source: Option<Option<&Document>>) {
        let is_same_source = match (&self.source, source) {
            (Some(old), Some(new)) => is_shown(old.as_ref(), new),
            (None, None) => true,
            _ => false,
        };
        if is_shown(self.token.as_ref(), token) && is_same_source {
            return;
        }
        self.token = token.cloned();
        self.source = source.map(Option::<&Document>::cloned);
        let none = Document::new();
        (self.document, self.changes) = match source {
            None => (token.cloned(), Vec::new()),
            Some(source) => {
                let is_there = token.is_some() || source.is_some();
                let (token, source) = (token.unwrap_or(&none), source.unwrap_or(&none));
                (is_there.then(|| merge(token, source)), differences(token, source))
            }
        };
        self.flatten();
    }

    /// How many fields of the token's copy and the source differ; `None` where the source is not known.
    pub fn differences(&self) -> Option<usize> {
        self.source.as_ref().map(|_| self.changes.len())
    }

    /// The newest document that is known: the source's, else the token's copy.
    pub fn newest(&self) -> Option<&Document> {
        self.source.as_ref().unwrap_or(&self.token).as_ref()
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row under the cursor, by number.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&Row> {
        self.rows.get(self.cursor)
    }

    /// The newest value at a path.
    pub fn value(&self, path: &FieldPath) -> Option<&Bson> {
        let newest = self.newest().and_then(|newest| path.find(newest));
        newest.or_else(|| path.find(self.document.as_ref()?))
    }

    /// What a copy of the row under the cursor is, and what it is called: a text as it is, anything else as Extended JSON.
    pub fn copied(&self) -> Option<(String, String)> {
        let path = &self.current()?.path;
        let text = match self.value(path)? {
            Bson::String(text) => text.clone(),
            Bson::ObjectId(id) => id.to_hex(),
            other => value_text(other),
        };
        Some((text, format!("the value of {path}")))
    }

    /// Moves the cursor to a row, at most to the last.
    pub fn go_to(&mut self, row: usize) {
        self.cursor = row.min(self.rows.len().saturating_sub(1));
    }

    /// Expands the row under the cursor.
    pub fn expand(&mut self) {
        self.set_open(true);
    }

    /// Collapses the row under the cursor; where there is nothing to collapse, goes to what holds it.
    pub fn collapse(&mut self) {
        match self.current() {
            Some(Row { kind: Kind::Container { open: true, .. }, .. }) => self.set_open(false),
            Some(row) => {
                let depth = row.depth;
                let holder = self.rows[..self.cursor].iter().rposition(|above| above.depth < depth);
                self.cursor = holder.unwrap_or(self.cursor);
            }
            None => {}
        }
    }

    /// Expands or collapses the row under the cursor.
    pub fn toggle(&mut self) {
        if let Some(Row { kind: Kind::Container { open, .. }, .. }) = self.current() {
            self.set_open(!open);
        }
    }

    fn set_open(&mut self, open: bool) {
        let Some(Row { kind: Kind::Container { .. }, path, .. }) = self.current() else { return };
        let path = path.clone();
        let changed = if open { self.collapsed.remove(&path) } else { self.collapsed.insert(path) };
        if changed {
            self.flatten();
        }
    }

    fn flatten(&mut self) {
        let here = self.current().map(|row| row.path.clone());
        self.rows.clear();
        if let Some(document) = self.document.take() {
            let root = FieldPath::default();
            let changes = std::mem::take(&mut self.changes);
            let marks = Marks::of(&changes);
            for (name, value) in &document {
                self.push(root.child(name), 0, name, value, &marks, None);
            }
            self.changes = changes;
            self.document = Some(document);
        }
        let found = here.and_then(|path| self.rows.iter().position(|row| row.path == path));
        self.go_to(found.unwrap_or(self.cursor));
    }

    fn push(
        &mut self,
        path: FieldPath,
        depth: usize,
        name: &str,
        value: &Bson,
        marks: &Marks<'_>,
        above: Option<Mark>,
    ) {
        if self.rows.len() >= MOST {
            return;
        }
        let open = !self.collapsed.contains(&path);
        let change = marks.changes.get(&path);
        let mark = above.or_else(|| marks.at(&path));
        // What is inside of a value that is there on one side alone is there on one side alone; of one that is another
        // at the source, nothing more is said inside.
        let inside = mark.filter(|mark| *mark != Mark::Differs);
        self.rows.push(Row {
            path: path.clone(),
            depth,
            name: name.to_owned(),
            kind: kind(value, open),
            value: summary(value),
            mark,
            newer: change
                .and_then(|change| Some(summary(change.before.as_ref().and(change.after.as_ref())?))),
        });
        if !open {
            return;
        }
        match value {
            Bson::Document(fields) => {
                for (name, value) in fields {
                    self.push(path.child(name), depth + 1, name, value, marks, inside);
                }
            }
            Bson::Array(items) => {
                for (at, value) in items.iter().enumerate() {
                    let name = at.to_string();
                    self.push(path.child(&name), depth + 1, &name, value, marks, inside);
                }
            }
            _ => {}
        }
    }
}

fn is_shown(old: Option<&Document>, new: Option<&Document>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => identical_documents(old, new),
        (old, new) => old.is_none() && new.is_none(),
    }
}

/// Where two documents differ, by path.
struct Marks<'a> {
    changes: HashMap<&'a FieldPath, &'a DataChange>,
    /// What holds something that differs.
    holders: HashSet<FieldPath>,
}

impl<'a> Marks<'a> {
    fn of(changes: &'a [DataChange]) -> Self {
        let mut holders = HashSet::new();
        for change in changes {
            let mut holder = FieldPath::default();
            let segments = change.path.segments();
            for segment in &segments[..segments.len().saturating_sub(1)] {
                holder = holder.child(segment);
                holders.insert(holder.clone());
            }
        }
        Self { changes: changes.iter().map(|change| (&change.path, change)).collect(), holders }
    }

    fn at(&self, path: &FieldPath) -> Option<Mark> {
        match self.changes.get(path) {
            Some(DataChange { before: None, .. }) => Some(Mark::AtSource),
            Some(DataChange { after: None, .. }) => Some(Mark::InToken),
            Some(_) => Some(Mark::Differs),
            None => self.holders.contains(path).then_some(Mark::Differs),
        }
    }
}

/// The token's copy, with what is at the source alone behind it.
fn merge(token: &Document, source: &Document) -> Document {
    let mut merged: Document = token
        .iter()
        .map(|(name, old)| match (old, source.get(name)) {
            (Bson::Document(old), Some(Bson::Document(new))) => {
                (name.clone(), Bson::Document(merge(old, new)))
            }
            _ => (name.clone(), old.clone()),
        })
        .collect();
    let added = source.iter().filter(|(name, _)| !token.contains_key(name.as_str()));
    merged.extend(added.map(|(name, value)| (name.clone(), value.clone())));
    merged
}

/// A value in one line, with all that is in it.
pub fn whole(value: &Bson) -> String {
    match value {
        Bson::Document(_) | Bson::Array(_) => value_text(value).chars().take(LONGEST).collect(),
        value => summary(value),
    }
}

/// A value in one line; of a document or an array how much is in it.
pub fn summary(value: &Bson) -> String {
    let text = match value {
        Bson::Document(fields) => format!("{{{}}}", fields.len()),
        Bson::Array(items) => format!("[{}]", items.len()),
        Bson::String(text) => format!("\"{}\"", text.chars().take(LONGEST).collect::<String>()),
        other => edit_text(other),
    };
    text.chars().take(LONGEST + 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.show(Some(&doc! { "a": { "b": 1, "c": ["x"] }, "d": true }), None);
        tree
    }

    fn names(tree: &Tree) -> Vec<(usize, &str)> {
        tree.rows().iter().map(|row| (row.depth, row.name.as_str())).collect()
    }

    #[test]
    fn everything_is_open_at_first() {
        assert_eq!(names(&tree()), [(0, "a"), (1, "b"), (1, "c"), (2, "0"), (0, "d")]);
    }

    #[test]
    fn what_is_collapsed_stays_collapsed_when_the_document_changes() {
        let mut tree = tree();
        tree.collapse();
        assert_eq!(names(&tree), [(0, "a"), (0, "d")]);
        tree.show(Some(&doc! { "0": 0, "a": { "b": 2 }, "d": true }), None);
        assert_eq!(names(&tree), [(0, "0"), (0, "a"), (0, "d")]);
        assert_eq!(tree.current().unwrap().name, "a", "the cursor stays on its path");
        tree.toggle();
        assert_eq!(names(&tree), [(0, "0"), (0, "a"), (1, "b"), (0, "d")]);
    }

    #[test]
    fn left_goes_to_what_holds_the_value() {
        let mut tree = tree();
        tree.go_to(3);
        tree.collapse();
        assert_eq!(tree.current().unwrap().path.to_string(), "a.c");
        tree.collapse();
        tree.collapse();
        assert_eq!(tree.current().unwrap().path.to_string(), "a");
    }

    #[test]
    fn types_are_told_apart() {
        let mut tree = Tree::default();
        tree.show(
            Some(&doc! {
                "s": "7", "i": 7, "l": 7_i64, "f": 7.0, "b": true, "n": null,
                "t": bson::DateTime::from_millis(0), "o": bson::oid::ObjectId::from_bytes([1; 12]),
            }),
            None,
        );
        let shown: Vec<_> = tree.rows().iter().map(|row| (row.kind.name(), row.value.as_str())).collect();
        assert_eq!(shown[0], ("string", "\"7\""));
        assert_eq!(shown[1], ("int32", "7"));
        assert_eq!(shown[2], ("int64", "7"));
        assert_eq!(shown[3], ("double", "7.0"));
        assert_eq!(shown[4], ("bool", "true"));
        assert_eq!(shown[5], ("null", "null"));
        assert_eq!(shown[6], ("date", "1970-01-01T00:00:00Z"));
        assert_eq!(shown[7], ("objectId", "010101010101010101010101"));
    }

    #[test]
    fn a_date_is_shown_as_what_it_is_however_far_away() {
        // Kind: values taken through a display form that does not have them all.
        let date = |millis| summary(&Bson::DateTime(bson::DateTime::from_millis(millis)));
        assert_eq!(date(253_402_300_800_000), "+10000-01-01T00:00:00Z");
        assert_eq!(date(-62_167_219_200_001), "-0001-12-31T23:59:59.999Z");
        assert_eq!(date(i64::MIN), "-292275055-05-16T16:47:04.192Z");
    }

    #[test]
    fn what_differs_from_the_source_is_marked() {
        let token = doc! { "same": 1, "theme": "dark", "gone": { "x": 1 }, "in": { "a": 1, "b": 2 } };
        let source = doc! { "same": 1_i64, "theme": "light", "in": { "a": 1, "b": 3, "c": 4 }, "new": [1] };
        let mut tree = Tree::default();
        tree.show(Some(&token), Some(Some(&source)));
        let shown: Vec<_> = tree
            .rows()
            .iter()
            .map(|row| (row.path.to_string(), row.mark, row.newer.as_deref().unwrap_or_default()))
            .collect();
        let expected = [
            ("same", None, ""),
            ("theme", Some(Mark::Differs), "\"light\""),
            ("gone", Some(Mark::InToken), ""),
            ("gone.x", Some(Mark::InToken), ""),
            ("in", Some(Mark::Differs), ""),
            ("in.a", None, ""),
            ("in.b", Some(Mark::Differs), "3"),
            ("in.c", Some(Mark::AtSource), ""),
            ("new", Some(Mark::AtSource), ""),
            ("new.0", Some(Mark::AtSource), ""),
        ];
        assert_eq!(shown, expected.map(|(path, mark, newer)| (path.to_owned(), mark, newer)));
        assert_eq!(tree.differences(), Some(5));
        let path = |text: &str| FieldPath::parse_writable(text).unwrap();
        assert_eq!(tree.value(&path("same")), Some(&Bson::Int64(1)), "the source tells more of its type");
        assert_eq!(tree.value(&path("gone.x")), Some(&Bson::Int32(1)));
        assert_eq!(path("gone.x").find(tree.newest().unwrap()), None);
    }

    #[test]
    fn a_source_without_a_document_is_known_to_be_empty() {
        let mut tree = Tree::default();
        tree.show(Some(&doc! { "a": 1 }), Some(None));
        assert_eq!(tree.rows()[0].mark, Some(Mark::InToken));
        assert_eq!((tree.newest(), tree.differences()), (None, Some(1)));
        tree.show(None, Some(None));
        assert!(tree.rows().is_empty());
        tree.show(Some(&doc! { "a": 1 }), None);
        assert_eq!((tree.rows()[0].mark, tree.differences()), (None, None));
    }

    #[test]
    fn no_document_has_no_rows() {
        let mut tree = tree();
        tree.go_to(4);
        tree.show(None, None);
        assert!(tree.rows().is_empty() && tree.current().is_none());
        tree.expand();
        tree.collapse();
        tree.toggle();
    }
}
