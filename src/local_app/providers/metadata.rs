//! Metadata fields: which of a provider's words about a user become the user's data (section 3.5).

use serde_json::{Map, Value};

use super::jwt::Refusal;
use crate::local_app::config::MetadataField;

/// Longest value, in characters of its text or its JSON.
const LONGEST: usize = 4096;

/// The configured fields, as `find` has them by name. `null` is as good as nothing.
pub fn collect(
    fields: &[MetadataField],
    find: impl Fn(&str) -> Option<Value>,
) -> Result<Map<String, Value>, Refusal> {
    let mut data = Map::new();
    for field in fields {
        match find(&field.name).filter(|value| !value.is_null()) {
            Some(value) if length(&value) > LONGEST => {
                return Err(Refusal::new(format!(
                    "the field '{}' is longer than {LONGEST} characters",
                    field.name
                )));
            }
            Some(value) => {
                data.insert(stored_name(field), value);
            }
            None if field.required => {
                return Err(Refusal::new(format!("the required field '{}' is missing", field.name)));
            }
            None => {}
        }
    }
    Ok(data)
}

/// What `claims` has at a path of names; `.` stands between names, `\.` is a dot in one.
pub fn at_path(claims: &Map<String, Value>, path: &str) -> Option<Value> {
    let mut names = names(path).into_iter();
    let mut found = claims.get(&names.next()?)?;
    for name in names {
        found = found.get(&name)?;
    }
    Some(found.clone())
}

fn stored_name(field: &MetadataField) -> String {
    field.field_name.clone().unwrap_or_else(|| names(&field.name).pop().unwrap_or_default())
}

fn names(path: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut characters = path.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '.' => names.push(String::new()),
            '\\' if characters.next_if_eq(&'.').is_some() => push(&mut names, '.'),
            other => push(&mut names, other),
        }
    }
    names
}

fn push(names: &mut [String], character: char) {
    if let Some(last) = names.last_mut() {
        last.push(character);
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        other => other.to_string().chars().count(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn field(name: &str, field_name: Option<&str>, required: bool) -> MetadataField {
        MetadataField { required, name: name.to_owned(), field_name: field_name.map(str::to_owned) }
    }

    fn collected(claims: Value, fields: &[MetadataField]) -> Result<Value, Refusal> {
        collect(fields, |name| at_path(claims.as_object().unwrap(), name)).map(Value::Object)
    }

    #[test]
    fn paths_lead_into_claims_and_name_what_they_find() {
        let claims = json!({"a": {"b": {"c": 1}}, "x.y": "dot", "n": null, "list": [1, 2]});
        for (path, name, expected) in [
            ("a.b.c", None, json!({"c": 1})),
            ("a.b", Some("d"), json!({"d": {"c": 1}})),
            (r"x\.y", None, json!({"x.y": "dot"})),
            ("x.y", None, json!({})),
            ("n", None, json!({})),
            ("list.0", None, json!({})),
            ("list", None, json!({"list": [1, 2]})),
            ("", None, json!({})),
            ("a..b", None, json!({})),
        ] {
            assert_eq!(collected(claims.clone(), &[field(path, name, false)]).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn a_required_field_that_is_missing_or_too_long_is_refused() {
        for claims in
            [json!({}), json!({"a": null}), json!({"a": "é".repeat(4097)}), json!({"a": ["x".repeat(4096)]})]
        {
            assert!(collected(claims, &[field("a", None, true)]).is_err());
        }
        assert!(collected(json!({"a": "é".repeat(4096)}), &[field("a", None, true)]).is_ok());
    }

    proptest! {
        #[test]
        fn escaped_names_come_back(parts in prop::collection::vec("[a-z.]{1,5}", 1..5)) {
            let path: Vec<_> = parts.iter().map(|part| part.replace('.', "\\.")).collect();
            prop_assert_eq!(names(&path.join(".")), parts);
        }
    }
}
