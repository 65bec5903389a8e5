//! `values/*.json` and `environments/*.json` (section 11.6).

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;
use serde_json::Value;

use super::error::ConfigError;
use super::root::ENVIRONMENTS;
use super::secrets::Secrets;
use super::source::Source;
use crate::local_app::config::Environment;

/// Reads the values. One that comes from a secret holds it from here on, and is not
/// there if the secret is not.
pub fn read(source: &mut Source<'_>, secrets: &mut Secrets) -> Result<BTreeMap<String, Value>, ConfigError> {
    let (mut values, mut names) = (BTreeMap::new(), BTreeSet::new());
    for (path, file_name) in source.below("values", ".json") {
        let Some(mut fields) = source.object(path)? else { continue };
        fields.pass_over(&["id", "_id"]);
        let name = fields.filled("name")?.unwrap_or_else(|| file_name.to_owned());
        let value = if fields.flag("from_secret")? {
            let secret = fields.required("value")?;
            let secret = secrets.named(&secret, &fields, "value", &format!("the value '{name}'"));
            secret.map(|secret| Value::String(secret.expose_secret().to_owned()))
        } else {
            Some(fields.value("value").unwrap_or_default())
        };
        if !names.insert(name.clone()) {
            return Err(fields.error("name", "expected another name; a second file has this one"));
        }
        values.extend(value.map(|value| (name, value)));
        source.done(fields);
    }
    Ok(values)
}

/// Reads all environments, and takes the one with this tag.
pub fn environment(source: &mut Source<'_>, tag: String) -> Result<Environment, ConfigError> {
    let active = if tag.is_empty() { "no-environment" } else { tag.as_str() };
    let mut values = serde_json::Map::new();
    for (path, name) in source.below("environments", ".json") {
        if name != "no-environment" && (name.is_empty() || !ENVIRONMENTS.contains(&name)) {
            continue;
        }
        let Some(mut fields) = source.object(path)? else { continue };
        let mut inner = fields.object_or_empty("values")?;
        // The others wait for the App to be moved there: being read is all that they ask for.
        let found = inner.take_all();
        if name == active {
            values = found;
        }
        source.done(fields);
    }
    Ok(Environment { tag, values })
}
