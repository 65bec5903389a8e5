//! The keys of the terminal, which another program may have for a while.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use crossterm::event::{self, Event, EventStream};
use futures_util::Stream;

/// How long is looked for what came together with an input. With no time at all crossterm does not look
/// (crossterm-rs/crossterm#839).
const GLANCE: Duration = Duration::from_micros(10);

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
    /// Whether there may be more beside the input that was handed out last.
    more: bool,
}

impl Console {
    /// The terminal's keys, and the mouse where it is listened to. `lent` is set while somebody else has the terminal.
    pub fn new(lent: Arc<AtomicBool>, mouse: bool) -> Self {
        Self { keys: Some(EventStream::new()), lent, mouse, more: false }
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
        let more = std::mem::take(&mut self.more);
        // Whoever takes the terminal back asks anew.
        let Some(keys) = &mut self.keys else { return Poll::Pending };
        if more {
            // What it finds is queued for the stream, which would look for it on its thread, one input a time.
            event::poll(GLANCE)?;
        }
        let input = Pin::new(keys).poll_next(context);
        self.more = input.is_ready();
        input
    }
}
