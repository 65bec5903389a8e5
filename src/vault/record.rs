//! A user's record: what is sealed.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::account::{
    AccessToken, AppAlias, EndReason, Lifetime, Profile, Provider, RefreshToken, Tokens, UserKey,
};

/// Everything that is kept of a user.
#[derive(Debug, Clone)]
pub struct UserRecord {
    /// The provider of the last log-in.
    pub provider: Provider,
    /// The profile, if it was fetched.
    pub profile: Option<Profile>,
    /// The tokens, while there is a session.
    pub tokens: Option<Tokens>,
    /// Why there is no session, if the person did not end it.
    pub ended: Option<EndReason>,
}

/// Names a record of the vault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordName {
    /// That of a user.
    User(UserKey),
    /// That of an App.
    App(AppAlias),
    /// One whose name is lost as well. The number tells it from others.
    Nameless(usize),
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::App(app) => write!(f, "the App {app}"),
            Self::Nameless(number) => write!(f, "nameless record {number}"),
        }
    }
}

/// A record that is lost: it could not be read, and was moved out of the way, or it is not there any more. It is named at
/// each start until a person says that it may be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Which.
    pub record: RecordName,
    /// What is wrong with it.
    pub why: String,
}

/// The record as JSON. Tokens are borrowed, so that no second copy of a secret is made on the way to the seal.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    provider: Provider,
    profile: Option<Profile>,
    #[serde(borrow)]
    tokens: Option<WireTokens<'a>>,
    ended: Option<EndReason>,
}

#[derive(Serialize, Deserialize)]
struct WireTokens<'a> {
    #[serde(borrow)]
    access: Cow<'a, str>,
    #[serde(borrow, default)]
    refresh: Option<Cow<'a, str>>,
    /// Ends that the service said beside the tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_life: Option<Lifetime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_life: Option<Lifetime>,
}

impl UserRecord {
    /// The bytes to seal.
    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let wire = Wire {
            provider: self.provider.clone(),
            profile: self.profile.clone(),
            tokens: self.tokens.as_ref().map(|tokens| WireTokens {
                access: tokens.access.expose().into(),
                refresh: tokens.refresh.as_ref().map(|refresh| refresh.expose().into()),
                access_life: tokens.access_life,
                refresh_life: tokens.refresh_life,
            }),
            ended: self.ended.clone(),
        };
        // Large enough that it does not grow: growing would leave unwiped copies behind.
        let tokens = wire.tokens.as_ref().map_or(0, |tokens| {
            tokens.access.len() + tokens.refresh.as_ref().map_or(0, |refresh| refresh.len())
        });
        let profile = serde_json::to_vec(&wire.profile)?.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * tokens + profile + 1024));
        serde_json::to_writer(&mut *bytes, &wire)?;
        Ok(bytes)
    }

    /// Reads what [`UserRecord::to_bytes`] wrote.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let wire: Wire<'_> = serde_json::from_slice(bytes)?;
        Ok(Self {
            provider: wire.provider,
            profile: wire.profile,
            tokens: wire.tokens.map(|tokens| Tokens {
                access: AccessToken::new(&*tokens.access),
                refresh: tokens.refresh.map(|refresh| RefreshToken::new(&*refresh)),
                access_life: tokens.access_life,
                refresh_life: tokens.refresh_life,
            }),
            ended: wire.ended,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::LifetimeSource;

    /// Kind: a record of an older version that does not open any more.
    #[test]
    fn a_record_from_before_tokens_had_ends_of_their_own_opens() {
        let old = br#"{"provider":"local-userpass","profile":null,"tokens":{"access":"a","refresh":"r"},"ended":null}"#;
        let tokens = UserRecord::from_bytes(old).unwrap().tokens.unwrap();
        assert_eq!((tokens.access.expose(), tokens.refresh.as_ref().unwrap().expose()), ("a", "r"));
        assert_eq!((tokens.access_life, tokens.refresh_life), (None, None));
    }

    #[test]
    fn an_opaque_token_without_a_refresh_token_keeps_its_end() {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        let life = Lifetime { source: LifetimeSource::Record, ..Lifetime::new(at(1), at(2)) };
        let tokens = Tokens { access_life: Some(life), ..Tokens::new(AccessToken::new("opaque"), None) };
        let record = UserRecord {
            provider: Provider::EmailPassword,
            profile: None,
            tokens: Some(tokens),
            ended: None,
        };
        let read = UserRecord::from_bytes(&record.to_bytes().unwrap()).unwrap().tokens.unwrap();
        assert!(read.refresh.is_none());
        assert_eq!((read.access_life, read.refresh_life), (Some(life), None));
    }
}
