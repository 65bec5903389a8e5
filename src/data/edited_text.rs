//! Custom data as text in the hands of a person, and back. What was not edited is the very value that it was; what was
//! edited keeps its type where the new value fits into it.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document};
use serde_json::{Map, Value};

use super::change::{as_type_of, identical};
use super::ejson;
use super::value::{ValueError, parse_json, value_text};

/// A value as it stands in a form: bare where its type is known from what it was.
pub fn edit_text(value: &Bson) -> String {
    match value {
        Bson::Int64(number) => number.to_string(),
        Bson::Double(number) if !number.is_finite() => number.to_string().replace("inf", "Infinity"),
        Bson::Decimal128(number) => number.to_string(),
        Bson::DateTime(at) => ejson::iso_text(at.timestamp_millis()),
        Bson::ObjectId(id) => id.to_hex(),
        Bson::Document(_) | Bson::Array(_) => ejson::plain(value).to_string(),
        other => value_text(other),
    }
}

/// Reads what a person made of the [`edit_text`] of `before`.
///
/// # Errors
/// When it is not Extended JSON.
pub fn parse_edited(text: &str, before: &Bson) -> Result<Bson, ValueError> {
    let text = text.trim();
    if text == edit_text(before) {
        return Ok(before.clone());
    }
    let kept = match before {
        Bson::DateTime(_) => {
            ejson::parse_iso(text).map(|millis| Bson::DateTime(DateTime::from_millis(millis)))
        }
        Bson::ObjectId(_) => ObjectId::parse_str(text).ok().map(Bson::ObjectId),
        Bson::Decimal128(_) => text.parse().ok().filter(|_| is_number(text)).map(Bson::Decimal128),
        Bson::Double(_) if text.parse::<i64>().is_err() => ejson::parse_double(text).map(Bson::Double),
        _ => None,
    };
    match kept {
        Some(value) => Ok(value),
        None => match parse_json(text)? {
            Some(json) => like(&json, before, &ejson::plain(before)),
            None => Ok(Bson::String(text.to_owned())),
        },
    }
}

fn is_number(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity") || text.contains(|char: char| char.is_ascii_digit())
}

/// A document as a person edits it, a field a line. `before` is what [`parse_document`] will know the types from.
pub fn document_text(document: &Document, before: &Document) -> String {
    let json = shown_document(document, before);
    let mut text = serde_json::to_string_pretty(&json).unwrap_or_else(|_| json.to_string());
    text.push('\n');
    text
}

/// The plainest form that [`like`] reads back as the same value.
fn shown(value: &Bson, before: Option<&Bson>) -> Value {
    match (value, before) {
        (Bson::Document(value), Some(Bson::Document(before))) => shown_document(value, before),
        (Bson::Array(value), Some(Bson::Array(before))) if value.len() == before.len() => {
            value.iter().zip(before).map(|(value, before)| shown(value, Some(before))).collect()
        }
        (value, Some(before)) if identical(value, before) => ejson::plain(value),
        (Bson::Int32(_), Some(Bson::Int32(_)))
        | (Bson::Int64(_), Some(Bson::Int64(_)))
        | (Bson::Double(_), Some(Bson::Double(_))) => ejson::plain(value),
        (value, Some(_)) => ejson::canonical(value),
        (value, None) => ejson::relaxed(value),
    }
}

fn shown_document(document: &Document, before: &Document) -> Value {
    let field = |(name, value): (&String, &Bson)| (name.clone(), shown(value, before.get(name)));
    Value::Object(document.iter().map(field).collect())
}

/// Reads what became of the text of `before`.
///
/// # Errors
/// When it is not Extended JSON, or not a document.
pub fn parse_document(text: &str, before: &Document) -> Result<Document, ValueError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with('{') {
        return Err(ValueError::NoDocument);
    }
    let json = parse_json(text)?.ok_or(ValueError::NoDocument)?;
    let before = Bson::Document(before.clone());
    match like(&json, &before, &ejson::plain(&before))? {
        Bson::Document(document) => Ok(document),
        _ => Err(ValueError::NoDocument),
    }
}

/// Reads JSON that a person made of `before`, which was `shown`.
fn like(json: &Value, before: &Bson, shown: &Value) -> Result<Bson, ValueError> {
    match (json, before, shown) {
        _ if json == shown => Ok(before.clone()),
        (Value::Number(_), _, _) => Ok(as_type_of(ejson::parse(json)?, before)),
        (Value::Object(new), Bson::Document(old), Value::Object(shown)) if !ejson::is_type(new) => {
            document_like(new, old, shown).map(Bson::Document)
        }
        (Value::Array(new), Bson::Array(old), Value::Array(shown)) => {
            array_like(new, old, shown).map(Bson::Array)
        }
        _ => Ok(ejson::parse(json)?),
    }
}

fn document_like(
    new: &Map<String, Value>,
    old: &Document,
    shown: &Map<String, Value>,
) -> Result<Document, ValueError> {
    let field = |(name, json): (&String, &Value)| {
        let value = match (old.get(name), shown.get(name)) {
            (Some(old), Some(shown)) => like(json, old, shown)?,
            _ => ejson::parse(json)?,
        };
        Ok((name.clone(), value))
    };
    new.iter().map(field).collect()
}

/// Elements are known by their place, counted from the start up to the first difference, and from the end behind the last.
fn array_like(new: &[Value], old: &[Bson], shown: &[Value]) -> Result<Vec<Bson>, ValueError> {
    let shorter = new.len().min(old.len());
    let same_start = new.iter().zip(shown).take_while(|(new, shown)| new == shown).count();
    let same_end = new.iter().rev().zip(shown.iter().rev()).take_while(|(new, shown)| new == shown).count();
    let same_end = same_end.min(shorter - same_start);
    let element = |(at, json): (usize, &Value)| {
        let place = if at + same_end < new.len() {
            Some(at).filter(|at| at + same_end < old.len())
        } else {
            Some(old.len() + at - new.len())
        };
        match place {
            Some(place) => like(json, &old[place], &shown[place]),
            None => Ok(ejson::parse(json)?),
        }
    };
    new.iter().enumerate().map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::change::{DataEdit, apply, changes};
    use crate::data::ejson::any::{all_types, any_bson, any_document, bytes};
    use bson::{bson, doc};
    use proptest::prelude::*;

    #[test]
    fn an_edited_document_keeps_the_types_of_its_numbers() {
        let before = doc! { "long": 7_i64, "score": 7.5, "list": [1_i64, "x"], "in": { "n": 1_i64 } };
        let text = document_text(&before, &before);
        assert_eq!(parse_document(&text, &before), Ok(before.clone()));
        let edited = text.replace("7,", "8,").replace("7.5", "9");
        let after = parse_document(&edited, &before).unwrap();
        assert_eq!(
            (after.get("long"), after.get("score")),
            (Some(&Bson::Int64(8)), Some(&Bson::Double(9.0)))
        );
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        let parse = |text: &str| parse_document(text, &doc! {});
        assert_eq!(parse(""), Err(ValueError::NoDocument));
        assert_eq!(parse("[1]"), Err(ValueError::NoDocument));
        assert!(matches!(parse("{\"a\": }"), Err(ValueError::Json(_))));
        assert!(matches!(parse(r#"{"a": {"$oid": "x"}}"#), Err(ValueError::ExtendedJson(_))));
        // What would become something else than a document.
        assert_eq!(parse(r#"{"$numberInt": "1"}"#), Err(ValueError::NoDocument));
    }

    fn decimal(text: &str) -> Bson {
        Bson::Decimal128(text.parse().unwrap())
    }

    fn date(text: &str) -> Bson {
        Bson::DateTime(DateTime::from_millis(ejson::parse_iso(text).unwrap()))
    }

    #[test]
    fn an_edited_value_keeps_its_type_where_it_fits() {
        // Kind: values taken through a narrower type or a display form.
        for (before, shown, typed, after) in [
            (Bson::Int64(32), "32", "33", Bson::Int64(33)),
            (Bson::Int64(32), "32", "33.5", Bson::Double(33.5)),
            (Bson::Int64(32), "32", r#"{"$numberInt":"33"}"#, Bson::Int32(33)),
            (Bson::Int32(5), "5", "6000000000", Bson::Int64(6_000_000_000)),
            (Bson::Double(3.0), "3.0", "4", Bson::Double(4.0)),
            (Bson::Double(3.0), "3.0", "NaN", Bson::Double(f64::NAN)),
            (Bson::Double(3.0), "3.0", "9007199254740993", Bson::Int64(9_007_199_254_740_993)),
            (Bson::Double(0.5), "0.5", "0.30000000000000004", Bson::Double(0.1 + 0.2)),
            (Bson::Double(f64::NEG_INFINITY), "-Infinity", "x", bson!("x")),
            (decimal("0.30"), "0.30", "0.3000000000000000000000000000000002", {
                decimal("0.3000000000000000000000000000000002")
            }),
            (date("+10000-01-01"), "+10000-01-01T00:00:00Z", "+10001-02-03", date("+10001-02-03")),
            (date("2026-01-31"), "2026-01-31T00:00:00Z", "2026-02-01", date("2026-02-01")),
            (date("2026-01-31"), "2026-01-31T00:00:00Z", "soon", bson!("soon")),
            (
                Bson::ObjectId(ObjectId::from_bytes([1; 12])),
                "010101010101010101010101",
                "020202020202020202020202",
                Bson::ObjectId(ObjectId::from_bytes([2; 12])),
            ),
            (bson!("7"), "\"7\"", "8", Bson::Int32(8)),
            (bson!([1_i64, 2.0]), "[1,2.0]", "[3,2.0]", bson!([3_i64, 2.0])),
        ] {
            assert_eq!(edit_text(&before), shown);
            assert_eq!(bytes(&parse_edited(typed, &before).unwrap()), bytes(&after), "{typed}");
        }
    }

    #[test]
    fn elements_keep_their_types_around_one_that_comes_or_goes() {
        let before = doc! { "list": [1, 2_i64, 3.0, 4_i64] };
        for (text, after) in [
            ("[2, 3.0, 4]", bson!([2_i64, 3.0, 4_i64])),
            ("[1, 3.0, 4]", bson!([1, 3.0, 4_i64])),
            ("[1, 2, 3.0]", bson!([1, 2_i64, 3.0])),
            ("[1, 2, 7, 3.0, 4]", bson!([1, 2_i64, 7, 3.0, 4_i64])),
            ("[1, 9, 3.0, 4]", bson!([1, 9_i64, 3.0, 4_i64])),
            ("[]", bson!([])),
        ] {
            let read = parse_document(&format!(r#"{{"list": {text}}}"#), &before).unwrap();
            assert_eq!(bytes(read.get("list").unwrap()), bytes(&after), "{text}");
        }
    }

    #[test]
    fn a_document_of_all_types_is_edited_in_one_field_alone() {
        let before = all_types();
        let text = document_text(&before, &before);
        let after = parse_document(&text.replace("\"i\": 5", "\"i\": 6"), &before).unwrap();
        let changes = changes(&before, &after);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!(changes[0].after, Some(Bson::Int32(6)));
        // What no JSON can carry stays, where nobody touches it.
        let odd = doc! { "nan": f64::from_bits(0x7ff8_0000_0000_0123), "spelled": { "$oid": "010101010101010101010101" } };
        let read = parse_document(&document_text(&odd, &odd), &odd).unwrap();
        assert_eq!(read.to_vec().unwrap(), odd.to_vec().unwrap());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}", before in any_bson()) {
            let _ = parse_document(&text, &doc! {});
            let _ = parse_edited(&text, &before);
        }

        #[test]
        fn what_nobody_edited_is_the_same_bytes(value in any_bson(), before in any_bson()) {
            prop_assert_eq!(bytes(&parse_edited(&edit_text(&value), &value).unwrap()), bytes(&value));
            // A text that goes back into the editor, after somebody else has changed the document.
            let (value, before) = (doc! { "x": value }, doc! { "x": before });
            let read = parse_document(&document_text(&value, &before), &before).unwrap();
            prop_assert_eq!(read.to_vec().unwrap(), value.to_vec().unwrap());
        }

        #[test]
        fn one_edited_field_leaves_all_others_as_they_are(mut before in any_document()) {
            before.insert("edited", 1);
            let text = document_text(&before, &before).replacen("\"edited\": 1", "\"edited\": 2", 1);
            let after = parse_document(&text, &before).unwrap();
            let edit = DataEdit::document(Some(before.clone()), &after);
            prop_assert_eq!(edit.changes.len(), 1);
            let mut expected = before.clone();
            expected.insert("edited", 2);
            let made = apply(&before, &edit.changes);
            prop_assert_eq!(made.to_vec().unwrap(), expected.to_vec().unwrap());
            let undone = apply(&made, &edit.reversed().changes);
            prop_assert_eq!(undone.to_vec().unwrap(), before.to_vec().unwrap());
        }
    }
}
