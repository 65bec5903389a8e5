//! Passwords: their rules, and Argon2id.

use std::fmt;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use secrecy::{ExposeSecret, SecretString};

use super::foreign_hash::StoredHash;
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::hashing::HashingMemory;
use crate::local_app::request::RequestFacts;

/// Allowed lengths in characters (section 3.3).
const LENGTHS: std::ops::RangeInclusive<usize> = 6..=128;

/// What is verified for an account that does not exist, so that the time of the answer does not tell. Its parameters
/// are those of every hash made here; nobody knows a password for it.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password as it was sent. It does not print, and is wiped when dropped.
#[derive(Clone)]
pub struct Password(SecretString);

/// What every hash made here begins with.
const OUR_PARAMETERS: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl Password {
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// Whether it may become somebody's password.
    pub fn check_length(&self) -> Result<(), Failure> {
        let length = self.0.expose_secret().chars().count();
        if LENGTHS.contains(&length) { Ok(()) } else { Err(Failure::PasswordLength) }
    }

    /// Argon2id with a fresh salt, in PHC form. Slow by design: 19 MiB, two passes, which OWASP recommends.
    pub fn hash(&self) -> Result<String, Failure> {
        let hash = Argon2::default().hash_password(self.0.expose_secret().as_bytes());
        hash.map(|hash| hash.to_string()).map_err(Failure::internal)
    }

    /// Whether `hash`, ours or one that was imported, was made of this password. Takes as long without a hash.
    pub fn matches(&self, hash: Option<&str>, memory: &mut HashingMemory) -> bool {
        let stored = hash.and_then(|hash| StoredHash::parse(hash).ok());
        let password = self.0.expose_secret().as_bytes();
        match stored {
            Some(stored) => stored.matches(password, memory),
            None => {
                let nobodys = StoredHash::parse(NOBODYS_HASH);
                let _ = std::hint::black_box(nobodys.is_ok_and(|hash| hash.matches(password, memory)));
                false
            }
        }
    }

    /// Whether `hash` was made another way than hashes are made here.
    pub fn is_foreign(hash: &str) -> bool {
        !hash.starts_with(OUR_PARAMETERS)
    }

    /// The text, for a function of the App that has to know it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl App {
    /// Whether `hash` was made of `password`: the one place where a password is compared. Costs one hash either way.
    pub async fn is_password(
        &self,
        password: &Password,
        hash: Option<String>,
        request: &RequestFacts,
    ) -> Result<bool, Failure> {
        let password = password.clone();
        self.hashing(request, move |memory| password.matches(hash.as_deref(), memory)).await
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::phc::PasswordHash;

    use super::*;

    #[test]
    fn length_counts_characters() {
        for (text, allowed) in [
            ("12345".to_owned(), false),
            ("123456".to_owned(), true),
            ("éééééé".to_owned(), true),
            ("é".repeat(128), true),
            ("a".repeat(129), false),
        ] {
            assert_eq!(Password::new(text.clone()).check_length().is_ok(), allowed, "{text}");
        }
    }

    #[test]
    fn a_hash_is_salted_matches_its_password_only_and_costs_as_much_as_nobodys() {
        let mut memory = HashingMemory::default();
        let mut matches = |password: &Password, hash: Option<&str>| password.matches(hash, &mut memory);
        let password = Password::new("correct horse".to_owned());
        let hash = password.hash().unwrap();
        assert_ne!(hash, password.hash().unwrap());
        assert!(matches(&password, Some(&hash)));
        assert!(!matches(&Password::new("correct horsf".to_owned()), Some(&hash)));
        assert!(!matches(&password, None));
        for none in ["", "not a hash", "$argon2id$"] {
            assert!(!matches(&password, Some(none)), "{none}");
        }
        let (ours, nobodys) = (PasswordHash::new(&hash).unwrap(), PasswordHash::new(NOBODYS_HASH).unwrap());
        assert_eq!(ours.algorithm, nobodys.algorithm);
        assert_eq!(ours.params, nobodys.params);
        assert!(!Password::is_foreign(&hash) && !Password::is_foreign(NOBODYS_HASH));
        assert!(Password::is_foreign("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$AAAA"));
        assert!(Password::is_foreign(""));
        assert_eq!(format!("{password:?}"), "Password");
    }
}
