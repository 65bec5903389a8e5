//! Any value, on the whole way: a client writes it, an App keeps it, brings it back from a snapshot, and hands it out.

use std::sync::atomic::{AtomicUsize, Ordering};

use bson::{Bson, Document};
// What the strategies below are written against.
use idmux::data::ejson::parse;
use idmux::data::{DataChange, DataEdit, EditBase, FieldPath};
use idmux::session::{self, CustomDataChange, EventKind};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use secrecy::ExposeSecret;

use super::harness::{Worker, any_local_app};

#[path = "../../src/data/ejson/any.rs"]
#[allow(dead_code)]
mod any;

/// The options of regular expressions stand in alphabetical order wherever BSON is stored (its specification, "Regular
/// expression").
fn as_stored(value: Bson) -> Bson {
    let document = |document: Document| -> Document {
        document.into_iter().map(|(name, value)| (name, as_stored(value))).collect()
    };
    match value {
        Bson::RegularExpression(mut regex) => {
            let mut options: Vec<_> = regex.options.as_str().chars().collect();
            options.sort_unstable();
            regex.options = options.into_iter().collect::<String>().try_into().unwrap();
            Bson::RegularExpression(regex)
        }
        Bson::Document(inner) => Bson::Document(document(inner)),
        Bson::Array(items) => Bson::Array(items.into_iter().map(as_stored).collect()),
        Bson::JavaScriptCodeWithScope(mut code) => {
            code.scope = document(code.scope);
            Bson::JavaScriptCodeWithScope(code)
        }
        other => other,
    }
}

/// Kind: values changed that nobody edited. Names, types and bits are the same behind every door.
#[test]
fn any_value_survives_client_app_and_snapshot_unchanged() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (server, worker, user) = runtime.block_on(async {
        let server = any_local_app().await;
        let mut worker = Worker::with_app(server.base_url()).await;
        let user = worker.register("ada@example.com").await;
        (server, worker, user)
    });
    let worker = tokio::sync::Mutex::new(worker);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let control = async |method: Method, path: &str, body: serde_json::Value| {
        let url = server.base_url().join(&format!("api/control/v1/snapshots{path}")).unwrap();
        let token = server.control_token().expose_secret();
        let answer = http.request(method, url).bearer_auth(token).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    };
    let read = async |worker: &mut Worker| -> Document {
        let event = worker.ask(session::ReadCustomData { user: user.clone() }).await;
        let Some(session::CustomDataRead(Some(document))) = event.kind.outcome() else { panic!("{event:?}") };
        document.clone()
    };
    let write = async |worker: &mut Worker, value: &Bson| {
        let path = FieldPath::parse("value").unwrap();
        let command = session::SetCustomData { user: user.clone(), path, value: Some(value.clone()) };
        worker.ask(command).await.kind
    };
    let round = AtomicUsize::new(0);
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let values =
        prop_oneof![any::any_bson(), any::any_document().prop_map(Bson::Document)].prop_map(as_stored);
    let ran = runner.run(&values, |value| {
        runtime.block_on(async {
            let worker = &mut *worker.lock().await;
            match write(worker, &value).await {
                // A name that the server refuses is refused whole, and by name.
                EventKind::Failed(failure) => {
                    prop_assert!(!failure.message.is_empty());
                    return Err(TestCaseError::reject("not taken"));
                }
                kind => assert!(matches!(kind.outcome(), Some(CustomDataChange::Set(_))), "{kind:?}"),
            }
            let stored = read(worker).await;
            prop_assert_eq!(any::bytes(stored.get("value").unwrap()), any::bytes(&value));

            let name = format!("/s{}", round.fetch_add(1, Ordering::Relaxed));
            control(Method::POST, "", serde_json::json!({ "name": &name[1..] })).await;
            write(worker, &Bson::Int32(0)).await;
            control(Method::POST, &format!("{name}/restore"), serde_json::Value::Null).await;
            let restored = read(worker).await;
            prop_assert_eq!(restored.to_vec().unwrap(), stored.to_vec().unwrap());
            control(Method::DELETE, &name, serde_json::Value::Null).await;

            // Another field is edited: this one is what it was.
            let edit = DataEdit {
                changes: vec![DataChange {
                    path: FieldPath::parse("beside").unwrap(),
                    before: stored.get("beside").cloned(),
                    after: Some(Bson::String(name)),
                }],
                base: EditBase::Fields,
            };
            worker.ask(session::EditCustomData { user: user.clone(), edit }).await;
            let edited = read(worker).await;
            prop_assert_eq!(any::bytes(edited.get("value").unwrap()), any::bytes(&value));
            Ok(())
        })
    });
    ran.unwrap();
}
