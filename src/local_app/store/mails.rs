//! The mailbox: what was sent, or would have been if a mail server were configured.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use secrecy::{ExposeSecret, SecretString};

use super::{Purpose, StoreError, Tx, damaged, time};

/// As many of the newest mails are kept.
const KEPT: i64 = 500;

/// A mail that is about to be kept.
pub struct NewMail<'a> {
    pub sent_at: Timestamp,
    pub purpose: Purpose,
    /// Whom it goes to.
    pub email: &'a str,
    pub subject: &'a str,
    pub link: &'a str,
    pub token: &'a SecretString,
    pub token_id: &'a str,
    pub delivery: &'a str,
}

/// A mail in the mailbox. Its link and its token are what the mail itself holds: secrets of whom it went to.
pub struct Mail {
    pub id: i64,
    pub sent_at: Timestamp,
    pub purpose: Purpose,
    pub email: String,
    pub subject: String,
    pub link: String,
    pub token: SecretString,
    pub token_id: String,
    /// `mailbox`, `sending`, `sent`, or why the mail server did not take it.
    pub delivery: String,
    /// Whether its token was used.
    pub used: bool,
    /// When its token expires; `None`: there is none any more.
    pub token_expires_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// Keeps a mail, and lets go of the oldest ones. Returns its id.
    pub fn insert_mail(&self, mail: &NewMail<'_>) -> Result<i64, StoreError> {
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
                mail.link,
                mail.token.expose_secret(),
                mail.token_id,
                mail.delivery
            ])?;
        let id = self.0.last_insert_rowid();
        self.0.prepare_cached("DELETE FROM mails WHERE id <= ?1")?.execute([id - KEPT])?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local_app::Storage;
    use crate::local_app::store::Store;

    #[tokio::test]
    async fn the_oldest_mails_go_when_there_are_too_many() {
        let store = Store::open(&Storage::Memory, &"shop-abcde".parse().unwrap()).unwrap();
        let kept = store
            .write(|tx| {
                for number in 0..KEPT + 3 {
                    tx.insert_mail(&NewMail {
                        sent_at: Timestamp::UNIX_EPOCH,
                        purpose: Purpose::Reset,
                        email: "a@example.com",
                        subject: &number.to_string(),
                        link: "http://localhost",
                        token: &SecretString::from("token"),
                        token_id: "id",
                        delivery: "mailbox",
                    })?;
                }
                tx.mails(None)
            })
            .await
            .unwrap();
        assert_eq!(kept.len(), usize::try_from(KEPT).unwrap());
        assert_eq!(kept.first().unwrap().subject, (KEPT + 2).to_string());
        assert_eq!(kept.last().unwrap().subject, "3");
    }
}
