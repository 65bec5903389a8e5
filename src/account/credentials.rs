//! What a person gives to log in.

use std::fmt;

use bson::Document;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Provider;

/// Credentials of one provider. Secrets inside do not print and are wiped on drop.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// No credentials: every log-in makes a new user.
    Anonymous,
    /// An e-mail address and its password.
    EmailPassword {
        /// The address, case-sensitive.
        email: String,
        /// The password.
        password: SecretString,
    },
    /// A key that a user or an administrator made.
    ApiKey(SecretString),
    /// A JWT of another issuer.
    CustomJwt(SecretString),
    /// Whatever the App's authentication function takes.
    CustomFunction(FunctionPayload),
    /// What Google gave the person.
    Google(GoogleProof),
    /// An access token of Facebook.
    Facebook(SecretString),
    /// An ID token of Apple.
    Apple(SecretString),
}

/// What Google gives; which of the two an App takes is its own choice (protocol document, section 3.7).
#[derive(Debug, Clone)]
pub enum GoogleProof {
    /// An ID token, for Apps with OpenID Connect.
    IdToken(SecretString),
    /// An authorization code, which the App exchanges.
    AuthCode(SecretString),
}

/// What an authentication function takes: fields of any kind, any of which may be a secret.
#[derive(Clone)]
pub struct FunctionPayload(pub Document);

impl fmt::Debug for FunctionPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FunctionPayload({} fields)", self.0.len())
    }
}

impl Credentials {
    /// The provider that takes them.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Anonymous => Provider::Anonymous,
            Self::EmailPassword { .. } => Provider::EmailPassword,
            Self::ApiKey(_) => Provider::ApiKey,
            Self::CustomJwt(_) => Provider::CustomJwt,
            Self::CustomFunction(_) => Provider::CustomFunction,
            Self::Google(_) => Provider::Google,
            Self::Facebook(_) => Provider::Facebook,
            Self::Apple(_) => Provider::Apple,
        }
    }

    /// Who they are for, as far as one can say it before the server answers.
    pub fn subject(&self) -> &str {
        match self {
            Self::Anonymous => "an anonymous user",
            Self::EmailPassword { email, .. } => email,
            Self::ApiKey(_) => "the owner of an API key",
            Self::CustomJwt(_) => "the subject of a JWT",
            Self::CustomFunction(_) => "a user of the authentication function",
            Self::Google(_) => "a Google user",
            Self::Facebook(_) => "a Facebook user",
            Self::Apple(_) => "an Apple user",
        }
    }
}

/// Names this installation towards an App; given by the server at the first log-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(String);

impl DeviceId {
    /// The id, unless it is the all-zero "no device" (protocol document, section 1.1).
    pub fn new(id: impl Into<String>) -> Option<Self> {
        let id = id.into();
        (!id.is_empty() && id.bytes().any(|byte| byte != b'0')).then_some(Self(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shortest and longest password that App Services takes, in characters (protocol document, section 3.3).
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 6..=128;

/// Whether a server would take `email` and `password` for a registration; if not, what is wrong with which.
pub fn check_registration(email: &str, password: &str) -> Result<(), RegistrationError> {
    check_email(email).and_then(|()| check_password(password))
}

/// Whether a server would take an e-mail address for a registration.
pub fn check_email(email: &str) -> Result<(), RegistrationError> {
    let is_one = !email.trim().is_empty() && email.contains('@');
    if is_one { Ok(()) } else { Err(RegistrationError::Email) }
}

/// Whether a server would take a password for a registration.
pub fn check_password(password: &str) -> Result<(), RegistrationError> {
    let is_one = PASSWORD_LENGTH.contains(&password.chars().count());
    if is_one { Ok(()) } else { Err(RegistrationError::Password) }
}

/// What is wrong with a registration before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// The address.
    #[error("an e-mail address, such as ada@example.com")]
    Email,
    /// The password.
    #[error("a password of 6 to 128 characters")]
    Password,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_prints() {
        let credentials =
            Credentials::EmailPassword { email: "ada@example.com".into(), password: "hunter2".into() };
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }

    #[test]
    fn the_zero_device_is_no_device() {
        assert_eq!(DeviceId::new("000000000000000000000000"), None);
        assert_eq!(DeviceId::new(""), None);
        assert_eq!(DeviceId::new("650000000000000000000aaa").unwrap().as_str(), "650000000000000000000aaa");
    }

    #[test]
    fn a_registration_is_checked_where_it_is_typed() {
        assert_eq!(check_registration("ada", "secret1"), Err(RegistrationError::Email));
        assert_eq!(check_registration("ada@example.com", "short"), Err(RegistrationError::Password));
        assert_eq!(check_registration("ada@example.com", &"x".repeat(129)), Err(RegistrationError::Password));
        assert_eq!(check_registration("ada@example.com", "sécret"), Ok(()));
    }
}
