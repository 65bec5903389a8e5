//! What can be done about an e-mail/password account without a session (protocol document, section 3.3).

use std::fmt;

use bson::Bson;
use secrecy::{ExposeSecret, SecretString};

/// The two halves of what a mail's link carries: whoever has both may do what the mail is about, once.
#[derive(Debug, Clone)]
pub struct MailToken {
    /// `token`
    pub token: SecretString,
    /// `tokenId`
    pub id: String,
}

impl MailToken {
    /// Reads a mail's link, or its two halves with a space between.
    pub fn parse(text: &str) -> Result<Self, MailTokenError> {
        let text = text.trim();
        let (mut token, mut id) = (None, None);
        if let Some((_, query)) = text.split_once('?') {
            let query = query.split('#').next().unwrap_or_default();
            for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
                match &*name {
                    "token" => token = Some(value.into_owned()),
                    "tokenId" => id = Some(value.into_owned()),
                    _ => {}
                }
            }
        } else if let [first, second] = text.split_whitespace().collect::<Vec<_>>()[..] {
            (token, id) = (Some(first.to_owned()), Some(second.to_owned()));
        }
        match (token, id) {
            (Some(token), Some(id)) if !token.is_empty() && !id.is_empty() => {
                Ok(Self { token: token.into(), id })
            }
            _ => Err(MailTokenError),
        }
    }
}

/// The text is not what a mail's link carries. It repeats nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mail's link with token and tokenId in it, or both with a space between")]
pub struct MailTokenError;

impl PartialEq for MailToken {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.token.expose_secret() == other.token.expose_secret()
    }
}

impl Eq for MailToken {}

/// What to do.
#[derive(Debug, Clone)]
pub enum EmailAction {
    /// Confirm a registration.
    Confirm(MailToken),
    /// Send the confirmation mail again.
    ResendConfirmation {
        /// The address.
        email: String,
    },
    /// Run the App's confirmation function again.
    RerunConfirmation {
        /// The address.
        email: String,
    },
    /// Send a mail that a new password can be set with.
    SendReset {
        /// The address.
        email: String,
    },
    /// Set a new password.
    Reset {
        /// From the mail.
        token: MailToken,
        /// The new password.
        password: SecretString,
    },
    /// Run the App's reset function.
    CallReset {
        /// The address.
        email: String,
        /// The new password.
        password: SecretString,
        /// What the function gets besides.
        arguments: ResetArguments,
    },
}

/// Arguments of a reset function. It has to tell who asks by them, so any may be a secret.
#[derive(Clone, Default, PartialEq)]
pub struct ResetArguments(pub Vec<Bson>);

impl fmt::Debug for ResetArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResetArguments({})", self.0.len())
    }
}

/// What a server that took an action has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailActionDone {
    /// The registration is confirmed: the user can log in.
    Confirmed,
    /// The confirmation is on its way again.
    ConfirmationSent,
    /// A mail with a link to set a password is on its way.
    ResetSent,
    /// The password is another.
    PasswordReset,
    /// The App's reset function has run; the password is another unless the function says that more is needed.
    ResetCalled,
}

impl EmailAction {
    /// What it does when the server takes it.
    pub fn outcome(&self) -> EmailActionDone {
        match self {
            Self::Confirm(_) => EmailActionDone::Confirmed,
            Self::ResendConfirmation { .. } | Self::RerunConfirmation { .. } => {
                EmailActionDone::ConfirmationSent
            }
            Self::SendReset { .. } => EmailActionDone::ResetSent,
            Self::Reset { .. } => EmailActionDone::PasswordReset,
            Self::CallReset { .. } => EmailActionDone::ResetCalled,
        }
    }

    /// Whom it is about, as far as one can say before the server answers.
    pub fn email(&self) -> Option<&str> {
        match self {
            Self::Confirm(_) | Self::Reset { .. } => None,
            Self::ResendConfirmation { email }
            | Self::RerunConfirmation { email }
            | Self::SendReset { email }
            | Self::CallReset { email, .. } => Some(email),
        }
    }

    /// What is tried, for a person.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Confirm(_) => "confirm the registration",
            Self::ResendConfirmation { .. } => "send the confirmation mail",
            Self::RerunConfirmation { .. } => "run the confirmation function",
            Self::SendReset { .. } => "send the reset mail",
            Self::Reset { .. } => "set the password",
            Self::CallReset { .. } => "run the reset function",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_or_its_halves_are_read() {
        let token =
            |text: &str| MailToken::parse(text).map(|it| (it.token.expose_secret().to_owned(), it.id));
        for text in [
            "http://localhost/confirm?token=abc&tokenId=65a1",
            " https://x.example/?lang=en&tokenId=65a1&token=abc#top\n",
            "abc 65a1",
        ] {
            assert_eq!(token(text), Ok(("abc".into(), "65a1".into())), "{text}");
        }
        for bad in ["", "abc", "a b c", "http://localhost/?token=abc", "http://localhost/?token=&tokenId=1"] {
            assert_eq!(token(bad), Err(MailTokenError), "{bad}");
        }
    }

    #[test]
    fn nothing_secret_prints() {
        let token = MailToken { token: "hunter2".into(), id: "65a1".into() };
        for action in [
            EmailAction::Confirm(token.clone()),
            EmailAction::Reset { token, password: "hunter2".into() },
            EmailAction::CallReset {
                email: "ada@example.com".into(),
                password: "hunter2".into(),
                arguments: ResetArguments(vec!["hunter2".into()]),
            },
        ] {
            assert!(!format!("{action:?}").contains("hunter2"), "{action:?}");
        }
    }
}
