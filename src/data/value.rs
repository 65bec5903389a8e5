//! Values as a person types them.

use bson::Bson;
use serde_json::Value;

use super::ejson::text::TextError;
use super::ejson::{self, EjsonError};

/// Why a text is not a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// It begins like JSON and is not, or says something that cannot be kept.
    #[error("{0}")]
    Json(TextError),
    /// It is JSON, but not Extended JSON.
    #[error("not valid Extended JSON: {0}")]
    ExtendedJson(String),
    /// It is a value, but not a document.
    #[error("a document begins with {{ and ends with }}")]
    NoDocument,
}

impl From<EjsonError> for ValueError {
    fn from(error: EjsonError) -> Self {
        Self::ExtendedJson(error.to_string())
    }
}

/// Reads a value as a person types it: Extended JSON, or a bare text that is taken as a string.
pub fn parse_value(text: &str) -> Result<Bson, ValueError> {
    let text = text.trim();
    match parse_json(text)? {
        Some(json) => Ok(ejson::parse(&json)?),
        None => Ok(Bson::String(text.to_owned())),
    }
}

/// The JSON in a text; `None` where it is a bare text.
pub(super) fn parse_json(text: &str) -> Result<Option<Value>, ValueError> {
    match ejson::text::read(text) {
        Ok(json) => Ok(Some(json)),
        Err(TextError::Json(_)) if !text.starts_with(['{', '[', '"']) => Ok(None),
        Err(error) => Err(ValueError::Json(error)),
    }
}

/// Writes a value in the shortest form that [`parse_value`] reads back as the same value: bare text, or Extended JSON.
pub fn value_text(value: &Bson) -> String {
    match value {
        Bson::String(text) if parse_value(text).as_ref() == Ok(value) => text.clone(),
        other => ejson::relaxed(other).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::ejson::any::{any_bson, bytes};
    use super::*;
    use bson::bson;
    use proptest::prelude::*;

    #[test]
    fn values_are_json_or_bare_text() {
        assert_eq!(parse_value("dark"), Ok(bson!("dark")));
        assert_eq!(parse_value(" 7 "), Ok(bson!(7)));
        assert_eq!(parse_value("\"7\""), Ok(bson!("7")));
        assert_eq!(parse_value("null"), Ok(Bson::Null));
        assert_eq!(parse_value(r#"{"$numberLong":"7"}"#), Ok(Bson::Int64(7)));
        assert!(matches!(parse_value("[1,"), Err(ValueError::Json(_))));
        assert!(matches!(parse_value(r#"{"$oid":"x"}"#), Err(ValueError::ExtendedJson(_))));
        assert_eq!(parse_value("18446744073709551615"), Err(ValueError::Json(TextError::TooLarge)));
    }

    #[test]
    fn a_string_that_looks_like_something_else_is_quoted() {
        assert_eq!(value_text(&bson!("dark")), "dark");
        assert_eq!(value_text(&bson!("7")), "\"7\"");
        assert_eq!(value_text(&bson!(" x ")), "\" x \"");
        assert_eq!(value_text(&Bson::Int64(7)), r#"{"$numberLong":"7"}"#);
        assert_eq!(value_text(&bson!(7)), "7");
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_typed_back(value in any_bson()) {
            prop_assert_eq!(bytes(&parse_value(&value_text(&value)).unwrap()), bytes(&value));
        }
    }
}
