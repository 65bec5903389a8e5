//! What happened, for the activity line, the log, and whoever waits for a request.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Failure, RequestId};
use crate::account::{AppAlias, BrowserAddress, EndReason, Severity, UserKey};

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
    /// An operation came to its end.
    Done(Done),
    /// An operation failed; nothing was lost.
    Failed(Failure),
    /// A vault record could not be read and was set aside; all others live on.
    RecordSetAside {
        /// What is wrong with it.
        why: String,
    },
    /// An account was created; the log-in follows.
    Registered,
    /// A person has to go on in a browser. The request ends when the browser is back.
    BrowserNeeded {
        /// Where it has to go.
        address: BrowserAddress,
        /// Until when it is waited for.
        until: Timestamp,
    },
    /// Another idmux process changed this user.
    ChangedElsewhere,
    /// The server refused the access token; it is refreshed, and the request repeated, once.
    AccessRefused {
        /// What was asked for.
        action: &'static str,
    },
    /// A refresh did not get through; it will be tried again.
    RefreshPostponed {
        /// What went wrong.
        cause: String,
        /// When the next try starts; `None` when only a person can start one.
        retry_at: Option<Timestamp>,
    },
    /// The session is over; the user has to log in again.
    LogInRequired(EndReason),
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
    /// An answer came too late to count and was dropped.
    AnswerDropped {
        /// What the answer was to.
        what: String,
    },
}

/// What came of an operation: the typed answer to whoever asked, and what is told of it to everybody else.
pub trait Outcome: Any + fmt::Debug + Send + Sync {
    /// What happened, in words for a person, without whom it concerns.
    fn sentence(&self) -> String;

    /// How it is shown.
    fn severity(&self) -> Severity {
        Severity::Plain
    }

    /// What the user's timeline says of it: what happened, and the rule that decided. `None` where nothing happened to
    /// the user.
    fn timeline(&self) -> Option<(String, &'static str)> {
        None
    }

    /// Whether it only answers a question. Whoever asked sees the answer; activity and log leave it out.
    fn is_answer(&self) -> bool {
        false
    }
}

/// An outcome of any kind.
#[derive(Debug, Clone)]
pub struct Done(Arc<dyn Outcome>);

impl Done {
    /// The outcome as everybody may see it.
    pub fn outcome(&self) -> &dyn Outcome {
        &*self.0
    }

    /// The outcome to keep, if it is one of this type.
    pub fn into_answer<T: Outcome>(self) -> Option<Arc<T>> {
        (self.0 as Arc<dyn Any + Send + Sync>).downcast().ok()
    }
}

/// Outcomes are equal when they look the same; secrets look like their fingerprints.
impl PartialEq for Done {
    fn eq(&self, other: &Self) -> bool {
        format!("{:?}", self.0) == format!("{:?}", other.0)
    }
}

impl<T: Outcome> From<T> for EventKind {
    fn from(outcome: T) -> Self {
        Self::Done(Done(Arc::new(outcome)))
    }
}

impl From<Failure> for EventKind {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl EventKind {
    /// The outcome of an operation, if it is one of this type.
    pub fn outcome<T: Outcome>(&self) -> Option<&T> {
        let Self::Done(Done(outcome)) = self else { return None };
        (&**outcome as &dyn Any).downcast_ref()
    }

    /// Whether it is an outcome of this type.
    pub fn is<T: Outcome>(&self) -> bool {
        self.outcome::<T>().is_some()
    }
}
