//! What the worker can be asked to do. Every command names its app or user; none means "the current one".

use std::sync::atomic::{AtomicU64, Ordering};

use bson::Bson;
use secrecy::SecretString;

use crate::account::{App, AppAlias, Credentials, FieldPath, UserKey};
use crate::vault::KeyChoice;

/// Names one request, so that its outcome can be told apart from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// An id that this process has not used before.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A command on its way to the worker.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Comes back in the events that the command causes.
    pub id: RequestId,
    /// What to do.
    pub command: Command,
}

/// What the worker can do. Each one ends in an [`Event`](super::Event) that carries the request's id.
#[derive(Debug, Clone)]
pub enum Command {
    /// Open the vault with the key that a person chose.
    OpenVault(KeyChoice),
    /// Make an App known, or replace its address; its sessions are kept alive from then on.
    AddApp(App),
    /// Log a user in. A user who is already known gets a new session in place of the old one.
    LogIn {
        /// The App.
        app: AppAlias,
        /// The credentials.
        credentials: Credentials,
    },
    /// Create an e-mail/password account, and log it in.
    Register {
        /// The App.
        app: AppAlias,
        /// The address.
        email: String,
        /// The password.
        password: SecretString,
    },
    /// Add an identity to a user. With `register`, the e-mail/password account is created first.
    Link {
        /// The user to extend.
        user: UserKey,
        /// The credentials of the new identity.
        credentials: Credentials,
        /// Whether the account has to be registered first.
        register: bool,
    },
    /// Renew the access token now.
    Refresh {
        /// The user.
        user: UserKey,
    },
    /// Make a user the current one of its App.
    MakeCurrent {
        /// The user.
        user: UserKey,
    },
    /// End the session; the user stays known on this device.
    LogOut {
        /// The user.
        user: UserKey,
    },
    /// Log out and forget the user on this device. The account lives on.
    Remove {
        /// The user.
        user: UserKey,
    },
    /// Delete the account at the server, and forget the user.
    Delete {
        /// The user.
        user: UserKey,
    },
    /// Write one field of the custom data, then renew the token so that it shows.
    SetCustomData {
        /// The user.
        user: UserKey,
        /// The field.
        path: FieldPath,
        /// Its new value.
        value: Bson,
    },
    /// Remove one field of the custom data, then renew the token so that it shows.
    UnsetCustomData {
        /// The user.
        user: UserKey,
        /// The field.
        path: FieldPath,
    },
}
