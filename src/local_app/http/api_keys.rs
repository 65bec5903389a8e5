//! `/auth/api_keys`: a user's own keys (section 3.4).
//!
//! The success statuses are those of the Admin API, where they are documented.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;

use super::Context;
use super::authorization::RefreshGrant;
use super::body::JsonObject;
use super::path::Path;
use crate::local_app::accounts::{Keys, NewKey};
use crate::local_app::failure::Failure;
use crate::local_app::providers::Payload;
use crate::local_app::store::ApiKey;

/// A key on the wire.
#[derive(Serialize)]
pub struct KeyBody {
    _id: String,
    /// Only where it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    name: String,
    disabled: bool,
}

impl From<ApiKey> for KeyBody {
    fn from(ApiKey { id, name, disabled, .. }: ApiKey) -> Self {
        Self { _id: id, key: None, name, disabled }
    }
}

impl From<NewKey> for KeyBody {
    fn from(NewKey { key, secret }: NewKey) -> Self {
        Self { key: Some(secret.expose_secret().to_owned()), ..Self::from(key) }
    }
}

/// The routes below `/api/client/v2.0`.
pub fn routes() -> Router<Context> {
    Router::new()
        .route("/auth/api_keys", get(list).post(create))
        .route("/auth/api_keys/{id}", get(fetch).delete(delete))
        .route("/auth/api_keys/{id}/enable", put(enable))
        .route("/auth/api_keys/{id}/disable", put(disable))
}

/// The name that a body asks for.
pub fn name_of(body: &Payload) -> Option<String> {
    body.get("name").and_then(Value::as_str).map(str::to_owned)
}

async fn create(
    State(context): State<Context>,
    RefreshGrant(grant): RefreshGrant,
    JsonObject(body): JsonObject,
) -> Result<(StatusCode, Json<KeyBody>), Failure> {
    let key = context.app.create_key(Keys::Own(grant), name_of(&body)).await?;
    Ok((StatusCode::CREATED, Json(key.into())))
}

async fn list(
    State(context): State<Context>,
    RefreshGrant(grant): RefreshGrant,
) -> Result<Json<Vec<KeyBody>>, Failure> {
    let keys = context.app.keys(Keys::Own(grant)).await?;
    Ok(Json(keys.into_iter().map(KeyBody::from).collect()))
}

async fn fetch(
    State(context): State<Context>,
    RefreshGrant(grant): RefreshGrant,
    Path(id): Path<String>,
) -> Result<Json<KeyBody>, Failure> {
    Ok(Json(context.app.key(Keys::Own(grant), id).await?.into()))
}

async fn enable(
    State(context): State<Context>,
    RefreshGrant(grant): RefreshGrant,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    context.app.switch_key(Keys::Own(grant), id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn disable(
    State(context): State<Context>,
    RefreshGrant(grant): RefreshGrant,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    context.app.switch_key(Keys::Own(grant), id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    State(context): State<Context>,
    RefreshGrant(grant): RefreshGrant,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    context.app.delete_key(Keys::Own(grant), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
