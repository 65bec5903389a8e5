//! The control API: for whoever looks after the App, and nobody else.

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::{APP, Server};

#[tokio::test]
async fn only_the_control_token_opens_the_control_api() {
    let server = Server::start().await;
    let user = server.anonymous().await;
    let missing = "the control token is missing";
    server.get("/api/control/v1/about").await.refused(401, Some("MissingAuthReq"), missing);
    for token in ["wrong", user.access.as_str(), user.refresh.as_str()] {
        let request = server.request(Method::GET, "/api/control/v1/about").bearer_auth(token);
        server.send(request).await.refused(401, Some("MissingAuthReq"), missing);
    }
    let token = server.app.control_token().expose_secret();
    let about =
        server.send(server.request(Method::GET, "/api/control/v1/about").bearer_auth(token)).await.ok(200);
    assert_eq!(about["app_id"], APP);
    assert_eq!(about["providers"], json!(["anon-user", "local-userpass", "api-key"]));
    let profile = server.profile(&user.access).await.ok(200);
    assert_eq!(about["domain_id"], profile["domain_id"]);
}
