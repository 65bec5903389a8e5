//! API keys: a user's own, and the App's server keys. A key itself is not kept, only what it is recognised by.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{API_KEY, Judged, OpenedWith, Refusal, Session, Work};

/// Units of work on API keys.
pub trait ApiKeyStore {
    /// The key that is recognised by `hash`, disabled or not.
    fn api_key_by_hash(&self, hash: Vec<u8>) -> Work<'_, Option<ApiKey>>;

    /// All keys, the oldest first.
    fn api_keys(&self, holder: KeyHolder) -> Judged<'_, Vec<ApiKey>>;

    /// A key of `holder`, whatever ids others have.
    fn api_key(&self, holder: KeyHolder, id: String) -> Judged<'_, ApiKey>;

    /// Whether `holder` may make keys: neither an anonymous user nor a server may (status and text are ours).
    fn may_make_api_keys(&self, holder: KeyHolder) -> Judged<'_, ()>;

    /// Stores a key; a server key with a user of its own.
    fn create_api_key(&self, holder: KeyHolder, new: NewApiKey) -> Judged<'_, ApiKey>;

    /// Lets a key log in, or not. The sessions that a disabled key opened end.
    fn switch_api_key(&self, holder: KeyHolder, id: String, enabled: bool) -> Judged<'_, ()>;

    /// Deletes a key with its identity and the sessions that it opened; a server key with its user.
    fn delete_api_key(&self, holder: KeyHolder, id: String) -> Judged<'_, ()>;
}

/// Whose keys a unit of work is about.
#[derive(Debug, Clone)]
pub enum KeyHolder {
    /// Those of the user of this session, if it has not ended at `now`.
    Session { id: String, now: Timestamp },
    /// The App's server keys.
    Server,
}

/// A key that is to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    pub id: String,
    /// The id of the user of a server key.
    pub server_user_id: String,
    pub name: String,
    /// SHA-256 of the key.
    pub key_hash: Vec<u8>,
    pub created_at: Timestamp,
    /// As many keys as the holder can have.
    pub most: usize,
}

/// A key without its secret.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The id of the identity that it becomes.
    pub id: String,
    /// Whom it logs in: its owner, or the user that was made for a server key.
    pub user_id: String,
    /// Made by the Admin API for a server, not by a user for itself.
    pub is_server: bool,
    pub name: String,
    /// SHA-256 of the key.
    pub key_hash: Vec<u8>,
    pub disabled: bool,
    pub created_at: Timestamp,
}

impl ApiKey {
    /// What a session says that it was opened with, if it was opened with this key.
    pub fn opens_with(&self) -> OpenedWith {
        OpenedWith { provider: API_KEY.to_owned(), identity_id: self.id.clone() }
    }

    /// Whether `asking`, a session, may take the key away.
    pub fn check_taken_away_by(&self, asking: Option<&Session>) -> Result<(), Refusal> {
        let is_own = asking.is_some_and(|session| session.opened_with == Some(self.opens_with()));
        if is_own { Err(Refusal::KeyOpenedSession) } else { Ok(()) }
    }

    /// Whether one can log in with it.
    pub fn check_enabled(&self) -> Result<(), Refusal> {
        if self.disabled { Err(Refusal::KeyDisabled(self.name.clone())) } else { Ok(()) }
    }

    /// The profile data of the identity of a key of that name (section 6).
    pub fn profile_data(name: &str) -> Map<String, Value> {
        Map::from_iter([("name".to_owned(), Value::from(name))])
    }
}
