//! The two ends of a log-in in the browser (section 3.8): `GET /app/{app}/auth/providers/oauth2-x/login`, from which it
//! goes to the identity provider, and `/auth/callback`, to which it comes back.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use url::form_urlencoded;

use super::authorization::AccessGrant;
use super::body::whole;
use super::path::Path;
use super::public_url::AskedUrl;
use super::{BODY_LIMIT, Context};
use crate::local_app::browser_login::{Begun, NotBegun, Return, Start, TIME_LIMIT};
use crate::local_app::failure::Failure;
use crate::local_app::request::RequestFacts;

/// Where providers send browsers; each has to have it listed.
const CALLBACK: &str = "/api/client/v2.0/auth/callback";
/// Where a browser that began a link has to go.
const PROVIDER_LOCATION: HeaderName = HeaderName::from_static("x-baas-location");
/// Names the link that this browser began. It comes along to the callback only.
const LINK_COOKIE: &str = "baas_link";

/// Sends a browser to the provider; with `providerRedirectHeader`, tells a page where to send one.
pub async fn begin(
    State(context): State<Context>,
    Path((_, provider)): Path<(String, String)>,
    uri: Uri,
    AskedUrl(server): AskedUrl,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let enabled = context.app.enabled_provider(&provider);
    let provider = enabled.inspect_err(|failure| context.app.tell_refusal(&provider, failure))?;
    let query = |key: &str| query(&uri, key);
    let is_true = |key| query(key).as_deref() == Some("true");
    // Without a redirect, back to the page that this one was opened from.
    let referrer = headers.get(header::REFERER).and_then(|page| page.to_str().ok()).map(str::to_owned);
    let link = match is_true("link") {
        true => Some(AccessGrant::of(&context, &headers).await?.0),
        false => None,
    };
    let is_link = link.is_some();
    let start = Start {
        provider,
        client_state: query("state").ok_or(Failure::MissingParameter("state"))?,
        redirect: query("redirect").or(referrer).ok_or(Failure::MissingParameter("redirect"))?,
        callback: format!("{}{CALLBACK}", server.as_str().trim_end_matches('/')),
        device: device(&uri),
        link,
    };
    let by_header = is_true("providerRedirectHeader");
    let Begun { consent_page, state } = match context.app.begin_browser_login(start).await {
        Ok(begun) => begun,
        Err(NotBegun { back: Some(back), .. }) if !by_header => return sent_back(&back),
        Err(NotBegun { failure, .. }) => return Err(failure),
    };
    let page = HeaderValue::from_str(consent_page.as_str()).map_err(Failure::internal)?;
    let mut response = if by_header { [(PROVIDER_LOCATION, page)].into_response() } else { found(page) };
    if is_link {
        let cookie = format!(
            "{LINK_COOKIE}={state}; Path={CALLBACK}; Max-Age={}; HttpOnly; SameSite=Lax",
            TIME_LIMIT.as_secs()
        );
        let cookie = HeaderValue::from_str(&cookie).map_err(Failure::internal)?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    keep_secret(&mut response);
    Ok(response)
}

/// The description of a device in a query.
pub fn device(uri: &Uri) -> Option<Value> {
    query(uri, "device").and_then(|text| decode(&text))
}

fn query(uri: &Uri, key: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.into_owned())
}

/// Takes a browser back, and sends it to where the log-in is to end.
pub async fn came_back(
    State(context): State<Context>,
    uri: Uri,
    request: RequestFacts,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    finish(&context, returned(uri.query().unwrap_or_default().as_bytes(), request), &headers).await
}

/// The same from Apple, which has the browser send a form.
pub async fn came_back_by_form(
    State(context): State<Context>,
    request: RequestFacts,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let form = whole(body, BODY_LIMIT)?;
    finish(&context, returned(&form, request), &headers).await
}

/// What the provider says, in a query or a form.
fn returned(pairs: &[u8], request: RequestFacts) -> Return {
    let find = |key: &str| {
        form_urlencoded::parse(pairs).find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
    };
    Return {
        state: find("state"),
        code: find("code"),
        error: find("error"),
        error_description: find("error_description"),
        // The query has the code, which is nobody else's business.
        request: RequestFacts { raw_query: String::new(), ..request },
    }
}

async fn finish(context: &Context, came_back: Return, headers: &HeaderMap) -> Result<Response, Failure> {
    let redirect = context.app.finish_browser_login(came_back, own_link(headers)).await?;
    let mut response = sent_back(&redirect)?;
    let gone = format!("{LINK_COOKIE}=; Path={CALLBACK}; Max-Age=0; HttpOnly; SameSite=Lax");
    let gone = HeaderValue::from_str(&gone).map_err(Failure::internal)?;
    response.headers_mut().insert(header::SET_COOKIE, gone);
    Ok(response)
}

/// To the page that a log-in ends on.
fn sent_back(redirect: &str) -> Result<Response, Failure> {
    let mut response = found(HeaderValue::from_str(redirect).map_err(Failure::internal)?);
    keep_secret(&mut response);
    Ok(response)
}

fn found(location: HeaderValue) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

/// What the address says is nobody else's business.
fn keep_secret(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// The link that the browser's cookie speaks of.
fn own_link(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == LINK_COOKIE).map(|(_, state)| state.to_owned())
}

/// The device, as base64 of plain JSON. One that cannot be read is none: it is no reason to send somebody away.
fn decode(text: &str) -> Option<Value> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    // A plus sign that was not percent-encoded arrives as a space.
    let bytes = GeneralPurpose::new(alphabet, lenient).decode(text.replace(' ', "+")).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_device_is_read_in_every_kind_of_base64_and_garbage_is_none() {
        let device = json!({"platform": "node", "deviceId": "610d81f929164593aa50e663", "appId": "ÿ~?>"});
        let text = device.to_string();
        for encoded in [
            base64::prelude::BASE64_STANDARD.encode(&text),
            base64::prelude::BASE64_STANDARD.encode(&text).replace('+', " "),
            base64::prelude::BASE64_STANDARD_NO_PAD.encode(&text),
            base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(&text),
        ] {
            assert_eq!(decode(&encoded), Some(device.clone()), "{encoded}");
        }
        for garbage in ["%%", "e30=x", "bm8="] {
            assert_eq!(decode(garbage), None, "{garbage}");
        }
    }
}
