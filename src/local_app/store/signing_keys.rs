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

    /// The newest, which signs, first.
    pub fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, key, created_at FROM signing_keys ORDER BY created_at DESC, id DESC",
        )?;
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
