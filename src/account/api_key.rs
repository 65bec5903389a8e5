//! API keys of a user (protocol document, section 3.4).

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// A key's id inside its App, chosen by the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiKeyId(String);

impl ApiKeyId {
    /// The id as the server gave it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key as a server lists it: without what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name, unique among the user's keys. Text from a server.
    pub name: String,
    /// Whether one can log in with it.
    pub enabled: bool,
}

/// A key that was just made. Nobody tells its secret a second time.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The key.
    pub key: ApiKey,
    /// What one logs in with.
    pub secret: SecretString,
}

impl PartialEq for NewApiKey {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.secret.expose_secret() == other.secret.expose_secret()
    }
}

/// Whether a server would take `name` for a key.
pub fn check_key_name(name: &str) -> Result<(), KeyNameError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(is_plain) { Ok(()) } else { Err(KeyNameError) }
}

/// The name of a key has other characters, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("letters, digits, `_` and `-`, such as ci-runner")]
pub struct KeyNameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_checked_where_it_is_typed() {
        assert_eq!(check_key_name("ci-runner_2"), Ok(()));
        for bad in ["", "ci runner", "schlüssel", "a.b"] {
            assert_eq!(check_key_name(bad), Err(KeyNameError), "{bad}");
        }
    }

    #[test]
    fn the_secret_does_not_print() {
        let key = ApiKey { id: ApiKeyId::new("1"), name: "ci".into(), enabled: true };
        let new = NewApiKey { key, secret: "hunter2".into() };
        assert!(!format!("{new:?}").contains("hunter2"));
    }
}
