//! Failures in words: what happened, and what to do next.

use super::{Failure, FailureKind};
use crate::account::EndReason;
use crate::backend::{BackendError, BrowserError};
use crate::vault::VaultError;

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

    /// A request for a user who has no session.
    pub fn not_logged_in(action: &'static str, reason: Option<&EndReason>) -> Self {
        let message = match reason {
            Some(reason) => format!("the user is not logged in: {reason}"),
            None => "the user is not logged in".into(),
        };
        Self { kind: FailureKind::NotLoggedIn, action, message, hint: "log the user in first".into() }
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
