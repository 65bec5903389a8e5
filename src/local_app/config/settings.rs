//! Settings that the export format has no place for: `idmux.json` beside the exported files.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::local_app::providers::Provider;

/// What only a local App has to be told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Lifetime of access tokens; `None`: 30 minutes.
    pub access_token_lifetime: Option<Duration>,
    /// Lifetime of refresh tokens; `None`: 60 days, and 50 years for anonymous users.
    pub refresh_token_lifetime: Option<Duration>,
    /// How long a function may run, from the next start on; `None`: 10 seconds.
    pub function_time_limit: Option<Duration>,
    /// Where mail goes besides the mailbox.
    pub smtp: Option<Smtp>,
    /// Where Google, Facebook and Apple are, if not at their real addresses.
    pub issuers: BTreeMap<Provider, Issuer>,
    /// For how long after an import the first password given at a log-in becomes an imported user's; `None`: never.
    pub adopt_passwords_for: Option<Duration>,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// `smtp://`, `smtps://` with host, port and perhaps a user and password.
    pub url: SecretString,
    /// Whom mail comes from.
    pub from: String,
}

impl PartialEq for Smtp {
    fn eq(&self, other: &Self) -> bool {
        self.url.expose_secret() == other.url.expose_secret() && self.from == other.from
    }
}

/// Where an identity provider is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The OpenID Connect issuer, whose discovery document names the endpoints; for Facebook the base of the Graph API.
    pub url: Url,
}
