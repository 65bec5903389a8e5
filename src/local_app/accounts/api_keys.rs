//! API keys: a user's own, and the App's server keys (section 3.4).
//!
//! What the hosted service did about sessions that a key opened is unknown. Here they end when the key is deleted or
//! disabled: who takes a key away from somebody wants that one out. A session cannot do that to the key it was opened
//! with.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::ids;
use crate::local_app::sessions::Grant;
use crate::local_app::store::{ApiKey, KeyHolder, NewApiKey};

/// Characters of a key.
const KEY_LENGTH: usize = 64;
/// The longest name of a key. The hosted service's limit is unknown.
const LONGEST_NAME: usize = 100;
const KEYS_OF_A_USER: usize = 20;
const SERVER_KEYS: usize = 100;

/// Whose keys a request is about.
#[derive(Debug, Clone)]
pub enum Keys {
    /// Those of the user of this session.
    Own(Grant),
    /// The App's server keys.
    Server,
}

/// A key with its secret, which nobody sees again.
#[derive(Debug)]
pub struct NewKey {
    pub key: ApiKey,
    pub secret: SecretString,
}

/// What a key is recognised by. A plain hash does: a key is long and random.
pub fn key_hash(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}

impl App {
    /// Makes a key; a server key with a user of its own. Whether the name will do is judged after who asks.
    pub async fn create_key(&self, keys: Keys, name: Option<String>) -> Result<NewKey, Failure> {
        let (holder, now) = (self.holder(&keys), self.now());
        let name = match name.ok_or(Failure::KeyNameMissing).and_then(checked_name) {
            Ok(name) => name,
            Err(refused) => {
                self.store().may_make_api_keys(holder).await?;
                return Err(refused);
            }
        };
        let secret = ids::secret(KEY_LENGTH).map_err(Failure::internal)?;
        let new = NewApiKey {
            id: ids::oid(),
            server_user_id: ids::oid(),
            name,
            key_hash: key_hash(secret.expose_secret()),
            created_at: now,
            most: if matches!(keys, Keys::Server) { SERVER_KEYS } else { KEYS_OF_A_USER },
        };
        let key = self.store().create_api_key(holder, new).await?;
        Ok(NewKey { key, secret })
    }

    /// All keys, the oldest first.
    pub async fn keys(&self, keys: Keys) -> Result<Vec<ApiKey>, Failure> {
        Ok(self.store().api_keys(self.holder(&keys)).await?)
    }

    pub async fn key(&self, keys: Keys, id: String) -> Result<ApiKey, Failure> {
        Ok(self.store().api_key(self.holder(&keys), id).await?)
    }

    /// Lets a key log in, or not.
    pub async fn switch_key(&self, keys: Keys, id: String, enabled: bool) -> Result<(), Failure> {
        Ok(self.store().switch_api_key(self.holder(&keys), id, enabled).await?)
    }

    /// Deletes a key with its identity; a server key with its user.
    pub async fn delete_key(&self, keys: Keys, id: String) -> Result<(), Failure> {
        Ok(self.store().delete_api_key(self.holder(&keys), id).await?)
    }

    fn holder(&self, keys: &Keys) -> KeyHolder {
        match keys {
            Keys::Own(grant) => KeyHolder::Session { id: grant.session_id.clone(), now: self.now() },
            Keys::Server => KeyHolder::Server,
        }
    }
}

fn checked_name(name: String) -> Result<String, Failure> {
    let refused = |why: String| Err(Failure::InvalidParameter(why));
    if name.is_empty() {
        return Err(Failure::KeyNameMissing);
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return refused("can only contain ASCII letters, numbers, underscores, and hyphens".to_owned());
    }
    if name.len() > LONGEST_NAME {
        return refused(format!("the name of an API key has at most {LONGEST_NAME} characters"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_digits_underscores_and_hyphens() {
        for good in ["a", "key_1-B", &"x".repeat(LONGEST_NAME)] {
            assert!(checked_name(good.to_owned()).is_ok(), "{good}");
        }
        assert!(matches!(checked_name(String::new()), Err(Failure::KeyNameMissing)));
        for bad in [" ", "a b", "é", "a.b", "a\n", &"x".repeat(LONGEST_NAME + 1)] {
            assert!(matches!(checked_name(bad.to_owned()), Err(Failure::InvalidParameter(_))), "{bad:?}");
        }
    }
}
