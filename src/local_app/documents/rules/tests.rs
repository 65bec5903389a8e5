use bson::{bson, doc};
use serde_json::{Value, json};

use super::*;
use crate::local_app::config::AppFiles;

#[test]
fn nesting_is_counted_to_the_level() {
    let mut value = Bson::Int32(1);
    for _ in 0..DEEPEST {
        value = Bson::Array(vec![value]);
    }
    assert!(!deeper_than(DEEPEST, &value));
    assert!(deeper_than(DEEPEST, &Bson::Document(doc! { "a": value })));
}

const PLACE: &str = "data_sources/mongodb-atlas/app/custom_user_data";

/// An App with these rules, and what the report says.
fn app(files: &[(&str, Value)]) -> (AppConfig, Vec<String>) {
    let mut all = AppFiles::of(&AppConfig::default());
    for (path, content) in files {
        all.insert(*path, content.to_string());
    }
    let (config, report) = AppConfig::from_files(&all).unwrap();
    (config, report.iter().map(ToString::to_string).collect())
}

fn with_role(role: Value) -> (AppConfig, Vec<String>) {
    let rules =
        json!({ "database": "app", "collection": "custom_user_data", "roles": [role], "filters": [] });
    app(&[(&format!("{PLACE}/rules.json"), rules)])
}

/// What `judge` says of the own documents of user `u`, who is an admin by custom data if `admin`.
fn judge<T>(config: &AppConfig, admin: bool, judge: impl FnOnce(&Rules<'_>) -> T) -> Result<T, Failure> {
    let namespace = Namespace { database: "app".to_owned(), collection: "custom_user_data".to_owned() };
    let expansions = doc! { "user": { "id": "u", "custom_data": { "admin": admin } }, "values": {} };
    let budget = Budget::default();
    Rules::of(config, &namespace, "u", &expansions, &budget).map(|rules| judge(&rules))
}

fn may(config: &AppConfig, admin: bool, before: Option<Document>, after: Document) -> bool {
    let judged = judge(config, admin, |rules| match &before {
        Some(before) => rules.check_update(before, &after).is_ok(),
        None => rules.check_insert(&after).is_ok(),
    });
    judged.unwrap_or(false)
}

fn read(config: &AppConfig, document: Document) -> Option<Document> {
    judge(config, false, |rules| rules.readable(document, &Budget::default()).unwrap()).ok().flatten()
}

fn own(more: Document) -> Document {
    let mut document = doc! { "_id": 1, "user_id": "u" };
    document.extend(more);
    document
}

/// Kind: rules opened wider than the export.
#[test]
fn an_own_document_is_no_wider_open_than_its_role_says() {
    let (config, report) = with_role(json!({
        "name": "reader", "apply_when": {}, "read": true, "write": false, "insert": false, "delete": false,
    }));
    assert!(report.is_empty(), "{report:?}");
    assert_eq!(read(&config, own(doc! { "role": "user" })), Some(own(doc! { "role": "user" })));
    assert!(!may(&config, false, None, own(doc! {})));
    assert!(!may(&config, false, Some(own(doc! {})), own(doc! { "role": "admin" })));
    assert!(judge(&config, false, |rules| rules.check_delete(&own(doc! {})).is_err()).unwrap());
}

#[test]
fn fields_are_read_and_written_as_their_rules_say() {
    let (config, report) = with_role(json!({
        "name": "owner", "apply_when": { "user_id": "%%user.id" }, "insert": true, "delete": true,
        "fields": {
            "name": { "read": true, "write": true },
            "role": { "read": true, "write": false },
            "address": { "fields": { "city": { "write": true }, "code": { "read": true } } },
            "seats": { "write": { "%%this": { "%lte": 5 } } },
        },
    }));
    assert!(report.is_empty(), "{report:?}");
    let document =
        own(doc! { "name": "Ann", "role": "user", "address": { "city": "Bern", "code": 1, "x": 2 }, "y": 3 });
    assert_eq!(
        read(&config, document.clone()),
        Some(doc! { "name": "Ann", "role": "user", "address": { "city": "Bern", "code": 1 } })
    );
    for (field, value, allowed) in [
        ("name", bson!("Bob"), true),
        ("role", bson!("admin"), false),
        ("address", bson!({ "city": "Rome", "code": 1, "x": 2 }), true),
        ("address", bson!({ "city": "Bern", "code": 2, "x": 2 }), false),
        ("address", bson!("Bern"), false),
        ("y", bson!(4), false),
        ("new", bson!(4), false),
        ("seats", bson!(5), true),
        ("seats", bson!(6), false),
    ] {
        let mut after = document.clone();
        after.insert(field, value.clone());
        assert_eq!(may(&config, false, Some(document.clone()), after), allowed, "{field}: {value}");
    }
    let mut without_role = document.clone();
    without_role.remove("role");
    assert!(!may(&config, false, Some(document.clone()), without_role), "a field is taken away");
    // Deleting takes away what may not be written.
    assert!(judge(&config, false, |rules| rules.check_delete(&document).is_err()).unwrap());
}

#[test]
fn the_first_role_that_applies_counts_and_no_other() {
    let rules = json!({ "database": "app", "collection": "custom_user_data", "roles": [
        { "name": "locked", "apply_when": { "locked": true }, "read": true, "write": false },
        { "name": "admin", "apply_when": { "%%user.custom_data.admin": true }, "write": true },
        { "name": "new", "apply_when": {}, "insert": true, "write": { "%%prevRoot": { "%exists": false } } },
    ]});
    let (config, _) = app(&[(&format!("{PLACE}/rules.json"), rules)]);
    assert!(may(&config, false, None, own(doc! {})));
    assert!(!may(&config, false, Some(own(doc! {})), own(doc! { "a": 1 })), "it is no longer new");
    assert!(may(&config, true, Some(own(doc! {})), own(doc! { "a": 1 })));
    assert!(!may(&config, true, Some(own(doc! { "locked": true })), own(doc! {})));
}

#[test]
fn document_filters_narrow_a_role() {
    let (config, _) = with_role(json!({
        "name": "owner", "apply_when": {}, "read": true, "write": true, "insert": true, "delete": true,
        "document_filters": { "read": { "open": true }, "write": { "open": true, "done": { "%ne": true } } },
    }));
    assert!(read(&config, own(doc! { "open": true })).is_some());
    assert!(read(&config, own(doc! { "open": false })).is_none());
    assert!(may(&config, false, Some(own(doc! { "open": true })), own(doc! { "open": true, "a": 1 })));
    assert!(!may(&config, false, Some(own(doc! { "open": true })), own(doc! { "open": true, "done": true })));
}

/// Kind: a rule that cannot be judged is passed over, and whoever wrote it hears of it at the call or never.
#[test]
fn what_cannot_be_judged_allows_nothing_and_is_named() {
    let everything = json!({ "name": "all", "apply_when": {}, "read": true, "write": true, "insert": true });
    let call = json!({ "%%true": { "%function": { "name": "isAdmin" } } });
    for (role, says) in [
        (
            json!({ "name": "odd", "apply_when": call.clone(), "write": true }),
            "roles[0].apply_when of the role 'odd'",
        ),
        (
            json!({ "name": "odd", "apply_when": {}, "read": call.clone(), "write": call.clone() }),
            "roles[0].write",
        ),
        (
            json!({ "name": "odd", "apply_when": {}, "write": { "a": { "$regex": "x" } } }),
            "unknown operator '$regex'",
        ),
        (
            json!({ "name": "odd", "apply_when": {}, "write": true, "deny_when": {} }),
            "roles[0].deny_when is not known",
        ),
    ] {
        let rules = json!({ "database": "app", "collection": "custom_user_data", "roles": [role, everything.clone()] });
        let (config, report) = app(&[(&format!("{PLACE}/rules.json"), rules)]);
        assert!(report.iter().any(|line| line.contains(says)), "{says}: {report:?}");
        assert!(!may(&config, true, None, own(doc! {})), "{says}");
        assert_eq!(read(&config, own(doc! {})), None, "{says}");
    }
}

#[test]
fn filters_narrow_what_is_found_and_what_is_shown() {
    let rules = json!({
        "database": "app", "collection": "custom_user_data",
        "roles": [{ "name": "all", "apply_when": {}, "read": true, "write": true, "insert": true }],
        "filters": [
            { "name": "team", "apply_when": {}, "query": { "team": "%%user.custom_data.team" } },
            { "name": "short", "apply_when": { "%%user.id": "u" }, "query": {}, "projection": { "secret": 0 } },
            { "name": "no", "apply_when": { "%%user.id": "other" }, "query": { "nobody": true } },
        ],
    });
    let (config, report) = app(&[(&format!("{PLACE}/rules.json"), rules)]);
    assert!(report.is_empty(), "{report:?}");
    let found = |team: Option<&str>| {
        let namespace = Namespace { database: "app".to_owned(), collection: "custom_user_data".to_owned() };
        let custom_data = team.map_or_else(Document::new, |team| doc! { "team": team });
        let expansions = doc! { "user": { "id": "u", "custom_data": custom_data } };
        let budget = Budget::default();
        let rules = Rules::of(&config, &namespace, "u", &expansions, &budget).unwrap();
        rules.lets_find(&own(doc! { "team": "red" }), &budget).unwrap()
    };
    assert!(found(Some("red")) && !found(Some("blue")) && !found(None));
    assert_eq!(read(&config, own(doc! { "secret": 1, "a": 1 })), Some(own(doc! { "a": 1 })));

    let odd = json!({ "roles": [], "filters": [{ "name": "odd", "query": { "a": { "$regex": "x" } } }],
                      "database": "app", "collection": "custom_user_data" });
    let role = json!({ "name": "all", "apply_when": {}, "read": true });
    let mut odd = odd;
    odd["roles"] = json!([role]);
    let (config, report) = app(&[(&format!("{PLACE}/rules.json"), odd)]);
    assert!(report.iter().any(|line| line.contains("filter 'odd' cannot be judged")), "{report:?}");
    assert_eq!(read(&config, own(doc! {})), None);
}

#[test]
fn rules_are_found_in_every_layout_and_where_there_are_none_nobody_reaches_anything() {
    let open = json!({ "name": "all", "apply_when": {}, "read": true });
    let of =
        |database: &str| json!({ "database": database, "collection": "custom_user_data", "roles": [open] });
    let source = ("data_sources/mongodb-atlas/config.json", json!({ "name": "mongodb-atlas" }));
    for (files, readable) in [
        (vec![(format!("{PLACE}/rules.json"), of("app"))], true),
        (vec![("services/mongodb-atlas/rules/app.custom_user_data.json".to_owned(), of("app"))], true),
        (vec![("data_sources/mongodb-atlas/default_rule.json".to_owned(), json!({ "roles": [open] }))], true),
        // Folders may be called otherwise than what is in them.
        (vec![("data_sources/mongodb-atlas/a/b/rules.json".to_owned(), of("app"))], true),
        (vec![], false),
        (
            vec![("data_sources/mongodb-atlas/app/orders/rules.json".to_owned(), json!({ "roles": [open] }))],
            false,
        ),
        (vec![("data_sources/other/default_rule.json".to_owned(), json!({ "roles": [open] }))], false),
        (
            vec![(
                "services/mongodb-atlas/rules/old.json".to_owned(),
                json!({ "namespace": "app.custom_user_data", "read": {}, "write": {} }),
            )],
            false,
        ),
        // Two files about one collection: neither can be said to be the one.
        (
            vec![
                (format!("{PLACE}/rules.json"), of("app")),
                ("data_sources/mongodb-atlas/a/b/rules.json".to_owned(), of("app")),
            ],
            false,
        ),
        (
            vec![
                (
                    format!("{PLACE}/rules.json"),
                    json!({ "database": "app", "collection": "custom_user_data" }),
                ),
                ("data_sources/mongodb-atlas/default_rule.json".to_owned(), json!({ "roles": [] })),
            ],
            false,
        ),
    ] {
        let mut all: Vec<(&str, Value)> =
            files.iter().map(|(path, content)| (path.as_str(), content.clone())).collect();
        all.push(source.clone());
        let (config, report) = app(&all);
        assert_eq!(read(&config, own(doc! {})).is_some(), readable, "{files:?}: {report:?}");
    }
    let (_, report) = app(&[source]);
    assert!(
        report.iter().any(|line| line.starts_with("auth/custom_user_data.json: no rule of")),
        "{report:?}"
    );
    // A folder without data sources says nothing about data.
    let (config, _) = app(&[]);
    assert!(may(&config, false, None, own(doc! {})));
}

#[test]
fn a_schema_is_held_to_and_one_that_is_not_understood_lets_nothing_in() {
    let rules = json!({ "database": "app", "collection": "custom_user_data",
                        "roles": [{ "name": "all", "apply_when": {}, "read": true, "write": true, "insert": true }] });
    let rules = (format!("{PLACE}/rules.json"), rules);
    let schema = |schema: Value| {
        app(&[(rules.0.as_str(), rules.1.clone()), (&format!("{PLACE}/schema.json"), schema)])
    };
    let (config, report) =
        schema(json!({ "bsonType": "object", "properties": { "plan": { "enum": ["free"] } } }));
    assert!(report.is_empty(), "{report:?}");
    assert!(may(&config, false, None, own(doc! { "plan": "free" })));
    assert!(!may(&config, false, None, own(doc! { "plan": "gold" })));
    let (config, report) = schema(json!({ "properties": { "plan": { "pattern": "^f" } } }));
    assert!(report.iter().any(|line| line.contains("schema.json") && line.contains("pattern")), "{report:?}");
    assert!(!may(&config, false, None, own(doc! { "plan": "free" })));
}
