//! The `Authorization` header: who asks. A handler that needs to know has one of these among its arguments.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::Context;
use crate::local_app::failure::Failure;
use crate::local_app::sessions::Grant;

/// The bearer of a valid access token.
pub struct AccessGrant(pub Grant);

/// The bearer of a valid refresh token.
pub struct RefreshGrant(pub Grant);

impl AccessGrant {
    pub async fn of(context: &Context, headers: &HeaderMap) -> Result<Self, Failure> {
        let token = bearer(headers)?.ok_or(Failure::NoAccessToken)?;
        context.app.access_grant(token).await.map(Self)
    }
}

impl FromRequestParts<Context> for AccessGrant {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Failure> {
        Self::of(context, &parts.headers).await
    }
}

impl FromRequestParts<Context> for RefreshGrant {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Failure> {
        let token = bearer(&parts.headers)?.ok_or(Failure::NoRefreshToken)?;
        context.app.refresh_grant(token).await.map(Self)
    }
}

/// The bearer token, `None` if there is no header or the token is empty (RFC 6750, section 2.1; the scheme's case does
/// not matter).
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let value = value.to_str().map_err(|_| Failure::NotBearer)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Failure::NotBearer);
    }
    Ok(Some(token.trim()).filter(|token| !token.is_empty()))
}
