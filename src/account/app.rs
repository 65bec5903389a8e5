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

    /// An alias that a person chose.
    ///
    /// # Errors
    /// When it is not one word, or that of the embedded App.
    pub fn parse(text: &str) -> Result<Self, AppTextError> {
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control();
        match text {
            Self::LOCAL => Err(AppTextError::Embedded),
            _ if text.is_empty() || text.starts_with('-') || !text.chars().all(is_plain) => {
                Err(AppTextError::Alias)
            }
            _ => Ok(Self::new(text)),
        }
    }

    /// The alias as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody wrote about an App says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppTextError {
    /// It is no name for an App.
    #[error("a name without spaces, such as shop")]
    Alias,
    /// It is the name of the embedded App.
    #[error("`local` is the name of the App that idmux embeds")]
    Embedded,
    /// It is no client app id.
    #[error("letters, digits, `-` and `_`, as in shop-abcde")]
    ClientAppId,
    /// It is no address.
    #[error("an http or https address, such as http://127.0.0.1:4000")]
    Address,
    /// It has more in it than an address, and that may be secret. The error does not repeat it.
    #[error("an address alone, such as http://127.0.0.1:4000: without {0} in it")]
    MoreThanAddress(&'static str),
}

/// Checks a client app id, which becomes a part of addresses. The server of an App decides which ids there are; every id
/// of the hosted service's form, `<name>-<5 to 8 letters>`, passes.
///
/// # Errors
/// When it could be anything but one segment of a path.
pub fn check_client_app_id(text: &str) -> Result<(), AppTextError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !text.is_empty() && text.chars().all(is_plain) { Ok(()) } else { Err(AppTextError::ClientAppId) }
}

/// Reads the base URL of an App.
///
/// # Errors
/// When it is no address of a web server, or has a user name, a password, a query or a fragment in it: addresses are
/// shown and kept, and what is secret is given elsewhere.
pub fn parse_base_url(text: &str) -> Result<Url, AppTextError> {
    let url = Url::parse(text).map_err(|_| AppTextError::Address)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(AppTextError::Address);
    }
    match part_beside_address(&url) {
        None => Ok(url),
        Some(part) => Err(AppTextError::MoreThanAddress(part)),
    }
}

/// What an address has in it that is none of it, and may be secret.
pub fn part_beside_address(url: &Url) -> Option<&'static str> {
    // An empty name, as in `http://@host`, leaves no trace in a `Url`, and says nothing.
    if url.password().is_some() || !url.username().is_empty() {
        return Some("a user name or password");
    }
    if url.query().is_some() {
        return Some("a query (?…)");
    }
    url.fragment().map(|_| "a fragment (#…)")
}

/// The address alone.
pub fn without_secret_parts(mut url: Url) -> Url {
    // Only addresses without a host refuse this, and those have no user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url
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
    /// The client app id, `<name>-<5 to 8 letters>`.
    pub client_app_id: String,
    /// Where the App keeps custom user data.
    pub custom_data: CustomDataSource,
    /// The way to its control API: a local App has one for whoever looks after it.
    pub control: Option<ControlAccess>,
    /// Host and port that the App may name as where it is served, besides its own: a person accepted it.
    pub accepted_host: Option<String>,
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
