//! `/snapshots` of the control API.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Context;
use super::body::JsonObject;
use super::control::ControlGrant;
use super::path::Path;
use crate::local_app::failure::Failure;
use crate::local_app::store::Snapshot;

/// The routes below `/api/control/v1`.
pub fn routes() -> Router<Context> {
    Router::new()
        .route("/snapshots", get(list).post(take))
        .route("/snapshots/{name}", delete(remove))
        .route("/snapshots/{name}/restore", post(restore))
}

#[derive(Serialize)]
struct SnapshotBody {
    name: String,
    taken_at: Timestamp,
    bytes: u64,
}

impl From<Snapshot> for SnapshotBody {
    fn from(Snapshot { name, taken_at, bytes }: Snapshot) -> Self {
        Self { name: name.to_string(), taken_at, bytes }
    }
}

async fn list(State(context): State<Context>, _: ControlGrant) -> Result<Json<Vec<SnapshotBody>>, Failure> {
    let all = context.app.snapshots().await?;
    Ok(Json(all.into_iter().map(SnapshotBody::from).collect()))
}

async fn take(
    State(context): State<Context>,
    _: ControlGrant,
    JsonObject(body): JsonObject,
) -> Result<(StatusCode, Json<SnapshotBody>), Failure> {
    let name = body.get("name").and_then(Value::as_str).ok_or(Failure::MissingParameter("name"))?;
    let snapshot = context.app.take_snapshot(name).await?;
    Ok((StatusCode::CREATED, Json(snapshot.into())))
}

async fn restore(
    State(context): State<Context>,
    _: ControlGrant,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    context.app.restore_snapshot(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    State(context): State<Context>,
    _: ControlGrant,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    context.app.delete_snapshot(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
