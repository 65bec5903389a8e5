//! The data rules of the collection of custom user data (sections 11.4 and 12.1), from `data_sources/` and, in older
//! exports, `services/`.
//!
//! A collection is never open wider than its rules say: what cannot be judged allows nothing, and is reported.

use bson::{Bson, Document};
use serde_json::Value;

use super::error::ConfigError;
use super::fields::Fields;
use super::source::Source;
use super::{AppFiles, CUSTOM_USER_DATA};
use crate::local_app::config::CustomUserData;
use crate::local_app::config::data_rules::{
    DataRules, FieldRule, FieldRules, Permissions, Role, RuleFilter, RuleSet,
};
use crate::local_app::documents::{check_query, check_schema};
use crate::local_app::expression::{Place, check};

/// Folders of data sources, that of the newer layout first.
const FOLDERS: [&str; 2] = ["data_sources", "services"];

/// Reads the rules of the collection that `data` names. Those of other collections are left alone: nobody reaches them.
pub fn read(source: &mut Source<'_>, data: &CustomUserData) -> Result<DataRules, ConfigError> {
    if !data.enabled || FOLDERS.iter().all(|folder| source.below(folder, "").is_empty()) {
        return Ok(DataRules::Own);
    }
    let found = files_of(source, data);
    let mut schema = schema_beside(source, data, found.first().copied())?;
    let mut set = match found.as_slice() {
        [] => None,
        [path] => {
            let mut fields = object(source, path)?;
            // Older exports have the schema in it.
            if let Some(inner) = fields.value("schema") {
                schema = schema_of(source, path, inner, schema)?;
            }
            let set = rule_set(source, &mut fields)?;
            source.done(fields);
            // A file without roles leaves them to the data source.
            (!set.roles.is_empty()).then_some(set)
        }
        [_, second, ..] => {
            source.denied(second, "", "is a second file about this collection; nobody reaches it");
            return Ok(DataRules::Nobody);
        }
    };
    if set.is_none() {
        for folder in FOLDERS {
            let path = format!("{folder}/{}/default_rule.json", data.service);
            if let Some(mut fields) = source.object(&path)? {
                set = Some(rule_set(source, &mut fields)?);
                source.done(fields);
                break;
            }
        }
    }
    let Some(mut set) = set else {
        if found.is_empty() {
            let place = format!("{}.{}", data.database, data.collection);
            let because = format!(
                "no rule of the data source '{}' is about {place}: no user reaches the own document there",
                data.service
            );
            source.denied(CUSTOM_USER_DATA, "", &because);
        }
        return Ok(DataRules::Nobody);
    };
    set.schema = schema;
    Ok(DataRules::Given(Box::new(set)))
}

/// The files of data sources.
pub fn files(files: &AppFiles) -> AppFiles {
    let is_of = |path: &str| FOLDERS.iter().any(|folder| path.split('/').next() == Some(folder));
    files.iter().filter(|(path, _)| is_of(path)).collect()
}

/// The files with rules of the collection.
fn files_of<'f>(source: &Source<'f>, data: &CustomUserData) -> Vec<&'f str> {
    let newer = source.below("data_sources", "/rules.json").into_iter();
    let older = source.below("services", ".json").into_iter();
    let older = older.filter(|(_, between)| between.split('/').nth(1) == Some("rules"));
    let about = |(path, between): (&'f str, &'f str)| {
        let mut parts = between.split('/');
        let service = parts.next()?;
        if service != data.service && name_of(source, service).as_deref() != Some(data.service.as_str()) {
            return None;
        }
        let said = source.peek(path)?;
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let by_path = (parts.next() == Some(data.database.as_str())
            && parts.next() == Some(data.collection.as_str()))
            && path.starts_with("data_sources");
        let is = match (text("database"), text("collection"), text("namespace")) {
            (Some(database), Some(collection), _) => {
                database == data.database && collection == data.collection
            }
            (_, _, Some(namespace)) => namespace == format!("{}.{}", data.database, data.collection),
            _ => by_path,
        };
        (is || by_path).then_some(path)
    };
    newer.chain(older).filter_map(about).collect()
}

/// What a data source calls itself, where its folder has another name.
fn name_of(source: &Source<'_>, folder: &str) -> Option<String> {
    FOLDERS.iter().find_map(|kind| {
        let config = source.peek(&format!("{kind}/{folder}/config.json"))?;
        config.get("name")?.as_str().map(str::to_owned)
    })
}

fn object(source: &mut Source<'_>, path: &str) -> Result<Fields, ConfigError> {
    match source.object(path)? {
        Some(fields) => Ok(fields),
        None => Err(ConfigError::field(path, "", "expected an object")),
    }
}

/// `schema.json` beside the rules, or where they would be.
fn schema_beside(
    source: &mut Source<'_>,
    data: &CustomUserData,
    rules: Option<&str>,
) -> Result<Option<Document>, ConfigError> {
    let beside = rules.and_then(|path| path.strip_suffix("/rules.json")).map(str::to_owned);
    let folder = beside
        .unwrap_or_else(|| format!("data_sources/{}/{}/{}", data.service, data.database, data.collection));
    let path = format!("{folder}/schema.json");
    match source.json(&path)? {
        Some(schema) => schema_of(source, &path, schema, None),
        None => Ok(None),
    }
}

fn schema_of(
    source: &mut Source<'_>,
    path: &str,
    schema: Value,
    other: Option<Document>,
) -> Result<Option<Document>, ConfigError> {
    let Bson::Document(schema) = bson_of(&schema) else {
        return Err(ConfigError::field(path, "schema", "expected a JSON Schema: an object"));
    };
    if schema.is_empty() {
        return Ok(other);
    }
    if let Err(problem) = check_schema(&schema) {
        source.denied(path, "", &format!("{problem}; nobody writes to the collection"));
    }
    Ok(Some(schema))
}

fn rule_set(source: &mut Source<'_>, fields: &mut Fields) -> Result<RuleSet, ConfigError> {
    fields.pass_over(&["id", "_id", "database", "collection", "relationships"]);
    let roles = fields.objects("roles")?.into_iter().map(|entry| role(source, entry));
    let roles = roles.collect::<Result<_, _>>()?;
    let filters = fields.objects("filters")?.into_iter().map(|entry| filter(source, entry));
    Ok(RuleSet { roles, filters: filters.collect::<Result<_, _>>()?, schema: None })
}

fn role(source: &mut Source<'_>, mut entry: Fields) -> Result<Role, ConfigError> {
    entry.pass_over(&["id", "_id"]);
    let name = entry.text("name")?.unwrap_or_default();
    let reader = &mut Reader { source, role: &name };
    let apply_when = reader.rule(&mut entry, "apply_when", Place::Document)?;
    let document_filters = match entry.object("document_filters")? {
        Some(mut filters) => {
            let both = reader.permissions(&mut filters)?;
            entry.absorb(filters);
            Some(both)
        }
        None => None,
    };
    let document = reader.permissions(&mut entry)?;
    let insert = reader.rule(&mut entry, "insert", Place::Document)?;
    let delete = reader.rule(&mut entry, "delete", Place::Document)?;
    // There is no search here.
    reader.rule(&mut entry, "search", Place::Document)?;
    let fields = reader.field_rules(&mut entry)?;
    let (file, unknown) = entry.left();
    for field in &unknown {
        let because =
            format!("is not known here; the role '{name}' may be narrower for it and allows nothing");
        source.denied(&file, field, &because);
    }
    Ok(Role {
        apply_when: apply_when.unwrap_or_else(|| Bson::Document(Document::new())),
        document_filters,
        document,
        insert,
        delete,
        fields,
        has_unknown: !unknown.is_empty(),
        name,
    })
}

fn filter(source: &mut Source<'_>, mut entry: Fields) -> Result<RuleFilter, ConfigError> {
    entry.pass_over(&["id", "_id"]);
    let name = entry.text("name")?.unwrap_or_default();
    let apply_when = Reader { source, role: &name }.rule(&mut entry, "apply_when", Place::Call)?;
    let mut document = |field: &str| match entry.value(field).map(|value| bson_of(&value)) {
        None => Ok(Document::new()),
        Some(Bson::Document(document)) => Ok(document),
        Some(_) => Err(entry.error(field, "expected an object")),
    };
    let (query, projection) = (document("query")?, document("projection")?);
    if let Err(problem) = check_query(&query, &projection) {
        let because = format!(
            "of the filter '{name}' cannot be judged: {problem}; where it applies, nobody reaches anything"
        );
        source.denied(entry.file(), &entry.path("query"), &because);
    }
    source.done(entry);
    Ok(RuleFilter {
        apply_when: apply_when.unwrap_or_else(|| Bson::Document(Document::new())),
        query,
        projection,
    })
}

struct Reader<'s, 'f> {
    source: &'s mut Source<'f>,
    /// The role, or the filter, that is read.
    role: &'s str,
}

impl Reader<'_, '_> {
    /// A permission. One that cannot be judged is reported, and allows nothing when it is asked.
    fn rule(&mut self, fields: &mut Fields, name: &str, place: Place) -> Result<Option<Bson>, ConfigError> {
        let rule = match fields.value(name) {
            None => return Ok(None),
            Some(rule @ (Value::Object(_) | Value::Bool(_))) => rule,
            Some(_) => return Err(fields.error(name, "expected a rule expression: an object, true or false")),
        };
        let expression = bson_of(&rule);
        if let Err(problem) = check(&expression, place) {
            let because =
                unjudged(&format!("of the role '{}'", self.role), &rule, &problem, "it allows nothing");
            self.source.denied(fields.file(), &fields.path(name), &because);
        }
        Ok(Some(expression))
    }

    fn permissions(&mut self, fields: &mut Fields) -> Result<Permissions, ConfigError> {
        Ok(Permissions {
            read: self.rule(fields, "read", Place::Document)?,
            write: self.rule(fields, "write", Place::Document)?,
        })
    }

    fn field_rules(&mut self, fields: &mut Fields) -> Result<FieldRules, ConfigError> {
        let mut rules = FieldRules::default();
        if let Some(mut named) = fields.object("fields")? {
            for name in named.names() {
                let Some(mut field) = named.object(&name)? else { continue };
                let own = self.permissions(&mut field)?;
                let fields = self.field_rules(&mut field)?;
                named.absorb(field);
                rules.named.insert(name, FieldRule { own, fields });
            }
            fields.absorb(named);
        }
        if let Some(mut additional) = fields.object("additional_fields")? {
            rules.additional = Some(self.permissions(&mut additional)?);
            fields.absorb(additional);
        }
        Ok(rules)
    }
}

/// What the report says of an expression that cannot be judged.
pub fn unjudged(whose: &str, rule: &Value, problem: &impl std::fmt::Display, so: &str) -> String {
    /// Characters of an expression that are enough to find it by.
    const SHOWN: usize = 160;
    let text = rule.to_string();
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{whose} cannot be judged: {problem}, in {shown}; {so}")
}

fn bson_of(value: &Value) -> Bson {
    crate::local_app::functions::bson_of(value)
}
