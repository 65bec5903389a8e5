//! `/api/control/v1/mails`: the mailbox, for whoever has the control token.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;
use url::form_urlencoded;

use super::Context;
use super::control::ControlGrant;
use super::path::Path;
use crate::local_app::failure::Failure;
use crate::local_app::mail::{KeptMail, MailState};
use crate::local_app::request::RequestFacts;

/// The routes below `/api/control/v1`.
pub fn routes() -> Router<Context> {
    Router::new().route("/mails", get(list).delete(empty)).route("/mails/{id}/confirm", post(confirm))
}

/// A mail on the wire. It holds secrets, as the mail does: whoever has the control token reads everybody's mail.
#[derive(Serialize)]
struct Entry {
    id: i64,
    sent_at: Timestamp,
    purpose: &'static str,
    email: String,
    subject: String,
    link: String,
    token: String,
    token_id: String,
    delivery: String,
    state: &'static str,
}

impl From<KeptMail> for Entry {
    fn from(KeptMail { mail, state }: KeptMail) -> Self {
        Self {
            id: mail.id,
            sent_at: mail.sent_at,
            purpose: mail.purpose.name(),
            email: mail.email,
            subject: mail.subject,
            link: mail.link,
            token: mail.token.expose_secret().to_owned(),
            token_id: mail.token_id,
            delivery: mail.delivery,
            state: match state {
                MailState::Open => "open",
                MailState::Used => "used",
                MailState::Expired => "expired",
            },
        }
    }
}

async fn list(
    _: ControlGrant,
    State(context): State<Context>,
    request: RequestFacts,
) -> Result<Json<Vec<Entry>>, Failure> {
    let mut query = form_urlencoded::parse(request.raw_query.as_bytes());
    let email = query.find(|(key, _)| key == "email").map(|(_, email)| email.into_owned());
    let mails = context.app.mails(email).await?;
    Ok(Json(mails.into_iter().map(Entry::from).collect()))
}

async fn confirm(
    _: ControlGrant,
    State(context): State<Context>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let id = id.parse().map_err(|_| Failure::InvalidParameter("a mail's id is a number".to_owned()))?;
    context.app.confirm_by_mail(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn empty(_: ControlGrant, State(context): State<Context>) -> Result<StatusCode, Failure> {
    context.app.delete_mails().await?;
    Ok(StatusCode::NO_CONTENT)
}
