//! Registrations, the tokens of their confirmations and password resets, and the mailbox.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use secrecy::{ExposeSecret, SecretString};

use super::super::registrations::MAILS_KEPT;
use super::super::{
    Judged, LOCAL_USERPASS, Mail, NewMail, NewToken, PasswordChange, Proof, ProvenIdentity, Purpose, Refusal,
    Registration, RegistrationKey, RegistrationStore, StoreError, TokenGuess, UnitError, User, Work,
};
use super::accounts::find_or_create;
use super::{SqliteStore, Tx, damaged, time};

impl RegistrationStore for SqliteStore {
    fn registration(&self, key: RegistrationKey) -> Work<'_, Option<Registration>> {
        Box::pin(self.read(move |tx| tx.registration(&key)))
    }

    fn register(
        &self,
        registration: Registration,
        token: Option<NewToken>,
        mail: Option<NewMail>,
    ) -> Judged<'_, Option<i64>> {
        Box::pin(self.write(move |tx| {
            if !tx.insert_registration(&registration)? {
                return Err(Refusal::EmailTaken.into());
            }
            if let Some(token) = &token {
                tx.insert_token(&registration.id, token)?;
            }
            Ok(mail.as_ref().map(|mail| tx.insert_mail(mail)).transpose()?)
        }))
    }

    fn register_user(&self, registration: Registration, user_id: String) -> Judged<'_, User> {
        Box::pin(self.write(move |tx| {
            if !tx.insert_registration(&registration)? {
                return Err(Refusal::EmailTaken.into());
            }
            let identity = ProvenIdentity {
                provider: LOCAL_USERPASS,
                id: registration.id.clone(),
                data: registration.profile_data(),
                proof: Proof::Given,
            };
            find_or_create(tx, &identity, &user_id, registration.created_at)
        }))
    }

    fn pending_registrations(&self, after: Option<String>, limit: usize) -> Work<'_, Vec<Registration>> {
        Box::pin(self.read(move |tx| tx.registrations_without_user(after.as_deref(), limit)))
    }

    fn delete_pending_registration(&self, key: RegistrationKey) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            let registration = found(tx, &key)?;
            if tx.identity(LOCAL_USERPASS, &registration.id)?.is_some() {
                return Err(Refusal::RegistrationInUse.into());
            }
            Ok(tx.delete_registration(&registration.id)?)
        }))
    }

    fn abandon_registration(&self, id: String) -> Work<'_, ()> {
        Box::pin(self.write(move |tx| match tx.registration(&RegistrationKey::Id(id))? {
            Some(current) if !current.confirmed => tx.delete_registration(&current.id),
            _ => Ok(()),
        }))
    }

    fn confirm_registration(&self, key: RegistrationKey) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            let registration = found(tx, &key)?;
            registration.check_token_purpose(Purpose::Confirm)?;
            Ok(confirm(tx, &registration.id)?)
        }))
    }

    fn confirm_by_token(&self, guess: TokenGuess) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            let registration = redeem(tx, &guess)?;
            Ok(confirm(tx, &registration.id)?)
        }))
    }

    fn issue_token(
        &self,
        key: RegistrationKey,
        token: NewToken,
        mail: Option<NewMail>,
    ) -> Judged<'_, (Registration, Option<i64>)> {
        Box::pin(self.write(move |tx| {
            let registration = found(tx, &key)?;
            registration.check_token_purpose(token.purpose)?;
            tx.insert_token(&registration.id, &token)?;
            let mail_id = mail.as_ref().map(|mail| tx.insert_mail(mail)).transpose()?;
            Ok((registration, mail_id))
        }))
    }

    fn withdraw_token(&self, token_id: String) -> Work<'_, ()> {
        Box::pin(self.write(move |tx| tx.delete_token(&token_id)))
    }

    fn registration_of_token(&self, guess: TokenGuess) -> Judged<'_, Registration> {
        Box::pin(self.read(move |tx| of_token(tx, &guess)))
    }

    fn reset_password(&self, guess: TokenGuess, hash: String) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            let registration = redeem(tx, &guess)?;
            tx.set_password_hash(&registration.id, &hash)?;
            Ok(())
        }))
    }

    fn set_password(&self, registration_id: String, hash: String) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            tx.delete_tokens_for(&registration_id, Purpose::Reset)?;
            let is_there = tx.set_password_hash(&registration_id, &hash)?;
            if is_there { Ok(()) } else { Err(Refusal::RegistrationNotFound.into()) }
        }))
    }

    fn upgrade_password(&self, seen: Registration, hash: String) -> Work<'_, PasswordChange> {
        Box::pin(self.write(move |tx| {
            if tx.replace_password_hash(&seen.id, &seen.password_hash, &hash)? {
                return Ok(PasswordChange::Done(Registration { password_hash: hash, ..seen }));
            }
            Ok(PasswordChange::Overtaken(tx.registration(&RegistrationKey::Id(seen.id))?))
        }))
    }

    fn adopt_password(
        &self,
        registration_id: String,
        hash: String,
        now: Timestamp,
    ) -> Judged<'_, PasswordChange> {
        Box::pin(self.write(move |tx| {
            let current = match tx.registration(&RegistrationKey::Id(registration_id))? {
                Some(current) if current.may_adopt_password(now) => current,
                current => return Ok(PasswordChange::Overtaken(current)),
            };
            if let Some(identity) = tx.identity(LOCAL_USERPASS, &current.id)?
                && tx.user(&identity.user_id)?.is_some_and(|user| user.disabled)
            {
                return Err(Refusal::UserDisabled.into());
            }
            tx.set_password_hash(&current.id, &hash)?;
            Ok(PasswordChange::Done(Registration { password_hash: hash, adopt_until: None, ..current }))
        }))
    }

    fn mails(&self, email: Option<String>) -> Work<'_, Vec<Mail>> {
        Box::pin(self.read(move |tx| tx.mails(email.as_deref())))
    }

    fn mail(&self, id: i64) -> Work<'_, Option<Mail>> {
        Box::pin(self.read(move |tx| tx.mail(id)))
    }

    fn note_delivery(&self, mail_id: i64, delivery: String) -> Work<'_, ()> {
        Box::pin(self.write(move |tx| tx.set_mail_delivery(mail_id, &delivery)))
    }

    fn delete_mails(&self) -> Work<'_, ()> {
        Box::pin(self.write(|tx| tx.delete_mails()))
    }
}

fn found(tx: &Tx<'_>, key: &RegistrationKey) -> Result<Registration, UnitError> {
    Ok(tx.registration(key)?.ok_or(Refusal::RegistrationNotFound)?)
}

/// Confirms a registration; its tokens are worth nothing from then on.
fn confirm(tx: &Tx<'_>, registration_id: &str) -> Result<(), StoreError> {
    tx.confirm_registration(registration_id)?;
    tx.delete_tokens_for(registration_id, Purpose::Confirm)
}

/// The registration that a token is good for.
fn of_token(tx: &Tx<'_>, guess: &TokenGuess) -> Result<Registration, UnitError> {
    let given = tx.token(&guess.id, guess.purpose)?;
    let (registration_id, _) = given.filter(|(_, given)| guess.is(given)).ok_or(Refusal::TokenInvalid)?;
    let registration = tx.registration(&RegistrationKey::Id(registration_id))?;
    Ok(registration.ok_or(Refusal::TokenInvalid)?)
}

/// Uses a token up, with all others that lead to the same: what it was for is done.
fn redeem(tx: &Tx<'_>, guess: &TokenGuess) -> Result<Registration, UnitError> {
    let registration = of_token(tx, guess)?;
    tx.delete_tokens_for(&registration.id, guess.purpose)?;
    tx.note_mail_used(&guess.id)?;
    Ok(registration)
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

    pub fn registration(&self, key: &RegistrationKey) -> Result<Option<Registration>, StoreError> {
        let (sql, value) = match key {
            RegistrationKey::Id(id) => ("SELECT * FROM registrations WHERE id = ?1", id),
            RegistrationKey::Email(email) => ("SELECT * FROM registrations WHERE email = ?1", email),
        };
        Ok(self.0.prepare_cached(sql)?.query_row([value], registration_row).optional()?)
    }

    pub fn set_registration_email(&self, id: &str, email: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("UPDATE registrations SET email = ?2 WHERE id = ?1")?.execute([id, email])?;
        Ok(())
    }

    /// Takes back all tokens of confirmation and reset.
    pub fn delete_tokens(&self, registration_id: &str) -> Result<(), StoreError> {
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

    pub fn insert_token(&self, registration_id: &str, token: &NewToken) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO userpass_tokens (id, registration_id, purpose, token_hash, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                token.id,
                registration_id,
                token.purpose.name(),
                token.hash,
                token.expires_at.as_millisecond()
            ])?;
        Ok(())
    }

    /// A token that was given out and not used, with the id of its registration.
    pub fn token(&self, id: &str, purpose: Purpose) -> Result<Option<(String, NewToken)>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT id, registration_id, token_hash, expires_at FROM userpass_tokens
                 WHERE id = ?1 AND purpose = ?2",
            )?
            .query_row([id, purpose.name()], |row| {
                let token = NewToken {
                    id: row.get("id")?,
                    purpose,
                    hash: row.get("token_hash")?,
                    expires_at: time(row, "expires_at")?,
                };
                Ok((row.get("registration_id")?, token))
            })
            .optional()?)
    }

    pub fn delete_token(&self, id: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM userpass_tokens WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Deletes a registration's tokens of one purpose.
    pub fn delete_tokens_for(&self, registration_id: &str, purpose: Purpose) -> Result<(), StoreError> {
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
