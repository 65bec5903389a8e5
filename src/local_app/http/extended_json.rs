//! Arguments in Extended JSON, canonical or relaxed.
//!
//! realm-web 2.0.1 writes them twice: what is inside of a Timestamp, MinKey or MaxKey after the first time is written as
//! numbers are the second time (section 17.1).

use bson::Bson;
use bson::error::Error;
use serde_json::{Map, Value};

/// The arguments of a call.
pub fn arguments(arguments: Vec<Value>) -> Result<Vec<Bson>, Error> {
    arguments.into_iter().map(|argument| Bson::try_from(once(argument))).collect()
}

/// The same, as if it had been written once.
fn once(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(once).collect(),
        Value::Object(fields) if fields.len() == 1 => fields.into_iter().map(type_once).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, once(value))).collect(),
        other => other,
    }
}

fn type_once((name, value): (String, Value)) -> (String, Value) {
    let value = match (name.as_str(), value) {
        ("$timestamp", Value::Object(parts)) => {
            parts.into_iter().map(|(part, number)| (part, bare(number))).collect()
        }
        ("$minKey" | "$maxKey", number) => bare(number),
        (_, value) => once(value),
    };
    (name, value)
}

/// The number that `{"$numberInt": "7"}` is; everything else as it is.
fn bare(value: Value) -> Value {
    match wrapped_number(&value) {
        Some(number) => number.into(),
        None => value,
    }
}

fn wrapped_number(value: &Value) -> Option<i64> {
    let fields: &Map<String, Value> = value.as_object().filter(|fields| fields.len() == 1)?;
    let (kind, text) = fields.iter().next()?;
    let text = text.as_str()?;
    match kind.as_str() {
        "$numberInt" | "$numberLong" => text.parse().ok(),
        // Whole numbers beyond 32 bits are doubles to JavaScript.
        "$numberDouble" => text.strip_suffix(".0").unwrap_or(text).parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bson::{Timestamp, bson};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_written_twice_is_read_as_what_it_is() {
        let twice = |kind: &str| json!({ "t": { kind: "7" }, "i": { kind: "1" } });
        let timestamp = Bson::Timestamp(Timestamp { time: 7, increment: 1 });
        for (sent, meant) in [
            (json!({ "$timestamp": { "t": 7, "i": 1 } }), timestamp.clone()),
            (json!({ "$timestamp": twice("$numberInt") }), timestamp.clone()),
            (json!({ "$timestamp": twice("$numberLong") }), timestamp.clone()),
            (
                json!({ "$timestamp": { "t": { "$numberDouble": "4294967295.0" }, "i": { "$numberInt": "0" } } }),
                Bson::Timestamp(Timestamp { time: u32::MAX, increment: 0 }),
            ),
            (json!({ "$minKey": { "$numberInt": "1" } }), Bson::MinKey),
            (json!({ "$maxKey": { "$numberInt": "1" } }), Bson::MaxKey),
            (json!({ "$minKey": 1 }), Bson::MinKey),
            (
                json!({ "a": [{ "b": { "$timestamp": twice("$numberInt") } }] }),
                bson!({ "a": [{ "b": timestamp }] }),
            ),
            (
                json!({ "a": { "$numberInt": "7" }, "b": { "t": { "$numberInt": "1" } } }),
                bson!({ "a": 7, "b": { "t": 1 } }),
            ),
            (json!({ "$date": { "$numberLong": "0" } }), Bson::DateTime(bson::DateTime::from_millis(0))),
        ] {
            assert_eq!(arguments(vec![sent.clone()]).unwrap(), [meant], "{sent}");
        }
        assert!(arguments(vec![json!({ "$timestamp": { "t": { "$numberInt": "x" }, "i": 1 } })]).is_err());
    }
}
