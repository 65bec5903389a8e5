//! A signer with a key of its own, for the fuzz targets.

use jiff::Timestamp;
use serde_json::Value;

use super::token::{Grant, TokenSigner};
use crate::local_app::failure::Failure;
use crate::local_app::store::SigningKey;

pub use super::token::TokenKind;

/// The App that it signs for.
pub const DOMAIN: &str = "domain";

/// Signs anything and judges it.
pub struct Signer(TokenSigner);

impl Signer {
    pub fn new() -> Self {
        let key = b"a key that no fuzzer finds in time, whatever it tries".to_vec().into();
        let key = SigningKey { id: "1".to_owned(), key, created_at: Timestamp::UNIX_EPOCH };
        Self(TokenSigner::new(&[key], DOMAIN))
    }

    pub fn sign(&self, claims: &Value) -> Option<String> {
        self.0.sign(claims, None).ok()
    }

    pub fn verify(&self, token: &str, kind: TokenKind, now: Timestamp) -> Result<Grant, Failure> {
        self.0.verify(token, kind, now)
    }
}
