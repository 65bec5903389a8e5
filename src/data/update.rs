//! Updates: what becomes of a document.
//!
//! `$set`, `$unset` and `$setOnInsert` on dotted paths, array indexes included, or a whole document in the place of the
//! old one. Any other operator is refused.

use bson::{Bson, Document};

use super::DataError;
use super::budget::{Budget, sorted};
use super::path::{FieldPath, index};

/// Elements that one update may add to arrays to reach an index beyond their end.
const PADDING: usize = 10_000;

#[derive(Debug)]
pub enum Update {
    /// Everything but `_id` is replaced.
    Replace(Document),
    Change(Vec<Change>),
}

/// One operator on one path.
#[derive(Debug)]
pub struct Change {
    path: FieldPath,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Set(Bson),
    SetOnInsert(Bson),
    Unset,
}

impl Update {
    pub fn parse(document: &Document, budget: &Budget) -> Result<Self, DataError> {
        let operators = document.keys().filter(|key| key.starts_with('$')).count();
        if document.is_empty() {
            return Err(DataError::Refused("the update document is empty".to_owned()));
        }
        if operators == 0 {
            return Ok(Self::Replace(document.clone()));
        }
        if operators < document.len() {
            return Err(DataError::Refused("an update has operators only, or none".to_owned()));
        }
        let mut changes = Vec::new();
        for (operator, fields) in document {
            let kind: fn(&Bson) -> Kind = match operator.as_str() {
                "$set" => |value| Kind::Set(value.clone()),
                "$setOnInsert" => |value| Kind::SetOnInsert(value.clone()),
                "$unset" => |_| Kind::Unset,
                _ => {
                    return Err(DataError::Refused(format!(
                        "Unknown modifier: {operator}; the local App knows $set, $setOnInsert and $unset"
                    )));
                }
            };
            let Bson::Document(fields) = fields else {
                return Err(DataError::Refused(format!("{operator} needs a document of fields")));
            };
            for (path, value) in fields {
                budget.take(1)?;
                changes.push(Change { path: field_path(path)?, kind: kind(value) });
            }
        }
        refuse_conflicts(changes.iter().map(|change| &change.path), budget)?;
        Ok(Self::Change(changes))
    }

    /// The document after the update.
    pub fn apply(&self, document: &Document, budget: &Budget) -> Result<Document, DataError> {
        match self {
            Self::Replace(replacement) => {
                let mut after = Document::new();
                if let Some(id) = document.get("_id") {
                    after.insert("_id", id.clone());
                }
                after.extend(replacement.clone());
                Ok(after)
            }
            Self::Change(changes) => apply_changes(document.clone(), changes, false, budget),
        }
    }

    /// The document that an upsert inserts, begun from the equalities of its filter.
    pub fn apply_to_new(&self, start: Document, budget: &Budget) -> Result<Document, DataError> {
        match self {
            Self::Replace(_) => self.apply(&start, budget),
            Self::Change(changes) => apply_changes(start, changes, true, budget),
        }
    }
}

/// A document with a value at each of some paths.
pub fn document_of(fields: &[(&FieldPath, &Bson)], budget: &Budget) -> Result<Document, DataError> {
    refuse_conflicts(fields.iter().map(|(path, _)| *path), budget)?;
    let mut document = Document::new();
    for (path, value) in fields {
        set(&mut document, path, value, &mut 0)?;
    }
    Ok(document)
}

fn apply_changes(
    mut document: Document,
    changes: &[Change],
    inserting: bool,
    budget: &Budget,
) -> Result<Document, DataError> {
    let mut padding = PADDING;
    for Change { path, kind } in changes {
        budget.take(path.segments().len())?;
        match kind {
            Kind::Set(value) => set(&mut document, path, value, &mut padding)?,
            Kind::SetOnInsert(value) if inserting => set(&mut document, path, value, &mut padding)?,
            Kind::SetOnInsert(_) => {}
            Kind::Unset => unset(&mut document, path.segments(), budget),
        }
    }
    Ok(document)
}

/// A path that an update may write.
fn field_path(text: &str) -> Result<FieldPath, DataError> {
    let path = FieldPath::parse(text)?;
    match path.segments().iter().find(|segment| segment.starts_with('$')) {
        Some(segment) => Err(DataError::Refused(format!(
            "the path '{text}' cannot be updated: '{segment}' starts with '$', and positional operators are not known here"
        ))),
        None => Ok(path),
    }
}

fn refuse_conflicts<'a>(
    paths: impl Iterator<Item = &'a FieldPath>,
    budget: &Budget,
) -> Result<(), DataError> {
    let paths: Vec<&FieldPath> = paths.collect();
    let by_segments = |a: &'a FieldPath, b: &'a FieldPath| {
        budget.take(a.segments().len().min(b.segments().len())).map(|()| a.cmp(b))
    };
    let paths = sorted(&paths, &by_segments)?;
    // What lies below a path sorts right behind it.
    match paths.windows(2).find(|pair| pair[0].covers(pair[1])) {
        Some(pair) => Err(DataError::Refused(format!(
            "Updating the path '{}' would create a conflict at '{}'",
            pair[1], pair[0]
        ))),
        None => Ok(()),
    }
}

fn set(
    document: &mut Document,
    path: &FieldPath,
    value: &Bson,
    padding: &mut usize,
) -> Result<(), DataError> {
    set_in_document(document, path.segments(), value, padding)
}

fn set_in_document(
    document: &mut Document,
    path: &[String],
    value: &Bson,
    padding: &mut usize,
) -> Result<(), DataError> {
    let Some((head, rest)) = path.split_first() else { return Ok(()) };
    match document.get_mut(head) {
        Some(child) if !rest.is_empty() => set_in_value(child, head, rest, value, padding),
        _ => {
            document.insert(head, nested(rest, value));
            Ok(())
        }
    }
}

fn set_in_value(
    parent: &mut Bson,
    parent_name: &str,
    path: &[String],
    value: &Bson,
    padding: &mut usize,
) -> Result<(), DataError> {
    let Some((head, rest)) = path.split_first() else { return Ok(()) };
    match parent {
        Bson::Document(document) => set_in_document(document, path, value, padding),
        Bson::Array(items) => {
            let index = index(head).ok_or_else(|| no_room(head, parent_name, "an array"))?;
            match items.get_mut(index) {
                Some(item) if rest.is_empty() => *item = value.clone(),
                Some(item) => set_in_value(item, head, rest, value, padding)?,
                None => {
                    let missing = index - items.len();
                    *padding = padding.checked_sub(missing).ok_or_else(|| {
                        DataError::Refused(format!(
                            "an update adds at most {PADDING} elements to reach an index"
                        ))
                    })?;
                    items.resize(index, Bson::Null);
                    items.push(nested(rest, value));
                }
            }
            Ok(())
        }
        _ => Err(no_room(head, parent_name, "neither a document nor an array")),
    }
}

fn no_room(field: &str, parent: &str, what: &str) -> DataError {
    DataError::Refused(format!("Cannot create field '{field}' in element '{parent}', which is {what}"))
}

/// `value` inside one new document a segment. A number is a name here, since there is no array for it to index.
fn nested(path: &[String], value: &Bson) -> Bson {
    path.iter()
        .rfold(value.clone(), |inner, name| Bson::Document(Document::from_iter([(name.clone(), inner)])))
}

fn unset(document: &mut Document, path: &[String], budget: &Budget) {
    let Some((head, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        // The fields behind it move up.
        budget.count(document.len());
        document.remove(head);
    } else if let Some(child) = document.get_mut(head) {
        unset_in_value(child, rest, budget);
    }
}

fn unset_in_value(parent: &mut Bson, path: &[String], budget: &Budget) {
    match parent {
        Bson::Document(document) => unset(document, path, budget),
        Bson::Array(items) => {
            let Some((head, rest)) = path.split_first() else { return };
            let Some(item) = index(head).and_then(|index| items.get_mut(index)) else { return };
            // The elements behind it keep their indexes.
            if rest.is_empty() { *item = Bson::Null } else { unset_in_value(item, rest, budget) }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;
    use proptest::prelude::*;

    fn update(document: Document, update: Document) -> Result<Document, String> {
        let budget = Budget::default();
        let updated = Update::parse(&update, &budget).and_then(|update| update.apply(&document, &budget));
        updated.map_err(|error| error.to_string())
    }

    #[test]
    fn updates_change_what_they_name() {
        for (before, change, after) in [
            (doc! { "a": 1 }, doc! { "$set": { "a": 2 } }, doc! { "a": 2 }),
            (doc! { "a": 1, "b": 2 }, doc! { "$set": { "a": 3 } }, doc! { "a": 3, "b": 2 }),
            (doc! {}, doc! { "$set": { "a.b.c": 1 } }, doc! { "a": { "b": { "c": 1 } } }),
            (doc! {}, doc! { "$set": { "a.0": 1 } }, doc! { "a": { "0": 1 } }),
            (doc! { "a": [1] }, doc! { "$set": { "a.0": 2 } }, doc! { "a": [2] }),
            (doc! { "a": [1] }, doc! { "$set": { "a.3": 2 } }, doc! { "a": [1, Bson::Null, Bson::Null, 2] }),
            (doc! { "a": [] }, doc! { "$set": { "a.0.b": 2 } }, doc! { "a": [{ "b": 2 }] }),
            (doc! { "a": [{ "b": 1 }] }, doc! { "$set": { "a.0.b": 2 } }, doc! { "a": [{ "b": 2 }] }),
            (doc! { "a": 1 }, doc! { "$set": {} }, doc! { "a": 1 }),
            (doc! { "a": 1, "b": 2 }, doc! { "$unset": { "a": "" } }, doc! { "b": 2 }),
            (doc! { "a": { "b": 1 } }, doc! { "$unset": { "a.b": "" } }, doc! { "a": {} }),
            (doc! { "a": [1, 2] }, doc! { "$unset": { "a.0": "" } }, doc! { "a": [Bson::Null, 2] }),
            (doc! { "a": 1 }, doc! { "$unset": { "b.c": "", "a.x": "" } }, doc! { "a": 1 }),
            (doc! { "a": 1 }, doc! { "$set": { "b": 2 }, "$unset": { "a": "" } }, doc! { "b": 2 }),
            (doc! { "a": 1 }, doc! { "$setOnInsert": { "b": 2 } }, doc! { "a": 1 }),
            (doc! { "_id": 7, "a": 1 }, doc! { "b": 2 }, doc! { "_id": 7, "b": 2 }),
        ] {
            assert_eq!(update(before.clone(), change.clone()).as_ref(), Ok(&after), "{before} with {change}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for (before, change, says) in [
            (doc! {}, doc! {}, "empty"),
            (doc! {}, doc! { "$set": { "a": 1 }, "b": 1 }, "operators only"),
            (doc! {}, doc! { "$inc": { "a": 1 } }, "Unknown modifier: $inc"),
            (doc! {}, doc! { "$set": 1 }, "$set needs a document"),
            (doc! {}, doc! { "$set": { "a": 1, "a.b": 2 } }, "conflict at 'a'"),
            (doc! {}, doc! { "$set": { "a.b": 1 }, "$unset": { "a": "" } }, "conflict at 'a'"),
            (doc! {}, doc! { "$set": { "a": 1 }, "$unset": { "a": "" } }, "conflict at 'a'"),
            (doc! { "a": 1 }, doc! { "$set": { "a.b": 1 } }, "Cannot create field 'b' in element 'a'"),
            (doc! { "a": [1] }, doc! { "$set": { "a.b": 1 } }, "Cannot create field 'b' in element 'a'"),
            (doc! { "a": [1] }, doc! { "$set": { "a.$": 1 } }, "positional"),
            (doc! { "a": [] }, doc! { "$set": { "a.10001": 1 } }, "at most 10000 elements"),
            (doc! {}, doc! { "$set": { "a..b": 1 } }, "empty field name"),
        ] {
            let error = update(before.clone(), change.clone()).unwrap_err();
            assert!(error.contains(says), "{before} with {change}: {error}");
        }
    }

    #[test]
    fn an_upsert_sets_on_insert() {
        let change = doc! { "$set": { "b": 2 }, "$setOnInsert": { "c": 3 } };
        let budget = Budget::default();
        let update = Update::parse(&change, &budget).unwrap();
        let inserted = update.apply_to_new(doc! { "a": 1 }, &budget).unwrap();
        assert_eq!(inserted, doc! { "a": 1, "b": 2, "c": 3 });
    }

    /// Kind: work whose size a client chooses.
    #[test]
    fn taking_many_fields_out_of_many_is_given_up() {
        let fields: Document = (0..5_000).map(|i| (format!("a{i}"), Bson::Int32(1))).collect();
        let error = update(fields.clone(), doc! { "$unset": fields }).unwrap_err();
        assert!(error.contains("steps"), "{error}");
    }

    fn tree() -> impl Strategy<Value = Bson> {
        let leaf = prop_oneof![any::<i32>().prop_map(Bson::Int32), "[a-c]{0,3}".prop_map(Bson::String)];
        leaf.prop_recursive(3, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Bson::Array),
                prop::collection::vec(("[a-c]", inner), 0..3)
                    .prop_map(|fields| Bson::Document(fields.into_iter().collect())),
            ]
        })
    }

    fn document() -> impl Strategy<Value = Document> {
        prop::collection::vec(("[a-c]", tree()), 0..4).prop_map(|fields| fields.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_was_set_is_found_and_what_was_unset_is_not(
            before in document(), path in "[a-c](\\.[a-c0-2]){0,3}", value in any::<i32>(),
        ) {
            let path_of = FieldPath::parse(&path).unwrap();
            if let Ok(after) = update(before.clone(), doc! { "$set": { &path: value } }) {
                prop_assert!(path_of.values(&after, &Budget::default()).unwrap().contains(&Some(&Bson::Int32(value))));
                let again = update(after.clone(), doc! { "$set": { &path: value } });
                prop_assert_eq!(again.as_ref(), Ok(&after));
                // Taking away what was not there before leaves the rest as it was.
                if !path.contains('.') && !before.contains_key(&path) {
                    prop_assert_eq!(update(after, doc! { "$unset": { &path: "" } }), Ok(before.clone()));
                }
            }
            let without = update(before, doc! { "$unset": { &path: "" } }).unwrap();
            if !path.contains('.') {
                prop_assert!(!without.contains_key(&path));
            }
        }
    }
}
