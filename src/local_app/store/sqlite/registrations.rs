//! Registrations, the tokens of their confirmations and password resets, and the mailbox.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use secrecy::{ExposeSecret, SecretString};

use super::super::{MAILS_KEPT, Mail, NewMail, OpenToken, Purpose, Registration, StoreError};
use super::{Tx, damaged, time};

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

    /// Keeps a mail, and lets go of the oldest ones. Returns its id.
    pub fn insert_mail(&self, mail: &NewMail) -> Result<i64, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO mails (sent_at, purpose, email, subject, link, token, token_id, delivery)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                mail.sent_at.as_millisecond(),
                mail.purpose.name(),
                mail.email,
                mail.subject,
                mail.link.expose_secret(),
                mail.token.expose_secret(),
                mail.token_id,
                mail.delivery
            ])?;
        let id = self.0.last_insert_rowid();
        self.0.prepare_cached("DELETE FROM mails WHERE id <= ?1")?.execute([id - MAILS_KEPT])?;
        Ok(id)
    }

    /// Newest first; `None`: to everybody.
    pub fn mails(&self, email: Option<&str>) -> Result<Vec<Mail>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT mails.*, expires_at FROM mails LEFT JOIN userpass_tokens ON userpass_tokens.id = token_id
             WHERE ?1 IS NULL OR email = ?1 ORDER BY mails.id DESC",
        )?;
        let rows = statement.query_map([email], mail_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn mail(&self, id: i64) -> Result<Option<Mail>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT mails.*, expires_at
                 FROM mails LEFT JOIN userpass_tokens ON userpass_tokens.id = token_id WHERE mails.id = ?1",
            )?
            .query_row([id], mail_row)
            .optional()?)
    }

    /// Notes what became of a mail.
    pub fn set_mail_delivery(&self, id: i64, delivery: &str) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE mails SET delivery = ?2 WHERE id = ?1")?
            .execute(params![id, delivery])?;
        Ok(())
    }

    /// Notes that the token of a mail was used; tokens that were not mailed have none.
    pub fn note_mail_used(&self, token_id: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("UPDATE mails SET used = 1 WHERE token_id = ?1")?.execute([token_id])?;
        Ok(())
    }

    pub fn delete_mails(&self) -> Result<(), StoreError> {
        self.0.execute("DELETE FROM mails", [])?;
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

/// A purpose that no version of this program wrote.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no purpose of a mail")]
struct UnknownPurpose(String);

fn mail_row(row: &Row<'_>) -> rusqlite::Result<Mail> {
    let purpose: String = row.get("purpose")?;
    let token: String = row.get("token")?;
    let expires_at: Option<i64> = row.get("expires_at")?;
    Ok(Mail {
        id: row.get("id")?,
        sent_at: time(row, "sent_at")?,
        purpose: Purpose::named(&purpose).ok_or_else(|| damaged(UnknownPurpose(purpose)))?,
        email: row.get("email")?,
        subject: row.get("subject")?,
        link: row.get("link")?,
        token: SecretString::from(token),
        token_id: row.get("token_id")?,
        delivery: row.get("delivery")?,
        used: row.get("used")?,
        token_expires_at: expires_at.map(Timestamp::from_millisecond).transpose().map_err(damaged)?,
    })
}
