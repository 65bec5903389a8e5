//! Email/password accounts, the tokens that prove an email address, and the mails that carry them. A registration is apart
//! from the user, who exists from the first log-in on (section 1.2).

use jiff::Timestamp;
use secrecy::SecretString;

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

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Confirm,
    Reset,
}

impl Purpose {
    /// Its name in the store and in the mailbox.
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

/// As many of the newest mails are kept.
pub const MAILS_KEPT: i64 = 500;

/// A mail that is about to be kept.
#[derive(Clone)]
pub struct NewMail {
    pub sent_at: Timestamp,
    pub purpose: Purpose,
    /// Whom it goes to.
    pub email: String,
    pub subject: String,
    pub link: SecretString,
    pub token: SecretString,
    pub token_id: String,
    pub delivery: &'static str,
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
