//! The session engine: one task that owns every session.
//!
//! Operations go in; [`Event`]s and a [`Snapshot`] come out. The terminal interface and the command line know nothing else
//! of the engine.

pub mod engine;
pub mod event;
mod failure;
mod find;
pub mod handle;
pub mod snapshot;
mod timeline;

pub use engine::operation::{AnyOperation, Envelope, Operation, RequestId};
pub use engine::operations::*;
pub use engine::{Connect, Renewals, Setup, start};
pub use event::{Done, Event, EventKind, Outcome, Subject};
pub use failure::{Failure, FailureKind};
pub use find::{FindError, find_user};
pub use handle::{SendError, SessionHandle};
pub use snapshot::{
    AppView, ClockView, LastRefresh, LocalView, Snapshot, SourceView, TokenView, UserView, VaultStatus,
};

pub use crate::vault::{Finding, VaultError, examine as examine_vault, lock as lock_vault};
pub use crate::vault::{KeyChoice, KeySource, RecordName, RefreshOutcome, SetAside, TimelineEntry};
