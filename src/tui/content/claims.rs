//! The claims of a token as rows of name and value.

use jiff::Timestamp;
use serde_json::Value;

use crate::account::Claims;
use crate::numeric_date;
use crate::tui::words;

/// One claim. Text from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRow {
    /// Its name; indented inside of an object.
    pub name: String,
    /// Its value in words; empty for an object, whose fields follow.
    pub value: String,
    /// Its value as the token has it, where `value` says it otherwise.
    raw: Option<String>,
}

impl ClaimRow {
    /// Its value as the token has it, to be copied.
    pub fn raw(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.value)
    }
}

/// Claims whose numbers are points in time (RFC 7519, section 4.1; OpenID Connect Core, section 2).
const TIMES: [&str; 4] = ["iat", "exp", "nbf", "auth_time"];

/// The claim that the Custom data pane shows (protocol document, section 7).
pub const CUSTOM_DATA: &str = "user_data";

/// Rows that a token may take; a hostile one could carry thousands.
const MOST: usize = 200;

/// Characters of a value that are kept.
const LONGEST: usize = 500;

/// Characters of a value that can be copied.
const LONGEST_COPY: usize = 8_000;

/// The rows of all claims, in the order of the token.
pub fn rows(claims: &Claims) -> Vec<ClaimRow> {
    let mut rows = Vec::with_capacity(claims.len().min(MOST));
    for (name, value) in claims.iter().take(MOST) {
        if name == CUSTOM_DATA {
            rows.push(ClaimRow {
                name: name.clone(),
                value: "shown under Custom data".into(),
                raw: Some(raw(value)),
            });
        } else {
            flatten(0, name, value, &mut rows);
        }
    }
    rows
}

fn flatten(depth: usize, name: &str, value: &Value, rows: &mut Vec<ClaimRow>) {
    if rows.len() >= MOST {
        return;
    }
    let mut indented = " ".repeat(depth * 2);
    indented.push_str(name);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            rows.push(ClaimRow { name: indented, value: String::new(), raw: Some(raw(value)) });
            for (name, value) in fields {
                flatten(depth + 1, name, value, rows);
            }
        }
        _ => {
            let shown = text(name, value);
            let is_shown_otherwise = TIMES.contains(&name) || shown.len() >= LONGEST;
            let raw = is_shown_otherwise.then(|| raw(value));
            rows.push(ClaimRow { name: indented, value: shown, raw });
        }
    }
}

fn raw(value: &Value) -> String {
    match value {
        Value::String(text) => first(LONGEST_COPY, text.clone()),
        other => first(LONGEST_COPY, other.to_string()),
    }
}

/// The value of a claim in one line.
pub fn text(name: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if TIMES.contains(&name) => {
            // What is out of range has no date to show.
            match numeric_date::read(value).filter(|at| *at > Timestamp::MIN && *at < Timestamp::MAX) {
                Some(at) => format!("{} ({number})", words::moment(at)),
                None => number.to_string(),
            }
        }
        other => other.to_string(),
    };
    first(LONGEST, text)
}

/// The first characters of a text.
fn first(characters: usize, mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: Value) -> Vec<(String, String)> {
        let rows = rows(value.as_object().unwrap());
        rows.into_iter().map(|row| (row.name, row.value)).collect()
    }

    #[test]
    fn times_are_readable_and_objects_are_indented() {
        assert_eq!(
            of(json!({ "exp": 1_700_000_000, "id": { "a": "x", "b": null }, "user_data": { "k": 1 } })),
            [
                ("exp".into(), "2023-11-14 22:13:20Z (1700000000)".into()),
                ("id".into(), "".into()),
                ("  a".into(), "x".into()),
                ("  b".into(), "null".into()),
                ("user_data".into(), "shown under Custom data".into()),
            ]
        );
    }

    #[test]
    fn a_time_is_readable_in_every_form_of_a_number() {
        for number in [json!(1.7e9), json!(1_700_000_000.25)] {
            let rows = of(json!({ "nbf": number }));
            assert!(rows[0].1.starts_with("2023-11-14 22:13:20Z ("), "{rows:?}");
        }
    }

    #[test]
    fn a_claim_is_copied_as_the_token_has_it() {
        let long = "x".repeat(LONGEST + 1);
        let claims = json!({ "exp": 1_700_000_000, "n": 7, "t": "text", "long": long, "o": { "b": null } });
        let rows = rows(claims.as_object().unwrap());
        let copied: Vec<_> = rows.iter().map(ClaimRow::raw).collect();
        assert_eq!(copied, ["1700000000", "7", "text", &long, r#"{"b":null}"#, "null"]);
    }

    #[test]
    fn a_hostile_token_stays_small() {
        let many: Claims = (0..5000).map(|n| (n.to_string(), json!("x".repeat(9999)))).collect();
        let rows = rows(&many);
        assert_eq!(rows.len(), MOST);
        assert!(rows.iter().all(|row| row.value.len() <= LONGEST));
        assert_eq!(of(json!({ "exp": i64::MAX })), [("exp".into(), i64::MAX.to_string())]);
        assert_eq!(of(json!({ "exp": -1e308 })), [("exp".into(), "-1e+308".into())]);
    }
}
