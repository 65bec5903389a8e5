//! Google, Facebook and Apple: what a client brings (section 3.7), and what a browser brings back (section 3.8).

mod facebook;
mod openid;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::Url;

use super::jwt::Refusal;
use super::metadata;
use super::{Payload, Provider, VerifiedIdentity, required_text};
use crate::local_app::app::App;
use crate::local_app::config::{AppConfig, OAuth2};
use crate::local_app::failure::Failure;

/// The text that clients know, for a code or token that the provider takes for none of its own or of the wrong kind.
const EXCHANGE_FAILED: &str = "error exchanging access code with OAuth2 provider";

/// What the way to a provider's consent page carries.
pub struct Consent<'a> {
    /// Where the provider sends the browser back to.
    pub callback: &'a str,
    pub state: &'a str,
    pub nonce: &'a str,
    /// The PKCE verifier (RFC 7636), of which only the hash goes along.
    pub verifier: &'a str,
}

/// A code, and what its exchange has to be accompanied by.
pub struct Code<'a> {
    pub code: &'a str,
    /// The one that the code was asked for with.
    pub redirect_uri: &'a str,
    pub verifier: Option<&'a str>,
    /// What the ID token must repeat, if something was asked for.
    pub nonce: Option<&'a str>,
}

/// Checks what a client got from the provider itself.
pub async fn verify(app: &App, provider: Provider, payload: &Payload) -> Result<VerifiedIdentity, Failure> {
    let config = app.config();
    let oauth2 = enabled(&config, provider)?;
    let text = |key| payload.contains_key(key).then(|| required_text(payload, key)).transpose();
    match provider {
        Provider::Facebook => facebook::verify(app, oauth2, required_text(payload, "accessToken")?).await,
        Provider::Apple => openid::verify(app, provider, oauth2, required_text(payload, "id_token")?).await,
        _ => match (text("authCode")?, text("id_token")?) {
            (None, Some(token)) if oauth2.open_id => openid::verify(app, provider, oauth2, token).await,
            (None, Some(_)) => Err(exchange_failed("an id_token without openId in the configuration")),
            (Some(code), _) => {
                // Beyond the documented payload: a client that ran the provider's own flow says with which address
                // and verifier, so that the exchange can repeat them.
                let redirect_uri = code_redirect_uri(oauth2, text("redirect_uri")?)?;
                let verifier = text("code_verifier")?;
                let code = Code { code, redirect_uri: &redirect_uri, verifier, nonce: None };
                openid::redeem(app, provider, oauth2, &code).await
            }
            (None, None) => Err(Failure::MissingParameter("authCode")),
        },
    }
}

/// The address of the provider's consent page.
pub async fn consent_page(app: &App, provider: Provider, consent: &Consent<'_>) -> Result<Url, Failure> {
    let config = app.config();
    let oauth2 = enabled(&config, provider)?;
    match provider {
        Provider::Facebook => facebook::consent_page(app, oauth2, consent),
        _ => openid::consent_page(app, provider, oauth2, consent).await,
    }
}

/// Redeems the code that a browser brought back.
pub async fn redeem(app: &App, provider: Provider, code: &Code<'_>) -> Result<VerifiedIdentity, Failure> {
    let config = app.config();
    let oauth2 = enabled(&config, provider)?;
    match provider {
        Provider::Facebook => facebook::redeem(app, oauth2, code).await,
        _ => openid::redeem(app, provider, oauth2, code).await,
    }
}

fn enabled(config: &AppConfig, provider: Provider) -> Result<&OAuth2, Failure> {
    config.providers.oauth2(provider).ok_or(Failure::ProviderDisabled(provider.name()))
}

/// What a code from a client was asked for with. Client SDKs do not say; theirs are got with an address that the App
/// has listed, or, on a phone without one, with none, which Google's documentation calls the empty one.
fn code_redirect_uri(oauth2: &OAuth2, said: Option<&str>) -> Result<String, Failure> {
    match said {
        Some(uri) if oauth2.allows_redirect(uri) => Ok(uri.to_owned()),
        Some(uri) => Err(Failure::InvalidRedirectUri(uri.to_owned())),
        None => Ok(oauth2.redirect_uris.first().cloned().unwrap_or_default()),
    }
}

fn exchange_failed(cause: impl std::fmt::Display) -> Failure {
    Failure::AuthRefused { says: EXCHANGE_FAILED, cause: format!("{EXCHANGE_FAILED}: {cause}") }
}

/// The identity of somebody whom the provider vouched for.
fn identity(
    provider: Provider,
    oauth2: &OAuth2,
    id: String,
    email: Option<&str>,
    find: impl Fn(&str) -> Option<Value>,
) -> Result<VerifiedIdentity, Failure> {
    judge_domain(oauth2, email)?;
    // Neither Apple nor OpenID Connect log-ins have metadata fields at the hosted service.
    let none = provider == Provider::Apple || (provider == Provider::Google && oauth2.open_id);
    let data = if none { Map::new() } else { metadata::collect(&oauth2.metadata_fields, find)? };
    Ok(VerifiedIdentity::given(provider, id, data))
}

/// Only an email address that the provider has verified says anything about a domain.
fn judge_domain(oauth2: &OAuth2, verified_email: Option<&str>) -> Result<(), Failure> {
    if oauth2.domain_restrictions.is_empty() {
        return Ok(());
    }
    let domain = verified_email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
    let is_allowed = |domain: &str| {
        oauth2
            .domain_restrictions
            .iter()
            .any(|allowed| domain.eq_ignore_ascii_case(allowed.trim_start_matches('@')))
    };
    if domain.is_some_and(is_allowed) { Ok(()) } else { Err(Failure::DomainNotAllowed) }
}

/// `path` below `base`, whether that ends in a slash or not.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url
}

/// The PKCE challenge of a verifier (RFC 7636, section 4.2).
fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Where the provider is: as configured, or at its real address.
fn issuer(config: &AppConfig, provider: Provider, real: &str) -> Result<Url, Failure> {
    match config.settings.issuers.get(&provider) {
        Some(issuer) => Ok(issuer.url.clone()),
        None => Url::parse(real).map_err(Failure::internal),
    }
}

/// A text of a provider's answer.
fn text_of<'a>(answer: &'a Value, key: &str) -> Result<&'a str, Refusal> {
    answer
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::new(format!("the provider's answer has no '{key}'")))
}
