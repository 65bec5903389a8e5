//! API keys.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::super::{
    ANONYMOUS, API_KEY, ApiKey, ApiKeyStore, Identity, Judged, KeyHolder, NewApiKey, Refusal, SERVER,
    Session, StoreError, UnitError, User, Work,
};
use super::sessions::live_session;
use super::{SqliteStore, Tx, time};

impl ApiKeyStore for SqliteStore {
    fn api_key_by_hash(&self, hash: Vec<u8>) -> Work<'_, Option<ApiKey>> {
        Box::pin(self.read(move |tx| tx.api_key_by_hash(&hash)))
    }

    fn api_keys(&self, holder: KeyHolder) -> Judged<'_, Vec<ApiKey>> {
        Box::pin(self.read(move |tx| {
            let asking = asking(tx, &holder)?;
            Ok(tx.api_keys(owner(asking.as_ref()))?)
        }))
    }

    fn api_key(&self, holder: KeyHolder, id: String) -> Judged<'_, ApiKey> {
        Box::pin(self.read(move |tx| {
            let asking = asking(tx, &holder)?;
            found(tx, asking.as_ref(), &id)
        }))
    }

    fn may_make_api_keys(&self, holder: KeyHolder) -> Judged<'_, ()> {
        Box::pin(self.read(move |tx| maker(tx, &holder).map(|_| ())))
    }

    fn create_api_key(&self, holder: KeyHolder, new: NewApiKey) -> Judged<'_, ApiKey> {
        Box::pin(self.write(move |tx| {
            let asking = maker(tx, &holder)?;
            let existing = tx.api_keys(owner(asking.as_ref()))?;
            if existing.iter().any(|key| key.name == new.name) {
                return Err(Refusal::KeyNameTaken.into());
            }
            if existing.len() >= new.most {
                return Err(Refusal::TooManyKeys { is_server: asking.is_none(), most: new.most }.into());
            }
            let key = ApiKey {
                user_id: asking.as_ref().map_or(new.server_user_id, |session| session.user_id.clone()),
                is_server: asking.is_none(),
                id: new.id,
                name: new.name,
                key_hash: new.key_hash,
                disabled: false,
                created_at: new.created_at,
            };
            if key.is_server {
                insert_server_user(tx, &key)?;
            }
            if tx.insert_api_key(&key)? { Ok(key) } else { Err(Refusal::KeyNameTaken.into()) }
        }))
    }

    fn switch_api_key(&self, holder: KeyHolder, id: String, enabled: bool) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            let asking = asking(tx, &holder)?;
            let key = found(tx, asking.as_ref(), &id)?;
            if !enabled {
                end_sessions(tx, &key, asking.as_ref())?;
            }
            Ok(tx.set_api_key_disabled(&key.id, !enabled)?)
        }))
    }

    fn delete_api_key(&self, holder: KeyHolder, id: String) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            let asking = asking(tx, &holder)?;
            let key = found(tx, asking.as_ref(), &id)?;
            end_sessions(tx, &key, asking.as_ref())?;
            tx.delete_api_key(&key.id)?;
            tx.delete_identity(API_KEY, &key.id)?;
            if key.is_server {
                tx.delete_user(&key.user_id)?;
            }
            Ok(())
        }))
    }
}

/// Whose keys, as columns have it.
#[derive(Debug, Clone, Copy)]
pub enum KeyOwner<'a> {
    User(&'a str),
    Server,
}

/// The session that asks; `None`: the administrator does, for the server keys.
fn asking(tx: &Tx<'_>, holder: &KeyHolder) -> Result<Option<Session>, UnitError> {
    match holder {
        KeyHolder::Session { id, now } => live_session(tx, id, *now).map(Some),
        KeyHolder::Server => Ok(None),
    }
}

fn owner(asking: Option<&Session>) -> KeyOwner<'_> {
    asking.map_or(KeyOwner::Server, |session| KeyOwner::User(&session.user_id))
}

fn found(tx: &Tx<'_>, asking: Option<&Session>, id: &str) -> Result<ApiKey, UnitError> {
    Ok(tx.api_key(owner(asking), id)?.ok_or(Refusal::KeyNotFound)?)
}

/// Ends the sessions that a key opened, unless one of them is the session that asks.
fn end_sessions(tx: &Tx<'_>, key: &ApiKey, asking: Option<&Session>) -> Result<(), UnitError> {
    key.check_taken_away_by(asking)?;
    Ok(tx.delete_sessions_opened_with(&key.user_id, &key.opens_with())?)
}

/// The session that asks, if its user may make keys.
fn maker(tx: &Tx<'_>, holder: &KeyHolder) -> Result<Option<Session>, UnitError> {
    let Some(session) = asking(tx, holder)? else { return Ok(None) };
    let user = tx.user(&session.user_id)?.ok_or(Refusal::SessionGone)?;
    if user.kind == SERVER {
        return Err(Refusal::ServerMakesNoKeys.into());
    }
    if tx.identities_of(&user.id)?.iter().all(|identity| identity.provider == ANONYMOUS) {
        return Err(Refusal::AnonymousMakesNoKeys.into());
    }
    Ok(Some(session))
}

/// The user that a server key logs in.
fn insert_server_user(tx: &Tx<'_>, key: &ApiKey) -> Result<(), StoreError> {
    tx.insert_user(&User {
        id: key.user_id.clone(),
        kind: SERVER.to_owned(),
        disabled: false,
        created_at: key.created_at,
        last_login_at: Timestamp::UNIX_EPOCH,
    })?;
    tx.insert_identity(&Identity {
        user_id: key.user_id.clone(),
        provider: API_KEY.to_owned(),
        id: key.id.clone(),
        data: ApiKey::profile_data(&key.name),
    })
}

const COLUMNS: &str = "id, user_id, kind, name, key_hash, disabled, created_at";
const SERVER_KIND: &str = "server";
const USER_KIND: &str = "user";

impl Tx<'_> {
    /// Stores a key. False, and nothing stored, if its owner has one of that name.
    pub fn insert_api_key(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let inserted = self
            .0
            .prepare_cached(&format!(
                "INSERT INTO api_keys ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING"
            ))?
            .execute(params![
                key.id,
                key.user_id,
                if key.is_server { SERVER_KIND } else { USER_KIND },
                key.name,
                key.key_hash,
                key.disabled,
                key.created_at.as_millisecond()
            ])?;
        Ok(inserted == 1)
    }

    pub fn api_key_by_hash(&self, hash: &[u8]) -> Result<Option<ApiKey>, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys WHERE key_hash = ?1"))?
            .query_row([hash], key_row)
            .optional()?)
    }

    /// A key of `owner`, whatever ids others have.
    pub fn api_key(&self, owner: KeyOwner<'_>, id: &str) -> Result<Option<ApiKey>, StoreError> {
        let (kind, user_id) = owner_columns(owner);
        Ok(self
            .0
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM api_keys
                 WHERE id = ?1 AND kind = ?2 AND (?3 IS NULL OR user_id = ?3)"
            ))?
            .query_row(params![id, kind, user_id], key_row)
            .optional()?)
    }

    /// The keys of `owner`, the oldest first.
    pub fn api_keys(&self, owner: KeyOwner<'_>) -> Result<Vec<ApiKey>, StoreError> {
        let (kind, user_id) = owner_columns(owner);
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM api_keys
             WHERE kind = ?1 AND (?2 IS NULL OR user_id = ?2) ORDER BY created_at, id"
        ))?;
        let rows = statement.query_map(params![kind, user_id], key_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn set_api_key_disabled(&self, id: &str, disabled: bool) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE api_keys SET disabled = ?2 WHERE id = ?1")?
            .execute(params![id, disabled])?;
        Ok(())
    }

    pub fn delete_api_key(&self, id: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM api_keys WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}

fn owner_columns(owner: KeyOwner<'_>) -> (&'static str, Option<&str>) {
    match owner {
        KeyOwner::User(id) => (USER_KIND, Some(id)),
        KeyOwner::Server => (SERVER_KIND, None),
    }
}

fn key_row(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let kind: String = row.get("kind")?;
    Ok(ApiKey {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        is_server: kind == SERVER_KIND,
        name: row.get("name")?,
        key_hash: row.get("key_hash")?,
        disabled: row.get("disabled")?,
        created_at: time(row, "created_at")?,
    })
}
