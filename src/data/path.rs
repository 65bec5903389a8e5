//! Dotted paths into documents.

use std::fmt;

use bson::{Bson, Document};

use super::budget::{Budget, Spent};

/// Segments of a path, at most: as deep as a document may be nested.
pub(super) const LONGEST: usize = 100;

/// The way to a value inside a document: field names, and indexes of arrays as text (MongoDB's dotted path).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<String>);

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// There is nothing between two dots, or nothing at all.
    #[error("a field name, with dots between levels, such as settings.theme")]
    Empty,
    /// It is deeper than a document may be.
    #[error("a path of {LONGEST} field names at most")]
    TooLong,
    /// Update operators begin with `$`, so a field with such a name cannot be written.
    #[error("a field name that does not begin with $: {0}")]
    Operator(String),
}

impl FieldPath {
    /// Reads a dotted path.
    ///
    /// # Errors
    /// When a segment is empty or has a NUL in it, or there are too many.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let segments: Vec<String> = text.split('.').map(str::to_owned).collect();
        match segments.iter().any(|segment| segment.is_empty() || segment.contains('\0')) {
            true => Err(PathError::Empty),
            false if segments.len() > LONGEST => Err(PathError::TooLong),
            false => Ok(Self(segments)),
        }
    }

    /// Reads the dotted path of a field that can be written.
    ///
    /// # Errors
    /// As [`FieldPath::parse`], and when a segment begins with `$`.
    pub fn parse_writable(text: &str) -> Result<Self, PathError> {
        let path = Self::parse(text.trim())?;
        match path.0.iter().find(|segment| segment.starts_with('$')) {
            Some(segment) => Err(PathError::Operator(segment.clone())),
            None => Ok(path),
        }
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
        Self::parse_writable(&self.to_string()).as_ref() == Ok(self)
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

    /// Whether `other` is this path or lies below it.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Everything that the path leads to in `document`: through arrays it fans out over their documents, and a number
    /// names an element as well. `None` stands for a way that ends before the path does.
    ///
    /// Each step on a way counts: where a number is an index as well as a name, there are as many ways as one likes.
    pub fn values<'a>(
        &self,
        document: &'a Document,
        budget: &Budget,
    ) -> Result<Vec<Option<&'a Bson>>, Spent> {
        let mut found = Vec::new();
        collect_in_document(document, &self.0, &mut found, budget)?;
        Ok(found)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// The index that a segment names in an array: digits, without a leading zero.
pub fn index(segment: &str) -> Option<usize> {
    let plain = segment.bytes().all(|b| b.is_ascii_digit()) && (segment == "0" || !segment.starts_with('0'));
    if plain { segment.parse().ok() } else { None }
}

/// Where values are collected.
type Found<'a> = Vec<Option<&'a Bson>>;

fn collect_in_document<'a>(
    document: &'a Document,
    path: &[String],
    found: &mut Found<'a>,
    budget: &Budget,
) -> Result<(), Spent> {
    let Some((head, rest)) = path.split_first() else { return Ok(()) };
    budget.count_bytes(head.len());
    budget.take(2)?;
    match document.get(head) {
        Some(value) => collect(value, rest, found, budget),
        None => {
            found.push(None);
            Ok(())
        }
    }
}

fn collect<'a>(
    value: &'a Bson,
    path: &[String],
    found: &mut Found<'a>,
    budget: &Budget,
) -> Result<(), Spent> {
    let Some((head, rest)) = path.split_first() else {
        found.push(Some(value));
        return Ok(());
    };
    match value {
        Bson::Document(document) => return collect_in_document(document, path, found, budget),
        Bson::Array(items) => {
            let index = index(head);
            if let Some(item) = index.and_then(|index| items.get(index)) {
                collect(item, rest, found, budget)?;
            }
            for item in items {
                budget.take(1)?;
                // A number is first of all an index: documents that lack a field of that name are not ways that end.
                if let Bson::Document(document) = item
                    && (index.is_none() || document.contains_key(head))
                {
                    collect_in_document(document, path, found, budget)?;
                }
            }
        }
        _ => found.push(None),
    }
    Ok(())
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
            let found = FieldPath::parse(path).unwrap().values(&document, &Budget::default()).unwrap();
            let found: Vec<_> = found.into_iter().map(|value| value.cloned()).collect();
            assert_eq!(found, expected, "{path}");
        }
    }

    /// Kind: work whose size a client chooses. Each level can be passed in two ways, so that there are as many ways as the
    /// fiftieth Fibonacci number.
    #[test]
    fn a_path_with_too_many_ways_is_given_up() {
        let mut value = bson!(1);
        for _ in 0..49 {
            value = bson!([{ "0": value }]);
        }
        let path = FieldPath::parse(&vec!["0"; 75].join(".")).unwrap();
        assert_eq!(path.values(&doc! { "0": value }, &Budget::default()), Err(Spent::Steps));
    }

    #[test]
    fn malformed_paths_are_refused() {
        let long = vec!["a"; 101].join(".");
        for bad in ["", ".", "a.", ".a", "a..b", &long] {
            assert!(FieldPath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_index_has_no_leading_zero() {
        for (segment, expected) in [("0", Some(0)), ("12", Some(12)), ("01", None), ("-1", None), ("x", None)]
        {
            assert_eq!(index(segment), expected, "{segment}");
        }
    }

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
        assert_eq!(FieldPath::parse_writable("a.$set"), Err(PathError::Operator("$set".into())));
        assert_eq!(FieldPath::parse("a.b").unwrap().to_string(), "a.b");
    }
}
