//! What holds for every endpoint: location, unknown paths, methods, bodies, browsers.

use reqwest::Method;
use serde_json::json;

use crate::support::{APP, PASSWORD, Server};

const LOCATION: &str = "/api/client/v2.0/app/shop-abcde/location";

#[tokio::test]
async fn the_location_is_where_the_client_asked() {
    let server = Server::start().await;
    assert_eq!(server.app.app_id(), APP);
    let location = server.get(LOCATION).await.ok(200);
    let host = server.base.strip_prefix("http://").unwrap();
    assert_eq!(
        location,
        json!({
            "deployment_model": "LOCAL",
            "location": "US-VA",
            "hostname": format!("http://{host}"),
            "ws_hostname": format!("ws://{host}"),
        })
    );
    let forwarded = server.request(Method::GET, LOCATION).header("host", "idmux.test:8080");
    assert_eq!(server.send(forwarded).await.ok(200)["hostname"], "http://idmux.test:8080");
}

#[tokio::test]
async fn an_unknown_app_is_named_on_every_route_of_an_app() {
    let server = Server::start().await;
    for (method, path) in [
        (Method::GET, "/location"),
        (Method::POST, "/auth/providers/anon-user/login"),
        (Method::POST, "/auth/providers/local-userpass/register"),
        (Method::POST, "/functions/call"),
        (Method::GET, "/no/such/path"),
        (Method::PUT, "/location"),
    ] {
        let path = format!("/api/client/v2.0/app/other-abcde{path}");
        let reply = server.send(server.request(method, &path)).await;
        reply.refused(404, None, "cannot find app using Client App ID 'other-abcde'");
    }
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_get_the_envelope() {
    let server = Server::start().await;
    for path in ["/", "/api", "/api/client/v2.0/auth/nothing", "/api/client/v2.0/app/shop-abcde/nothing"] {
        server.get(path).await.refused(404, None, "no such endpoint");
    }
    for path in ["/app/%FF/location", "/app/shop-abcde/auth/providers/%FF/login"] {
        let reply = server.send(server.request(Method::POST, &format!("/api/client/v2.0{path}"))).await;
        reply.refused(404, None, "no such endpoint");
    }
    for (method, path, allowed) in [
        (Method::POST, LOCATION, "GET"),
        (Method::GET, "/api/client/v2.0/app/shop-abcde/functions/call", "POST"),
        (Method::PUT, "/api/client/v2.0/auth/session", "DELETE"),
        (Method::POST, "/api/client/v2.0/auth/profile", "GET"),
    ] {
        let reply = server.send(server.request(method, path)).await;
        reply.refused(405, None, "does not take that method");
        assert!(reply.header("allow").unwrap().contains(allowed), "{reply:?}");
    }
}

#[tokio::test]
async fn providers_that_are_not_enabled_are_not_found() {
    let server = Server::start().await;
    for provider in ["custom-token", "custom-function", "oauth2-google", "oauth2-apple", "nonsense"] {
        let reply = server.post(&format!("/auth/providers/{provider}/login"), &json!({})).await;
        reply.refused(404, Some("AuthProviderNotFound"), provider);
    }
}

#[tokio::test]
async fn bodies_that_are_not_a_json_object_are_refused() {
    let server = Server::start().await;
    let path = server.app_path("/auth/providers/anon-user/login");
    for (body, says) in [
        ("{", "not valid JSON"),
        ("{\"options\": }", "not valid JSON"),
        ("[]", "must be a JSON object"),
        ("\"text\"", "must be a JSON object"),
        ("{\"n\": 9223372036854775808}", "does not fit into 64 bits"),
        ("{\"n\": 1e400}", "not valid JSON"),
        ("\u{0}", "not valid JSON"),
    ] {
        let reply = server.send(server.request(Method::POST, &path).body(body)).await;
        reply.refused(400, Some("BadRequest"), says);
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let reply = server.send(server.request(Method::POST, &path).body(deep)).await;
    reply.refused(400, Some("BadRequest"), "not valid JSON");
}

#[tokio::test]
async fn a_body_may_be_large_but_not_larger_than_a_mebibyte() {
    let server = Server::start().await;
    let path = server.app_path("/auth/providers/anon-user/login");
    let body = |size: usize| format!("{{\"x\":\"{}\"}}", "x".repeat(size - 8));
    let fits = server.send(server.request(Method::POST, &path).body(body(1024 * 1024))).await;
    fits.ok(200);
    let reply = server.send(server.request(Method::POST, &path).body(body(1024 * 1024 + 1))).await;
    reply.refused(413, Some("BadRequest"), "larger than 1048576 bytes");
}

#[tokio::test]
async fn the_content_type_of_a_request_does_not_matter() {
    let server = Server::start().await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let path = server.app_path("/auth/providers/local-userpass/login");
    let body = json!({ "username": "a@example.com", "password": PASSWORD }).to_string();
    for kind in ["application/json", "application/json;charset=utf-8", "text/plain"] {
        let request = server.request(Method::POST, &path).header("content-type", kind).body(body.clone());
        server.send(request).await.ok(200);
    }
}

#[tokio::test]
async fn a_browser_may_call_from_any_page_and_read_errors() {
    let server = Server::start().await;
    let origin = ("origin", "http://localhost:3000");
    let preflight = server
        .request(Method::OPTIONS, "/api/client/v2.0/auth/session")
        .header(origin.0, origin.1)
        .header("access-control-request-method", "DELETE")
        .header("access-control-request-headers", "authorization,content-type,accept");
    let reply = server.send(preflight).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), Some(origin.1));
    assert!(reply.header("access-control-allow-methods").unwrap().contains("DELETE"));
    for header in ["authorization", "content-type", "accept"] {
        assert!(reply.header("access-control-allow-headers").unwrap().contains(header), "{header}");
    }

    let request = server.request(Method::GET, "/api/client/v2.0/auth/profile").header(origin.0, origin.1);
    let reply = server.send(request).await;
    reply.refused(401, None, "unauthorized");
    assert_eq!(reply.header("access-control-allow-origin"), Some(origin.1));
    assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(reply.header("access-control-expose-headers"), Some("x-baas-location,retry-after"));
}
