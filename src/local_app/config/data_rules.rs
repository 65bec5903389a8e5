//! Data rules of the collection of custom user data, the one that users reach here (section 12.1).

use std::collections::BTreeMap;

use bson::{Bson, Document};

/// Who reaches the documents of the collection, beyond that they are the user's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum DataRules {
    /// The configuration has no data sources, and so nothing to say: every user reads and writes the own documents.
    #[default]
    Own,
    /// What these say.
    Given(Box<RuleSet>),
    /// It has data sources, and no rule that can be judged: nobody reaches anything.
    Nobody,
}

/// The rules of a collection, or of a data source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleSet {
    /// The first one that applies to a document counts for it.
    pub roles: Vec<Role>,
    /// Those that apply narrow every query.
    pub filters: Vec<RuleFilter>,
    /// What documents have to look like when they are written, as JSON Schema.
    pub schema: Option<Document>,
}

/// What some users may do. A permission is a boolean or an expression; `None`: the export does not have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    pub name: String,
    pub apply_when: Bson,
    pub document_filters: Option<Permissions>,
    pub document: Permissions,
    pub insert: Option<Bson>,
    pub delete: Option<Bson>,
    pub fields: FieldRules,
    /// Something in it is not known here: it may narrow the rest, and so it allows nothing.
    pub has_unknown: bool,
}

/// Reading and writing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Permissions {
    pub read: Option<Bson>,
    pub write: Option<Bson>,
}

/// Rules of fields by name, and of those that have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldRules {
    pub named: BTreeMap<String, FieldRule>,
    pub additional: Option<Permissions>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldRule {
    pub own: Permissions,
    /// Of the fields in it.
    pub fields: FieldRules,
}

/// Narrows queries where it applies.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFilter {
    pub apply_when: Bson,
    pub query: Document,
    pub projection: Document,
}
