//! What the model asks the event loop to do.

use secrecy::SecretString;

use crate::account::BrowserAddress;
use crate::session::AnyOperation;

/// Names one opening of a dialog, so that an answer finds it, or finds that it is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DialogId(u64);

impl DialogId {
    /// The id after this one.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One thing to do outside of the model.
#[derive(Debug)]
pub enum Effect {
    /// Hand an operation to the worker, and report back with [`Message::Sent`](super::message::Message::Sent).
    Send {
        /// The operation.
        operation: AnyOperation,
        /// The dialog that waits for its outcome.
        dialog: Option<DialogId>,
    },
    /// Hand something to the clipboard, and report back with [`Message::Copied`](super::message::Message::Copied).
    Copy {
        /// What.
        text: SecretString,
        /// What it is called.
        name: String,
    },
    /// Open an address in the person's browser, if there is one.
    OpenBrowser(BrowserAddress),
    /// Have a text edited in the person's editor, and report back with
    /// [`Message::Edited`](super::message::Message::Edited).
    Edit {
        /// The dialog that waits for it.
        dialog: DialogId,
        /// The text.
        text: String,
    },
    /// Report back with [`Message::Rested`](super::message::Message::Rested): at once after a single move, and when nothing
    /// has asked for this for a moment after many.
    Rest,
    /// Draw every cell anew, whatever the terminal shows.
    Repaint,
    /// Stop the program until the shell lets it go on.
    Suspend,
    /// Tell a person who looks elsewhere that something needs them. The words may be from a server.
    Notify(String),
    /// End the program.
    Quit,
}
