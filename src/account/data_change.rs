//! Changes of custom data, field by field, and what each of them began from.

use bson::{Bson, Document};

use super::FieldPath;
use super::custom_data::{ValueError, parse_value};

/// One field that differs between two documents.
#[derive(Debug, Clone, PartialEq)]
pub struct DataChange {
    /// The field.
    pub path: FieldPath,
    /// Its value before; `None` where it was not there.
    pub before: Option<Bson>,
    /// Its value after; `None` where it is gone.
    pub after: Option<Bson>,
}

/// What a person wants changed, and what it was when the person saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct DataEdit {
    /// The changes; no path lies inside of another.
    pub changes: Vec<DataChange>,
    /// What has to be as it was.
    pub base: EditBase,
}

/// What has to be as it was, so that nothing is overwritten that the person has not seen.
#[derive(Debug, Clone, PartialEq)]
pub enum EditBase {
    /// The fields that are changed.
    Fields,
    /// The whole document, which the person had before the eyes; `None` where there was none.
    Document(Option<Document>),
}

/// What differs between two documents. Documents inside are compared field by field; anything else, arrays too, as a
/// whole. So is a document with a name that no dotted path can reach.
pub fn changes(before: &Document, after: &Document) -> Vec<DataChange> {
    let mut found = Vec::new();
    collect(&FieldPath::default(), before, after, &mut found);
    found
}

fn collect(parent: &FieldPath, before: &Document, after: &Document, found: &mut Vec<DataChange>) {
    for (name, old) in before {
        let path = parent.child(name);
        match (old, after.get(name)) {
            (Bson::Document(old), Some(Bson::Document(new))) if is_reachable(old) && is_reachable(new) => {
                collect(&path, old, new, found);
            }
            (old, new) if !same(Some(old), new) => {
                found.push(DataChange { path, before: Some(old.clone()), after: new.cloned() });
            }
            _ => {}
        }
    }
    let added = after.iter().filter(|(name, _)| !before.contains_key(name.as_str()));
    found.extend(added.map(|(name, new)| DataChange {
        path: parent.child(name),
        before: None,
        after: Some(new.clone()),
    }));
}

fn is_reachable(document: &Document) -> bool {
    document.keys().all(|name| FieldPath::default().child(name).is_writable())
}

/// Whether two values are the same as far as an access token can tell. It carries relaxed Extended JSON (protocol
/// document, section 7), where integers of 32 and of 64 bits look alike; so do they to a filter.
pub fn same(one: Option<&Bson>, other: Option<&Bson>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            one == other || one.clone().into_relaxed_extjson() == other.clone().into_relaxed_extjson()
        }
        (None, None) => true,
        _ => false,
    }
}

/// The document with the changes made.
pub fn apply(document: &Document, changes: &[DataChange]) -> Document {
    let mut whole = Bson::Document(document.clone());
    for change in changes {
        put(&mut whole, change.path.segments(), change.after.as_ref());
    }
    match whole {
        Bson::Document(document) => document,
        _ => Document::new(),
    }
}

/// As MongoDB does it: what is on the way is made, and an element that leaves an array leaves null.
fn put(place: &mut Bson, path: &[String], value: Option<&Bson>) {
    let Some((name, rest)) = path.split_first() else { return };
    match place {
        Bson::Document(fields) if rest.is_empty() => match value {
            Some(value) => drop(fields.insert(name, value.clone())),
            None => drop(fields.remove(name)),
        },
        Bson::Document(fields) => {
            if let Some(inner) = fields.get_mut(name) {
                put(inner, rest, value);
            } else if value.is_some() {
                let mut inner = Bson::Document(Document::new());
                put(&mut inner, rest, value);
                fields.insert(name, inner);
            }
        }
        Bson::Array(items) => {
            let Ok(index) = name.parse::<usize>() else { return };
            match items.get_mut(index) {
                Some(item) if rest.is_empty() => *item = value.cloned().unwrap_or(Bson::Null),
                Some(item) => put(item, rest, value),
                // The server fills the gap with null; a preview of it would say no more.
                None if rest.is_empty() => items.extend(value.cloned()),
                None => {}
            }
        }
        _ => {}
    }
}

impl DataEdit {
    /// A change of one field.
    pub fn field(path: FieldPath, before: Option<Bson>, after: Option<Bson>) -> Self {
        Self { changes: vec![DataChange { path, before, after }], base: EditBase::Fields }
    }

    /// `after` in the place of a whole document.
    pub fn document(before: Option<Document>, after: &Document) -> Self {
        let changes = changes(before.as_ref().unwrap_or(&Document::new()), after);
        Self { changes, base: EditBase::Document(before) }
    }

    /// The change that takes this one back, unless somebody else changes the same fields meanwhile.
    pub fn reversed(&self) -> Self {
        let back = |change: &DataChange| DataChange {
            path: change.path.clone(),
            before: change.after.clone(),
            after: change.before.clone(),
        };
        Self { changes: self.changes.iter().map(back).collect(), base: EditBase::Fields }
    }

    /// Whether somebody else has changed what has to be as it was.
    pub fn conflicts_with(&self, present: Option<&Document>) -> bool {
        match &self.base {
            EditBase::Fields => self.changes.iter().any(|change| {
                let theirs = present.and_then(|document| change.path.find(document));
                !same(theirs, change.before.as_ref())
            }),
            EditBase::Document(before) => match (before, present) {
                (Some(before), Some(present)) => !changes(before, present).is_empty(),
                (before, present) => before.is_some() != present.is_some(),
            },
        }
    }

    /// The same wish, begun from what is there now: a person has seen both. What only others have changed stays theirs.
    pub fn on_top_of(&self, present: Option<&Document>) -> Self {
        let changes = match (&self.base, present) {
            // Their document is gone: mine is written whole.
            (EditBase::Document(Some(before)), None) => {
                changes(&Document::new(), &apply(before, &self.changes))
            }
            _ => self
                .changes
                .iter()
                .map(|change| DataChange {
                    before: present.and_then(|document| change.path.find(document)).cloned(),
                    ..change.clone()
                })
                .filter(|change| !same(change.before.as_ref(), change.after.as_ref()))
                .collect(),
        };
        let base = match self.base {
            EditBase::Fields => EditBase::Fields,
            EditBase::Document(_) => EditBase::Document(present.cloned()),
        };
        Self { changes, base }
    }
}

/// A document as a person edits it: relaxed Extended JSON, a field a line.
pub fn document_text(document: &Document) -> String {
    let json = Bson::Document(document.clone()).into_relaxed_extjson();
    let mut text = serde_json::to_string_pretty(&json).unwrap_or_else(|_| json.to_string());
    text.push('\n');
    text
}

/// Reads what became of it. Numbers keep the types that they had `before`, which the text does not tell.
///
/// # Errors
/// When it is not Extended JSON, or not a document.
pub fn parse_document(text: &str, before: &Document) -> Result<Document, ValueError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with('{') {
        return Err(ValueError::NoDocument);
    }
    match parse_value(text)? {
        Bson::Document(document) => Ok(document_like(document, before)),
        _ => Err(ValueError::NoDocument),
    }
}

fn document_like(document: Document, before: &Document) -> Document {
    let typed = |(name, value): (String, Bson)| {
        let value = match before.get(&name) {
            Some(old) => value_like(value, old),
            None => value,
        };
        (name, value)
    };
    document.into_iter().map(typed).collect()
}

fn value_like(value: Bson, old: &Bson) -> Bson {
    match (value, old) {
        (Bson::Document(new), Bson::Document(old)) => Bson::Document(document_like(new, old)),
        (Bson::Array(new), Bson::Array(old)) => {
            let mut old = old.iter();
            let typed = |value| match old.next() {
                Some(old) => value_like(value, old),
                None => value,
            };
            Bson::Array(new.into_iter().map(typed).collect())
        }
        (Bson::Int32(new), Bson::Int64(_)) => Bson::Int64(new.into()),
        (Bson::Int32(new), Bson::Double(_)) => Bson::Double(new.into()),
        (value, _) => value,
    }
}

/// The size of a document as JSON, which is how it travels in an access token.
pub fn json_size(document: &Document) -> usize {
    Bson::Document(document.clone()).into_relaxed_extjson().to_string().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{bson, doc};
    use proptest::prelude::*;

    fn path(text: &str) -> FieldPath {
        FieldPath::parse(text).unwrap()
    }

    fn told(changes: &[DataChange]) -> Vec<(String, Option<Bson>, Option<Bson>)> {
        changes.iter().map(|c| (c.path.to_string(), c.before.clone(), c.after.clone())).collect()
    }

    #[test]
    fn documents_are_compared_field_by_field_and_arrays_as_a_whole() {
        let before = doc! { "a": { "b": 1, "c": 2 }, "tags": ["x"], "gone": true, "same": 1_i64 };
        let after = doc! { "a": { "b": 1, "c": 3 }, "tags": ["x", "y"], "same": 1, "new": {} };
        assert_eq!(
            told(&changes(&before, &after)),
            [
                ("a.c".into(), Some(bson!(2)), Some(bson!(3))),
                ("tags".into(), Some(bson!(["x"])), Some(bson!(["x", "y"]))),
                ("gone".into(), Some(bson!(true)), None),
                ("new".into(), None, Some(bson!({}))),
            ]
        );
    }

    #[test]
    fn a_name_that_no_path_reaches_makes_its_document_one_value() {
        let (before, after) = (doc! { "a": { "x.y": 1, "z": 1 } }, doc! { "a": { "x.y": 2, "z": 1 } });
        assert_eq!(changes(&before, &after)[0].path, path("a"));
    }

    #[test]
    fn a_field_conflicts_with_itself_alone_and_a_document_with_anything() {
        let seen = doc! { "theme": "dark", "visits": 1 };
        let field = DataEdit::field(path("theme"), Some(bson!("dark")), Some(bson!("light")));
        let whole = DataEdit::document(Some(seen.clone()), &doc! { "theme": "light", "visits": 1 });
        let others = doc! { "theme": "dark", "visits": 2 };
        assert!(!field.conflicts_with(Some(&seen)) && !whole.conflicts_with(Some(&seen)));
        assert!(!field.conflicts_with(Some(&others)) && whole.conflicts_with(Some(&others)));
        assert!(field.conflicts_with(Some(&doc! { "theme": "blue" })));
        assert!(field.conflicts_with(None) && whole.conflicts_with(None));
        let new = DataEdit::document(None, &seen);
        assert!(!new.conflicts_with(None) && new.conflicts_with(Some(&seen)));
    }

    #[test]
    fn written_anyway_it_keeps_what_only_others_have_changed() {
        let seen = doc! { "theme": "dark", "visits": 1 };
        let whole = DataEdit::document(Some(seen), &doc! { "theme": "light", "visits": 1 });
        let theirs = doc! { "theme": "blue", "visits": 2, "more": true };
        let again = whole.on_top_of(Some(&theirs));
        assert!(!again.conflicts_with(Some(&theirs)));
        assert_eq!(apply(&theirs, &again.changes), doc! { "theme": "light", "visits": 2, "more": true });
        let over_nothing = whole.on_top_of(None);
        assert_eq!(apply(&doc! {}, &over_nothing.changes), doc! { "theme": "light", "visits": 1 });
    }

    #[test]
    fn an_edited_document_keeps_the_types_of_its_numbers() {
        let before = doc! { "long": 7_i64, "score": 7.5, "list": [1_i64, "x"], "in": { "n": 1_i64 } };
        let text = document_text(&before);
        assert_eq!(parse_document(&text, &before), Ok(before.clone()));
        let edited = text.replace("7,", "8,").replace("7.5", "9");
        let after = parse_document(&edited, &before).unwrap();
        assert_eq!(
            (after.get("long"), after.get("score")),
            (Some(&Bson::Int64(8)), Some(&Bson::Double(9.0)))
        );
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        let parse = |text: &str| parse_document(text, &doc! {});
        assert_eq!(parse(""), Err(ValueError::NoDocument));
        assert_eq!(parse("[1]"), Err(ValueError::NoDocument));
        assert!(matches!(parse("{\"a\": }"), Err(ValueError::Json(_))));
        assert!(matches!(parse(r#"{"a": {"$oid": "x"}}"#), Err(ValueError::ExtendedJson(_))));
        // What would become something else than a document.
        assert_eq!(parse(r#"{"$numberInt": "1"}"#), Err(ValueError::NoDocument));
    }

    fn any_document() -> impl Strategy<Value = Document> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Bson::Int32),
            any::<i64>().prop_map(Bson::Int64),
            "[a-c]{0,3}".prop_map(Bson::String),
            Just(Bson::Null),
        ];
        let value = leaf.prop_recursive(3, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Bson::Array),
                prop::collection::vec(("[a-c.$]{1,2}", inner), 0..3)
                    .prop_map(|fields| Bson::Document(fields.into_iter().collect())),
            ]
        });
        prop::collection::vec(("[a-c]", value), 0..4).prop_map(|fields| fields.into_iter().collect())
    }

    proptest! {
        #[test]
        fn the_changes_lead_from_one_document_to_the_other(before in any_document(), after in any_document()) {
            let made = apply(&before, &changes(&before, &after));
            prop_assert_eq!(changes(&made, &after), vec![]);
            prop_assert_eq!(changes(&after, &made), vec![]);
        }

        #[test]
        fn on_top_of_anything_there_is_no_conflict(
            seen in any_document(), mine in any_document(), theirs in prop::option::of(any_document()),
        ) {
            let edit = DataEdit::document(Some(seen), &mine).on_top_of(theirs.as_ref());
            prop_assert!(!edit.conflicts_with(theirs.as_ref()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = parse_document(&text, &doc! {});
        }
    }
}
