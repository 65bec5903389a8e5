//! Documents: the MongoDB service as a client calls it (section 8.2), under data rules.

mod action;
pub mod compare;
pub mod custom_data;
mod filter;
mod number;
mod path;
mod projection;
mod rules;
mod sort;
mod update;

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};

use super::app::App;
use super::failure::Failure;
use super::store::{NewDocument, StoredDocument, Tx};
use action::{Action, DeleteOne, FindOne, InsertOne, UpdateOne};
use rules::OwnDocuments;

impl App {
    /// Calls the action `name` of a service for a user; the arguments and the result are values as the wire has them.
    pub async fn call_service(
        &self,
        user_id: String,
        service: String,
        name: &str,
        arguments: Vec<Bson>,
    ) -> Result<Bson, Failure> {
        let config = self.config();
        if service != config.custom_user_data.service {
            return Err(Failure::ServiceNotFound(service));
        }
        let (namespace, action) = action::parse(&service, name, arguments)?;
        let scope = Scope { rule: rules::rule_of(&config.custom_user_data, &namespace)?, user_id };
        match action {
            Action::Find(action) => self.store().read(move |tx| scope.find_one(tx, &action)).await,
            Action::Insert(action) => self.store().write(move |tx| scope.insert_one(tx, action)).await,
            Action::Update(action) => self.store().write(move |tx| scope.update_one(tx, &action)).await,
            Action::Delete(action) => self.store().write(move |tx| scope.delete_one(tx, &action)).await,
        }
    }
}

/// A collection as one user sees it.
struct Scope {
    rule: OwnDocuments,
    user_id: String,
}

impl Scope {
    fn find_one(&self, tx: &Tx<'_>, action: &FindOne) -> Result<Bson, Failure> {
        let mut found = self.visible(tx)?;
        found.retain(|stored| action.filter.matches(&stored.document));
        if let Some(sort) = &action.sort {
            found.sort_by(|a, b| sort.compare(&a.document, &b.document));
        }
        let first = found.into_iter().next().map(|stored| match &action.projection {
            Some(projection) => projection.apply(&stored.document),
            None => stored.document,
        });
        Ok(first.map_or(Bson::Null, Bson::Document))
    }

    fn insert_one(&self, tx: &Tx<'_>, action: InsertOne) -> Result<Bson, Failure> {
        let id = self.insert(tx, action.document)?;
        Ok(Bson::Document(doc! { "insertedId": id }))
    }

    fn update_one(&self, tx: &Tx<'_>, action: &UpdateOne) -> Result<Bson, Failure> {
        let Some(stored) = self.first_match(tx, &action.filter)? else {
            if !action.upsert {
                return Ok(Bson::Document(doc! { "matchedCount": 0, "modifiedCount": 0 }));
            }
            let document = action.update.apply_to_new(action.filter.document_of_equalities()?)?;
            let id = self.insert(tx, document)?;
            return Ok(Bson::Document(doc! { "matchedCount": 0, "modifiedCount": 0, "upsertedId": id }));
        };
        let updated = action.update.apply(&stored.document)?;
        self.rule.check_update(&stored.document, &updated)?;
        // Bytes, since equality of values would miss a change from 1 to 1.0, and see one where nothing but NaN is.
        let bytes = |document: &Document| document.to_vec().map_err(Failure::internal);
        let modified = bytes(&stored.document)? != bytes(&updated)?;
        if modified {
            tx.replace_document(stored.position, &updated)?;
        }
        Ok(Bson::Document(doc! { "matchedCount": 1, "modifiedCount": i32::from(modified) }))
    }

    fn delete_one(&self, tx: &Tx<'_>, action: &DeleteOne) -> Result<Bson, Failure> {
        let stored = self.first_match(tx, &action.filter)?;
        if let Some(stored) = &stored {
            tx.delete_document(stored.position)?;
        }
        Ok(Bson::Document(doc! { "deletedCount": i32::from(stored.is_some()) }))
    }

    /// Inserts a document, `_id` first, and returns its id.
    fn insert(&self, tx: &Tx<'_>, mut document: Document) -> Result<Bson, Failure> {
        let id = document.remove("_id").unwrap_or_else(|| Bson::ObjectId(ObjectId::new()));
        let mut complete = doc! { "_id": id.clone() };
        complete.extend(document);
        let owner = self.rule.check_insert(&self.user_id, &complete)?;
        let stored = tx.insert_document(&NewDocument {
            database: self.rule.database(),
            collection: self.rule.collection(),
            id_key: &compare::id_key(&id)?,
            owner: Some(&owner),
            document: &complete,
        })?;
        if stored {
            Ok(id)
        } else {
            Err(Failure::Database(format!("Duplicate key error: a document with _id {id} exists")))
        }
    }

    fn first_match(&self, tx: &Tx<'_>, filter: &filter::Filter) -> Result<Option<StoredDocument>, Failure> {
        Ok(self.visible(tx)?.into_iter().find(|stored| filter.matches(&stored.document)))
    }

    /// What the user may see at all; others' documents are as if they were not there.
    fn visible(&self, tx: &Tx<'_>) -> Result<Vec<StoredDocument>, Failure> {
        Ok(tx.documents_of(self.rule.database(), self.rule.collection(), &self.user_id)?)
    }
}
