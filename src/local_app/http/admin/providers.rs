//! Authentication providers (section 14.4). Secrets are shown by their names in `secrets.json` only.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::Value;

use super::{Context, Id};
use crate::local_app::admin::ProviderEntry;
use crate::local_app::failure::Failure;
use crate::local_app::http::body::JsonObject;
use crate::local_app::http::path::Path;

/// The routes below an App's path.
pub fn routes() -> Router<Context> {
    Router::new()
        .route("/auth_providers", get(list).post(create))
        .route("/auth_providers/{id}", get(fetch).patch(change).delete(delete))
        .route("/auth_providers/{id}/enable", put(enable))
        .route("/auth_providers/{id}/disable", put(disable))
}

fn body(ProviderEntry { id, mut entry }: ProviderEntry) -> Value {
    entry.shift_insert(0, "_id".to_owned(), id.into());
    Value::Object(entry)
}

async fn list(State(context): State<Context>) -> Result<Json<Vec<Value>>, Failure> {
    Ok(Json(context.app.provider_entries().await?.into_iter().map(body).collect()))
}

async fn create(
    State(context): State<Context>,
    JsonObject(entry): JsonObject,
) -> Result<(StatusCode, Json<Value>), Failure> {
    Ok((StatusCode::CREATED, Json(body(context.app.create_provider(entry).await?))))
}

async fn fetch(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<Json<Value>, Failure> {
    Ok(Json(body(context.app.provider_entry(&id).await?)))
}

async fn change(
    State(context): State<Context>,
    Path(Id { id }): Path<Id>,
    JsonObject(changes): JsonObject,
) -> Result<StatusCode, Failure> {
    context.app.change_provider(&id, changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.delete_provider(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn enable(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.switch_provider(&id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disable(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.switch_provider(&id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
