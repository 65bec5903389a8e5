//! `POST /app/{app}/functions/call` (section 8.1).

use axum::Json;
use axum::extract::State;
use bson::Bson;
use serde_json::{Map, Value};

use super::Context;
use super::authorization::AccessGrant;
use super::body::JsonObject;
use crate::ejson;
use crate::local_app::failure::Failure;
use crate::local_app::request::RequestFacts;

/// A call as it was sent. Its arguments may be canonical or relaxed Extended JSON.
pub struct Call {
    pub name: String,
    pub service: Option<String>,
    pub arguments: Vec<Bson>,
}

impl Call {
    pub fn parse(mut body: Map<String, Value>) -> Result<Self, Failure> {
        let invalid = |detail: &str| Failure::BadRequest(format!("invalid function call request{detail}"));
        let Some(Value::String(name)) = body.remove("name") else { return Err(invalid("")) };
        let service = match body.remove("service") {
            Some(Value::String(service)) if !service.is_empty() => Some(service),
            Some(Value::String(_) | Value::Null) | None => None,
            Some(_) => return Err(invalid("")),
        };
        let arguments = match body.remove("arguments") {
            Some(Value::Array(arguments)) => arguments,
            Some(Value::Null) | None => Vec::new(),
            Some(_) => return Err(invalid("")),
        };
        let arguments = arguments.iter().map(ejson::parse).collect::<Result<_, _>>();
        let arguments = arguments.map_err(|error| invalid(&format!(": {error}")))?;
        Ok(Self { name, service, arguments })
    }
}

pub async fn call(
    State(context): State<Context>,
    AccessGrant(grant): AccessGrant,
    request: RequestFacts,
    JsonObject(body): JsonObject,
) -> Result<Json<Value>, Failure> {
    let Call { name, service, arguments } = Call::parse(body)?;
    let result = match service {
        Some(service) => context.app.call_service(grant.user_id, service, &name, arguments).await?,
        None => context.app.call_function(grant.user_id, &name, arguments, &request).await?,
    };
    Ok(Json(ejson::canonical(&result)))
}
