//! Data rules of an exported folder, as users of the server meet them, and what is said about rules at the start.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Client, Process, Server, User};

const PLACE: &str = "data_sources/mongodb-atlas/app/custom_user_data/rules.json";

fn write(folder: &Path, file: &str, content: &Value) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content.to_string()).unwrap();
}

/// A folder as it is exported, with these files.
fn exported(files: &[(&str, Value)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let custom_data = json!({
        "enabled": true, "mongo_service_name": "mongodb-atlas", "database_name": "app",
        "collection_name": "custom_user_data", "user_id_field": "user_id",
    });
    let usual = [
        ("root_config.json", json!({ "config_version": 20_210_101, "app_id": "shop-abcde", "name": "shop" })),
        (
            "auth/providers.json",
            json!({ "anon-user": { "name": "anon-user", "type": "anon-user", "disabled": false } }),
        ),
        ("auth/custom_user_data.json", custom_data),
        (
            "data_sources/mongodb-atlas/config.json",
            json!({ "name": "mongodb-atlas", "type": "mongodb-atlas", "config": {} }),
        ),
    ];
    for (file, content) in usual.iter().chain(files) {
        write(folder.path(), file, content);
    }
    folder
}

async fn serve(folder: &Path) -> Server {
    Server::start_options(|options| options.app_folder = Some(folder.to_owned())).await
}

async fn act(client: &Client, user: &User, action: &str, options: Value) -> Result<Value, String> {
    let reply = client.custom_data(&user.access, action, options).await;
    if reply.status == 200 {
        return Ok(reply.json());
    }
    assert_eq!((reply.status.as_u16(), &reply.json()["error_code"]), (400, &json!("NoMatchingRuleFound")));
    Err(reply.json()["error"].as_str().unwrap().to_owned())
}

/// Kind: rules opened wider than the export. Nobody gives himself a role that the rules keep from him.
#[tokio::test]
async fn a_user_writes_only_what_the_export_allows() {
    let rules = json!({ "database": "app", "collection": "custom_user_data", "filters": [], "roles": [{
        "name": "owner", "apply_when": { "user_id": "%%user.id" }, "insert": true, "delete": false,
        "fields": { "_id": { "read": true, "write": { "%%prev": { "%exists": false } } },
                    "user_id": { "read": true, "write": { "%%prev": { "%exists": false } } },
                    "name": { "read": true, "write": true }, "role": { "read": true, "write": false } },
    }]});
    let folder = exported(&[(PLACE, rules)]);
    let server = serve(folder.path()).await;
    let user = server.anonymous().await;
    let insert = async |more: Value| {
        let mut document = json!({ "user_id": user.id });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        act(&server, &user, "insertOne", json!({ "document": document })).await
    };
    insert(json!({ "role": "admin" })).await.unwrap_err();
    insert(json!({ "name": "Ann" })).await.unwrap();
    let set = async |change: Value| act(&server, &user, "updateOne", json!({ "update": change })).await;
    for refused in [
        json!({ "$set": { "role": "admin" } }),
        json!({ "$set": { "name": "Bob", "role": "admin" } }),
        json!({ "$set": { "other": 1 } }),
        json!({ "$unset": { "user_id": "" } }),
        json!({ "user_id": user.id, "role": "admin" }),
    ] {
        set(refused.clone()).await.expect_err(&refused.to_string());
    }
    act(&server, &user, "deleteOne", json!({ "query": {} })).await.unwrap_err();
    assert_eq!(set(json!({ "$set": { "name": "Bob" } })).await.unwrap()["modifiedCount"]["$numberInt"], "1");
    let found = act(&server, &user, "findOne", json!({ "project": { "_id": 0 } })).await.unwrap();
    assert_eq!(found, json!({ "user_id": user.id, "name": "Bob" }));
}

#[tokio::test]
async fn an_export_that_forbids_writing_is_served_so_and_one_without_a_rule_opens_nothing() {
    let reader = json!({ "name": "reader", "apply_when": {}, "read": true, "write": false, "insert": false,
                         "delete": false, "search": true });
    for (files, is_answered) in [
        (
            vec![(PLACE, json!({ "database": "app", "collection": "custom_user_data", "roles": [reader] }))],
            true,
        ),
        (
            vec![(
                "data_sources/mongodb-atlas/default_rule.json",
                json!({ "roles": [reader], "filters": [] }),
            )],
            true,
        ),
        (vec![("data_sources/mongodb-atlas/default_rule.json", json!({ "roles": [], "filters": [] }))], true),
        (vec![], false),
    ] {
        let folder = exported(&files);
        let server = serve(folder.path()).await;
        let user = server.anonymous().await;
        let document = json!({ "document": { "user_id": user.id, "role": "admin" } });
        act(&server, &user, "insertOne", document).await.unwrap_err();
        let upsert = json!({ "query": { "user_id": user.id }, "update": { "$set": { "role": "admin" } }, "upsert": true });
        act(&server, &user, "updateOne", upsert).await.unwrap_err();
        assert_eq!(act(&server, &user, "findOne", json!({})).await.is_ok(), is_answered, "{files:?}");
    }
}

/// Kind: a rule that cannot be judged is found at the call. File, function or role, and expression are on standard error
/// when the App starts.
#[tokio::test]
async fn every_rule_that_cannot_be_judged_is_named_at_the_start_and_allows_nothing() {
    let functions = json!([
        { "name": "isAdmin", "private": true },
        { "name": "act", "can_evaluate": { "%%true": { "%function": { "name": "isAdmin", "arguments": ["%%user.id"] } } } },
        { "name": "act2", "can_evaluate": { "%%user.data.email": { "$regex": "@example.com$" } } },
        { "name": "act3", "can_evaluate": {}, "run_as_user_id_script_source": "exports = () => '1'" },
        { "name": "fine", "can_evaluate": { "%%user.type": "normal" } },
    ]);
    let rules = json!({ "database": "app", "collection": "custom_user_data", "roles": [
        { "name": "staff", "apply_when": { "%%true": { "%function": { "name": "isAdmin" } } }, "write": true },
        { "name": "all", "apply_when": {}, "read": true, "write": true, "insert": true },
    ]});
    let folder = exported(&[("functions/config.json", functions), (PLACE, rules)]);
    for name in ["isAdmin", "act", "act2", "act3", "fine"] {
        fs::write(folder.path().join(format!("functions/{name}.js")), "exports = () => 7;").unwrap();
    }
    let home = tempfile::tempdir().unwrap();
    let (errors, standard_error) = (home.path().join("errors"), home.path().join("errors"));
    let mut command = Process::command(&[
        "--listen",
        "127.0.0.1:0",
        "--ephemeral",
        "--app",
        folder.path().to_str().unwrap(),
    ]);
    command.stderr(fs::File::create(standard_error).unwrap());
    let process = Process::spawn_with(command);
    let said = fs::read_to_string(errors).unwrap();
    for (words, rest) in [
        ("functions/config.json", ["[1].can_evaluate", "'act'", "%function", "isAdmin"]),
        ("functions/config.json", ["[2].can_evaluate", "'act2'", "$regex", "@example.com$"]),
        ("functions/config.json", ["[3].run_as_user_id_script_source", "", "", ""]),
        (PLACE, ["roles[0].apply_when", "'staff'", "%function", "allows nothing"]),
    ] {
        let is_it = |line: &&str| line.contains(words) && rest.iter().all(|word| line.contains(word));
        assert!(said.lines().any(|line| is_it(&line)), "{words} {rest:?} is not in\n{said}");
    }
    let client = process.client();
    let user = client.anonymous().await;
    for name in ["act", "act2", "act3"] {
        let reply = client.call(&user.access, &json!({ "name": name, "arguments": [] })).await;
        reply.refused(400, Some("FunctionExecutionError"), "rule not matched");
    }
    client.call(&user.access, &json!({ "name": "fine", "arguments": [] })).await.ok(200);
    let document = json!({ "document": { "user_id": user.id } });
    act(&client, &user, "insertOne", document).await.unwrap_err();
}
