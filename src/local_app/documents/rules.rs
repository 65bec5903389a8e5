//! Who may reach which document (section 12).
//!
//! In the collection of custom user data, a user reaches the documents that hold the own id, as far as the App's data rules
//! allow it; no other collection is open. A rule that cannot be judged allows nothing.

use bson::{Bson, Document};

use super::schema;
use crate::data::ejson;
use crate::data::filter::Filter;
use crate::data::projection::Projection;
use crate::data::{Budget, Spent};
use crate::local_app::config::data_rules::{DataRules, FieldRule, FieldRules, Permissions, Role, RuleSet};
use crate::local_app::config::{AppConfig, CustomUserData};
use crate::local_app::expression::{About, ExpressionError, Scope};
use crate::local_app::failure::Failure;
use crate::local_app::store::{Namespace, OwnerKey};

/// Levels of nesting, as MongoDB has it.
const DEEPEST: usize = 100;
/// Size of a document as JSON. It travels in the `Authorization` header: a user whose token outgrows what a server takes
/// there could not log in to make it smaller.
const LARGEST: usize = 128 * 1024;

/// What the rules of a collection mean for one call of a user.
pub struct Rules<'a> {
    data: &'a CustomUserData,
    user_id: &'a str,
    /// `None`: all that is the user's own.
    given: Option<Given<'a>>,
}

struct Given<'a> {
    set: &'a RuleSet,
    scope: Scope<'a>,
    /// Of the filters that apply.
    filters: Vec<Filter>,
    projections: Vec<Projection>,
}

impl<'a> Rules<'a> {
    /// The rules of the collection that `namespace` names; `expansions` is what expansions in rules stand for.
    pub fn of(
        config: &'a AppConfig,
        namespace: &Namespace,
        user_id: &'a str,
        expansions: &'a Document,
        budget: &'a Budget,
    ) -> Result<Self, Failure> {
        let data = &config.custom_user_data;
        let Namespace { database, collection } = namespace;
        let no_rule =
            || Failure::NotPermitted(format!("no rule exists for namespace '{database}.{collection}'"));
        if !data.enabled || *database != data.database || *collection != data.collection {
            return Err(no_rule());
        }
        let given = match &config.data_rules {
            DataRules::Own => None,
            DataRules::Nobody => return Err(no_rule()),
            DataRules::Given(set) => Some(Given::of(set, Scope::new(expansions, budget), budget)?),
        };
        Ok(Self { data, user_id, given })
    }

    pub fn database(&self) -> &str {
        &self.data.database
    }

    pub fn collection(&self) -> &str {
        &self.data.collection
    }

    /// Whether the filters of the rules let a query find the document.
    pub fn lets_find(&self, document: &Document, budget: &Budget) -> Result<bool, Spent> {
        for filter in self.given.iter().flat_map(|given| &given.filters) {
            if !filter.matches(document, budget)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The document as far as the user may read it; `None`: it is as if it were not there.
    pub fn readable(&self, document: Document, budget: &Budget) -> Result<Option<Document>, Spent> {
        let Some(given) = &self.given else { return Ok(Some(document)) };
        let Some(mut readable) = given.readable(&document)? else { return Ok(None) };
        for projection in &given.projections {
            readable = projection.apply(&readable, budget)?;
        }
        Ok(Some(readable))
    }

    /// Whether the user may insert the document; says whose it is.
    pub fn check_insert(&self, document: &Document) -> Result<OwnerKey, Failure> {
        let field = &self.data.user_id_field;
        let owner = match document.get(field) {
            Some(Bson::String(id)) => Some(OwnerKey::Text(id.clone())),
            Some(Bson::ObjectId(id)) => Some(OwnerKey::ObjectId(id.to_hex())),
            _ => None,
        };
        let owner = owner.filter(|owner| owner.user_id() == self.user_id).ok_or_else(|| {
            Failure::NotPermitted(format!("insert not permitted: '{field}' must be the user's own id"))
        })?;
        if let Some(given) = &self.given {
            given.check_write("insert", None, document)?;
        }
        check_size(document)?;
        Ok(owner)
    }

    /// Whether the own document `before` may become `after`: it stays its owner's, and keeps its id.
    pub fn check_update(&self, before: &Document, after: &Document) -> Result<(), Failure> {
        let field = &self.data.user_id_field;
        if before.get(field) != after.get(field) {
            return Err(Failure::NotPermitted(format!("update not permitted: '{field}' must stay as it is")));
        }
        if before.get("_id") != after.get("_id") {
            return Err(Failure::Database(
                "Performing an update on the path '_id' would modify the immutable field '_id'".to_owned(),
            ));
        }
        if let Some(given) = &self.given {
            given.check_write("update", Some(before), after)?;
        }
        check_size(after)
    }

    /// Whether the user may delete the own document.
    pub fn check_delete(&self, document: &Document) -> Result<(), Failure> {
        match &self.given {
            Some(given) => given.check_delete(document),
            None => Ok(()),
        }
    }
}

impl<'a> Given<'a> {
    fn of(set: &'a RuleSet, scope: Scope<'a>, budget: &Budget) -> Result<Self, Failure> {
        let (mut filters, mut projections) = (Vec::new(), Vec::new());
        let refused = |problem: &dyn std::fmt::Display| {
            tracing::warn!(%problem, "local App: a filter of the data rules cannot be judged");
            Failure::NotPermitted(
                "a filter of the data rules cannot be judged; nobody reaches anything".to_owned(),
            )
        };
        for filter in &set.filters {
            match scope.holds(&filter.apply_when) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(ExpressionError::TooMuchWork(spent)) => return Err(spent.into()),
                Err(problem) => return Err(refused(&problem)),
            }
            let query = match scope.expanded(&filter.query) {
                Ok(Some(query)) => query,
                // What is missing equals nothing.
                Ok(None) => bson::doc! { "$nor": [{}] },
                Err(ExpressionError::TooMuchWork(spent)) => return Err(spent.into()),
                Err(problem) => return Err(refused(&problem)),
            };
            filters.push(Filter::parse(&query, budget).map_err(|problem| refused(&problem))?);
            if !filter.projection.is_empty() {
                projections.push(Projection::parse(&filter.projection).map_err(|problem| refused(&problem))?);
            }
        }
        Ok(Self { set, scope, filters, projections })
    }

    /// The first role that applies to a document; `None`: there is none, or it cannot be said.
    fn role_of(&self, document: &Document, prev: Option<&Document>) -> Result<Option<&'a Role>, Spent> {
        let about = About { root: document, prev_root: prev, this: None, prev: None };
        for role in &self.set.roles {
            match self.scope.about(about).holds(&role.apply_when) {
                Ok(true) => return Ok((!role.has_unknown).then_some(role)),
                Ok(false) => {}
                Err(ExpressionError::TooMuchWork(spent)) => return Err(spent),
                Err(problem) => {
                    tracing::warn!(role = role.name, %problem, "local App: a role cannot be judged");
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    fn readable(&self, document: &Document) -> Result<Option<Document>, Spent> {
        let Some(role) = self.role_of(document, Some(document))? else { return Ok(None) };
        let about = About { root: document, prev_root: Some(document), this: None, prev: None };
        let judge = Judge { scope: self.scope.about(about), about };
        if let Some(filters) = &role.document_filters {
            let passes =
                judge.says(&filters.read)?.unwrap_or(true) || judge.says(&filters.write)?.unwrap_or(true);
            if !passes {
                return Ok(None);
            }
        }
        match judge.reads(&role.document)? {
            Some(true) => Ok(Some(document.clone())),
            Some(false) => Ok(None),
            None => judge.readable_fields(document, &role.fields),
        }
    }

    fn check_write(&self, action: &str, before: Option<&Document>, after: &Document) -> Result<(), Failure> {
        let denied = || Failure::NotPermitted(format!("{action} not permitted"));
        let role = self.role_of(before.unwrap_or(after), before)?.ok_or_else(denied)?;
        let about = About { root: after, prev_root: before, this: None, prev: None };
        let judge = Judge { scope: self.scope.about(about), about };
        if !judge.may_write(role, before, after)? {
            return Err(denied());
        }
        if before.is_none() && !judge.says(&role.insert)?.unwrap_or(true) {
            return Err(denied());
        }
        match &self.set.schema {
            Some(schema) => schema::validate(schema, after)
                .map_err(|problem| Failure::SchemaViolation { action: action.to_owned(), problem }),
            None => Ok(()),
        }
    }

    fn check_delete(&self, document: &Document) -> Result<(), Failure> {
        let denied = || Failure::NotPermitted("delete not permitted".to_owned());
        let role = self.role_of(document, Some(document))?.ok_or_else(denied)?;
        let about = About { root: document, prev_root: Some(document), this: None, prev: None };
        let judge = Judge { scope: self.scope.about(about), about };
        // Deleting takes all fields away.
        let may = judge.says(&role.delete)?.unwrap_or(false)
            && judge.may_write(role, Some(document), &Document::new())?;
        if may { Ok(()) } else { Err(denied()) }
    }
}

/// Judges the permissions of a role for one document.
#[derive(Clone, Copy)]
struct Judge<'a> {
    scope: Scope<'a>,
    about: About<'a>,
}

impl<'a> Judge<'a> {
    /// What a permission comes to; `None` if there is none. One that cannot be judged says no.
    fn says(&self, permission: &Option<Bson>) -> Result<Option<bool>, Spent> {
        let Some(expression) = permission else { return Ok(None) };
        match self.scope.holds(expression) {
            Ok(holds) => Ok(Some(holds)),
            Err(ExpressionError::TooMuchWork(spent)) => Err(spent),
            Err(problem) => {
                tracing::warn!(%problem, "local App: a permission of the data rules cannot be judged");
                Ok(Some(false))
            }
        }
    }

    /// Whether all of it may be read; who may write it may read it. `None`: that is up to its fields.
    fn reads(&self, own: &Permissions) -> Result<Option<bool>, Spent> {
        let read = self.says(&own.read)?;
        if read == Some(true) || self.says(&own.write)? == Some(true) {
            return Ok(Some(true));
        }
        Ok(read)
    }

    /// The same about a field.
    fn at(&self, this: Option<&'a Bson>, prev: Option<&'a Bson>) -> Self {
        let about = About { this, prev, ..self.about };
        Self { scope: self.scope.about(about), about }
    }

    fn readable_fields(&self, document: &'a Document, rules: &FieldRules) -> Result<Option<Document>, Spent> {
        let mut readable = Document::new();
        for (name, value) in document {
            let judge = self.at(Some(value), Some(value));
            let (own, inner) = match (rules.named.get(name), &rules.additional) {
                (Some(FieldRule { own, fields }), _) => (own, Some(fields)),
                (None, Some(additional)) => (additional, None),
                (None, None) => continue,
            };
            match judge.reads(own)? {
                Some(true) => {
                    readable.insert(name, value.clone());
                }
                Some(false) => {}
                None => {
                    if let (Some(inner), Bson::Document(value)) = (inner, value)
                        && let Some(part) = judge.readable_fields(value, inner)?
                    {
                        readable.insert(name, part);
                    }
                }
            }
        }
        Ok((!readable.is_empty()).then_some(readable))
    }

    fn may_write(
        &self,
        role: &Role,
        before: Option<&'a Document>,
        after: &'a Document,
    ) -> Result<bool, Spent> {
        if let Some(filters) = &role.document_filters
            && !self.says(&filters.write)?.unwrap_or(true)
        {
            return Ok(false);
        }
        match self.says(&role.document.write)? {
            Some(may) => Ok(may),
            None => self.may_write_fields(before, after, &role.fields),
        }
    }

    /// Whether every field that is not the same before and after may be written.
    fn may_write_fields(
        &self,
        before: Option<&'a Document>,
        after: &'a Document,
        rules: &FieldRules,
    ) -> Result<bool, Spent> {
        let old = |name: &str| before.and_then(|before| before.get(name));
        let gone = before.into_iter().flat_map(Document::keys).filter(|name| !after.contains_key(*name));
        for name in after.keys().chain(gone) {
            let (prev, this) = (old(name), after.get(name));
            if prev == this {
                continue;
            }
            let judge = self.at(this, prev);
            let (own, inner) = match (rules.named.get(name), &rules.additional) {
                (Some(FieldRule { own, fields }), _) => (own, Some(fields)),
                (None, Some(additional)) => (additional, None),
                (None, None) => return Ok(false),
            };
            let may = match (judge.says(&own.write)?, inner, this) {
                (Some(may), ..) => may,
                (None, Some(inner), Some(Bson::Document(this))) => match prev {
                    Some(Bson::Document(prev)) => judge.may_write_fields(Some(prev), this, inner)?,
                    None => judge.may_write_fields(None, this, inner)?,
                    Some(_) => false,
                },
                (None, ..) => false,
            };
            if !may {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether the query and the projection of a filter can be used, whatever its expansions stand for.
pub fn check_query(query: &Document, projection: &Document) -> Result<(), String> {
    /// Something in the place of every expansion.
    fn sample(value: &Bson) -> Bson {
        match value {
            Bson::String(text) if text.starts_with("%%") => Bson::Array(Vec::new()),
            Bson::Array(items) => Bson::Array(items.iter().map(sample).collect()),
            Bson::Document(fields) => {
                Bson::Document(fields.iter().map(|(key, value)| (key.clone(), sample(value))).collect())
            }
            other => other.clone(),
        }
    }
    let (budget, nothing) = (Budget::default(), Document::new());
    let Bson::Document(sample) = sample(&Bson::Document(query.clone())) else { return Ok(()) };
    let query = Scope::new(&nothing, &budget).expanded(&sample).map_err(|problem| problem.to_string())?;
    Filter::parse(&query.unwrap_or_default(), &budget).map_err(|problem| problem.to_string())?;
    Projection::parse(projection).map(|_| ()).map_err(|problem| problem.to_string())
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
mod tests;
