//! The order of documents.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::DataError;
use super::budget::{Budget, Spent};
use super::compare::compare;
use super::number::Number;
use super::path::FieldPath;

/// Fields to sort by, the most important first.
#[derive(Debug)]
pub struct Sort(Vec<(FieldPath, Direction)>);

#[derive(Debug, Clone, Copy)]
enum Direction {
    Ascending,
    Descending,
}

impl Sort {
    pub fn parse(document: &Document) -> Result<Self, DataError> {
        let field = |(key, value): (&String, &Bson)| {
            let direction = match Number::of(value).and_then(Number::as_integer) {
                Some(1) => Direction::Ascending,
                Some(-1) => Direction::Descending,
                _ => {
                    return Err(DataError::Refused(format!("the sort direction of '{key}' must be 1 or -1")));
                }
            };
            Ok((FieldPath::parse(key)?, direction))
        };
        document.iter().map(field).collect::<Result<_, _>>().map(Self)
    }

    /// What a document is sorted by.
    pub fn key(&self, document: &Document, budget: &Budget) -> Result<SortKey, Spent> {
        let parts = self.0.iter().map(|(path, direction)| part(document, path, *direction, budget));
        parts.collect::<Result<_, _>>().map(SortKey)
    }

    pub fn compare(&self, a: &SortKey, b: &SortKey, budget: &Budget) -> Result<Ordering, Spent> {
        for ((_, direction), (a, b)) in self.0.iter().zip(a.0.iter().zip(&b.0)) {
            let order = compare(a, b, budget)?;
            if order.is_ne() {
                return Ok(match direction {
                    Direction::Ascending => order,
                    Direction::Descending => order.reverse(),
                });
            }
        }
        Ok(Ordering::Equal)
    }
}

/// The values that a document is sorted by, the most important first.
#[derive(Debug)]
pub struct SortKey(Vec<Bson>);

/// The value of one field: of an array, the element that comes first in that direction; nothing is null, and an empty
/// array comes before null.
fn part(document: &Document, path: &FieldPath, direction: Direction, budget: &Budget) -> Result<Bson, Spent> {
    let mut first: Option<&Bson> = None;
    let mut consider = |candidate| {
        let precedes = match first {
            None => true,
            Some(first) => match direction {
                Direction::Ascending => compare(candidate, first, budget)?.is_lt(),
                Direction::Descending => compare(candidate, first, budget)?.is_ge(),
            },
        };
        if precedes {
            first = Some(candidate);
        }
        Ok(())
    };
    for value in path.values(document, budget)? {
        match value {
            Some(Bson::Array(items)) if items.is_empty() => consider(&Bson::Undefined)?,
            Some(Bson::Array(items)) => items.iter().try_for_each(&mut consider)?,
            Some(value) => consider(value)?,
            None => consider(&Bson::Null)?,
        }
    }
    // A key costs more than to compare it, and paths into one another copy the same value again and again.
    budget.take(4 + first.map_or(0, values_in))?;
    Ok(first.cloned().unwrap_or(Bson::Null))
}

/// How many values there are in one, itself included.
fn values_in(value: &Bson) -> usize {
    match value {
        Bson::Document(document) => 1 + document.values().map(values_in).sum::<usize>(),
        Bson::Array(items) => 1 + items.iter().map(values_in).sum::<usize>(),
        Bson::String(text) => 1 + text.len() / 64,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind: work that a client chooses the size of, done without counting. Paths into one another name the same value.
    #[test]
    fn what_a_key_copies_is_counted() {
        let value = (0..90).fold(Bson::Array(vec![Bson::Int32(1); 1000]), |inner, _| {
            Bson::Document(bson::doc! { "a": inner })
        });
        let fields = (1..=90).map(|depth| (vec!["a"; depth].join("."), Bson::Int32(1))).collect();
        let sort = Sort::parse(&fields).unwrap();
        let budget = Budget::new(200_000);
        sort.key(value.as_document().unwrap(), &budget).unwrap();
        assert!(200_000 - budget.left() > 90_000, "{}", budget.left());
    }
    use bson::doc;

    fn sorted(mut documents: Vec<Document>, sort: Document) -> Vec<i32> {
        let (sort, budget) = (Sort::parse(&sort).unwrap(), Budget::default());
        let key = |document: &Document| sort.key(document, &budget).unwrap();
        documents.sort_by(|a, b| sort.compare(&key(a), &key(b), &budget).unwrap());
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
