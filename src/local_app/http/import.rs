//! `POST /users/import` of the control API: taking over the users of another App.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use axum::{Json, Router};

use super::Context;
use super::body::whole;
use super::control::ControlGrant;
use crate::local_app::blocking::blocking;
use crate::local_app::failure::Failure;
use crate::local_app::import::{ImportReport, ImportRequest};

/// Largest list, in bytes; a longer one comes in parts.
const LIST_LIMIT: usize = 64 * 1024 * 1024;

/// The routes below `/api/control/v1`.
pub fn routes() -> Router<Context> {
    Router::new().route("/users/import", post(import).layer(DefaultBodyLimit::max(LIST_LIMIT)))
}

async fn import(
    State(context): State<Context>,
    _: ControlGrant,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ImportReport>, Failure> {
    let body = whole(body, LIST_LIMIT)?;
    // A long list takes its time.
    let request = blocking(move || {
        let list = serde_json::from_slice(&body)
            .map_err(|error| Failure::BadRequest(format!("the request body is not valid JSON: {error}")))?;
        ImportRequest::parse(list).map_err(|error| Failure::BadRequest(error.to_string()))
    });
    let request = request.await.map_err(Failure::internal)??;
    Ok(Json(context.app.import_users(request).await?))
}
