//! `POST /users/import` of the control API: taking over the users of another App.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};

use super::Context;
use super::control::ControlGrant;
use crate::local_app::failure::Failure;
use crate::local_app::import::{ImportReport, ImportRequest};

/// Largest list, in bytes; a longer one comes in parts.
const LIST_LIMIT: usize = 64 * 1024 * 1024;

/// The routes below `/api/control/v1`.
pub fn routes() -> Router<Context> {
    let import = post(import).layer(DefaultBodyLimit::max(LIST_LIMIT));
    Router::new().route("/users/import", import)
}

async fn import(
    State(context): State<Context>,
    _: ControlGrant,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ImportReport>, Failure> {
    let body = body.map_err(|rejection| match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::BodyTooLarge { limit: LIST_LIMIT },
        _ => Failure::BadRequest("the request body broke off".to_owned()),
    })?;
    // A long list takes its time.
    let request = tokio::task::spawn_blocking(move || {
        let list = serde_json::from_slice(&body)
            .map_err(|error| Failure::BadRequest(format!("the request body is not valid JSON: {error}")))?;
        ImportRequest::parse(list).map_err(|error| Failure::BadRequest(error.to_string()))
    });
    let request = request.await.map_err(Failure::internal)??;
    Ok(Json(context.app.import_users(request).await?))
}
