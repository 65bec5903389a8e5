//! Custom data at its source: read it, and change it only where it is still what a person saw (section 8.2).

use bson::{Bson, Document, doc};

use super::{AppServices, wire};
use crate::account::{AccessToken, CustomDataSource, DataChange, DataEdit, EditBase, FieldPath, UserId};
use crate::backend::BackendError;

impl AppServices {
    pub(super) async fn read_custom_data(
        &self,
        access: &AccessToken,
        user: &UserId,
        source: &CustomDataSource,
    ) -> Result<Option<Document>, BackendError> {
        let argument = doc! {
            "database": &source.database,
            "collection": &source.collection,
            "query": { &source.user_id_field: user.as_str() },
        };
        let answer = self.call_service(access, &source.service, "findOne", argument).await?;
        match Bson::try_from(answer) {
            Ok(Bson::Document(document)) => Ok(Some(document)),
            Ok(Bson::Null) => Ok(None),
            _ => Err(self.garbage("the answer to findOne is not a document")),
        }
    }

    pub(super) async fn write_custom_data(
        &self,
        access: &AccessToken,
        user: &UserId,
        source: &CustomDataSource,
        edit: &DataEdit,
        present: Option<&Document>,
    ) -> Result<bool, BackendError> {
        let mut query = doc! { &source.user_id_field: user.as_str() };
        let update = match present {
            Some(present) => {
                query.extend(as_seen(edit, present, &source.user_id_field));
                operators(&edit.changes)
            }
            // A document that somebody made meanwhile is matched, and not touched.
            None => doc! { "$setOnInsert": values(&edit.changes, &source.user_id_field) },
        };
        let argument = doc! {
            "database": &source.database,
            "collection": &source.collection,
            "query": query,
            "update": update,
            "upsert": present.is_none(),
        };
        let answer = self.call_service(access, &source.service, "updateOne", argument).await?;
        wire::check_update(&answer, present.is_none()).map_err(|what| self.garbage(what))?;
        let matched = wire::matched(&answer).map_err(|what| self.garbage(what))?;
        Ok((matched > 0) == present.is_some())
    }
}

/// `$set` and `$unset`, whichever there is something for.
fn operators(changes: &[DataChange]) -> Document {
    let (mut set, mut unset) = (Document::new(), Document::new());
    for change in changes {
        match &change.after {
            Some(value) => set.insert(change.path.to_string(), value.clone()),
            None => unset.insert(change.path.to_string(), ""),
        };
    }
    [("$set", set), ("$unset", unset)]
        .into_iter()
        .filter(|(_, fields)| !fields.is_empty())
        .map(|(operator, fields)| (operator.to_owned(), Bson::Document(fields)))
        .collect()
}

/// The values of a new document. Whose it is, the filter says.
fn values(changes: &[DataChange], owner: &str) -> Document {
    changes
        .iter()
        .filter_map(|change| Some((change.path.to_string(), change.after.clone()?)))
        .filter(|(path, _)| path != owner)
        .collect()
}

/// Conditions that hold only while the fields are as they were read a moment ago: somebody who writes in between makes
/// them fail, and the update with them.
fn as_seen(edit: &DataEdit, present: &Document, owner: &str) -> Document {
    let mut conditions = Document::new();
    if let Some(id) = present.get("_id") {
        conditions.insert("_id", doc! { "$eq": id.clone() });
    }
    let mut paths: Vec<FieldPath> = edit.changes.iter().map(|change| change.path.clone()).collect();
    if let EditBase::Document(_) = edit.base {
        let root = FieldPath::default();
        paths.extend(present.keys().map(|name| root.child(name)).filter(FieldPath::is_writable));
    }
    for path in
        paths.iter().filter(|path| !matches!(path.segments(), [name] if name == "_id" || name == owner))
    {
        condition(path, path.find(present), &mut conditions);
    }
    conditions
}

fn condition(path: &FieldPath, value: Option<&Bson>, conditions: &mut Document) {
    let condition = match value {
        None => doc! { "$exists": false },
        // Alone it would match a field that is gone.
        Some(Bson::Null) => doc! { "$eq": Bson::Null, "$exists": true },
        // A filter would search for the one, and cannot compare with the other.
        Some(Bson::RegularExpression(_) | Bson::Undefined) => doc! { "$exists": true },
        Some(value) => doc! { "$eq": value.clone() },
    };
    let is_single = value.is_some_and(|value| !matches!(value, Bson::Document(_) | Bson::Array(_)));
    if is_single {
        // Alone the condition would match an array with such an element.
        conditions.insert(path.child("0").to_string(), doc! { "$exists": false });
    }
    conditions.insert(path.to_string(), condition);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FieldPath {
        FieldPath::parse(text).unwrap()
    }

    #[test]
    fn a_field_is_written_only_where_it_is_what_was_read() {
        let present = doc! { "_id": 7, "user_id": "u", "theme": "dark", "none": Bson::Null, "tags": ["a"] };
        let changes = vec![
            DataChange { path: path("theme"), before: None, after: Some("light".into()) },
            DataChange { path: path("none"), before: None, after: None },
            DataChange { path: path("new.field"), before: None, after: Some(1.into()) },
            DataChange { path: path("tags"), before: None, after: Some(Bson::Array(vec![])) },
        ];
        let edit = DataEdit { changes, base: EditBase::Fields };
        assert_eq!(
            as_seen(&edit, &present, "user_id"),
            doc! {
                "_id": { "$eq": 7 },
                "theme.0": { "$exists": false },
                "theme": { "$eq": "dark" },
                "none.0": { "$exists": false },
                "none": { "$eq": Bson::Null, "$exists": true },
                "new.field": { "$exists": false },
                "tags": { "$eq": ["a"] },
            }
        );
        assert_eq!(
            operators(&edit.changes),
            doc! {
                "$set": { "theme": "light", "new.field": 1, "tags": [] },
                "$unset": { "none": "" },
            }
        );
    }

    #[test]
    fn a_document_is_written_only_where_all_of_it_is_what_was_read() {
        let present = doc! { "_id": 7, "user_id": "u", "a": { "b": 1 }, "x.y": 1 };
        let edit = DataEdit::document(Some(present.clone()), &doc! { "_id": 7, "user_id": "u", "x.y": 1 });
        let conditions = as_seen(&edit, &present, "user_id");
        assert_eq!(conditions.get("a"), Some(&bson::bson!({ "$eq": { "b": 1 } })));
        assert!(!conditions.contains_key("user_id") && !conditions.contains_key("x.y"));
    }
}
