//! Users and their identities.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::super::{Identity, StoreError, User, UserQuery};
use super::{Tx, damaged, time};

impl Tx<'_> {
    pub fn insert_user(&self, user: &User) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO users (id, type, disabled, created_at, last_login_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                user.id,
                user.kind,
                user.disabled,
                user.created_at.as_millisecond(),
                user.last_login_at.as_millisecond()
            ])?;
        Ok(())
    }

    pub fn user(&self, id: &str) -> Result<Option<User>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT id, type, disabled, created_at, last_login_at FROM users WHERE id = ?1")?
            .query_row([id], |row| user_row(row, 0))
            .optional()?)
    }

    /// How many users there are.
    pub fn users_count(&self) -> Result<i64, StoreError> {
        Ok(self.0.prepare_cached("SELECT count(*) FROM users")?.query_row([], |row| row.get(0))?)
    }

    /// One page of users in order of id.
    pub fn users_page(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        const FILTERED: &str = "SELECT id, type, disabled, created_at, last_login_at FROM users
             WHERE (?2 IS NULL OR disabled = ?2)
               AND (?3 IS NULL OR EXISTS (
                   SELECT 1 FROM identities WHERE user_id = users.id
                   AND provider_type IN (SELECT value FROM json_each(?3))))
               AND (?4 IS NULL OR instr(users.id, lower(?4)) > 0 OR EXISTS (
                   SELECT 1 FROM identities WHERE user_id = users.id
                   AND (instr(lower(json_extract(data, '$.email')), lower(?4)) > 0
                     OR instr(lower(json_extract(data, '$.name')), lower(?4)) > 0)))";
        let providers: Option<Value> = query.providers.as_ref().map(|names| names.iter().copied().collect());
        // Without a start, one that is before or after every id: the ids' index leads through the pages.
        let (order, start) = if query.descending {
            ("AND id < ?1 ORDER BY id DESC", "~")
        } else {
            ("AND id > ?1 ORDER BY id", "")
        };
        let mut statement = self.0.prepare_cached(&format!("{FILTERED} {order} LIMIT ?5"))?;
        let rows = statement.query_map(
            params![
                query.after.as_deref().unwrap_or(start),
                query.disabled,
                providers.map(|names| names.to_string()),
                query.search,
                query.limit
            ],
            |row| user_row(row, 0),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn note_login(&self, user_id: &str, at: Timestamp) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE users SET last_login_at = ?2 WHERE id = ?1")?
            .execute(params![user_id, at.as_millisecond()])?;
        Ok(())
    }

    /// Lets a user in, or keeps it out. False if there was none.
    pub fn set_disabled(&self, user_id: &str, disabled: bool) -> Result<bool, StoreError> {
        let changed = self
            .0
            .prepare_cached("UPDATE users SET disabled = ?2 WHERE id = ?1")?
            .execute(params![user_id, disabled])?;
        Ok(changed == 1)
    }

    /// Deletes the user with its identities and sessions. False if there was none.
    pub fn delete_user(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.0.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([id])? == 1)
    }

    pub fn insert_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO identities (user_id, provider_type, identity_id, data) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                identity.user_id,
                identity.provider,
                identity.id,
                Value::Object(identity.data.clone()).to_string()
            ])?;
        Ok(())
    }

    pub fn identity(&self, provider: &str, id: &str) -> Result<Option<Identity>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT user_id, provider_type, identity_id, data FROM identities
                 WHERE provider_type = ?1 AND identity_id = ?2",
            )?
            .query_row([provider, id], identity_row)
            .optional()?)
    }

    /// Replaces what the provider says about the user.
    pub fn replace_identity_data(
        &self,
        provider: &str,
        id: &str,
        data: &Map<String, Value>,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE identities SET data = ?3 WHERE provider_type = ?1 AND identity_id = ?2")?
            .execute(params![provider, id, Value::Object(data.clone()).to_string()])?;
        Ok(())
    }

    /// Takes an identity from its user. False if there was none.
    pub fn delete_identity(&self, provider: &str, id: &str) -> Result<bool, StoreError> {
        let deleted = self
            .0
            .prepare_cached("DELETE FROM identities WHERE provider_type = ?1 AND identity_id = ?2")?
            .execute([provider, id])?;
        Ok(deleted == 1)
    }

    /// In order of addition.
    pub fn identities_of(&self, user_id: &str) -> Result<Vec<Identity>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT user_id, provider_type, identity_id, data FROM identities
             WHERE user_id = ?1 ORDER BY position",
        )?;
        let rows = statement.query_map([user_id], identity_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The user whose columns begin at `first`, in the order of [`User`]'s fields.
pub(super) fn user_row(row: &Row<'_>, first: usize) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(first)?,
        kind: row.get(first + 1)?,
        disabled: row.get(first + 2)?,
        created_at: time(row, first + 3)?,
        last_login_at: time(row, first + 4)?,
    })
}

fn identity_row(row: &Row<'_>) -> rusqlite::Result<Identity> {
    let data: String = row.get("data")?;
    Ok(Identity {
        user_id: row.get("user_id")?,
        provider: row.get("provider_type")?,
        id: row.get("identity_id")?,
        data: serde_json::from_str(&data).map_err(damaged)?,
    })
}
