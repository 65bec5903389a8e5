//! The keys that sign the App's tokens.

use jiff::Timestamp;
use rusqlite::params;
use zeroize::Zeroizing;

use super::{StoreError, Tx, time};

/// A key of this App.
#[derive(Clone)]
pub struct SigningKey {
    /// Names it towards whoever looks after the App; tokens do not say which key signed them.
    pub id: String,
    pub key: Zeroizing<Vec<u8>>,
    pub created_at: Timestamp,
}

impl Tx<'_> {
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
}
