//! Who may reach which document. The default configuration has one rule: in the collection of custom user data, a user
//! reaches the documents that hold the own id; no other collection has a rule.

use bson::{Bson, Document};

use super::action::Namespace;
use crate::ejson;
use crate::local_app::config::CustomUserData;
use crate::local_app::failure::Failure;
use crate::local_app::store::OwnerKey;

/// Levels of nesting, as MongoDB has it.
const DEEPEST: usize = 100;
/// Size of a document as JSON. It travels in the `Authorization` header: a user whose token outgrows what a server takes
/// there could not log in to make it smaller.
const LARGEST: usize = 128 * 1024;

/// A user reaches the documents of a collection that hold the own id in a certain field.
#[derive(Debug, Clone)]
pub struct OwnDocuments(CustomUserData);

/// The rule of a collection.
pub fn rule_of(config: &CustomUserData, namespace: &Namespace) -> Result<OwnDocuments, Failure> {
    let Namespace { database, collection } = namespace;
    if config.enabled && *database == config.database && *collection == config.collection {
        Ok(OwnDocuments(config.clone()))
    } else {
        Err(Failure::NotPermitted(format!("no rule exists for namespace '{database}.{collection}'")))
    }
}

impl OwnDocuments {
    pub fn database(&self) -> &str {
        &self.0.database
    }

    pub fn collection(&self) -> &str {
        &self.0.collection
    }

    /// Whether the user may insert the document; says whose it is.
    pub fn check_insert(&self, user_id: &str, document: &Document) -> Result<OwnerKey, Failure> {
        let field = &self.0.user_id_field;
        let owner = match document.get(field) {
            Some(Bson::String(id)) => Some(OwnerKey::Text(id.clone())),
            Some(Bson::ObjectId(id)) => Some(OwnerKey::ObjectId(id.to_hex())),
            _ => None,
        };
        let owner = owner.filter(|owner| owner.user_id() == user_id).ok_or_else(|| {
            Failure::NotPermitted(format!("insert not permitted: '{field}' must be the user's own id"))
        })?;
        check_size(document)?;
        Ok(owner)
    }

    /// Whether the own document `before` may become `after`: it stays its owner's, and keeps its id.
    pub fn check_update(&self, before: &Document, after: &Document) -> Result<(), Failure> {
        let field = &self.0.user_id_field;
        if before.get(field) != after.get(field) {
            return Err(Failure::NotPermitted(format!("update not permitted: '{field}' must stay as it is")));
        }
        if before.get("_id") != after.get("_id") {
            return Err(Failure::Database(
                "Performing an update on the path '_id' would modify the immutable field '_id'".to_owned(),
            ));
        }
        check_size(after)
    }
}

fn check_size(document: &Document) -> Result<(), Failure> {
    if document.values().any(|value| deeper_than(DEEPEST, value)) {
        return Err(Failure::Database(format!("a document has at most {DEEPEST} levels of nesting")));
    }
    let json = ejson::relaxed_document(document).to_string();
    if json.len() > LARGEST {
        return Err(Failure::Database(format!(
            "custom user data travels in the access token and has at most {LARGEST} bytes as JSON; this has {}",
            json.len()
        )));
    }
    Ok(())
}

/// Whether `value` is nested deeper than `levels`; looks no further than that.
fn deeper_than(levels: usize, value: &Bson) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return matches!(value, Bson::Document(_) | Bson::Array(_));
    };
    match value {
        Bson::Document(document) => document.values().any(|value| deeper_than(below, value)),
        Bson::Array(items) => items.iter().any(|value| deeper_than(below, value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn nesting_is_counted_to_the_level() {
        let mut value = Bson::Int32(1);
        for _ in 0..DEEPEST {
            value = Bson::Array(vec![value]);
        }
        assert!(!deeper_than(DEEPEST, &value));
        assert!(deeper_than(DEEPEST, &Bson::Document(doc! { "a": value })));
    }
}
