//! `POST` and `DELETE /auth/session` (sections 5.3 and 5.6).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::Context;
use super::authorization::RefreshGrant;
use crate::local_app::failure::Failure;

#[derive(Serialize)]
pub struct Answer {
    access_token: String,
}

pub async fn refresh(
    State(context): State<Context>,
    RefreshGrant(grant): RefreshGrant,
) -> Result<(StatusCode, Json<Answer>), Failure> {
    let access_token = context.app.refresh(grant).await?;
    Ok((StatusCode::CREATED, Json(Answer { access_token })))
}

pub async fn log_out(
    State(context): State<Context>,
    RefreshGrant(grant): RefreshGrant,
) -> Result<StatusCode, Failure> {
    context.app.log_out(grant).await?;
    Ok(StatusCode::NO_CONTENT)
}
