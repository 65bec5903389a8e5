//! Access and refresh tokens: signed JWTs with the claims of section 5.1.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::ejson;
use crate::local_app::failure::Failure;
use crate::local_app::lifetimes::expiry;
use crate::local_app::providers::VerifiedIdentity;
use crate::local_app::store::{Session, SigningKey};
use crate::numeric_date;

/// Which of the two tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Access,
    Refresh,
}

impl TokenKind {
    fn claim(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// What a verified token proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub user_id: String,
    pub session_id: String,
}

/// Issue and expiry of a token, in whole seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct TokenTimes {
    issued: i64,
    expires: i64,
}

impl TokenTimes {
    pub fn new(now: Timestamp, lifetime: std::time::Duration) -> Self {
        Self::until(now, expiry(now, lifetime))
    }

    pub fn until(now: Timestamp, expires_at: Timestamp) -> Self {
        Self { issued: now.as_second(), expires: expires_at.as_second() }
    }
}

/// What an access token says.
pub struct AccessToken<'a> {
    pub session: &'a Session,
    /// The user's custom data document, if there is one.
    pub user_data: Option<&'a bson::Document>,
    pub times: TokenTimes,
}

/// What a refresh token says.
pub struct RefreshToken<'a> {
    pub session: &'a Session,
    /// The identity that the session was opened with.
    pub identity: &'a VerifiedIdentity,
    pub provider_id: &'a str,
    pub times: TokenTimes,
}

#[derive(Serialize)]
struct AccessClaims<'a> {
    baas_device_id: &'a str,
    baas_domain_id: &'a str,
    exp: i64,
    iat: i64,
    iss: &'a str,
    #[serde(rename = "stitch_devId")]
    stitch_dev_id: &'a str,
    #[serde(rename = "stitch_domainId")]
    stitch_domain_id: &'a str,
    sub: &'a str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<Value>,
}

#[derive(Serialize)]
struct RefreshClaims<'a> {
    baas_data: (),
    baas_device_id: &'a str,
    baas_domain_id: &'a str,
    baas_id: &'a str,
    baas_identity: IdentityClaim<'a>,
    exp: i64,
    iat: i64,
    stitch_data: (),
    #[serde(rename = "stitch_devId")]
    stitch_dev_id: &'a str,
    #[serde(rename = "stitch_domainId")]
    stitch_domain_id: &'a str,
    stitch_id: &'a str,
    stitch_ident: IdentityClaim<'a>,
    sub: &'a str,
    typ: &'static str,
}

#[derive(Clone, Copy, Serialize)]
struct IdentityClaim<'a> {
    id: &'a str,
    provider_type: &'static str,
    provider_id: &'a str,
}

/// The claims that a token is judged by.
#[derive(Deserialize)]
struct JudgedClaims {
    typ: String,
    sub: String,
    /// NumericDate: a key that was brought along has signed times in any of its forms.
    exp: Value,
    baas_domain_id: String,
    /// Session of an access token.
    iss: Option<String>,
    /// Session of a refresh token.
    baas_id: Option<String>,
}

/// Signs the App's tokens and judges those that come back. The newest key signs; each one still verifies what it signed.
pub struct TokenSigner {
    keys: Arc<RwLock<Vec<KeyPair>>>,
    domain_id: String,
}

struct KeyPair {
    id: String,
    sign: EncodingKey,
    verify: DecodingKey,
}

impl TokenSigner {
    /// A signer with these keys, the newest first.
    pub fn new(keys: &[SigningKey], domain_id: &str) -> Self {
        Self { keys: Arc::new(RwLock::new(pairs(keys))), domain_id: domain_id.to_owned() }
    }

    /// A signer with the same keys, now and later, whose tokens count in its own domain only.
    pub fn in_domain(&self, domain_id: &str) -> Self {
        Self { keys: Arc::clone(&self.keys), domain_id: domain_id.to_owned() }
    }

    /// Takes these keys in place of those that it has.
    pub fn replace_keys(&self, keys: &[SigningKey]) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = pairs(keys);
    }

    pub fn access_token(&self, token: &AccessToken<'_>) -> Result<String, Failure> {
        let Session { id, user_id, device_id, .. } = token.session;
        self.sign(
            &AccessClaims {
                baas_device_id: device_id,
                baas_domain_id: &self.domain_id,
                exp: token.times.expires,
                iat: token.times.issued,
                iss: id,
                stitch_dev_id: device_id,
                stitch_domain_id: &self.domain_id,
                sub: user_id,
                typ: TokenKind::Access.claim(),
                // As plain as it can be without a loss: some clients read it as plain JSON (section 2.5).
                user_data: token.user_data.map(ejson::relaxed_document),
            },
            None,
        )
    }

    pub fn refresh_token(&self, token: &RefreshToken<'_>) -> Result<String, Failure> {
        let Session { id, user_id, device_id, .. } = token.session;
        let identity = IdentityClaim {
            id: &token.identity.id,
            provider_type: token.identity.provider.name(),
            provider_id: token.provider_id,
        };
        self.sign(
            &RefreshClaims {
                baas_data: (),
                baas_device_id: device_id,
                baas_domain_id: &self.domain_id,
                baas_id: id,
                baas_identity: identity,
                exp: token.times.expires,
                iat: token.times.issued,
                stitch_data: (),
                stitch_dev_id: device_id,
                stitch_domain_id: &self.domain_id,
                stitch_id: id,
                stitch_ident: identity,
                sub: user_id,
                typ: TokenKind::Refresh.claim(),
            },
            Some(&token.session.signing_key),
        )
    }

    /// The key that signs now.
    pub fn newest_key(&self) -> Result<String, Failure> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.first().map(|key| key.id.clone()).ok_or_else(no_key)
    }

    /// Signs with the key `id`, or with the newest.
    pub(super) fn sign(&self, claims: &impl Serialize, id: Option<&str>) -> Result<String, Failure> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.iter().find(|key| id.is_none_or(|id| key.id == id)).ok_or_else(no_key)?;
        let claims = serde_json::to_vec(claims).map_err(Failure::internal)?;
        let message = format!("{}.{}", *HEADER, BASE64_URL_SAFE_NO_PAD.encode(claims));
        let signature = crypto::sign(message.as_bytes(), &key.sign, ALGORITHM).map_err(Failure::internal)?;
        Ok(format!("{message}.{signature}"))
    }

    /// Whether a token that did not count could be one of this App's which a key signed that is not known here (yet).
    pub fn may_be_of_unknown_key(&self, token: &str) -> bool {
        let Ok(unproven) = jsonwebtoken::dangerous::insecure_decode::<JudgedClaims>(token) else {
            return false;
        };
        unproven.claims.baas_domain_id == self.domain_id
            && self.verified_claims::<JudgedClaims>(token).is_none()
    }

    /// Judges a token: signature, App, kind, expiry, in this order (sections 5.3 and 5.4).
    pub fn verify(&self, token: &str, kind: TokenKind, now: Timestamp) -> Result<Grant, Failure> {
        let Some(claims) = self.verified_claims::<JudgedClaims>(token) else {
            return Err(match kind {
                TokenKind::Access => Failure::INVALID_SESSION,
                TokenKind::Refresh => Failure::BadSignature,
            });
        };
        if claims.baas_domain_id != self.domain_id {
            return Err(Failure::AppMismatch);
        }
        let (session_id, wrong_kind, expired) = match kind {
            TokenKind::Access => (claims.iss, Failure::INVALID_SESSION, Failure::ACCESS_EXPIRED),
            TokenKind::Refresh => (claims.baas_id, Failure::NotARefreshToken, Failure::REFRESH_EXPIRED),
        };
        let Some(session_id) = session_id.filter(|_| claims.typ == kind.claim()) else {
            return Err(wrong_kind);
        };
        if numeric_date::read(&claims.exp).is_none_or(|expires| now >= expires) {
            return Err(expired);
        }
        Ok(Grant { user_id: claims.sub, session_id })
    }

    /// Whether it is a refresh token of this domain, expired or not.
    pub fn is_refresh_token(&self, token: &str) -> bool {
        self.verified_claims::<JudgedClaims>(token).is_some_and(|claims| {
            claims.typ == TokenKind::Refresh.claim() && claims.baas_domain_id == self.domain_id
        })
    }

    /// All that a token says, whatever it is worth by now, if this App signed it.
    pub fn signed_claims(&self, token: &str) -> Option<Value> {
        self.verified_claims(token)
    }

    /// The claims of a token that one of the keys signed. The documented header names no key, so that each is tried; they
    /// are few. What only the holder of a key can have written is parsed once, and nothing else is.
    fn verified_claims<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        let (message, signature) = token.rsplit_once('.')?;
        let claims = message.strip_prefix(HEADER.as_str())?.strip_prefix('.')?;
        let signed = |key: &KeyPair| {
            crypto::verify(signature, message.as_bytes(), &key.verify, ALGORITHM).unwrap_or(false)
        };
        if !self.keys.read().unwrap_or_else(PoisonError::into_inner).iter().any(signed) {
            return None;
        }
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

/// The user that a token names, whoever wrote it.
pub fn unproven_user(token: &str) -> Option<String> {
    let unproven = jsonwebtoken::dangerous::insecure_decode::<JudgedClaims>(token).ok()?;
    Some(unproven.claims.sub)
}

const ALGORITHM: Algorithm = Algorithm::HS256;

/// The header of every token, as it is sent. There is no other one: a token is not asked how it wants to be judged.
static HEADER: LazyLock<String> = LazyLock::new(|| {
    let header = serde_json::to_vec(&Header::new(ALGORITHM)).expect("a header of constants is JSON");
    BASE64_URL_SAFE_NO_PAD.encode(header)
});

fn no_key() -> Failure {
    Failure::internal("the App has no key to sign with")
}

fn pairs(keys: &[SigningKey]) -> Vec<KeyPair> {
    let pair = |key: &SigningKey| KeyPair {
        id: key.id.clone(),
        sign: EncodingKey::from_secret(&key.key),
        verify: DecodingKey::from_secret(&key.key),
    };
    keys.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn key(id: &str, key: &[u8]) -> SigningKey {
        SigningKey { id: id.to_owned(), key: key.to_vec().into(), created_at: Timestamp::UNIX_EPOCH }
    }

    fn signer(key_bytes: &[u8], domain_id: &str) -> TokenSigner {
        TokenSigner::new(&[key("1", key_bytes)], domain_id)
    }

    #[test]
    fn a_rotated_key_verifies_what_it_signed_and_a_forgotten_one_nothing() {
        let signer = signer(KEY, "domain");
        let (old, now) = issue(&signer);
        signer.replace_keys(&[key("2", b"another key of this app, the newest!"), key("1", KEY)]);
        let (new, _) = issue(&signer);
        for token in [&old, &new] {
            assert!(signer.verify(token, TokenKind::Access, now).is_ok());
        }
        signer.replace_keys(&[key("2", b"another key of this app, the newest!")]);
        assert!(signer.verify(&old, TokenKind::Access, now).is_err());
        assert!(signer.verify(&new, TokenKind::Access, now).is_ok());
    }

    fn issue(signer: &TokenSigner) -> (String, Timestamp) {
        let now = "2026-01-01T00:00:00.9Z".parse().unwrap();
        let session = Session {
            id: "5f0000000000000000000001".to_owned(),
            user_id: "5f0000000000000000000002".to_owned(),
            device_id: "000000000000000000000000".to_owned(),
            opened_at: now,
            opened_with: None,
            expires_at: now,
            signing_key: "1".to_owned(),
            lifetimes: None,
        };
        let times = TokenTimes::new(now, Duration::from_secs(10));
        (signer.access_token(&AccessToken { session: &session, user_data: None, times }).unwrap(), now)
    }

    #[test]
    fn a_token_counts_up_to_its_last_second_and_not_beyond() {
        let signer = signer(KEY, "domain");
        let (token, now) = issue(&signer);
        let grant = signer.verify(&token, TokenKind::Access, now + Duration::from_secs(9)).unwrap();
        assert_eq!(grant.user_id, "5f0000000000000000000002");
        assert_eq!(grant.session_id, "5f0000000000000000000001");
        let late = signer.verify(&token, TokenKind::Access, now + Duration::from_secs(10)).unwrap_err();
        assert_eq!(late.to_string(), "invalid session: access token expired");
    }

    #[test]
    fn a_token_of_another_app_or_key_or_kind_does_not_count() {
        let signer = signer(KEY, "domain");
        let (token, now) = issue(&signer);
        let other_app = self::signer(KEY, "other");
        assert!(matches!(other_app.verify(&token, TokenKind::Access, now), Err(Failure::AppMismatch)));
        let other_key = self::signer(b"another key of another app, thus!", "domain");
        assert!(matches!(
            other_key.verify(&token, TokenKind::Access, now),
            Err(Failure::InvalidSession(None))
        ));
        assert!(matches!(other_key.verify(&token, TokenKind::Refresh, now), Err(Failure::BadSignature)));
        assert!(matches!(signer.verify(&token, TokenKind::Refresh, now), Err(Failure::NotARefreshToken)));
    }

    #[test]
    fn the_type_claim_decides_whatever_else_a_token_says() {
        let signer = signer(KEY, "domain");
        for typ in ["access", "refresh", "other"] {
            let claims = serde_json::json!({
                "typ": typ, "sub": "u", "exp": i64::MAX, "baas_domain_id": "domain", "iss": "s", "baas_id": "s",
            });
            let token = signer.sign(&claims, None).unwrap();
            let counts_as = |kind| signer.verify(&token, kind, Timestamp::UNIX_EPOCH).is_ok();
            assert_eq!(counts_as(TokenKind::Access), typ == "access", "{typ}");
            assert_eq!(counts_as(TokenKind::Refresh), typ == "refresh", "{typ}");
        }
    }
}
