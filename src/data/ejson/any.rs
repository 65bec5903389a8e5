//! Any BSON value, for the tests of every path that a value takes.

use bson::oid::ObjectId;
use bson::{Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, Regex, Timestamp};
use proptest::prelude::*;

/// One value of each kind, in Extended JSON.
pub const ALL_TYPES: &str = include_str!("all_types.json");

/// A document with one value of each kind.
pub fn all_types() -> Document {
    let json: serde_json::Value = serde_json::from_str(ALL_TYPES).unwrap();
    super::parse(&json).unwrap().as_document().unwrap().clone()
}

/// The bytes that MongoDB would store.
pub fn bytes(value: &Bson) -> Vec<u8> {
    bson::doc! { "": value.clone() }.to_vec().unwrap()
}

/// Any value that Extended JSON can spell.
pub fn any_bson() -> impl Strategy<Value = Bson> {
    let decimal = prop_oneof![
        "-?[0-9]{1,34}(E[+-][0-9]{1,3})?",
        Just("NaN".to_owned()),
        Just("-Infinity".to_owned()),
        Just("1E+6144".to_owned()),
        Just("0.3000000000000000000000000000000001".to_owned()),
    ];
    let numbers = prop_oneof![
        any::<i32>().prop_map(Bson::Int32),
        any::<i64>().prop_map(Bson::Int64),
        (-40i64..40).prop_map(Bson::Int64),
        any::<f64>().prop_map(|number| Bson::Double(if number.is_nan() { f64::NAN } else { number })),
        (-40i32..40).prop_map(|number| Bson::Double(number.into())),
        prop::sample::select(vec![
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            5e-324,
            1e308,
            0.1 + 0.2
        ])
        .prop_map(Bson::Double),
        decimal.prop_map(|text| Bson::Decimal128(text.parse().unwrap())),
    ];
    let leaf = prop_oneof![
        4 => numbers,
        1 => Just(Bson::Null),
        1 => any::<bool>().prop_map(Bson::Boolean),
        2 => ".{0,12}".prop_map(Bson::String),
        1 => "[0-9-]{0,12}".prop_map(Bson::String),
        2 => any::<i64>().prop_map(|ms| Bson::DateTime(DateTime::from_millis(ms))),
        2 => (-100_000_000_000_000i64..400_000_000_000_000)
            .prop_map(|ms| Bson::DateTime(DateTime::from_millis(ms))),
        1 => any::<[u8; 12]>().prop_map(|bytes| Bson::ObjectId(ObjectId::from_bytes(bytes))),
        1 => (prop::collection::vec(any::<u8>(), 0..20), prop::sample::select(vec![0u8, 3, 4, 5, 6, 0x80, 0xff]))
            .prop_map(|(bytes, subtype)| Bson::Binary(Binary { subtype: subtype.into(), bytes })),
        1 => ("[^\0]{0,8}", "[imsxlu]{0,4}").prop_map(|(pattern, options)| {
            Bson::RegularExpression(Regex {
                pattern: pattern.try_into().unwrap(),
                options: options.try_into().unwrap(),
            })
        }),
        1 => any::<(u32, u32)>().prop_map(|(time, increment)| Bson::Timestamp(Timestamp { time, increment })),
        1 => prop::sample::select(vec![Bson::MinKey, Bson::MaxKey, Bson::Undefined]),
        1 => ".{0,8}".prop_map(Bson::Symbol),
        1 => ".{0,8}".prop_map(Bson::JavaScriptCode),
        1 => Just(all_types().get("dbp").unwrap().clone()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let fields = prop::collection::vec((any_name(), inner.clone()), 0..4)
            .prop_map(|fields| fields.into_iter().collect::<Document>())
            .boxed();
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Bson::Array),
            fields.clone().prop_map(Bson::Document),
            (".{0,4}", fields).prop_map(|(code, scope)| Bson::JavaScriptCodeWithScope(
                JavaScriptCodeWithScope { code, scope }
            )),
        ]
    })
}

/// Any document, with names that no dotted path reaches among its own.
pub fn any_document() -> impl Strategy<Value = Document> {
    prop::collection::vec((any_name(), any_bson()), 0..6).prop_map(|fields| fields.into_iter().collect())
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-d]{1,2}",
        1 => prop::sample::select(vec!["", "a.b", "$ref", "$id", "$x", "0", "1", "é", "e\u{301}", "__proto__"])
            .prop_map(str::to_owned),
    ]
}
