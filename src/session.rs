//! The session worker: one task that owns every session.
//!
//! [`Command`]s go in; [`Event`]s and a [`Snapshot`] come out. Those three modules are the public face: the terminal
//! interface and the command line know nothing else of the engine.

pub mod command;
pub mod event;
mod failure;
mod find;
pub mod handle;
mod operation;
mod outbox;
mod retry;
mod roster;
mod schedule;
mod skew;
pub mod snapshot;
mod timeline;
mod user_session;
mod worker;

pub use command::{Command, Envelope, LocalAction, RequestId};
pub use event::{Event, EventKind, Failure, FailureKind, Subject};
pub use find::{FindError, find_user};
pub use handle::{SendError, SessionHandle};
pub use operation::READ_SOURCE;
pub use snapshot::{
    AppView, ClockView, LastRefresh, LocalView, Snapshot, SourceView, TokenView, UserView, VaultStatus,
};
pub use timeline::{READ_TIMELINE, RENEW_ACCESS_TOKEN};
pub use worker::{Connect, Renewals, Setup, start};

pub use crate::vault::{Finding, VaultError, examine as examine_vault, lock as lock_vault};
pub use crate::vault::{KeyChoice, KeySource, RecordName, RefreshOutcome, SetAside, Standing, TimelineEntry};
