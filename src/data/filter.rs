//! Filters: which documents are meant.
//!
//! Equality, `$eq $ne $gt $gte $lt $lte $in $nin $exists $not`, and `$and $or $nor` over them, on dotted paths. Any other
//! operator is refused.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::DataError;
use super::budget::{Budget, Spent, sorted};
use super::compare::{compare, equal, type_order};
use super::number::Number;
use super::path::FieldPath;
use super::update;

/// A filter; without a condition, it matches everything.
#[derive(Debug)]
pub struct Filter(Vec<Condition>);

#[derive(Debug)]
enum Condition {
    /// What the path leads to meets every test.
    Field(FieldPath, Vec<Test>),
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Nor(Vec<Filter>),
}

#[derive(Debug)]
enum Test {
    Equals(Bson),
    Range(Range, Bson),
    /// In order and none twice: as a set, a value is found in it in a few comparisons.
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
    pub fn parse(document: &Document, budget: &Budget) -> Result<Self, DataError> {
        let condition = |(key, value): (&String, &Bson)| {
            budget.take(1)?;
            match key.as_str() {
                "$and" => Ok(Condition::And(branches(key, value, budget)?)),
                "$or" => Ok(Condition::Or(branches(key, value, budget)?)),
                "$nor" => Ok(Condition::Nor(branches(key, value, budget)?)),
                unknown if unknown.starts_with('$') => Err(DataError::Refused(format!(
                    "unknown top level operator: {unknown}; the local App knows $and, $nor and $or"
                ))),
                path => Ok(Condition::Field(FieldPath::parse(path)?, tests(value, budget)?)),
            }
        };
        document.iter().map(condition).collect::<Result<_, _>>().map(Self)
    }

    pub fn matches(&self, document: &Document, budget: &Budget) -> Result<bool, Spent> {
        every(&self.0, |condition| {
            budget.take(1)?;
            match condition {
                Condition::Field(path, tests) => {
                    let values = path.values(document, budget)?;
                    every(tests, |test| test.passes(&values, budget))
                }
                Condition::And(filters) => every(filters, |filter| filter.matches(document, budget)),
                Condition::Or(filters) => some(filters, |filter| filter.matches(document, budget)),
                Condition::Nor(filters) => {
                    some(filters, |filter| filter.matches(document, budget)).map(|any| !any)
                }
            }
        })
    }

    /// The document that an upsert starts from: every field that the filter says is equal to something.
    pub fn document_of_equalities(&self, budget: &Budget) -> Result<Document, DataError> {
        let mut equalities = Vec::new();
        self.collect_equalities(&mut equalities);
        update::document_of(&equalities, budget)
    }

    fn collect_equalities<'a>(&'a self, found: &mut Vec<(&'a FieldPath, &'a Bson)>) {
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

/// Whether `holds` holds for all; looks no further than the first for which it does not.
fn every<T>(
    items: impl IntoIterator<Item = T>,
    mut holds: impl FnMut(T) -> Result<bool, Spent>,
) -> Result<bool, Spent> {
    for item in items {
        if !holds(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn some<T>(
    items: impl IntoIterator<Item = T>,
    mut holds: impl FnMut(T) -> Result<bool, Spent>,
) -> Result<bool, Spent> {
    every(items, |item| holds(item).map(|holds| !holds)).map(|none| !none)
}

fn branches(operator: &str, value: &Bson, budget: &Budget) -> Result<Vec<Filter>, DataError> {
    let fail = || DataError::Refused(format!("{operator} must be a nonempty array of documents"));
    let branches = value.as_array().filter(|branches| !branches.is_empty()).ok_or_else(fail)?;
    branches.iter().map(|branch| Filter::parse(branch.as_document().ok_or_else(fail)?, budget)).collect()
}

/// What a field is compared with: a document of operators, or a value.
fn tests(value: &Bson, budget: &Budget) -> Result<Vec<Test>, DataError> {
    match value {
        Bson::Document(document) if document.keys().any(|key| key.starts_with('$')) => {
            document.iter().map(|(operator, operand)| test(operator, operand, budget)).collect()
        }
        value => Ok(vec![Test::Equals(comparable(value)?)]),
    }
}

fn test(operator: &str, operand: &Bson, budget: &Budget) -> Result<Test, DataError> {
    budget.take(1)?;
    let range = |range| Ok(Test::Range(range, comparable(operand)?));
    match operator {
        "$eq" => Ok(Test::Equals(comparable(operand)?)),
        "$ne" => Ok(Test::Not(vec![Test::Equals(comparable(operand)?)])),
        "$gt" => range(Range::Above),
        "$gte" => range(Range::AtLeast),
        "$lt" => range(Range::Below),
        "$lte" => range(Range::AtMost),
        "$in" => Ok(Test::OneOf(choices(operator, operand, budget)?)),
        "$nin" => Ok(Test::Not(vec![Test::OneOf(choices(operator, operand, budget)?)])),
        "$exists" => match operand {
            Bson::Boolean(true) => Ok(Test::Exists),
            Bson::Boolean(false) => Ok(Test::Not(vec![Test::Exists])),
            _ => Err(DataError::Refused("$exists needs true or false".to_owned())),
        },
        "$not" => match operand {
            Bson::Document(document) if document.keys().any(|key| key.starts_with('$')) => {
                Ok(Test::Not(tests(operand, budget)?))
            }
            _ => Err(DataError::Refused("$not needs a document of operators".to_owned())),
        },
        _ => Err(DataError::Refused(format!(
            "unknown operator: {operator}; the local App knows $eq, $exists, $gt, $gte, $in, $lt, $lte, $ne, $nin and $not"
        ))),
    }
}

fn choices(operator: &str, operand: &Bson, budget: &Budget) -> Result<Vec<Bson>, DataError> {
    let choices =
        operand.as_array().ok_or_else(|| DataError::Refused(format!("{operator} needs an array")))?;
    let choices: Vec<Bson> = choices.iter().map(comparable).collect::<Result<_, _>>()?;
    let mut set: Vec<&Bson> = Vec::with_capacity(choices.len());
    for choice in sorted(&choices.iter().collect::<Vec<_>>(), &|a, b| compare(a, b, budget))? {
        match set.last() {
            Some(last) if equal(last, choice, budget)? => {}
            _ => set.push(choice),
        }
    }
    Ok(set.into_iter().cloned().collect())
}

/// Whether a sorted list has a value, numbers being equal across their types.
fn contains(set: &[Bson], value: &Bson, budget: &Budget) -> Result<bool, Spent> {
    let (mut from, mut to) = (0, set.len());
    while from < to {
        let middle = from + (to - from) / 2;
        match compare(&set[middle], value, budget)? {
            Ordering::Equal => return Ok(true),
            Ordering::Less => from = middle + 1,
            Ordering::Greater => to = middle,
        }
    }
    Ok(false)
}

/// A value that is compared as it is. A regular expression would be searched for, which users may not do.
fn comparable(value: &Bson) -> Result<Bson, DataError> {
    match value {
        Bson::RegularExpression(_) => {
            Err(DataError::Refused("a filter cannot search for a regular expression here".to_owned()))
        }
        Bson::Undefined => Err(DataError::Refused("(BadValue) cannot compare to undefined".to_owned())),
        value => Ok(value.clone()),
    }
}

impl Test {
    /// `values` is what the field's path leads to. An array passes if it passes itself, or one of its elements does.
    fn passes(&self, values: &[Option<&Bson>], budget: &Budget) -> Result<bool, Spent> {
        budget.take(1)?;
        match self {
            Self::Exists => {
                budget.take(values.len())?;
                Ok(values.iter().any(Option::is_some))
            }
            Self::Not(tests) => every(tests, |test| test.passes(values, budget)).map(|all| !all),
            one_value => some(values, |value| {
                let elements = value.and_then(Bson::as_array).into_iter().flatten();
                Ok(one_value.accepts(*value, budget)?
                    || some(elements, |item| one_value.accepts(Some(item), budget))?)
            }),
        }
    }

    fn accepts(&self, value: Option<&Bson>, budget: &Budget) -> Result<bool, Spent> {
        budget.take(1)?;
        // A field that is not there is as good as null.
        let value = value.unwrap_or(&Bson::Null);
        match self {
            Self::Equals(wanted) => equal(value, wanted, budget),
            Self::OneOf(choices) => contains(choices, value, budget),
            Self::Range(range, bound) => range.includes(value, bound, budget),
            Self::Exists | Self::Not(_) => Ok(false),
        }
    }
}

impl Range {
    fn includes(self, value: &Bson, bound: &Bson, budget: &Budget) -> Result<bool, Spent> {
        let nan = |value: &Bson| Number::of(value).is_some_and(Number::is_nan);
        if type_order(value) != type_order(bound) {
            return Ok(false);
        }
        let order = compare(value, bound, budget)?;
        Ok(match self {
            Self::AtLeast | Self::AtMost if order == Ordering::Equal => true,
            // Nothing but equality holds with NaN.
            _ if nan(value) || nan(bound) => false,
            Self::Above | Self::AtLeast => order == Ordering::Greater,
            Self::Below | Self::AtMost => order == Ordering::Less,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;
    use proptest::prelude::*;

    fn matches(filter: Document, document: &Document) -> bool {
        let budget = Budget::default();
        Filter::parse(&filter, &budget).unwrap().matches(document, &budget).unwrap()
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
            let error = Filter::parse(&filter, &Budget::default()).unwrap_err().to_string();
            assert!(error.contains(says), "{filter}: {error}");
        }
    }

    #[test]
    fn an_upsert_starts_from_the_equalities() {
        let filter = doc! {
            "user_id": "u", "a.b": { "$eq": 1 }, "n": { "$gt": 5 }, "$and": [{ "c": 2 }], "$or": [{ "d": 3 }],
        };
        let budget = Budget::default();
        let start = Filter::parse(&filter, &budget).unwrap().document_of_equalities(&budget).unwrap();
        assert_eq!(start, doc! { "user_id": "u", "a": { "b": 1 }, "c": 2 });
        let twice = Filter::parse(&doc! { "$and": [{ "a": 1 }, { "a.b": 2 }] }, &budget).unwrap();
        assert!(twice.document_of_equalities(&budget).is_err());
    }

    /// The steps that a filter takes on a document; `None`: more than a request has.
    fn steps(filter: &Document, document: &Document) -> Option<u64> {
        let budget = Budget::default();
        let matched = Filter::parse(filter, &budget)
            .and_then(|filter| filter.matches(document, &budget).map_err(DataError::from));
        match matched {
            Ok(_) => Some(crate::data::budget::STEPS - budget.left()),
            Err(DataError::Spent(Spent::Steps)) => None,
            Err(other) => panic!("{other}"),
        }
    }

    /// Kind: work whose size a client chooses. Each attack is answered in steps that grow with what was sent, or refused
    /// when those of a request are spent: never is it all numbers against all numbers.
    #[test]
    fn a_filter_costs_no_more_than_its_budget() {
        let numbers = |count: i32| Bson::Array((0..count).map(Bson::Int32).collect());
        let document = doc! { "a": numbers(60_000) };
        let others = Bson::Array((60_000..200_000).map(Bson::Int32).collect());
        for (name, filter, at_most) in [
            ("$in", doc! { "a": { "$in": others.clone() } }, Some(4_500_000)),
            ("$nin", doc! { "a": { "$nin": others } }, Some(4_500_000)),
            ("$or", doc! { "$or": vec![Bson::from(doc! { "b": 1 }); 30_000] }, Some(500_000)),
            ("$or over the array", doc! { "$or": vec![Bson::from(doc! { "a": -1 }); 30_000] }, None),
            ("$nor over the array", doc! { "$nor": vec![Bson::from(doc! { "a": -1 }); 30_000] }, None),
            (
                "$and over the array",
                doc! { "$and": vec![Bson::from(doc! { "a": { "$ne": -1 } }); 4_000] },
                None,
            ),
            (
                "ranges",
                doc! { "$and": vec![Bson::from(doc! { "a": { "$not": { "$lt": -1 } } }); 4_000] },
                None,
            ),
        ] {
            match (steps(&filter, &document), at_most) {
                (None, None) => {}
                (Some(steps), Some(most)) => assert!(steps <= most, "{name}: {steps} steps"),
                (steps, _) => panic!("{name}: {steps:?} steps"),
            }
        }
        let mut nested = doc! { "a": { "$ne": -1 } };
        for _ in 0..40 {
            nested = doc! { "$and": [nested.clone(), { "a": { "$not": { "$not": { "$eq": -2 } } } }] };
        }
        assert!(steps(&nested, &document).is_some_and(|steps| steps < 500_000));
        let decimals: Vec<Bson> = (0..2_000).map(|_| Bson::Decimal128("0.5".parse().unwrap())).collect();
        let doubles: Vec<Bson> = (0..2_000).map(|_| Bson::Double(0.5)).collect();
        let all: Vec<Bson> = decimals.into_iter().zip(doubles).flat_map(|(a, b)| [a, b]).collect();
        assert_eq!(steps(&doc! { "a": { "$in": all } }, &document), None);
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
        /// `$in` is a set, with MongoDB's equality: it says what as many equalities say.
        #[test]
        fn one_of_many_is_an_equality_with_one_of_them(
            value in scalar(), choices in prop::collection::vec(scalar(), 0..8), as_decimal in any::<bool>(),
        ) {
            let exact = |value: &Bson| match value {
                Bson::Int32(number) if as_decimal => Bson::Decimal128(number.to_string().parse().unwrap()),
                other => other.clone(),
            };
            let document = doc! { "a": value };
            let one = choices.iter().any(|choice| matches(doc! { "a": choice.clone() }, &document));
            let choices: Vec<Bson> = choices.iter().map(exact).collect();
            prop_assert_eq!(matches(doc! { "a": { "$in": choices.clone() } }, &document), one);
            prop_assert_eq!(matches(doc! { "a": { "$nin": choices } }, &document), !one);
        }

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
