//! Public keys at an address, as a JWK Set (RFC 7517) or a single JWK.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use url::Url;

use super::jwt::{self, Claims, Refusal};
use super::remote_documents::RemoteDocuments;
use crate::local_app::failure::Failure;

/// A key that may have signed a token, and the one way in which it signs.
#[derive(Debug)]
pub struct PublicKey {
    pub kid: Option<String>,
    pub algorithm: Algorithm,
    pub key: DecodingKey,
}

/// The claims of `token`, signed by a key at `url` that its header names and that `may_sign`.
///
/// A name that is not there makes the set be fetched anew, at most once a minute.
pub async fn verified_claims(
    remote: &RemoteDocuments,
    url: &Url,
    token: &str,
    may_sign: impl Fn(&[PublicKey], &PublicKey) -> bool,
) -> Result<Claims, Failure> {
    let kid = jwt::header(token)?.kid.ok_or_else(|| Refusal::new("the token names no key ('kid')"))?;
    let unreachable =
        |error| Failure::AuthError(format!("the keys of the tokens cannot be fetched: {error}"));
    let is_named = |key: &PublicKey| key.kid.as_deref() == Some(kid.as_str());
    let mut keys = parse(&*remote.get(url).await.map_err(unreachable)?);
    if !keys.iter().any(is_named) {
        keys = parse(&*remote.get_anew(url).await.map_err(unreachable)?);
    }
    let named = keys.iter().find(|key| is_named(key) && may_sign(&keys, key));
    let Some(PublicKey { algorithm, key, .. }) = named else {
        return Err(Refusal::new("the key that the token names is not one that counts").into());
    };
    Ok(jwt::verified_claims(token, *algorithm, std::slice::from_ref(key))?)
}

/// The keys that can sign tokens here. Others, such as symmetric ones, which nobody may publish, are passed over.
fn parse(document: &Value) -> Vec<PublicKey> {
    let keys = match document.get("keys") {
        Some(Value::Array(keys)) => keys.as_slice(),
        _ => std::slice::from_ref(document),
    };
    keys.iter().filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok()).filter_map(usable).collect()
}

/// The algorithm follows from the key, never from a token's header.
fn usable(jwk: Jwk) -> Option<PublicKey> {
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && jwk.common.key_algorithm.as_ref().is_none_or(|own| *own == named);
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    signs.then_some(PublicKey { kid: jwk.common.key_id, algorithm, key })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_keys_that_sign_here_are_taken() {
        let rsa = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1"});
        let with = |name: &str, value: &str| {
            let mut key = rsa.clone();
            key[name] = json!(value);
            key
        };
        let curve = |name: &str| json!({"kty": "EC", "crv": name, "x": "AQAB", "y": "AQAB", "kid": "2"});
        for (key, expected) in [
            (rsa.clone(), Some(Algorithm::RS256)),
            (with("alg", "RS256"), Some(Algorithm::RS256)),
            (with("use", "sig"), Some(Algorithm::RS256)),
            (with("alg", "PS256"), None),
            (with("use", "enc"), None),
            (curve("P-256"), Some(Algorithm::ES256)),
            (curve("P-384"), None),
            (json!({"kty": "oct", "k": "AQAB", "kid": "3"}), None),
            (json!({"kty": "new-kind", "kid": "4"}), None),
            (json!({"kty": "OKP", "crv": "Ed25519", "x": "AQAB"}), None),
            (json!("x"), None),
        ] {
            let found: Vec<_> =
                parse(&json!({ "keys": [key] })).into_iter().map(|key| key.algorithm).collect();
            assert_eq!(found, Vec::from_iter(expected), "{key}");
            assert_eq!(parse(&key).len(), found.len(), "a single key: {key}");
        }
    }
}
