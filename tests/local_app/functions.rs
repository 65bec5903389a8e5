//! Functions: called by clients, as an authentication provider, and before a user is stored (sections 3.6, 7, 8.1 and 11.5
//! of the protocol document).

use std::time::Duration;

use idmux::local_app::config::{AppConfig, CustomFunction, Function, FunctionRules, Offer};
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Reply, Server, User};

const PROVIDER: &str = "custom-function";

/// An App with these functions, of which `authenticate` says who somebody is.
fn config(functions: &[(&str, &str)]) -> AppConfig {
    let mut config = AppConfig::default();
    for (name, source) in functions {
        config.functions.insert((*name).to_owned(), Function::new(*source));
    }
    config.providers.custom_function = Offer::Enabled(CustomFunction { function: "authenticate".to_owned() });
    config
}

async fn server(config: AppConfig) -> Server {
    Server::start_options(|options| options.config = config).await
}

async fn call(client: &Client, user: &User, name: &str, arguments: Value) -> Reply {
    client.call(&user.access, &json!({ "name": name, "arguments": arguments })).await
}

async fn log_in(client: &Client, payload: &Value) -> Reply {
    client.post(&format!("/auth/providers/{PROVIDER}/login"), payload).await
}

#[tokio::test]
async fn a_call_takes_either_form_of_extended_json_and_answers_in_the_canonical_one() {
    let server = server(config(&[
        ("sum", "exports = (a, b) => a + b"),
        ("echo", "exports = async (...all) => all"),
        ("pi", "exports = () => ({ pi: 3.14159, at: new Date(5), id: BSON.ObjectId('0123456789abcdef01234567') })"),
        ("nothing", "exports = function () {}"),
        ("null", "exports = () => null"),
        ("text", "exports = () => JSON.stringify({ a: 1 })"),
    ]))
    .await;
    let user = server.anonymous().await;
    let five = json!({ "$numberInt": "5" });
    for (name, arguments, expected) in [
        ("sum", json!([{ "$numberInt": "2" }, { "$numberInt": "3" }]), five.clone()),
        ("sum", json!([2, 3]), five),
        (
            "echo",
            json!([{ "a": [{ "$numberLong": "9007199254740993" }] }, { "$date": { "$numberLong": "0" } }, null]),
            json!([{ "a": [{ "$numberLong": "9007199254740993" }] }, { "$date": { "$numberLong": "0" } }, null]),
        ),
        (
            "pi",
            json!([]),
            json!({
                "pi": { "$numberDouble": "3.14159" }, "at": { "$date": { "$numberLong": "5" } },
                "id": { "$oid": "0123456789abcdef01234567" },
            }),
        ),
        ("nothing", json!(null), json!({ "$undefined": true })),
        ("null", json!([]), json!(null)),
        ("text", json!([]), json!("{\"a\":1}")),
    ] {
        assert_eq!(
            call(&server, &user, name, arguments.clone()).await.ok(200),
            expected,
            "{name} {arguments}"
        );
    }
}

#[tokio::test]
async fn a_function_that_fails_is_told_as_clients_read_it() {
    let mut config = config(&[
        ("throws", "exports = () => { throw new TypeError('boom'); }"),
        ("rejects", "exports = async () => { throw 'boom'; }"),
        ("broken", "exports = ("),
        ("data", "exports = () => context.services.get('mongodb-atlas').db('app')"),
        ("loops", "exports = () => { while (true) {} }"),
        ("hoards", "exports = () => { const all = []; while (true) all.push(new Uint8Array(1e7)); }"),
    ]);
    config.settings.function_time_limit = Some(Duration::from_secs(2));
    let server = server(config).await;
    let user = server.anonymous().await;
    for (name, status, code, says) in [
        ("throws", 400, "FunctionExecutionError", r#"{"message":"boom","name":"TypeError"}"#),
        ("rejects", 400, "FunctionExecutionError", r#"{"message":"boom","name":"Error"}"#),
        ("broken", 400, "FunctionExecutionError", "SyntaxError"),
        ("data", 400, "FunctionExecutionError", "this local App does not have it yet"),
        ("loops", 400, "ExecutionTimeLimitExceeded", "time limit"),
        ("hoards", 400, "ExecutionMemoryLimitExceeded", "memory limit"),
        ("nobody", 404, "FunctionNotFound", "function not found: 'nobody'"),
    ] {
        call(&server, &user, name, json!([])).await.refused(status, Some(code), says);
    }
    let path = server.app_path("/functions/call");
    let body = json!({ "name": "throws" }).to_string();
    let request = server.request(reqwest::Method::POST, &path).body(body);
    server.send(request).await.refused(401, None, "unauthorized");
}

/// Kind: code that nothing in the engine interrupts. It holds a turn and a core for its time and no longer, and nobody else
/// waits for it: neither other users nor log-ins that need a function.
#[tokio::test]
async fn native_loops_of_one_user_hold_up_nobody() {
    let mut config = config(&[
        ("stuck", "exports = () => Array.prototype.reverse.call({ length: 2 ** 53 - 1 })"),
        ("one", "exports = () => 1"),
        ("authenticate", "exports = (payload) => payload.who"),
    ]);
    config.settings.function_time_limit = Some(Duration::from_secs(3));
    let server = server(config).await;
    let (runaway, other) = (server.anonymous().await, server.anonymous().await);
    let mut stuck = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (client, user) = (server.client.clone(), runaway.clone());
        stuck.spawn(async move { call(&client, &user, "stuck", json!([])).await });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let in_the_meantime = async {
        assert_eq!(call(&server, &other, "one", json!([])).await.ok(200), json!({ "$numberInt": "1" }));
        log_in(&server, &json!({ "who": "ada" })).await.ok(200);
    };
    tokio::select! {
        () = in_the_meantime => {}
        first = stuck.join_next() => panic!("the others waited for {first:?}"),
    }
    for reply in stuck.join_all().await {
        let code = reply.json()["error_code"].clone();
        // The last ones had no turn within the time that a call has.
        assert!(code == "ExecutionTimeLimitExceeded" || code == "InternalServerError", "{reply:?}");
    }
    assert_eq!(call(&server, &runaway, "one", json!([])).await.ok(200), json!({ "$numberInt": "1" }));
}

/// Kind: an answer that hides what has to be done. There is no other way to run functions than a program.
#[tokio::test]
async fn a_server_without_a_program_for_functions_says_so() {
    let nothing = std::path::PathBuf::from("/nonexistent/idmux");
    let config = config(&[("one", "exports = () => 1")]);
    let server = Server::start_options(|options| {
        options.config = config;
        options.function_worker = Some(nothing);
    })
    .await;
    let user = server.anonymous().await;
    let reply = call(&server, &user, "one", json!([])).await;
    reply.refused(
        500,
        Some("InternalServerError"),
        "this server cannot run functions; its own output says why",
    );
}

#[tokio::test]
async fn rules_say_who_may_call_a_function_and_as_whom_it_runs() {
    let mut config = config(&[("open", "exports = () => context.functions.execute('private')")]);
    let source = "exports = () => [context.runningAsSystem(), context.user.id]";
    let rule =
        |expression: Value| FunctionRules { can_evaluate: Some(expression), ..FunctionRules::default() };
    for (name, rules) in [
        ("private", FunctionRules { private: true, ..FunctionRules::default() }),
        ("registered", rule(json!({ "%%user.identities.providerType": "local-userpass" }))),
        ("odd", rule(json!({ "%%user.id": { "%like": "a" } }))),
        ("never", rule(json!(false))),
        (
            "system",
            FunctionRules {
                run_as_system: true,
                run_as_user_id: Some("nobody".to_owned()),
                ..rule(json!({}))
            },
        ),
        (
            "as nobody",
            FunctionRules { run_as_user_id: Some("nobody".to_owned()), ..FunctionRules::default() },
        ),
    ] {
        config.functions.insert(name.to_owned(), Function { source: source.to_owned(), rules });
    }
    let server = server(config).await;
    let (anonymous, registered) = (server.anonymous().await, server.user("a@example.com").await);

    let as_caller = |user: &User| json!([false, user.id]);
    assert_eq!(call(&server, &anonymous, "open", json!([])).await.ok(200), as_caller(&anonymous));
    assert_eq!(call(&server, &registered, "registered", json!([])).await.ok(200), as_caller(&registered));
    assert_eq!(call(&server, &anonymous, "system", json!([])).await.ok(200), json!([true, anonymous.id]));

    for (name, status, code, says) in [
        ("private", 404, "FunctionNotFound", "function not found: 'private'"),
        ("registered", 400, "FunctionExecutionError", "rule not matched for function \"registered\""),
        ("never", 400, "FunctionExecutionError", "rule not matched for function \"never\""),
        ("odd", 400, "FunctionExecutionError", "unknown operator '%like'"),
        ("as nobody", 400, "FunctionExecutionError", "runs as user 'nobody', who does not exist"),
    ] {
        call(&server, &anonymous, name, json!([])).await.refused(status, Some(code), says);
    }
}

#[tokio::test]
async fn a_function_sees_who_calls_and_how() {
    let mut config = config(&[(
        "context",
        "exports = () => ({ user: context.user, agent: context.request.httpUserAgent, \
         header: context.request.requestHeaders['X-Test'], ip: context.request.remoteIPAddress, \
         query: context.request.rawQueryString, value: context.values.get('limit'), \
         app: context.app.clientAppId, year: new Date().getUTCFullYear(), tag: context.environment.tag, \
         authorization: context.request.requestHeaders.Authorization })",
    )]);
    config.values.insert("limit".to_owned(), json!(3));
    config.environment.tag = "testing".to_owned();
    let server = server(config).await;
    let user = server.user("a@example.com").await;
    let document = json!({ "document": { "_id": "c", "user_id": user.id, "theme": "dark" } });
    server.custom_data(&user.access, "insertOne", document).await.ok(200);

    let path = server.app_path("/functions/call?a=1&secret=x");
    let request = server.request(reqwest::Method::POST, &path).bearer_auth(&user.access);
    let request = request.header("x-test", "yes").header("user-agent", "tests");
    let seen = server.send(request.body(json!({ "name": "context" }).to_string())).await.ok(200);
    let identities = seen["user"]["identities"].as_array().unwrap();
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0]["provider_type"], "local-userpass");
    assert_eq!(seen["user"]["id"], user.id.as_str());
    assert_eq!(seen["user"]["type"], "normal");
    assert_eq!(seen["user"]["data"], json!({ "email": "a@example.com" }));
    assert_eq!(seen["user"]["custom_data"], json!({ "_id": "c", "user_id": user.id, "theme": "dark" }));
    for (key, expected) in [
        ("agent", json!("tests")),
        ("header", json!(["yes"])),
        ("ip", json!("127.0.0.1")),
        ("query", json!("a=1")),
        ("value", json!({ "$numberInt": "3" })),
        ("app", json!(crate::support::APP)),
        ("year", json!({ "$numberInt": "2026" })),
        ("tag", json!("testing")),
        ("authorization", json!({ "$undefined": true })),
    ] {
        assert_eq!(seen[key], expected, "{key}");
    }
}

const AUTHENTICATE: &str = "exports = async (payload) => {
    if (Object.keys(payload).join() !== 'who') throw new Error('keys: ' + Object.keys(payload));
    if (context.user.type !== 'system' || !context.runningAsSystem()) throw new Error('not the system');
    if (payload.who === 'stranger') throw new Error('Authentication failed');
    if (payload.who === 'unauthorized') throw new Error('unauthorized');
    if (payload.who === 'nobody') return undefined;
    if (payload.who === 'number') return { id: 1 };
    return payload.who === 'ada' ? { id: 'ada', name: 'Ada L.' } : payload.who;
}";

#[tokio::test]
async fn a_function_says_who_logs_in() {
    let server = server(config(&[("authenticate", AUTHENTICATE)])).await;
    let device = json!({ "who": "ada", "options": { "device": { "platform": "tests" } } });
    let ada = User::of(&log_in(&server, &device).await.ok(200));
    let profile = server.profile(&ada.access).await.ok(200);
    assert_eq!(profile["data"], json!({ "name": "Ada L." }));
    assert_eq!(profile["identities"][0]["id"], "ada");
    assert_eq!(profile["identities"][0]["provider_type"], PROVIDER);

    let again = User::of(&log_in(&server, &json!({ "who": "ada" })).await.ok(200));
    assert_eq!(again.id, ada.id);
    let bob = User::of(&log_in(&server, &json!({ "who": "bob" })).await.ok(200));
    assert_ne!(bob.id, ada.id);
    assert_eq!(server.profile(&bob.access).await.ok(200)["data"], json!({}));

    for (who, says) in [
        ("stranger", "Authentication failed"),
        ("nobody", "must return the user's id"),
        ("number", "must return the user's id"),
        ("", "must return the user's id"),
    ] {
        log_in(&server, &json!({ "who": who })).await.refused(401, Some("AuthError"), says);
    }
    let odd = json!({ "who": { "$oid": "no id" } });
    log_in(&server, &odd).await.refused(400, Some("BadRequest"), "no Extended JSON");
}

#[tokio::test]
async fn whom_a_function_vouches_for_can_be_linked() {
    let server = server(config(&[("authenticate", AUTHENTICATE)])).await;
    let user = server.anonymous().await;
    server.link(&user.access, PROVIDER, &json!({ "who": "ada" })).await.ok(200);
    assert_eq!(User::of(&log_in(&server, &json!({ "who": "ada" })).await.ok(200)).id, user.id);
    assert_eq!(server.profile(&user.access).await.ok(200)["data"], json!({ "name": "Ada L." }));

    let other = server.anonymous().await;
    let taken = server.link(&other.access, PROVIDER, &json!({ "who": "ada" })).await;
    taken.refused(401, Some("AuthError"), "a user already exists");
    // Not the bare word, which makes realm-web repeat a link for ever.
    let refused = server.link(&other.access, PROVIDER, &json!({ "who": "unauthorized" })).await;
    refused.refused(401, Some("AuthError"), "unauthorized, says the function");
}

#[tokio::test]
async fn the_provider_needs_its_function() {
    let without = server(config(&[])).await;
    let says = "function not found: 'authenticate'";
    log_in(&without, &json!({ "who": "ada" })).await.refused(401, Some("AuthError"), says);

    let unoffered = Server::start().await;
    log_in(&unoffered, &json!({ "who": "ada" })).await.refused(404, Some("AuthProviderNotFound"), PROVIDER);
}

/// An App whose user creation function lets nobody in whose email starts with `bad`.
async fn choosy_server() -> Server {
    let mut config = config(&[
        ("authenticate", AUTHENTICATE),
        (
            "create",
            "exports = async (user) => {
                if (context.user.type !== 'system') throw new Error('not the system');
                if (user.type !== 'normal' || user.identities.length !== 1) throw new Error(EJSON.stringify(user));
                if (user.data.email?.startsWith('bad')) throw new Error('no ' + user.data.email + ' here');
                if (user.data.name) throw new Error(user.id + ' ' + EJSON.stringify(user.identities[0]));
            }",
        ),
    ]);
    config.custom_user_data.on_user_creation_function = Some("create".to_owned());
    server(config).await
}

#[tokio::test]
async fn the_creation_function_can_keep_a_user_from_being_stored() {
    let server = choosy_server().await;
    let good = server.user("good@example.com").await;
    assert_eq!(User::of(&server.log_in("good@example.com", PASSWORD).await.ok(200)).id, good.id);

    server.register("bad@example.com", PASSWORD).await.done(201);
    for _ in 0..2 {
        let refused = server.log_in("bad@example.com", PASSWORD).await;
        refused.refused(401, Some("AuthError"), "no bad@example.com here");
    }
    // It runs after the credentials are accepted, not before.
    let wrong = server.log_in("bad@example.com", "wrong password").await;
    wrong.refused(401, Some("InvalidPassword"), "unauthorized");
    // Nothing was stored: the identity is free, and a link creates no user.
    let anonymous = server.anonymous().await;
    let credentials = json!({ "username": "bad@example.com", "password": PASSWORD });
    server.link(&anonymous.access, "local-userpass", &credentials).await.ok(200);
    assert_eq!(User::of(&server.log_in("bad@example.com", PASSWORD).await.ok(200)).id, anonymous.id);
}

#[tokio::test]
async fn the_creation_function_gets_the_user_that_is_to_be() {
    let server = choosy_server().await;
    let body = log_in(&server, &json!({ "who": "ada" })).await;
    body.refused(401, Some("AuthError"), r#""provider_type":"custom-function","data":{"name":"Ada L."}"#);
    let text = body.json()["error"].as_str().unwrap().to_owned();
    let id = text.split(' ').next().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
}

#[tokio::test]
async fn simultaneous_first_logins_lead_to_one_user() {
    let server = choosy_server().await;
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = server.client.clone();
        logins.spawn(async move { User::of(&log_in(&client, &json!({ "who": "bob" })).await.ok(200)).id });
    }
    let ids = logins.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}
