//! What every request passes first, and every answer last: who may call from a browser, and the headers of an answer.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

use super::public_url::{asked_url, forwarded_url};
use super::{Context, clock, error};
use crate::local_app::app::App;
use crate::local_app::failure::Failure;

/// Where identity providers send browsers to. Some do so by a form, with an `Origin` of their own.
const CALLBACK: &str = "/api/client/v2.0/auth/callback";

/// Refuses what other origins than the App's send, and finishes the answer. What was changed by another process counts
/// from here on.
pub async fn guard(State(context): State<Context>, request: Request, next: Next) -> Response {
    context.app.keep_up().await;
    // For the links of errors. Only a proxy changes them, so that there is nothing to work out for most.
    let forwarded_url = forwarded_url(&context, request.headers(), request.extensions());
    let response = match refused_origin(&context, &request) {
        Some(origin) => Failure::OriginNotAllowed(origin).into_response(),
        None => next.run(request).await,
    };
    let base_url = forwarded_url.as_ref().unwrap_or(&context.base_url);
    let mut response = error::write_envelope(&context, base_url, response);
    let headers = response.headers_mut();
    clock::date(&context, headers);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Tokens and what belongs to somebody, almost all of it.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Headers for browsers (section 2.4). Without a list of origins any page may call: what it can do depends on the token
/// that it has to know. The origin is repeated, not `*`, since linking in a browser is a call with credentials
/// (section 3.8), for which `*` does not count.
pub fn cors(app: Arc<App>) -> CorsLayer {
    let allowed = move |origin: &HeaderValue, _: &_| is_listed(&app, origin);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT])
        .expose_headers([HeaderName::from_static("x-baas-location"), header::RETRY_AFTER])
}

fn is_listed(app: &App, origin: &HeaderValue) -> bool {
    let config = app.config();
    let listed = &config.allowed_request_origins;
    listed.is_empty() || listed.iter().any(|one| one.trim_end_matches('/').as_bytes() == origin.as_bytes())
}

/// The origin of a request that the App's configuration does not let in. 403, preflights included: the hosted service's
/// status is unknown (section 2.4).
fn refused_origin(context: &Context, request: &Request) -> Option<String> {
    let origin = request.headers().get(header::ORIGIN)?;
    let is_own = || is_own_page(context, origin, request.headers(), request.uri(), request);
    let passes = is_listed(&context.app, origin) || request.uri().path() == CALLBACK || is_own();
    (!passes).then(|| String::from_utf8_lossy(origin.as_bytes()).into_owned())
}

/// Whether a page that this server served itself asks.
fn is_own_page(
    context: &Context,
    origin: &HeaderValue,
    headers: &HeaderMap,
    uri: &Uri,
    request: &Request,
) -> bool {
    let page = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
    page.is_some_and(|page| page == asked_url(context, headers, uri, request.extensions()))
}
