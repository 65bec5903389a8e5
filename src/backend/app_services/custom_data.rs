//! Custom data at its source: read it, and change it only where it is still what a person saw (section 8.2).

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use reqwest::Method;
use serde_json::Value;

use super::{AppServices, wire};
use crate::account::{AccessToken, CustomDataSource, Tokens, UserId};
use crate::backend::{Answer, BackendError, CustomData, FieldChange};
use crate::data::ejson;
use crate::data::{DataChange, DataEdit, EditBase, FieldPath};

/// How often a field is written whose document somebody else changes at the same time.
const TRIES: u32 = 3;

impl CustomData for AppServices {
    fn read<'a>(
        &'a self,
        tokens: &'a Tokens,
        user: &'a UserId,
        source: &'a CustomDataSource,
    ) -> Answer<'a, Option<Document>> {
        Box::pin(self.read_custom_data(&tokens.access, user, source))
    }

    fn change<'a>(
        &'a self,
        tokens: &'a Tokens,
        user: &'a UserId,
        source: &'a CustomDataSource,
        change: &'a FieldChange,
    ) -> Answer<'a, ()> {
        Box::pin(self.write_field(&tokens.access, user, source, change))
    }

    fn edit<'a>(
        &'a self,
        tokens: &'a Tokens,
        user: &'a UserId,
        source: &'a CustomDataSource,
        edit: &'a DataEdit,
        present: Option<&'a Document>,
    ) -> Answer<'a, bool> {
        Box::pin(self.write_custom_data(&tokens.access, user, source, edit, present))
    }
}

impl AppServices {
    /// Runs an action of a data source as the user (section 8.2).
    async fn call_service(
        &self,
        access: &AccessToken,
        service: &str,
        action: &str,
        argument: Document,
    ) -> Result<Value, BackendError> {
        let body = wire::function_call(service, action, argument);
        let path = ["app", &self.client_app_id, "functions", "call"];
        self.call(Method::POST, &path, Some(access.expose()), Some(&body)).await
    }

    /// The document that the server would choose: one that names the user as a string goes before one that has an
    /// ObjectId, and the first that was inserted goes before others (section 7).
    async fn read_custom_data(
        &self,
        access: &AccessToken,
        user: &UserId,
        source: &CustomDataSource,
    ) -> Result<Option<Document>, BackendError> {
        for id in spellings(user) {
            let argument = doc! {
                "database": &source.database,
                "collection": &source.collection,
                "query": { &source.user_id_field: id },
            };
            let answer = self.call_service(access, &source.service, "findOne", argument).await?;
            match ejson::read(&answer) {
                Bson::Document(document) => return Ok(Some(document)),
                Bson::Null => {}
                _ => return Err(self.garbage("the answer to findOne is not a document")),
            }
        }
        Ok(None)
    }

    /// Writes to the document `present`, or inserts the first one. False, and nothing is written, where it is not what it
    /// was any more.
    async fn write_custom_data(
        &self,
        access: &AccessToken,
        user: &UserId,
        source: &CustomDataSource,
        edit: &DataEdit,
        present: Option<&Document>,
    ) -> Result<bool, BackendError> {
        let field = &source.user_id_field;
        let (query, update) = match present {
            Some(present) => {
                let owner = present.get(field).cloned().unwrap_or_else(|| user.as_str().into());
                let mut query = doc! { field: owner };
                query.extend(as_seen(edit, present, field));
                (query, operators(&edit.changes))
            }
            None => {
                if has_custom_data(access) {
                    let CustomDataSource { service, database, collection, .. } = source;
                    let place = format!("{service} {database}.{collection} by {field}");
                    return Err(BackendError::NotTheSource { place });
                }
                let mut document = doc! { field: user.as_str() };
                document.extend(values(&edit.changes, field));
                // A document that somebody made meanwhile is matched, and not touched.
                (doc! { field: { "$in": spellings(user) } }, doc! { "$setOnInsert": document })
            }
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

    /// Writes or removes one field, whatever it is now.
    async fn write_field(
        &self,
        access: &AccessToken,
        user: &UserId,
        source: &CustomDataSource,
        change: &FieldChange,
    ) -> Result<(), BackendError> {
        for _ in 0..TRIES {
            let present = self.read_custom_data(access, user, source).await?;
            let (path, after) = match change {
                FieldChange::Set(path, value) => (path, Some(value.clone())),
                FieldChange::Unset(_) if present.is_none() => return Ok(()),
                FieldChange::Unset(path) => (path, None),
            };
            let before = present.as_ref().and_then(|present| path.find(present)).cloned();
            let edit = DataEdit::field(path.clone(), before, after);
            if self.write_custom_data(access, user, source, &edit, present.as_ref()).await? {
                return Ok(());
            }
        }
        Err(self.garbage("the custom data changes faster than it can be written"))
    }
}

/// The values that name a user in a document, in the order in which the server looks for them.
fn spellings(user: &UserId) -> Vec<Bson> {
    let id = user.as_str();
    let object_id = ObjectId::parse_str(id).ok().map(Bson::ObjectId);
    std::iter::once(Bson::from(id)).chain(object_id).collect()
}

/// Whether the server had a document of the user when it made the token.
fn has_custom_data(access: &AccessToken) -> bool {
    access.claims().get("user_data").and_then(Value::as_object).is_some_and(|data| !data.is_empty())
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

/// The values of a new document without its owner.
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
        FieldPath::parse_writable(text).unwrap()
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
