//! The keys of the terminal, which another program may have for a while.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crossterm::event::{Event, EventStream};
use futures_util::Stream;

/// A terminal that can be lent.
pub trait Lend {
    /// Gives the terminal away: as it was found, and with nobody reading its keys.
    ///
    /// # Errors
    /// When the terminal refuses.
    fn lend(&mut self) -> io::Result<()>;

    /// Takes it back. What the screen shows is anybody's guess then.
    ///
    /// # Errors
    /// When the terminal refuses.
    fn take_back(&mut self) -> io::Result<()>;
}

/// The keys of the process's own terminal.
#[derive(Debug)]
pub struct Console {
    /// Its thread reads the terminal, so it has to go while somebody else does.
    keys: Option<EventStream>,
    lent: Arc<AtomicBool>,
    mouse: bool,
}

impl Console {
    /// The terminal's keys, and the mouse where it is listened to. `lent` is set while somebody else has the terminal.
    pub fn new(lent: Arc<AtomicBool>, mouse: bool) -> Self {
        Self { keys: Some(EventStream::new()), lent, mouse }
    }
}

impl Lend for Console {
    fn lend(&mut self) -> io::Result<()> {
        self.lent.store(true, Ordering::SeqCst);
        self.keys = None;
        super::leave()
    }

    fn take_back(&mut self) -> io::Result<()> {
        super::enter(self.mouse)?;
        self.keys = Some(EventStream::new());
        self.lent.store(false, Ordering::SeqCst);
        Ok(())
    }
}

impl Stream for Console {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.keys {
            Some(keys) => Pin::new(keys).poll_next(context),
            // Whoever takes the terminal back asks anew.
            None => Poll::Pending,
        }
    }
}
