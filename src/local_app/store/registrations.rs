//! Email/password accounts, the tokens that prove an email address, and the mails that carry them. A registration is apart
//! from the user, who exists from the first log-in on (section 1.2).

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{Judged, Refusal, User, Work};
use crate::local_app::ids;

/// Units of work on email/password accounts, their tokens, and the mailbox.
pub trait RegistrationStore {
    fn registration(&self, key: RegistrationKey) -> Work<'_, Option<Registration>>;

    /// Stores a registration, with the token that confirms it and the mail that carries the token. The mail's id.
    fn register(
        &self,
        registration: Registration,
        token: Option<NewToken>,
        mail: Option<NewMail>,
    ) -> Judged<'_, Option<i64>>;

    /// Stores a registration and makes its user at once.
    fn register_user(&self, registration: Registration, user_id: String) -> Judged<'_, User>;

    /// Registrations whose user does not exist yet, confirmed or not, in order of their ids (section 14.3).
    fn pending_registrations(&self, after: Option<String>, limit: usize) -> Work<'_, Vec<Registration>>;

    /// Deletes a registration whose user does not exist yet, so that the email is free again.
    fn delete_pending_registration(&self, key: RegistrationKey) -> Judged<'_, ()>;

    /// Deletes a registration, unless it was confirmed meanwhile.
    fn abandon_registration(&self, id: String) -> Work<'_, ()>;

    /// Confirms a registration that is not confirmed; its tokens are worth nothing from then on.
    fn confirm_registration(&self, key: RegistrationKey) -> Judged<'_, ()>;

    /// The same by a token, which is used up.
    fn confirm_by_token(&self, guess: TokenGuess) -> Judged<'_, ()>;

    /// Makes a token good until it is used or expires, and keeps the mail that carries it. A token that confirms is for a
    /// registration that is not confirmed, one that resets is for one that is. Older tokens stay good: the first of two mails
    /// may still be opened, and a request for a new mail does not spoil an older link.
    fn issue_token(
        &self,
        key: RegistrationKey,
        token: NewToken,
        mail: Option<NewMail>,
    ) -> Judged<'_, (Registration, Option<i64>)>;

    /// Takes a token back.
    fn withdraw_token(&self, token_id: String) -> Work<'_, ()>;

    /// The registration that a token is good for; it stays good.
    fn registration_of_token(&self, guess: TokenGuess) -> Judged<'_, Registration>;

    /// Gives the account that the token was made for another password. The token is used up.
    fn reset_password(&self, guess: TokenGuess, hash: String) -> Judged<'_, ()>;

    /// Gives an account another password; its reset tokens are worth nothing from then on.
    fn set_password(&self, registration_id: String, hash: String) -> Judged<'_, ()>;

    /// Puts a hash of the same password in the place of the one that is in `seen`, if that is still the account's.
    fn upgrade_password(&self, seen: Registration, hash: String) -> Work<'_, PasswordChange>;

    /// Makes a password that of an account that may adopt one; of several at the same time, the first. A disabled user stays
    /// without.
    fn adopt_password(
        &self,
        registration_id: String,
        hash: String,
        now: Timestamp,
    ) -> Judged<'_, PasswordChange>;

    /// The mails in the mailbox, newest first; `None`: to everybody.
    fn mails(&self, email: Option<String>) -> Work<'_, Vec<Mail>>;

    fn mail(&self, id: i64) -> Work<'_, Option<Mail>>;

    /// Notes what became of a mail.
    fn note_delivery(&self, mail_id: i64, delivery: String) -> Work<'_, ()>;

    /// Empties the mailbox. Links that were sent stay as good as they are.
    fn delete_mails(&self) -> Work<'_, ()>;
}

/// Which registration.
#[derive(Debug, Clone)]
pub enum RegistrationKey {
    Id(String),
    Email(String),
}

/// What became of an attempt to change a password that was seen before.
#[derive(Debug)]
pub enum PasswordChange {
    /// It is this one now.
    Done(Registration),
    /// Another change was first; the registration as it is, if it is there at all.
    Overtaken(Option<Registration>),
}

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

    /// The profile data of its identity.
    pub fn profile_data(&self) -> Map<String, Value> {
        Map::from_iter([("email".to_owned(), Value::from(self.email.as_str()))])
    }

    /// Whether an import left it to the account's owner to say the password at the next log-in.
    pub fn may_adopt_password(&self, now: Timestamp) -> bool {
        self.confirmed
            && self.password_hash.is_empty()
            && self.adopt_until.is_some_and(|deadline| now < deadline)
    }

    /// Whether it can have a token for `purpose`. One that is not confirmed has no password to reset.
    pub fn check_token_purpose(&self, purpose: Purpose) -> Result<(), Refusal> {
        match (purpose, self.confirmed) {
            (Purpose::Confirm, false) | (Purpose::Reset, true) => Ok(()),
            (Purpose::Confirm, true) => Err(Refusal::AlreadyConfirmed),
            (Purpose::Reset, false) => Err(Refusal::RegistrationNotFound),
        }
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

/// A token that is about to be given out.
#[derive(Clone)]
pub struct NewToken {
    /// The `tokenId`.
    pub id: String,
    pub purpose: Purpose,
    /// SHA-256.
    pub hash: [u8; 32],
    pub expires_at: Timestamp,
}

/// A token as a client sent it back.
#[derive(Clone)]
pub struct TokenGuess {
    pub id: String,
    pub purpose: Purpose,
    /// SHA-256.
    pub hash: [u8; 32],
    pub now: Timestamp,
}

impl TokenGuess {
    /// Whether it is the token that was given out, and in time.
    pub fn is(&self, given: &NewToken) -> bool {
        self.id == given.id
            && self.purpose == given.purpose
            && self.hash == given.hash
            && self.now < given.expires_at
    }
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
