//! `POST /app/{app}/auth/providers/local-userpass/register` (section 3.3).
//!
//! Email/password management ignores the `Authorization` header: realm-web sends one whenever somebody is logged in.

use axum::extract::State;
use axum::http::StatusCode;

use super::Context;
use super::body::JsonObject;
use crate::local_app::accounts::Password;
use crate::local_app::failure::Failure;
use crate::local_app::providers::required_text;
use crate::local_app::request::RequestFacts;

pub async fn register(
    State(context): State<Context>,
    request: RequestFacts,
    JsonObject(body): JsonObject,
) -> Result<StatusCode, Failure> {
    let email = required_text(&body, "email")?.to_owned();
    let password = Password::new(required_text(&body, "password")?.to_owned());
    context.app.limiters().request(Some(&email), &request)?;
    context.app.register(email, password).await?;
    Ok(StatusCode::CREATED)
}
