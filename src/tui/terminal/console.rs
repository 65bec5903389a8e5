//! What comes from the process's own terminal, which another program may have for a while.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// The terminal of the process.
#[derive(Debug)]
pub struct Console {
    keys: keys::Keys,
    lent: Arc<AtomicBool>,
    mouse: bool,
}

impl Console {
    /// The terminal's keys, and the mouse where it is listened to. `lent` is set while somebody else has the terminal.
    ///
    /// # Errors
    /// When the terminal cannot be waited for.
    pub fn new(lent: Arc<AtomicBool>, mouse: bool) -> io::Result<Self> {
        Ok(Self { keys: keys::Keys::new()?, lent, mouse })
    }
}

impl Lend for Console {
    fn lend(&mut self) -> io::Result<()> {
        self.lent.store(true, Ordering::SeqCst);
        self.keys.stop();
        super::leave()
    }

    fn take_back(&mut self) -> io::Result<()> {
        super::enter(self.mouse)?;
        self.keys.start()?;
        self.lent.store(false, Ordering::SeqCst);
        Ok(())
    }
}

/// Bytes are read and parsed here. crossterm's own reader takes a lone ESC for a key at once, and what follows it for more
/// keys, whenever a sequence comes in two parts.
#[cfg(unix)]
mod keys {
    use std::collections::VecDeque;
    use std::fmt;
    use std::future::Future;
    use std::io::{self, ErrorKind, Stdin};
    use std::os::fd::AsRawFd;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};
    use std::time::Duration;

    use filedescriptor::{POLLIN, poll, pollfd};
    use futures_util::Stream;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    use tokio::signal::unix::{Signal, SignalKind, signal};
    use tokio::time::{Sleep, sleep};
    use zeroize::{Zeroize, Zeroizing};

    use super::Console;
    use crate::tui::terminal::input::{Input, Parser, Patience};

    /// Bytes that are read at once.
    const CHUNK: usize = 4096;

    /// Standard input, which is a terminal. Others share its file description, so it cannot be made not to block: it is
    /// asked each time whether there is something.
    pub struct Keys {
        /// `None` while somebody else reads it.
        terminal: Option<AsyncFd<Stdin>>,
        sizes: Signal,
        parser: Parser,
        /// What was read and not handed out yet.
        inputs: VecDeque<Input>,
        /// When the sequence that has begun is over without another byte.
        silence: Option<Pin<Box<Sleep>>>,
        buffer: Zeroizing<Vec<u8>>,
    }

    impl Keys {
        pub fn new() -> io::Result<Self> {
            let sizes = signal(SignalKind::window_change())?;
            let mut keys = Self {
                terminal: None,
                sizes,
                parser: Parser::new(Patience::of_environment()),
                inputs: VecDeque::new(),
                silence: None,
                buffer: Zeroizing::new(vec![0; CHUNK]),
            };
            keys.start()?;
            Ok(keys)
        }

        // Its successor asks in unsafe code for a promise that the descriptor is not closed meanwhile. Standard input is not.
        #[expect(deprecated)]
        pub fn start(&mut self) -> io::Result<()> {
            self.terminal = Some(AsyncFd::with_interest(io::stdin(), Interest::READABLE)?);
            Ok(())
        }

        /// What was read stays to be handed out. The rest of a sequence goes to whoever reads now.
        pub fn stop(&mut self) {
            self.terminal = None;
            self.silence = None;
            self.parser = Parser::new(Patience::of_environment());
        }

        /// Reads what is there; `false` at the end of the input.
        fn read(&mut self) -> io::Result<bool> {
            let count = match rustix::io::read(io::stdin(), self.buffer.as_mut_slice()) {
                Ok(count) => count,
                Err(rustix::io::Errno::INTR) => return Ok(true),
                Err(error) => return Err(error.into()),
            };
            let bytes = &mut self.buffer[..count];
            self.parser.feed(bytes, &mut self.inputs);
            // It may have been a password.
            bytes.zeroize();
            self.silence = self.parser.patience().map(|patience| Box::pin(sleep(patience)));
            Ok(count > 0)
        }
    }

    impl Stream for Console {
        type Item = io::Result<Input>;

        fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            let keys = &mut self.keys;
            if keys.sizes.poll_recv(context).is_ready() {
                return Poll::Ready(Some(Ok(Input::Resize)));
            }
            loop {
                if let Some(input) = keys.inputs.pop_front() {
                    return Poll::Ready(Some(Ok(input)));
                }
                // Whoever takes the terminal back asks anew.
                let Some(terminal) = &keys.terminal else { return Poll::Pending };
                if let Poll::Ready(guard) = terminal.poll_read_ready(context) {
                    let mut guard = guard?;
                    if !has_bytes()? {
                        guard.clear_ready();
                    } else if !keys.read()? {
                        return Poll::Ready(None);
                    }
                    continue;
                }
                let Some(silence) = &mut keys.silence else { return Poll::Pending };
                ready!(silence.as_mut().poll(context));
                // A busy machine may tell the time before it tells what came in that time.
                if has_bytes()? {
                    if !keys.read()? {
                        return Poll::Ready(None);
                    }
                } else {
                    keys.parser.silence(&mut keys.inputs);
                    keys.silence = None;
                }
            }
        }
    }

    /// Whether a read would not wait: there are bytes, or the terminal is gone.
    fn has_bytes() -> io::Result<bool> {
        let mut asked = [pollfd { fd: io::stdin().as_raw_fd(), events: POLLIN, revents: 0 }];
        match poll(&mut asked, Some(Duration::ZERO)) {
            Ok(_) => Ok(asked[0].revents != 0),
            Err(filedescriptor::Error::Poll(error)) if error.kind() == ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    impl fmt::Debug for Keys {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Keys(…)")
        }
    }
}

/// The console tells keys, and no bytes.
#[cfg(not(unix))]
mod keys {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use crossterm::event::{Event, EventStream};
    use futures_util::Stream;
    use zeroize::Zeroizing;

    use super::Console;
    use crate::tui::terminal::input::Input;

    /// Its thread reads the terminal, so it has to go while somebody else does.
    #[derive(Debug)]
    pub struct Keys(Option<EventStream>);

    impl Keys {
        pub fn new() -> io::Result<Self> {
            Ok(Self(Some(EventStream::new())))
        }

        pub fn start(&mut self) -> io::Result<()> {
            self.0 = Some(EventStream::new());
            Ok(())
        }

        pub fn stop(&mut self) {
            self.0 = None;
        }
    }

    impl Stream for Console {
        type Item = io::Result<Input>;

        fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            loop {
                let Some(keys) = &mut self.keys.0 else { return Poll::Pending };
                let event = ready!(Pin::new(keys).poll_next(context));
                return Poll::Ready(match event {
                    Some(Ok(Event::Key(key))) => Some(Ok(Input::Key(key))),
                    Some(Ok(Event::Mouse(event))) => Some(Ok(Input::Mouse(event))),
                    Some(Ok(Event::Paste(text))) => Some(Ok(Input::Paste(Zeroizing::new(text)))),
                    Some(Ok(Event::Resize(..))) => Some(Ok(Input::Resize)),
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => Some(Err(error)),
                    None => None,
                });
            }
        }
    }
}
