//! Request bodies: JSON, whatever the content type says.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::{BODY_LIMIT, Context};
use crate::local_app::failure::Failure;

/// A body that is a JSON object; no body is an empty one.
pub struct JsonObject(pub Map<String, Value>);

impl FromRequest<Context> for JsonObject {
    type Rejection = Failure;

    async fn from_request(request: Request, context: &Context) -> Result<Self, Failure> {
        parse(&whole(Bytes::from_request(request, context).await, BODY_LIMIT)?).map(Self)
    }
}

/// A body that came whole; `limit` is that of its route.
pub fn whole(body: Result<Bytes, BytesRejection>, limit: usize) -> Result<Bytes, Failure> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::BodyTooLarge { limit },
        _ => Failure::BadRequest("the request body broke off".to_owned()),
    })
}

/// The object that a body is.
pub fn parse(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let value = serde_json::from_slice(body)
        .map_err(|error| Failure::BadRequest(format!("the request body is not valid JSON: {error}")))?;
    if let Some(integer) = oversized_integer(body) {
        return Err(Failure::BadRequest(format!(
            "the integer {integer} does not fit into 64 bits; send it as a $numberDecimal or a string"
        )));
    }
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(Failure::BadRequest("the request body must be a JSON object".to_owned())),
    }
}

/// The first integer of a valid JSON text that a BSON integer cannot hold; it would silently become a rounded double.
fn oversized_integer(json: &[u8]) -> Option<&str> {
    let mut rest = json;
    while let Some(&byte) = rest.first() {
        let length = match byte {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' => {
                let is_part = |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let length = rest.iter().take_while(|b| is_part(b)).count();
                let number = std::str::from_utf8(&rest[..length]).unwrap_or_default();
                if !number.contains(['.', 'e', 'E']) && number.parse::<i64>().is_err() {
                    return Some(number);
                }
                length
            }
            _ => 1,
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    None
}

/// Length of the string literal that `json` starts with, quotes included.
fn string_length(json: &[u8]) -> usize {
    let mut escaped = false;
    for (i, byte) in json.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_64_bits_are_found_and_nothing_else_is() {
        for (json, expected) in [
            (r#"{"a":9223372036854775807,"b":-9223372036854775808}"#, None),
            (r#"{"a":9223372036854775808}"#, Some("9223372036854775808")),
            (r#"{"a":[1,-9223372036854775809]}"#, Some("-9223372036854775809")),
            (r#"{"a":18446744073709551616}"#, Some("18446744073709551616")),
            (r#"{"a":"18446744073709551616","b\"9223372036854775808":1}"#, None),
            (r#"{"a\\":99999999999999999999}"#, Some("99999999999999999999")),
            (r#"{"a":18446744073709551616.0,"b":1e30,"c":-0}"#, None),
        ] {
            assert_eq!(oversized_integer(json.as_bytes()), expected, "{json}");
        }
    }

    #[test]
    fn only_an_object_or_nothing_is_a_body() {
        assert!(parse(b"").unwrap().is_empty());
        assert!(parse(b" \n").unwrap().is_empty());
        assert_eq!(parse(br#"{"a":1}"#).unwrap().len(), 1);
        for bad in ["[]", "1", "{", "{\"a\":1e400}", "\u{feff}{}"] {
            assert!(matches!(parse(bad.as_bytes()), Err(Failure::BadRequest(_))), "{bad}");
        }
    }
}
