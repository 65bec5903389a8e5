//! Requests to identity providers: the only ones that the local App makes.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, redirect, retry};
use serde_json::Value;
use url::Url;

use crate::loopback::is_loopback;

/// How long a provider may take; a log-in makes at most three requests within the time limit of its own.
const TIME_LIMIT: Duration = Duration::from_secs(8);
/// Longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 256 << 10;
/// Longest part of a provider's error that is passed on, in characters.
const LONGEST_ERROR: usize = 200;

/// Why a provider did not answer as it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("{host} cannot be reached: {cause}")]
    Unreachable { host: String, cause: String },
    #[error("{host} did not answer in time")]
    TimedOut { host: String },
    #[error("{host} answered with more than {} KiB", LONGEST_ANSWER >> 10)]
    TooLong { host: String },
    #[error("{host} answered with something that is not JSON")]
    NotJson { host: String },
    #[error("{host} refused with status {status}{}", says.as_ref().map(|says| format!(": {says}")).unwrap_or_default())]
    Refused { host: String, status: u16, says: Option<String> },
}

/// The HTTP clients. Each is made when it is first needed, so that a machine without certificates serves all that needs
/// none.
#[derive(Default)]
pub struct Outbound {
    near: OnceLock<Result<Client, String>>,
    near_tls: OnceLock<Result<Client, String>>,
    far: OnceLock<Result<Client, String>>,
}

impl Outbound {
    /// The JSON at `url`, with a bearer token or without.
    pub async fn get(&self, url: Url, token: Option<&str>) -> Result<Value, OutboundError> {
        let mut request = self.client(&url)?.get(url.clone());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(host_of(&url), request).await
    }

    /// What `url` answers to a form.
    pub async fn post_form(&self, url: Url, form: &[(&str, &str)]) -> Result<Value, OutboundError> {
        let request = self.client(&url)?.post(url.clone()).form(form);
        answer(host_of(&url), request).await
    }

    fn client(&self, url: &Url) -> Result<&Client, OutboundError> {
        let made = match (is_loopback(url), url.scheme()) {
            // Secrets for this machine stay on it: no proxy sees them.
            (true, "http") => self.near.get_or_init(|| made(builder().no_proxy().tls_certs_only([]))),
            (true, _) => self.near_tls.get_or_init(|| made(builder().no_proxy())),
            (false, _) => self.far.get_or_init(|| made(builder())),
        };
        made.as_ref().map_err(|cause| OutboundError::Unreachable { host: host_of(url), cause: cause.clone() })
    }
}

fn made(builder: reqwest::ClientBuilder) -> Result<Client, String> {
    builder.build().map_err(|error| format!("the HTTP client does not start: {}", innermost(&error)))
}

/// Redirects are not followed: a code or a secret goes to the configured address or nowhere.
fn builder() -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("idmux/", env!("CARGO_PKG_VERSION")))
        .timeout(TIME_LIMIT)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
}

async fn answer(host: String, request: RequestBuilder) -> Result<Value, OutboundError> {
    let failed = |error: reqwest::Error| {
        let error = error.without_url();
        if error.is_timeout() {
            OutboundError::TimedOut { host: host.clone() }
        } else {
            OutboundError::Unreachable { host: host.clone(), cause: innermost(&error) }
        }
    };
    let mut response = request.header("accept", "application/json").send().await.map_err(failed)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > LONGEST_ANSWER {
            return Err(OutboundError::TooLong { host });
        }
        bytes.extend_from_slice(&chunk);
    }
    // The content type is not looked at: the Graph API says text/javascript.
    let body = serde_json::from_slice::<Value>(&bytes);
    if !response.status().is_success() {
        let says = body.ok().as_ref().and_then(error_text);
        return Err(OutboundError::Refused { host, status: response.status().as_u16(), says });
    }
    body.map_err(|_| OutboundError::NotJson { host })
}

/// `error` and `error_description` of OAuth 2.0 (RFC 6749, section 5.2), or the Graph API's `error.message`.
fn error_text(body: &Value) -> Option<String> {
    let error = body.get("error")?;
    let text = match error.as_str() {
        Some(code) => match body.get("error_description").and_then(Value::as_str) {
            Some(description) => format!("{code} ({description})"),
            None => code.to_owned(),
        },
        None => error.get("message")?.as_str()?.to_owned(),
    };
    Some(text.chars().filter(|c| !c.is_control()).take(LONGEST_ERROR).collect())
}

/// The address without path and query, which may hold secrets.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("an address without a host");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The outer errors only say that sending failed; the innermost says why.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_of_providers_are_found_and_cut() {
        for (body, expected) in [
            (json!({"error": "invalid_grant"}), Some("invalid_grant")),
            (json!({"error": "a", "error_description": "b\u{1b}c"}), Some("a (bc)")),
            (json!({"error": {"message": "expired", "code": 190}}), Some("expired")),
            (json!({"error": 5}), None),
            (json!([]), None),
        ] {
            assert_eq!(error_text(&body).as_deref(), expected, "{body}");
        }
        let long = error_text(&json!({ "error": "x".repeat(5000) })).unwrap();
        assert_eq!(long.len(), LONGEST_ERROR);
    }
}
