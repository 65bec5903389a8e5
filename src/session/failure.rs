//! Failures in words: what happened, and what to do next.

use crate::account::{AppAlias, EndReason};
use crate::backend::{BackendError, BrowserError};
use crate::vault::VaultError;

/// Why a request failed, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure, for a program.
    pub kind: FailureKind,
    /// What was tried: "log in", "delete the account".
    pub action: &'static str,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The server could not be reached, or did not answer in time.
    Unreachable,
    /// The server refused the credentials.
    Credentials,
    /// The server refused for another reason.
    Refused,
    /// The server has a problem, or too much to do.
    ServerTrouble,
    /// The user has to log in first.
    NotLoggedIn,
    /// The server answered something that is not the protocol.
    Garbage,
    /// The App names an address that secrets are not sent to.
    Address,
    /// The vault could not be opened, read or written.
    Vault,
    /// The app or user is not known here.
    Unknown,
    /// The input is wrong.
    Input,
    /// No access token of the App lives as long as was asked for.
    TooShort,
    /// A person took too long.
    TimedOut,
}

impl Failure {
    /// A request that the server refused or never answered.
    pub fn backend(action: &'static str, error: &BackendError) -> Self {
        let (kind, hint) = match error {
            BackendError::Unreachable { .. } => (
                FailureKind::Unreachable,
                "check that the server runs and that its address is right, then try again",
            ),
            BackendError::TimedOut { .. } => (FailureKind::Unreachable, "the server may be busy; try again"),
            BackendError::Garbage { .. } => (
                FailureKind::Garbage,
                "check that the address is that of an App Services server, not of a proxy",
            ),
            BackendError::Downgrade { .. } => (
                FailureKind::Address,
                "where a local App stands behind a proxy that speaks TLS, start it with `--trusted-proxy` and the proxy's \
                 address, so that it knows its own; else ask whoever runs the App",
            ),
            BackendError::OtherHost { .. } => (
                FailureKind::Address,
                "if that host is right, accept it once: `idmux app accept-host NAME HOST`, or `--accept-host HOST` beside \
                 `--url`; a running screen asks",
            ),
            BackendError::NotTheSource { .. } => (
                FailureKind::Refused,
                "set the custom data source of the App to what the server's custom user data is configured with",
            ),
            BackendError::NotOffered { .. } => {
                (FailureKind::Refused, "this kind of service does not have it; take another way")
            }
            BackendError::Browser(error) => browser(error),
            BackendError::Refused { status, code, .. } => match code.as_deref() {
                Some("InvalidPassword") => {
                    (FailureKind::Credentials, "check e-mail and password, or register the account first")
                }
                Some("AuthError") => (
                    FailureKind::Credentials,
                    "check the credentials; a new e-mail address has to be confirmed before its first log-in",
                ),
                Some("UserpassTokenInvalid") => {
                    (FailureKind::Refused, "a mail's link works once, for a while; have another mail sent")
                }
                Some("UserAlreadyConfirmed") => (FailureKind::Refused, "log in"),
                Some("APIKeyAlreadyExists") => (FailureKind::Refused, "take another name"),
                Some("APIKeyNotFound") => (FailureKind::Refused, "it was deleted; read the list again"),
                Some("UserDisabled") => {
                    (FailureKind::Credentials, "the user is disabled; an administrator can enable it")
                }
                Some("AccountNameInUse") => {
                    (FailureKind::Refused, "log in instead, or take another e-mail address")
                }
                Some("AuthProviderNotFound") => {
                    (FailureKind::Refused, "the app does not have this provider; take another")
                }
                Some("InvalidRedirectURI") => (
                    FailureKind::Refused,
                    "add the address to the provider's redirect_uris at the App; where the port has to be the same each \
                     time, set redirect_uri of the App in config.toml as well",
                ),
                Some("InvalidSession") => (FailureKind::NotLoggedIn, "log the user in again"),
                _ if *status == 401 => (FailureKind::Credentials, "check the credentials"),
                _ if *status == 403 => {
                    (FailureKind::Refused, "the user may not do this; logging in again does not help")
                }
                _ if *status == 429 => (FailureKind::ServerTrouble, "too many tries; wait a little"),
                _ if *status >= 500 => {
                    (FailureKind::ServerTrouble, "the server has a problem; try again later")
                }
                _ => (FailureKind::Refused, "change what the server names, then try again"),
            },
        };
        Self { kind, action, message: message(error), hint: hint.into() }
    }

    /// A link that the server refused (protocol document, section 4). What it says of it is terse, and differs between
    /// servers; a token that is no longer good was renewed before this is asked.
    pub fn linking(action: &'static str, error: &BackendError) -> Self {
        let failure = Self::backend(action, error);
        let BackendError::Refused { status, code, message, .. } = error else { return failure };
        let taken = message.contains("user already exists");
        let (message, hint) = match code.as_deref() {
            _ if taken => (
                "this identity belongs to another user of the App, and stays there",
                "to use that user, log in by this identity; for this user, link another one",
            ),
            Some("InvalidPassword") => (
                "the password is not that of this e-mail account",
                "an account that was registered before keeps its password; give that, or take another address",
            ),
            _ if message.contains("already has an identity")
                || (*status == 500 && message == "unauthorized") =>
            {
                (
                    "the user has an identity of this kind already, and can have one alone",
                    "link one of another kind",
                )
            }
            _ if *status == 401 => (
                "the App does not link this identity: most likely it belongs to another user",
                "to use that user, log in by this identity; else link another one, or log this user in again",
            ),
            _ => return failure,
        };
        Self { kind: FailureKind::Refused, message: message.into(), hint: hint.into(), ..failure }
    }

    /// An address that was not the one that is waited for.
    pub fn not_taken(action: &'static str, why: &str) -> Self {
        Self {
            kind: FailureKind::Input,
            action,
            message: why.into(),
            hint: "copy all of the address that the browser shows after the log-in, from http:// to its end"
                .into(),
        }
    }

    /// A request to a control API that was refused or never answered.
    pub fn control(action: &'static str, error: &BackendError) -> Self {
        let failure = Self::backend(action, error);
        let (kind, hint) = match error {
            BackendError::Refused { status: 401 | 403, .. } => (
                FailureKind::Refused,
                "`idmux serve` prints a control token at each start; give it with `idmux app add`".into(),
            ),
            BackendError::Garbage { .. } => (
                FailureKind::Garbage,
                "check that the address is that of a local App of this version of idmux".into(),
            ),
            _ => (failure.kind, failure.hint),
        };
        Self { kind, hint, ..failure }
    }

    /// A control token that the App does not take.
    pub fn control_token(action: &'static str, error: &BackendError) -> Self {
        let failure = Self::control(action, error);
        Self {
            message: format!("the control token was refused, and nothing was changed: {}", failure.message),
            hint:
                "`idmux serve` prints the control token at each start, or takes it from IDMUX_CONTROL_TOKEN"
                    .into(),
            ..failure
        }
    }

    /// What was given as a control token is none, and could not even be sent.
    pub fn no_control_token(action: &'static str) -> Self {
        Self {
            kind: FailureKind::Input,
            action,
            message: "what was given is no control token, and nothing was changed".into(),
            hint: "it is one line of ASCII, as `idmux serve` prints it".into(),
        }
    }

    /// A request to look after an App whose control API is closed to idmux.
    pub fn no_control(action: &'static str) -> Self {
        Self {
            kind: FailureKind::Refused,
            action,
            message: "idmux does not look after this App".into(),
            hint: "only a local App can be looked after: give the control token that `idmux serve` prints \
                   with `idmux app add … --control-token-stdin`"
                .into(),
        }
    }

    /// A write that did not reach the disk.
    pub fn vault(action: &'static str, error: &VaultError) -> Self {
        Self {
            kind: FailureKind::Vault,
            action,
            message: format!("done, but not stored: {error}"),
            hint: "it is lost when idmux ends; free disk space or check the vault's folder".into(),
        }
    }

    /// Something that the vault itself could not do.
    pub fn vault_failed(action: &'static str, error: &VaultError) -> Self {
        Self {
            kind: FailureKind::Vault,
            action,
            message: error.to_string(),
            hint: "check the vault's folder and the free disk space, then try again".into(),
        }
    }

    /// A request that came before the vault was open.
    pub fn vault_is_closed(action: &'static str) -> Self {
        Self {
            kind: FailureKind::Vault,
            action,
            message: "the vault is not open".into(),
            hint: "open it first".into(),
        }
    }

    /// An App with users would go to another address.
    pub fn app_has_users(action: &'static str, app: &AppAlias, users: usize) -> Self {
        let has = if users == 1 { "a user".to_owned() } else { format!("{users} users") };
        Self {
            kind: FailureKind::Input,
            action,
            message: format!("{app} has {has}, whose tokens are for its address and id alone"),
            hint: "remove them first, or add the other App under another name".into(),
        }
    }

    /// A request for a user who has no session.
    pub fn not_logged_in(action: &'static str, reason: Option<&EndReason>) -> Self {
        let message = match reason {
            Some(reason) => format!("the user is not logged in: {reason}"),
            None => "the user is not logged in".into(),
        };
        Self { kind: FailureKind::NotLoggedIn, action, message, hint: "log the user in first".into() }
    }

    /// A request for an app whose users are known, and which is not there (yet).
    pub fn not_connected(action: &'static str, app: &AppAlias) -> Self {
        Self {
            kind: FailureKind::Unknown,
            action,
            message: format!("the app {app} is not connected yet"),
            hint: "try again in a moment; an app that does not come has to be added with its address".into(),
        }
    }

    /// A request for an app or user that is not known here.
    pub fn unknown(action: &'static str, what: &str) -> Self {
        Self {
            kind: FailureKind::Unknown,
            action,
            message: format!("{what} is not known on this device"),
            hint: "choose one of the list".into(),
        }
    }
}

/// What a browser that brings nothing means.
fn browser(error: &BrowserError) -> (FailureKind, &'static str) {
    match error {
        BrowserError::NoPages => (FailureKind::Input, "take another provider"),
        BrowserError::NoPort { .. } => (
            FailureKind::Input,
            "another log-in or program uses the port; end it, or change redirect_uri in config.toml",
        ),
        BrowserError::Denied(_) => {
            (FailureKind::Refused, "try again, as another person if need be, or ask whoever runs the App")
        }
        BrowserError::TookTooLong => (
            FailureKind::TimedOut,
            "start again; if the browser runs on another machine, paste the address that it ends at",
        ),
        BrowserError::GivenUp => (FailureKind::TimedOut, "start again"),
    }
}

/// The server's own words, except where they say nothing to a person.
fn message(error: &BackendError) -> String {
    match error {
        BackendError::Refused { code: Some(code), .. } if code == "InvalidPassword" => {
            "wrong e-mail or password".into()
        }
        BackendError::Refused { code: Some(code), .. } if code == "AccountNameInUse" => {
            "this e-mail address is taken".into()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_of_a_link_is_said_in_words_with_a_way_on() {
        for (status, code, message, says, helps) in [
            (
                401,
                "AuthError",
                "a user already exists with the specified provider",
                "another user",
                "log in by",
            ),
            (
                401,
                "InvalidSession",
                "a user already exists with the specified provider",
                "another user",
                "log in",
            ),
            (401, "InvalidSession", "unauthorized", "most likely it belongs to another user", "log in by"),
            (401, "InvalidPassword", "unauthorized", "the password is not that", "take another address"),
            (500, "Unknown", "unauthorized", "of this kind already", "another kind"),
            (
                400,
                "BadRequest",
                "the user already has an identity of provider 'x'",
                "already",
                "another kind",
            ),
            (404, "AuthProviderNotFound", "not found", "not found", "take another"),
        ] {
            let error = BackendError::Refused {
                status,
                code: Some(code.into()),
                message: message.into(),
                retry_after: None,
            };
            let failure = Failure::linking("link an identity", &error);
            assert!(failure.message.contains(says), "{message}: {}", failure.message);
            assert!(failure.hint.contains(helps), "{message}: {}", failure.hint);
        }
    }
}
