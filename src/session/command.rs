//! What the worker can be asked to do. Every command names its app or user; none means "the current one".

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bson::Bson;
use secrecy::SecretString;

use crate::account::{
    ApiKeyAction, App, AppAlias, ClockChange, Credentials, DataEdit, EmailAction, FieldPath, Provider,
    UserKey,
};
use crate::vault::{KeyChoice, RecordName};

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
    /// Make an App known, and remember it for the next start. A control token that is given is tried first.
    KeepApp(App),
    /// Change an App that is kept. A control token that is given is tried first. Without a way to its control API the former one stays, unless the App has moved; an App
    /// with users does not move, since their tokens are for its address alone.
    EditApp(App),
    /// Let an App name another host as where it is served. Kept with the App.
    AcceptHost {
        /// The App.
        app: AppAlias,
        /// Host, and port where it is not the scheme's own, as the App names them.
        host: String,
    },
    /// Forget an App that was kept, with all its users on this device.
    ForgetApp {
        /// The App.
        app: AppAlias,
    },
    /// Close the vault: keys and tokens leave the memory of every idmux process until it is opened again.
    Lock,
    /// Forget that records of the vault are lost.
    ForgetLost(Vec<RecordName>),
    /// Log a user in. A user who is already known gets a new session in place of the old one.
    LogIn {
        /// The App.
        app: AppAlias,
        /// The credentials.
        credentials: Credentials,
    },
    /// Log a user in by the pages of an identity provider: [`EventKind::BrowserNeeded`](super::EventKind::BrowserNeeded)
    /// says where a browser has to go.
    LogInWithBrowser {
        /// The App.
        app: AppAlias,
        /// Google, Facebook or Apple.
        provider: Provider,
    },
    /// Add an identity to a user in the same way.
    LinkWithBrowser {
        /// The user to extend.
        user: UserKey,
        /// Google, Facebook or Apple.
        provider: Provider,
    },
    /// Take the address that a browser ended at, where it did not find the way back by itself: it runs elsewhere.
    BrowserEndedAt {
        /// The request that sent it away.
        request: RequestId,
        /// The address, with the tokens in it.
        address: SecretString,
    },
    /// The App's active anonymous user, if it has one, else a new one.
    ReuseAnonymous {
        /// The App.
        app: AppAlias,
    },
    /// Give a log-in or a registration up that is on its way. A session that comes of it is ended at the server at once.
    /// A link is given up while a browser is away for it.
    CancelLogIn {
        /// The request that asked for it.
        request: RequestId,
    },
    /// An access token that is valid for a while, renewed once if need be.
    Token {
        /// The user.
        user: UserKey,
        /// How long it has to be valid.
        min_ttl: Duration,
    },
    /// The refresh token: whoever has it can go on with the session.
    RefreshToken {
        /// The user.
        user: UserKey,
    },
    /// What happened to a user.
    ReadTimeline {
        /// The user.
        user: UserKey,
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
    /// Read the custom data at its source, which may be newer than the access token's copy.
    ReadCustomData {
        /// The user.
        user: UserKey,
    },
    /// Make a person's changes to the custom data, unless somebody else was faster; then renew the token so that they
    /// show.
    EditCustomData {
        /// The user.
        user: UserKey,
        /// The changes, and what they began from.
        edit: DataEdit,
    },
    /// Do something about an e-mail/password account without a session.
    EmailAction {
        /// The App.
        app: AppAlias,
        /// What to do.
        action: EmailAction,
    },
    /// Do something with a user's API keys; the list of them is read again after it.
    ApiKeys {
        /// The user.
        user: UserKey,
        /// What to do.
        action: ApiKeyAction,
    },
    /// Look after a local App.
    Local {
        /// The App.
        app: AppAlias,
        /// What to do.
        action: LocalAction,
    },
}

/// What whoever looks after a local App may do to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalAction {
    /// Ask what it offers.
    ReadAbout,
    /// Read its clock.
    ReadClock,
    /// Move, stop or reset its clock.
    ChangeClock(ClockChange),
    /// Read its mailbox.
    ReadMails,
    /// Confirm the registration that a mail is about.
    ConfirmMail(i64),
    /// Empty its mailbox.
    ClearMails,
}

impl LocalAction {
    /// What is tried, for a person.
    pub fn action(self) -> &'static str {
        match self {
            Self::ReadAbout => "ask what the App offers",
            Self::ReadClock => "read the App's clock",
            Self::ChangeClock(_) => "change the App's clock",
            Self::ReadMails => "read the mailbox",
            Self::ConfirmMail(_) => "confirm the registration",
            Self::ClearMails => "empty the mailbox",
        }
    }
}
