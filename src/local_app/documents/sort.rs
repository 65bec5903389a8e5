//! The order of documents.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::compare::compare;
use super::number::Number;
use super::path::Path;
use crate::local_app::failure::Failure;

/// Fields to sort by, the most important first.
#[derive(Debug)]
pub struct Sort(Vec<(Path, Direction)>);

#[derive(Debug, Clone, Copy)]
enum Direction {
    Ascending,
    Descending,
}

impl Sort {
    pub fn parse(document: &Document) -> Result<Self, Failure> {
        let field = |(key, value): (&String, &Bson)| {
            let direction = match Number::of(value).and_then(Number::as_integer) {
                Some(1) => Direction::Ascending,
                Some(-1) => Direction::Descending,
                _ => return Err(Failure::Database(format!("the sort direction of '{key}' must be 1 or -1"))),
            };
            Ok((Path::parse(key)?, direction))
        };
        document.iter().map(field).collect::<Result<_, _>>().map(Self)
    }

    pub fn compare(&self, a: &Document, b: &Document) -> Ordering {
        let order = |(path, direction): &(Path, Direction)| {
            let (a, b) = (key(a, path, *direction), key(b, path, *direction));
            let ascending = compare(&a, &b);
            match direction {
                Direction::Ascending => ascending,
                Direction::Descending => ascending.reverse(),
            }
        };
        self.0.iter().map(order).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// What a document is sorted by: of an array, the element that comes first in that direction; nothing is null, and an
/// empty array comes before null.
fn key(document: &Document, path: &Path, direction: Direction) -> Bson {
    let mut candidates = Vec::new();
    for value in path.values(document) {
        match value {
            Some(Bson::Array(items)) if items.is_empty() => candidates.push(Bson::Undefined),
            Some(Bson::Array(items)) => candidates.extend(items.iter().cloned()),
            Some(value) => candidates.push(value.clone()),
            None => candidates.push(Bson::Null),
        }
    }
    let first = match direction {
        Direction::Ascending => candidates.into_iter().min_by(compare),
        Direction::Descending => candidates.into_iter().max_by(compare),
    };
    first.unwrap_or(Bson::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    fn sorted(mut documents: Vec<Document>, sort: Document) -> Vec<i32> {
        let sort = Sort::parse(&sort).unwrap();
        documents.sort_by(|a, b| sort.compare(a, b));
        documents.iter().map(|document| document.get_i32("_id").unwrap()).collect()
    }

    #[test]
    fn documents_are_ordered_by_several_fields() {
        let documents = vec![
            doc! { "_id": 1, "a": 2, "b": 1 },
            doc! { "_id": 2, "a": 1, "b": 1 },
            doc! { "_id": 3, "a": 1, "b": 2 },
            doc! { "_id": 4 },
            doc! { "_id": 5, "a": [0, 9] },
            doc! { "_id": 6, "a": [] },
        ];
        assert_eq!(sorted(documents.clone(), doc! { "a": 1, "b": -1 }), [6, 4, 5, 3, 2, 1]);
        assert_eq!(sorted(documents.clone(), doc! { "a": -1.0 }), [5, 1, 2, 3, 4, 6]);
        assert_eq!(sorted(documents, doc! {}), [1, 2, 3, 4, 5, 6]);
        assert!(Sort::parse(&doc! { "a": 2 }).is_err());
        assert!(Sort::parse(&doc! { "a": "asc" }).is_err());
    }
}
