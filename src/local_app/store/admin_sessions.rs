//! Who is logged in at the Admin API.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx, time};

/// One login at the Admin API that was not logged out.
#[derive(Debug, Clone)]
pub struct AdminSession {
    pub id: String,
    /// Whatever was given as name; the secret alone decides.
    pub username: String,
    /// SHA-256 of the secret that it was opened with.
    pub secret_hash: Vec<u8>,
    pub expires_at: Timestamp,
}

impl Tx<'_> {
    /// Stores a session, and forgets those that have expired.
    pub fn insert_admin_session(&self, session: &AdminSession, now: Timestamp) -> Result<(), StoreError> {
        self.0.execute("DELETE FROM admin_sessions WHERE expires_at <= ?1", [now.as_millisecond()])?;
        self.0.execute(
            "INSERT INTO admin_sessions (id, username, secret_hash, expires_at) VALUES (?1, ?2, ?3, ?4)",
            params![session.id, session.username, session.secret_hash, session.expires_at.as_millisecond()],
        )?;
        Ok(())
    }

    pub fn admin_session(&self, id: &str) -> Result<Option<AdminSession>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT id, username, secret_hash, expires_at FROM admin_sessions WHERE id = ?1")?
            .query_row([id], |row| {
                Ok(AdminSession {
                    id: row.get("id")?,
                    username: row.get("username")?,
                    secret_hash: row.get("secret_hash")?,
                    expires_at: time(row, "expires_at")?,
                })
            })
            .optional()?)
    }

    pub fn delete_admin_session(&self, id: &str) -> Result<(), StoreError> {
        self.0.execute("DELETE FROM admin_sessions WHERE id = ?1", [id])?;
        Ok(())
    }
}
