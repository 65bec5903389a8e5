//! A user's record: what is sealed.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::account::{AccessToken, AppAlias, EndReason, Profile, Provider, RefreshToken, Tokens, UserKey};

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
    #[serde(borrow)]
    refresh: Cow<'a, str>,
}

impl UserRecord {
    /// The bytes to seal.
    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let wire = Wire {
            provider: self.provider.clone(),
            profile: self.profile.clone(),
            tokens: self.tokens.as_ref().map(|tokens| WireTokens {
                access: tokens.access.expose().into(),
                refresh: tokens.refresh.expose().into(),
            }),
            ended: self.ended.clone(),
        };
        // Large enough that it does not grow: growing would leave unwiped copies behind.
        let tokens = wire.tokens.as_ref().map_or(0, |tokens| tokens.access.len() + tokens.refresh.len());
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
                refresh: RefreshToken::new(&*tokens.refresh),
            }),
            ended: wire.ended,
        })
    }
}
