//! Providers, and the identities that link them to a user.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A log-in method, by its wire name (protocol document, section 3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Provider {
    /// `anon-user`
    Anonymous,
    /// `local-userpass`
    EmailPassword,
    /// `api-key`
    ApiKey,
    /// `custom-token`
    CustomJwt,
    /// `custom-function`
    CustomFunction,
    /// `oauth2-google`
    Google,
    /// `oauth2-facebook`
    Facebook,
    /// `oauth2-apple`
    Apple,
    /// A name that this version does not know.
    Other(String),
}

/// Wire name and the name a person reads, for every known provider.
const NAMES: [(Provider, &str, &str); 8] = [
    (Provider::Anonymous, "anon-user", "anonymous"),
    (Provider::EmailPassword, "local-userpass", "email"),
    (Provider::ApiKey, "api-key", "api key"),
    (Provider::CustomJwt, "custom-token", "jwt"),
    (Provider::CustomFunction, "custom-function", "function"),
    (Provider::Google, "oauth2-google", "google"),
    (Provider::Facebook, "oauth2-facebook", "facebook"),
    (Provider::Apple, "oauth2-apple", "apple"),
];

impl Provider {
    /// The name on the wire.
    pub fn wire_name(&self) -> &str {
        self.names().map_or_else(|other| other, |(wire, _)| wire)
    }

    /// The name a person reads in a narrow column.
    pub fn short_name(&self) -> &str {
        self.names().map_or_else(|other| other, |(_, short)| short)
    }

    fn names(&self) -> Result<(&'static str, &'static str), &str> {
        match self {
            Self::Other(name) => Err(name),
            known => Ok(NAMES
                .iter()
                .find(|(provider, ..)| provider == known)
                .map_or(("", ""), |(_, wire, short)| (wire, short))),
        }
    }
}

impl From<String> for Provider {
    fn from(name: String) -> Self {
        match NAMES.iter().find(|(_, wire, _)| *wire == name) {
            Some((provider, ..)) => provider.clone(),
            None => Self::Other(name),
        }
    }
}

impl From<Provider> for String {
    fn from(provider: Provider) -> Self {
        provider.wire_name().to_owned()
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short_name())
    }
}

/// The link between a user and one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The id within the provider.
    pub id: String,
    /// The provider.
    pub provider: Provider,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_names_and_survives_the_wire() {
        for (provider, wire, short) in NAMES {
            assert_eq!(provider.wire_name(), wire);
            assert_eq!(provider.short_name(), short);
            assert_eq!(Provider::from(wire.to_owned()), provider);
        }
        let other = Provider::from("oauth2-new".to_owned());
        assert_eq!((other.wire_name(), other.short_name()), ("oauth2-new", "oauth2-new"));
    }
}
