//! `auth/providers.json`: how one can log in (section 11.2).

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::local_app::providers::Provider;

/// The login methods of an App.
#[derive(Debug, Clone, PartialEq)]
pub struct Providers {
    /// `anon-user`
    pub anon_user: Offer<()>,
    /// `local-userpass`
    pub local_userpass: Offer<LocalUserpass>,
    /// `api-key`
    pub api_key: Offer<()>,
    /// `custom-token`
    pub custom_token: Offer<CustomToken>,
    /// `custom-function`
    pub custom_function: Offer<CustomFunction>,
    /// `oauth2-google`
    pub google: Offer<OAuth2>,
    /// `oauth2-facebook`
    pub facebook: Offer<OAuth2>,
    /// `oauth2-apple`
    pub apple: Offer<OAuth2>,
}

impl Default for Providers {
    /// Anonymous, email/password confirmed at once with reset by mail, and API keys.
    fn default() -> Self {
        Self {
            anon_user: Offer::Enabled(()),
            local_userpass: Offer::Enabled(LocalUserpass::default()),
            api_key: Offer::Enabled(()),
            custom_token: Offer::Absent,
            custom_function: Offer::Absent,
            google: Offer::Absent,
            facebook: Offer::Absent,
            apple: Offer::Absent,
        }
    }
}

impl Providers {
    /// Whether one can log in with `provider`.
    pub fn availability(&self, provider: Provider) -> Availability {
        match provider {
            Provider::AnonUser => self.anon_user.availability(),
            Provider::LocalUserpass => self.local_userpass.availability(),
            Provider::ApiKey => self.api_key.availability(),
            Provider::CustomToken => self.custom_token.availability(),
            Provider::CustomFunction => self.custom_function.availability(),
            Provider::Google => self.google.availability(),
            Provider::Facebook => self.facebook.availability(),
            Provider::Apple => self.apple.availability(),
        }
    }

    /// The OAuth 2.0 configuration of a provider that has one, if it is enabled.
    pub fn oauth2(&self, provider: Provider) -> Option<&OAuth2> {
        match provider {
            Provider::Google => self.google.enabled(),
            Provider::Facebook => self.facebook.enabled(),
            Provider::Apple => self.apple.enabled(),
            _ => None,
        }
    }
}

/// A login method in the configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Offer<T> {
    /// Not configured.
    #[default]
    Absent,
    /// Configured, and switched off.
    Disabled(T),
    /// One can log in with it.
    Enabled(T),
}

impl<T> Offer<T> {
    /// The configuration, if one can log in with it.
    pub fn enabled(&self) -> Option<&T> {
        match self {
            Self::Enabled(config) => Some(config),
            Self::Absent | Self::Disabled(_) => None,
        }
    }

    /// The configuration, enabled or not.
    pub fn configured(&self) -> Option<&T> {
        match self {
            Self::Enabled(config) | Self::Disabled(config) => Some(config),
            Self::Absent => None,
        }
    }

    /// The state without the configuration.
    pub fn availability(&self) -> Availability {
        match self {
            Self::Absent => Availability::Absent,
            Self::Disabled(_) => Availability::Disabled,
            Self::Enabled(_) => Availability::Enabled,
        }
    }
}

/// Whether one can log in with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Not configured.
    Absent,
    /// Configured, and switched off.
    Disabled,
    /// One can.
    Enabled,
}

/// Email/password (section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalUserpass {
    /// What happens between registering and logging in.
    pub confirmation: Confirmation,
    /// What a forgotten password leads to.
    pub reset: PasswordReset,
}

impl Default for LocalUserpass {
    fn default() -> Self {
        Self { confirmation: Confirmation::Automatic, reset: PasswordReset::Mail(Mail::reset()) }
    }
}

/// How a registration is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// At once.
    Automatic,
    /// By what this function returns.
    Function(String),
    /// By a mail with a link.
    Mail(Mail),
}

/// How a password is reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordReset {
    /// By what this function returns.
    Function(String),
    /// By a mail with a link.
    Mail(Mail),
}

/// A mail with a link in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Where the link leads; `token` and `tokenId` are added to its query.
    pub url: String,
    /// The subject, at most 256 characters.
    pub subject: String,
}

impl Mail {
    /// The confirmation mail of a new App.
    pub(super) fn confirmation() -> Self {
        Self { url: "http://localhost/confirm-email".into(), subject: "Confirm your email address".into() }
    }

    /// The reset mail of a new App.
    pub(super) fn reset() -> Self {
        Self { url: "http://localhost/reset-password".into(), subject: "Reset your password".into() }
    }
}

/// Custom JWT (section 3.5).
#[derive(Debug, Clone)]
pub struct CustomToken {
    /// Audiences that a token must name; empty: the client app id.
    pub audience: Vec<String>,
    /// One of the audiences is enough.
    pub require_any_audience: bool,
    /// The one algorithm that counts, whatever a token's header says.
    pub algorithm: TokenAlgorithm,
    /// What signatures are checked with.
    pub keys: TokenKeys,
    /// Claims that become the user's data.
    pub metadata_fields: Vec<MetadataField>,
}

/// How custom JWTs are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// A shared secret.
    Hs256,
    /// RSA.
    Rs256,
    /// ECDSA on P-256.
    Es256,
    /// What the key of the set that signed is for; with [`TokenKeys::Jwks`] only.
    OfKey,
}

/// What signatures of custom JWTs are checked with.
#[derive(Debug, Clone)]
pub enum TokenKeys {
    /// Secrets (HS256) or public keys in PEM (RS256, ES256), at most three.
    Given(Vec<SecretString>),
    /// A key set at this address.
    Jwks(Url),
}

impl PartialEq for TokenKeys {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Given(a), Self::Given(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.expose_secret() == b.expose_secret())
            }
            (Self::Jwks(a), Self::Jwks(b)) => a == b,
            _ => false,
        }
    }
}

impl PartialEq for CustomToken {
    fn eq(&self, other: &Self) -> bool {
        self.audience == other.audience
            && self.require_any_audience == other.require_any_audience
            && self.algorithm == other.algorithm
            && self.keys == other.keys
            && self.metadata_fields == other.metadata_fields
    }
}

/// A field of the user's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataField {
    /// A login without it fails.
    pub required: bool,
    /// Where the provider has it: a name, or for custom JWTs a path with dots (`\.` is a dot in a name).
    pub name: String,
    /// What it is called in the user's data, if not as the last part of the path.
    pub field_name: Option<String>,
}

/// Custom function (section 3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomFunction {
    /// The function that says who somebody is.
    pub function: String,
}

/// Google, Facebook or Apple (section 3.7). Where their endpoints are is in [`Settings`](super::Settings).
#[derive(Debug, Clone)]
pub struct OAuth2 {
    /// Names the App to the provider.
    pub client_id: String,
    /// Proves the App to the provider.
    pub client_secret: SecretString,
    /// Google: `id_token` counts.
    pub open_id: bool,
    /// Fields that become the user's data.
    pub metadata_fields: Vec<MetadataField>,
    /// Where the browser flow may end, letter for letter.
    pub redirect_uris: Vec<String>,
    /// Domains that a user's email must have one of; empty: any.
    pub domain_restrictions: Vec<String>,
}

impl PartialEq for OAuth2 {
    fn eq(&self, other: &Self) -> bool {
        self.client_id == other.client_id
            && self.client_secret.expose_secret() == other.client_secret.expose_secret()
            && self.open_id == other.open_id
            && self.metadata_fields == other.metadata_fields
            && self.redirect_uris == other.redirect_uris
            && self.domain_restrictions == other.domain_restrictions
    }
}
