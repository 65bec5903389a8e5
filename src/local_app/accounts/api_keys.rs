//! API keys: a user's own, and the App's server keys (section 3.4).
//!
//! What the hosted service did about sessions that a key opened is unknown. Here they end when the key is deleted or
//! disabled: who takes a key away from somebody wants that one out. A session cannot do that to the key it was opened
//! with.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::ids;
use crate::local_app::providers::{Provider, key_data};
use crate::local_app::sessions::{Grant, live_session};
use crate::local_app::store::{ApiKey, Identity, KeyOwner, OpenedWith, Session, Tx, User};

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
        let secret = ids::secret(KEY_LENGTH).map_err(Failure::internal)?;
        let key_hash = key_hash(secret.expose_secret());
        let now = self.now();
        let key = self
            .store()
            .write(move |tx| {
                let id = ids::oid();
                let user_id = match &keys {
                    Keys::Own(grant) => may_make_keys(tx, grant, now)?,
                    Keys::Server => ids::oid(),
                };
                let name = name.ok_or(Failure::KeyNameMissing)?;
                check_name(&name)?;
                let is_server = matches!(keys, Keys::Server);
                let owner = if is_server { KeyOwner::Server } else { KeyOwner::User(&user_id) };
                let existing = tx.api_keys(owner)?;
                if existing.iter().any(|key| key.name == name) {
                    return Err(Failure::KeyNameTaken);
                }
                check_count(existing.len(), is_server)?;
                if is_server {
                    let never = Timestamp::UNIX_EPOCH;
                    let kind = "server".to_owned();
                    let user = User {
                        id: user_id.clone(),
                        kind,
                        disabled: false,
                        created_at: now,
                        last_login_at: never,
                    };
                    tx.insert_user(&user)?;
                    tx.insert_identity(&Identity {
                        user_id: user_id.clone(),
                        provider: Provider::ApiKey.name().to_owned(),
                        id: id.clone(),
                        data: key_data(&name),
                    })?;
                }
                let key = ApiKey { id, user_id, is_server, name, key_hash, disabled: false, created_at: now };
                if tx.insert_api_key(&key)? { Ok(key) } else { Err(Failure::KeyNameTaken) }
            })
            .await?;
        Ok(NewKey { key, secret })
    }

    /// All keys, the oldest first.
    pub async fn keys(&self, keys: Keys) -> Result<Vec<ApiKey>, Failure> {
        let now = self.now();
        self.store().read(move |tx| keys.with_owner(tx, now, |owner, _| Ok(tx.api_keys(owner)?))).await
    }

    pub async fn key(&self, keys: Keys, id: String) -> Result<ApiKey, Failure> {
        let now = self.now();
        let find = move |tx: &Tx<'_>| keys.with_owner(tx, now, |owner, _| found(tx, owner, &id));
        self.store().read(find).await
    }

    /// Lets a key log in, or not.
    pub async fn switch_key(&self, keys: Keys, id: String, enabled: bool) -> Result<(), Failure> {
        let now = self.now();
        let switch = move |tx: &Tx<'_>| {
            keys.with_owner(tx, now, |owner, session| {
                let key = found(tx, owner, &id)?;
                if !enabled {
                    end_sessions(tx, &key, session)?;
                }
                Ok(tx.set_api_key_disabled(&key.id, !enabled)?)
            })
        };
        self.store().write(switch).await
    }

    /// Deletes a key with its identity; a server key with its user.
    pub async fn delete_key(&self, keys: Keys, id: String) -> Result<(), Failure> {
        let now = self.now();
        let delete = move |tx: &Tx<'_>| {
            keys.with_owner(tx, now, |owner, session| {
                let key = found(tx, owner, &id)?;
                end_sessions(tx, &key, session)?;
                tx.delete_api_key(&key.id)?;
                tx.delete_identity(Provider::ApiKey.name(), &key.id)?;
                if key.is_server {
                    tx.delete_user(&key.user_id)?;
                }
                Ok(())
            })
        };
        self.store().write(delete).await
    }
}

impl Keys {
    /// Runs `work` with whose keys these are, and the session that asks if it is a user's.
    fn with_owner<T>(
        &self,
        tx: &Tx<'_>,
        now: Timestamp,
        work: impl FnOnce(KeyOwner<'_>, Option<&Session>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self {
            Self::Own(grant) => {
                let session = live_session(tx, grant, now)?;
                work(KeyOwner::User(&session.user_id), Some(&session))
            }
            Self::Server => work(KeyOwner::Server, None),
        }
    }
}

fn found(tx: &Tx<'_>, owner: KeyOwner<'_>, id: &str) -> Result<ApiKey, Failure> {
    tx.api_key(owner, id)?.ok_or(Failure::KeyNotFound)
}

/// Ends the sessions that a key opened, unless one of them is the session that asks.
fn end_sessions(tx: &Tx<'_>, key: &ApiKey, asking: Option<&Session>) -> Result<(), Failure> {
    let with = OpenedWith { provider: Provider::ApiKey.name().to_owned(), identity_id: key.id.clone() };
    if asking.is_some_and(|session| session.opened_with.as_ref() == Some(&with)) {
        return Err(Failure::Forbidden(
            "this session was opened with that API key; log in another way first",
        ));
    }
    Ok(tx.delete_sessions_opened_with(&key.user_id, &with)?)
}

/// The user of a session that may make keys: neither an anonymous user nor a server (status and text are ours).
fn may_make_keys(tx: &Tx<'_>, grant: &Grant, now: Timestamp) -> Result<String, Failure> {
    let session = live_session(tx, grant, now)?;
    let user = tx.user(&session.user_id)?.ok_or(Failure::SESSION_GONE)?;
    if user.kind == "server" {
        return Err(Failure::Forbidden("a server user cannot make API keys"));
    }
    let identities = tx.identities_of(&user.id)?;
    if identities.iter().all(|identity| identity.provider == Provider::AnonUser.name()) {
        return Err(Failure::Forbidden(
            "an anonymous user cannot make API keys; link another identity first",
        ));
    }
    Ok(user.id)
}

fn check_name(name: &str) -> Result<(), Failure> {
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
    Ok(())
}

/// What the hosted service answered to one key too many is unknown.
fn check_count(count: usize, is_server: bool) -> Result<(), Failure> {
    let (most, whose) = if is_server { (SERVER_KEYS, "an app") } else { (KEYS_OF_A_USER, "a user") };
    if count < most {
        return Ok(());
    }
    Err(Failure::BadRequest(format!("{whose} can have at most {most} API keys; delete one first")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_digits_underscores_and_hyphens() {
        for good in ["a", "key_1-B", &"x".repeat(LONGEST_NAME)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        assert!(matches!(check_name(""), Err(Failure::KeyNameMissing)));
        for bad in [" ", "a b", "é", "a.b", "a\n", &"x".repeat(LONGEST_NAME + 1)] {
            assert!(matches!(check_name(bad), Err(Failure::InvalidParameter(_))), "{bad:?}");
        }
    }
}
