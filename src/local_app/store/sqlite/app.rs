//! The App's own rows: its ids and those of its providers, its keys, its clock, its files, and what has ended.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use zeroize::Zeroizing;

use super::super::{AppFacts, SigningKey, StoreError};
use super::{Tx, damaged, time};
use crate::local_app::app_clock::ClockSetting;

/// A user with an anonymous identity (`anonymous`) and no other.
const ONLY_ANONYMOUS: &str = "anonymous.provider_type = 'anon-user' AND NOT EXISTS (
    SELECT 1 FROM identities AS other
    WHERE other.user_id = anonymous.user_id AND other.provider_type <> 'anon-user')";

impl Tx<'_> {
    /// The App, if it was started before.
    pub fn app(&self) -> Result<Option<AppFacts>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT app_id, internal_id, group_id, domain_id FROM app")?
            .query_row([], |row| {
                let app_id: String = row.get("app_id")?;
                Ok(AppFacts {
                    app_id: app_id.parse().map_err(damaged)?,
                    internal_id: row.get("internal_id")?,
                    group_id: row.get("group_id")?,
                    domain_id: row.get("domain_id")?,
                })
            })
            .optional()?)
    }

    /// Stores the App at its first start.
    pub fn insert_app(&self, app: &AppFacts) -> Result<(), StoreError> {
        self.0.execute(
            "INSERT INTO app (only_row, app_id, internal_id, group_id, domain_id)
             VALUES (1, ?1, ?2, ?3, ?4)",
            params![app.app_id.as_str(), app.internal_id, app.group_id, app.domain_id],
        )?;
        Ok(())
    }

    /// The id of a provider's configuration.
    pub fn provider_id(&self, provider: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT id FROM providers WHERE type = ?1")?
            .query_row([provider], |row| row.get(0))
            .optional()?)
    }

    /// Gives a provider its id, unless it has one.
    pub fn ensure_provider(&self, provider: &str, id: &str) -> Result<(), StoreError> {
        self.0.execute("INSERT OR IGNORE INTO providers (type, id) VALUES (?1, ?2)", [provider, id])?;
        Ok(())
    }

    /// Paths and texts of all files.
    pub fn app_files(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT path, content FROM app_files ORDER BY path")?;
        let rows = query.query_map([], |row| Ok((row.get("path")?, row.get("content")?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Adds a file, or replaces it.
    pub fn put_app_file(&self, path: &str, content: &str) -> Result<(), StoreError> {
        self.0
            .execute("INSERT OR REPLACE INTO app_files (path, content) VALUES (?1, ?2)", [path, content])?;
        Ok(())
    }

    /// A clock that nobody moved is the system's.
    pub fn clock(&self) -> Result<ClockSetting, StoreError> {
        let kept = self
            .0
            .prepare_cached("SELECT offset_ms, frozen_at FROM clock")?
            .query_row([], |row| {
                let frozen_at: Option<i64> = row.get("frozen_at")?;
                Ok(ClockSetting {
                    offset_ms: row.get("offset_ms")?,
                    frozen_at: frozen_at.map(Timestamp::from_millisecond).transpose().map_err(damaged)?,
                })
            })
            .optional()?;
        Ok(kept.unwrap_or_default())
    }

    pub fn set_clock(&self, setting: ClockSetting) -> Result<(), StoreError> {
        self.0.execute(
            "INSERT OR REPLACE INTO clock (only_row, offset_ms, frozen_at) VALUES (1, ?1, ?2)",
            params![setting.offset_ms, setting.frozen_at.map(|at| at.as_millisecond())],
        )?;
        Ok(())
    }

    pub fn insert_signing_key(&self, key: &SigningKey) -> Result<(), StoreError> {
        self.0.execute(
            "INSERT INTO signing_keys (id, key, created_at) VALUES (?1, ?2, ?3)",
            params![key.id, key.key.as_slice(), key.created_at.as_millisecond()],
        )?;
        Ok(())
    }

    /// Marks all keys as such that sign nothing any more; the access tokens of those in use end at `access_until`.
    pub fn retire_signing_keys(&self, access_until: Timestamp) -> Result<(), StoreError> {
        self.0.execute(
            "UPDATE signing_keys SET access_until = ?1 WHERE access_until IS NULL",
            [access_until.as_millisecond()],
        )?;
        Ok(())
    }

    /// Drops all keys: no token that was signed before counts from here on.
    pub fn delete_signing_keys(&self) -> Result<(), StoreError> {
        self.0.execute("DELETE FROM signing_keys", [])?;
        Ok(())
    }

    /// The newest, which signs, first.
    pub fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT id, key, created_at FROM signing_keys ORDER BY position DESC")?;
        let rows = statement.query_map([], |row| {
            Ok(SigningKey {
                id: row.get("id")?,
                key: Zeroizing::new(row.get("key")?),
                created_at: time(row, "created_at")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How often other processes have changed the database; only good for comparing.
    pub fn changes_by_others(&self) -> Result<i64, StoreError> {
        Ok(self.0.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    /// Whether the user has nothing but anonymous identities.
    pub fn is_anonymous(&self, user_id: &str) -> Result<bool, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM identities AS anonymous WHERE user_id = ?1 AND {ONLY_ANONYMOUS})"
            ))?
            .query_row([user_id], |row| row.get(0))?)
    }

    /// Deletes anonymous users that were created until `born_until`.
    pub fn delete_anonymous_users(&self, born_until: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let sql = format!(
            "DELETE FROM users WHERE id IN (
                SELECT users.id FROM identities AS anonymous JOIN users ON users.id = anonymous.user_id
                WHERE users.created_at <= ?1 AND {ONLY_ANONYMOUS} LIMIT ?2)"
        );
        Ok(self.0.execute(&sql, params![born_until.as_millisecond(), limit])?)
    }

    pub fn delete_expired_sessions(&self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        self.delete_some("sessions", "expires_at <= ?1", now, limit)
    }

    pub fn delete_expired_userpass_tokens(&self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        self.delete_some("userpass_tokens", "expires_at <= ?1", now, limit)
    }

    pub fn delete_expired_browser_logins(&self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let sql = "DELETE FROM browser_logins WHERE state IN (
            SELECT state FROM browser_logins WHERE expires_at <= ?1 LIMIT ?2)";
        Ok(self.0.execute(sql, params![now.as_millisecond(), limit])?)
    }

    /// Deletes retired keys that no living token can be signed with.
    pub fn delete_spent_signing_keys(&self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let no_session = "access_until <= ?1 AND NOT EXISTS (
            SELECT 1 FROM sessions WHERE sessions.signing_key = signing_keys.id AND sessions.expires_at > ?1)";
        self.delete_some("signing_keys", no_session, now, limit)
    }

    fn delete_some(
        &self,
        table: &str,
        is_over: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<usize, StoreError> {
        let sql =
            format!("DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {is_over} LIMIT ?2)");
        Ok(self.0.execute(&sql, params![now.as_millisecond(), limit])?)
    }
}
