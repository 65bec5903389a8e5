//! Custom user data: written through `functions/call`, read there and in the access token, under data rules.

use serde_json::{Value, json};

use crate::support::{Server, User, claims};

const DENIED: Option<&str> = Some("NoMatchingRuleFound");
const DATABASE: Option<&str> = Some("MongoDBError");

impl Server {
    /// The custom data of the user's next token.
    async fn user_data(&self, user: &User) -> Option<Value> {
        let renewed = self.refresh(&user.refresh).await.ok(201);
        claims(renewed["access_token"].as_str().unwrap()).get("user_data").cloned()
    }

    /// Stores a document of the user's, and returns its id.
    async fn insert(&self, user: &User, mut document: Value) -> Value {
        document["user_id"] = json!(user.id);
        let reply = self.custom_data(&user.access, "insertOne", json!({ "document": document })).await;
        reply.ok(200)["insertedId"].clone()
    }

    async fn find(&self, user: &User, query: Value) -> Value {
        self.custom_data(&user.access, "findOne", json!({ "query": query })).await.ok(200)
    }

    async fn update(&self, user: &User, query: Value, update: Value) -> Value {
        let options = json!({ "query": query, "update": update });
        self.custom_data(&user.access, "updateOne", options).await.ok(200)
    }
}

fn counts(matched: i32, modified: i32) -> Value {
    json!({
        "matchedCount": { "$numberInt": matched.to_string() },
        "modifiedCount": { "$numberInt": modified.to_string() },
    })
}

#[tokio::test]
async fn custom_data_is_in_the_next_token() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    assert!(claims(&user.access).get("user_data").is_none());
    assert_eq!(server.user_data(&user).await, None);

    let id = server.insert(&user, json!({ "colour": "green", "n": { "$numberLong": "5" } })).await;
    assert_eq!(id["$oid"].as_str().unwrap().len(), 24);
    let n = json!({ "$numberLong": "5" });
    let expected = json!({ "_id": id, "colour": "green", "n": n, "user_id": user.id });
    assert_eq!(server.user_data(&user).await, Some(expected.clone()));
    // So it is at the next login.
    let login = server.log_in("a@example.com", crate::support::PASSWORD).await.ok(200);
    assert_eq!(claims(login["access_token"].as_str().unwrap())["user_data"], expected);
    // The token with the data in it is as good as any.
    server.profile(login["access_token"].as_str().unwrap()).await.ok(200);

    let deleted = server.custom_data(&user.access, "deleteOne", json!({ "query": {} })).await.ok(200);
    assert_eq!(deleted, json!({ "deletedCount": { "$numberInt": "1" } }));
    assert_eq!(server.user_data(&user).await, None);
}

#[tokio::test]
async fn of_several_documents_the_string_id_wins_and_then_the_first() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let insert = async |document: Value| {
        server.custom_data(&user.access, "insertOne", json!({ "document": document })).await.ok(200);
    };
    insert(json!({ "which": "object id", "user_id": { "$oid": user.id } })).await;
    assert_eq!(server.user_data(&user).await.unwrap()["which"], "object id");
    assert_eq!(server.user_data(&user).await.unwrap()["user_id"], json!({ "$oid": user.id }));
    insert(json!({ "which": "first string", "user_id": user.id })).await;
    insert(json!({ "which": "second string", "user_id": user.id })).await;
    assert_eq!(server.user_data(&user).await.unwrap()["which"], "first string");
}

#[tokio::test]
async fn every_type_survives_and_comes_back_canonical() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    let canonical = json!({
        "_id": { "$numberInt": "7" },
        "int": { "$numberInt": "-1" },
        "long": { "$numberLong": "9223372036854775807" },
        "double": { "$numberDouble": "1.5" },
        "whole": { "$numberDouble": "2.0" },
        "nan": { "$numberDouble": "NaN" },
        "decimal": { "$numberDecimal": "0.10" },
        "date": { "$date": { "$numberLong": "1700000000123" } },
        "early": { "$date": { "$numberLong": "-62135596800000" } },
        "oid": { "$oid": "610d81f929164593aa50e663" },
        "binary": { "$binary": { "base64": "AQI=", "subType": "00" } },
        "text": "ünïcode \u{1f600} \u{0}",
        "nothing": null,
        "flag": true,
        "nested": { "list": [{ "$numberInt": "1" }, ["x"], {}] },
    });
    assert_eq!(server.insert(&user, canonical.clone()).await, json!({ "$numberInt": "7" }));
    let mut expected = canonical;
    expected["user_id"] = json!(user.id);
    assert_eq!(server.find(&user, json!({ "_id": 7.0 })).await, expected);

    let in_token = server.user_data(&user).await.unwrap();
    for (field, relaxed) in [
        ("int", json!(-1)),
        ("long", json!({ "$numberLong": "9223372036854775807" })),
        ("whole", json!(2.0)),
        ("early", json!({ "$date": { "$numberLong": "-62135596800000" } })),
        ("double", json!(1.5)),
        ("date", json!({ "$date": "2023-11-14T22:13:20.123Z" })),
        ("oid", json!({ "$oid": "610d81f929164593aa50e663" })),
        ("nested", json!({ "list": [1, ["x"], {}] })),
    ] {
        assert_eq!(in_token[field], relaxed, "{field}");
    }
}

/// Kind: values taken through a narrower type or a display form. 35 kinds of value: one is edited, and all others are the
/// same bytes at the source and in the token.
#[tokio::test]
async fn an_edit_of_one_field_leaves_every_other_value_as_it_is() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    let text = include_str!("../../src/data/ejson/all_types.json");
    let mut document: Value = serde_json::from_str(text).unwrap();
    document["user_id"] = json!(user.id);
    let bytes = |json: &Value| {
        let document = idmux::data::ejson::parse(json).unwrap();
        let mut document = document.as_document().unwrap().clone();
        document.remove("_id");
        document.to_vec().unwrap()
    };
    server.insert(&user, document.clone()).await;
    assert_eq!(bytes(&server.user_data(&user).await.unwrap()), bytes(&document));
    server.update(&user, json!({}), json!({ "$set": { "i": { "$numberInt": "6" } } })).await;
    document["i"] = json!({ "$numberInt": "6" });
    assert_eq!(bytes(&server.find(&user, json!({})).await), bytes(&document));
    assert_eq!(bytes(&server.user_data(&user).await.unwrap()), bytes(&document));
}

#[tokio::test]
async fn relaxed_bodies_mean_the_same() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    server.insert(&user, json!({ "n": 5, "big": 9_007_199_254_740_993_i64, "d": 0.5 })).await;
    let found = server.find(&user, json!({ "n": { "$numberLong": "5" } })).await;
    assert_eq!(found["n"], json!({ "$numberInt": "5" }));
    assert_eq!(found["big"], json!({ "$numberLong": "9007199254740993" }));
    assert_eq!(found["d"], json!({ "$numberDouble": "0.5" }));
}

#[tokio::test]
async fn find_one_filters_sorts_and_projects() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    for (id, age) in [(1, 30), (2, 50), (3, 40)] {
        server.insert(&user, json!({ "_id": id, "age": age, "name": { "first": "x", "last": "y" } })).await;
    }
    for (options, expected) in [
        (
            json!({ "query": { "age": { "$gt": 35 } }, "project": { "_id": 1 } }),
            json!({ "_id": { "$numberInt": "2" } }),
        ),
        (
            json!({ "query": {}, "sort": { "age": -1 }, "project": { "age": 1, "_id": 0 } }),
            json!({ "age": { "$numberInt": "50" } }),
        ),
        (
            json!({ "sort": { "age": 1 }, "project": { "name.last": 1, "_id": 0 } }),
            json!({ "name": { "last": "y" } }),
        ),
        (json!({ "query": { "age": 99 } }), json!(null)),
        (
            json!({ "query": { "$or": [{ "age": 99 }, { "_id": 3 }] }, "project": { "name": 0, "user_id": 0 } }),
            json!({ "_id": { "$numberInt": "3" }, "age": { "$numberInt": "40" } }),
        ),
    ] {
        let found = server.custom_data(&user.access, "findOne", options.clone()).await.ok(200);
        assert_eq!(found, expected, "{options}");
    }
}

#[tokio::test]
async fn update_one_sets_and_unsets_by_path() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    server.insert(&user, json!({ "_id": 1, "list": [1, 2], "gone": true })).await;
    let own = json!({ "user_id": user.id });
    for (update, expected) in [
        (json!({ "$set": { "address.city": "Oslo", "list.1": 9 } }), counts(1, 1)),
        (json!({ "$set": { "address.city": "Oslo" } }), counts(1, 0)),
        (json!({ "$unset": { "gone": "", "never": "" } }), counts(1, 1)),
        // The same value of another type is a change.
        (json!({ "$set": { "list.1": 9.5 }, "$unset": { "list.0": "" } }), counts(1, 1)),
    ] {
        assert_eq!(server.update(&user, own.clone(), update.clone()).await, expected, "{update}");
    }
    assert_eq!(
        server.user_data(&user).await.unwrap(),
        json!({ "_id": 1, "list": [null, 9.5], "user_id": user.id, "address": { "city": "Oslo" } })
    );
    assert_eq!(server.update(&user, json!({ "_id": 2 }), json!({ "$set": { "a": 1 } })).await, counts(0, 0));
    // Without an operator, the rest is replaced.
    let replacement = json!({ "user_id": user.id, "only": "this" });
    assert_eq!(server.update(&user, own, replacement).await, counts(1, 1));
    assert_eq!(
        server.user_data(&user).await.unwrap(),
        json!({ "_id": 1, "user_id": user.id, "only": "this" })
    );
}

#[tokio::test]
async fn an_upsert_inserts_what_the_filter_and_the_update_say() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    let upsert = async |query: Value, update: Value| {
        let options = json!({ "query": query, "update": update, "upsert": true });
        server.custom_data(&user.access, "updateOne", options).await
    };
    let answer = upsert(json!({ "user_id": user.id }), json!({ "$set": { "theme": "dark" } })).await.ok(200);
    let id = answer["upsertedId"].clone();
    assert_eq!(id["$oid"].as_str().unwrap().len(), 24);
    assert_eq!(answer["matchedCount"], json!({ "$numberInt": "0" }));
    assert_eq!(
        server.user_data(&user).await.unwrap(),
        json!({ "_id": id, "user_id": user.id, "theme": "dark" })
    );
    let again = upsert(json!({ "user_id": user.id }), json!({ "$set": { "theme": "light" } })).await.ok(200);
    assert_eq!(again, counts(1, 1));
    upsert(json!({ "user_id": "somebody else" }), json!({ "$set": { "x": 1 } })).await.refused(
        400,
        DENIED,
        "insert not permitted",
    );
    upsert(json!({ "x": 1 }), json!({ "$set": { "y": 1 } })).await.refused(
        400,
        DENIED,
        "insert not permitted",
    );
    upsert(json!({ "_id": id, "x": 1, "user_id": user.id }), json!({ "$set": { "y": 1 } })).await.refused(
        400,
        DATABASE,
        "Duplicate key error",
    );
}

#[tokio::test]
async fn a_user_reaches_the_own_documents_only() {
    let server = Server::start().await;
    let (owner, other) = (server.anonymous().await, server.anonymous().await);
    server.insert(&owner, json!({ "_id": "secret", "x": 1 })).await;

    for query in
        [json!({}), json!({ "_id": "secret" }), json!({ "user_id": owner.id }), json!({ "x": { "$gt": 0 } })]
    {
        assert_eq!(server.find(&other, query.clone()).await, json!(null), "{query}");
        let change = json!({ "$set": { "x": 2 } });
        assert_eq!(server.update(&other, query.clone(), change).await, counts(0, 0), "{query}");
        let deleted = server.custom_data(&other.access, "deleteOne", json!({ "query": query })).await.ok(200);
        assert_eq!(deleted, json!({ "deletedCount": { "$numberInt": "0" } }));
    }
    for document in [
        json!({ "user_id": owner.id }),
        json!({ "user_id": { "$oid": owner.id } }),
        json!({ "user_id": [other.id] }),
        json!({ "user_id": null }),
        json!({}),
    ] {
        let reply = server.custom_data(&other.access, "insertOne", json!({ "document": document })).await;
        reply.refused(400, DENIED, "insert not permitted");
    }
    assert_eq!(server.user_data(&owner).await.unwrap()["x"], 1);
    assert_eq!(server.user_data(&other).await, None);
}

#[tokio::test]
async fn a_document_keeps_its_owner_and_its_id() {
    let server = Server::start().await;
    let (user, other) = (server.anonymous().await, server.anonymous().await);
    server.insert(&user, json!({ "_id": 1, "x": 1 })).await;
    for (update, code, says) in [
        (json!({ "$set": { "user_id": other.id } }), DENIED, "'user_id' must stay"),
        (json!({ "$set": { "user_id": { "$oid": user.id } } }), DENIED, "'user_id' must stay"),
        (json!({ "$unset": { "user_id": "" } }), DENIED, "'user_id' must stay"),
        (json!({ "x": 2 }), DENIED, "'user_id' must stay"),
        (json!({ "$set": { "_id": 2 } }), DATABASE, "immutable field '_id'"),
        (json!({ "$unset": { "_id": "" } }), DATABASE, "immutable field '_id'"),
        (json!({ "_id": 2, "user_id": user.id }), DATABASE, "immutable field '_id'"),
    ] {
        let options = json!({ "query": {}, "update": update });
        server.custom_data(&user.access, "updateOne", options).await.refused(400, code, says);
    }
    // Setting them to what they are is no change.
    let same = json!({ "$set": { "user_id": user.id, "_id": 1 } });
    assert_eq!(server.update(&user, json!({}), same).await, counts(1, 0));
    assert_eq!(server.user_data(&user).await.unwrap(), json!({ "_id": 1, "x": 1, "user_id": user.id }));
}

#[tokio::test]
async fn an_id_is_taken_once_whatever_the_type_of_the_number() {
    let server = Server::start().await;
    let (user, other) = (server.anonymous().await, server.anonymous().await);
    server.insert(&user, json!({ "_id": 1 })).await;
    for (who, id) in [(&user, json!(1.0)), (&other, json!({ "$numberLong": "1" }))] {
        let document = json!({ "_id": id, "user_id": who.id });
        let reply = server.custom_data(&who.access, "insertOne", json!({ "document": document })).await;
        reply.refused(400, DATABASE, "Duplicate key error");
    }
    let document = json!({ "_id": [1], "user_id": user.id });
    let reply = server.custom_data(&user.access, "insertOne", json!({ "document": document })).await;
    reply.refused(400, DATABASE, "'_id' value cannot be of type array");
}

#[tokio::test]
async fn what_does_not_exist_or_is_not_understood_is_refused() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    let namespace =
        |database: &str, collection: &str| json!([{ "database": database, "collection": collection }]);
    let own = || namespace("app", "custom_user_data");
    let atlas = "mongodb-atlas";
    for (body, status, code, says) in [
        (json!({ "name": "sum", "arguments": [1, 2] }), 404, "FunctionNotFound", "function not found: 'sum'"),
        (
            json!({ "name": "findOne", "service": "other", "arguments": own() }),
            404,
            "ServiceNotFound",
            "service not found: 'other'",
        ),
        (
            json!({ "name": "aggregate", "service": atlas, "arguments": own() }),
            404,
            "ServiceCommandNotFound",
            "aggregate",
        ),
        (
            json!({ "name": "findOne", "service": atlas, "arguments": namespace("app", "orders") }),
            400,
            "NoMatchingRuleFound",
            "no rule exists for namespace 'app.orders'",
        ),
        (
            json!({ "name": "findOne", "service": atlas, "arguments": namespace("db", "custom_user_data") }),
            400,
            "NoMatchingRuleFound",
            "db.custom_user_data",
        ),
        (
            json!({ "name": "findOne", "service": atlas, "arguments": namespace("", "c") }),
            400,
            "InvalidParameter",
            "'database'",
        ),
        (
            json!({ "name": "findOne", "service": atlas, "arguments": [{ "database": "app" }] }),
            400,
            "InvalidParameter",
            "'collection'",
        ),
        (
            json!({ "name": "findOne", "service": atlas, "arguments": [] }),
            400,
            "InvalidParameter",
            "exactly one document",
        ),
        (
            json!({ "name": "findOne", "service": atlas, "arguments": [1] }),
            400,
            "InvalidParameter",
            "exactly one document",
        ),
        (
            json!({ "name": "insertOne", "service": atlas, "arguments": own() }),
            400,
            "MissingParameter",
            "'document'",
        ),
        (
            json!({ "name": "updateOne", "service": atlas, "arguments": own() }),
            400,
            "MissingParameter",
            "'update'",
        ),
        (json!({}), 400, "BadRequest", "invalid function call request"),
        (json!({ "name": 5 }), 400, "BadRequest", "invalid function call request"),
        (json!({ "name": "x", "arguments": {} }), 400, "BadRequest", "invalid function call request"),
        (json!({ "name": "x", "service": 1 }), 400, "BadRequest", "invalid function call request"),
        (
            json!({ "name": "x", "arguments": [{ "$oid": "nonsense" }] }),
            400,
            "BadRequest",
            "invalid function call request",
        ),
        (
            json!({ "name": "x", "arguments": [{ "$numberInt": "3000000000" }] }),
            400,
            "BadRequest",
            "invalid function call request",
        ),
    ] {
        server.call(&user.access, &body).await.refused(status, Some(code), says);
    }
    for (action, options, code, says) in [
        (
            "findOne",
            json!({ "query": { "$where": "1" } }),
            "MongoDBError",
            "unknown top level operator: $where",
        ),
        (
            "findOne",
            json!({ "query": { "a": { "$regex": "x" } } }),
            "MongoDBError",
            "unknown operator: $regex",
        ),
        ("findOne", json!({ "query": 5 }), "InvalidParameter", "'query' must be a document"),
        ("findOne", json!({ "project": { "a": { "$slice": 1 } } }), "MongoDBError", "projection of 'a'"),
        ("findOne", json!({ "sort": { "a": "up" } }), "MongoDBError", "sort direction of 'a'"),
        ("findOne", json!({ "collation": {} }), "InvalidParameter", "'collation'"),
        ("insertOne", json!({ "document": { "$set": 1 } }), "MongoDBError", "'$set'"),
        ("updateOne", json!({ "update": { "$inc": { "a": 1 } } }), "MongoDBError", "Unknown modifier: $inc"),
        ("updateOne", json!({ "update": {} }), "MongoDBError", "empty"),
        (
            "updateOne",
            json!({ "update": { "$set": {} }, "upsert": 1 }),
            "InvalidParameter",
            "'upsert' must be a boolean",
        ),
        (
            "updateOne",
            json!({ "update": { "$set": {} }, "arrayFilters": [] }),
            "InvalidParameter",
            "'arrayFilters'",
        ),
    ] {
        let reply = server.custom_data(&user.access, action, options).await;
        reply.refused(400, Some(code), says);
    }
    let too_big = format!(
        r#"{{"name":"insertOne","service":"{atlas}","arguments":[{{"database":"app","collection":"custom_user_data","document":{{"user_id":"{}","n":9223372036854775808}}}}]}}"#,
        user.id
    );
    let path = server.app_path("/functions/call");
    let request = server.request(reqwest::Method::POST, &path).bearer_auth(&user.access).body(too_big);
    server.send(request).await.refused(400, Some("BadRequest"), "9223372036854775808 does not fit");
    assert_eq!(server.user_data(&user).await, None);
}

#[tokio::test]
async fn a_document_stays_small_enough_for_the_token_that_carries_it() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    let document = |size: usize| json!({ "document": { "user_id": user.id, "x": "x".repeat(size) } });
    let reply = server.custom_data(&user.access, "insertOne", document(128 * 1024)).await;
    reply.refused(400, DATABASE, "travels in the access token");
    server.custom_data(&user.access, "insertOne", document(127 * 1024)).await.ok(200);
    // A token with the largest document still opens every door.
    let renewed = server.refresh(&user.refresh).await.ok(201)["access_token"].as_str().unwrap().to_owned();
    server.profile(&renewed).await.ok(200);
    let grown = json!({ "update": { "$set": { "y": "y".repeat(2000) } } });
    server.custom_data(&renewed, "updateOne", grown).await.refused(
        400,
        DATABASE,
        "travels in the access token",
    );
    server.custom_data(&renewed, "deleteOne", json!({})).await.ok(200);
}

#[tokio::test]
async fn nesting_is_limited_also_in_small_steps() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    server.insert(&user, json!({})).await;
    let deep = vec!["a"; 99].join(".");
    let set = async |path: &str, value: Value| {
        let options = json!({ "update": { "$set": { path: value } } });
        server.custom_data(&user.access, "updateOne", options).await
    };
    // Each `{}` is a level: this makes the hundredth.
    set(&deep, json!({ "b": {} })).await.ok(200);
    set(&format!("{deep}.b"), json!({ "c": {} })).await.refused(400, DATABASE, "100 levels of nesting");
    set(&format!("{deep}.b.c"), json!(1)).await.refused(400, DATABASE, "at most 100 segments");
    set(&format!("{deep}.b"), json!({ "c": 1 })).await.ok(200);
    server.user_data(&user).await.unwrap();
}

#[tokio::test]
async fn documents_outlive_their_user() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path()).await;
    let user = server.anonymous().await;
    server.insert(&user, json!({ "x": 1 })).await;
    server.delete(&user.access).await.empty(204);
    let database = rusqlite::Connection::open(folder.path().join("shop-abcde.db")).unwrap();
    let left: i64 = database.query_row("SELECT count(*) FROM documents", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn simultaneous_updates_all_land() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    server.insert(&user, json!({})).await;
    let updates = (0..20).map(|i| {
        let field = format!("f{i}");
        let user = &user;
        let server = &server;
        async move { server.update(user, json!({}), json!({ "$set": { field: i } })).await }
    });
    for answer in futures_util::future::join_all(updates).await {
        assert_eq!(answer, counts(1, 1));
    }
    assert_eq!(server.user_data(&user).await.unwrap().as_object().unwrap().len(), 22);
}
