//! Documents: the MongoDB service as a client calls it (section 8.2), under data rules.

mod action;
mod rules;
mod schema;

use std::cmp::Ordering;
use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};

use super::app::App;
use super::config::{AppConfig, DataRules};
use super::failure::Failure;
use super::functions;
use super::request::RequestFacts;
use super::store::{
    DocumentScope, Namespace, NewDocument, OwnerKey, Place, StoreError, StoredDocument, Watermark, Written,
};
use crate::data::Budget;
use crate::data::compare::id_key;
use crate::data::filter::Filter;
use action::{Action, DeleteOne, FindOne, InsertOne, UpdateOne};
use rules::Rules;

pub use rules::check_query;
pub use schema::check as check_schema;

/// How often a change is tried whose document others change meanwhile.
const TRIES: usize = 10;

impl App {
    /// Calls the action `name` of a service for a user, within a budget; the arguments and the result are values as the
    /// wire has them. It blocks: see [`Workshop`](super::budget::Workshop).
    ///
    /// What a filter, a sort or an update asks for is worked out on what was read before, never while others wait for the
    /// writer, which only checks that it is still there.
    pub fn call_service(
        self: &Arc<Self>,
        user_id: String,
        service: &str,
        name: &str,
        arguments: Vec<Bson>,
        request: &RequestFacts,
        budget: &Budget,
    ) -> Result<Bson, Failure> {
        let config = self.config();
        if service != config.custom_user_data.service {
            return Err(Failure::ServiceNotFound(service.to_owned()));
        }
        let (namespace, action) = action::parse(service, name, arguments, budget)?;
        let expansions = self.expansions(&config, &user_id, request)?;
        let rules = Rules::of(&config, &namespace, &user_id, &expansions, budget)?;
        let scope = Scope { app: self, rules, user_id: &user_id, budget };
        match action {
            Action::Find(action) => scope.find_one(&action),
            Action::Insert(action) => scope.insert_one(action),
            Action::Update(action) => scope.update_one(&action),
            Action::Delete(action) => scope.delete_one(&action),
        }
    }

    /// What expansions in rules stand for; nothing where there are no rules that could ask.
    fn expansions(
        &self,
        config: &Arc<AppConfig>,
        user_id: &str,
        request: &RequestFacts,
    ) -> Result<Document, Failure> {
        if !matches!(config.data_rules, DataRules::Given(_)) {
            return Ok(Document::new());
        }
        let user = wait(functions::of_user(self, config, user_id.to_owned()))?;
        Ok(functions::expansions(config, &user.ok_or(Failure::INVALID_SESSION)?, request))
    }
}

/// A collection as one user sees it during a call.
struct Scope<'a> {
    app: &'a App,
    rules: Rules<'a>,
    user_id: &'a str,
    budget: &'a Budget,
}

impl Scope<'_> {
    fn find_one(&self, action: &FindOne) -> Result<Bson, Failure> {
        let first = match &action.sort {
            None => {
                let mut first = None;
                self.each_match(&action.filter, |found| {
                    first = self.rules.readable(found.document, self.budget)?;
                    Ok(if first.is_some() { Next::Stop } else { Next::Continue })
                })?;
                first
            }
            Some(sort) => {
                let mut first = None;
                self.each_match(&action.filter, |found| {
                    let key = sort.key(&found.document, self.budget)?;
                    let precedes = match &first {
                        None => true,
                        Some((earlier, _)) => sort.compare(&key, earlier, self.budget)? == Ordering::Less,
                    };
                    if precedes && let Some(readable) = self.rules.readable(found.document, self.budget)? {
                        first = Some((key, readable));
                    }
                    Ok(Next::Continue)
                })?;
                first.map(|(_, document)| document)
            }
        };
        let Some(first) = first else { return Ok(Bson::Null) };
        Ok(Bson::Document(match &action.projection {
            Some(projection) => projection.apply(&first, self.budget)?,
            None => first,
        }))
    }

    fn insert_one(&self, action: InsertOne) -> Result<Bson, Failure> {
        let new = self.complete(action.document)?;
        match self.insert(&new, None)? {
            Written::DuplicateId => Err(duplicate(&new.id)),
            Written::Done | Written::Overtaken => Ok(Bson::Document(doc! { "insertedId": new.id })),
        }
    }

    fn update_one(&self, action: &UpdateOne) -> Result<Bson, Failure> {
        for _ in 0..TRIES {
            let newest = wait(self.app.store().watermark())?;
            let outcome = match self.first_match(&action.filter)? {
                Some(found) => self.update(found, action)?,
                None if action.upsert => self.upsert(action, newest)?,
                None => Some(doc! { "matchedCount": 0, "modifiedCount": 0 }),
            };
            if let Some(outcome) = outcome {
                return Ok(Bson::Document(outcome));
            }
        }
        Err(Failure::WriteConflict)
    }

    /// Updates what was found. `None` if it is not what is there any more.
    fn update(&self, found: Found, action: &UpdateOne) -> Result<Option<Document>, Failure> {
        let Found { stored, document: before } = found;
        let after = action.update.apply(&before, self.budget)?;
        self.rules.check_update(&before, &after)?;
        let modified = !stored.is(&after)?;
        let stands = !modified || wait(self.app.store().replace_document(stored, after))? == Written::Done;
        Ok(stands.then(|| doc! { "matchedCount": 1, "modifiedCount": i32::from(modified) }))
    }

    /// Inserts what nothing was found for. `None` if the user got a document since `newest`.
    fn upsert(&self, action: &UpdateOne, newest: Watermark) -> Result<Option<Document>, Failure> {
        let start = action.filter.document_of_equalities(self.budget)?;
        let new = self.complete(action.update.apply_to_new(start, self.budget)?)?;
        match self.insert(&new, Some(newest))? {
            Written::Overtaken => Ok(None),
            Written::DuplicateId => Err(duplicate(&new.id)),
            Written::Done => Ok(Some(doc! { "matchedCount": 0, "modifiedCount": 0, "upsertedId": new.id })),
        }
    }

    fn insert(&self, new: &Complete, unless_since: Option<Watermark>) -> Result<Written, StoreError> {
        let document = NewDocument {
            namespace: self.namespace(),
            id_key: new.id_key.clone(),
            owner: Some(new.owner.clone()),
            document: new.document.clone(),
        };
        let unless_since = unless_since.map(|newest| (self.store_scope(), newest));
        wait(self.app.store().insert_document(document, unless_since))
    }

    fn delete_one(&self, action: &DeleteOne) -> Result<Bson, Failure> {
        for _ in 0..TRIES {
            let Some(Found { stored, document }) = self.first_match(&action.filter)? else {
                return Ok(Bson::Document(doc! { "deletedCount": 0 }));
            };
            self.rules.check_delete(&document)?;
            if wait(self.app.store().delete_document(stored))? == Written::Done {
                return Ok(Bson::Document(doc! { "deletedCount": 1 }));
            }
        }
        Err(Failure::WriteConflict)
    }

    /// A document that the user may insert, `_id` first.
    fn complete(&self, mut document: Document) -> Result<Complete, Failure> {
        let id = document.remove("_id").unwrap_or_else(|| Bson::ObjectId(ObjectId::new()));
        let mut complete = doc! { "_id": id.clone() };
        complete.extend(document);
        Ok(Complete {
            owner: self.rules.check_insert(&complete)?,
            id_key: id_key(&id)?,
            id,
            document: complete,
        })
    }

    fn first_match(&self, filter: &Filter) -> Result<Option<Found>, Failure> {
        let mut first = None;
        self.each_match(filter, |found| {
            first = Some(found);
            Ok(Next::Stop)
        })?;
        Ok(first)
    }

    /// Goes through what the user may see at all, some documents at a time; others' are as if they were not there.
    fn each_match(
        &self,
        filter: &Filter,
        mut take: impl FnMut(Found) -> Result<Next, Failure>,
    ) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let batch = self.batch(after)?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = Some(last.place);
            for stored in batch {
                self.budget.count_bytes(stored.size());
                self.budget.take(1)?;
                let document = stored.document()?;
                if self.rules.lets_find(&document, self.budget)?
                    && filter.matches(&document, self.budget)?
                    && let Next::Stop = take(Found { stored, document })?
                {
                    return Ok(());
                }
            }
        }
    }

    fn batch(&self, after: Option<Place>) -> Result<Vec<StoredDocument>, StoreError> {
        wait(self.app.store().find_documents(self.store_scope(), after))
    }

    fn namespace(&self) -> Namespace {
        Namespace {
            database: self.rules.database().to_owned(),
            collection: self.rules.collection().to_owned(),
        }
    }

    fn store_scope(&self) -> DocumentScope {
        DocumentScope { namespace: self.namespace(), owner: self.user_id.to_owned() }
    }
}

/// Whether to look at further documents.
enum Next {
    Continue,
    Stop,
}

/// A document as it is in the store, and taken apart.
struct Found {
    stored: StoredDocument,
    document: Document,
}

/// A document with all that the store has to know of it.
struct Complete {
    id: Bson,
    id_key: Vec<u8>,
    owner: OwnerKey,
    document: Document,
}

fn duplicate(id: &Bson) -> Failure {
    Failure::Database(format!("Duplicate key error: a document with _id {id} exists"))
}

/// Waits for the store, on a thread that may block.
fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(work)
}
