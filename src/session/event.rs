//! What happened, for the activity line, the log, and whoever waits for a request.

use std::sync::Arc;

use bson::Document;
use jiff::{SignedDuration, Timestamp};

use super::{KeySource, RequestId, TimelineEntry};
use crate::account::{
    About, AccessToken, ApiKey, AppAlias, AppClock, BrowserAddress, EmailActionDone, EndReason, FieldPath,
    Mail, NewApiKey, Provider, RefreshToken, UserKey,
};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The request that caused it, if one did.
    pub request: Option<RequestId>,
    /// Whom it concerns.
    pub subject: Subject,
    /// What happened.
    pub kind: EventKind,
}

/// Whom an event concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// No app and no user: the vault, the worker.
    Device,
    /// An App, or somebody who is not a user of it yet.
    App {
        /// The App.
        app: AppAlias,
        /// Who, as far as it is known: an e-mail address, "an anonymous user".
        who: Option<String>,
    },
    /// A user.
    User {
        /// The user.
        key: UserKey,
        /// What the user is called.
        label: String,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// The vault is open, with `users` users in it.
    VaultOpened {
        /// Where its key comes from.
        key: KeySource,
        /// How many users it holds.
        users: usize,
    },
    /// A vault record could not be read and was set aside; all others live on.
    RecordSetAside {
        /// What is wrong with it.
        why: String,
    },
    /// Lost records are not named any more.
    LossesForgotten,
    /// An App is known.
    AppAdded,
    /// An App was changed on this device.
    AppChanged,
    /// An App is forgotten on this device.
    AppForgotten,
    /// The vault is closed; keys and tokens are gone from memory.
    Locked,
    /// Another idmux process changed this user.
    ChangedElsewhere,
    /// The server refused the access token; it is renewed, and the request repeated, once.
    AccessRefused {
        /// What was asked for.
        action: &'static str,
    },
    /// This machine's clock jumped, or it slept; every session was looked at again.
    ClockJumped {
        /// How far, in either direction.
        by: SignedDuration,
    },
    /// The server's clock differs from this machine's; lifetimes are corrected by the difference.
    SkewLearnt {
        /// How far the server is ahead.
        by: SignedDuration,
    },
    /// The access token that was asked for.
    Token {
        /// The token.
        access: AccessToken,
        /// When it expires, by this machine's clock.
        expires: Option<Timestamp>,
    },
    /// The refresh token that was asked for.
    RefreshToken(RefreshToken),
    /// What happened to the user, oldest first.
    Timeline(Vec<TimelineEntry>),
    /// An account was created.
    Registered,
    /// An account was created, and has to be confirmed before its first log-in.
    ConfirmationPending,
    /// Something was done about an e-mail/password account.
    EmailActionDone(EmailActionDone),
    /// The user's API keys.
    ApiKeysRead(Arc<[ApiKey]>),
    /// An API key was made. This is the only time that its secret is told.
    ApiKeyCreated(NewApiKey),
    /// One can log in with an API key again.
    ApiKeyEnabled {
        /// Its name.
        name: String,
    },
    /// One cannot log in with an API key any more.
    ApiKeyDisabled {
        /// Its name.
        name: String,
    },
    /// An API key is gone.
    ApiKeyDeleted {
        /// Its name.
        name: String,
    },
    /// What a local App offers.
    AboutRead(About),
    /// The clock of a local App.
    ClockRead(AppClock),
    /// The clock of a local App was moved, stopped or reset.
    ClockChanged(AppClock),
    /// The mailbox of a local App, newest first.
    MailsRead(Arc<[Mail]>),
    /// A registration was confirmed by its mail.
    MailConfirmed {
        /// The address.
        email: String,
    },
    /// The mailbox of a local App was emptied.
    MailsCleared,
    /// A person has to go on in a browser. The request ends when the browser is back.
    BrowserNeeded {
        /// Where it has to go.
        address: BrowserAddress,
        /// Until when it is waited for.
        until: Timestamp,
    },
    /// The address that a browser ended at was taken.
    BrowserCameBack,
    /// A session began, and is durable.
    LoggedIn {
        /// Whether a session of the same user was replaced.
        replaced: bool,
    },
    /// An identity was added.
    Linked {
        /// Its provider.
        provider: Provider,
    },
    /// The access token was renewed.
    Refreshed,
    /// A renewal did not get through; it will be tried again.
    RefreshPostponed {
        /// What went wrong.
        cause: String,
        /// When the next try starts; `None` when only a person can start one.
        retry_at: Option<Timestamp>,
    },
    /// The session is over; the user has to log in again.
    LogInRequired(EndReason),
    /// The user is the current one of its App.
    MadeCurrent,
    /// The session was ended by the person.
    LoggedOut,
    /// The user is forgotten on this device.
    Removed,
    /// The account is gone at the server.
    Deleted,
    /// A field of the custom data was written.
    CustomDataSet {
        /// The field.
        path: FieldPath,
    },
    /// A field of the custom data was removed.
    CustomDataUnset {
        /// The field.
        path: FieldPath,
    },
    /// Several fields of the custom data were written or removed.
    CustomDataWritten {
        /// How many.
        fields: usize,
    },
    /// The custom data at its source; `None` where the user has none.
    CustomDataRead(Option<Document>),
    /// Somebody else changed the custom data meanwhile, and nothing was written.
    CustomDataConflict {
        /// What is there now.
        theirs: Option<Document>,
    },
    /// An answer came too late to count and was dropped.
    AnswerDropped {
        /// What the answer was to.
        what: String,
    },
    /// A log-in was given up before its answer came.
    Cancelled,
    /// A request failed; nothing was lost.
    Failed(Failure),
}

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
