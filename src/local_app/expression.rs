//! Rule expressions (section 12.3): whether a request, or a document, meets a condition.
//!
//! What is not understood is an error, never ignored: a rule that cannot be judged allows nothing. [`check`] finds that
//! out when a rule is read, before anybody is refused for it.

mod check;

use std::borrow::Cow;
use std::cmp::Ordering;

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, Uuid};

use crate::data::compare::{compare, equal, type_order};
use crate::data::{Budget, Spent};

pub use check::{Place, check};

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
    #[error("its run_as_user_id_script_source is not run by this local App")]
    Script,
    #[error(transparent)]
    TooMuchWork(#[from] Spent),
}

/// The document that a data rule is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The document after the operation, `%%root`; that which is deleted or read.
    pub root: &'a Document,
    /// The document before; `None` on insert.
    pub prev_root: Option<&'a Document>,
    /// The field that the rule is about, after and before.
    pub this: Option<&'a Bson>,
    pub prev: Option<&'a Bson>,
}

/// What expansions stand for: `user` for `%%user` and so on. `%%true` and `%%false` are always there.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    expansions: &'a Document,
    about: Option<About<'a>>,
    budget: &'a Budget,
}

/// A value that may be missing.
type Value<'v> = Option<Cow<'v, Bson>>;

impl<'a> Scope<'a> {
    pub fn new(expansions: &'a Document, budget: &'a Budget) -> Self {
        Self { expansions, about: None, budget }
    }

    /// The same, for rules about a document: the names of fields have a meaning there.
    pub fn about(self, about: About<'a>) -> Self {
        Self { about: Some(about), ..self }
    }

    /// Whether `expression` holds.
    pub fn holds(&self, expression: &Bson) -> Result<bool, ExpressionError> {
        self.expression(expression, DEEPEST)
    }

    /// `document` with its expansions replaced by what they stand for; `None` if one of them leads nowhere.
    pub fn expanded(&self, document: &Document) -> Result<Option<Document>, ExpressionError> {
        fn value(scope: &Scope<'_>, one: &Bson, levels: usize) -> Result<Option<Bson>, ExpressionError> {
            let levels = levels.checked_sub(1).ok_or(ExpressionError::TooDeep)?;
            scope.budget.take(1)?;
            match one {
                Bson::String(text) if text.starts_with("%%") => {
                    Ok(scope.expansion(&text[2..])?.map(Cow::into_owned))
                }
                Bson::Array(items) => {
                    let items = items.iter().map(|item| value(scope, item, levels));
                    Ok(items.collect::<Result<Option<_>, _>>()?.map(Bson::Array))
                }
                Bson::Document(fields) if is_conversion(fields) => {
                    Ok(scope.value(one, levels)?.map(Cow::into_owned))
                }
                Bson::Document(fields) => {
                    let mut replaced = Document::new();
                    for (key, field) in fields {
                        // A filter of the database is written with `$`, rules may say the same with `%`.
                        let key = match operator(key) {
                            Some(name) => format!("${name}"),
                            None if key.starts_with("%%") => {
                                return Err(ExpressionError::Operator(key.clone()));
                            }
                            None => key.clone(),
                        };
                        let Some(field) = value(scope, field, levels)? else { return Ok(None) };
                        replaced.insert(key, field);
                    }
                    Ok(Some(Bson::Document(replaced)))
                }
                literal => Ok(Some(literal.clone())),
            }
        }
        match value(self, &Bson::Document(document.clone()), DEEPEST)? {
            Some(Bson::Document(document)) => Ok(Some(document)),
            _ => Ok(None),
        }
    }

    /// A boolean, or an object all of whose entries hold.
    fn expression(&self, expression: &Bson, levels: usize) -> Result<bool, ExpressionError> {
        let levels = levels.checked_sub(1).ok_or(ExpressionError::TooDeep)?;
        self.budget.take(1)?;
        match expression {
            Bson::Boolean(flag) => Ok(*flag),
            // Each entry is judged, also after one that does not hold: a mistake in a rule always shows.
            Bson::Document(entries) => all(entries.iter().map(|(key, value)| self.entry(key, value, levels))),
            Bson::String(text) if text.starts_with("%%") => {
                Ok(self.expansion(&text[2..])?.as_deref() == Some(&Bson::Boolean(true)))
            }
            _ => Err(ExpressionError::Shape),
        }
    }

    fn entry(&self, key: &str, value: &Bson, levels: usize) -> Result<bool, ExpressionError> {
        if let Some(name) = key.strip_prefix("%%") {
            return self.condition(self.expansion(name)?.as_deref(), value, levels);
        }
        match operator(key) {
            Some(name @ ("and" | "or" | "nor")) => {
                let parts = list(key, value)?.iter().map(|part| self.expression(part, levels));
                logical(name, parts)
            }
            Some("not") => Ok(!self.expression(value, levels)?),
            Some("function") => Err(ExpressionError::Unsupported(key.to_owned())),
            Some(_) => Err(ExpressionError::Operator(key.to_owned())),
            None => {
                let about = self.about.ok_or_else(|| ExpressionError::Field(key.to_owned()))?;
                self.condition(at_document(about.root, key, self.budget)?.as_deref(), value, levels)
            }
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
        self.budget.take(1)?;
        let Bson::Document(entries) = expected else {
            return self.matches(actual, self.value(expected, levels)?.as_deref());
        };
        if !says_something(entries) || is_conversion(entries) {
            return self.matches(actual, self.value(expected, levels)?.as_deref());
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
            let Some((a, b)) = actual.zip(operand.as_deref()) else { return Ok(false) };
            Ok(type_order(a) == type_order(b) && fits(compare(a, b, self.budget)?))
        };
        match operator(key).ok_or_else(unknown)? {
            "eq" => self.matches(actual, value()?.as_deref()),
            "ne" => Ok(!self.matches(actual, value()?.as_deref())?),
            "gt" => ordered(Ordering::is_gt),
            "gte" => ordered(Ordering::is_ge),
            "lt" => ordered(Ordering::is_lt),
            "lte" => ordered(Ordering::is_le),
            "in" => self.is_in(actual, key, value()?.as_deref()),
            "nin" => Ok(!self.is_in(actual, key, value()?.as_deref())?),
            "exists" => match value()?.as_deref() {
                Some(Bson::Boolean(wanted)) => Ok(actual.is_some() == *wanted),
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
        operand: Option<&Bson>,
    ) -> Result<bool, ExpressionError> {
        match operand {
            Some(Bson::Array(items)) => {
                for item in items {
                    if self.matches(actual, Some(item))? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            // An expansion that leads nowhere has nothing in it.
            None => Ok(false),
            Some(_) => Err(ExpressionError::Operand { operator: operator.to_owned(), takes: "an array" }),
        }
    }

    /// A literal with its expansions replaced; `None` if it is one that leads nowhere.
    fn value<'v>(&self, value: &'v Bson, levels: usize) -> Result<Value<'v>, ExpressionError>
    where
        'a: 'v,
    {
        let levels = levels.checked_sub(1).ok_or(ExpressionError::TooDeep)?;
        self.budget.take(1)?;
        match value {
            Bson::String(text) if text.starts_with("%%") => self.expansion(&text[2..]),
            Bson::Array(items) => {
                let items = items
                    .iter()
                    .map(|item| Ok(self.value(item, levels)?.map_or(Bson::Undefined, Cow::into_owned)));
                let items = items.collect::<Result<_, ExpressionError>>()?;
                Ok(Some(Cow::Owned(Bson::Array(items))))
            }
            Bson::Document(fields) if is_conversion(fields) => {
                let Some((key, operand)) = fields.iter().next() else { return Ok(None) };
                // Literals and expansions only.
                if matches!(operand, Bson::Document(_)) {
                    return Err(conversion_operand(key));
                }
                let operand = self.value(operand, levels)?;
                Ok(operand.and_then(|operand| converted(&key[1..], &operand)).map(Cow::Owned))
            }
            Bson::Document(fields) => {
                let mut replaced = Document::new();
                for (key, field) in fields {
                    if operator(key).is_some() || key.starts_with("%%") {
                        return Err(ExpressionError::Operator(key.clone()));
                    }
                    replaced.insert(key, self.value(field, levels)?.map_or(Bson::Undefined, Cow::into_owned));
                }
                Ok(Some(Cow::Owned(Bson::Document(replaced))))
            }
            literal => Ok(Some(Cow::Borrowed(literal))),
        }
    }

    /// What `%%name.path` stands for.
    fn expansion<'v>(&self, text: &str) -> Result<Value<'v>, ExpressionError>
    where
        'a: 'v,
    {
        self.budget.take(1)?;
        let (name, path) = expansion_parts(text);
        let unknown = || ExpressionError::Expansion(name.to_owned());
        let about = || self.about.ok_or_else(unknown);
        let whole = |document: Option<&'a Document>| -> Result<Value<'v>, ExpressionError> {
            let Some(document) = document else { return Ok(None) };
            match path {
                Some(path) => at_document(document, path, self.budget),
                None => {
                    self.budget.take(document.len())?;
                    Ok(Some(Cow::Owned(Bson::Document(document.clone()))))
                }
            }
        };
        let root: Option<&'a Bson> = match name {
            "true" => Some(&Bson::Boolean(true)),
            "false" => Some(&Bson::Boolean(false)),
            "root" => return whole(Some(about()?.root)),
            "prevRoot" => return whole(about()?.prev_root),
            "this" => about()?.this,
            "prev" => about()?.prev,
            _ => Some(self.expansions.get(name).ok_or_else(unknown)?),
        };
        let Some(root) = root else { return Ok(None) };
        match path {
            Some(path) => at(root, path, self.budget),
            None => Ok(Some(Cow::Borrowed(root))),
        }
    }

    /// Equality; a scalar matches an array that has it, in either direction. What is missing equals nothing.
    fn matches(&self, actual: Option<&Bson>, expected: Option<&Bson>) -> Result<bool, ExpressionError> {
        let (Some(actual), Some(expected)) = (actual, expected) else { return Ok(false) };
        match (actual, expected) {
            (Bson::Array(_), Bson::Array(_)) => Ok(equal(actual, expected, self.budget)?),
            (Bson::Array(items), one) | (one, Bson::Array(items)) => {
                for item in items {
                    if equal(item, one, self.budget)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(equal(actual, expected, self.budget)?),
        }
    }
}

/// The name of an expansion, and the path behind it. A trailing `%%` is overlooked, which a sample of the documentation
/// has.
fn expansion_parts(text: &str) -> (&str, Option<&str>) {
    let text = text.strip_suffix("%%").unwrap_or(text);
    text.split_once('.').map_or((text, None), |(name, path)| (name, Some(path)))
}

/// The value at a dotted path. In an array a number is a position, and any other name that field of each item.
fn at<'v>(value: &'v Bson, path: &str, budget: &Budget) -> Result<Value<'v>, ExpressionError> {
    budget.take(1)?;
    match value {
        Bson::Document(fields) => at_document(fields, path, budget),
        Bson::Array(items) => {
            let (first, rest) =
                path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
            if let Ok(position) = first.parse::<usize>() {
                return match (items.get(position), rest) {
                    (Some(item), Some(rest)) => at(item, rest, budget),
                    (item, _) => Ok(item.map(Cow::Borrowed)),
                };
            }
            let mut found = Vec::new();
            for item in items {
                found.extend(at(item, path, budget)?.map(Cow::into_owned));
            }
            Ok(Some(Cow::Owned(Bson::Array(found))))
        }
        _ => Ok(None),
    }
}

fn at_document<'v>(
    document: &'v Document,
    path: &str,
    budget: &Budget,
) -> Result<Value<'v>, ExpressionError> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (document.get(first), rest) {
        (Some(inner), Some(rest)) => at(inner, rest, budget),
        (inner, _) => Ok(inner.map(Cow::Borrowed)),
    }
}

/// The name of an operator, written with `%` or `$`.
fn operator(key: &str) -> Option<&str> {
    key.strip_prefix('%').or_else(|| key.strip_prefix('$')).filter(|name| !name.starts_with('%'))
}

/// Whether it is more than a value to compare with.
fn says_something(entries: &Document) -> bool {
    entries.keys().any(|key| key.starts_with("%%") || operator(key).is_some())
}

fn conversion_operand(key: &str) -> ExpressionError {
    ExpressionError::Operand { operator: key.to_owned(), takes: "a literal or an expansion" }
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
