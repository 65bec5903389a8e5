//! Server API keys (section 14.4).

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};

use super::{Context, Id};
use crate::local_app::accounts::Keys;
use crate::local_app::failure::Failure;
use crate::local_app::http::api_keys::{KeyBody, name_of};
use crate::local_app::http::body::JsonObject;
use crate::local_app::http::path::Path;

/// The routes below an App's path.
pub fn routes() -> Router<Context> {
    Router::new()
        .route("/api_keys", get(list).post(create))
        .route("/api_keys/{id}", get(fetch).delete(delete))
        .route("/api_keys/{id}/enable", put(enable))
        .route("/api_keys/{id}/disable", put(disable))
}

async fn create(
    State(context): State<Context>,
    JsonObject(body): JsonObject,
) -> Result<(StatusCode, Json<KeyBody>), Failure> {
    let key = context.app.create_key(Keys::Server, name_of(&body)).await?;
    Ok((StatusCode::CREATED, Json(key.into())))
}

async fn list(State(context): State<Context>) -> Result<Json<Vec<KeyBody>>, Failure> {
    let keys = context.app.keys(Keys::Server).await?;
    Ok(Json(keys.into_iter().map(KeyBody::from).collect()))
}

async fn fetch(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<Json<KeyBody>, Failure> {
    Ok(Json(context.app.key(Keys::Server, id).await?.into()))
}

async fn enable(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.switch_key(Keys::Server, id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disable(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.switch_key(Keys::Server, id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(State(context): State<Context>, Path(Id { id }): Path<Id>) -> Result<StatusCode, Failure> {
    context.app.delete_key(Keys::Server, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
