//! `GET` and `PUT /clock` of the control API, and the `Date` of every answer.

use axum::extract::State;
use axum::http::header::Entry;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Context;
use super::body::JsonObject;
use super::control::ControlGrant;
use crate::local_app::app_clock::{ClockReading, parse_step};
use crate::local_app::failure::Failure;
use crate::local_app::store::ClockMove;

/// The routes below `/api/control/v1`.
pub fn routes() -> Router<Context> {
    Router::new().route("/clock", get(read).put(change))
}

#[derive(Serialize)]
struct Reading {
    now: Timestamp,
    system: Timestamp,
    offset_ms: i64,
    frozen: bool,
}

impl From<ClockReading> for Json<Reading> {
    fn from(ClockReading { now, system, frozen }: ClockReading) -> Self {
        let offset_ms = now.as_millisecond() - system.as_millisecond();
        Self(Reading { now, system, offset_ms, frozen })
    }
}

async fn read(State(context): State<Context>, _: ControlGrant) -> Result<Json<Reading>, Failure> {
    Ok(context.app.clock_reading().await?.into())
}

async fn change(
    State(context): State<Context>,
    _: ControlGrant,
    JsonObject(body): JsonObject,
) -> Result<Json<Reading>, Failure> {
    let change = clock_move(&body)?;
    Ok(context.app.move_clock(change).await?.into())
}

/// One change, of which there is exactly one.
fn clock_move(body: &serde_json::Map<String, Value>) -> Result<ClockMove, Failure> {
    let wrong = |message: &str| Failure::InvalidParameter(message.to_owned());
    let mut entries = body.iter();
    let (Some((name, value)), None) = (entries.next(), entries.next()) else {
        return Err(wrong("give one of 'advance', 'set', 'freeze' and 'reset'"));
    };
    match (name.as_str(), value) {
        ("advance", Value::String(step)) => {
            parse_step(step).map(ClockMove::Advance).map_err(|why| wrong(&format!("advance: {why}")))
        }
        ("set", Value::String(instant)) => instant
            .parse()
            .map(ClockMove::Set)
            .map_err(|_| wrong("set: expected an instant, as in 2026-01-01T00:00:00Z")),
        ("freeze", Value::Bool(freeze)) => Ok(ClockMove::Freeze(*freeze)),
        ("reset", Value::Bool(true)) => Ok(ClockMove::Reset),
        _ => Err(wrong(
            "give one of 'advance' (a step, as in 61d), 'set' (an instant), 'freeze' (true or false) and 'reset' (true)",
        )),
    }
}

/// Dates an answer by the App's clock, from which clients learn how far it is from theirs; one that a fault dated is left
/// alone.
pub fn date(context: &Context, headers: &mut HeaderMap) {
    if let Entry::Vacant(date) = headers.entry(header::DATE)
        && let Some(now) = http_date(context.app.now())
    {
        date.insert(now);
    }
}

/// An instant as RFC 9110, section 5.6.7 wants it.
pub fn http_date(instant: Timestamp) -> Option<HeaderValue> {
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&instant).ok()?;
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_the_form_of_http() {
        let instant = "1994-11-06T08:49:37.9Z".parse().unwrap();
        assert_eq!(http_date(instant).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert!(http_date(Timestamp::MAX).is_some());
    }
}
