//! What has ended, by the App's clock.

use jiff::Timestamp;
use rusqlite::params;

use super::{StoreError, Tx};

/// A user with an anonymous identity (`anonymous`) and no other.
const ONLY_ANONYMOUS: &str = "anonymous.provider_type = 'anon-user' AND NOT EXISTS (
    SELECT 1 FROM identities AS other
    WHERE other.user_id = anonymous.user_id AND other.provider_type <> 'anon-user')";

impl Tx<'_> {
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
