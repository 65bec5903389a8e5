//! What clients other than today's realm-web send and read (section 17.1 of the protocol document).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, Server, User, claims};
use crate::userpass_app;

/// Stitch 3.x reads JSON from all of them.
#[tokio::test]
async fn every_route_of_an_email_answers_with_a_json_object() {
    let server = userpass_app::start(userpass_app::by_mail()).await;
    let action = async |name: &str, body| userpass_app::action(&server, name, &body).await;
    let email = json!({ "email": "a@example.com" });
    action("register", json!({ "email": "a@example.com", "password": PASSWORD })).await.done(201);
    action("confirm/send", email.clone()).await.done(202);
    action("confirm", userpass_app::proof(&server, "a@example.com").await).await.done(200);
    action("reset/send", email).await.done(202);
    let proof = userpass_app::proof(&server, "a@example.com").await;
    action("reset", userpass_app::new_password(&proof, "another password")).await.done(200);
    server.log_in("a@example.com", "another password").await.ok(200);
}

#[tokio::test]
async fn an_anonymous_log_in_may_be_a_get_with_the_device_in_its_query() {
    let server = Server::start().await;
    let device = json!({ "deviceId": "610d81f929164593aa50e663", "platform": "node", "appId": "shop" });
    let path = server.app_path("/auth/providers/anon-user/login");
    let encoded: String =
        url::form_urlencoded::byte_serialize(BASE64_STANDARD.encode(device.to_string()).as_bytes()).collect();
    let first = User::of(&server.get(&format!("{path}?device={encoded}")).await.ok(200));
    assert_eq!(first.device, "610d81f929164593aa50e663");
    assert_eq!(claims(&first.access)["sub"], first.id);
    for query in ["", "?device=nonsense", "?device="] {
        let other = User::of(&server.get(&format!("{path}{query}")).await.ok(200));
        assert_ne!(other.id, first.id);
        server.profile(&other.access).await.ok(200);
    }
    // A link is none, as with a POST.
    let link = server.request(Method::GET, &format!("{path}?link=true")).bearer_auth(&first.access);
    server.send(link).await.refused(400, Some("LinkingNotSupported"), "anonymous");
}

/// realm-web 2.0.1 writes the arguments of a call twice.
#[tokio::test]
async fn arguments_that_were_written_twice_keep_their_types() {
    let server = Server::start().await;
    let user = server.user("a@example.com").await;
    let int = |number: &str| json!({ "$numberInt": number });
    let document = json!({
        "user_id": user.id,
        "stamp": { "$timestamp": { "t": int("7"), "i": int("1") } },
        "least": { "$minKey": int("1") },
        "most": [{ "$maxKey": int("1") }],
    });
    server.custom_data(&user.access, "insertOne", json!({ "document": document })).await.ok(200);
    let filter = json!({ "stamp": { "$timestamp": { "t": int("7"), "i": int("1") } } });
    let found = server.custom_data(&user.access, "findOne", json!({ "query": filter })).await.ok(200);
    assert_eq!(found["stamp"], json!({ "$timestamp": { "t": 7, "i": 1 } }));
    assert_eq!(found["least"], json!({ "$minKey": 1 }));
    assert_eq!(found["most"], json!([{ "$maxKey": 1 }]));
}
