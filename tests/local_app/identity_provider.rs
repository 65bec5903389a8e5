//! An identity provider of this process: OpenID Connect as Google and Apple speak it, and Facebook's Graph API.
//!
//! It checks what a real one checks of the App: its secret, the redirect URI, PKCE. Who consents is said by the test.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use idmux::clock::ManualClock;
use idmux::local_app::config::{AppConfig, Issuer, MetadataField, OAuth2, Offer};
use idmux::local_app::{ANY_PORT, LocalApp, Options, Provider, Storage};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Url;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::support::{APP, Client, Server};

/// The moment at which the test server's clock stands.
pub const NOW: i64 = 1_767_225_600;
pub const CLIENT_ID: &str = "client-of-shop";
pub const CLIENT_SECRET: &str = "secret of shop, known to the provider";

pub const RSA: &str = include_str!("keys/rsa.pem");
pub const RSA_PUBLIC: &str = include_str!("keys/rsa.pub.pem");
pub const STRANGER: &str = include_str!("keys/stranger.pem");
pub const EC: &str = include_str!("keys/ec.pem");
pub const EC_PUBLIC: &str = include_str!("keys/ec.pub.pem");
pub const JWKS: &str = include_str!("keys/jwks.json");

/// A server of an App with this configuration.
pub async fn serve(config: AppConfig) -> Server {
    let clock = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
    let options = Options { config, clock: clock.clone(), ..Options::new(APP, Storage::Memory) };
    let app = LocalApp::start(ANY_PORT, options).await.unwrap();
    let client = Client::new(app.base_url().as_str().trim_end_matches('/'), APP);
    Server { app, clock, client }
}

/// A token signed with an RSA key, `kid` in its header.
pub fn rs256(pem: &str, kid: Option<&str>, claims: &Value) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()).unwrap()
}

/// A token whose header and signature are given as they are.
pub fn raw_token(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

pub fn field(name: &str, field_name: Option<&str>, required: bool) -> MetadataField {
    MetadataField { required, name: name.to_owned(), field_name: field_name.map(str::to_owned) }
}

/// The configuration of a provider that knows this App.
pub fn oauth2() -> OAuth2 {
    OAuth2 {
        client_id: CLIENT_ID.into(),
        client_secret: CLIENT_SECRET.into(),
        open_id: true,
        metadata_fields: Vec::new(),
        redirect_uris: vec!["http://localhost:3000/done".into()],
        domain_restrictions: Vec::new(),
    }
}

#[derive(Clone)]
pub struct IdentityProvider(Arc<Inner>);

struct Inner {
    url: Url,
    keys: Mutex<Value>,
    key_fetches: AtomicUsize,
    /// What somebody consented to, by code.
    codes: Mutex<HashMap<String, Consent>>,
    /// People, by access token.
    tokens: Mutex<HashMap<String, Value>>,
    counter: AtomicUsize,
    /// The last form that came to the token endpoint.
    exchange: Mutex<HashMap<String, String>>,
}

struct Consent {
    claims: Value,
    redirect_uri: String,
    challenge: Option<String>,
}

impl IdentityProvider {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let provider = Self(Arc::new(Inner {
            url,
            keys: Mutex::new(serde_json::from_str(JWKS).unwrap()),
            key_fetches: AtomicUsize::new(0),
            codes: Mutex::default(),
            tokens: Mutex::default(),
            counter: AtomicUsize::new(0),
            exchange: Mutex::default(),
        }));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/debug_token", get(debug_token))
            .route("/me", get(me))
            .route("/oauth/access_token", post(token))
            .with_state(provider.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        provider
    }

    pub fn url(&self, path: &str) -> Url {
        self.0.url.join(path).unwrap()
    }

    pub fn issuer(&self) -> String {
        self.0.url.as_str().trim_end_matches('/').to_owned()
    }

    pub fn key_fetches(&self) -> usize {
        self.0.key_fetches.load(Ordering::SeqCst)
    }

    pub fn publish(&self, keys: Value) {
        *self.0.keys.lock().unwrap() = keys;
    }

    pub fn last_exchange(&self, key: &str) -> Option<String> {
        self.0.exchange.lock().unwrap().get(key).cloned()
    }

    /// A configuration in which Google, Facebook and Apple are here.
    pub fn config(&self) -> AppConfig {
        let mut config = AppConfig::default();
        config.providers.google = Offer::Enabled(oauth2());
        config.providers.facebook = Offer::Enabled(oauth2());
        config.providers.apple = Offer::Enabled(oauth2());
        for provider in [Provider::Google, Provider::Facebook, Provider::Apple] {
            config.settings.issuers.insert(provider, Issuer { url: self.0.url.clone() });
        }
        config
    }

    /// The claims of a right ID token about `sub`.
    pub fn claims(&self, sub: &str) -> Value {
        json!({ "iss": self.issuer(), "aud": CLIENT_ID, "sub": sub, "iat": NOW, "exp": NOW + 3600 })
    }

    pub fn id_token(&self, sub: &str) -> String {
        rs256(RSA, Some("rsa"), &self.claims(sub))
    }

    fn fresh(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.0.counter.fetch_add(1, Ordering::SeqCst))
    }

    /// An access token of the Graph API for a person.
    pub fn access_token(&self, person: Value) -> String {
        let token = self.fresh("access");
        self.0.tokens.lock().unwrap().insert(token.clone(), person);
        token
    }

    /// A code that somebody, who got it without a browser, sends to the App.
    pub fn code(&self, claims: Value, redirect_uri: &str, challenge: Option<&str>) -> String {
        let code = self.fresh("code");
        let challenge = challenge.map(str::to_owned);
        let consent = Consent { claims, redirect_uri: redirect_uri.to_owned(), challenge };
        self.0.codes.lock().unwrap().insert(code.clone(), consent);
        code
    }

    /// What a browser brings back from the consent page `at` when `sub` consents: the callback with a code.
    pub fn consent(&self, at: &str, sub: &str) -> Url {
        let page = Url::parse(at).unwrap();
        let query: HashMap<String, String> = page.query_pairs().into_owned().collect();
        assert_eq!(query["client_id"], CLIENT_ID, "{page}");
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["code_challenge_method"], "S256");
        let mut claims = self.claims(sub);
        claims["id"] = json!(sub);
        if let Some(nonce) = query.get("nonce") {
            claims["nonce"] = json!(nonce);
        }
        let code = self.code(claims, &query["redirect_uri"], Some(&query["code_challenge"]));
        let mut back = Url::parse(&query["redirect_uri"]).unwrap();
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
        back
    }
}

async fn discovery(State(provider): State<IdentityProvider>) -> Json<Value> {
    let url = |path| provider.url(path).to_string();
    Json(json!({
        "issuer": provider.issuer(),
        "authorization_endpoint": url("/authorize"),
        "token_endpoint": url("/token"),
        "jwks_uri": url("/jwks"),
        "userinfo_endpoint": url("/userinfo"),
    }))
}

async fn jwks(State(provider): State<IdentityProvider>) -> Json<Value> {
    provider.0.key_fetches.fetch_add(1, Ordering::SeqCst);
    Json(provider.0.keys.lock().unwrap().clone())
}

fn refused(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

async fn token(State(provider): State<IdentityProvider>, body: String) -> Response {
    let form: HashMap<String, String> =
        Url::parse(&format!("http://x/?{body}")).unwrap().query_pairs().into_owned().collect();
    *provider.0.exchange.lock().unwrap() = form.clone();
    let get = |key: &str| form.get(key).map(String::as_str).unwrap_or_default();
    if get("client_id") != CLIENT_ID || get("client_secret") != CLIENT_SECRET {
        return refused("invalid_client");
    }
    let Some(consent) = provider.0.codes.lock().unwrap().remove(get("code")) else {
        return refused("invalid_grant");
    };
    let verified = match &consent.challenge {
        Some(challenge) => BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier"))) == *challenge,
        None => true,
    };
    if get("grant_type") != "authorization_code" || get("redirect_uri") != consent.redirect_uri || !verified {
        return refused("invalid_grant");
    }
    // Names are for the userinfo endpoint, as OpenID Connect has it.
    let private = ["name", "given_name", "family_name", "picture"];
    let claims: Map<_, _> = consent
        .claims
        .as_object()
        .unwrap()
        .iter()
        .filter(|(claim, _)| !private.contains(&claim.as_str()))
        .map(|(claim, value)| (claim.clone(), value.clone()))
        .collect();
    let id_token = rs256(RSA, Some("rsa"), &Value::Object(claims));
    let access_token = provider.access_token(consent.claims);
    Json(json!({ "access_token": access_token, "token_type": "Bearer", "id_token": id_token }))
        .into_response()
}

async fn userinfo(State(provider): State<IdentityProvider>, headers: HeaderMap) -> Response {
    let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    match provider.0.tokens.lock().unwrap().get(token) {
        Some(person) => Json(person.clone()).into_response(),
        None => refused("invalid_token"),
    }
}

type Pairs = Query<HashMap<String, String>>;

async fn debug_token(State(provider): State<IdentityProvider>, Query(query): Pairs) -> Response {
    if query["access_token"] != format!("{CLIENT_ID}|{CLIENT_SECRET}") {
        return refused("invalid app token");
    }
    let tokens = provider.0.tokens.lock().unwrap();
    let Some(person) = tokens.get(&query["input_token"]) else {
        return Json(json!({ "data": { "is_valid": false } })).into_response();
    };
    let or = |key: &str, default: Value| person.get(key).cloned().unwrap_or(default);
    let facts = json!({
        "is_valid": true,
        "app_id": or("app_id", json!(CLIENT_ID)),
        "user_id": person["id"],
        "expires_at": or("expires_at", json!(0)),
    });
    Json(json!({ "data": facts })).into_response()
}

async fn me(State(provider): State<IdentityProvider>, Query(query): Pairs) -> Response {
    let tokens = provider.0.tokens.lock().unwrap();
    let Some(person) = tokens.get(&query["access_token"]) else { return refused("invalid token") };
    assert_eq!(query["appsecret_proof"].len(), 64);
    let asked = query["fields"].split(',');
    let found = asked.filter_map(|name| person.get(name).map(|value| (name.to_owned(), value.clone())));
    Json(Value::Object(found.collect())).into_response()
}
