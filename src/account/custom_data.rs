//! Custom user data: a BSON document, paths into it, and values as a person types them.

use std::fmt;

use bson::{Bson, Document};
use serde_json::Value;

use crate::ejson::text::TextError;
use crate::ejson::{self, EjsonError};

/// The way to a value inside a document: field names, and indexes of arrays as text (MongoDB's dotted path).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FieldPath(Vec<String>);

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// There is nothing between two dots, or nothing at all.
    #[error("a field name, with dots between levels, such as settings.theme")]
    Empty,
    /// Update operators begin with `$`, so a field with such a name cannot be written.
    #[error("a field name that does not begin with $: {0}")]
    Operator(String),
}

impl FieldPath {
    /// Reads a dotted path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let segments: Vec<String> = text.trim().split('.').map(str::to_owned).collect();
        for segment in &segments {
            if segment.is_empty() || segment.contains('\0') {
                return Err(PathError::Empty);
            }
            if segment.starts_with('$') {
                return Err(PathError::Operator(segment.clone()));
            }
        }
        Ok(Self(segments))
    }

    /// The path one level deeper.
    pub fn child(&self, segment: impl Into<String>) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.into());
        Self(segments)
    }

    /// The segments from the top.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether a dotted path can name the field: MongoDB cannot address a name with a dot in it, nor one that begins
    /// with `$`.
    pub fn is_writable(&self) -> bool {
        Self::parse(&self.to_string()).as_ref() == Ok(self)
    }

    /// Whether this is the document itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The value at this path.
    pub fn find<'a>(&self, document: &'a Document) -> Option<&'a Bson> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(document.get(first)?, |value, segment| match value {
            Bson::Document(inner) => inner.get(segment),
            Bson::Array(items) => items.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

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
    use super::*;
    use crate::ejson::any::{any_bson, bytes};
    use bson::{bson, doc};
    use proptest::prelude::*;

    #[test]
    fn a_path_finds_through_documents_and_arrays() {
        let document = doc! { "a": { "b": [1, { "c": "x" }] } };
        let find = |path: &str| FieldPath::parse(path).unwrap().find(&document).cloned();
        assert_eq!(find("a.b.1.c"), Some(bson!("x")));
        assert_eq!(find("a.b.0"), Some(bson!(1)));
        assert_eq!(find("a.b.7"), None);
        assert_eq!(find("a.b.0.z"), None);
        assert_eq!(FieldPath::default().find(&document), None);
    }

    #[test]
    fn a_path_that_cannot_be_written_is_refused() {
        assert_eq!(FieldPath::parse(""), Err(PathError::Empty));
        assert_eq!(FieldPath::parse("a..b"), Err(PathError::Empty));
        assert_eq!(FieldPath::parse("a.$set"), Err(PathError::Operator("$set".into())));
        assert_eq!(FieldPath::parse("a.b").unwrap().to_string(), "a.b");
    }

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
