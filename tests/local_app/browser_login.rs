//! Logging in through a browser (section 3.8 of the protocol document), hop by hop.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use idmux::local_app::Provider;
use idmux::local_app::config::Issuer;
use reqwest::{Method, Url};
use serde_json::json;

use crate::identity_provider::{IdentityProvider, serve};
use crate::support::{APP, Reply, Server, User, claims};

const REDIRECT: &str = "http://localhost:3000/done";
const PROVIDERS: [&str; 3] = ["oauth2-google", "oauth2-facebook", "oauth2-apple"];

fn start_path(server: &Server, provider: &str, query: &[(&str, &str)]) -> String {
    let mut url = Url::parse("http://x/").unwrap();
    url.set_path(&server.app_path(&format!("/auth/providers/{provider}/login")));
    url.query_pairs_mut().extend_pairs(query);
    format!("{}?{}", url.path(), url.query().unwrap())
}

async fn begin(server: &Server, provider: &str, query: &[(&str, &str)]) -> Reply {
    server.get(&start_path(server, provider, query)).await
}

async fn begin_link(server: &Server, provider: &str, access: &str) -> Reply {
    let query =
        [("link", "true"), ("state", "nonce"), ("redirect", REDIRECT), ("providerRedirectHeader", "true")];
    let path = start_path(server, provider, &query);
    let request =
        server.request(Method::GET, &path).bearer_auth(access).header("origin", "http://localhost:3000");
    server.send(request).await
}

#[track_caller]
fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 302, "{reply:?}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.header("location").unwrap()
}

/// The facts after the `#` of where the browser was sent, read as realm-web reads them.
#[track_caller]
fn fragment(reply: &Reply) -> HashMap<String, String> {
    let (page, fragment) = location(reply).split_once('#').unwrap();
    assert_eq!(page, REDIRECT);
    assert!(!fragment.contains('+'), "a plus sign is no space to decodeURIComponent: {fragment}");
    let pairs: HashMap<_, _> =
        Url::parse(&format!("http://x/?{fragment}")).unwrap().query_pairs().into_owned().collect();
    for (key, value) in &pairs {
        let twin = key.replace("_baas_", "_stitch_");
        assert_eq!(pairs.get(&twin), Some(value), "{key}");
    }
    assert_eq!(pairs["_baas_client_app_id"], APP);
    pairs
}

fn path_of(url: &Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

#[tokio::test]
async fn a_browser_comes_back_logged_in() {
    let provider = IdentityProvider::start().await;
    let server = serve(provider.config()).await;
    let device = json!({ "deviceId": "610d81f929164593aa50e663", "platform": "firefox", "appId": "Shøp" });
    let device = BASE64_STANDARD.encode(device.to_string());
    for name in PROVIDERS {
        let query = [("state", "abcdefghijkl"), ("redirect", REDIRECT), ("device", &device)];
        let reply = begin(&server, name, &query).await;
        assert!(reply.header("set-cookie").is_none());
        let consent_page = location(&reply);
        assert!(
            !consent_page.contains("abcdefghijkl"),
            "the client's nonce is not the provider's: {consent_page}"
        );
        let back = provider.consent(consent_page, "person-1");
        assert!(
            back.as_str().starts_with(&format!("{}/api/client/v2.0/auth/callback?", server.base)),
            "{back}"
        );

        // Apple's way back is a form.
        let reply = if name == "oauth2-apple" {
            assert!(consent_page.contains("response_mode=form_post"), "{consent_page}");
            let form = server.request(Method::POST, back.path()).body(back.query().unwrap().to_owned());
            server.send(form.header("content-type", "application/x-www-form-urlencoded")).await
        } else {
            server.get(&path_of(&back)).await
        };
        let facts = fragment(&reply);
        assert_eq!(facts["_baas_state"], "abcdefghijkl");
        assert!(!facts.contains_key("_baas_link") && !facts.contains_key("_baas_error"), "{facts:?}");
        let [access, refresh, id, device] = facts["_baas_ua"].split('$').collect::<Vec<_>>()[..] else {
            panic!("{facts:?}")
        };
        assert_eq!(device, "610d81f929164593aa50e663");
        server.refresh(refresh).await.ok(201);
        let profile = server.profile(access).await.ok(200);
        assert_eq!(profile["user_id"], id);
        assert_eq!(profile["identities"][0]["provider_type"], name);
        assert_eq!(profile["identities"][0]["id"], "person-1");

        // Nobody comes back twice.
        server.get(&path_of(&back)).await.refused(400, Some("BadRequest"), "start again");
    }
}

#[tokio::test]
async fn a_page_links_its_user_through_a_browser() {
    let provider = IdentityProvider::start().await;
    let server = serve(provider.config()).await;
    let user = server.anonymous().await;
    let mut identities = vec!["anon-user"];
    for name in PROVIDERS {
        let reply = begin_link(&server, name, &user.access).await;
        reply.empty(200);
        assert_eq!(reply.header("access-control-allow-origin"), Some("http://localhost:3000"));
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
        let exposed = reply.header("access-control-expose-headers").unwrap();
        assert!(exposed.split(',').any(|name| name == "x-baas-location"), "{exposed}");
        let cookie = reply.header("set-cookie").unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
        let back = provider.consent(reply.header("x-baas-location").unwrap(), "person-1");
        assert!(cookie.starts_with(&format!(
            "baas_link={};",
            back.query_pairs().find(|(k, _)| k == "state").unwrap().1
        )));

        // No cookie: a terminal asked, and the browser knows nothing of that.
        let facts = fragment(&server.get(&path_of(&back)).await);
        assert_eq!(facts["_baas_link"], "ok");
        let [access, refresh, id, device] = facts["_baas_ua"].split('$').collect::<Vec<_>>()[..] else {
            panic!("{facts:?}")
        };
        assert_eq!((refresh, id, device), ("", user.id.as_str(), user.device.as_str()));
        assert_eq!(claims(access)["iss"], claims(&user.access)["iss"]);
        identities.push(name);
        let profile = server.profile(access).await.ok(200);
        let found = profile["identities"].as_array().unwrap().iter();
        assert_eq!(
            found.map(|identity| identity["provider_type"].as_str().unwrap()).collect::<Vec<_>>(),
            identities
        );
    }
    // The other way round: a log-in with the identity finds the user.
    let body = json!({ "id_token": provider.id_token("person-1") });
    let login = server.post("/auth/providers/oauth2-google/login", &body).await.ok(200);
    assert_eq!(login["user_id"], user.id.as_str());
}

#[tokio::test]
async fn a_link_that_fails_sends_the_browser_on_with_the_reason() {
    let provider = IdentityProvider::start().await;
    let server = serve(provider.config()).await;
    let owner = json!({ "id_token": provider.id_token("taken") });
    server.post("/auth/providers/oauth2-google/login", &owner).await.ok(200);
    let user = server.anonymous().await;

    let consent = async |sub: &str| {
        let reply = begin_link(&server, "oauth2-google", &user.access).await;
        provider.consent(reply.header("x-baas-location").unwrap(), sub)
    };
    let error_of = |reply: &Reply| fragment(reply)["_baas_error"].clone();
    let back = consent("taken").await;
    let reply = server.get(&path_of(&back)).await;
    assert_eq!(error_of(&reply), "a user already exists with the specified provider");
    assert!(!fragment(&reply).contains_key("_baas_ua"));
    assert_eq!(fragment(&reply)["_baas_state"], "nonce");

    // Somebody was lured into a link that is not the one that this browser began.
    let back = consent("free").await;
    let request = server.request(Method::GET, &path_of(&back)).header("cookie", "a=b; baas_link=another");
    let reply = server.send(request).await;
    assert!(error_of(&reply).contains("another link"), "{reply:?}");

    // The session was logged out while the browser was away.
    let back = consent("free").await;
    server.log_out(&user.refresh).await.empty(204);
    let reply = server.get(&path_of(&back)).await;
    assert!(error_of(&reply).contains("invalid session"), "{reply:?}");
    let free = json!({ "id_token": provider.id_token("free") });
    let login = server.post("/auth/providers/oauth2-google/login", &free).await;
    assert_ne!(User::of(&login.ok(200)).id, user.id);
}

#[tokio::test]
async fn a_log_in_that_fails_at_the_provider_sends_the_browser_on_with_the_reason() {
    let provider = IdentityProvider::start().await;
    let server = serve(provider.config()).await;
    let begun = async || {
        let reply = begin(&server, "oauth2-google", &[("state", "s"), ("redirect", REDIRECT)]).await;
        location(&reply).to_owned()
    };
    let with = |mut back: Url, pairs: &[(&str, &str)]| {
        let kept: Vec<_> = back
            .query_pairs()
            .into_owned()
            .filter(|(key, _)| key != "code" || !pairs.iter().any(|(other, _)| *other == "error"))
            .filter(|(key, _)| !pairs.iter().any(|(other, _)| other == key))
            .collect();
        back.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(pairs);
        path_of(&back)
    };
    let back = provider.consent(&begun().await, "p");
    let reply =
        server.get(&with(back, &[("error", "access_denied"), ("error_description", "no, thanks")])).await;
    assert_eq!(fragment(&reply)["_baas_error"], "access_denied: no, thanks");

    let back = provider.consent(&begun().await, "p");
    let reply = server.get(&with(back, &[("code", "guessed")])).await;
    assert_eq!(fragment(&reply)["_baas_error"], "error exchanging access code with OAuth2 provider");

    // A code of somebody else's log-in: neither its verifier nor its nonce is this one's.
    let (other, back) = (provider.consent(&begun().await, "eve"), provider.consent(&begun().await, "p"));
    let stolen = other.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned();
    let reply = server.get(&with(back, &[("code", &stolen)])).await;
    assert_eq!(fragment(&reply)["_baas_error"], "error exchanging access code with OAuth2 provider");
    let back = provider.consent(&begun().await, "p");
    let mut claims = provider.claims("eve");
    claims["nonce"] = json!("of another log-in");
    let code = provider.code(claims, &format!("{}/api/client/v2.0/auth/callback", server.base), None);
    let reply = server.get(&with(back, &[("code", &code)])).await;
    assert!(fragment(&reply)["_baas_error"].contains("made for another log-in"), "{reply:?}");

    let back = provider.consent(&begun().await, "p");
    server.advance(600);
    let reply = server.get(&path_of(&back)).await;
    assert!(fragment(&reply)["_baas_error"].contains("ten minutes"), "{reply:?}");
}

#[tokio::test]
async fn a_browser_is_told_that_the_provider_does_not_help_and_a_page_too() {
    let provider = IdentityProvider::start().await;
    let mut config = provider.config();
    config.settings.issuers.insert(Provider::Google, Issuer { url: provider.url("/nothing") });
    let server = serve(config).await;
    let reply = begin(&server, "oauth2-google", &[("state", "s"), ("redirect", REDIRECT)]).await;
    assert!(fragment(&reply)["_baas_error"].starts_with("the identity provider does not help"), "{reply:?}");
    assert_eq!(fragment(&reply)["_baas_state"], "s");
    let user = server.anonymous().await;
    let reply = begin_link(&server, "oauth2-google", &user.access).await;
    reply.refused(401, Some("AuthError"), "the identity provider does not help");
}

#[tokio::test]
async fn a_browser_goes_nowhere_that_is_not_listed() {
    let provider = IdentityProvider::start().await;
    let server = serve(provider.config()).await;
    for redirect in [
        "http://localhost:3000/done/",
        "http://localhost:3000/",
        "http://localhost:3000/done?x=1",
        "https://localhost:3000/done",
        "http://localhost:3000@evil.example.com/done",
        "//evil.example.com",
        "javascript:alert(1)",
    ] {
        let reply = begin(&server, "oauth2-google", &[("state", "s"), ("redirect", redirect)]).await;
        reply.refused(400, Some("InvalidRedirectURI"), "redirect_uris");
    }
    // A program that listens on this machine takes any free port.
    let any_port = [("state", "s"), ("redirect", "http://localhost:49152/done")];
    location(&begin(&server, "oauth2-google", &any_port).await);
    // Without a redirect, back to the page that it was opened from, if that is listed.
    let path = start_path(&server, "oauth2-google", &[("state", "s")]);
    let from = |page| server.request(Method::GET, &path).header("referer", page);
    location(&server.send(from(REDIRECT)).await);
    let reply = server.send(from("http://evil.example.com/")).await;
    reply.refused(400, Some("InvalidRedirectURI"), "redirect_uris");
    server.get(&path).await.refused(400, Some("MissingParameter"), "'redirect'");
    let reply = begin(&server, "oauth2-google", &[("redirect", REDIRECT)]).await;
    reply.refused(400, Some("MissingParameter"), "'state'");

    let reply = begin(&server, "anon-user", &[("state", "s"), ("redirect", REDIRECT)]).await;
    reply.refused(405, None, "method");
    for query in ["", "?state=unknown&code=x", "?code=x"] {
        let reply = server.get(&format!("/api/client/v2.0/auth/callback{query}")).await;
        reply.refused(400, Some("BadRequest"), "start again");
    }
}

#[tokio::test]
async fn linking_through_a_browser_needs_a_user_and_lets_pages_ask_with_cookies() {
    let provider = IdentityProvider::start().await;
    let server = serve(provider.config()).await;
    begin_link(&server, "oauth2-google", "").await.refused(401, None, "unauthorized");
    begin_link(&server, "oauth2-google", "x").await.refused(401, Some("InvalidSession"), "invalid session");

    let path = start_path(&server, "oauth2-google", &[("link", "true")]);
    let preflight = server
        .request(Method::OPTIONS, &path)
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let reply = server.send(preflight).await;
    assert_eq!(reply.header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
}
