//! `POST /app/{app}/functions/call` (section 8.1).

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use bson::{Bson, Document};
use serde_json::{Map, Value};

use super::authorization::AccessGrant;
use super::{BODY_LIMIT, Context, body};
use crate::data::ejson;
use crate::local_app::blocking::blocking;
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
        let arguments: Vec<Bson> = arguments.map_err(|error| invalid(&format!(": {error}")))?;
        arguments.iter().try_for_each(storable).map_err(|problem| invalid(&format!(": {problem}")))?;
        Ok(Self { name, service, arguments })
    }
}

/// Whether BSON can hold a value that JSON could: names of fields, and regular expressions, end at a NUL there.
fn storable(value: &Bson) -> Result<(), String> {
    let fields = |document: &Document| {
        document.iter().try_for_each(|(name, value)| {
            if name.contains('\0') {
                return Err(format!("the field name {name:?} has a NUL in it, which BSON cannot hold"));
            }
            storable(value)
        })
    };
    match value {
        Bson::Document(document) => fields(document),
        Bson::Array(items) => items.iter().try_for_each(storable),
        Bson::JavaScriptCodeWithScope(code) => fields(&code.scope),
        Bson::RegularExpression(expression)
            if expression.pattern.as_str().contains('\0') || expression.options.as_str().contains('\0') =>
        {
            Err("a regular expression has a NUL in it, which BSON cannot hold".to_owned())
        }
        _ => Ok(()),
    }
}

/// What a call comes to where it was taken apart.
enum Taken {
    /// The answer of a service.
    Answer(Response),
    /// A function is to run, elsewhere.
    Function(Call),
}

pub async fn call(
    State(context): State<Context>,
    AccessGrant(grant): AccessGrant,
    request: RequestFacts,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let body = body::whole(body, BODY_LIMIT)?;
    let (app, user_id, facts) = (context.app.clone(), grant.user_id.clone(), request.clone());
    // A call is taken apart where it is worked on: it is a hundred times as large then, and takes its time.
    let take = context.app.workshop().run(move |budget| {
        let call = Call::parse(body::parse(&body)?)?;
        let Some(service) = &call.service else { return Ok(Taken::Function(call)) };
        let answer = app.call_service(user_id, service, &call.name, call.arguments, &facts, budget)?;
        Ok(Taken::Answer(Json(ejson::canonical(&answer)).into_response()))
    });
    match take.await? {
        Taken::Answer(answer) => Ok(answer),
        Taken::Function(Call { name, arguments, .. }) => {
            let result = context.app.call_function(grant.user_id, &name, arguments, &request).await?;
            written(result).await
        }
    }
}

/// The answer with what a function returned. It is written away from the tasks that answer requests: with 16 MiB of it
/// that takes a while, in which nobody could log in.
async fn written(result: Bson) -> Result<Response, Failure> {
    blocking(move || Json(ejson::canonical(&result)).into_response()).await.map_err(Failure::internal)
}
