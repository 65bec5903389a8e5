//! What a handler learns of a request besides its body.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, header};

use super::Context;
use super::public_url::origin_of;
use crate::local_app::request::RequestFacts;

/// Headers that prove somebody; functions do not get them.
const SECRET: [HeaderName; 2] = [header::AUTHORIZATION, header::COOKIE];

impl FromRequestParts<Context> for RequestFacts {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Infallible> {
        let origin = origin_of(context, &parts.headers, &parts.extensions);
        let shown = parts.headers.iter().filter(|(name, _)| !SECRET.contains(name));
        Ok(Self {
            remote_address: origin.map(|origin| origin.client),
            method: parts.method.to_string(),
            raw_query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: shown
                .map(|(name, value)| {
                    (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect(),
        })
    }
}
