//! Whether an expression can be judged at all, found out when it is read: who wrote it hears of it at the start, and not
//! whoever is refused because of it.

use bson::Bson;

use super::{
    DEEPEST, ExpressionError, compares, conversion_operand, expansion_parts, is_conversion, list, operator,
    says_something,
};

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The call of a function, or the filter of a collection: there is no document.
    Call,
    /// A document.
    Document,
}

/// Finds what [`Scope::holds`](super::Scope::holds) would not understand, whatever the values are.
pub fn check(expression: &Bson, place: Place) -> Result<(), ExpressionError> {
    place.expression(expression, DEEPEST)
}

impl Place {
    fn expression(self, expression: &Bson, levels: usize) -> Result<(), ExpressionError> {
        let levels = levels.checked_sub(1).ok_or(ExpressionError::TooDeep)?;
        match expression {
            Bson::Boolean(_) => Ok(()),
            Bson::Document(entries) => {
                entries.iter().try_for_each(|(key, value)| self.entry(key, value, levels))
            }
            Bson::String(text) if text.starts_with("%%") => self.expansion(&text[2..]),
            _ => Err(ExpressionError::Shape),
        }
    }

    fn entry(self, key: &str, value: &Bson, levels: usize) -> Result<(), ExpressionError> {
        if let Some(name) = key.strip_prefix("%%") {
            self.expansion(name)?;
            return self.condition(value, levels);
        }
        match operator(key) {
            Some("and" | "or" | "nor") => {
                list(key, value)?.iter().try_for_each(|part| self.expression(part, levels))
            }
            Some("not") => self.expression(value, levels),
            Some("function") => Err(ExpressionError::Unsupported(key.to_owned())),
            Some(_) => Err(ExpressionError::Operator(key.to_owned())),
            None if self == Self::Document => self.condition(value, levels),
            None => Err(ExpressionError::Field(key.to_owned())),
        }
    }

    fn condition(self, expected: &Bson, levels: usize) -> Result<(), ExpressionError> {
        let levels = levels.checked_sub(1).ok_or(ExpressionError::TooDeep)?;
        match expected {
            Bson::Document(entries) if says_something(entries) && !is_conversion(entries) => {
                entries.iter().try_for_each(|(key, operand)| self.operator(key, operand, levels))
            }
            value => self.value(value, levels),
        }
    }

    fn operator(self, key: &str, operand: &Bson, levels: usize) -> Result<(), ExpressionError> {
        let is_expansion = |value: &Bson| value.as_str().is_some_and(|text| text.starts_with("%%"));
        let takes = |takes| ExpressionError::Operand { operator: key.to_owned(), takes };
        match operator(key) {
            Some("in" | "nin") if !matches!(operand, Bson::Array(_)) && !is_expansion(operand) => {
                Err(takes("an array"))
            }
            Some("exists") if !matches!(operand, Bson::Boolean(_)) && !is_expansion(operand) => {
                Err(takes("a boolean"))
            }
            Some(name) if compares(name) => self.value(operand, levels),
            Some("not") => self.condition(operand, levels),
            Some("and" | "or" | "nor") => {
                list(key, operand)?.iter().try_for_each(|part| self.condition(part, levels))
            }
            // A boolean may be compared with what an expression comes to.
            None if key.starts_with("%%") => self.entry(key, operand, levels),
            Some("function") => Err(ExpressionError::Unsupported(key.to_owned())),
            Some(_) | None => Err(ExpressionError::Operator(key.to_owned())),
        }
    }

    fn value(self, value: &Bson, levels: usize) -> Result<(), ExpressionError> {
        let levels = levels.checked_sub(1).ok_or(ExpressionError::TooDeep)?;
        match value {
            Bson::String(text) if text.starts_with("%%") => self.expansion(&text[2..]),
            Bson::Array(items) => items.iter().try_for_each(|item| self.value(item, levels)),
            Bson::Document(fields) if is_conversion(fields) => {
                fields.iter().try_for_each(|(key, operand)| match operand {
                    Bson::Document(_) => Err(conversion_operand(key)),
                    operand => self.value(operand, levels),
                })
            }
            Bson::Document(fields) => fields.iter().try_for_each(|(key, field)| {
                if operator(key).is_some() || key.starts_with("%%") {
                    return Err(ExpressionError::Operator(key.clone()));
                }
                self.value(field, levels)
            }),
            _ => Ok(()),
        }
    }

    fn expansion(self, text: &str) -> Result<(), ExpressionError> {
        match expansion_parts(text).0 {
            "true" | "false" | "user" | "request" | "values" | "environment" => Ok(()),
            "root" | "prevRoot" | "this" | "prev" if self == Self::Document => Ok(()),
            name => Err(ExpressionError::Expansion(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn checked(expression: Value, place: Place) -> Result<(), ExpressionError> {
        check(&Bson::try_from(expression).unwrap(), place)
    }

    /// Kind: a rule that cannot be judged is found at the call, by whoever is refused.
    #[test]
    fn what_cannot_be_judged_is_found_when_it_is_read() {
        let operator = |name: &str| Err(ExpressionError::Operator(name.to_owned()));
        let function = Err(ExpressionError::Unsupported("%function".to_owned()));
        for (expression, expected) in [
            (json!({}), Ok(())),
            (json!(false), Ok(())),
            (json!({ "%%user.custom_data.staff": true, "%%values.n": { "%in": [1, "%%user.id"] } }), Ok(())),
            (json!({ "%%user.id": { "$not": { "%stringToOid": "%%values.x" } } }), Ok(())),
            (json!({ "%%true": { "%%user.data.email": { "$exists": true } } }), Ok(())),
            (json!({ "%%true": { "%function": { "name": "isAdmin" } } }), function.clone()),
            (json!({ "%or": [true, { "%%true": { "%function": { "name": "f" } } }] }), function),
            (json!({ "%%user.data.email": { "$regex": "@example.com$" } }), operator("$regex")),
            (json!({ "%%user.id": { "%or": [{ "%like": 1 }] } }), operator("%like")),
            (json!({ "%%nobody.id": 1 }), Err(ExpressionError::Expansion("nobody".to_owned()))),
            (json!({ "%%user.id": "%%partition" }), Err(ExpressionError::Expansion("partition".to_owned()))),
            (json!({ "owner": "%%user.id" }), Err(ExpressionError::Field("owner".to_owned()))),
            (json!({ "%%root.a": 1 }), Err(ExpressionError::Expansion("root".to_owned()))),
            (json!(5), Err(ExpressionError::Shape)),
        ] {
            assert_eq!(checked(expression.clone(), Place::Call), expected, "{expression}");
        }
        for expression in [json!({ "owner": "%%user.id" }), json!({ "%%prevRoot": { "%exists": false } })] {
            assert_eq!(checked(expression.clone(), Place::Document), Ok(()), "{expression}");
        }
    }
}
