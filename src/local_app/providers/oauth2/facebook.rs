//! Facebook: access tokens, which the Graph API is asked about.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

use super::super::jwt::Refusal;
use super::super::outbound::OutboundError;
use super::super::{Provider, VerifiedIdentity};
use super::{Code, Consent, below, exchange_failed, issuer, text_of};
use crate::local_app::app::App;
use crate::local_app::config::OAuth2;
use crate::local_app::failure::Failure;
use crate::numeric_date;

/// Base of the Graph API. Without a version, calls go to the oldest that the Facebook app may use.
const GRAPH: &str = "https://graph.facebook.com";
/// The consent page, which is elsewhere; a configured provider has it below its base.
const DIALOG: &str = "https://www.facebook.com/dialog/oauth";

/// Checks an access token: that Facebook issued it, to this App, and whom it is about.
pub async fn verify(app: &App, oauth2: &OAuth2, token: &str) -> Result<VerifiedIdentity, Failure> {
    let graph = graph(app)?;
    let user_id = inspect(app, &graph, oauth2, token).await?;

    let mut address = below(&graph, "me");
    address
        .query_pairs_mut()
        .append_pair("fields", &fields(oauth2))
        .append_pair("access_token", token)
        .append_pair("appsecret_proof", &proof(oauth2, token)?);
    let me = app.remote().outbound().get(address, None).await.map_err(refused)?;
    if text_of(&me, "id")? != user_id {
        return Err(Refusal::new("the Graph API speaks of somebody else").into());
    }
    // Facebook shows confirmed addresses only.
    let email = me.get("email").and_then(Value::as_str);
    super::identity(Provider::Facebook, oauth2, user_id, email, |name| field(&me, name))
}

pub fn consent_page(app: &App, oauth2: &OAuth2, consent: &Consent<'_>) -> Result<Url, Failure> {
    let mut page = match app.config().settings.issuers.get(&Provider::Facebook) {
        Some(issuer) => below(&issuer.url, "dialog/oauth"),
        None => Url::parse(DIALOG).map_err(Failure::internal)?,
    };
    page.query_pairs_mut()
        .append_pair("client_id", &oauth2.client_id)
        .append_pair("redirect_uri", consent.callback)
        .append_pair("response_type", "code")
        .append_pair("scope", "public_profile,email")
        .append_pair("state", consent.state)
        .append_pair("code_challenge", &super::challenge(consent.verifier))
        .append_pair("code_challenge_method", "S256");
    Ok(page)
}

/// Exchanges a code for an access token, which is checked as any other.
pub async fn redeem(app: &App, oauth2: &OAuth2, code: &Code<'_>) -> Result<VerifiedIdentity, Failure> {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code.code),
        ("redirect_uri", code.redirect_uri),
        ("client_id", oauth2.client_id.as_str()),
        ("client_secret", oauth2.client_secret.expose_secret()),
    ];
    form.extend(code.verifier.map(|verifier| ("code_verifier", verifier)));
    let address = below(&graph(app)?, "oauth/access_token");
    let answer = app.remote().outbound().post_form(address, &form).await.map_err(|error| match error {
        OutboundError::Refused { .. } => exchange_failed(error),
        other => refused(other),
    })?;
    let token = text_of(&answer, "access_token").map_err(|_| exchange_failed("no access_token came back"))?;
    verify(app, oauth2, token).await
}

fn graph(app: &App) -> Result<Url, Failure> {
    issuer(&app.config(), Provider::Facebook, GRAPH)
}

/// Whose the token is. One that was issued to another App proves nothing here: whoever runs that App has it too.
async fn inspect(app: &App, graph: &Url, oauth2: &OAuth2, token: &str) -> Result<String, Failure> {
    let mut address = below(graph, "debug_token");
    let of_app = format!("{}|{}", oauth2.client_id, oauth2.client_secret.expose_secret());
    address.query_pairs_mut().append_pair("input_token", token).append_pair("access_token", &of_app);
    let answer = app.remote().outbound().get(address, None).await.map_err(refused)?;
    let facts = answer.get("data").unwrap_or(&Value::Null);
    if facts.get("is_valid") != Some(&Value::Bool(true)) {
        return Err(Refusal::new("Facebook says that the token is not valid").into());
    }
    if text_of(facts, "app_id")? != oauth2.client_id {
        return Err(Refusal::new("the token is for another Facebook app").into());
    }
    // 0, or nothing: never.
    let expires = match facts.get("expires_at") {
        None | Some(Value::Null) => None,
        Some(value) => {
            Some(numeric_date::read(value).ok_or_else(|| Refusal::new("`expires_at` is not a time"))?)
        }
    };
    if expires.is_some_and(|expires| expires != Timestamp::UNIX_EPOCH && app.now() >= expires) {
        return Err(Refusal::new("the token has expired").into());
    }
    Ok(text_of(facts, "user_id")?.to_owned())
}

/// HMAC-SHA256 of the token with the App's secret, which shows that the App itself asks.
fn proof(oauth2: &OAuth2, token: &str) -> Result<String, Failure> {
    let key = EncodingKey::from_secret(oauth2.client_secret.expose_secret().as_bytes());
    let signed =
        jsonwebtoken::crypto::sign(token.as_bytes(), &key, Algorithm::HS256).map_err(Failure::internal)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(signed).map_err(Failure::internal)?;
    Ok(bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

/// The fields to ask for; ages come as a range.
fn fields(oauth2: &OAuth2) -> String {
    let mut fields = vec!["id"];
    let configured = oauth2.metadata_fields.iter().map(|field| match field.name.as_str() {
        "min_age" | "max_age" => "age_range",
        other => other,
    });
    let restricted = (!oauth2.domain_restrictions.is_empty()).then_some("email");
    for field in configured.chain(restricted) {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields.join(",")
}

/// A metadata field as the Graph API has it.
fn field(me: &Value, name: &str) -> Option<Value> {
    match name {
        "picture" => me
            .pointer("/picture/data/url")
            .or_else(|| me.get("picture").filter(|url| url.is_string()))
            .cloned(),
        "min_age" => me.pointer("/age_range/min").map(text),
        "max_age" => me.pointer("/age_range/max").map(text),
        other => me.get(other).cloned(),
    }
}

/// Ages are texts in a profile.
fn text(value: &Value) -> Value {
    value.as_str().map_or_else(|| json!(value.to_string()), |text| json!(text))
}

fn refused(error: OutboundError) -> Failure {
    match error {
        OutboundError::Refused { .. } => Refusal::new(error).into(),
        other => Failure::AuthError(format!("the identity provider does not help: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(fields: &[&str]) -> OAuth2 {
        let field = |name: &&str| crate::local_app::config::MetadataField {
            required: false,
            name: (*name).to_owned(),
            field_name: None,
        };
        OAuth2 {
            client_id: "1".into(),
            client_secret: "key".into(),
            open_id: false,
            metadata_fields: fields.iter().map(field).collect(),
            redirect_uris: Vec::new(),
            domain_restrictions: Vec::new(),
        }
    }

    #[test]
    fn each_field_is_asked_for_once() {
        assert_eq!(fields(&config(&["name", "min_age", "max_age", "id"])), "id,name,age_range");
    }

    #[test]
    fn pictures_and_ages_are_where_the_graph_api_has_them() {
        let me = json!({"picture": {"data": {"url": "http://x/"}}, "age_range": {"min": 21}, "name": "A"});
        assert_eq!(field(&me, "picture"), Some(json!("http://x/")));
        assert_eq!(field(&me, "min_age"), Some(json!("21")));
        assert_eq!(field(&me, "max_age"), None);
        assert_eq!(field(&me, "name"), Some(json!("A")));
    }

    /// A well-known example: the key is `key`.
    #[test]
    fn the_proof_is_an_hmac_in_hex() {
        let text = "The quick brown fox jumps over the lazy dog";
        let expected = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
        assert_eq!(proof(&config(&[]), text).unwrap(), expected);
    }
}
