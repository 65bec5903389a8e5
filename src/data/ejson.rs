//! MongoDB Extended JSON (v2): BSON values as JSON and back, exactly.
//!
//! The `bson` crate's own conversion changes values: it cuts dates off at the year 9999, sorts the options of regular
//! expressions, and refuses a whole document for one field that only looks like a type. Here each type and value
//! survives that JSON can carry at all; only the payload of a NaN, and a document that is spelled as a type is, cannot.

mod date;
pub mod text;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bson::oid::ObjectId;
use bson::{Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, Regex, Timestamp};
use serde_json::{Map, Value, json};

pub use date::{iso_text, parse_iso};

/// Integers up to here, 2^53 - 1, are exact in every reader of JSON.
const SAFE: i64 = 9_007_199_254_740_991;

/// Why JSON is no Extended JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EjsonError(String);

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Canonical,
    Relaxed,
    Plain,
}

/// The canonical form: every number and date in a wrapper that names its type.
pub fn canonical(value: &Bson) -> Value {
    write(value, Form::Canonical)
}

/// [`canonical`] of a document.
pub fn canonical_document(document: &Document) -> Value {
    write_document(document, Form::Canonical)
}

/// Numbers and dates as plain as they can be without a loss: [`parse`] gives the same types and values back.
pub fn relaxed(value: &Bson) -> Value {
    write(value, Form::Relaxed)
}

/// [`relaxed`] of a document.
pub fn relaxed_document(document: &Document) -> Value {
    write_document(document, Form::Relaxed)
}

/// As a person reads it: integers of both lengths are plain, and dates of four-digit years are texts. Who reads it back
/// has to know the types from elsewhere.
pub fn plain(value: &Bson) -> Value {
    write(value, Form::Plain)
}

fn write_document(document: &Document, form: Form) -> Value {
    Value::Object(document.iter().map(|(name, value)| (name.clone(), write(value, form))).collect())
}

fn write(value: &Bson, form: Form) -> Value {
    match value {
        Bson::Null => Value::Null,
        Bson::Boolean(flag) => json!(flag),
        Bson::String(text) => json!(text),
        Bson::Document(document) => write_document(document, form),
        Bson::Array(items) => items.iter().map(|item| write(item, form)).collect(),
        Bson::Int32(number) if form == Form::Canonical => json!({ "$numberInt": number.to_string() }),
        Bson::Int32(number) => json!(number),
        Bson::Int64(number) => {
            let is_safe = (-SAFE..=SAFE).contains(number);
            match form {
                Form::Plain if is_safe => json!(number),
                Form::Relaxed if is_safe && i32::try_from(*number).is_err() => json!(number),
                _ => json!({ "$numberLong": number.to_string() }),
            }
        }
        Bson::Double(number) => match plain_double(*number) {
            Some(plain) if form != Form::Canonical => plain,
            _ => json!({ "$numberDouble": double_text(*number) }),
        },
        Bson::DateTime(at) => {
            let millis = at.timestamp_millis();
            let text = match form {
                Form::Canonical => None,
                Form::Relaxed => Some(iso_text(millis)).filter(|_| millis >= 0),
                Form::Plain => Some(iso_text(millis)),
            };
            match text.filter(|text| text.starts_with(|first: char| first.is_ascii_digit())) {
                Some(text) => json!({ "$date": text }),
                None => json!({ "$date": { "$numberLong": millis.to_string() } }),
            }
        }
        Bson::Decimal128(number) => json!({ "$numberDecimal": number.to_string() }),
        Bson::ObjectId(id) => json!({ "$oid": id.to_hex() }),
        Bson::Binary(Binary { subtype, bytes }) => {
            let subtype = format!("{:02x}", u8::from(*subtype));
            json!({ "$binary": { "base64": STANDARD.encode(bytes), "subType": subtype } })
        }
        Bson::RegularExpression(Regex { pattern, options }) => {
            json!({ "$regularExpression": { "pattern": pattern.as_str(), "options": options.as_str() } })
        }
        Bson::Timestamp(Timestamp { time, increment }) => {
            json!({ "$timestamp": { "t": time, "i": increment } })
        }
        Bson::JavaScriptCode(code) => json!({ "$code": code }),
        Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code, scope }) => {
            json!({ "$code": code, "$scope": write_document(scope, form) })
        }
        Bson::Symbol(text) => json!({ "$symbol": text }),
        // Its parts are the crate's own.
        Bson::DbPointer(_) => value.clone().into_canonical_extjson(),
        Bson::Undefined => json!({ "$undefined": true }),
        Bson::MinKey => json!({ "$minKey": 1 }),
        Bson::MaxKey => json!({ "$maxKey": 1 }),
    }
}

/// A double as a plain number, if the reader of JSON gives exactly that double back.
fn plain_double(number: f64) -> Option<Value> {
    let plain = serde_json::Number::from_f64(number)?;
    let read: Value = serde_json::from_str(&plain.to_string()).ok()?;
    let same = read.is_f64() && read.as_f64().map(f64::to_bits) == Some(number.to_bits());
    same.then_some(Value::Number(plain))
}

/// A double as a text that no reader takes for an integer.
fn double_text(number: f64) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-NaN" } else { "NaN" }.to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // The shortest text that is this double, with an exponent where it is large or small.
    format!("{number:?}")
}

/// Reads canonical or relaxed Extended JSON.
///
/// # Errors
/// When something inside is spelled like a type, and is not one.
pub fn parse(json: &Value) -> Result<Bson, EjsonError> {
    read_value(json, &|wrapper| {
        let name = wrapper.keys().find(|name| TYPES.contains(&name.as_str())).map_or("", String::as_str);
        let text: String = Value::Object(wrapper.clone()).to_string().chars().take(80).collect();
        Err(EjsonError(format!("{text} is no value of the type {name}")))
    })
}

/// Reads what a server or a file says: an object that only looks like a type stays the object that it is, since one
/// odd field is no reason to lose all others.
pub fn read(json: &Value) -> Bson {
    // The way out below never fails.
    read_value(json, &|wrapper| Ok(Bson::Document(read_document(wrapper)))).unwrap_or(Bson::Null)
}

/// [`read`] of an object whose own names are never those of a type.
pub fn read_document(object: &Map<String, Value>) -> Document {
    object.iter().map(|(name, value)| (name.clone(), read(value))).collect()
}

/// Whether an object is spelled like a type, well or not.
pub fn is_type(object: &Map<String, Value>) -> bool {
    object.keys().any(|name| TYPES.contains(&name.as_str()))
}

/// Names that make an object the spelling of a type.
const TYPES: [&str; 16] = [
    "$oid",
    "$symbol",
    "$numberInt",
    "$numberLong",
    "$numberDouble",
    "$numberDecimal",
    "$binary",
    "$uuid",
    "$code",
    "$timestamp",
    "$regularExpression",
    "$dbPointer",
    "$date",
    "$minKey",
    "$maxKey",
    "$undefined",
];

type Otherwise<'a> = &'a dyn Fn(&Map<String, Value>) -> Result<Bson, EjsonError>;

fn read_value(json: &Value, otherwise: Otherwise<'_>) -> Result<Bson, EjsonError> {
    Ok(match json {
        Value::Null => Bson::Null,
        Value::Bool(flag) => Bson::Boolean(*flag),
        Value::String(text) => Bson::String(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => i32::try_from(integer).map_or(Bson::Int64(integer), Bson::Int32),
            None => Bson::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::Array(items) => {
            Bson::Array(items.iter().map(|item| read_value(item, otherwise)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => match read_type(fields, otherwise)? {
            Some(value) => value,
            None if is_type(fields) => otherwise(fields)?,
            None => Bson::Document(read_fields(fields, otherwise)?),
        },
    })
}

fn read_fields(fields: &Map<String, Value>, otherwise: Otherwise<'_>) -> Result<Document, EjsonError> {
    fields.iter().map(|(name, value)| Ok((name.clone(), read_value(value, otherwise)?))).collect()
}

/// The value that an object spells; `None` where it spells none.
fn read_type(fields: &Map<String, Value>, otherwise: Otherwise<'_>) -> Result<Option<Bson>, EjsonError> {
    if fields.len() == 2
        && let (Some(Value::String(code)), Some(Value::Object(scope))) =
            (fields.get("$code"), fields.get("$scope"))
    {
        let (code, scope) = (code.clone(), read_fields(scope, otherwise)?);
        return Ok(Some(Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code, scope })));
    }
    let mut entries = fields.iter();
    let (Some((name, inner)), None) = (entries.next(), entries.next()) else { return Ok(None) };
    Ok(read_wrapper(name, inner))
}

fn read_wrapper(name: &str, inner: &Value) -> Option<Bson> {
    let text = inner.as_str();
    Some(match name {
        "$oid" => Bson::ObjectId(ObjectId::parse_str(text?).ok()?),
        "$symbol" => Bson::Symbol(text?.to_owned()),
        "$numberInt" => Bson::Int32(text?.parse().ok()?),
        "$numberLong" => Bson::Int64(text?.parse().ok()?),
        "$numberDouble" => Bson::Double(parse_double(text?)?),
        "$numberDecimal" => Bson::Decimal128(text?.parse().ok()?),
        "$binary" => Bson::Binary(read_binary(inner)?),
        "$uuid" => {
            let bytes = bson::Uuid::parse_str(text?).ok()?.bytes().to_vec();
            Bson::Binary(Binary { subtype: bson::spec::BinarySubtype::Uuid, bytes })
        }
        "$code" => Bson::JavaScriptCode(text?.to_owned()),
        "$timestamp" => {
            let part = |name: &str| u32::try_from(integer(inner.get(name)?)?).ok();
            (inner.as_object()?.len() == 2).then_some(())?;
            Bson::Timestamp(Timestamp { time: part("t")?, increment: part("i")? })
        }
        "$regularExpression" => {
            let part = |name: &str| inner.get(name)?.as_str()?.to_owned().try_into().ok();
            (inner.as_object()?.len() == 2).then_some(())?;
            Bson::RegularExpression(Regex { pattern: part("pattern")?, options: part("options")? })
        }
        "$dbPointer" => Bson::try_from(json!({ name: inner })).ok()?,
        "$date" => {
            let millis = match inner {
                Value::String(text) => parse_iso(text)?,
                other => integer(other)?,
            };
            Bson::DateTime(DateTime::from_millis(millis))
        }
        "$minKey" => (integer(inner)? == 1).then_some(Bson::MinKey)?,
        "$maxKey" => (integer(inner)? == 1).then_some(Bson::MaxKey)?,
        "$undefined" => inner.as_bool()?.then_some(Bson::Undefined)?,
        _ => return None,
    })
}

/// An integer, plain or in a wrapper: some clients wrap what is in a wrapper already (protocol document, section 17.1).
fn integer(json: &Value) -> Option<i64> {
    match json {
        Value::Object(wrapper) => {
            let (kind, text) = wrapper.iter().next().filter(|_| wrapper.len() == 1)?;
            match (kind.as_str(), text.as_str()?) {
                ("$numberInt" | "$numberLong", text) => text.parse().ok(),
                // Whole numbers beyond 32 bits are doubles to JavaScript.
                ("$numberDouble", text) => text.strip_suffix(".0").unwrap_or(text).parse().ok(),
                _ => None,
            }
        }
        plain => plain.as_i64(),
    }
}

/// A text as a double; nothing else is infinite than what says so.
pub fn parse_double(text: &str) -> Option<f64> {
    match text {
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        "-NaN" => Some(-f64::NAN),
        other => other.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

fn read_binary(inner: &Value) -> Option<Binary> {
    let fields = inner.as_object().filter(|fields| fields.len() == 2)?;
    let bytes = STANDARD.decode(fields.get("base64")?.as_str()?).ok()?;
    let subtype = fields.get("subType")?.as_str()?;
    let subtype = u8::from_str_radix(subtype, 16).ok().filter(|_| subtype.len() <= 2)?;
    Some(Binary { subtype: subtype.into(), bytes })
}

#[cfg(test)]
pub mod any;
#[cfg(test)]
mod tests;
