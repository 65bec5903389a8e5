//! JSON as a person wrote it. What a parser would change without a word is refused: of two fields of one name it would keep
//! the last, and make a double of an integer that is too long.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It is no JSON; the words name a place, and nothing of the text.
    #[error("not valid JSON: {0}")]
    Json(String),
    /// A field is there twice, at this path.
    #[error("the field {0} is there twice; keep one")]
    Twice(String),
    /// BSON has no integer of that size.
    #[error("an integer of at most 64 bits; longer ones go into {{\"$numberDecimal\": \"…\"}} or quotes")]
    TooLarge,
}

/// Reads JSON.
///
/// # Errors
/// See [`TextError`].
pub fn read(text: &str) -> Result<Value, TextError> {
    let mut twice = None;
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Once { path: &[], twice: &mut twice }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match (read, twice) {
        (_, Some(path)) => Err(TextError::Twice(path)),
        (Err(error), None) => Err(TextError::Json(error.to_string())),
        (Ok(_), None) if has_long_integer(text) => Err(TextError::TooLarge),
        (Ok(value), None) => Ok(value),
    }
}

/// Whether valid JSON has an integer that 64 bits do not hold.
fn has_long_integer(json: &str) -> bool {
    let mut rest = json;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        rest = &rest[at..];
        let length = if let Some(inside) = rest.strip_prefix('"') {
            let mut is_escaped = false;
            let end = inside.find(|c| {
                let ends = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                ends
            });
            end.map_or(rest.len(), |end| end + 2)
        } else {
            let is_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
            let length = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
            let number = &rest[..length];
            if !number.contains(['.', 'e', 'E']) && number.parse::<i64>().is_err() {
                return true;
            }
            length
        };
        rest = &rest[length..];
    }
    false
}

/// Reads a value whose objects have each name once.
struct Once<'a> {
    path: &'a [String],
    twice: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Once<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        loop {
            let path = [self.path, &[read.len().to_string()]].concat();
            match items.next_element_seed(Once { path: &path, twice: self.twice })? {
                Some(item) => read.push(item),
                None => return Ok(Value::Array(read)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let path = [self.path, std::slice::from_ref(&name)].concat();
            if read.contains_key(&name) {
                *self.twice = Some(path.join("."));
                return Err(A::Error::custom("a field is there twice"));
            }
            let value = fields.next_value_seed(Once { path: &path, twice: self.twice })?;
            read.insert(name, value);
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Kind: a text that means two things, of which one is taken without a word.
    #[test]
    fn what_a_parser_would_change_is_refused() {
        for (text, path) in [
            (r#"{"a": 1, "a": 2}"#, "a"),
            (r#"{"a": 1, "b": {"c": [0, {"d": 1, "d": 1}]}}"#, "b.c.1.d"),
            (r#"{"a": {"$numberLong": "1", "$numberLong": "2"}}"#, "a.$numberLong"),
            // The same name, spelled otherwise.
            (r#"{"a": 1, "\u0061": 2}"#, "a"),
            (r#"{"": 1, "": 2}"#, ""),
        ] {
            assert_eq!(read(text), Err(TextError::Twice(path.into())), "{text}");
        }
        for text in ["9223372036854775808", "-9223372036854775809", "[1, {\"a\": 18446744073709551616}]"] {
            assert_eq!(read(text), Err(TextError::TooLarge), "{text}");
        }
        for text in
            [r#"{"9223372036854775808": "\"9223372036854775808\\"}"#, "1e30", "-9223372036854775808", "1E+2"]
        {
            assert!(read(text).is_ok(), "{text}");
        }
        for text in ["", "{", "{} {}", "1e400", "01", "{'a': 1}", "[1,]"] {
            assert!(matches!(read(text), Err(TextError::Json(_))), "{text}");
        }
        assert!(matches!(read(&"[".repeat(1000)), Err(TextError::Json(_))), "as deep as the parser goes");
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn everything_else_is_read_as_it_is(value in json()) {
            prop_assert_eq!(read(&value.to_string()), Ok(value.clone()));
            prop_assert_eq!(read(&serde_json::to_string_pretty(&value).unwrap()), Ok(value));
        }

        #[test]
        fn any_text_is_read_as_the_parser_reads_it_or_refused(text in any::<String>()) {
            if let Ok(value) = read(&text) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            }
        }
    }
}
