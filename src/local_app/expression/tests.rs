use bson::doc;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const ID: &str = "0123456789abcdef01234567";
const UUID: &str = "01234567-89ab-4def-8123-456789abcdef";

fn expansions() -> Document {
    doc! {
        "user": {
            "id": ID,
            "type": "normal",
            "data": { "email": "a@example.com" },
            "custom_data": {
                "age": 30, "admin": true, "teams": ["red", "blue"], "oid": ObjectId::parse_str(ID).unwrap(),
                "uuid": Uuid::parse_str(UUID).unwrap(), "address": { "city": "Bern" },
            },
            "identities": [
                { "id": "1", "providerType": "anon-user" }, { "id": "2", "providerType": "local-userpass" },
            ],
        },
        "values": { "team": "red", "limit": 30_i64, "teams": ["red", "green"] },
        "environment": { "tag": "testing", "values": { "open": true } },
        "request": { "remoteIPAddress": "127.0.0.1", "httpMethod": "POST" },
    }
}

fn judged(expression: &Value) -> Result<bool, ExpressionError> {
    Scope::new(&expansions(), &Budget::default()).holds(&Bson::try_from(expression.clone()).unwrap())
}

#[test]
fn expressions_hold_or_not() {
    for (expression, holds) in [
        (json!(true), true),
        (json!(false), false),
        (json!({}), true),
        (json!("%%true"), true),
        (json!("%%user.custom_data.admin"), true),
        (json!("%%user.id"), false),
        // Equality
        (json!({ "%%user.id": ID }), true),
        (json!({ "%%user.id%%": ID }), true),
        (json!({ "%%user.id": "other" }), false),
        (json!({ "%%user.type": "normal", "%%environment.tag": "testing" }), true),
        (json!({ "%%user.type": "normal", "%%environment.tag": "production" }), false),
        (json!({ "%%user.custom_data.age": 30.0 }), true),
        (json!({ "%%user.custom_data.age": "%%values.limit" }), true),
        (json!({ "%%user.custom_data.address": { "city": "Bern" } }), true),
        (json!({ "%%user.custom_data.address": { "city": "%%values.team" } }), false),
        // Membership in either direction
        (json!({ "%%user.custom_data.teams": "red" }), true),
        (json!({ "%%user.custom_data.teams": "green" }), false),
        (json!({ "%%values.team": "%%user.custom_data.teams" }), true),
        (json!({ "%%user.custom_data.teams": ["red", "blue"] }), true),
        (json!({ "%%user.custom_data.teams": ["blue", "red"] }), false),
        (json!({ "%%user.identities.providerType": "local-userpass" }), true),
        (json!({ "%%user.identities.0.providerType": "local-userpass" }), false),
        // What is missing equals nothing, not even what else is missing
        (json!({ "%%user.nothing": "%%user.nothing" }), false),
        (json!({ "%%user.nothing": null }), false),
        (json!({ "%%user.nothing": { "%ne": 1 } }), true),
        (json!({ "%%user.nothing": { "%in": [1] } }), false),
        (json!({ "%%user.nothing": { "%nin": [1] } }), true),
        (json!({ "%%user.nothing": { "%lt": 1 } }), false),
        (json!({ "%%user.id": { "%in": "%%user.nothing" } }), false),
        (json!({ "%%user.nothing": { "%exists": false } }), true),
        (json!({ "%%user.id": { "$exists": true } }), true),
        // Operators, with either sign
        (json!({ "%%user.custom_data.age": { "%gt": 29, "%lte": 30 } }), true),
        (json!({ "%%user.custom_data.age": { "$gt": 30 } }), false),
        (json!({ "%%user.custom_data.age": { "%gte": 30, "$lt": 30 } }), false),
        (json!({ "%%user.custom_data.age": { "%gt": "20" } }), false),
        (json!({ "%%user.id": { "%eq": ID } }), true),
        (json!({ "%%user.id": { "%ne": ID } }), false),
        (json!({ "%%values.team": { "%in": ["red", "blue"] } }), true),
        (json!({ "%%values.team": { "%in": "%%user.custom_data.teams" } }), true),
        (json!({ "%%values.team": { "%nin": ["red"] } }), false),
        (json!({ "%%values.team": { "%not": { "%eq": "blue" } } }), true),
        (json!({ "%%values.team": { "%or": ["blue", { "%eq": "red" }] } }), true),
        (json!({ "%%values.team": { "%and": ["blue", "red"] } }), false),
        // Logic
        (json!({ "%and": [true, { "%%user.type": "normal" }] }), true),
        (json!({ "$or": [false, { "%%user.type": "server" }] }), false),
        (json!({ "%or": [] }), false),
        (json!({ "%and": [] }), true),
        (json!({ "%not": { "%%user.type": "server" } }), true),
        (json!({ "%nor": [false, { "%%user.type": "server" }] }), true),
        // A boolean as key
        (json!({ "%%true": true }), true),
        (json!({ "%%false": "%%false" }), true),
        (json!({ "%%true": { "%%user.type": "normal" } }), true),
        (json!({ "%%false": { "%%user.type": "normal" } }), false),
        (json!({ "%%true": { "%or": [{ "%%user.type": "server" }, "%%environment.values.open"] } }), true),
        (json!({ "%%user.custom_data.admin": { "%ne": false } }), true),
        // Conversions
        (json!({ "%%user.custom_data.oid": { "%stringToOid": "%%user.id" } }), true),
        (json!({ "%%user.id": { "%oidToString": "%%user.custom_data.oid" } }), true),
        (json!({ "%%user.custom_data.uuid": { "%stringToUuid": UUID } }), true),
        (json!({ "%%user.id": { "%ne": { "%uuidToString": "%%user.custom_data.uuid" } } }), true),
        (json!({ "%%user.custom_data.oid": { "%stringToOid": "no id" } }), false),
        (json!({ "%%user.custom_data.oid": { "$oid": ID } }), true),
    ] {
        assert_eq!(judged(&expression), Ok(holds), "{expression}");
    }
}

#[test]
fn what_is_not_understood_is_never_ignored() {
    for (expression, says) in [
        (json!({ "%function": { "name": "f" } }), "'%function' is not supported"),
        (
            json!({ "%%true": { "%function": { "name": "f", "arguments": [] } } }),
            "'%function' is not supported",
        ),
        (json!({ "%like": "a" }), "unknown operator '%like'"),
        (json!({ "%%user.id": { "%like": "a" } }), "unknown operator '%like'"),
        (json!({ "%%user.id": { "$regex": "a" } }), "unknown operator '$regex'"),
        (json!({ "%%user.id": { "%eq": { "%like": 1 } } }), "unknown operator '%like'"),
        (json!({ "%%user.id": { "%exists": 1, "a": 1 } }), "'%exists' takes a boolean"),
        (json!({ "%%user.id": { "%exists": true, "a": 1 } }), "unknown operator 'a'"),
        // Though the first part settles it.
        (json!({ "%or": [true, { "%like": 1 }] }), "unknown operator '%like'"),
        (json!({ "%%user.type": "server", "%like": 1 }), "unknown operator '%like'"),
        (json!({ "%%root.owner": "a" }), "'%%root' has no meaning here"),
        (json!({ "%%user.id": "%%nobody" }), "'%%nobody' has no meaning here"),
        (json!({ "owner": "%%user.id" }), "field 'owner' has no meaning here"),
        (json!({ "%and": true }), "'%and' takes an array"),
        (json!({ "%%user.id": { "%in": "a" } }), "'%in' takes an array"),
        (json!({ "%%user.id": { "%stringToOid": { "a": 1 } } }), "takes a literal or an expansion"),
        (json!(1), "a boolean or an object"),
        (json!([]), "a boolean or an object"),
    ] {
        let error = judged(&expression).expect_err(&expression.to_string()).to_string();
        assert!(error.contains(says), "{expression}: {error}");
    }
    let mut deep = json!(true);
    for _ in 0..60 {
        deep = json!({ "%not": deep });
    }
    assert_eq!(judged(&deep), Err(ExpressionError::TooDeep));
}

fn any_expression() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "%?%?[a-zé.]{0,4}%?%?".prop_map(Value::from),
        Just(Value::from("%%user.id")),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 20, 4, |inner| {
        let key = "%%user.(id|teams)|[%$](and|or|not|eq|in|exists|stringToOid|gt|x)|%%true|[%$é.]{0,3}";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_expression_is_judged_or_refused_and_its_negation_is_the_opposite(expression in any_expression()) {
        let Ok(expression) = Bson::try_from(expression) else { return Ok(()) };
        let negation = Bson::Document(doc! { "%not": expression.clone() });
        let (expansions, budget) = (expansions(), Budget::default());
        let scope = Scope::new(&expansions, &budget);
        match (scope.holds(&expression), scope.holds(&negation)) {
            (Ok(holds), Ok(opposite)) => prop_assert_eq!(holds, !opposite),
            (Err(_), Err(_)) => {}
            (direct, negated) => prop_assert!(false, "{direct:?}, negated {negated:?}"),
        }
    }
}
