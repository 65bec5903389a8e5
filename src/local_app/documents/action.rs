//! The actions of the MongoDB service, read from what a client sends (section 8.2). What is not understood is refused,
//! never ignored.

use bson::{Bson, Document};

use crate::data::Budget;
use crate::data::filter::Filter;
use crate::data::projection::Projection;
use crate::data::sort::Sort;
use crate::data::update::Update;
use crate::local_app::failure::Failure;
use crate::local_app::store::Namespace;

/// Names of the actions.
const KNOWN: [&str; 4] = ["findOne", "insertOne", "updateOne", "deleteOne"];

pub enum Action {
    Find(FindOne),
    Insert(InsertOne),
    Update(UpdateOne),
    Delete(DeleteOne),
}

pub struct FindOne {
    pub filter: Filter,
    pub projection: Option<Projection>,
    pub sort: Option<Sort>,
}

pub struct InsertOne {
    pub document: Document,
}

pub struct UpdateOne {
    pub filter: Filter,
    pub update: Update,
    pub upsert: bool,
}

pub struct DeleteOne {
    pub filter: Filter,
}

/// Reads the call of an action.
pub fn parse(
    service: &str,
    name: &str,
    arguments: Vec<Bson>,
    budget: &Budget,
) -> Result<(Namespace, Action), Failure> {
    if !KNOWN.contains(&name) {
        return Err(Failure::ActionNotFound {
            service: service.to_owned(),
            action: name.to_owned(),
            known: KNOWN.join(", "),
        });
    }
    let argument = match <[Bson; 1]>::try_from(arguments) {
        Ok([Bson::Document(argument)]) => argument,
        _ => return Err(Failure::InvalidParameter(format!("'{name}' takes exactly one document"))),
    };
    let mut argument = Argument { action: name, left: argument };
    let namespace =
        Namespace { database: argument.name("database")?, collection: argument.name("collection")? };
    let action = match name {
        "findOne" => Action::Find(FindOne {
            filter: argument.filter(budget)?,
            projection: argument.document("project")?.map(|d| Projection::parse(&d)).transpose()?,
            sort: argument.document("sort")?.map(|d| Sort::parse(&d)).transpose()?,
        }),
        "insertOne" => Action::Insert(InsertOne { document: argument.new_document()? }),
        "updateOne" => Action::Update(UpdateOne {
            filter: argument.filter(budget)?,
            update: Update::parse(&argument.required_document("update")?, budget)?,
            upsert: argument.flag("upsert")?,
        }),
        _ => Action::Delete(DeleteOne { filter: argument.filter(budget)? }),
    };
    argument.nothing_left()?;
    Ok((namespace, action))
}

/// The one argument of an action; what was read is taken out.
struct Argument<'a> {
    action: &'a str,
    left: Document,
}

impl Argument<'_> {
    fn name(&mut self, key: &'static str) -> Result<String, Failure> {
        match self.left.remove(key) {
            Some(Bson::String(name)) if !name.is_empty() => Ok(name),
            _ => Err(Failure::InvalidParameter(format!("'{key}' must be a string that is not empty"))),
        }
    }

    fn document(&mut self, key: &'static str) -> Result<Option<Document>, Failure> {
        match self.left.remove(key) {
            Some(Bson::Document(document)) => Ok(Some(document)),
            Some(Bson::Null) | None => Ok(None),
            Some(_) => Err(Failure::InvalidParameter(format!("'{key}' must be a document"))),
        }
    }

    fn required_document(&mut self, key: &'static str) -> Result<Document, Failure> {
        self.document(key)?.ok_or(Failure::MissingParameter(key))
    }

    fn filter(&mut self, budget: &Budget) -> Result<Filter, Failure> {
        Ok(Filter::parse(&self.document("query")?.unwrap_or_default(), budget)?)
    }

    fn new_document(&mut self) -> Result<Document, Failure> {
        let document = self.required_document("document")?;
        match document.keys().find(|key| key.starts_with('$')) {
            Some(key) => Err(Failure::Database(format!("the field name '{key}' must not start with '$'"))),
            None => Ok(document),
        }
    }

    fn flag(&mut self, key: &'static str) -> Result<bool, Failure> {
        match self.left.remove(key) {
            Some(Bson::Boolean(flag)) => Ok(flag),
            Some(Bson::Null) | None => Ok(false),
            Some(_) => Err(Failure::InvalidParameter(format!("'{key}' must be a boolean"))),
        }
    }

    fn nothing_left(self) -> Result<(), Failure> {
        match self.left.keys().next() {
            Some(key) => {
                Err(Failure::InvalidParameter(format!("'{}' does not know the option '{key}'", self.action)))
            }
            None => Ok(()),
        }
    }
}
