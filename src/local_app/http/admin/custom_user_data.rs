//! Where custom user data lives (sections 7 and 14.4).
//!
//! The Admin API names a data source by its id. Data sources have none here: the id is the name.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Context;
use crate::local_app::failure::Failure;
use crate::local_app::http::body::JsonObject;

/// The routes below an App's path.
pub fn routes() -> Router<Context> {
    Router::new().route("/custom_user_data", get(fetch).patch(change))
}

async fn fetch(State(context): State<Context>) -> Json<Value> {
    let config = context.app.config();
    let data = &config.custom_user_data;
    let mut body = json!({
        "enabled": data.enabled,
        "mongo_service_id": data.service,
        "mongo_service_name": data.service,
        "database_name": data.database,
        "collection_name": data.collection,
        "user_id_field": data.user_id_field,
    });
    if let Some(function) = &data.on_user_creation_function {
        body["on_user_creation_function_name"] = function.as_str().into();
    }
    Json(body)
}

async fn change(State(context): State<Context>, JsonObject(body): JsonObject) -> Result<StatusCode, Failure> {
    context.app.change_custom_user_data(body).await?;
    Ok(StatusCode::NO_CONTENT)
}
