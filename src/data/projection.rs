//! Projections: which fields of a document are handed out.

use bson::{Bson, Document};

use super::DataError;
use super::budget::{Budget, Spent};
use super::number::Number;
use super::path::FieldPath;

/// Either the named fields, or all but the named ones; `_id` is there unless it is named with 0.
#[derive(Debug)]
pub struct Projection {
    including: bool,
    paths: Vec<FieldPath>,
    with_id: bool,
}

impl Projection {
    pub fn parse(document: &Document) -> Result<Self, DataError> {
        let mut with_id = None;
        let mut including = None;
        let mut paths = Vec::new();
        for (key, value) in document {
            let wanted = match (value, Number::of(value)) {
                (Bson::Boolean(wanted), _) => *wanted,
                (_, Some(number)) => number.as_integer() != Some(0),
                _ => {
                    return Err(DataError::Refused(format!(
                        "the projection of '{key}' must be 0 or 1; the local App computes no fields"
                    )));
                }
            };
            if key == "_id" {
                with_id = Some(wanted);
            } else if *including.get_or_insert(wanted) == wanted {
                paths.push(FieldPath::parse(key)?);
            } else {
                return Err(DataError::Refused(
                    "a projection names fields with 1 or with 0, but not with both".to_owned(),
                ));
            }
        }
        // `{_id: 1}` alone asks for nothing else; `{}` and `{_id: 0}` for the rest.
        let including = including.unwrap_or(with_id == Some(true));
        Ok(Self { including, paths, with_id: with_id.unwrap_or(true) })
    }

    pub fn apply(&self, document: &Document, budget: &Budget) -> Result<Document, Spent> {
        let paths: Vec<&[String]> = self.paths.iter().map(FieldPath::segments).collect();
        let mut projected = Document::new();
        if let Some(id) = document.get("_id").filter(|_| self.with_id) {
            projected.insert("_id", id.clone());
        }
        for (key, value) in document.iter().filter(|(key, _)| *key != "_id") {
            if let Some(value) = self.project(key, value, &paths, budget)? {
                projected.insert(key, value);
            }
        }
        Ok(projected)
    }

    /// The field `key` as far as `paths`, which start with field names of its parent, let it through.
    fn project(
        &self,
        key: &str,
        value: &Bson,
        paths: &[&[String]],
        budget: &Budget,
    ) -> Result<Option<Bson>, Spent> {
        budget.take(1 + paths.len())?;
        let below: Vec<&[String]> = paths
            .iter()
            .filter_map(|path| path.split_first().filter(|(head, _)| *head == key).map(|(_, rest)| rest))
            .collect();
        if below.is_empty() {
            return Ok((!self.including).then(|| value.clone()));
        }
        if below.iter().any(|rest| rest.is_empty()) {
            return Ok(self.including.then(|| value.clone()));
        }
        self.project_value(value, &below, budget)
    }

    fn project_value(
        &self,
        value: &Bson,
        paths: &[&[String]],
        budget: &Budget,
    ) -> Result<Option<Bson>, Spent> {
        budget.take(1)?;
        match value {
            Bson::Document(document) => {
                let mut kept = Document::new();
                for (key, value) in document {
                    if let Some(value) = self.project(key, value, paths, budget)? {
                        kept.insert(key, value);
                    }
                }
                Ok(Some(Bson::Document(kept)))
            }
            Bson::Array(items) => {
                let kept =
                    items.iter().filter_map(|item| self.project_value(item, paths, budget).transpose());
                kept.collect::<Result<_, _>>().map(|kept| Some(Bson::Array(kept)))
            }
            scalar => Ok((!self.including).then(|| scalar.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn fields_are_named_or_left_out() {
        let document = doc! { "_id": 1, "a": 1, "b": { "c": 2, "d": 3 }, "e": [{ "c": 4, "d": 5 }, 6] };
        for (projection, expected) in [
            (doc! {}, document.clone()),
            (doc! { "a": 1 }, doc! { "_id": 1, "a": 1 }),
            (doc! { "a": true, "_id": 0 }, doc! { "a": 1 }),
            (doc! { "_id": 1 }, doc! { "_id": 1 }),
            (doc! { "_id": 0, "b": 0, "e": 0.0 }, doc! { "a": 1 }),
            (doc! { "b.c": 1 }, doc! { "_id": 1, "b": { "c": 2 } }),
            (doc! { "b.c": 0, "e": false }, doc! { "_id": 1, "a": 1, "b": { "d": 3 } }),
            (doc! { "e.c": 1 }, doc! { "_id": 1, "e": [{ "c": 4 }] }),
            (doc! { "e.c": 0, "b": 0, "a": 0 }, doc! { "_id": 1, "e": [{ "d": 5 }, 6] }),
            (doc! { "a.x": 1 }, doc! { "_id": 1 }),
        ] {
            let parsed = Projection::parse(&projection).unwrap();
            assert_eq!(parsed.apply(&document, &Budget::default()), Ok(expected), "{projection}");
        }
        for bad in [doc! { "a": 1, "b": 0 }, doc! { "a": "$b" }, doc! { "a": { "$slice": 1 } }] {
            assert!(Projection::parse(&bad).is_err(), "{bad}");
        }
    }

    /// Kind: work whose size a client chooses.
    #[test]
    fn a_projection_of_many_fields_of_many_is_given_up() {
        let fields = |prefix: &str| (0..5_000).map(|i| (format!("{prefix}{i}"), Bson::Int32(1))).collect();
        let (projection, document): (Document, Document) = (fields("a"), fields("b"));
        let parsed = Projection::parse(&projection).unwrap();
        assert_eq!(parsed.apply(&document, &Budget::default()), Err(Spent::Steps));
    }
}
