//! OpenID Connect, as Google and Apple speak it: discovery, the consent page, codes and ID tokens.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::super::jwt::{self, Claims, Refusal};
use super::super::outbound::OutboundError;
use super::super::{Provider, VerifiedIdentity, key_set};
use super::{Code, Consent, below, exchange_failed, issuer};
use crate::local_app::app::App;
use crate::local_app::config::OAuth2;
use crate::local_app::failure::Failure;
use crate::loopback::is_loopback;

const GOOGLE: &str = "https://accounts.google.com";
const APPLE: &str = "https://appleid.apple.com";
/// What Google also calls itself in ID tokens.
const GOOGLE_WITHOUT_SCHEME: &str = "accounts.google.com";

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    userinfo_endpoint: Option<Url>,
}

/// Checks an ID token that a client got for itself, with whatever nonce it chose.
pub async fn verify(
    app: &App,
    provider: Provider,
    oauth2: &OAuth2,
    token: &str,
) -> Result<VerifiedIdentity, Failure> {
    let discovery = discover(app, provider).await?;
    let claims = id_claims(app, provider, &discovery, oauth2, token, None).await?;
    identity(provider, oauth2, &claims)
}

/// The consent page, which comes back with a code.
pub async fn consent_page(
    app: &App,
    provider: Provider,
    oauth2: &OAuth2,
    consent: &Consent<'_>,
) -> Result<Url, Failure> {
    let mut page = discover(app, provider).await?.authorization_endpoint;
    let scope = if provider == Provider::Apple { "openid name email" } else { "openid profile email" };
    page.query_pairs_mut()
        .append_pair("client_id", &oauth2.client_id)
        .append_pair("redirect_uri", consent.callback)
        .append_pair("response_type", "code")
        .append_pair("scope", scope)
        .append_pair("state", consent.state)
        .append_pair("nonce", consent.nonce)
        .append_pair("code_challenge", &super::challenge(consent.verifier))
        .append_pair("code_challenge_method", "S256");
    if provider == Provider::Apple {
        // Apple insists on it as soon as a name or an email is asked for.
        page.query_pairs_mut().append_pair("response_mode", "form_post");
    }
    Ok(page)
}

/// Exchanges a code for an ID token, which is checked as any other.
pub async fn redeem(
    app: &App,
    provider: Provider,
    oauth2: &OAuth2,
    code: &Code<'_>,
) -> Result<VerifiedIdentity, Failure> {
    use secrecy::ExposeSecret;
    let discovery = discover(app, provider).await?;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code.code),
        ("redirect_uri", code.redirect_uri),
        ("client_id", oauth2.client_id.as_str()),
        ("client_secret", oauth2.client_secret.expose_secret()),
    ];
    form.extend(code.verifier.map(|verifier| ("code_verifier", verifier)));
    let outbound = app.remote().outbound();
    let answer =
        outbound.post_form(discovery.token_endpoint.clone(), &form).await.map_err(|error| match error {
            OutboundError::Refused { .. } => exchange_failed(error),
            other => unreachable(&other),
        })?;
    let token = super::text_of(&answer, "id_token").map_err(|_| exchange_failed("no id_token came back"))?;
    let mut claims = id_claims(app, provider, &discovery, oauth2, token, code.nonce).await?;
    complete(app, &discovery, oauth2, &answer, &mut claims).await?;
    identity(provider, oauth2, &claims)
}

/// Google has names and pictures in its ID tokens; others keep them at the userinfo endpoint.
async fn complete(
    app: &App,
    discovery: &Discovery,
    oauth2: &OAuth2,
    answer: &Value,
    claims: &mut Claims,
) -> Result<(), Failure> {
    let has_all = oauth2.metadata_fields.iter().all(|field| claims.contains_key(claim_name(&field.name)));
    let restricted = !oauth2.domain_restrictions.is_empty() && !claims.contains_key("email");
    let token = answer.get("access_token").and_then(Value::as_str);
    let (Some(endpoint), Some(token), true) = (&discovery.userinfo_endpoint, token, !has_all || restricted)
    else {
        return Ok(());
    };
    let more = app
        .remote()
        .outbound()
        .get(endpoint.clone(), Some(token))
        .await
        .map_err(|error| unreachable(&error))?;
    // OpenID Connect Core 1.0, section 5.3.2: it must be about the same person.
    match more {
        Value::Object(more) if more.get("sub") == claims.get("sub") => {
            for (claim, value) in more {
                claims.entry(claim).or_insert(value);
            }
            Ok(())
        }
        _ => Err(Refusal::new("the userinfo endpoint speaks of somebody else").into()),
    }
}

async fn discover(app: &App, provider: Provider) -> Result<Discovery, Failure> {
    let config = app.config();
    let real = if provider == Provider::Google { GOOGLE } else { APPLE };
    let issuer = issuer(&config, provider, real)?;
    let address = below(&issuer, ".well-known/openid-configuration");
    let document = app.remote().get(&address).await.map_err(|error| unreachable(&error))?;
    let discovery = Discovery::deserialize(&*document).map_err(|error| {
        Failure::AuthError(format!("the identity provider's discovery document: {error}"))
    })?;
    let same_issuer = discovery.issuer.trim_end_matches('/') == issuer.as_str().trim_end_matches('/');
    let endpoints = [&discovery.authorization_endpoint, &discovery.token_endpoint, &discovery.jwks_uri];
    let endpoints = endpoints.into_iter().chain(&discovery.userinfo_endpoint);
    // Codes and secrets travel encrypted, or not at all.
    let protected = endpoints
        .into_iter()
        .all(|url| url.scheme() == "https" || is_loopback(url) || issuer.scheme() == "http");
    if same_issuer && protected {
        Ok(discovery)
    } else {
        Err(Failure::AuthError("the identity provider's discovery document is of another issuer, or names endpoints without https".to_owned()))
    }
}

/// The claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7).
async fn id_claims(
    app: &App,
    provider: Provider,
    discovery: &Discovery,
    oauth2: &OAuth2,
    token: &str,
    nonce: Option<&str>,
) -> Result<Claims, Failure> {
    let claims = key_set::verified_claims(app.remote(), &discovery.jwks_uri, token, |_, _| true).await?;
    jwt::judge_times(&claims, app.now())?;
    let issuer = jwt::required_claim(&claims, "iss")?;
    let short_name =
        provider == Provider::Google && discovery.issuer == GOOGLE && issuer == GOOGLE_WITHOUT_SCHEME;
    if issuer != discovery.issuer && !short_name {
        return Err(Refusal::new("the ID token is of another issuer").into());
    }
    let audiences = jwt::audiences(&claims)?;
    let authorized =
        audiences.len() == 1 || claims.get("azp").and_then(Value::as_str) == Some(oauth2.client_id.as_str());
    if !audiences.contains(&oauth2.client_id.as_str()) || !authorized {
        return Err(Refusal::new("the ID token is for another client").into());
    }
    if nonce.is_some() && claims.get("nonce").and_then(Value::as_str) != nonce {
        return Err(Refusal::new("the ID token was made for another log-in").into());
    }
    jwt::required_claim(&claims, "sub")?;
    Ok(claims)
}

fn identity(provider: Provider, oauth2: &OAuth2, claims: &Claims) -> Result<VerifiedIdentity, Failure> {
    let id = jwt::required_claim(claims, "sub")?.to_owned();
    let email = claims.get("email").and_then(Value::as_str);
    // Apple sends the flag as a text at times.
    let is_verified = matches!(claims.get("email_verified"), Some(Value::Bool(true)))
        || claims.get("email_verified").and_then(Value::as_str) == Some("true");
    super::identity(provider, oauth2, id, email.filter(|_| is_verified), |name| {
        claims.get(claim_name(name)).cloned()
    })
}

/// The standard claim (OpenID Connect Core 1.0, section 5.1) behind a metadata field.
fn claim_name(field: &str) -> &str {
    match field {
        "first_name" => "given_name",
        "last_name" => "family_name",
        other => other,
    }
}

fn unreachable(error: &OutboundError) -> Failure {
    Failure::AuthError(format!("the identity provider does not help: {error}"))
}
