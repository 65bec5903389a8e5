//! Filters: which documents are meant.
//!
//! Equality, `$eq $ne $gt $gte $lt $lte $in $nin $exists $not`, and `$and $or $nor` over them, on dotted paths. Any other
//! operator is refused.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::compare::{compare, equal, type_order};
use super::number::Number;
use super::path::Path;
use super::update;
use crate::local_app::failure::Failure;

/// A filter; without a condition, it matches everything.
#[derive(Debug)]
pub struct Filter(Vec<Condition>);

#[derive(Debug)]
enum Condition {
    /// What the path leads to meets every test.
    Field(Path, Vec<Test>),
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Nor(Vec<Filter>),
}

#[derive(Debug)]
enum Test {
    Equals(Bson),
    Range(Range, Bson),
    OneOf(Vec<Bson>),
    Exists,
    Not(Vec<Test>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Filter {
    pub fn parse(document: &Document) -> Result<Self, Failure> {
        let condition = |(key, value): (&String, &Bson)| match key.as_str() {
            "$and" => Ok(Condition::And(branches(key, value)?)),
            "$or" => Ok(Condition::Or(branches(key, value)?)),
            "$nor" => Ok(Condition::Nor(branches(key, value)?)),
            unknown if unknown.starts_with('$') => Err(Failure::Database(format!(
                "unknown top level operator: {unknown}; the local App knows $and, $nor and $or"
            ))),
            path => Ok(Condition::Field(Path::parse(path)?, tests(value)?)),
        };
        document.iter().map(condition).collect::<Result<_, _>>().map(Self)
    }

    pub fn matches(&self, document: &Document) -> bool {
        self.0.iter().all(|condition| match condition {
            Condition::Field(path, tests) => {
                let values = path.values(document);
                tests.iter().all(|test| test.passes(&values))
            }
            Condition::And(filters) => filters.iter().all(|filter| filter.matches(document)),
            Condition::Or(filters) => filters.iter().any(|filter| filter.matches(document)),
            Condition::Nor(filters) => !filters.iter().any(|filter| filter.matches(document)),
        })
    }

    /// The document that an upsert starts from: every field that the filter says is equal to something.
    pub fn document_of_equalities(&self) -> Result<Document, Failure> {
        let mut equalities = Vec::new();
        self.collect_equalities(&mut equalities);
        update::document_of(&equalities)
    }

    fn collect_equalities<'a>(&'a self, found: &mut Vec<(&'a Path, &'a Bson)>) {
        for condition in &self.0 {
            match condition {
                Condition::Field(path, tests) => found.extend(tests.iter().filter_map(|test| match test {
                    Test::Equals(value) => Some((path, value)),
                    _ => None,
                })),
                Condition::And(filters) => filters.iter().for_each(|filter| filter.collect_equalities(found)),
                Condition::Or(_) | Condition::Nor(_) => {}
            }
        }
    }
}

fn branches(operator: &str, value: &Bson) -> Result<Vec<Filter>, Failure> {
    let fail = || Failure::Database(format!("{operator} must be a nonempty array of documents"));
    let branches = value.as_array().filter(|branches| !branches.is_empty()).ok_or_else(fail)?;
    branches.iter().map(|branch| Filter::parse(branch.as_document().ok_or_else(fail)?)).collect()
}

/// What a field is compared with: a document of operators, or a value.
fn tests(value: &Bson) -> Result<Vec<Test>, Failure> {
    match value {
        Bson::Document(document) if document.keys().any(|key| key.starts_with('$')) => {
            document.iter().map(|(operator, operand)| test(operator, operand)).collect()
        }
        value => Ok(vec![Test::Equals(comparable(value)?)]),
    }
}

fn test(operator: &str, operand: &Bson) -> Result<Test, Failure> {
    let range = |range| Ok(Test::Range(range, comparable(operand)?));
    match operator {
        "$eq" => Ok(Test::Equals(comparable(operand)?)),
        "$ne" => Ok(Test::Not(vec![Test::Equals(comparable(operand)?)])),
        "$gt" => range(Range::Above),
        "$gte" => range(Range::AtLeast),
        "$lt" => range(Range::Below),
        "$lte" => range(Range::AtMost),
        "$in" => Ok(Test::OneOf(choices(operator, operand)?)),
        "$nin" => Ok(Test::Not(vec![Test::OneOf(choices(operator, operand)?)])),
        "$exists" => match operand {
            Bson::Boolean(true) => Ok(Test::Exists),
            Bson::Boolean(false) => Ok(Test::Not(vec![Test::Exists])),
            _ => Err(Failure::Database("$exists needs true or false".to_owned())),
        },
        "$not" => match operand {
            Bson::Document(document) if document.keys().any(|key| key.starts_with('$')) => {
                Ok(Test::Not(tests(operand)?))
            }
            _ => Err(Failure::Database("$not needs a document of operators".to_owned())),
        },
        _ => Err(Failure::Database(format!(
            "unknown operator: {operator}; the local App knows $eq, $exists, $gt, $gte, $in, $lt, $lte, $ne, $nin and $not"
        ))),
    }
}

fn choices(operator: &str, operand: &Bson) -> Result<Vec<Bson>, Failure> {
    let choices =
        operand.as_array().ok_or_else(|| Failure::Database(format!("{operator} needs an array")))?;
    choices.iter().map(comparable).collect()
}

/// A value that is compared as it is. A regular expression would be searched for, which users may not do.
fn comparable(value: &Bson) -> Result<Bson, Failure> {
    match value {
        Bson::RegularExpression(_) => {
            Err(Failure::Database("a filter cannot search for a regular expression here".to_owned()))
        }
        Bson::Undefined => Err(Failure::Database("(BadValue) cannot compare to undefined".to_owned())),
        value => Ok(value.clone()),
    }
}

impl Test {
    /// `values` is what the field's path leads to. An array passes if it passes itself, or one of its elements does.
    fn passes(&self, values: &[Option<&Bson>]) -> bool {
        match self {
            Self::Exists => values.iter().any(Option::is_some),
            Self::Not(tests) => !tests.iter().all(|test| test.passes(values)),
            one_value => values.iter().any(|value| {
                let elements = value.and_then(Bson::as_array).into_iter().flatten();
                one_value.accepts(*value) || elements.into_iter().any(|item| one_value.accepts(Some(item)))
            }),
        }
    }

    fn accepts(&self, value: Option<&Bson>) -> bool {
        // A field that is not there is as good as null.
        let value = value.unwrap_or(&Bson::Null);
        match self {
            Self::Equals(wanted) => equal(value, wanted),
            Self::OneOf(choices) => choices.iter().any(|choice| equal(value, choice)),
            Self::Range(range, bound) => range.includes(value, bound),
            Self::Exists | Self::Not(_) => false,
        }
    }
}

impl Range {
    fn includes(self, value: &Bson, bound: &Bson) -> bool {
        let nan = |value: &Bson| Number::of(value).is_some_and(Number::is_nan);
        if type_order(value) != type_order(bound) {
            return false;
        }
        let order = compare(value, bound);
        match self {
            Self::AtLeast | Self::AtMost if order == Ordering::Equal => true,
            // Nothing but equality holds with NaN.
            _ if nan(value) || nan(bound) => false,
            Self::Above | Self::AtLeast => order == Ordering::Greater,
            Self::Below | Self::AtMost => order == Ordering::Less,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;
    use proptest::prelude::*;

    fn matches(filter: Document, document: &Document) -> bool {
        Filter::parse(&filter).unwrap().matches(document)
    }

    #[test]
    fn filters_match_as_in_mongodb() {
        let document = doc! {
            "name": "Ada", "age": 36, "score": 2.5, "none": Bson::Null, "tags": ["a", "b"], "empty": [],
            "address": { "city": "London", "zip": 1 }, "orders": [{ "n": 1 }, { "n": 5 }], "nan": f64::NAN,
            "matrix": [[1, 2]],
        };
        for (filter, expected) in [
            (doc! {}, true),
            (doc! { "name": "Ada", "age": 36.0 }, true),
            (doc! { "name": "Ada", "age": 37 }, false),
            (doc! { "address.city": "London" }, true),
            (doc! { "address": { "city": "London", "zip": 1 } }, true),
            (doc! { "address": { "zip": 1, "city": "London" } }, false),
            (doc! { "address": { "city": "London" } }, false),
            (doc! { "tags": "b" }, true),
            (doc! { "tags": ["a", "b"] }, true),
            (doc! { "tags": ["b", "a"] }, false),
            (doc! { "tags.1": "b" }, true),
            (doc! { "tags.0": "b" }, false),
            (doc! { "matrix": [1, 2] }, true),
            (doc! { "matrix": 1 }, false),
            (doc! { "orders.n": 5 }, true),
            (doc! { "orders.0.n": 5 }, false),
            // null and what is not there
            (doc! { "none": Bson::Null }, true),
            (doc! { "missing": Bson::Null }, true),
            (doc! { "name.first": Bson::Null }, true),
            (doc! { "name": Bson::Null }, false),
            (doc! { "missing": { "$exists": false } }, true),
            (doc! { "none": { "$exists": true } }, true),
            (doc! { "empty.0": { "$exists": false } }, true),
            (doc! { "orders.n": { "$exists": true } }, true),
            // comparisons stay within a type
            (doc! { "age": { "$gt": 30, "$lt": 40 } }, true),
            (doc! { "age": { "$gt": 36 } }, false),
            (doc! { "age": { "$gte": 36.0, "$lte": 36_i64 } }, true),
            (doc! { "age": { "$lt": "z" } }, false),
            (doc! { "orders.n": { "$gt": 4 } }, true),
            (doc! { "missing": { "$lt": 5 } }, false),
            (doc! { "missing": { "$gte": Bson::Null } }, true),
            (doc! { "nan": { "$lt": 5 } }, false),
            (doc! { "nan": f64::NAN }, true),
            (doc! { "nan": { "$lte": f64::NAN } }, true),
            // negation
            (doc! { "age": { "$ne": 36 } }, false),
            (doc! { "missing": { "$ne": 1 } }, true),
            (doc! { "tags": { "$ne": "a" } }, false),
            (doc! { "age": { "$not": { "$gt": 40 } } }, true),
            (doc! { "age": { "$in": [1, 36.0] } }, true),
            (doc! { "age": { "$in": [] } }, false),
            (doc! { "age": { "$nin": [1, 2] } }, true),
            (doc! { "missing": { "$in": [Bson::Null] } }, true),
            // together
            (doc! { "$or": [{ "age": 1 }, { "name": "Ada" }] }, true),
            (doc! { "$and": [{ "age": 1 }, { "name": "Ada" }] }, false),
            (doc! { "$nor": [{ "age": 1 }, { "name": "Bob" }] }, true),
            (doc! { "$and": [{ "$or": [{ "age": 36 }] }], "name": "Ada" }, true),
        ] {
            assert_eq!(matches(filter.clone(), &document), expected, "{filter}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (filter, says) in [
            (doc! { "$where": "true" }, "unknown top level operator: $where"),
            (doc! { "$comment": "x" }, "unknown top level operator: $comment"),
            (doc! { "a": { "$regex": "^a" } }, "unknown operator: $regex"),
            (doc! { "a": { "$gt": 1, "b": 2 } }, "unknown operator: b"),
            (doc! { "a": { "$in": 1 } }, "$in needs an array"),
            (doc! { "a": { "$exists": 1 } }, "$exists needs true or false"),
            (doc! { "a": { "$not": 1 } }, "$not needs a document of operators"),
            (doc! { "$or": [] }, "$or must be a nonempty array"),
            (doc! { "$or": [1] }, "$or must be a nonempty array"),
            (doc! { "a..b": 1 }, "empty field name"),
            (doc! { "a": Bson::Undefined }, "cannot compare to undefined"),
            (doc! { "$and": [{ "a": { "$mod": [2, 0] } }] }, "unknown operator: $mod"),
        ] {
            let error = Filter::parse(&filter).unwrap_err().to_string();
            assert!(error.contains(says), "{filter}: {error}");
        }
    }

    #[test]
    fn an_upsert_starts_from_the_equalities() {
        let filter = doc! {
            "user_id": "u", "a.b": { "$eq": 1 }, "n": { "$gt": 5 }, "$and": [{ "c": 2 }], "$or": [{ "d": 3 }],
        };
        let start = Filter::parse(&filter).unwrap().document_of_equalities().unwrap();
        assert_eq!(start, doc! { "user_id": "u", "a": { "b": 1 }, "c": 2 });
        let twice = Filter::parse(&doc! { "$and": [{ "a": 1 }, { "a.b": 2 }] }).unwrap();
        assert!(twice.document_of_equalities().is_err());
    }

    fn scalar() -> impl Strategy<Value = Bson> {
        prop_oneof![
            any::<i32>().prop_map(Bson::Int32),
            any::<i64>().prop_map(Bson::Int64),
            any::<f64>().prop_map(Bson::Double),
            "[a-c]{0,3}".prop_map(Bson::String),
            any::<bool>().prop_map(Bson::Boolean),
            Just(Bson::Null),
        ]
    }

    proptest! {
        #[test]
        fn a_field_equals_itself_and_its_negation_does_not(value in scalar(), other in scalar()) {
            let document = doc! { "a": { "b": value.clone() } };
            let itself = matches(doc! { "a.b": value.clone() }, &document);
            let not_itself = matches(doc! { "a.b": { "$ne": value } }, &document);
            prop_assert!(itself && !not_itself);
            let equal = matches(doc! { "a.b": other.clone() }, &document);
            let unequal = matches(doc! { "a.b": { "$ne": other.clone() } }, &document);
            let between = matches(doc! { "a.b": { "$gte": other.clone(), "$lte": other } }, &document);
            prop_assert_eq!(equal, !unequal);
            prop_assert_eq!(equal, between);
        }
    }
}
