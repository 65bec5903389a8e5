//! `secrets.json`: secrets by name (section 11.6).
//!
//! The hosted service took at most 500 characters; here a secret may be longer, such as a public key in PEM.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde_json::Value;

use super::SECRETS;
use super::error::ConfigError;
use super::fields::Fields;
use super::report::{MissingSecret, secret_name};
use super::source::Source;

/// The secrets of an App, and those that were asked for and are not there. An export comes without its secrets: the App
/// is served all the same, without what needs them.
#[derive(Default)]
pub struct Secrets {
    known: BTreeMap<String, SecretString>,
    missing: BTreeSet<MissingSecret>,
}

impl Secrets {
    /// The secret `name`, which `field` names for the sake of `needed_by`. One that is not there is noted.
    pub fn named(
        &mut self,
        name: &str,
        fields: &Fields,
        field: &str,
        needed_by: &str,
    ) -> Option<SecretString> {
        let found = self.find(name);
        if found.is_none() {
            self.missing.insert(MissingSecret {
                name: secret_name(name),
                needed_by: needed_by.to_owned(),
                file: fields.file().to_owned(),
                field: fields.path(field),
            });
        }
        found
    }

    /// The secret `name`; for what is switched off, and does without until it is switched on.
    pub fn find(&self, name: &str) -> Option<SecretString> {
        self.known.get(name).cloned()
    }

    /// How many are missing so far.
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    /// All that were missing.
    pub fn into_missing(self) -> BTreeSet<MissingSecret> {
        self.missing
    }
}

/// Reads the secrets. What is not a text is the older form for services and providers, and reported.
pub fn read(source: &mut Source<'_>) -> Result<Secrets, ConfigError> {
    let mut secrets = Secrets::default();
    let Some(mut fields) = source.object(SECRETS)? else { return Ok(secrets) };
    for name in fields.names() {
        match fields.value(&name) {
            Some(Value::String(secret)) => {
                secrets.known.insert(name, secret.into());
            }
            Some(Value::Object(_)) => fields.without_effect(&name),
            Some(_) => return Err(fields.error(&name, "expected a text")),
            None => {}
        }
    }
    source.done(fields);
    Ok(secrets)
}
