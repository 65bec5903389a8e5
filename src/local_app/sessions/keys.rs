//! Rotation of the keys that sign tokens.

use jiff::Timestamp;

use crate::local_app::app::{App, random_key};
use crate::local_app::failure::Failure;
use crate::local_app::ids;
use crate::local_app::store::{KeyRotation, SigningKey};

/// What a rotation came to.
pub struct Rotation {
    pub key_id: String,
    pub created_at: Timestamp,
    /// Keys that still verify, the new one included.
    pub keys: usize,
}

impl App {
    /// Makes a new key, which signs from here on. The older ones verify what they signed until that has expired, unless
    /// `forget_old` drops them, and every token with them, at once.
    pub async fn rotate_keys(&self, forget_old: bool) -> Result<Rotation, Failure> {
        let now = self.now();
        let key = random_key().map_err(Failure::internal)?;
        let key = SigningKey { id: ids::oid(), key, created_at: now };
        let id = key.id.clone();
        let rotation = KeyRotation { key, access: self.lifetimes().access, forget_old };
        let keys = self.store().rotate_signing_keys(rotation).await?;
        self.reload().await?;
        Ok(Rotation { key_id: id, created_at: now, keys })
    }
}
