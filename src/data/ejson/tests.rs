use bson::{bson, doc};
use proptest::prelude::*;
use serde_json::json;

use super::any::{ALL_TYPES, all_types, any_bson, bytes};
use super::*;

#[test]
fn every_type_goes_out_and_in_as_it_is() {
    // Kind: values taken through a narrower type or a display form.
    let document = Bson::Document(all_types());
    for form in [canonical(&document), relaxed(&document)] {
        let text = form.to_string();
        let read = parse(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(bytes(&read), bytes(&document), "{text}");
    }
    let sent: Value = serde_json::from_str(ALL_TYPES).unwrap();
    let canonical = canonical(&document);
    for name in
        ["lsmall", "dint", "negz", "nan", "decnan", "date10k", "datemax", "ts", "re", "binu", "codews"]
    {
        assert_eq!(canonical[name], sent[name], "{name}");
    }
}

#[test]
fn what_is_plain_is_exact() {
    let spelled = |value: Bson| relaxed(&value).to_string();
    assert_eq!(spelled(Bson::Int32(5)), "5");
    assert_eq!(spelled(Bson::Int64(32)), r#"{"$numberLong":"32"}"#);
    assert_eq!(spelled(Bson::Int64(6_000_000_000)), "6000000000");
    assert_eq!(spelled(Bson::Int64(9_007_199_254_740_993)), r#"{"$numberLong":"9007199254740993"}"#);
    assert_eq!(spelled(Bson::Double(3.0)), "3.0");
    assert_eq!(spelled(Bson::Double(-0.0)), "-0.0");
    let date = |millis| spelled(Bson::DateTime(DateTime::from_millis(millis)));
    assert_eq!(date(30_500), r#"{"$date":"1970-01-01T00:00:30.500Z"}"#);
    assert_eq!(date(253_402_300_800_000), r#"{"$date":{"$numberLong":"253402300800000"}}"#);
    assert_eq!(date(-1), r#"{"$date":{"$numberLong":"-1"}}"#);
}

#[test]
fn options_of_a_regular_expression_keep_their_order() {
    let json = json!({ "$regularExpression": { "pattern": "a", "options": "xi" } });
    assert_eq!(canonical(&parse(&json).unwrap()), json);
}

#[test]
fn what_only_looks_like_a_type_is_refused_or_stays_an_object() {
    for odd in [
        json!({ "$oid": 5 }),
        json!({ "$numberInt": "1", "more": 2 }),
        json!({ "$numberDouble": "1e999" }),
        json!({ "$date": "yesterday" }),
        json!({ "$minKey": 2 }),
        json!({ "$timestamp": { "t": -1, "i": 1 } }),
        json!({ "$binary": { "base64": "?", "subType": "00" } }),
        json!({ "$regularExpression": { "pattern": "a\0", "options": "" } }),
    ] {
        assert!(parse(&json!([odd])).is_err(), "{odd}");
        let Bson::Document(kept) = read(&json!({ "odd": odd, "other": 1 })) else { panic!("a document") };
        assert_eq!((kept.get("other"), kept.len()), (Some(&Bson::Int32(1)), 2), "{odd}");
        assert_eq!(relaxed(kept.get("odd").unwrap()), odd);
    }
    // No types: names that only begin with `$`.
    let other = json!({ "$ref": "users", "$id": 1, "$set": { "a": 1 } });
    assert_eq!(parse(&other), Ok(Bson::Document(doc! { "$ref": "users", "$id": 1, "$set": { "a": 1 } })));
}

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
        assert_eq!(parse(&sent), Ok(meant), "{sent}");
    }
    assert!(parse(&json!({ "$timestamp": { "t": { "$numberInt": "x" }, "i": 1 } })).is_err());
}

proptest! {
    #[test]
    fn any_value_comes_back_byte_for_byte(value in any_bson()) {
        for form in [canonical(&value), relaxed(&value)] {
            let text = form.to_string();
            let json: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(bytes(&parse(&json).unwrap()), bytes(&value), "{}", text);
            prop_assert_eq!(bytes(&read(&json)), bytes(&value));
        }
    }
}
