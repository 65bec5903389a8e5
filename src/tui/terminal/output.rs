//! Standard output without a memory. The one of the standard library keeps what it wrote until it writes more, and that may be
//! a token that a person copied, or a key that was shown: it would outlive the lock.

use std::fmt;
#[cfg(unix)]
use std::fs::File;
use std::io::{self, Write};
#[cfg(unix)]
use std::os::fd::AsFd;

use zeroize::{Zeroize, Zeroizing};

/// Room for a whole frame, so that it reaches the terminal in one write.
const FRAME: usize = 64 * 1024;

/// Writes what it was given when it is flushed, and wipes it.
pub struct Output {
    buffer: Zeroizing<Vec<u8>>,
    #[cfg(unix)]
    to: File,
    #[cfg(not(unix))]
    to: io::Stdout,
}

impl Output {
    /// To standard output, after what is there already.
    pub fn new() -> io::Result<Self> {
        let mut stdout = io::stdout().lock();
        stdout.flush()?;
        Ok(Self {
            buffer: Zeroizing::new(Vec::with_capacity(FRAME)),
            #[cfg(unix)]
            to: stdout.as_fd().try_clone_to_owned()?.into(),
            #[cfg(not(unix))]
            to: io::stdout(),
        })
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > FRAME {
            self.flush()?;
        }
        // It never grows: what it outgrew would be another copy.
        let taken = bytes.len().min(FRAME);
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.to.write_all(&self.buffer).and_then(|()| self.to.flush());
        self.buffer.as_mut_slice().zeroize();
        self.buffer.clear();
        written
    }
}
