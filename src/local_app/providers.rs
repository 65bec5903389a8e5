//! Authentication providers: who says who somebody is (section 3).

mod anon_user;
mod local_userpass;

use serde_json::{Map, Value};

use super::app::App;
use super::failure::Failure;
use super::store::{Registration, Tx};

/// The body of a login, without knowing whose it is.
pub type Payload = Map<String, Value>;

/// A login method that this App offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    Anonymous,
    EmailPassword,
}

impl Provider {
    pub const ENABLED: [Self; 2] = [Self::Anonymous, Self::EmailPassword];

    /// The name in paths, tokens and profiles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anon-user",
            Self::EmailPassword => "local-userpass",
        }
    }

    /// The enabled provider of that name.
    pub fn named(name: &str) -> Result<Self, Failure> {
        Self::ENABLED
            .into_iter()
            .find(|provider| provider.name() == name)
            .ok_or_else(|| Failure::ProviderNotFound(name.to_owned()))
    }
}

/// An identity whose owner proved it.
#[derive(Debug)]
pub enum VerifiedIdentity {
    /// A fresh anonymous identity.
    Anonymous { id: String },
    /// The right password for this registration.
    EmailPassword(Registration),
}

impl VerifiedIdentity {
    pub fn provider(&self) -> Provider {
        match self {
            Self::Anonymous { .. } => Provider::Anonymous,
            Self::EmailPassword(_) => Provider::EmailPassword,
        }
    }

    /// The identity's id, unique within the provider.
    pub fn id(&self) -> &str {
        match self {
            Self::Anonymous { id } => id,
            Self::EmailPassword(registration) => &registration.id,
        }
    }

    /// What the provider knows about the user.
    pub fn data(&self) -> Map<String, Value> {
        match self {
            Self::Anonymous { .. } => Map::new(),
            Self::EmailPassword(registration) => local_userpass::data(registration),
        }
    }

    /// Whether the proof is as good inside the transaction that uses it; hashing happens outside of any.
    pub fn still_holds(&self, tx: &Tx<'_>) -> Result<bool, Failure> {
        match self {
            Self::Anonymous { .. } => Ok(true),
            Self::EmailPassword(verified) => local_userpass::still_holds(tx, verified),
        }
    }
}

impl App {
    /// Checks what somebody sent to log in with.
    pub async fn verify_identity(
        &self,
        provider: Provider,
        payload: &Payload,
    ) -> Result<VerifiedIdentity, Failure> {
        match provider {
            Provider::Anonymous => anon_user::fresh_identity(),
            Provider::EmailPassword => local_userpass::verify(self, payload).await,
        }
    }
}

/// A text that a payload must have.
pub fn required_text<'a>(payload: &'a Payload, key: &'static str) -> Result<&'a str, Failure> {
    match payload.get(key) {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Null) | None => Err(Failure::MissingParameter(key)),
        Some(_) => Err(Failure::InvalidParameter(format!("'{key}' must be a string"))),
    }
}
