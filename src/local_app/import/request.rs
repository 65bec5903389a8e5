//! What an import is asked for: the list, and how users without a password get in.

use std::time::Duration;

use serde_json::{Map, Value};

use super::user::{ImportedUser, InvalidUser};
use crate::local_app::accounts::{FirebaseParameters, base64};
use crate::local_app::lifetimes::parse_lifetime;

/// A list of users, each of which may be refused, and what holds for all of them.
pub struct ImportRequest {
    pub(super) users: Vec<Result<ImportedUser, InvalidUser>>,
    /// Users without a password get a code to choose one with, good for so long.
    pub reset_codes_for: Option<Duration>,
    /// Users without a password say one at their first log-in within so long; `None`: as the App's settings say.
    pub adopt_passwords_for: Option<Duration>,
}

/// Why an import cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum InvalidImport {
    /// Neither of the two shapes.
    #[error("an import is a list of users, or an object with one under `users`")]
    Shape,
    /// A setting for all of them.
    #[error("`{0}` of the import: {1}")]
    Setting(&'static str, &'static str),
}

impl ImportRequest {
    /// Reads a list of users, or an object with `users` and, if wanted, `reset_codes_for` and `adopt_passwords_for`
    /// (times as in `7d`) and `firebase` (the project's `base64_signer_key`, `base64_salt_separator`, `rounds` and
    /// `mem_cost`).
    ///
    /// # Errors
    /// When it is neither, or one of the settings is malformed. Malformed users are refused later, one by one.
    pub fn parse(import: Value) -> Result<Self, InvalidImport> {
        let (users, settings) = match import {
            Value::Array(users) => (users, Map::new()),
            Value::Object(mut settings) => match settings.remove("users") {
                Some(Value::Array(users)) => (users, settings),
                _ => return Err(InvalidImport::Shape),
            },
            _ => return Err(InvalidImport::Shape),
        };
        let firebase = settings.get("firebase").map(firebase_parameters).transpose()?;
        Ok(Self {
            users: users.into_iter().map(|user| ImportedUser::parse(user, firebase.as_ref())).collect(),
            reset_codes_for: time(&settings, "reset_codes_for")?,
            adopt_passwords_for: time(&settings, "adopt_passwords_for")?,
        })
    }
}

fn time(settings: &Map<String, Value>, name: &'static str) -> Result<Option<Duration>, InvalidImport> {
    match settings.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            parse_lifetime(text).map(Some).map_err(|why| InvalidImport::Setting(name, why))
        }
        Some(_) => Err(InvalidImport::Setting(name, "expected a time, as in 7d")),
    }
}

fn firebase_parameters(value: &Value) -> Result<FirebaseParameters, InvalidImport> {
    const NAME: &str = "firebase";
    let malformed = |what| InvalidImport::Setting(NAME, what);
    let text = |name: &str| value.get(name).and_then(Value::as_str).and_then(base64);
    let number = |name: &str| value.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    Ok(FirebaseParameters {
        signer_key: text("base64_signer_key").ok_or(malformed("`base64_signer_key` is not base64"))?,
        salt_separator: text("base64_salt_separator")
            .ok_or(malformed("`base64_salt_separator` is not base64"))?,
        rounds: number("rounds").ok_or(malformed("`rounds` is not a number"))?,
        mem_cost: number("mem_cost")
            .and_then(|cost| u8::try_from(cost).ok())
            .ok_or(malformed("`mem_cost` is not a small number"))?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_alone_or_with_settings_is_an_import() {
        assert!(ImportRequest::parse(json!([])).unwrap().reset_codes_for.is_none());
        let request = ImportRequest::parse(json!({
            "users": [1],
            "reset_codes_for": "7d",
            "firebase": {
                "base64_signer_key": "AAAA", "base64_salt_separator": "Bw==", "rounds": 8, "mem_cost": 14,
            },
        }))
        .unwrap();
        assert_eq!(request.users.len(), 1);
        assert_eq!(request.reset_codes_for, Some(Duration::from_secs(604_800)));
        for bad in [
            json!(null),
            json!({}),
            json!({ "users": {} }),
            json!({ "users": [], "reset_codes_for": 7 }),
            json!({ "users": [], "adopt_passwords_for": "soon" }),
            json!({ "users": [], "firebase": {} }),
            json!({ "users": [], "firebase": {
                "base64_signer_key": "?", "base64_salt_separator": "", "rounds": 8, "mem_cost": 14 } }),
            json!({ "users": [], "firebase": {
                "base64_signer_key": "AAAA", "base64_salt_separator": "", "rounds": 8, "mem_cost": 256 } }),
        ] {
            assert!(ImportRequest::parse(bad.clone()).is_err(), "{bad}");
        }
    }
}
