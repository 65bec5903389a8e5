//! `secrets.json`: secrets by name (section 11.6).
//!
//! The hosted service took at most 500 characters; here a secret may be longer, such as a public key in PEM.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::Value;

use super::SECRETS;
use super::error::ConfigError;
use super::fields::Fields;
use super::source::Source;

/// The secrets of an App.
#[derive(Default)]
pub struct Secrets(BTreeMap<String, SecretString>);

impl Secrets {
    /// The secret that `field` names.
    ///
    /// The error leaves the name out: somebody may have written the secret itself there.
    pub fn named(&self, name: &str, fields: &Fields, field: &str) -> Result<SecretString, ConfigError> {
        self.0.get(name).cloned().ok_or_else(|| {
            fields.error(field, format!("expected the name of a secret in {SECRETS}, found another text"))
        })
    }
}

/// Reads the secrets. What is not a text is the older form for services and providers, and reported.
pub fn read(source: &mut Source<'_>) -> Result<Secrets, ConfigError> {
    let mut secrets = Secrets::default();
    let Some(mut fields) = source.object(SECRETS)? else { return Ok(secrets) };
    for name in fields.names() {
        match fields.value(&name) {
            Some(Value::String(secret)) => {
                secrets.0.insert(name, secret.into());
            }
            Some(Value::Object(_)) => fields.without_effect(&name),
            Some(_) => return Err(fields.error(&name, "expected a text")),
            None => {}
        }
    }
    source.done(fields);
    Ok(secrets)
}
