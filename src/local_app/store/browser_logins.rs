//! Log-ins that a browser is away for: at the identity provider.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx, time};

impl Tx<'_> {
    /// Remembers a log-in by what the provider will bring back, and forgets those whose time was over at `now`.
    pub fn insert_browser_login(
        &self,
        state: &str,
        facts: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("DELETE FROM browser_logins WHERE expires_at < ?1")?
            .execute([now.as_millisecond()])?;
        self.0
            .prepare_cached("INSERT INTO browser_logins (state, facts, expires_at) VALUES (?1, ?2, ?3)")?
            .execute(params![state, facts, expires_at.as_millisecond()])?;
        Ok(())
    }

    /// The facts of a log-in and until when they count. It is forgotten: nobody comes back twice.
    pub fn take_browser_login(&self, state: &str) -> Result<Option<(String, Timestamp)>, StoreError> {
        Ok(self
            .0
            .prepare_cached("DELETE FROM browser_logins WHERE state = ?1 RETURNING facts, expires_at")?
            .query_row([state], |row| Ok((row.get("facts")?, time(row, "expires_at")?)))
            .optional()?)
    }
}
