//! Email/password accounts. A registration is apart from the user, who exists from the first login on (section 1.2).

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::{StoreError, Tx, damaged, time};
use crate::local_app::ids;

/// One registered email address.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The id of the identity that it becomes.
    pub id: String,
    /// As it was typed; emails are case-sensitive (section 3.3).
    pub email: String,
    /// Argon2id in PHC form, or what an import brought along. Empty: no password at all, nothing matches it.
    pub password_hash: String,
    pub created_at: Timestamp,
    /// Whether one can log in with it.
    pub confirmed: bool,
    /// Without a password: until then, the first one given at a log-in becomes the account's.
    pub adopt_until: Option<Timestamp>,
}

impl Registration {
    /// A confirmed registration with a fresh id.
    pub fn new(email: &str, password_hash: &str, created_at: Timestamp) -> Self {
        Self {
            id: ids::oid(),
            email: email.to_owned(),
            password_hash: password_hash.to_owned(),
            created_at,
            confirmed: true,
            adopt_until: None,
        }
    }

    /// The same, not confirmed yet.
    pub fn unconfirmed(self) -> Self {
        Self { confirmed: false, ..self }
    }
}

impl Tx<'_> {
    /// Stores a registration. False, and nothing stored, if the email is taken.
    pub fn insert_registration(&self, registration: &Registration) -> Result<bool, StoreError> {
        let inserted = self
            .0
            .prepare_cached(
                "INSERT INTO registrations (id, email, password_hash, created_at, confirmed, adopt_until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (email) DO NOTHING",
            )?
            .execute(params![
                registration.id,
                registration.email,
                registration.password_hash,
                registration.created_at.as_millisecond(),
                registration.confirmed,
                registration.adopt_until.map(Timestamp::as_millisecond)
            ])?;
        Ok(inserted == 1)
    }

    pub fn registration_by_email(&self, email: &str) -> Result<Option<Registration>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT * FROM registrations WHERE email = ?1")?
            .query_row([email], registration_row)
            .optional()?)
    }

    pub fn set_registration_email(&self, id: &str, email: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("UPDATE registrations SET email = ?2 WHERE id = ?1")?.execute([id, email])?;
        Ok(())
    }

    /// Takes back all tokens of confirmation and reset.
    pub fn delete_userpass_tokens(&self, registration_id: &str) -> Result<(), StoreError> {
        self.0
            .prepare_cached("DELETE FROM userpass_tokens WHERE registration_id = ?1")?
            .execute([registration_id])?;
        Ok(())
    }

    /// Puts `new` in place of `old`. False, and nothing changed, if the hash is another one.
    pub fn replace_password_hash(&self, id: &str, old: &str, new: &str) -> Result<bool, StoreError> {
        let replaced = self
            .0
            .prepare_cached(
                "UPDATE registrations SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2",
            )?
            .execute([id, old, new])?;
        Ok(replaced == 1)
    }

    pub fn registration(&self, id: &str) -> Result<Option<Registration>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT * FROM registrations WHERE id = ?1")?
            .query_row([id], registration_row)
            .optional()?)
    }

    /// Registrations whose user does not exist yet, confirmed or not, in order of their ids (section 14.3).
    pub fn registrations_without_user(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT * FROM registrations AS own
             WHERE id > ?1 AND NOT EXISTS (
                 SELECT 1 FROM identities WHERE provider_type = 'local-userpass' AND identity_id = own.id)
             ORDER BY id LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![after.unwrap_or_default(), limit], registration_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn confirm_registration(&self, id: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("UPDATE registrations SET confirmed = 1 WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Lets the first password given at a log-in until then become the account's, or none.
    pub fn set_adopt_until(&self, id: &str, until: Option<Timestamp>) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE registrations SET adopt_until = ?2 WHERE id = ?1")?
            .execute(params![id, until.map(Timestamp::as_millisecond)])?;
        Ok(())
    }

    /// Gives a registration another password; there is nothing left to adopt then. False if it is gone.
    pub fn set_password_hash(&self, id: &str, hash: &str) -> Result<bool, StoreError> {
        let changed = self
            .0
            .prepare_cached("UPDATE registrations SET password_hash = ?2, adopt_until = NULL WHERE id = ?1")?
            .execute([id, hash])?;
        Ok(changed == 1)
    }

    pub fn delete_registration(&self, id: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM registrations WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}

fn registration_row(row: &Row<'_>) -> rusqlite::Result<Registration> {
    let adopt_until: Option<i64> = row.get("adopt_until")?;
    Ok(Registration {
        id: row.get("id")?,
        email: row.get("email")?,
        password_hash: row.get("password_hash")?,
        created_at: time(row, "created_at")?,
        confirmed: row.get("confirmed")?,
        adopt_until: adopt_until.map(Timestamp::from_millisecond).transpose().map_err(damaged)?,
    })
}
