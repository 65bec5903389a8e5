//! `idmux.json`: what the export format has no place for. It is our own, so that a field that is not known is a mistake.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::SETTINGS;
use super::error::ConfigError;
use super::fields::Fields;
use super::secrets::Secrets;
use super::source::Source;
use crate::local_app::config::{Issuer, Settings, Smtp};
use crate::local_app::lifetimes::parse_lifetime;
use crate::local_app::providers::Provider;

/// Reads the settings; without the file, the defaults hold.
pub fn read(source: &mut Source<'_>, secrets: &mut Secrets) -> Result<Settings, ConfigError> {
    let Some(mut fields) = source.object(SETTINGS)? else { return Ok(Settings::default()) };
    let settings = Settings {
        access_token_lifetime: lifetime(&mut fields, "access_token_lifetime")?,
        refresh_token_lifetime: lifetime(&mut fields, "refresh_token_lifetime")?,
        function_time_limit: lifetime(&mut fields, "function_time_limit")?,
        smtp: smtp(&mut fields, secrets)?,
        issuers: issuers(&mut fields)?,
        adopt_passwords_for: lifetime(&mut fields, "adopt_passwords_for")?,
    };
    fields.refuse_rest(
        "access_token_lifetime, refresh_token_lifetime, function_time_limit, smtp, issuers and adopt_passwords_for",
    )?;
    Ok(settings)
}

fn lifetime(fields: &mut Fields, name: &str) -> Result<Option<Duration>, ConfigError> {
    let Some(text) = fields.text(name)? else { return Ok(None) };
    parse_lifetime(&text).map(Some).map_err(|expected| fields.error(name, expected))
}

fn smtp(fields: &mut Fields, secrets: &mut Secrets) -> Result<Option<Smtp>, ConfigError> {
    let Some(mut smtp) = fields.object("smtp")? else { return Ok(None) };
    // The address may hold a password: it stands here, or better in secrets.json.
    let (field, url) = match (smtp.filled("url")?, smtp.filled("url_secret")?) {
        (Some(url), None) => ("url", Some(url.into())),
        (None, Some(name)) => ("url_secret", secrets.named(&name, &smtp, "url_secret", "mail by SMTP")),
        (None, None) | (Some(_), Some(_)) => {
            return Err(smtp.error("url", "expected this field or url_secret, and only one of them"));
        }
    };
    let from = smtp.required("from")?;
    let Some(url) = url else {
        smtp.refuse_rest("url, url_secret and from")?;
        return Ok(None);
    };
    let parsed = Url::parse(secrecy::ExposeSecret::expose_secret(&url)).ok();
    if !parsed.is_some_and(|url| matches!(url.scheme(), "smtp" | "smtps") && url.has_host()) {
        return Err(smtp.error(field, "expected an address as in smtps://user:password@mail.example.com:465"));
    }
    smtp.refuse_rest("url, url_secret and from")?;
    Ok(Some(Smtp { url, from }))
}

fn issuers(fields: &mut Fields) -> Result<BTreeMap<Provider, Issuer>, ConfigError> {
    let mut issuers = BTreeMap::new();
    let Some(mut object) = fields.object("issuers")? else { return Ok(issuers) };
    for name in object.names() {
        let known = Provider::named(&name)
            .filter(|provider| matches!(provider, Provider::Google | Provider::Facebook | Provider::Apple));
        let Some(provider) = known else {
            return Err(object.error(
                &name,
                "there is no such issuer; there are oauth2-google, oauth2-facebook and oauth2-apple",
            ));
        };
        let Some(text) = object.text(&name)? else { continue };
        let url =
            Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or_else(|| object.error(&name, "expected an http or https address"))?;
        issuers.insert(provider, Issuer { url });
    }
    Ok(issuers)
}
