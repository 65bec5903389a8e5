//! Logging in at the Admin API, and who is (section 14.1).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Admin, Context};
use crate::local_app::admin::AdminLogin;
use crate::local_app::failure::Failure;
use crate::local_app::http::authorization::bearer;
use crate::local_app::http::body::JsonObject;
use crate::local_app::http::path::Path;
use crate::local_app::providers::required_text;

/// How one can log in, with the field that the secret is in.
const PROVIDERS: [(&str, &str); 2] = [("mongodb-cloud", "apiKey"), ("local-userpass", "password")];

/// The routes that ask for no access token.
pub fn routes() -> Router<Context> {
    Router::new()
        .route("/auth/providers", get(providers))
        .route("/auth/providers/{provider}/login", post(log_in))
        .route("/auth/session", post(refresh).delete(log_out))
}

async fn providers() -> Json<Value> {
    let provider = |(name, _): (&str, &str)| json!({ "name": name, "type": name, "disabled": false });
    Json(PROVIDERS.into_iter().map(provider).collect())
}

#[derive(Serialize)]
struct LoginBody {
    access_token: String,
    refresh_token: String,
    user_id: String,
    device_id: &'static str,
}

async fn log_in(
    State(context): State<Context>,
    Path(provider): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<LoginBody>, Failure> {
    let Some((_, secret)) = PROVIDERS.into_iter().find(|(name, _)| *name == provider) else {
        return Err(Failure::ProviderNotFound(provider));
    };
    let username = required_text(&body, "username")?.to_owned();
    let secret = required_text(&body, secret)?;
    // Without a limit: nobody can guess the control token, and wrong guesses of others must not keep its owner out.
    let login = context.app.admin_log_in(username, secret).await?;
    let AdminLogin { access_token, refresh_token, user_id, device_id } = login;
    Ok(Json(LoginBody { access_token, refresh_token, user_id, device_id }))
}

pub async fn profile(State(context): State<Context>, Admin(grant): Admin) -> Json<Value> {
    let group = &context.app.facts().group_id;
    Json(json!({
        "user_id": grant.user_id,
        "domain_id": grant.domain_id,
        "identities": [{ "id": grant.user_id, "provider_type": "local-userpass" }],
        "data": { "email": grant.username, "name": grant.username },
        "type": "normal",
        "roles": [{ "role_name": "GROUP_OWNER", "group_id": group }],
    }))
}

async fn refresh(
    State(context): State<Context>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let token = bearer(&headers)?.ok_or(Failure::NoRefreshToken)?;
    let access_token = context.app.admin_refresh(token).await?;
    Ok((StatusCode::CREATED, Json(json!({ "access_token": access_token }))))
}

async fn log_out(State(context): State<Context>, headers: HeaderMap) -> Result<StatusCode, Failure> {
    let token = bearer(&headers)?.ok_or(Failure::NoRefreshToken)?;
    context.app.admin_log_out(token).await?;
    Ok(StatusCode::NO_CONTENT)
}
