//! Pending registrations (section 14.3).

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Context, Id, PAGE, query_value};
use crate::local_app::accounts::OneTimeToken;
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
        .route("/user_registrations/by_id/{id}", delete(remove_by_id))
        .route("/user_registrations/by_email/{email}/confirm", post(confirm))
        .route("/user_registrations/by_email/{email}/send_confirm", post(send_confirm))
        .route("/user_registrations/by_email/{email}/run_confirm", post(run_confirm))
}

async fn list(
    State(context): State<Context>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<Value>>, Failure> {
    let value = |key: &str| query_value(query.as_deref(), key);
    let limit = match value("limit") {
        None => PAGE,
        // A page has its most entries, however many are asked for.
        Some(limit) => limit
            .parse::<u32>()
            .ok()
            .filter(|limit| *limit > 0)
            .ok_or_else(|| {
                Failure::BadRequest(format!("the limit of a page is a number from 1, not '{limit}'"))
            })?
            .min(PAGE),
    };
    let domain_id = &context.app.facts().domain_id;
    let body = |Registration { id, email, .. }| {
        json!({
            "_id": id,
            "domain_id": domain_id,
            "login_ids": [{ "id_type": "email", "id": email }],
            "user_id": "",
        })
    };
    let page = context.app.pending_registrations(value("after"), limit as usize).await?;
    Ok(Json(page.into_iter().map(body).collect()))
}

async fn remove(
    State(context): State<Context>,
    Path(Email { email }): Path<Email>,
) -> Result<StatusCode, Failure> {
    context.app.delete_registration_by_email(email).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_by_id(
    State(context): State<Context>,
    Path(Id { id }): Path<Id>,
) -> Result<StatusCode, Failure> {
    context.app.delete_registration_by_id(id).await?;
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
    Ok(Json(body(&context.app.send_confirmation_by_email(email).await?)))
}

fn body(token: &OneTimeToken) -> Value {
    json!({ "token": token.text.expose_secret(), "token_id": token.id })
}

/// What confirms is told to whoever looks after the App where the registration still waits for it; an empty object where it
/// does not.
async fn run_confirm(
    State(context): State<Context>,
    Path(Email { email }): Path<Email>,
    request: RequestFacts,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let token = context.app.run_confirmation_by_email(email, &request).await?;
    Ok((StatusCode::ACCEPTED, Json(token.as_ref().map_or_else(|| json!({}), body))))
}
