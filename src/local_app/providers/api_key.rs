//! `api-key`: a key that a user made for itself, or the App's owner for a server (section 3.4).

use serde_json::{Map, Value};

use super::{Payload, Proof, Provider, VerifiedIdentity, required_text};
use crate::local_app::accounts::key_hash;
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::store::{ApiKey, Tx};

/// Checks `key`. Unknown, deleted and disabled keys cannot be told apart.
pub async fn verify(app: &App, payload: &Payload) -> Result<VerifiedIdentity, Failure> {
    let hash = key_hash(required_text(payload, "key")?);
    let key = app.store().read(move |tx| tx.api_key_by_hash(&hash)).await?;
    let key = enabled(key)?;
    Ok(VerifiedIdentity {
        provider: Provider::ApiKey,
        id: key.id.clone(),
        data: data(&key.name),
        proof: Proof::Key(key),
    })
}

/// Whether the key is still there, and enabled.
pub fn still_holds(tx: &Tx<'_>, verified: &ApiKey) -> Result<bool, Failure> {
    enabled(tx.api_key_by_hash(&verified.key_hash)?).map(|_| true)
}

/// The profile data of a key's identity (section 6).
pub fn data(name: &str) -> Map<String, Value> {
    Map::from_iter([("name".to_owned(), Value::from(name))])
}

/// The key, if one can log in with it. Clients are not told what is wrong with theirs.
fn enabled(key: Option<ApiKey>) -> Result<ApiKey, Failure> {
    let refused = |cause| Failure::AuthRefused { says: "unauthorized", cause };
    match key {
        Some(key) if key.disabled => Err(refused(format!("the API key '{}' is disabled", key.name))),
        Some(key) => Ok(key),
        None => Err(refused("there is no such API key".to_owned())),
    }
}
