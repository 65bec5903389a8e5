//! Where text of a server enters: bounded, whatever the server sends. What it may do to a terminal is another matter, and
//! is settled where it is shown.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::text::bounded;

/// Longest text that is kept, such as an error message, in bytes.
pub const TEXT: usize = 4096;
/// Longest label that is kept, such as a name or an error code, in bytes.
pub const LABEL: usize = 256;
/// The most entries of a list that is shown as a whole: identities, API keys, fields of a profile.
pub const ENTRIES: usize = 1000;

/// A text that a person reads as a whole.
pub fn text(text: String) -> String {
    cut(text, TEXT)
}

/// A text that stands in a line with others.
pub fn label(text: String) -> String {
    cut(text, LABEL)
}

/// [`text`], for a field that is read.
pub fn text_field<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    String::deserialize(field).map(text)
}

/// [`label`], for a field that is read.
pub fn label_field<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    String::deserialize(field).map(label)
}

/// A secret, for a field that is read; empty where there is none.
pub fn secret_field<'de, D: Deserializer<'de>>(field: D) -> Result<SecretString, D::Error> {
    Option::<String>::deserialize(field).map(|secret| SecretString::from(secret.unwrap_or_default()))
}

/// What a server knows of somebody: so many entries, each no longer than a text; what somebody is called is a label.
pub fn facts(facts: Map<String, Value>) -> Map<String, Value> {
    let bounded = |(name, value): (String, Value)| {
        let value = match value {
            Value::String(value) if matches!(name.as_str(), "email" | "name") => Value::String(label(value)),
            Value::String(value) => Value::String(text(value)),
            value if value.to_string().len() > TEXT => Value::String(text(value.to_string())),
            value => value,
        };
        (label(name), value)
    };
    facts.into_iter().take(ENTRIES).map(bounded).collect()
}

fn cut(text: String, most: usize) -> String {
    if text.len() <= most { text } else { bounded(&text, most).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Kind: a text of a server without a bound, which fills the log, the vault and the terminal.
    #[test]
    fn every_text_is_cut_between_characters_and_says_so() {
        let long = "é".repeat(5_000_000);
        for (cut, most) in [(text(long.clone()), TEXT), (label(long), LABEL)] {
            assert!(cut.len() <= most && cut.len() > most - 4 && cut.ends_with("é…"), "{}", cut.len());
        }
        assert_eq!(text("x".repeat(TEXT)), "x".repeat(TEXT));
    }

    #[test]
    fn facts_are_bounded_in_number_names_and_values() {
        let many: Map<_, _> = (0..5000).map(|i| (format!("f{i}"), json!(i))).collect();
        assert_eq!(facts(many).len(), ENTRIES);
        let deep =
            json!({ "email": "e".repeat(9999), "deep": ["x".repeat(9999)], "n": 1, "k".repeat(9999): 2 });
        let Value::Object(deep) = deep else { unreachable!() };
        let facts = facts(deep);
        assert!(serde_json::to_string(&facts).unwrap().len() < 2 * TEXT + 2 * LABEL);
        assert_eq!(facts["n"], 1);
    }
}
