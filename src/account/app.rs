//! An App: where it is, what it is called, where it keeps custom user data.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ControlAccess;

/// The short name a person gives an App, unique on this device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppAlias(String);

impl AppAlias {
    /// The App that idmux hosts itself.
    pub const LOCAL: &'static str = "local";

    /// An alias; any text that is not empty.
    pub fn new(alias: impl Into<String>) -> Self {
        Self(alias.into())
    }

    /// The alias as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An App as this device knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its name on this device.
    pub alias: AppAlias,
    /// The configured base URL; the client asks it for the real host (protocol document, section 2.2).
    pub base_url: Url,
    /// The client app id, `<name>-<5 letters>`.
    pub client_app_id: String,
    /// Where the App keeps custom user data.
    pub custom_data: CustomDataSource,
    /// The way to its control API: a local App has one for whoever looks after it.
    pub control: Option<ControlAccess>,
}

/// The collection that holds custom user data (protocol document, section 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomDataSource {
    /// Name of the data source.
    pub service: String,
    /// Database name.
    pub database: String,
    /// Collection name.
    pub collection: String,
    /// The field that holds the user's id.
    pub user_id_field: String,
}

impl Default for CustomDataSource {
    /// The place in which a local App without a configuration keeps it.
    fn default() -> Self {
        Self {
            service: "mongodb-atlas".into(),
            database: "app".into(),
            collection: "custom_user_data".into(),
            user_id_field: "user_id".into(),
        }
    }
}
