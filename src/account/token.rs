//! Tokens: secret to everyone, with claims that a person may read.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Lifetime;
use crate::numeric_date;

/// The claims of a token, for display and for planning; never for trust, since nothing here checks a signature.
pub type Claims = Map<String, Value>;

macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes the token as the server sent it.
            pub fn new(token: impl Into<SecretString>) -> Self {
                Self(token.into())
            }

            /// The token itself, for the `Authorization` header and the vault.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }

            /// The claims, empty where the token is not a JWT.
            pub fn claims(&self) -> Claims {
                claims(self.expose()).unwrap_or_default()
            }

            /// A short name for the token that reveals nothing of it.
            pub fn fingerprint(&self) -> String {
                fingerprint(self.expose())
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.expose() == other.expose()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "(#{})"), self.fingerprint())
            }
        }
    };
}

token! {
    /// The short-lived token that proves the user on each call.
    AccessToken
}
token! {
    /// The long-lived token that renews the access token.
    RefreshToken
}

/// The tokens of a session, and when they end.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Proves the user on each call. It may be opaque.
    pub access: AccessToken,
    /// Renews the proof. `None` where the access token is its own renewal, or nothing renews it.
    pub refresh: Option<RefreshToken>,
    /// When the access token ends, where the service says so beside it (`expires_in`, a record).
    pub access_life: Option<Lifetime>,
    /// When the refresh token ends, where the service says so beside it.
    pub refresh_life: Option<Lifetime>,
}

impl Tokens {
    /// Tokens that say themselves when they end, if they do.
    pub fn new(access: AccessToken, refresh: impl Into<Option<RefreshToken>>) -> Self {
        Self { access, refresh: refresh.into(), access_life: None, refresh_life: None }
    }

    /// The same session with another access token, which says itself when it ends.
    pub fn with_access(&self, access: AccessToken) -> Self {
        Self { access, access_life: None, ..self.clone() }
    }

    /// When the access token ends: as the service said, else as the token's claims say.
    pub fn access_lifetime(&self) -> Option<Lifetime> {
        self.access_life.or_else(|| lifetime(&self.access.claims()))
    }

    /// When the refresh token ends: as the service said, else as the token's claims say.
    pub fn refresh_lifetime(&self) -> Option<Lifetime> {
        self.refresh_life.or_else(|| lifetime(&self.refresh.as_ref()?.claims()))
    }
}

/// Decodes the payload of a JWS in compact form (RFC 7515, section 3.1) without checking its signature.
fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = URL_SAFE_NO_PAD.decode(payload).or_else(|_| URL_SAFE.decode(payload)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// When a token was issued, if it says so (RFC 7519, section 4.1.6).
pub fn issued(claims: &Claims) -> Option<Timestamp> {
    numeric_date::read(claims.get("iat")?)
}

/// From when to when a token is valid, if it ends (RFC 7519, section 4.1.4). One that does not say when it was issued has an
/// end all the same; its beginning is then the `nbf`, or the end itself.
pub fn lifetime(claims: &Claims) -> Option<Lifetime> {
    let expires = numeric_date::read(claims.get("exp")?)?;
    let not_before = || numeric_date::read(claims.get("nbf")?);
    Some(Lifetime::new(issued(claims).or_else(not_before).unwrap_or(expires), expires))
}

/// The first 32 bits of the token's SHA-256, in hex.
fn fingerprint(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jwt(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn claims_and_lifetime_are_read_from_a_jwt() {
        let token = AccessToken::new(jwt(r#"{"iat":1700000000,"exp":1700001800,"sub":"u"}"#));
        let claims = token.claims();
        assert_eq!(claims["sub"], "u");
        assert_eq!(lifetime(&claims).unwrap().length().as_secs(), 1800);
    }

    #[test]
    fn what_is_no_jwt_has_no_claims_and_no_lifetime() {
        for text in ["", "opaque", "a.b", "a.!!.c", "a.bnVsbA.c"] {
            let claims = AccessToken::new(text).claims();
            assert!(claims.is_empty(), "{text}");
            assert_eq!(lifetime(&claims), None);
        }
    }

    // The kind: a time of a token that only counts in the form in which one server writes it.
    #[test]
    fn a_lifetime_is_read_whatever_form_its_numbers_have() {
        let life = |payload: &str| lifetime(AccessToken::new(jwt(payload)).claims());
        let whole = life(r#"{"iat":1700000000,"exp":1700001800}"#).unwrap();
        assert_eq!(life(r#"{"iat":1.7e9,"exp":1700001800.0}"#), Some(whole));
        assert_eq!(life(r#"{"nbf":1.7e9,"exp":17000018e2}"#), Some(whole));
        let half = life(r#"{"iat":1700000000.5,"exp":1700001800.75}"#).unwrap();
        assert_eq!(half.length().as_millis(), 1_800_250);
        assert_eq!(life(r#"{"exp":1700001800}"#).unwrap().expires, whole.expires);
        assert_eq!(life(r#"{"iat":0,"exp":1e308}"#).unwrap().expires, Timestamp::MAX);
        assert!(life(r#"{"iat":0,"exp":-1}"#).unwrap().is_over(Timestamp::UNIX_EPOCH));
        for none in [r#"{"iat":0}"#, r#"{"iat":0,"exp":"1700001800"}"#, r#"{"iat":0,"exp":null}"#] {
            assert_eq!(life(none), None, "{none}");
        }
    }

    #[test]
    fn a_token_never_prints() {
        let text = jwt(r#"{"sub":"u"}"#);
        let tokens = Tokens::new(AccessToken::new(text.clone()), RefreshToken::new(text.clone()));
        let printed = format!("{tokens:?}");
        assert!(!printed.contains(&text[..8]), "{printed}");
        assert!(printed.contains(&tokens.access.fingerprint()));
    }

    proptest! {
        #[test]
        fn any_text_is_decoded_without_panic(text in ".{0,200}", exp in any::<i64>()) {
            let _ = claims(&text);
            let _ = lifetime(AccessToken::new(jwt(&format!(r#"{{"iat":0,"exp":{exp}}}"#))).claims()).map(|l| l.length());
        }
    }

    fn lifetime(claims: impl std::borrow::Borrow<Claims>) -> Option<Lifetime> {
        super::lifetime(claims.borrow())
    }
}
