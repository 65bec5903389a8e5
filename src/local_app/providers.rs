//! Authentication providers: who says who somebody is (section 3).

mod anon_user;
mod api_key;
mod custom_function;
mod custom_token;
mod jwt;
mod key_set;
mod local_userpass;
mod metadata;
pub mod oauth2;
mod outbound;
mod remote_documents;

use std::fmt;

use serde_json::{Map, Value};

use super::app::App;
use super::config::Availability;
use super::failure::Failure;
use super::request::RequestFacts;
use super::store::{Proof, ProvenIdentity};

pub use remote_documents::RemoteDocuments;

/// The body of a login, without knowing whose it is.
pub type Payload = Map<String, Value>;

/// A login method, named as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// `anon-user`
    AnonUser,
    /// `local-userpass`
    LocalUserpass,
    /// `api-key`
    ApiKey,
    /// `custom-token`
    CustomToken,
    /// `custom-function`
    CustomFunction,
    /// `oauth2-google`
    Google,
    /// `oauth2-facebook`
    Facebook,
    /// `oauth2-apple`
    Apple,
}

impl Provider {
    /// Every provider that there is.
    pub const ALL: [Self; 8] = [
        Self::AnonUser,
        Self::LocalUserpass,
        Self::ApiKey,
        Self::CustomToken,
        Self::CustomFunction,
        Self::Google,
        Self::Facebook,
        Self::Apple,
    ];

    /// The name in paths, tokens and profiles.
    pub fn name(self) -> &'static str {
        match self {
            Self::AnonUser => "anon-user",
            Self::LocalUserpass => "local-userpass",
            Self::ApiKey => "api-key",
            Self::CustomToken => "custom-token",
            Self::CustomFunction => "custom-function",
            Self::Google => "oauth2-google",
            Self::Facebook => "oauth2-facebook",
            Self::Apple => "oauth2-apple",
        }
    }

    /// The provider of that name, whether an App offers it or not.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An identity whose owner proved it.
#[derive(Debug)]
pub struct VerifiedIdentity {
    pub provider: Provider,
    /// Unique within the provider.
    pub id: String,
    /// What the provider knows about the user; it replaces what an earlier login said.
    pub data: Map<String, Value>,
    /// What has to hold where the identity is used.
    pub proof: Proof,
}

impl VerifiedIdentity {
    /// An identity that holds whatever happens in this App.
    pub fn given(provider: Provider, id: String, data: Map<String, Value>) -> Self {
        Self { provider, id, data, proof: Proof::Given }
    }

    /// The same, as the store has it.
    pub fn proven(&self) -> ProvenIdentity {
        ProvenIdentity {
            provider: self.provider.name(),
            id: self.id.clone(),
            data: self.data.clone(),
            proof: self.proof.clone(),
        }
    }
}

impl App {
    /// Tells whoever looks after the App why a log-in, or a link, was refused, where the client is not told.
    pub fn tell_refusal(&self, provider: &str, failure: &Failure) {
        if let Some(cause) = failure.cause() {
            self.notices().tell(&format!("a log-in with '{provider}' was refused: {cause}"));
        }
    }

    /// The provider of that name, if one can log in with it.
    pub fn enabled_provider(&self, name: &str) -> Result<Provider, Failure> {
        let not_found = || Failure::ProviderNotFound(name.to_owned());
        let provider = Provider::named(name).ok_or_else(not_found)?;
        match self.config().providers.availability(provider) {
            Availability::Enabled => Ok(provider),
            Availability::Disabled => Err(Failure::ProviderDisabled(provider.name())),
            Availability::Absent => Err(not_found()),
        }
    }

    /// Checks what somebody sent to log in with, as often as the rate limits let them try.
    pub async fn verify_identity(
        &self,
        provider: Provider,
        payload: &Payload,
        request: &RequestFacts,
    ) -> Result<VerifiedIdentity, Failure> {
        let limits = self.limiters();
        match provider {
            // Nobody guesses at an anonymous user, but each is a row.
            Provider::AnonUser => {
                limits.request(None, request)?;
                anon_user::fresh_identity()
            }
            Provider::LocalUserpass => {
                let account = payload.get("username").and_then(Value::as_str);
                limits.guess(account, request, local_userpass::verify(self, payload, request)).await
            }
            Provider::CustomFunction => {
                limits.guess(None, request, custom_function::verify(self, payload, request)).await
            }
            // The identity provider is asked about what is sent, which costs more than a guess could gain.
            Provider::Google | Provider::Facebook | Provider::Apple => {
                limits.guess(None, request, oauth2::verify(self, provider, payload)).await
            }
            // Nobody can guess a key or a signature.
            Provider::ApiKey => api_key::verify(self, payload).await,
            Provider::CustomToken => custom_token::verify(self, payload).await,
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
