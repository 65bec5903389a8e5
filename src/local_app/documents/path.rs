//! Dotted paths into documents.

use std::fmt;

use bson::{Bson, Document};

use crate::local_app::failure::Failure;

/// Segments of a path, at most: as deep as a document may be nested.
const LONGEST: usize = 100;

/// A path such as `address.lines.0`, never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<String>);

impl Path {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let segments: Vec<String> = text.split('.').map(str::to_owned).collect();
        if segments.iter().any(String::is_empty) {
            return Err(Failure::Database(format!("the path '{text}' contains an empty field name")));
        }
        if segments.len() > LONGEST {
            return Err(Failure::Database(format!("a path has at most {LONGEST} segments")));
        }
        Ok(Self(segments))
    }

    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether `other` is this path or lies below it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Everything that the path leads to in `document`: through arrays it fans out over their documents, and a number
    /// names an element as well. `None` stands for a way that ends before the path does.
    pub fn values<'a>(&self, document: &'a Document) -> Vec<Option<&'a Bson>> {
        let mut found = Vec::new();
        collect_in_document(document, &self.0, &mut found);
        found
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// The index that a segment names in an array: digits, without a leading zero.
pub fn index(segment: &str) -> Option<usize> {
    let plain = segment.bytes().all(|b| b.is_ascii_digit()) && (segment == "0" || !segment.starts_with('0'));
    if plain { segment.parse().ok() } else { None }
}

fn collect_in_document<'a>(document: &'a Document, path: &[String], found: &mut Vec<Option<&'a Bson>>) {
    let Some((head, rest)) = path.split_first() else { return };
    match document.get(head) {
        Some(value) => collect(value, rest, found),
        None => found.push(None),
    }
}

fn collect<'a>(value: &'a Bson, path: &[String], found: &mut Vec<Option<&'a Bson>>) {
    let Some((head, rest)) = path.split_first() else {
        found.push(Some(value));
        return;
    };
    match value {
        Bson::Document(document) => collect_in_document(document, path, found),
        Bson::Array(items) => {
            let index = index(head);
            if let Some(item) = index.and_then(|index| items.get(index)) {
                collect(item, rest, found);
            }
            for document in items.iter().filter_map(Bson::as_document) {
                // A number is first of all an index: documents that lack a field of that name are not ways that end.
                if index.is_none() || document.contains_key(head) {
                    collect_in_document(document, path, found);
                }
            }
        }
        _ => found.push(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{bson, doc};

    #[test]
    fn paths_fan_out_over_arrays() {
        let document = doc! { "a": { "b": 1 }, "list": [{ "x": 1 }, { "x": 2 }, {}, 5], "deep": [[1, 2]], "n": {"0": 7} };
        for (path, expected) in [
            ("a.b", vec![Some(bson!(1))]),
            ("a.c", vec![None]),
            ("a.b.c", vec![None]),
            ("missing", vec![None]),
            ("list.x", vec![Some(bson!(1)), Some(bson!(2)), None]),
            ("list.0", vec![Some(bson!({"x": 1}))]),
            ("list.0.x", vec![Some(bson!(1))]),
            ("list.9", vec![]),
            ("deep.0", vec![Some(bson!([1, 2]))]),
            ("deep.0.1", vec![Some(bson!(2))]),
            ("n.0", vec![Some(bson!(7))]),
        ] {
            let found: Vec<_> =
                Path::parse(path).unwrap().values(&document).into_iter().map(|v| v.cloned()).collect();
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn malformed_paths_are_refused() {
        let long = vec!["a"; 101].join(".");
        for bad in ["", ".", "a.", ".a", "a..b", &long] {
            assert!(Path::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_index_has_no_leading_zero() {
        for (segment, expected) in [("0", Some(0)), ("12", Some(12)), ("01", None), ("-1", None), ("x", None)]
        {
            assert_eq!(index(segment), expected, "{segment}");
        }
    }
}
