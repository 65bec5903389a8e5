//! Google, Facebook and Apple by token (section 3.7 of the protocol document), against a provider on loopback.

use idmux::local_app::Provider;
use idmux::local_app::config::{AppConfig, Issuer, OAuth2, Offer};
use serde_json::{Value, json};

use crate::identity_provider::{
    CLIENT_ID, EC, IdentityProvider, NOW, RSA, RSA_PUBLIC, STRANGER, field, oauth2, raw_token, rs256, serve,
};
use crate::support::{Reply, Server, User};

const EXCHANGE_FAILED: &str = "error exchanging access code with OAuth2 provider";

async fn log_in(server: &Server, provider: &str, body: &Value) -> Reply {
    server.post(&format!("/auth/providers/{provider}/login"), body).await
}

async fn with_google(provider: &IdentityProvider, google: OAuth2) -> Server {
    let mut config = provider.config();
    config.providers.google = Offer::Enabled(google);
    serve(config).await
}

async fn data(server: &Server, reply: &Reply) -> Value {
    server.profile(&User::of(&reply.ok(200)).access).await.ok(200)["data"].clone()
}

#[tokio::test]
async fn an_id_token_logs_its_subject_in() {
    let provider = IdentityProvider::start().await;
    let server = serve(provider.config()).await;
    for name in ["oauth2-google", "oauth2-apple"] {
        let body = json!({ "id_token": provider.id_token("person-1") });
        let first = User::of(&log_in(&server, name, &body).await.ok(200));
        let again = User::of(&log_in(&server, name, &body).await.ok(200));
        assert_eq!(first.id, again.id);
        let profile = server.profile(&first.access).await.ok(200);
        assert_eq!(profile["identities"][0]["id"], "person-1");
        assert_eq!(profile["identities"][0]["provider_type"], name);
        assert_eq!(profile["data"], json!({}));
    }
}

#[tokio::test]
async fn a_forged_id_token_does_not_count() {
    let provider = IdentityProvider::start().await;
    let server = serve(provider.config()).await;
    let good = provider.claims("person-1");
    let with = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        rs256(RSA, Some("rsa"), &claims)
    };
    let hmac = jsonwebtoken::encode(
        &jsonwebtoken::Header { kid: Some("rsa".into()), ..Default::default() },
        &good,
        &jsonwebtoken::EncodingKey::from_secret(RSA_PUBLIC.as_bytes()),
    )
    .unwrap();
    let ec = jsonwebtoken::encode(
        &jsonwebtoken::Header {
            kid: Some("rsa".into()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256)
        },
        &good,
        &jsonwebtoken::EncodingKey::from_ec_pem(EC.as_bytes()).unwrap(),
    )
    .unwrap();
    for (what, token) in [
        ("alg none", raw_token(&json!({ "alg": "none", "kid": "rsa" }), &good, "")),
        ("HS256 over the public key", hmac),
        ("another key of the set under this name", ec),
        ("a stranger's key", rs256(STRANGER, Some("rsa"), &good)),
        ("an unknown key", rs256(RSA, Some("other"), &good)),
        ("no key", rs256(RSA, None, &good)),
        ("another client", with("aud", json!("other-client"))),
        ("several clients, issued to another", with("aud", json!([CLIENT_ID, "other-client"]))),
        ("another issuer", with("iss", json!("https://accounts.example.com"))),
        ("Google's short name where Google is elsewhere", with("iss", json!("accounts.google.com"))),
        ("no issuer", with("iss", json!(null))),
        ("expired", with("exp", json!(NOW))),
        ("no subject", with("sub", json!(""))),
        ("garbage", "x.y.z".to_owned()),
    ] {
        for name in ["oauth2-google", "oauth2-apple"] {
            let reply = log_in(&server, name, &json!({ "id_token": token })).await;
            assert_eq!(reply.status, 401, "{what}: {reply:?}");
            reply.refused(401, Some("AuthError"), "unauthorized");
        }
    }
    let mut several = good.clone();
    several["aud"] = json!([CLIENT_ID, "other-client"]);
    several["azp"] = json!(CLIENT_ID);
    let body = json!({ "id_token": rs256(RSA, Some("rsa"), &several) });
    log_in(&server, "oauth2-google", &body).await.ok(200);
    log_in(&server, "oauth2-apple", &json!({})).await.refused(400, Some("MissingParameter"), "'id_token'");
    let wrong = json!({ "authCode": 5 });
    log_in(&server, "oauth2-google", &wrong).await.refused(400, Some("InvalidParameter"), "'authCode'");
}

#[tokio::test]
async fn without_open_id_google_takes_codes_only_and_has_fields() {
    let provider = IdentityProvider::start().await;
    let metadata_fields =
        vec![field("email", None, true), field("first_name", None, true), field("picture", None, false)];
    let server = with_google(&provider, OAuth2 { open_id: false, metadata_fields, ..oauth2() }).await;

    let body = json!({ "id_token": provider.id_token("p") });
    let reply = log_in(&server, "oauth2-google", &body).await;
    reply.refused(401, Some("AuthError"), EXCHANGE_FAILED);
    // An ID token in the place of a code is of the wrong kind too.
    let body = json!({ "authCode": provider.id_token("p") });
    log_in(&server, "oauth2-google", &body).await.refused(401, Some("AuthError"), EXCHANGE_FAILED);
    log_in(&server, "oauth2-google", &json!({})).await.refused(400, Some("MissingParameter"), "'authCode'");

    let mut claims = provider.claims("person-1");
    claims["email"] = json!("ada@example.com");
    claims["given_name"] = json!("Ada");
    // The address that the App has listed is the one that the exchange repeats.
    let code = provider.code(claims.clone(), "http://localhost:3000/done", None);
    let reply = log_in(&server, "oauth2-google", &json!({ "authCode": code })).await;
    assert_eq!(data(&server, &reply).await, json!({ "email": "ada@example.com", "first_name": "Ada" }));
    // A code counts once.
    let reply = log_in(&server, "oauth2-google", &json!({ "authCode": code })).await;
    reply.refused(401, Some("AuthError"), EXCHANGE_FAILED);

    claims.as_object_mut().unwrap().remove("given_name");
    let code = provider.code(claims, "http://localhost:3000/done", None);
    let reply = log_in(&server, "oauth2-google", &json!({ "authCode": code })).await;
    reply.refused(401, Some("AuthError"), "unauthorized");
}

#[tokio::test]
async fn a_code_is_exchanged_with_the_address_and_the_verifier_that_it_was_asked_for_with() {
    let provider = IdentityProvider::start().await;
    let server = serve(provider.config()).await;
    let here = "http://localhost:49152/done";
    // The SHA-256 of "verifier".
    let challenge = "iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ";
    let code = || provider.code(provider.claims("p"), here, Some(challenge));
    let body = json!({ "authCode": code(), "redirect_uri": here, "code_verifier": "verifier" });
    log_in(&server, "oauth2-google", &body).await.ok(200);
    let body = json!({ "authCode": code(), "redirect_uri": here, "code_verifier": "other" });
    log_in(&server, "oauth2-google", &body).await.refused(401, Some("AuthError"), EXCHANGE_FAILED);
    let elsewhere = json!({ "authCode": code(), "redirect_uri": "http://evil.example.com/" });
    let reply = log_in(&server, "oauth2-google", &elsewhere).await;
    reply.refused(400, Some("InvalidRedirectURI"), "redirect_uris");

    // Where none is listed, and none said, it is the empty one.
    let server = with_google(&provider, OAuth2 { redirect_uris: Vec::new(), ..oauth2() }).await;
    let code = provider.code(provider.claims("p"), "", None);
    log_in(&server, "oauth2-google", &json!({ "authCode": code })).await.ok(200);
    assert_eq!(provider.last_exchange("redirect_uri").as_deref(), Some(""));
}

#[tokio::test]
async fn only_verified_addresses_of_the_listed_domains_get_in() {
    let provider = IdentityProvider::start().await;
    let domain_restrictions = vec!["example.com".into(), "@corp.example.org".into()];
    let server = with_google(&provider, OAuth2 { domain_restrictions, ..oauth2() }).await;
    for (email, verified, allowed) in [
        (json!("a@example.com"), json!(true), true),
        (json!("a@EXAMPLE.com"), json!("true"), true),
        (json!("a@corp.example.org"), json!(true), true),
        (json!("a@example.com"), json!(false), false),
        (json!("a@example.com"), json!(null), false),
        (json!("a@example.com@evil.com"), json!(true), false),
        (json!("a@sub.example.com"), json!(true), false),
        (json!("a@notexample.com"), json!(true), false),
        (json!(null), json!(true), false),
    ] {
        let mut claims = provider.claims("person-1");
        claims["email"] = email.clone();
        claims["email_verified"] = verified.clone();
        let body = json!({ "id_token": rs256(RSA, Some("rsa"), &claims) });
        let reply = log_in(&server, "oauth2-google", &body).await;
        assert_eq!(reply.status == 200, allowed, "{email} {verified}: {reply:?}");
        if !allowed {
            reply.refused(401, Some("DomainNotAllowed"), "not of a domain");
        }
    }
}

#[tokio::test]
async fn facebook_is_asked_whose_a_token_is_and_for_which_app() {
    let provider = IdentityProvider::start().await;
    let mut config = provider.config();
    let names = ["name", "email", "picture", "min_age"];
    let metadata_fields = names.map(|name| field(name, None, false)).into();
    config.providers.facebook = Offer::Enabled(OAuth2 { metadata_fields, ..oauth2() });
    let server = serve(config).await;
    let ada = json!({
        "id": "1", "name": "Ada", "email": "ada@example.com", "gender": "not asked for",
        "picture": { "data": { "url": "https://example.com/ada" } }, "age_range": { "min": 21 },
    });
    let body = json!({ "accessToken": provider.access_token(ada.clone()) });
    let reply = log_in(&server, "oauth2-facebook", &body).await;
    assert_eq!(
        data(&server, &reply).await,
        json!({
            "name": "Ada", "email": "ada@example.com", "picture": "https://example.com/ada", "min_age": "21",
        })
    );
    let first = User::of(&reply.ok(200));
    assert_eq!(User::of(&log_in(&server, "oauth2-facebook", &body).await.ok(200)).id, first.id);
    let profile = server.profile(&first.access).await.ok(200);
    assert_eq!(profile["identities"][0]["id"], "1");

    let with = |key: &str, value: Value| {
        let mut person = ada.clone();
        person[key] = value;
        provider.access_token(person)
    };
    for (what, token) in [
        ("unknown", "guessed".to_owned()),
        ("another app's", with("app_id", json!("another app"))),
        ("expired", with("expires_at", json!(NOW))),
        ("an ID token", provider.id_token("1")),
    ] {
        let reply = log_in(&server, "oauth2-facebook", &json!({ "accessToken": token })).await;
        assert_eq!(reply.status, 401, "{what}: {reply:?}");
        reply.refused(401, Some("AuthError"), "unauthorized");
    }
    let reply = log_in(&server, "oauth2-facebook", &json!({})).await;
    reply.refused(400, Some("MissingParameter"), "'accessToken'");
}

#[tokio::test]
async fn a_provider_that_does_not_help_is_named() {
    let provider = IdentityProvider::start().await;
    let body = json!({ "id_token": provider.id_token("p") });
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (issuer, says) in [
        (provider.url("/other"), "status 404"),
        (format!("http://{silent}").parse().unwrap(), "cannot be reached"),
    ] {
        let mut config = provider.config();
        config.settings.issuers.insert(Provider::Google, Issuer { url: issuer });
        let server = serve(config).await;
        let reply = log_in(&server, "oauth2-google", &body).await;
        reply.refused(401, Some("AuthError"), "the identity provider does not help");
        assert!(reply.text.contains(says), "{reply:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_not_configured_or_switched_off_is_refused_as_such() {
    let server = serve(AppConfig::default()).await;
    let body = json!({ "id_token": "x" });
    let reply = log_in(&server, "oauth2-google", &body).await;
    reply.refused(404, Some("AuthProviderNotFound"), "oauth2-google");
    let mut config = AppConfig::default();
    config.providers.google = Offer::Disabled(oauth2());
    let reply = log_in(&serve(config).await, "oauth2-google", &body).await;
    reply.refused(401, Some("AuthError"), "disabled");
}
