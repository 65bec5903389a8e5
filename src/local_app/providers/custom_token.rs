//! `custom-token`: a JWT that another system signed (section 3.5).

use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::{ExposeSecret, SecretString};

use super::jwt::{self, Claims, Refusal};
use super::{Payload, Provider, VerifiedIdentity, key_set, metadata, required_text};
use crate::local_app::app::App;
use crate::local_app::config::{CustomToken, TokenAlgorithm, TokenKeys};
use crate::local_app::failure::Failure;

/// Most keys that may be configured, or published for the configured algorithm.
const MOST_KEYS: usize = 3;
/// Bytes of a shared secret.
const SECRET_LENGTH: std::ops::RangeInclusive<usize> = 32..=512;

/// Checks `token`: signature, times, audience, subject, required fields.
pub async fn verify(app: &App, payload: &Payload) -> Result<VerifiedIdentity, Failure> {
    let token = required_text(payload, "token")?;
    let config = app.config();
    let Some(config) = config.providers.custom_token.enabled() else {
        return Err(Failure::ProviderNotFound(Provider::CustomToken.name().to_owned()));
    };
    let algorithm = algorithm(config.algorithm);
    let claims = match &config.keys {
        TokenKeys::Given(keys) => {
            let algorithm =
                algorithm.ok_or_else(|| Refusal::new("no algorithm is configured for its keys"))?;
            let keys: Vec<_> =
                keys.iter().take(MOST_KEYS).filter_map(|key| given_key(algorithm, key)).collect();
            jwt::verified_claims(token, algorithm, &keys)?
        }
        TokenKeys::Jwks(url) => {
            // A set of more keys than the documented three is refused as a whole, not read up to a point.
            key_set::verified_claims(app.remote(), url, token, |keys, key| {
                let of_algorithm = keys.iter().filter(|other| other.algorithm == key.algorithm).count();
                algorithm.is_none_or(|algorithm| key.algorithm == algorithm) && of_algorithm <= MOST_KEYS
            })
            .await?
        }
    };
    jwt::judge_times(&claims, app.now())?;
    judge_audience(&claims, config, app.facts().app_id.as_str())?;
    let id = jwt::required_claim(&claims, "sub")?.to_owned();
    let data = metadata::collect(&config.metadata_fields, |path| metadata::at_path(&claims, path))?;
    Ok(VerifiedIdentity::given(Provider::CustomToken, id, data))
}

/// `None`: that of the key in the set.
fn algorithm(configured: TokenAlgorithm) -> Option<Algorithm> {
    match configured {
        TokenAlgorithm::Hs256 => Some(Algorithm::HS256),
        TokenAlgorithm::Rs256 => Some(Algorithm::RS256),
        TokenAlgorithm::Es256 => Some(Algorithm::ES256),
        TokenAlgorithm::OfKey => None,
    }
}

/// A key of the configuration; `None`, and nothing is signed with it, if it is not one for the algorithm.
fn given_key(algorithm: Algorithm, text: &SecretString) -> Option<DecodingKey> {
    let text = text.expose_secret();
    let key = match algorithm {
        Algorithm::HS256 if SECRET_LENGTH.contains(&text.len()) => {
            Some(DecodingKey::from_secret(text.as_bytes()))
        }
        Algorithm::RS256 => DecodingKey::from_rsa_pem(text.as_bytes()).ok(),
        Algorithm::ES256 => DecodingKey::from_ec_pem(text.as_bytes()).ok(),
        _ => None,
    };
    if key.is_none() {
        tracing::warn!(
            "local App: a signing key of custom-token is no key for {algorithm:?}, and is passed over"
        );
    }
    key
}

/// Several audiences must all be there, unless any is enough; none configured means the App's own id.
fn judge_audience(claims: &Claims, config: &CustomToken, app_id: &str) -> Result<(), Refusal> {
    let found = jwt::audiences(claims)?;
    let configured = config.audience.iter().map(String::as_str);
    let mut expected: Vec<_> = configured.filter(|audience| !audience.is_empty()).collect();
    if expected.is_empty() {
        expected.push(app_id);
    }
    let is_found = |audience: &&str| found.contains(audience);
    let enough = match config.require_any_audience {
        true => expected.iter().any(is_found),
        false => expected.iter().all(is_found),
    };
    if enough {
        return Ok(());
    }
    let listed = |audiences: &[&str]| audiences.join("\", \"");
    let asks = match expected.as_slice() {
        [one] => format!("\"{one}\""),
        several if config.require_any_audience => format!("one of \"{}\"", listed(several)),
        several => format!("all of \"{}\" (requireAnyAudience would make one enough)", listed(several)),
    };
    Err(Refusal::new(format!("the token is for \"{}\", and the provider asks for {asks}", listed(&found))))
}
