//! The keys of the terminal, which another program may have for a while.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crossterm::cursor;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event, EventStream};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
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
}

impl Console {
    /// The terminal's keys. `lent` is set while somebody else has the terminal.
    pub fn new(lent: Arc<AtomicBool>) -> Self {
        Self { keys: Some(EventStream::new()), lent }
    }
}

impl Lend for Console {
    fn lend(&mut self) -> io::Result<()> {
        self.lent.store(true, Ordering::SeqCst);
        self.keys = None;
        execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, cursor::Show)?;
        disable_raw_mode()
    }

    fn take_back(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
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
