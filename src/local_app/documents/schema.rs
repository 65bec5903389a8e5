//! `schema.json`: what documents have to look like when users write them (section 11.4). A keyword that is not known here
//! might narrow what is allowed, so that nothing is valid then.

use bson::{Bson, Document};

use crate::data::number::Number;

/// Levels of nesting that are followed.
const DEEPEST: usize = 100;

/// Says why `document` is not as `schema` has it.
pub fn validate(schema: &Document, document: &Document) -> Result<(), String> {
    check(schema)?;
    valid(schema, &Bson::Document(document.clone()), "the document", DEEPEST)
}

/// Finds what a schema says that is not understood here.
pub fn check(schema: &Document) -> Result<(), String> {
    known(schema, DEEPEST)
}

fn known(schema: &Document, levels: usize) -> Result<(), String> {
    let levels = levels.checked_sub(1).ok_or("the schema is nested too deeply")?;
    for (keyword, value) in schema {
        let is_fit = match keyword.as_str() {
            "title" | "description" | "default" | "examples" | "$schema" | "$id" => true,
            "bsonType" | "type" => types(value).is_some_and(|names| names.iter().all(|name| is_type(name))),
            "required" => texts(value).is_some(),
            "enum" => matches!(value, Bson::Array(_)),
            "minimum" | "maximum" => Number::of(value).is_some(),
            "minLength" | "maxLength" | "minItems" | "maxItems" => count(value).is_some(),
            "properties" => {
                let Bson::Document(properties) = value else {
                    return Err("'properties' of the schema is no object".to_owned());
                };
                for property in properties.values() {
                    known(property.as_document().ok_or("a property of the schema is no object")?, levels)?;
                }
                true
            }
            "items" | "additionalProperties" => match value {
                Bson::Document(inner) => {
                    known(inner, levels)?;
                    true
                }
                Bson::Boolean(_) => keyword == "additionalProperties",
                _ => false,
            },
            _ => return Err(format!("the schema has '{keyword}', which is not known here")),
        };
        if !is_fit {
            return Err(format!("'{keyword}' of the schema is not as it should be"));
        }
    }
    Ok(())
}

fn valid(schema: &Document, value: &Bson, place: &str, levels: usize) -> Result<(), String> {
    let levels = levels.checked_sub(1).ok_or("the document is nested too deeply")?;
    let same = |one: &Bson| match (Number::of(one), Number::of(value)) {
        (Some(one), Some(other)) => one.compare(other).is_eq(),
        _ => one == value,
    };
    for (keyword, wanted) in schema {
        let bound = || Number::of(wanted).zip(Number::of(value)).map(|(bound, number)| number.compare(bound));
        let at_least = |length: usize| count(wanted).is_none_or(|least| length >= least);
        let at_most = |length: usize| count(wanted).is_none_or(|most| length <= most);
        let is_fit = match (keyword.as_str(), value) {
            ("bsonType" | "type", _) => {
                types(wanted).is_some_and(|names| names.iter().any(|name| has_type(value, name)))
            }
            ("enum", _) => wanted.as_array().is_some_and(|choices| choices.iter().any(same)),
            ("minimum", _) => bound().is_none_or(|order| order.is_ge()),
            ("maximum", _) => bound().is_none_or(|order| order.is_le()),
            ("minLength", Bson::String(text)) => at_least(text.chars().count()),
            ("maxLength", Bson::String(text)) => at_most(text.chars().count()),
            ("minItems", Bson::Array(items)) => at_least(items.len()),
            ("maxItems", Bson::Array(items)) => at_most(items.len()),
            ("items", Bson::Array(items)) => {
                if let Bson::Document(inner) = wanted {
                    for (index, item) in items.iter().enumerate() {
                        valid(inner, item, &format!("{place}[{index}]"), levels)?;
                    }
                }
                true
            }
            ("required", Bson::Document(fields)) => {
                let names = texts(wanted).unwrap_or_default();
                if let Some(missing) = names.into_iter().find(|name| !fields.contains_key(name)) {
                    return Err(format!("{place} lacks the field '{missing}'"));
                }
                true
            }
            ("properties", Bson::Document(fields)) => {
                for (name, property) in wanted.as_document().into_iter().flatten() {
                    if let (Some(field), Bson::Document(property)) = (fields.get(name), property) {
                        valid(property, field, &format!("the field '{name}'"), levels)?;
                    }
                }
                true
            }
            ("additionalProperties", Bson::Document(fields)) => {
                let named = schema.get_document("properties").ok();
                for (name, field) in fields {
                    if named.is_some_and(|named| named.contains_key(name)) {
                        continue;
                    }
                    match wanted {
                        Bson::Document(inner) => valid(inner, field, &format!("the field '{name}'"), levels)?,
                        Bson::Boolean(false) => {
                            return Err(format!("{place} may not have the field '{name}'"));
                        }
                        _ => {}
                    }
                }
                true
            }
            _ => true,
        };
        if !is_fit {
            return Err(format!("{place} is not as '{keyword}' of the schema has it"));
        }
    }
    Ok(())
}

fn types(value: &Bson) -> Option<Vec<&str>> {
    match value {
        Bson::String(name) => Some(vec![name]),
        list => texts(list),
    }
}

fn texts(value: &Bson) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Bson::as_str).collect()
}

fn count(value: &Bson) -> Option<usize> {
    Number::of(value).and_then(Number::as_integer).and_then(|number| usize::try_from(number).ok())
}

fn is_type(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "array",
        "binData",
        "bool",
        "boolean",
        "date",
        "decimal",
        "double",
        "float",
        "int",
        "integer",
        "long",
        "maxKey",
        "minKey",
        "mixed",
        "null",
        "number",
        "object",
        "objectId",
        "regex",
        "string",
        "timestamp",
        "uuid",
    ];
    NAMES.contains(&name)
}

fn has_type(value: &Bson, name: &str) -> bool {
    match name {
        "mixed" => true,
        "array" => matches!(value, Bson::Array(_)),
        "binData" => matches!(value, Bson::Binary(_)),
        "uuid" => matches!(value, Bson::Binary(binary) if binary.subtype == bson::spec::BinarySubtype::Uuid),
        "bool" | "boolean" => matches!(value, Bson::Boolean(_)),
        "date" => matches!(value, Bson::DateTime(_)),
        "decimal" => matches!(value, Bson::Decimal128(_)),
        "double" | "float" => matches!(value, Bson::Double(_)),
        "int" => matches!(value, Bson::Int32(_)),
        "long" => matches!(value, Bson::Int64(_)),
        "integer" => Number::of(value).and_then(Number::as_integer).is_some(),
        "number" => Number::of(value).is_some(),
        "maxKey" => matches!(value, Bson::MaxKey),
        "minKey" => matches!(value, Bson::MinKey),
        "null" => matches!(value, Bson::Null),
        "object" => matches!(value, Bson::Document(_)),
        "objectId" => matches!(value, Bson::ObjectId(_)),
        "regex" => matches!(value, Bson::RegularExpression(_)),
        "string" => matches!(value, Bson::String(_)),
        "timestamp" => matches!(value, Bson::Timestamp(_)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn documents_are_as_the_schema_has_them() {
        let schema = doc! {
            "title": "person", "bsonType": "object", "required": ["_id", "name"],
            "properties": {
                "_id": { "bsonType": "objectId" },
                "name": { "bsonType": "string", "minLength": 1, "maxLength": 5 },
                "age": { "bsonType": ["int", "long"], "minimum": 0, "maximum": 150.0 },
                "tags": { "bsonType": "array", "items": { "bsonType": "string" }, "maxItems": 2 },
                "role": { "enum": ["user", "guest", 1] },
                "home": { "bsonType": "object", "additionalProperties": false, "properties": { "city": {} } },
            },
        };
        let id = bson::oid::ObjectId::new();
        let with = |more: Document| {
            let mut document = doc! { "_id": id, "name": "Ann" };
            document.extend(more);
            document
        };
        for good in
            [doc! {}, doc! { "age": 5, "tags": ["a"], "role": 1.0, "home": { "city": 1 }, "other": true }]
        {
            assert_eq!(validate(&schema, &with(good.clone())), Ok(()), "{good}");
        }
        for bad in [
            doc! { "name": "" },
            doc! { "name": "Ann Ann" },
            doc! { "name": 5 },
            doc! { "age": -1 },
            doc! { "age": 151 },
            doc! { "age": 5.5 },
            doc! { "tags": [1] },
            doc! { "tags": ["a", "b", "c"] },
            doc! { "role": "admin" },
            doc! { "home": { "street": 1 } },
            doc! { "_id": "x" },
        ] {
            assert!(validate(&schema, &with(bad.clone())).is_err(), "{bad}");
        }
        assert!(validate(&schema, &doc! { "_id": id }).is_err());
        for unknown in [doc! { "pattern": "^a" }, doc! { "properties": { "a": { "bsonType": "odd" } } }] {
            assert!(check(&unknown).is_err() && validate(&unknown, &doc! {}).is_err(), "{unknown}");
        }
    }
}
