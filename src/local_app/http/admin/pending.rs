//! Pending registrations (section 14.3).

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Context, PAGE};
use crate::local_app::failure::Failure;
use crate::local_app::http::path::Path;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::Registration;

/// The `{email}` of a path.
#[derive(Deserialize)]
struct Email {
    email: String,
}

/// The routes below an App's path.
pub fn routes() -> Router<Context> {
    Router::new()
        .route("/user_registrations/pending_users", get(list))
        .route("/user_registrations/by_email/{email}", delete(remove))
        .route("/user_registrations/by_email/{email}/confirm", post(confirm))
        .route("/user_registrations/by_email/{email}/send_confirm", post(send_confirm))
        .route("/user_registrations/by_email/{email}/run_confirm", post(run_confirm))
}

async fn list(
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<Value>>, Failure> {
    let query = query.unwrap_or_default();
    let after = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "after");
    let after = after.map(|(_, value)| value.into_owned());
    let domain_id = &context.app.facts().domain_id;
    let body = |Registration { id, email, .. }| {
        json!({
            "_id": id,
            "domain_id": domain_id,
            "login_ids": [{ "id_type": "email", "id": email }],
            "user_id": "",
        })
    };
    let page = context.app.pending_registrations(after, PAGE as usize).await?;
    Ok(Json(page.into_iter().map(body).collect()))
}

async fn remove(
    State(context): State<Context>,
    Path(Email { email }): Path<Email>,
) -> Result<StatusCode, Failure> {
    context.app.delete_registration_by_email(email).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn confirm(
    State(context): State<Context>,
    Path(Email { email }): Path<Email>,
) -> Result<StatusCode, Failure> {
    context.app.confirm_registration_by_email(email).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn send_confirm(
    State(context): State<Context>,
    Path(Email { email }): Path<Email>,
) -> Result<Json<Value>, Failure> {
    let token = context.app.send_confirmation_by_email(email).await?;
    Ok(Json(json!({ "token": token.text.expose_secret(), "token_id": token.id })))
}

async fn run_confirm(
    State(context): State<Context>,
    Path(Email { email }): Path<Email>,
    request: RequestFacts,
) -> Result<StatusCode, Failure> {
    context.app.rerun_confirmation_by_email(email, &request).await?;
    Ok(StatusCode::ACCEPTED)
}
