//! `/faults` of the control API, and the one place where faults strike.

use std::panic::resume_unwind;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::authorization::bearer;
use super::body::JsonObject;
use super::clock::http_date;
use super::control::ControlGrant;
use super::path::Path;
use super::{BODY_LIMIT, Context, error};
use crate::local_app::app_clock::with_skew;
use crate::local_app::failure::Failure;
use crate::local_app::faults::{Effect, Fault, FaultStatus, Matcher, Target};
use crate::local_app::sessions::unproven_user;

/// The control API is never struck: it is the way to be rid of a fault.
const OUT_OF_REACH: &str = "/api/control/";
/// A client that waits longer has a time limit of its own.
const LONGEST_DELAY_MS: u64 = 60_000;
/// A year.
const LARGEST_SKEW_MS: i64 = 366 * 86_400_000;

/// The routes below `/api/control/v1`.
pub fn routes() -> Router<Context> {
    Router::new().route("/faults", get(list).post(add).delete(clear)).route("/faults/{id}", delete(remove))
}

/// A fault as it is sent, and as it is shown.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultBody {
    #[serde(skip_deserializing)]
    id: String,
    #[serde(default)]
    r#match: MatchBody,
    effect: EffectBody,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    #[serde(skip_deserializing)]
    hits: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MatchBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EffectBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    drop_connection: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    skew_ms: Option<i64>,
}

impl From<Fault> for FaultBody {
    fn from(Fault { id, matcher, effect, times, hits }: Fault) -> Self {
        let Matcher { method, path_prefix, user_id } = matcher;
        let mut body = EffectBody {
            delay_ms: effect.delay.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
            drop_connection: effect.drop_connection,
            skew_ms: effect.skew_ms,
            ..EffectBody::default()
        };
        if let Some(FaultStatus { status, error, error_code, retry_after }) = effect.status {
            body = EffectBody { status: Some(status), error, error_code, retry_after, ..body };
        }
        Self { id, r#match: MatchBody { method, path_prefix, user_id }, effect: body, times, hits }
    }
}

impl MatchBody {
    fn read(self) -> Result<Matcher, Failure> {
        let Self { method, path_prefix, user_id } = self;
        if path_prefix.as_deref().is_some_and(|prefix| !prefix.starts_with('/')) {
            return Err(invalid("path_prefix: expected a path, as in /auth/session"));
        }
        let method = method.map(|method| method.to_ascii_uppercase());
        Ok(Matcher { method, path_prefix, user_id })
    }
}

impl EffectBody {
    fn read(self) -> Result<Effect, Failure> {
        let Self { status, error_code, error, retry_after, delay_ms, drop_connection, skew_ms } = self;
        if status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Err(invalid("status: expected one of 400 to 599"));
        }
        if status.is_none() && (error_code.is_some() || error.is_some() || retry_after.is_some()) {
            return Err(invalid("error, error_code and retry_after need a status"));
        }
        if status.is_some() && drop_connection {
            return Err(invalid("a dropped connection has no status"));
        }
        if delay_ms.is_some_and(|delay| delay > LONGEST_DELAY_MS) {
            return Err(invalid(&format!("delay_ms: expected at most {LONGEST_DELAY_MS}")));
        }
        if skew_ms.is_some_and(|skew| skew.unsigned_abs() > LARGEST_SKEW_MS.unsigned_abs()) {
            return Err(invalid(&format!(
                "skew_ms: expected at most {LARGEST_SKEW_MS}, in either direction"
            )));
        }
        let effect = Effect {
            skew_ms,
            delay: delay_ms.map(Duration::from_millis),
            drop_connection,
            status: status.map(|status| FaultStatus { status, error, error_code, retry_after }),
        };
        if effect == Effect::default() {
            return Err(invalid("effect: give status, delay_ms, drop_connection or skew_ms"));
        }
        Ok(effect)
    }
}

fn invalid(message: &str) -> Failure {
    Failure::InvalidParameter(message.to_owned())
}

async fn list(State(context): State<Context>, _: ControlGrant) -> Json<Vec<FaultBody>> {
    Json(context.app.faults().list().into_iter().map(FaultBody::from).collect())
}

async fn add(
    State(context): State<Context>,
    _: ControlGrant,
    JsonObject(body): JsonObject,
) -> Result<(StatusCode, Json<FaultBody>), Failure> {
    let body: FaultBody =
        serde_json::from_value(Value::Object(body)).map_err(|why| invalid(&format!("fault: {why}")))?;
    if body.times == Some(0) {
        return Err(invalid("times: expected at least 1"));
    }
    let (matcher, effect) = (body.r#match.read()?, body.effect.read()?);
    let fault =
        context.app.faults().add(matcher, effect, body.times).map_err(|why| invalid(&why.to_string()))?;
    Ok((StatusCode::CREATED, Json(fault.into())))
}

async fn clear(State(context): State<Context>, _: ControlGrant) -> StatusCode {
    context.app.faults().clear();
    StatusCode::NO_CONTENT
}

async fn remove(
    State(context): State<Context>,
    _: ControlGrant,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    if context.app.faults().remove(&id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Failure::NotFound(format!("there is no fault '{id}'")))
    }
}

/// Lets faults strike. A request whose user is known strikes it before it is handled: nothing has happened then. A log-in's
/// user is known afterwards only, so that a fault of that user takes its answer: the session stands, and nobody knows of it.
pub async fn strike(State(context): State<Context>, request: Request, next: Next) -> Response {
    if context.app.faults().is_empty() || request.uri().path().starts_with(OUT_OF_REACH) {
        return next.run(request).await;
    }
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let user = user_of_token(request.headers());
    let target = Target { method: &method, path: &path, user_id: user.as_deref() };
    match context.app.faults().strike(target) {
        Some(effect) => {
            let skew = effect.skew_ms.unwrap_or_default();
            with_skew(skew, struck(&context, effect, next.run(request))).await
        }
        None if user.is_none() && path.ends_with("/login") && context.app.faults().ask_for_users() => {
            let (response, user) = user_of_login(next.run(request).await).await;
            let target = Target { user_id: user.as_deref(), ..target };
            match user.as_deref().and_then(|_| context.app.faults().strike(target)) {
                Some(effect) => {
                    let skew = effect.skew_ms.unwrap_or_default();
                    with_skew(skew, struck(&context, effect, async { response })).await
                }
                None => response,
            }
        }
        None => next.run(request).await,
    }
}

async fn struck(context: &Context, effect: Effect, answer: impl Future<Output = Response>) -> Response {
    if let Some(delay) = effect.delay {
        tokio::time::sleep(delay).await;
    }
    if effect.drop_connection {
        // Ends the connection's task, and the connection with it. Nobody is told: it is no panic, and no hook runs.
        resume_unwind(Box::new("a fault dropped this connection"));
    }
    let mut response = match effect.status {
        Some(fault) => error_of(fault),
        None => answer.await,
    };
    if effect.skew_ms.is_some()
        && let Some(date) = http_date(context.app.now())
    {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

fn error_of(fault: FaultStatus) -> Response {
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = || status.canonical_reason().unwrap_or("error").to_lowercase();
    let mut response =
        error::refusal(status, fault.error.unwrap_or_else(text), fault.error_code.map(Into::into));
    if let Some(seconds) = fault.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Whom the request's token names. It is not judged: a fault does not depend on its being valid.
fn user_of_token(headers: &HeaderMap) -> Option<String> {
    unproven_user(bearer(headers).ok()??)
}

/// The answer of a log-in, and whom it led to.
async fn user_of_login(response: Response) -> (Response, Option<String>) {
    if response.status() != StatusCode::OK {
        return (response, None);
    }
    let (head, body) = response.into_parts();
    // It is ours, and small.
    let Ok(bytes) = to_bytes(body, BODY_LIMIT).await else {
        return (Failure::internal("the answer of a log-in broke off").into_response(), None);
    };
    let answer: Option<Value> = serde_json::from_slice(&bytes).ok();
    let user = answer.and_then(|answer| Some(answer.get("user_id")?.as_str()?.to_owned()));
    (Response::from_parts(head, Body::from(bytes)), user)
}
