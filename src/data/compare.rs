//! Equality and order of BSON values, as MongoDB has them.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::DataError;
use super::budget::{Budget, Spent};
use super::number::Number;

/// The place of a value's type in the order of types; values of other types never match a range.
pub fn type_order(value: &Bson) -> u8 {
    match value {
        Bson::MinKey => 0,
        Bson::Undefined => 3,
        Bson::Null => 5,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => 10,
        Bson::String(_) | Bson::Symbol(_) => 15,
        Bson::Document(_) => 20,
        Bson::Array(_) => 25,
        Bson::Binary(_) => 30,
        Bson::ObjectId(_) => 35,
        Bson::Boolean(_) => 40,
        Bson::DateTime(_) => 45,
        Bson::Timestamp(_) => 47,
        Bson::RegularExpression(_) => 50,
        Bson::DbPointer(_) => 55,
        Bson::JavaScriptCode(_) => 60,
        Bson::JavaScriptCodeWithScope(_) => 65,
        Bson::MaxKey => 127,
    }
}

/// The total order that sorting uses: by type, then by value. One comparison costs no more than the smaller value has parts.
pub fn compare(a: &Bson, b: &Bson, budget: &Budget) -> Result<Ordering, Spent> {
    let order = counted(a, b, budget);
    budget.check().map(|()| order)
}

/// Whether two values are the same: numbers by value, documents with their fields in the same order.
pub fn equal(a: &Bson, b: &Bson, budget: &Budget) -> Result<bool, Spent> {
    compare(a, b, budget).map(Ordering::is_eq)
}

fn counted(a: &Bson, b: &Bson, budget: &Budget) -> Ordering {
    budget.count(1);
    if let (Some(a), Some(b)) = (Number::of(a), Number::of(b)) {
        return a.compare_counted(b, budget);
    }
    let text = |a: &str, b: &str| {
        budget.count_bytes(a.len().min(b.len()));
        a.cmp(b)
    };
    match (a, b) {
        (Bson::String(a) | Bson::Symbol(a), Bson::String(b) | Bson::Symbol(b)) => text(a, b),
        (Bson::Document(a), Bson::Document(b)) => counted_documents(a, b, budget),
        (Bson::Array(a), Bson::Array(b)) => {
            let items = a.iter().zip(b).map(|(a, b)| counted(a, b, budget));
            first_difference(items).then(a.len().cmp(&b.len()))
        }
        (Bson::Binary(a), Bson::Binary(b)) => {
            budget.count_bytes(a.bytes.len().min(b.bytes.len()));
            let length = a.bytes.len().cmp(&b.bytes.len());
            let subtype = || u8::from(a.subtype).cmp(&u8::from(b.subtype));
            length.then_with(subtype).then_with(|| a.bytes.cmp(&b.bytes))
        }
        (Bson::ObjectId(a), Bson::ObjectId(b)) => a.cmp(b),
        (Bson::Boolean(a), Bson::Boolean(b)) => a.cmp(b),
        (Bson::DateTime(a), Bson::DateTime(b)) => a.cmp(b),
        (Bson::Timestamp(a), Bson::Timestamp(b)) => (a.time, a.increment).cmp(&(b.time, b.increment)),
        (Bson::RegularExpression(a), Bson::RegularExpression(b)) => {
            text(a.pattern.as_str(), b.pattern.as_str())
                .then_with(|| text(a.options.as_str(), b.options.as_str()))
        }
        (Bson::JavaScriptCode(a), Bson::JavaScriptCode(b)) => text(a, b),
        (Bson::JavaScriptCodeWithScope(a), Bson::JavaScriptCodeWithScope(b)) => {
            text(&a.code, &b.code).then_with(|| counted_documents(&a.scope, &b.scope, budget))
        }
        // Deprecated pointers have no public parts: their text is what there is.
        (Bson::DbPointer(a), Bson::DbPointer(b)) => {
            let (a, b) = (format!("{a:?}"), format!("{b:?}"));
            budget.count(a.len() + b.len());
            a.cmp(&b)
        }
        _ => type_order(a).cmp(&type_order(b)),
    }
}

fn counted_documents(a: &Document, b: &Document, budget: &Budget) -> Ordering {
    let fields = a.iter().zip(b).map(|((a_key, a), (b_key, b))| {
        budget.count_bytes(a_key.len().min(b_key.len()));
        type_order(a).cmp(&type_order(b)).then_with(|| a_key.cmp(b_key)).then_with(|| counted(a, b, budget))
    });
    first_difference(fields).then(a.len().cmp(&b.len()))
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Bytes that are the same for ids that are equal.
///
/// # Errors
/// When the value cannot be an `_id`: an array, a regular expression, undefined.
pub fn id_key(id: &Bson) -> Result<Vec<u8>, DataError> {
    if matches!(id, Bson::Array(_) | Bson::RegularExpression(_) | Bson::Undefined) {
        let kind = format!("{:?}", id.element_type()).to_lowercase();
        return Err(DataError::Refused(format!("the '_id' value cannot be of type {kind}")));
    }
    bson::doc! { "": normal_form(id) }.to_vec().map_err(DataError::from)
}

/// The value with every integral number as the same type.
fn normal_form(value: &Bson) -> Bson {
    match value {
        Bson::Document(document) => {
            Bson::Document(document.iter().map(|(key, value)| (key.clone(), normal_form(value))).collect())
        }
        Bson::Array(items) => Bson::Array(items.iter().map(normal_form).collect()),
        Bson::Symbol(text) => Bson::String(text.clone()),
        number => match Number::of(number).and_then(Number::as_integer) {
            Some(integer) => Bson::Int64(integer),
            None => number.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{bson, doc};

    #[test]
    fn types_come_before_values() {
        let ascending = [
            Bson::MinKey,
            Bson::Null,
            bson!(1),
            bson!(2.5),
            bson!("a"),
            bson!("b"),
            bson!({}),
            bson!({"a": 1}),
            bson!({"a": 1, "b": 1}),
            bson!({"a": 2}),
            bson!([]),
            bson!([1]),
            bson!([1, 2]),
            bson!([2]),
            bson!(false),
            bson!(true),
            Bson::MaxKey,
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(compare(a, b, &Budget::default()), Ok(i.cmp(&j)), "{a} with {b}");
            }
        }
    }

    #[test]
    fn equality_minds_the_order_of_fields_but_not_the_type_of_numbers() {
        let equal = |a: &Bson, b: &Bson| equal(a, b, &Budget::default()).unwrap();
        assert!(equal(&bson!({"a": 1, "b": [2.0]}), &bson!({"a": 1_i64, "b": [2]})));
        assert!(!equal(&bson!({"a": 1, "b": 2}), &bson!({"b": 2, "a": 1})));
        assert!(!equal(&bson!("1"), &bson!(1)));
    }

    #[test]
    fn equal_ids_have_one_key() {
        let key = |id: Bson| id_key(&id).unwrap();
        assert_eq!(key(bson!(1)), key(bson!(1.0)));
        assert_eq!(key(bson!(1_i64)), key(Bson::Decimal128("1.0".parse().unwrap())));
        assert_eq!(key(bson!({"n": 1})), key(bson!({"n": 1.0})));
        assert_ne!(key(bson!(1)), key(bson!("1")));
        assert_ne!(key(bson!(1.5)), key(bson!(1)));
        for bad in [bson!([1]), Bson::Undefined] {
            assert!(id_key(&bad).is_err(), "{bad}");
        }
        assert!(id_key(&Bson::Document(doc! {})).is_ok());
    }
}
