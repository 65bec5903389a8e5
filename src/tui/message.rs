//! What the model is told.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use ratatui::layout::Size;
use zeroize::Zeroizing;

use super::effect::DialogId;
use super::keymap::Action;
use super::theme::Background;
use crate::session::{Event, RequestId, SendError, Snapshot};

/// One thing that the model is told. It may carry a pasted password, so it does not print.
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Something is asked for by its name.
    Act(Action),
    /// The mouse did something.
    Mouse {
        /// What, and where.
        event: MouseEvent,
        /// When, to the millisecond: two clicks are one if they follow each other at once.
        at: Timestamp,
    },
    /// Text was pasted.
    Paste(Zeroizing<String>),
    /// The screen has this size.
    Resize(Size),
    /// The terminal said what is behind the text.
    Background(Background),
    /// It is this late.
    Now(Timestamp),
    /// Nothing has asked for [`Effect::Rest`](super::effect::Effect::Rest) for a moment.
    Rested,
    /// The worker's newest state.
    Snapshot(Arc<Snapshot>),
    /// Something happened in the worker.
    Event(Event),
    /// A command was handed to the worker, or was not taken.
    Sent {
        /// The dialog that asked for it.
        dialog: Option<DialogId>,
        /// The request's id.
        result: Result<RequestId, SendError>,
    },
    /// The person's editor has ended.
    Edited {
        /// The dialog that asked for it.
        dialog: DialogId,
        /// What the person left in the file, or why there is nothing.
        result: Result<String, String>,
    },
    /// Something was handed to the clipboard.
    Copied {
        /// What it is called.
        name: String,
        /// Whether it was written to the terminal, which may take it or not, and does not say.
        terminal: bool,
        /// The program of the machine that took it, if one did.
        tool: Option<&'static str>,
    },
    /// The worker has stopped.
    WorkerStopped,
}
