//! Rotation of the keys that sign tokens.

use jiff::{SignedDuration, Timestamp};

use crate::local_app::app::{App, random_key};
use crate::local_app::failure::Failure;
use crate::local_app::ids;
use crate::local_app::lifetimes::{LATEST, expiry};
use crate::local_app::store::SigningKey;

/// How long other processes may go on signing with a key that was retired, generously.
const NOTICE: SignedDuration = SignedDuration::from_mins(1);

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
        let access = self.lifetimes().access;
        let key = random_key().map_err(Failure::internal)?;
        let key = SigningKey { id: ids::oid(), key, created_at: now };
        let id = key.id.clone();
        let keys = self
            .store()
            .write(move |tx| {
                let longest = tx.longest_own_access_lifetime()?.map_or(access, |own| own.max(access));
                let until = expiry(now, longest).saturating_add(NOTICE).unwrap_or(LATEST).min(LATEST);
                if forget_old {
                    tx.delete_signing_keys()?;
                } else {
                    tx.retire_signing_keys(until)?;
                }
                tx.insert_signing_key(&key)?;
                Ok::<_, Failure>(tx.signing_keys()?.len())
            })
            .await?;
        self.reload().await?;
        Ok(Rotation { key_id: id, created_at: now, keys })
    }
}
