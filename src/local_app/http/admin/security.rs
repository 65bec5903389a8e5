//! `security/`: the lifetime of refresh tokens, and which web pages may call (section 14.4).

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Context;
use crate::local_app::failure::Failure;
use crate::local_app::http::BODY_LIMIT;
use crate::local_app::http::body::{JsonObject, whole};

const EXPIRATION: &str = "expiration_time_seconds";

/// The routes below an App's path.
pub fn routes() -> Router<Context> {
    Router::new()
        .route("/security/refresh_token_expiration", get(expiration).put(set_expiration))
        .route("/security/allowed_request_origins", get(origins).post(set_origins))
}

async fn expiration(State(context): State<Context>) -> Json<Value> {
    Json(json!({ EXPIRATION: context.app.refresh_token_lifetime().as_secs() }))
}

async fn set_expiration(
    State(context): State<Context>,
    JsonObject(body): JsonObject,
) -> Result<StatusCode, Failure> {
    let seconds = body.get(EXPIRATION).ok_or(Failure::MissingParameter(EXPIRATION))?;
    let seconds = seconds
        .as_u64()
        .ok_or_else(|| Failure::InvalidParameter(format!("'{EXPIRATION}' must be a number of seconds")))?;
    context.app.set_refresh_lifetime(seconds).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn origins(State(context): State<Context>) -> Json<Vec<String>> {
    Json(context.app.config().allowed_request_origins.clone())
}

async fn set_origins(
    State(context): State<Context>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Failure> {
    let origins: Vec<String> = serde_json::from_slice(&whole(body, BODY_LIMIT)?)
        .map_err(|_| Failure::BadRequest("the request body must be a list of origins".to_owned()))?;
    context.app.set_allowed_origins(origins).await?;
    Ok(StatusCode::NO_CONTENT)
}
