//! What came of an import.

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::Landing;
use crate::local_app::accounts::OneTimeToken;
use crate::local_app::store::ImportOutcome;

/// What came of an import. It holds the reset codes, which are in no other place.
#[derive(Serialize)]
pub struct ImportReport {
    /// Users that are here now and were not before.
    pub imported: usize,
    /// Users that were here before; they stay as they are.
    pub unchanged: usize,
    /// Users that did not land.
    pub refused: Vec<Refusal>,
    /// One for each user of an email/password identity who has no password, if the import asked for codes.
    pub reset_codes: Vec<ResetCode>,
    /// Until then, a user without a password says one at its first log-in.
    pub adopt_until: Option<Timestamp>,
}

/// A user that did not land.
#[derive(Debug, Serialize)]
pub struct Refusal {
    /// Its place in the list, from 0 on.
    pub index: usize,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

/// What a user can choose a password with, once.
pub struct ResetCode {
    user_id: String,
    email: String,
    token: OneTimeToken,
    expires_at: Timestamp,
}

impl ResetCode {
    /// Whose it is.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Names the token.
    pub fn token_id(&self) -> &str {
        &self.token.id
    }

    /// The token, a secret.
    pub fn token(&self) -> &str {
        self.token.text.expose_secret()
    }
}

impl Serialize for ResetCode {
    /// With the names of the password reset's body, `token` and `tokenId`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("ResetCode", 5)?;
        body.serialize_field("user_id", &self.user_id)?;
        body.serialize_field("email", &self.email)?;
        body.serialize_field("token", self.token.text.expose_secret())?;
        body.serialize_field("tokenId", &self.token.id)?;
        body.serialize_field("expires_at", &self.expires_at)?;
        body.end()
    }
}

impl ImportReport {
    pub(super) fn new(adopt_until: Option<Timestamp>) -> Self {
        Self { imported: 0, unchanged: 0, refused: Vec::new(), reset_codes: Vec::new(), adopt_until }
    }

    pub(super) fn note(&mut self, landing: Landing, outcome: ImportOutcome, codes_until: Option<Timestamp>) {
        let Landing { index, entry, code } = landing;
        let is_issued = match outcome {
            ImportOutcome::Imported { reset_issued } => {
                self.imported += 1;
                reset_issued
            }
            ImportOutcome::Unchanged { reset_issued } => {
                self.unchanged += 1;
                reset_issued
            }
            ImportOutcome::Refused(obstacle) => {
                return self.refuse(index, Some(entry.user.id), obstacle.to_string());
            }
        };
        if let (true, Some(registration), Some(token), Some(expires_at)) =
            (is_issued, entry.registration, code, codes_until)
        {
            let (user_id, email) = (entry.user.id, registration.email);
            self.reset_codes.push(ResetCode { user_id, email, token, expires_at });
        }
    }

    pub(super) fn refuse(&mut self, index: usize, id: Option<String>, reason: String) {
        // What is no user at all is known before what the store says.
        let place = self.refused.partition_point(|earlier| earlier.index < index);
        self.refused.insert(place, Refusal { index, id, reason });
    }
}
