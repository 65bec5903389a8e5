//! Judging a user's access token for somebody else: `POST users/verify_token` (section 14.3).

use serde_json::{Map, Value};

use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::sessions::TokenKind;

/// What an access token is worth.
pub enum VerifiedToken {
    /// Nothing any more.
    Expired,
    /// Valid: its claims, and the user's data of this moment.
    Valid { claims: Map<String, Value>, data: Map<String, Value> },
}

impl App {
    /// Judges an access token of this App. One that says something else than who signed it is no token.
    pub async fn verify_token(&self, token: &str) -> Result<VerifiedToken, Failure> {
        let Some(Value::Object(claims)) = self.signer().signed_claims(token) else {
            return Err(Failure::BadSignature);
        };
        let grant = match self.signer().verify(token, TokenKind::Access, self.now()) {
            Ok(grant) => grant,
            Err(failure) if failure.is_access_expired() => return Ok(VerifiedToken::Expired),
            Err(failure) => return Err(failure),
        };
        let record = self.store().user_record(grant.user_id).await?;
        let data = record.ok_or(Failure::INVALID_SESSION)?.data();
        Ok(VerifiedToken::Valid { claims, data })
    }
}
