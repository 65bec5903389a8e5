//! `api-key`: a key that a user made for itself, or the App's owner for a server (section 3.4).

use super::{Payload, Proof, Provider, VerifiedIdentity, required_text};
use crate::local_app::accounts::key_hash;
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::store::{ApiKey, Refusal};

/// Checks `key`. Unknown, deleted and disabled keys cannot be told apart.
pub async fn verify(app: &App, payload: &Payload) -> Result<VerifiedIdentity, Failure> {
    let hash = key_hash(required_text(payload, "key")?);
    let key = app.store().api_key_by_hash(hash).await?.ok_or(Refusal::KeyGone)?;
    key.check_enabled()?;
    Ok(VerifiedIdentity {
        provider: Provider::ApiKey,
        id: key.id.clone(),
        data: ApiKey::profile_data(&key.name),
        proof: Proof::Key(key),
    })
}
