//! Custom JWTs (section 3.5 of the protocol document): whose word counts, and what of it.

use idmux::local_app::config::{AppConfig, CustomToken, MetadataField, Offer, TokenAlgorithm, TokenKeys};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::identity_provider::{
    EC, EC_PUBLIC, IdentityProvider, JWKS, NOW, RSA, RSA_PUBLIC, STRANGER, field, raw_token, rs256, serve,
};
use crate::support::{APP, Reply, Server, User, claims};

const SECRET: &str = "a-shared-secret_of-more-than-32-letters";

fn config(algorithm: TokenAlgorithm, keys: TokenKeys) -> CustomToken {
    let (audience, metadata_fields) = (Vec::new(), Vec::<MetadataField>::new());
    CustomToken { audience, require_any_audience: false, algorithm, keys, metadata_fields }
}

fn hs_config() -> CustomToken {
    config(TokenAlgorithm::Hs256, TokenKeys::Given(vec![SECRET.into()]))
}

async fn start(custom_token: CustomToken) -> Server {
    let mut config = AppConfig::default();
    config.providers.custom_token = Offer::Enabled(custom_token);
    serve(config).await
}

fn good_claims(sub: &str) -> Value {
    json!({ "sub": sub, "aud": APP, "exp": NOW + 3600 })
}

fn hs256(secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

fn es256(claims: &Value) -> String {
    let header = Header { kid: Some("ec".into()), ..Header::new(Algorithm::ES256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_pem(EC.as_bytes()).unwrap()).unwrap()
}

async fn log_in(server: &Server, token: &str) -> Reply {
    server.post("/auth/providers/custom-token/login", &json!({ "token": token })).await
}

#[track_caller]
fn assert_unauthorized(reply: &Reply) {
    reply.refused(401, Some("AuthError"), "unauthorized");
    assert_eq!(reply.json()["error"], "unauthorized");
}

#[tokio::test]
async fn the_subject_is_the_identity_and_the_user_has_the_data_of_the_latest_token() {
    let mut custom = hs_config();
    custom.metadata_fields =
        vec![field("profile.name", None, true), field(r"https://x\.y/plan", Some("plan"), false)];
    let server = start(custom).await;
    let with = |name: &str, plan: &str| {
        let mut claims = good_claims("ada");
        claims["profile"] = json!({ "name": name });
        claims["https://x.y/plan"] = json!(plan);
        hs256(SECRET, &claims)
    };
    let first = User::of(&log_in(&server, &with("Ada", "free")).await.ok(200));
    let profile = server.profile(&first.access).await.ok(200);
    assert_eq!(profile["identities"][0]["id"], "ada");
    assert_eq!(profile["identities"][0]["provider_type"], "custom-token");
    assert_eq!(profile["data"], json!({ "name": "Ada", "plan": "free" }));

    let second = User::of(&log_in(&server, &with("Ada L.", "paid")).await.ok(200));
    assert_eq!(second.id, first.id);
    let profile = server.profile(&second.access).await.ok(200);
    assert_eq!(profile["data"], json!({ "name": "Ada L.", "plan": "paid" }));
    assert_eq!(profile["identities"].as_array().unwrap().len(), 1);
    // The App's own token lives as long as any, whatever the other one said.
    let own = claims(&second.access);
    assert_eq!(own["exp"].as_i64().unwrap() - own["iat"].as_i64().unwrap(), 1800);

    let mut nameless = good_claims("ada");
    nameless["profile"] = json!({ "nom": "Ada" });
    assert_unauthorized(&log_in(&server, &hs256(SECRET, &nameless)).await);
    assert_unauthorized(&log_in(&server, &with(&"x".repeat(4097), "free")).await);
}

#[tokio::test]
async fn each_of_three_keys_counts_and_a_fourth_or_a_short_one_does_not() {
    let names = ["one", "two", "three", "four"].map(|name| format!("{name}-{SECRET}"));
    let mut keys: Vec<_> = names.iter().map(|name| name.as_str().into()).collect();
    let server = start(config(TokenAlgorithm::Hs256, TokenKeys::Given(keys.clone()))).await;
    for name in &names[..3] {
        log_in(&server, &hs256(name, &good_claims("a"))).await.ok(200);
    }
    assert_unauthorized(&log_in(&server, &hs256(&names[3], &good_claims("a"))).await);

    keys = vec!["".into(), "short".into()];
    let server = start(config(TokenAlgorithm::Hs256, TokenKeys::Given(keys))).await;
    for secret in ["", "short"] {
        assert_unauthorized(&log_in(&server, &hs256(secret, &good_claims("a"))).await);
    }
}

#[tokio::test]
async fn audiences_are_all_needed_or_any_and_the_apps_own_where_none_is_configured() {
    for (configured, any, found, counts) in [
        (vec![], false, json!(APP), true),
        (vec![""], false, json!(["x", APP]), true),
        (vec![], false, json!("x"), false),
        (vec!["x"], false, json!(APP), false),
        (vec!["x"], false, json!("x"), true),
        (vec!["x", "y"], false, json!(["y", "z", "x"]), true),
        (vec!["x", "y"], false, json!(["x"]), false),
        (vec!["x", "y"], true, json!(["y", "z"]), true),
        (vec!["x", "y"], true, json!("z"), false),
        (vec!["x"], true, json!([]), false),
        (vec!["x"], false, json!(null), false),
        (vec!["x"], false, json!(["x", 5]), false),
    ] {
        let mut custom = hs_config();
        custom.audience = configured.iter().map(|audience| (*audience).to_owned()).collect();
        custom.require_any_audience = any;
        let server = start(custom).await;
        let mut claims = good_claims("a");
        claims["aud"] = found.clone();
        let reply = log_in(&server, &hs256(SECRET, &claims)).await;
        assert_eq!(reply.status == 200, counts, "{configured:?} any={any} {found}: {reply:?}");
        if !counts {
            assert_unauthorized(&reply);
        }
    }
}

#[tokio::test]
async fn a_forged_token_does_not_count() {
    let given = TokenKeys::Given(vec![RSA_PUBLIC.into()]);
    let server = start(config(TokenAlgorithm::Rs256, given)).await;
    let good = good_claims("ada");
    let right = rs256(RSA, None, &good);
    log_in(&server, &right).await.ok(200);

    let with = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        rs256(RSA, None, &claims)
    };
    let without = |claim: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(claim);
        rs256(RSA, None, &claims)
    };
    let mut segments: Vec<_> = right.split('.').map(str::to_owned).collect();
    let signature = segments[2].clone();
    segments[1] = raw_token(&json!({}), &good_claims("eve"), "").split('.').nth(1).unwrap().to_owned();
    let altered = segments.join(".");
    let critical = Header { crit: Some(vec!["x".into()]), ..Header::new(Algorithm::RS256) };
    let critical =
        jsonwebtoken::encode(&critical, &good, &EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap()).unwrap();
    for (what, token) in [
        ("alg none", raw_token(&json!({ "alg": "none" }), &good, "")),
        ("alg None with a signature", raw_token(&json!({ "alg": "None" }), &good, &signature)),
        ("HS256 over the public key", hs256(RSA_PUBLIC, &good)),
        ("HS256 over the trimmed public key", hs256(RSA_PUBLIC.trim(), &good)),
        ("HS256 over nothing", hs256("", &good)),
        ("another key", rs256(STRANGER, None, &good)),
        ("another key, named", rs256(STRANGER, Some("rsa"), &good)),
        ("ES256", es256(&good)),
        ("altered claims", altered),
        ("no signature", format!("{}.{}.", segments[0], segments[1])),
        ("expired", with("exp", json!(NOW))),
        ("expiry as text", with("exp", json!((NOW + 60).to_string()))),
        ("not yet", with("nbf", json!(NOW + 1))),
        ("another audience", with("aud", json!("other-abcde"))),
        ("no expiry", without("exp")),
        ("no audience", without("aud")),
        ("no subject", without("sub")),
        ("empty subject", with("sub", json!(""))),
        ("subject as number", with("sub", json!(5))),
        ("critical extension", critical),
        ("empty", String::new()),
        ("two parts", "a.b".to_owned()),
        ("four parts", format!("{right}.x")),
        ("a list for claims", raw_token(&json!({ "alg": "RS256" }), &json!([1]), &signature)),
    ] {
        let reply = log_in(&server, &token).await;
        assert_eq!(reply.status, 401, "{what}: {reply:?}");
        assert_unauthorized(&reply);
    }
    // Longer than a million characters, though the signature is right.
    assert_unauthorized(&log_in(&server, &with("padding", json!("x".repeat(760_000)))).await);
    for (body, code) in [(json!({}), "MissingParameter"), (json!({ "token": 5 }), "InvalidParameter")] {
        server.post("/auth/providers/custom-token/login", &body).await.refused(400, Some(code), "'token'");
    }
}

#[tokio::test]
async fn times_are_judged_by_the_apps_clock() {
    let server = start(hs_config()).await;
    let mut later = good_claims("a");
    later["nbf"] = json!(NOW + 1800);
    let (token, later) = (hs256(SECRET, &good_claims("a")), hs256(SECRET, &later));
    log_in(&server, &token).await.ok(200);
    assert_unauthorized(&log_in(&server, &later).await);
    server.advance(3599);
    log_in(&server, &token).await.ok(200);
    log_in(&server, &later).await.ok(200);
    server.advance(1);
    assert_unauthorized(&log_in(&server, &token).await);
}

#[tokio::test]
async fn elliptic_curves_count_where_they_are_configured() {
    let given = TokenKeys::Given(vec![EC_PUBLIC.into()]);
    let server = start(config(TokenAlgorithm::Es256, given)).await;
    log_in(&server, &es256(&good_claims("a"))).await.ok(200);
    assert_unauthorized(&log_in(&server, &rs256(RSA, None, &good_claims("a"))).await);
    assert_unauthorized(&log_in(&server, &hs256(EC_PUBLIC, &good_claims("a"))).await);
}

#[tokio::test]
async fn a_key_set_is_fetched_once_and_for_unknown_names_at_most_once_a_minute() {
    let provider = IdentityProvider::start().await;
    let server = start(config(TokenAlgorithm::Rs256, TokenKeys::Jwks(provider.url("/jwks")))).await;
    let good = good_claims("ada");
    for _ in 0..3 {
        log_in(&server, &rs256(RSA, Some("rsa"), &good)).await.ok(200);
    }
    assert_eq!(provider.key_fetches(), 1);
    for (what, token) in [
        ("no name", rs256(RSA, None, &good)),
        ("an unknown name", rs256(RSA, Some("new"), &good)),
        ("another one", rs256(RSA, Some("newer"), &good)),
        ("the name of another key", rs256(RSA, Some("ec"), &good)),
        ("a stranger under a known name", rs256(STRANGER, Some("rsa"), &good)),
        ("a key of the set, for another algorithm", es256(&good)),
    ] {
        let reply = log_in(&server, &token).await;
        assert_eq!(reply.status, 401, "{what}: {reply:?}");
        assert_unauthorized(&reply);
    }
    assert_eq!(provider.key_fetches(), 1, "nothing is asked again within the minute");
}

/// The documented template of an identity provider names no algorithm: each key of the set is for its own.
#[tokio::test]
async fn without_an_algorithm_the_keys_of_the_set_decide() {
    let provider = IdentityProvider::start().await;
    let server = start(config(TokenAlgorithm::OfKey, TokenKeys::Jwks(provider.url("/jwks")))).await;
    log_in(&server, &rs256(RSA, Some("rsa"), &good_claims("a"))).await.ok(200);
    log_in(&server, &es256(&good_claims("a"))).await.ok(200);
    for forged in [
        rs256(STRANGER, Some("rsa"), &good_claims("a")),
        rs256(RSA, Some("ec"), &good_claims("a")),
        hs256(RSA_PUBLIC, &good_claims("a")),
        rs256(RSA, None, &good_claims("a")),
    ] {
        assert_unauthorized(&log_in(&server, &forged).await);
    }
}

#[tokio::test]
async fn a_single_key_is_a_set_and_a_symmetric_one_or_a_fourth_spoils_it() {
    let provider = IdentityProvider::start().await;
    let set: Value = serde_json::from_str(JWKS).unwrap();
    let rsa = &set["keys"][0];
    let renamed = |kid: &str| {
        let mut key = rsa.clone();
        key["kid"] = json!(kid);
        key
    };
    let token = rs256(RSA, Some("rsa"), &good_claims("a"));
    for (published, counts) in [
        (rsa.clone(), true),
        (json!({ "keys": [renamed("1"), renamed("2"), rsa] }), true),
        (json!({ "keys": [renamed("1"), renamed("2"), rsa, renamed("3")] }), false),
        (json!({ "keys": [{ "kty": "oct", "kid": "rsa", "k": "c2VjcmV0" }] }), false),
        (json!({ "keys": "none" }), false),
    ] {
        provider.publish(published.clone());
        let server = start(config(TokenAlgorithm::Rs256, TokenKeys::Jwks(provider.url("/jwks")))).await;
        let reply = log_in(&server, &token).await;
        assert_eq!(reply.status == 200, counts, "{published}: {reply:?}");
    }
}

#[tokio::test]
async fn a_key_set_that_cannot_be_had_is_named_as_the_reason() {
    let provider = IdentityProvider::start().await;
    provider.publish(json!("x".repeat(300 << 10)));
    for (path, says) in [("/nothing", "status 404"), ("/jwks", "more than 256 KiB")] {
        let server = start(config(TokenAlgorithm::Rs256, TokenKeys::Jwks(provider.url(path)))).await;
        let reply = log_in(&server, &rs256(RSA, Some("rsa"), &good_claims("a"))).await;
        reply.refused(401, Some("AuthError"), "the keys of the tokens cannot be fetched");
        assert!(reply.text.contains(says), "{reply:?}");
    }
}

#[tokio::test]
async fn linking_says_why_a_token_does_not_count_without_the_word_that_repeats_requests() {
    let server = start(hs_config()).await;
    let user = server.anonymous().await;
    let mut late = good_claims("ada");
    late["exp"] = json!(NOW);
    let body = json!({ "token": hs256(SECRET, &late) });
    let reply = server.link(&user.access, "custom-token", &body).await;
    reply.refused(401, Some("AuthError"), "these credentials do not count: the token has expired");
    assert!(!reply.text.contains("unauthorized"), "{reply:?}");
}
