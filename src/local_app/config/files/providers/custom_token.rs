//! Custom JWT (section 3.5).

use jsonwebtoken::DecodingKey;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::local_app::config::files::error::ConfigError;
use crate::local_app::config::files::fields::Fields;
use crate::local_app::config::files::secrets::Secrets;
use crate::local_app::config::{CustomToken, TokenAlgorithm, TokenKeys};
use crate::local_app::providers::Provider;

/// The most keys that tokens may be signed with.
const MOST_KEYS: usize = 3;

/// Reads which tokens count, and what they are checked with.
pub fn read(entry: &mut Fields, secrets: &mut Secrets, on: bool) -> Result<CustomToken, ConfigError> {
    let mut config = entry.object_or_empty("config")?;
    let audience = audience(&mut config)?;
    let require_any_audience = config.flag("requireAnyAudience")?;
    let by_address = config.flag("useJWKURI")?;
    let algorithm = match (config.filled("signingAlgorithm")?.as_deref(), by_address) {
        (Some("RS256"), _) => TokenAlgorithm::Rs256,
        // Beyond the hosted service, which knew the other two.
        (Some("ES256"), _) => TokenAlgorithm::Es256,
        (None, true) => TokenAlgorithm::OfKey,
        // Left over from a time without a key set, whose keys decide (section 17.1).
        (Some(_), true) => {
            config.without_effect("signingAlgorithm");
            TokenAlgorithm::OfKey
        }
        (None | Some("HS256"), false) => TokenAlgorithm::Hs256,
        (Some(_), false) => {
            return Err(config.error("signingAlgorithm", "expected HS256, RS256 or ES256"));
        }
    };
    let address = config.filled("jwkURI")?;
    let mut secret_config = entry.object_or_empty("secret_config")?;
    let keys = if by_address {
        let url = address.and_then(|text| Url::parse(&text).ok());
        let web = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        // The names of keys that would be used without it say nothing now.
        secret_config.pass_over(&["signingKeys"]);
        TokenKeys::Jwks(web.ok_or_else(|| config.error("jwkURI", "expected an http or https address"))?)
    } else {
        TokenKeys::Given(given(&mut config, &mut secret_config, secrets, algorithm, on)?)
    };
    entry.absorb(config);
    entry.absorb(secret_config);
    let metadata_fields = super::metadata_fields(entry)?;
    Ok(CustomToken { audience, require_any_audience, algorithm, keys, metadata_fields })
}

/// A text, several in one with commas, or a list.
fn audience(config: &mut Fields) -> Result<Vec<String>, ConfigError> {
    match config.value("audience") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Ok(parts.map(str::to_owned).collect())
        }
        Some(list @ Value::Array(_)) => {
            config.restore("audience", list);
            config.texts("audience")
        }
        Some(_) => Err(config.error("audience", "expected a text or a list of texts")),
    }
}

fn given(
    config: &mut Fields,
    secret_config: &mut Fields,
    secrets: &mut Secrets,
    algorithm: TokenAlgorithm,
    on: bool,
) -> Result<Vec<SecretString>, ConfigError> {
    const FIELD: &str = "signingKeys";
    let names = secret_config.texts(FIELD)?;
    let mut keys = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let field = format!("{FIELD}[{index}]");
        let key = super::secret(secret_config, secrets, name, (&field, Provider::CustomToken), on);
        if on && let Some(key) = &key {
            check(key, algorithm).map_err(|expected| secret_config.error(&field, expected))?;
        }
        keys.push(key.unwrap_or_default());
    }
    // Before there were names, the key itself stood here.
    if let Some(key) = config.filled("signingKey")?.map(SecretString::from) {
        check(&key, algorithm).map_err(|expected| config.error("signingKey", expected))?;
        keys.push(key);
    }
    if keys.len() > MOST_KEYS || (on && keys.is_empty()) {
        let expected = format!("expected the names of one to {MOST_KEYS} secrets");
        return Err(secret_config.error(FIELD, expected));
    }
    Ok(keys)
}

/// Whether a key is one for the algorithm; otherwise, what it should be.
fn check(key: &SecretString, algorithm: TokenAlgorithm) -> Result<(), &'static str> {
    let key = key.expose_secret();
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    match algorithm {
        TokenAlgorithm::Hs256 if (32..=512).contains(&key.len()) && key.bytes().all(is_part) => Ok(()),
        TokenAlgorithm::Hs256 => Err("expected a secret of 32 to 512 ASCII letters, digits, '_' and '-'"),
        TokenAlgorithm::Rs256 => DecodingKey::from_rsa_pem(key.as_bytes())
            .map(drop)
            .map_err(|_| "expected an RSA public key in PEM"),
        TokenAlgorithm::Es256 => DecodingKey::from_ec_pem(key.as_bytes())
            .map(drop)
            .map_err(|_| "expected a P-256 public key in PEM"),
        TokenAlgorithm::OfKey => Err("expected no key, since a key set is used"),
    }
}
