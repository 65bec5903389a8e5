//! Tokens of confirmations and password resets. A token is in here as its hash, and until it was used.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx, time};

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Confirm,
    Reset,
}

impl Purpose {
    /// Its name in the database and in the mailbox.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reset => "reset",
        }
    }

    /// The purpose of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Confirm, Self::Reset].into_iter().find(|purpose| purpose.name() == name)
    }
}

/// A token that was given out and not used.
pub struct OpenToken {
    /// The `tokenId`.
    pub id: String,
    pub registration_id: String,
    pub purpose: Purpose,
    /// SHA-256.
    pub hash: [u8; 32],
    pub expires_at: Timestamp,
}

impl Tx<'_> {
    pub fn insert_userpass_token(&self, token: &OpenToken) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO userpass_tokens (id, registration_id, purpose, token_hash, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                token.id,
                token.registration_id,
                token.purpose.name(),
                token.hash,
                token.expires_at.as_millisecond()
            ])?;
        Ok(())
    }

    pub fn userpass_token(&self, id: &str, purpose: Purpose) -> Result<Option<OpenToken>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT id, registration_id, token_hash, expires_at FROM userpass_tokens
                 WHERE id = ?1 AND purpose = ?2",
            )?
            .query_row([id, purpose.name()], |row| {
                Ok(OpenToken {
                    id: row.get("id")?,
                    registration_id: row.get("registration_id")?,
                    purpose,
                    hash: row.get("token_hash")?,
                    expires_at: time(row, "expires_at")?,
                })
            })
            .optional()?)
    }

    pub fn delete_userpass_token(&self, id: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM userpass_tokens WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Deletes a registration's tokens of one purpose.
    pub fn delete_userpass_tokens_of(
        &self,
        registration_id: &str,
        purpose: Purpose,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("DELETE FROM userpass_tokens WHERE registration_id = ?1 AND purpose = ?2")?
            .execute([registration_id, purpose.name()])?;
        Ok(())
    }
}
