//! The configuration of an App: what the hosted service exported as a folder of files (section 11), as values.
//!
//! A configuration is read-only and replaced as a whole; each request works with the one that it began with. Provider
//! ids, keys and users are not here but in the store.

mod custom_user_data;
pub mod data_rules;
pub mod files;
mod folder;
mod functions;
mod live;
mod providers;
mod redirects;
mod settings;
mod watch;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::app_id::AppId;

pub use custom_user_data::CustomUserData;
pub use data_rules::DataRules;
pub use files::{AppFiles, ConfigError, MissingSecret, Report, Unhonoured};
pub use folder::{AppFolder, FolderError};
pub use functions::{Function, FunctionRules};
pub use live::{ConfigSource, GivenLifetimes, LiveConfig, LoadError};
pub use providers::{
    Availability, Confirmation, CustomFunction, CustomToken, LocalUserpass, Mail, MetadataField, OAuth2,
    Offer, PasswordReset, Providers, TokenAlgorithm, TokenKeys,
};
pub use settings::{Issuer, Settings, Smtp};
pub(super) use watch::watch;

/// What an App offers, and how.
#[derive(Clone, Default, PartialEq)]
pub struct AppConfig {
    /// The client app id that the files name; the one that is served may be another.
    pub app_id: Option<AppId>,
    /// What people call the App.
    pub name: Option<String>,
    /// Origins (`scheme://host[:port]`) that browsers may call from; empty: any (section 11.1).
    pub allowed_request_origins: Vec<String>,
    /// Tag and values of the environment (section 11.6).
    pub environment: Environment,
    /// How one can log in.
    pub providers: Providers,
    /// The document that travels in access tokens.
    pub custom_user_data: CustomUserData,
    /// Who reaches that document otherwise than by its token.
    pub data_rules: DataRules,
    /// The files of data sources, as they are: what they say is not lost when the configuration is written again.
    pub data_sources: AppFiles,
    /// Functions by name.
    pub functions: BTreeMap<String, Function>,
    /// What `context.values.get` finds. Values that come from secrets are resolved.
    pub values: BTreeMap<String, Value>,
    /// What the export format has no place for.
    pub settings: Settings,
}

impl fmt::Debug for AppConfig {
    /// Values go by their names: they may come from secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppConfig")
            .field("app_id", &self.app_id)
            .field("name", &self.name)
            .field("allowed_request_origins", &self.allowed_request_origins)
            .field("environment", &self.environment)
            .field("providers", &self.providers)
            .field("custom_user_data", &self.custom_user_data)
            .field("data_rules", &self.data_rules)
            .field("functions", &self.functions)
            .field("values", &self.values.keys())
            .field("settings", &self.settings)
            .finish()
    }
}

/// Tag and values of the environment that the App runs in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Environment {
    /// `""`, `development`, `testing`, `qa` or `production`.
    pub tag: String,
    /// Its values.
    pub values: Map<String, Value>,
}
