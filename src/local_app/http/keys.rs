//! `POST /keys/rotate` of the control API.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Context;
use super::body::JsonObject;
use super::control::ControlGrant;
use crate::local_app::failure::Failure;

/// The routes below `/api/control/v1`.
pub fn routes() -> Router<Context> {
    Router::new().route("/keys/rotate", post(rotate))
}

/// The key itself stays where it is.
#[derive(Serialize)]
struct Answer {
    key_id: String,
    created_at: Timestamp,
    /// How many keys still verify tokens.
    keys: usize,
}

async fn rotate(
    State(context): State<Context>,
    _: ControlGrant,
    JsonObject(body): JsonObject,
) -> Result<Json<Answer>, Failure> {
    let forget_old = match body.get("forget_old") {
        None => false,
        Some(Value::Bool(forget)) => *forget,
        Some(_) => return Err(Failure::InvalidParameter("forget_old: expected true or false".to_owned())),
    };
    let rotation = context.app.rotate_keys(forget_old).await?;
    Ok(Json(Answer { key_id: rotation.key_id, created_at: rotation.created_at, keys: rotation.keys }))
}
