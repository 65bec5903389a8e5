//! The tokens that confirmations and password resets are proved with: good once, for 30 minutes (section 3.3).

use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::local_app::failure::Failure;
use crate::local_app::ids;
use crate::local_app::lifetimes::expiry;
use crate::local_app::store::{NewToken, Purpose, TokenGuess};

/// How long a token works, by the App's clock.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Random bytes of a token; it is written as twice as many hex characters.
const BYTES: usize = 64;

/// A token as it is sent to somebody, and comes back from them.
#[derive(Clone)]
pub struct OneTimeToken {
    /// The `tokenId`, an ObjectId.
    pub id: String,
    /// 128 hex characters.
    pub text: SecretString,
}

impl OneTimeToken {
    /// A token that nobody had before.
    pub fn fresh() -> Result<Self, Failure> {
        let mut random = Zeroizing::new([0_u8; BYTES]);
        getrandom::fill(random.as_mut_slice()).map_err(Failure::internal)?;
        let mut text = Zeroizing::new(String::with_capacity(2 * BYTES));
        for byte in random.iter() {
            write!(text, "{byte:02x}").map_err(Failure::internal)?;
        }
        Ok(Self { id: ids::oid(), text: SecretString::from(text.as_str()) })
    }

    /// A token as somebody sent it; whether it is a good one shows later.
    pub fn parse(id: &str, text: String) -> Result<Self, Failure> {
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_well_formed = id.len() == 24 && is_hex(id) && text.len() == 2 * BYTES && is_hex(&text);
        let token = Self { id: id.to_ascii_lowercase(), text: SecretString::from(text) };
        if is_well_formed { Ok(token) } else { Err(Failure::MalformedUserpassToken) }
    }

    /// What makes it good from `now` on, for half an hour.
    pub fn issued(&self, purpose: Purpose, now: Timestamp) -> NewToken {
        self.issued_until(purpose, expiry(now, LIFETIME))
    }

    /// The same with another end.
    pub fn issued_until(&self, purpose: Purpose, expires_at: Timestamp) -> NewToken {
        NewToken { id: self.id.clone(), purpose, hash: self.hash(), expires_at }
    }

    /// What it is tried with.
    pub fn guess(&self, purpose: Purpose, now: Timestamp) -> TokenGuess {
        TokenGuess { id: self.id.clone(), purpose, hash: self.hash(), now }
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.expose_secret().as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fresh_token_is_well_formed_and_new() {
        let (first, second) = (OneTimeToken::fresh().unwrap(), OneTimeToken::fresh().unwrap());
        let parsed = OneTimeToken::parse(&first.id, first.text.expose_secret().to_owned()).unwrap();
        assert_eq!(parsed.hash(), first.hash());
        assert_ne!(first.hash(), second.hash());
        assert_ne!(first.id, second.id);
    }

    proptest! {
        #[test]
        fn only_24_and_128_hex_characters_are_a_token(id in "[0-9a-fA-F]{22,26}", text in "[0-9a-f]{127,129}") {
            let is_token = OneTimeToken::parse(&id, text.clone()).is_ok();
            prop_assert_eq!(is_token, id.len() == 24 && text.len() == 128);
        }

        #[test]
        fn no_text_makes_it_panic(id in "\\PC{0,30}", text in "\\PC{0,140}") {
            prop_assert!(OneTimeToken::parse(&id, text).is_err());
        }
    }
}
