//! Changes of custom data, field by field, and what each of them began from.

use bson::{Bson, Document};

use super::FieldPath;
use super::ejson;

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

/// What differs between two documents, to the last bit. Documents inside are compared field by field, arrays of the same
/// length element by element, and anything else as a whole. So is a document with a name that no dotted path can reach.
pub fn changes(before: &Document, after: &Document) -> Vec<DataChange> {
    let mut found = Vec::new();
    collect(&FieldPath::default(), before, after, identical, &mut found);
    found
}

/// What differs between a token's copy and the source, as far as [`same`] can tell.
pub fn differences(token: &Document, source: &Document) -> Vec<DataChange> {
    let mut found = Vec::new();
    collect(&FieldPath::default(), token, source, same_value, &mut found);
    found
}

type Compare = fn(&Bson, &Bson) -> bool;

fn collect(
    parent: &FieldPath,
    before: &Document,
    after: &Document,
    compare: Compare,
    found: &mut Vec<DataChange>,
) {
    for (name, old) in before {
        let path = parent.child(name);
        match after.get(name) {
            Some(new) => collect_value(path, old, new, compare, found),
            None => found.push(DataChange { path, before: Some(old.clone()), after: None }),
        }
    }
    let added = after.iter().filter(|(name, _)| !before.contains_key(name.as_str()));
    found.extend(added.map(|(name, new)| DataChange {
        path: parent.child(name),
        before: None,
        after: Some(new.clone()),
    }));
}

fn collect_value(path: FieldPath, old: &Bson, new: &Bson, compare: Compare, found: &mut Vec<DataChange>) {
    match (old, new) {
        (Bson::Document(old), Bson::Document(new)) if is_reachable(old) && is_reachable(new) => {
            collect(&path, old, new, compare, found);
        }
        (Bson::Array(old), Bson::Array(new)) if old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                collect_value(path.child(at.to_string()), old, new, compare, found);
            }
        }
        (old, new) if !compare(old, new) => {
            found.push(DataChange { path, before: Some(old.clone()), after: Some(new.clone()) });
        }
        _ => {}
    }
}

fn is_reachable(document: &Document) -> bool {
    document.keys().all(|name| FieldPath::default().child(name).is_writable())
}

/// Whether two values are the same bytes in BSON.
pub fn identical(one: &Bson, other: &Bson) -> bool {
    match (one, other) {
        (Bson::Double(one), Bson::Double(other)) => one.to_bits() == other.to_bits(),
        (Bson::Array(one), Bson::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| identical(one, other))
        }
        (Bson::Document(one), Bson::Document(other)) => identical_documents(one, other),
        (Bson::JavaScriptCodeWithScope(one), Bson::JavaScriptCodeWithScope(other)) => {
            one.code == other.code && identical_documents(&one.scope, &other.scope)
        }
        (one, other) => one == other,
    }
}

/// [`identical`] for documents; the order of their fields counts.
pub fn identical_documents(one: &Document, other: &Document) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|((name, one), (other_name, other))| name == other_name && identical(one, other))
}

/// Whether two values are the same as far as an access token can tell. One that carries relaxed Extended JSON (protocol
/// document, section 7) does not say whether an integer has 32 or 64 bits, and its doubles were read from decimal digits.
pub fn same(one: Option<&Bson>, other: Option<&Bson>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same_value(one, other),
        (None, None) => true,
        _ => false,
    }
}

fn same_value(one: &Bson, other: &Bson) -> bool {
    match (one, other) {
        (Bson::Int32(short), Bson::Int64(long)) | (Bson::Int64(long), Bson::Int32(short)) => {
            i64::from(*short) == *long
        }
        (Bson::Double(one), Bson::Double(other)) => {
            (one.is_nan() && other.is_nan()) || one.to_bits().abs_diff(other.to_bits()) <= 1
        }
        (Bson::Array(one), Bson::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        (Bson::Document(one), Bson::Document(other)) => {
            one.len() == other.len() && one.iter().all(|(name, one)| same(Some(one), other.get(name)))
        }
        (one, other) => identical(one, other),
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
                (Some(before), Some(present)) => !differences(before, present).is_empty(),
                (before, present) => before.is_some() != present.is_some(),
            },
        }
    }

    /// The same edit with the types that the values have at the source. A person may have begun from a token's copy, which
    /// does not tell all of them.
    pub fn with_types_of(&self, present: &Document) -> Self {
        let typed = |change: &DataChange| match (&change.before, &change.after, change.path.find(present)) {
            (Some(before), Some(after), Some(present)) => {
                DataChange { after: Some(typed_as(after, before, present)), ..change.clone() }
            }
            _ => change.clone(),
        };
        Self { changes: self.changes.iter().map(typed).collect(), base: self.base.clone() }
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

/// `after` as it would be if the person had seen `present` and not `before`, which is the same as far as [`same`] tells.
fn typed_as(after: &Bson, before: &Bson, present: &Bson) -> Bson {
    match (after, before, present) {
        _ if identical(after, before) => present.clone(),
        (Bson::Document(after), Bson::Document(before), Bson::Document(present)) => {
            let typed = |(name, after): (&String, &Bson)| {
                let typed = match (before.get(name), present.get(name)) {
                    (Some(before), Some(present)) => typed_as(after, before, present),
                    _ => after.clone(),
                };
                (name.clone(), typed)
            };
            Bson::Document(after.iter().map(typed).collect())
        }
        (Bson::Array(after), Bson::Array(before), Bson::Array(present))
            if after.len() == before.len() && before.len() == present.len() =>
        {
            let typed = after.iter().zip(before).zip(present);
            Bson::Array(typed.map(|((after, before), present)| typed_as(after, before, present)).collect())
        }
        _ if after.element_type() == before.element_type() => as_type_of(after.clone(), present),
        _ => after.clone(),
    }
}

/// The size of a document as JSON, which is how it travels in an access token.
pub fn json_size(document: &Document) -> usize {
    ejson::relaxed_document(document).to_string().len()
}

/// A number in the type of another one, where it fits.
pub fn as_type_of(value: Bson, other: &Bson) -> Bson {
    /// Above 2^53 a double does not tell all integers apart.
    const EXACT: i64 = 1 << 53;
    match (&value, other) {
        (Bson::Int32(number), Bson::Int64(_)) => Bson::Int64((*number).into()),
        (Bson::Int64(number), Bson::Int32(_)) => i32::try_from(*number).map_or(value, Bson::Int32),
        (Bson::Int32(number), Bson::Double(_)) => Bson::Double((*number).into()),
        (Bson::Int64(number), Bson::Double(_)) if (-EXACT..=EXACT).contains(number) => {
            Bson::Double(*number as f64)
        }
        (Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_), Bson::Decimal128(_)) => {
            value.to_string().parse().map_or(value, Bson::Decimal128)
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ejson::any::any_document;
    use bson::{bson, doc};
    use proptest::prelude::*;

    fn path(text: &str) -> FieldPath {
        FieldPath::parse(text).unwrap()
    }

    fn told(changes: &[DataChange]) -> Vec<(String, Option<Bson>, Option<Bson>)> {
        changes.iter().map(|c| (c.path.to_string(), c.before.clone(), c.after.clone())).collect()
    }

    #[test]
    fn documents_are_compared_field_by_field_and_arrays_of_another_length_as_a_whole() {
        let before =
            doc! { "a": { "b": 1, "c": 2 }, "tags": ["x"], "list": [1, 2], "gone": true, "same": f64::NAN };
        let after =
            doc! { "a": { "b": 1, "c": 3 }, "tags": ["x", "y"], "list": [1, 3], "same": f64::NAN, "new": {} };
        assert_eq!(
            told(&changes(&before, &after)),
            [
                ("a.c".into(), Some(bson!(2)), Some(bson!(3))),
                ("tags".into(), Some(bson!(["x"])), Some(bson!(["x", "y"]))),
                ("list.1".into(), Some(bson!(2)), Some(bson!(3))),
                ("gone".into(), Some(bson!(true)), None),
                ("new".into(), None, Some(bson!({}))),
            ]
        );
    }

    #[test]
    fn a_type_is_a_change_where_it_is_known_and_none_where_a_token_does_not_tell_it() {
        // Kind: values taken through a narrower type. 1 and 1.0 are equal, and not the same bytes.
        for (one, other, tells) in [
            (bson!(1), bson!(1_i64), false),
            (bson!(1), bson!(1.0), true),
            (bson!(0.0), bson!(-0.0), true),
            (bson!([{ "a": 1 }]), bson!([{ "a": 1_i64 }]), false),
        ] {
            let (one, other) = (doc! { "x": one }, doc! { "x": other });
            assert_eq!(changes(&one, &other).len(), 1, "{other}");
            assert_eq!(differences(&one, &other).len(), usize::from(tells), "{other}");
            assert!(changes(&one, &one).is_empty());
        }
    }

    #[test]
    fn an_edit_of_a_tokens_copy_has_the_types_of_the_source() {
        let edit =
            DataEdit::field(path("n"), Some(bson!({ "a": 1, "b": 2 })), Some(bson!({ "a": 1, "b": 3 })));
        let typed = edit.with_types_of(&doc! { "n": { "a": 1_i64, "b": 2_i64 } });
        assert_eq!(typed.changes[0].after, Some(bson!({ "a": 1_i64, "b": 3_i64 })));
        let other = DataEdit::field(path("n"), Some(bson!(1)), Some(bson!("x")));
        assert_eq!(other.with_types_of(&doc! { "n": 1_i64 }), other);
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
    }
}
