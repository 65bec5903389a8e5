//! Tokens that somebody else signed: what has to be right with them, whoever that is.

use std::fmt;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::{Map, Value};

use crate::local_app::failure::Failure;
use crate::numeric_date;

/// Longest token, in bytes (section 3.5).
const LONGEST: usize = 1_000_000;

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// Why a proof from elsewhere does not count. Goes to the log; a client is told no more than that it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    pub fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(Refusal(why): Refusal) -> Self {
        Self::ProofRefused(why)
    }
}

/// The header of `token`, which proves nothing: it only tells keys apart.
pub fn header(token: &str) -> Result<Header, Refusal> {
    if token.len() > LONGEST {
        return Err(Refusal::new("the token is longer than 1,000,000 characters"));
    }
    let header = jsonwebtoken::decode_header(token)
        .map_err(|_| Refusal::new("the token is malformed, or signed in a way that nobody may use"))?;
    // RFC 7515, section 4.1.11: an extension that must be understood, and is not.
    if header.crit.is_some() {
        return Err(Refusal::new("the token has critical extensions"));
    }
    Ok(header)
}

/// The claims of `token` if one of `keys` signed it with `algorithm`, whatever its header says.
pub fn verified_claims(token: &str, algorithm: Algorithm, keys: &[DecodingKey]) -> Result<Claims, Refusal> {
    header(token)?;
    let mut rules = Validation::new(algorithm);
    // Times and audiences are judged by whoever knows the clock and the configuration.
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    keys.iter()
        .find_map(|key| jsonwebtoken::decode::<Claims>(token, key, &rules).ok())
        .map(|decoded| decoded.claims)
        .ok_or_else(|| {
            Refusal::new(format!("the token is not signed with {algorithm:?} by a key that counts"))
        })
}

/// Refuses a token that has expired or does not count yet. Nothing is given for clocks that differ: the App's is
/// the one that counts.
pub fn judge_times(claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
    let time = |claim: &str| match claims.get(claim) {
        None => Ok(None),
        Some(value) => numeric_date::read(value)
            .map(Some)
            .ok_or_else(|| Refusal::new(format!("the claim '{claim}' is not a time"))),
    };
    // Nothing is decided by it, but what is no time makes the token malformed (RFC 7519, section 4.1.6).
    time("iat")?;
    let expires = time("exp")?.ok_or_else(|| Refusal::new("the claim 'exp' is missing"))?;
    if now >= expires {
        return Err(Refusal::new("the token has expired"));
    }
    if time("nbf")?.is_some_and(|not_before| now < not_before) {
        return Err(Refusal::new("the token does not count yet"));
    }
    Ok(())
}

/// A claim that must be a text, and not an empty one.
pub fn required_claim<'a>(claims: &'a Claims, claim: &str) -> Result<&'a str, Refusal> {
    match claims.get(claim).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(Refusal::new(format!("the claim '{claim}' is missing"))),
    }
}

/// Whom the token is for: one or several (RFC 7519, section 4.1.3).
pub fn audiences(claims: &Claims) -> Result<Vec<&str>, Refusal> {
    let found: Option<Vec<&str>> = match claims.get("aud") {
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(several)) => several.iter().map(Value::as_str).collect(),
        _ => None,
    };
    found.filter(|audiences| !audiences.is_empty()).ok_or_else(|| Refusal::new("the claim 'aud' is missing"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_token_counts_from_its_first_to_its_last_second() {
        let now: Timestamp = "1970-01-01T00:01:40.500Z".parse().unwrap();
        for (value, counts) in [
            (json!({"exp": 101}), true),
            (json!({"exp": 100.6}), true),
            (json!({"exp": 100.5}), false),
            (json!({"exp": 100}), false),
            (json!({"exp": -1}), false),
            (json!({}), false),
            (json!({"exp": "101"}), false),
            (json!({"exp": null}), false),
            (json!({"exp": 101, "nbf": 100}), true),
            (json!({"exp": 101, "nbf": 100.5}), true),
            (json!({"exp": 101, "nbf": 101}), false),
            (json!({"exp": 101, "nbf": "x"}), false),
            (json!({"exp": 1.01e2, "nbf": 1e2, "iat": 1e-5}), true),
            (json!({"exp": 1e308, "nbf": -1e308}), true),
            (json!({"exp": 253_402_300_800_i64}), true),
            (json!({"exp": u64::MAX}), true),
            (json!({"exp": 1e-5}), false),
            (json!({"exp": -1e308}), false),
            (json!({"exp": 101, "nbf": 1e308}), false),
            (json!({"exp": 101, "iat": "99"}), false),
            (json!({"exp": 101, "iat": 1e308}), true),
        ] {
            assert_eq!(judge_times(&claims(value.clone()), now).is_ok(), counts, "{value}");
        }
    }

    #[test]
    fn an_audience_is_a_text_or_several() {
        assert_eq!(audiences(&claims(json!({"aud": "a"}))).unwrap(), ["a"]);
        assert_eq!(audiences(&claims(json!({"aud": ["a", "b"]}))).unwrap(), ["a", "b"]);
        for bad in [json!({}), json!({"aud": []}), json!({"aud": ["a", 1]}), json!({"aud": 1})] {
            assert!(audiences(&claims(bad)).is_err());
        }
    }
}
