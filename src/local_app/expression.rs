//! Rule expressions (section 12.3): whether a request meets a condition.
//!
//! What is not understood is an error, never ignored: a rule that cannot be judged allows nothing.

use std::cmp::Ordering;

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, Uuid};

use super::documents::compare::{compare, equal, type_order};

/// Levels of nesting that are followed.
const DEEPEST: usize = 50;

/// Why an expression cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    #[error("unknown operator '{0}'")]
    Operator(String),
    #[error("the operator '{0}' is not supported by this local App")]
    Unsupported(String),
    #[error("the expansion '%%{0}' has no meaning here")]
    Expansion(String),
    #[error("the field '{0}' has no meaning here: there is no document")]
    Field(String),
    #[error("'{operator}' takes {takes}")]
    Operand { operator: String, takes: &'static str },
    #[error("an expression is a boolean or an object")]
    Shape,
    #[error("the expression is nested too deeply")]
    TooDeep,
}

/// What expansions stand for: `user` for `%%user` and so on. `%%true` and `%%false` are always there.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    expansions: Document,
}

impl Scope {
    pub fn new(expansions: Document) -> Self {
        Self { expansions }
    }

    /// Whether `expression` holds.
    pub fn holds(&self, expression: &Bson) -> Result<bool, ExpressionError> {
        self.expression(expression, DEEPEST)
    }

    /// A boolean, or an object all of whose entries hold.
    fn expression(&self, expression: &Bson, levels: usize) -> Result<bool, ExpressionError> {
        let levels = levels.checked_sub(1).ok_or(ExpressionError::TooDeep)?;
        match expression {
            Bson::Boolean(flag) => Ok(*flag),
            // Each entry is judged, also after one that does not hold: a mistake in a rule always shows.
            Bson::Document(entries) => all(entries.iter().map(|(key, value)| self.entry(key, value, levels))),
            Bson::String(text) if text.starts_with("%%") => {
                Ok(self.expansion(&text[2..])? == Some(Bson::Boolean(true)))
            }
            _ => Err(ExpressionError::Shape),
        }
    }

    fn entry(&self, key: &str, value: &Bson, levels: usize) -> Result<bool, ExpressionError> {
        if let Some(name) = key.strip_prefix("%%") {
            return self.condition(self.expansion(name)?.as_ref(), value, levels);
        }
        match operator(key) {
            Some(name @ ("and" | "or" | "nor")) => {
                let parts = list(key, value)?.iter().map(|part| self.expression(part, levels));
                logical(name, parts)
            }
            Some("not") => Ok(!self.expression(value, levels)?),
            Some("function") => Err(ExpressionError::Unsupported(key.to_owned())),
            Some(_) => Err(ExpressionError::Operator(key.to_owned())),
            None => Err(ExpressionError::Field(key.to_owned())),
        }
    }

    /// Whether `actual`, which may be missing, is as `expected` says: operators, a nested expression, or a value.
    fn condition(
        &self,
        actual: Option<&Bson>,
        expected: &Bson,
        levels: usize,
    ) -> Result<bool, ExpressionError> {
        let levels = levels.checked_sub(1).ok_or(ExpressionError::TooDeep)?;
        let Bson::Document(entries) = expected else {
            return Ok(matches(actual, self.value(expected, levels)?.as_ref()));
        };
        let says_something = |key: &String| key.starts_with("%%") || operator(key).is_some();
        if !entries.keys().any(says_something) || is_conversion(entries) {
            return Ok(matches(actual, self.value(expected, levels)?.as_ref()));
        }
        // A boolean against an expression: what that has to come to.
        if let Some(Bson::Boolean(wanted)) = actual
            && !entries.keys().all(|key| operator(key).is_some_and(compares))
        {
            return Ok(self.expression(expected, levels)? == *wanted);
        }
        all(entries.iter().map(|(key, operand)| self.operator(actual, key, operand, levels)))
    }

    fn operator(
        &self,
        actual: Option<&Bson>,
        key: &str,
        operand: &Bson,
        levels: usize,
    ) -> Result<bool, ExpressionError> {
        let unknown = || ExpressionError::Operator(key.to_owned());
        let value = || self.value(operand, levels);
        let ordered = |fits: fn(Ordering) -> bool| {
            let operand = value()?;
            let pair = actual.zip(operand.as_ref());
            Ok(pair.is_some_and(|(a, b)| type_order(a) == type_order(b) && fits(compare(a, b))))
        };
        match operator(key).ok_or_else(unknown)? {
            "eq" => Ok(matches(actual, value()?.as_ref())),
            "ne" => Ok(!matches(actual, value()?.as_ref())),
            "gt" => ordered(Ordering::is_gt),
            "gte" => ordered(Ordering::is_ge),
            "lt" => ordered(Ordering::is_lt),
            "lte" => ordered(Ordering::is_le),
            "in" => Ok(self.is_in(actual, key, value()?)?),
            "nin" => Ok(!self.is_in(actual, key, value()?)?),
            "exists" => match value()? {
                Some(Bson::Boolean(wanted)) => Ok(actual.is_some() == wanted),
                _ => Err(ExpressionError::Operand { operator: key.to_owned(), takes: "a boolean" }),
            },
            "not" => Ok(!self.condition(actual, operand, levels)?),
            name @ ("and" | "or" | "nor") => {
                let parts = list(key, operand)?.iter().map(|part| self.condition(actual, part, levels));
                logical(name, parts)
            }
            "function" => Err(ExpressionError::Unsupported(key.to_owned())),
            _ => Err(unknown()),
        }
    }

    fn is_in(
        &self,
        actual: Option<&Bson>,
        operator: &str,
        operand: Option<Bson>,
    ) -> Result<bool, ExpressionError> {
        match operand {
            Some(Bson::Array(items)) => Ok(items.iter().any(|item| matches(actual, Some(item)))),
            // An expansion that leads nowhere has nothing in it.
            None => Ok(false),
            Some(_) => Err(ExpressionError::Operand { operator: operator.to_owned(), takes: "an array" }),
        }
    }

    /// A literal with its expansions replaced; `None` if it is one that leads nowhere.
    fn value(&self, value: &Bson, levels: usize) -> Result<Option<Bson>, ExpressionError> {
        let levels = levels.checked_sub(1).ok_or(ExpressionError::TooDeep)?;
        match value {
            Bson::String(text) if text.starts_with("%%") => self.expansion(&text[2..]),
            Bson::Array(items) => {
                let items = items.iter().map(|item| Ok(self.value(item, levels)?.unwrap_or(Bson::Undefined)));
                Ok(Some(Bson::Array(items.collect::<Result<_, _>>()?)))
            }
            Bson::Document(fields) if is_conversion(fields) => {
                let Some((key, operand)) = fields.iter().next() else { return Ok(None) };
                // Literals and expansions only.
                if matches!(operand, Bson::Document(_)) {
                    return Err(ExpressionError::Operand {
                        operator: key.clone(),
                        takes: "a literal or an expansion",
                    });
                }
                Ok(self.value(operand, levels)?.and_then(|operand| converted(&key[1..], &operand)))
            }
            Bson::Document(fields) => {
                let mut replaced = Document::new();
                for (key, field) in fields {
                    if operator(key).is_some() || key.starts_with("%%") {
                        return Err(ExpressionError::Operator(key.clone()));
                    }
                    replaced.insert(key, self.value(field, levels)?.unwrap_or(Bson::Undefined));
                }
                Ok(Some(Bson::Document(replaced)))
            }
            literal => Ok(Some(literal.clone())),
        }
    }

    /// What `%%name.path` stands for. A trailing `%%` is overlooked, which a sample of the documentation has.
    fn expansion(&self, text: &str) -> Result<Option<Bson>, ExpressionError> {
        let text = text.strip_suffix("%%").unwrap_or(text);
        let (name, path) = text.split_once('.').map_or((text, None), |(name, path)| (name, Some(path)));
        let root = match name {
            "true" => &Bson::Boolean(true),
            "false" => &Bson::Boolean(false),
            _ => self.expansions.get(name).ok_or_else(|| ExpressionError::Expansion(name.to_owned()))?,
        };
        Ok(path.map_or_else(|| Some(root.clone()), |path| at(root, path)))
    }
}

/// The value at a dotted path. In an array a number is a position, and any other name that field of each item.
fn at(value: &Bson, path: &str) -> Option<Bson> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let inner = match value {
        Bson::Document(fields) => fields.get(first)?,
        Bson::Array(items) => match first.parse::<usize>() {
            Ok(position) => items.get(position)?,
            Err(_) => return Some(Bson::Array(items.iter().filter_map(|item| at(item, path)).collect())),
        },
        _ => return None,
    };
    rest.map_or_else(|| Some(inner.clone()), |rest| at(inner, rest))
}

/// Equality; a scalar matches an array that has it, in either direction. What is missing equals nothing.
fn matches(actual: Option<&Bson>, expected: Option<&Bson>) -> bool {
    let (Some(actual), Some(expected)) = (actual, expected) else { return false };
    match (actual, expected) {
        (Bson::Array(_), Bson::Array(_)) => equal(actual, expected),
        (Bson::Array(items), one) | (one, Bson::Array(items)) => items.iter().any(|item| equal(item, one)),
        _ => equal(actual, expected),
    }
}

/// The name of an operator, written with `%` or `$`.
fn operator(key: &str) -> Option<&str> {
    key.strip_prefix('%').or_else(|| key.strip_prefix('$')).filter(|name| !name.starts_with('%'))
}

fn compares(operator: &str) -> bool {
    matches!(operator, "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "in" | "nin" | "exists")
}

fn is_conversion(fields: &Document) -> bool {
    const CONVERSIONS: [&str; 4] = ["stringToOid", "oidToString", "stringToUuid", "uuidToString"];
    fields.len() == 1
        && fields.keys().any(|key| operator(key).is_some_and(|name| CONVERSIONS.contains(&name)))
}

/// `None` where the operand has no such form: like a missing path, it equals nothing.
fn converted(conversion: &str, operand: &Bson) -> Option<Bson> {
    match (conversion, operand) {
        ("stringToOid", Bson::String(text)) => ObjectId::parse_str(text).ok().map(Bson::ObjectId),
        ("oidToString", Bson::ObjectId(id)) => Some(Bson::String(id.to_hex())),
        ("stringToUuid", Bson::String(text)) => Uuid::parse_str(text).ok().map(Bson::from),
        ("uuidToString", Bson::Binary(Binary { subtype: BinarySubtype::Uuid, bytes })) => {
            let bytes = bytes.as_slice().try_into().ok()?;
            Some(Bson::String(Uuid::from_bytes(bytes).to_string()))
        }
        _ => None,
    }
}

fn list<'a>(operator: &str, operand: &'a Bson) -> Result<&'a Vec<Bson>, ExpressionError> {
    match operand {
        Bson::Array(items) => Ok(items),
        _ => Err(ExpressionError::Operand { operator: operator.to_owned(), takes: "an array" }),
    }
}

fn logical(
    name: &str,
    parts: impl Iterator<Item = Result<bool, ExpressionError>>,
) -> Result<bool, ExpressionError> {
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    Ok(match name {
        "and" => parts.into_iter().all(|part| part),
        "or" => parts.into_iter().any(|part| part),
        _ => !parts.into_iter().any(|part| part),
    })
}

fn all(parts: impl Iterator<Item = Result<bool, ExpressionError>>) -> Result<bool, ExpressionError> {
    logical("and", parts)
}

#[cfg(test)]
mod tests;
