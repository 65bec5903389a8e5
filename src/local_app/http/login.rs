//! `POST /app/{app}/auth/providers/{provider}/login`, with `?link=true` as well (sections 3.1 and 4).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;

use super::authorization::AccessGrant;
use super::body::JsonObject;
use super::path::Path;
use super::public_url::AskedUrl;
use super::{Context, browser_login};
use crate::local_app::failure::Failure;
use crate::local_app::providers::{Payload, Provider};
use crate::local_app::request::RequestFacts;
use crate::local_app::sessions::Device;

/// `GET …/login`: begins a log-in in a browser, or is one. Older clients log in anonymously so, with the device in the
/// query (section 17.1).
pub async fn begin(
    State(context): State<Context>,
    Path((app, provider)): Path<(String, String)>,
    uri: Uri,
    url: AskedUrl,
    headers: HeaderMap,
    request: RequestFacts,
) -> Result<Response, Failure> {
    let is_of_a_browser = has_parameter(&uri, |key, _| key == "redirect");
    if provider != Provider::AnonUser.name() || is_of_a_browser {
        return browser_login::begin(State(context), Path((app, provider)), uri, url, headers).await;
    }
    let device =
        browser_login::device(&uri).map(|device| ("options".to_owned(), json!({ "device": device })));
    let body = JsonObject(device.into_iter().collect());
    let answer = log_in(State(context), Path((app, provider)), uri, headers, request, body).await?;
    Ok(answer.into_response())
}

#[derive(Serialize)]
pub struct Answer {
    access_token: String,
    /// Absent after linking: the client keeps the one that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    user_id: String,
    device_id: String,
}

pub async fn log_in(
    State(context): State<Context>,
    Path((_, provider)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    request: RequestFacts,
    JsonObject(payload): JsonObject,
) -> Result<Json<Answer>, Failure> {
    let answer = answer(&context, &provider, &uri, &headers, &request, &payload).await;
    answer.inspect_err(|failure| context.app.tell_refusal(&provider, failure))
}

async fn answer(
    context: &Context,
    provider: &str,
    uri: &Uri,
    headers: &HeaderMap,
    request: &RequestFacts,
    payload: &Payload,
) -> Result<Json<Answer>, Failure> {
    let provider = context.app.enabled_provider(provider)?;
    if is_link(uri) {
        return link(context, provider, headers, request, payload).await;
    }
    let identity = context.app.verify_identity(provider, payload, request).await?;
    let login = context.app.log_in(identity, Device::of_login(payload), request).await?;
    Ok(Json(Answer {
        access_token: login.access_token,
        refresh_token: Some(login.refresh_token),
        user_id: login.user_id,
        device_id: login.device_id,
    }))
}

async fn link(
    context: &Context,
    provider: Provider,
    headers: &HeaderMap,
    request: &RequestFacts,
    payload: &Payload,
) -> Result<Json<Answer>, Failure> {
    let AccessGrant(grant) = AccessGrant::of(context, headers).await?;
    if provider == Provider::AnonUser {
        return Err(Failure::LinkingNotSupported);
    }
    if provider == Provider::ApiKey {
        // A key is its owner's from the start.
        return Err(Failure::InvalidParameter("invalid user link request".to_owned()));
    }
    let identity =
        context.app.verify_identity(provider, payload, request).await.map_err(Failure::of_a_link)?;
    let link = context.app.link(grant, identity).await?;
    Ok(Json(Answer {
        access_token: link.access_token,
        refresh_token: None,
        user_id: link.user_id,
        device_id: link.device_id,
    }))
}

fn is_link(uri: &Uri) -> bool {
    has_parameter(uri, |key, value| key == "link" && value == "true")
}

fn has_parameter(uri: &Uri, is_it: impl Fn(&str, &str) -> bool) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(key, value)| is_it(&key, &value))
}
