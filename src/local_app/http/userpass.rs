//! `POST /app/{app}/auth/providers/local-userpass/…`: registering, confirming, resetting the password (section 3.3).
//!
//! These ignore the `Authorization` header: realm-web sends one whenever somebody is logged in. Choices where the hosted
//! service's answers are unknown: success has the status of the protocol document's suggestion and an empty object, since
//! older clients read JSON from all of them (section 17.1); a token that is missing counts as malformed; errors without a
//! known code have `BadRequest`. Tokens of mails have no rate limit: nobody can guess one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use bson::Bson;
use serde_json::{Map, Value, json};

use super::Context;
use super::body::JsonObject;
use crate::data::ejson;
use crate::local_app::accounts::{OneTimeToken, Password};
use crate::local_app::failure::Failure;
use crate::local_app::providers::required_text;
use crate::local_app::request::RequestFacts;

/// The routes below `/app/{app}`.
pub fn routes() -> Router<Context> {
    let actions = Router::new()
        .route("/register", post(register))
        .route("/confirm", post(confirm))
        .route("/confirm/send", post(send_confirmation))
        .route("/confirm/call", post(call_confirmation))
        .route("/reset", post(reset))
        .route("/reset/send", post(send_reset))
        .route("/reset/call", post(call_reset));
    Router::new().nest("/auth/providers/local-userpass", actions)
}

/// What every success here is answered with.
type Done = (StatusCode, Json<Value>);

fn done(status: StatusCode) -> Done {
    (status, Json(json!({})))
}

async fn register(
    State(context): State<Context>,
    request: RequestFacts,
    JsonObject(body): JsonObject,
) -> Result<Done, Failure> {
    let (email, password) = (email(&body)?, password(&body)?);
    context.app.limiters().request(Some(&email), &request)?;
    context.app.register(email, password, &request).await?;
    Ok(done(StatusCode::CREATED))
}

async fn confirm(State(context): State<Context>, JsonObject(body): JsonObject) -> Result<Done, Failure> {
    let token = token(&body)?;
    context.app.confirm(token).await?;
    Ok(done(StatusCode::OK))
}

async fn send_confirmation(
    State(context): State<Context>,
    request: RequestFacts,
    JsonObject(body): JsonObject,
) -> Result<Done, Failure> {
    let email = email(&body)?;
    context.app.limiters().request(Some(&email), &request)?;
    context.app.send_confirmation_by_email(email).await?;
    Ok(done(StatusCode::ACCEPTED))
}

async fn call_confirmation(
    State(context): State<Context>,
    request: RequestFacts,
    JsonObject(body): JsonObject,
) -> Result<Done, Failure> {
    let email = email(&body)?;
    context.app.limiters().request(Some(&email), &request)?;
    context.app.rerun_confirmation_by_email(email, &request).await?;
    Ok(done(StatusCode::ACCEPTED))
}

async fn reset(
    State(context): State<Context>,
    request: RequestFacts,
    JsonObject(body): JsonObject,
) -> Result<Done, Failure> {
    let (token, password) = (token(&body)?, password(&body)?);
    context.app.reset_password(token, password, &request).await?;
    Ok(done(StatusCode::OK))
}

async fn send_reset(
    State(context): State<Context>,
    request: RequestFacts,
    JsonObject(body): JsonObject,
) -> Result<Done, Failure> {
    let email = email(&body)?;
    context.app.limiters().request(Some(&email), &request)?;
    context.app.send_password_reset(email).await?;
    Ok(done(StatusCode::ACCEPTED))
}

async fn call_reset(
    State(context): State<Context>,
    request: RequestFacts,
    JsonObject(body): JsonObject,
) -> Result<Done, Failure> {
    let (email, password, arguments) = (email(&body)?, password(&body)?, arguments(&body)?);
    context.app.limiters().request(Some(&email), &request)?;
    context.app.call_password_reset(email, password, arguments, &request).await?;
    Ok(done(StatusCode::ACCEPTED))
}

fn email(body: &Map<String, Value>) -> Result<String, Failure> {
    required_text(body, "email").map(str::to_owned)
}

fn password(body: &Map<String, Value>) -> Result<Password, Failure> {
    required_text(body, "password").map(|text| Password::new(text.to_owned()))
}

fn token(body: &Map<String, Value>) -> Result<OneTimeToken, Failure> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    OneTimeToken::parse(text("tokenId"), text("token").to_owned())
}

/// Arguments in Extended JSON, canonical or relaxed; none at all is fine.
fn arguments(body: &Map<String, Value>) -> Result<Vec<Bson>, Failure> {
    match body.get("arguments") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(arguments)) => {
            let arguments = arguments.iter().map(ejson::parse).collect::<Result<_, _>>();
            arguments.map_err(|error| Failure::InvalidParameter(format!("'arguments': {error}")))
        }
        Some(_) => Err(Failure::InvalidParameter("'arguments' must be an array".to_owned())),
    }
}
