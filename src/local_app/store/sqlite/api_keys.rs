//! API keys.

use rusqlite::{OptionalExtension, Row, params};

use super::super::{ApiKey, KeyOwner, StoreError};
use super::{Tx, time};

const COLUMNS: &str = "id, user_id, kind, name, key_hash, disabled, created_at";
const SERVER: &str = "server";
const USER: &str = "user";

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
                if key.is_server { SERVER } else { USER },
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
        KeyOwner::User(id) => (USER, Some(id)),
        KeyOwner::Server => (SERVER, None),
    }
}

fn key_row(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let kind: String = row.get("kind")?;
    Ok(ApiKey {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        is_server: kind == SERVER,
        name: row.get("name")?,
        key_hash: row.get("key_hash")?,
        disabled: row.get("disabled")?,
        created_at: time(row, "created_at")?,
    })
}
