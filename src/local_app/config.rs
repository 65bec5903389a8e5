//! The configuration of an App: what the hosted service exported as a folder of files (section 11), as values.
//!
//! A configuration is read-only and replaced as a whole; each request works with the one that it began with. Provider
//! ids, keys and users are not here but in the store.

mod custom_user_data;
mod functions;
mod providers;
mod redirects;
mod settings;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use custom_user_data::CustomUserData;
pub use functions::{Function, FunctionRules};
pub use providers::{
    Availability, Confirmation, CustomFunction, CustomToken, LocalUserpass, Mail, MetadataField, OAuth2,
    Offer, PasswordReset, Providers, TokenAlgorithm, TokenKeys,
};
pub use settings::{Issuer, Settings, Smtp};

/// What an App offers, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AppConfig {
    /// Origins (`scheme://host[:port]`) that browsers may call from; empty: any (section 11.1).
    pub allowed_request_origins: Vec<String>,
    /// Tag and values of the environment (section 11.6).
    pub environment: Environment,
    /// How one can log in.
    pub providers: Providers,
    /// The document that travels in access tokens.
    pub custom_user_data: CustomUserData,
    /// Functions by name.
    pub functions: BTreeMap<String, Function>,
    /// What `context.values.get` finds. Values that come from secrets are resolved.
    pub values: BTreeMap<String, Value>,
    /// What the export format has no place for.
    pub settings: Settings,
}

/// Tag and values of the environment that the App runs in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Environment {
    /// `""`, `development`, `testing`, `qa` or `production`.
    pub tag: String,
    /// Its values.
    pub values: Map<String, Value>,
}
