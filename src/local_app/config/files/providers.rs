//! `auth/providers.json` (section 11.2), and `auth_providers/*.json` of older exports.

mod custom_token;
mod local_userpass;

use secrecy::SecretString;
use serde_json::Value;

use super::PROVIDERS;
use super::error::ConfigError;
use super::fields::Fields;
use super::secrets::Secrets;
use super::source::Source;
use crate::local_app::config::{CustomFunction, MetadataField, OAuth2, Offer, Providers};
use crate::local_app::providers::Provider;

/// The folder of older exports: a file for each provider.
pub const OLDER: &str = "auth_providers";

/// The longest name that a metadata field can be given, in characters.
const LONGEST_FIELD_NAME: usize = 63;

/// Reads the providers. One that no file names is not offered.
pub fn read(source: &mut Source<'_>, secrets: &mut Secrets) -> Result<Providers, ConfigError> {
    let mut reader = Reader { providers: none(), secrets, seen: Vec::new() };
    if let Some(mut file) = source.object(PROVIDERS)? {
        for name in file.names() {
            let Some(entry) = file.object(&name)? else { continue };
            reader.entry(source, entry, &name)?;
        }
        source.done(file);
    } else {
        for (path, name) in source.below(OLDER, ".json") {
            let Some(entry) = source.object(path)? else { continue };
            reader.entry(source, entry, name)?;
        }
    }
    Ok(reader.providers)
}

fn none() -> Providers {
    Providers {
        anon_user: Offer::Absent,
        local_userpass: Offer::Absent,
        api_key: Offer::Absent,
        custom_token: Offer::Absent,
        custom_function: Offer::Absent,
        google: Offer::Absent,
        facebook: Offer::Absent,
        apple: Offer::Absent,
    }
}

struct Reader<'s> {
    providers: Providers,
    secrets: &'s mut Secrets,
    seen: Vec<Provider>,
}

impl Reader<'_> {
    fn entry(&mut self, source: &mut Source<'_>, mut entry: Fields, key: &str) -> Result<(), ConfigError> {
        let kind = entry.filled("type")?.unwrap_or_else(|| key.to_owned());
        let Some(provider) = Provider::named(&kind) else {
            // Twice the way of reporting it: as a whole if it has a name in a file, and field by field otherwise.
            entry.restore("type", Value::String(kind));
            match entry.way() {
                "" => source.done(entry),
                way => source.unhonoured(entry.file(), way),
            }
            return Ok(());
        };
        if self.seen.contains(&provider) {
            return Err(entry.error("type", "expected another provider; an earlier entry is about this one"));
        }
        self.seen.push(provider);
        entry.pass_over(&["id", "_id", "name"]);
        let on = !entry.flag("disabled")?;
        let (providers, secrets) = (&mut self.providers, &mut *self.secrets);
        match provider {
            Provider::AnonUser => providers.anon_user = offer(on, ()),
            Provider::ApiKey => providers.api_key = offer(on, ()),
            Provider::LocalUserpass => {
                providers.local_userpass = offer(on, local_userpass::read(&mut entry)?);
            }
            Provider::CustomToken => {
                providers.custom_token =
                    if_complete(on, secrets, |secrets| custom_token::read(&mut entry, secrets, on))?;
            }
            Provider::CustomFunction => {
                providers.custom_function = offer(on, custom_function(&mut entry, on)?);
            }
            Provider::Google | Provider::Facebook | Provider::Apple => {
                let read = if_complete(on, secrets, |secrets| oauth2(&mut entry, secrets, provider, on))?;
                match provider {
                    Provider::Google => providers.google = read,
                    Provider::Facebook => providers.facebook = read,
                    _ => providers.apple = read,
                }
            }
        }
        source.done(entry);
        Ok(())
    }
}

fn offer<T>(on: bool, config: T) -> Offer<T> {
    if on { Offer::Enabled(config) } else { Offer::Disabled(config) }
}

/// What `read` finds; off if a secret that it asked for is missing.
fn if_complete<T>(
    on: bool,
    secrets: &mut Secrets,
    read: impl FnOnce(&mut Secrets) -> Result<T, ConfigError>,
) -> Result<Offer<T>, ConfigError> {
    let missing = secrets.missing();
    let config = read(secrets)?;
    Ok(offer(on && secrets.missing() == missing, config))
}

fn custom_function(entry: &mut Fields, on: bool) -> Result<CustomFunction, ConfigError> {
    let mut config = entry.object_or_empty("config")?;
    config.pass_over(&["authFunctionId"]);
    let function = config.required_if(on, "authFunctionName")?;
    entry.absorb(config);
    Ok(CustomFunction { function })
}

fn oauth2(
    entry: &mut Fields,
    secrets: &mut Secrets,
    provider: Provider,
    on: bool,
) -> Result<OAuth2, ConfigError> {
    let mut config = entry.object_or_empty("config")?;
    let client_id = config.required_if(on, "clientId")?;
    let open_id = provider == Provider::Google && config.flag("openId")?;
    entry.absorb(config);
    let mut secret_config = entry.object_or_empty("secret_config")?;
    let client_secret = match secret_config.required_if(on, "clientSecret")? {
        name if name.is_empty() => SecretString::default(),
        name => {
            secret(&mut secret_config, secrets, &name, ("clientSecret", provider), on).unwrap_or_default()
        }
    };
    entry.absorb(secret_config);
    // Apple has neither fields nor domains (section 3.7): left where they are, they are reported.
    let has_profile = provider != Provider::Apple;
    Ok(OAuth2 {
        client_id,
        client_secret,
        open_id,
        metadata_fields: if has_profile { metadata_fields(entry)? } else { Vec::new() },
        redirect_uris: entry.texts("redirect_uris")?,
        domain_restrictions: if has_profile { entry.texts("domain_restrictions")? } else { Vec::new() },
    })
}

/// The secret that a field of a provider names. A provider that is switched off does without until it is switched on.
fn secret(
    fields: &mut Fields,
    secrets: &mut Secrets,
    name: &str,
    (field, provider): (&str, Provider),
    on: bool,
) -> Option<SecretString> {
    if on {
        return secrets.named(name, fields, field, provider.name());
    }
    let found = secrets.find(name);
    if found.is_none() {
        fields.without_effect(field);
    }
    found
}

fn metadata_fields(entry: &mut Fields) -> Result<Vec<MetadataField>, ConfigError> {
    let mut all = Vec::new();
    for mut item in entry.objects("metadata_fields")? {
        let field = MetadataField {
            required: item.flag("required")?,
            name: item.required("name")?,
            field_name: item.filled("field_name")?,
        };
        if field.field_name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_FIELD_NAME) {
            let expected = format!("expected at most {LONGEST_FIELD_NAME} characters");
            return Err(item.error("field_name", expected));
        }
        entry.absorb(item);
        all.push(field);
    }
    Ok(all)
}
