//! A program in a pseudo-terminal of 120x40, with the moment at which each piece of its output came.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const SIZE: PtySize = PtySize { cols: 120, rows: 40, pixel_width: 0, pixel_height: 0 };
/// Longer than the gaps within a start, shorter than the second of a countdown.
const QUIET: Duration = Duration::from_millis(400);
/// A program that does not come to this point in time never will.
const PATIENCE: Duration = Duration::from_secs(120);
/// The end of a frame, where a program says it.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// The program. It is ended when dropped.
pub struct Program {
    started: Instant,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<(Instant, Vec<u8>)>,
    screen: vt100::Parser,
    writes: usize,
    bytes: usize,
    frames: usize,
    /// When the newest piece came.
    last: Instant,
    _master: Box<dyn MasterPty + Send>,
}

impl Program {
    pub fn start(mut command: CommandBuilder) -> Self {
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        let pair = native_pty_system().openpty(SIZE).expect("a pseudo-terminal");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (pieces, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if pieces.send((Instant::now(), buffer[..count].to_vec())).is_err() {
                    break;
                }
            }
        });
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let keys = pair.master.take_writer().expect("a writer");
        let screen = vt100::Parser::new(
            SIZE.rows.try_into().expect("it has rows"),
            SIZE.cols.try_into().expect("it has columns"),
            0,
        );
        let (writes, bytes, frames) = (0, 0, 0);
        let last = started;
        Self { started, child, keys, output, screen, writes, bytes, frames, last, _master: pair.master }
    }

    pub fn id(&self) -> u32 {
        self.child.process_id().expect("the program runs")
    }

    /// Pieces and bytes that were written so far.
    pub fn written(&self) -> (usize, usize) {
        (self.writes, self.bytes)
    }

    /// Takes the next piece in; whether there was one within that time.
    fn take(&mut self, within: Duration) -> bool {
        match self.output.recv_timeout(within) {
            Ok((at, piece)) => {
                self.screen.process(&piece);
                self.writes += 1;
                self.bytes += piece.len();
                self.frames += piece.windows(FRAME_END.len()).filter(|bytes| *bytes == FRAME_END).count();
                self.last = at;
                true
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the program has ended:\n{}", self.screen.screen().contents())
            }
        }
    }

    fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !wanted(self) {
            self.take(Duration::from_millis(100));
            assert!(Instant::now() < end, "{what} never came:\n{}", self.screen.screen().contents());
        }
    }

    /// From the start until the screen shows `text`.
    pub fn shows(mut self, text: &str) -> Duration {
        self.until(text, |program| program.screen.screen().contents().contains(text));
        self.last - self.started
    }

    /// From the start until the last piece of the screen that shows `text`.
    pub fn settled(mut self, text: &str) -> Duration {
        self.settle(text);
        self.last - self.started
    }

    /// Waits until the screen shows `text`, and nothing more comes.
    pub fn settle(&mut self, text: &str) {
        self.until(text, |program| program.screen.screen().contents().contains(text));
        while self.take(QUIET) {}
    }

    /// From a key to the end of the frame that answers it.
    pub fn answers(&mut self, key: &str) -> Duration {
        // What comes by itself, a second that is over, is not taken for the answer.
        while self.take(Duration::from_millis(20)) {}
        let (writes, frames, says_end) = (self.writes, self.frames, self.frames > 0);
        let pressed = Instant::now();
        self.keys.write_all(key.as_bytes()).expect("the program reads");
        self.keys.flush().expect("the program reads");
        self.until("the answer to a key", |program| {
            if says_end { program.frames > frames } else { program.writes > writes }
        });
        self.last - pressed
    }

    /// Lets time pass, and takes in what comes.
    pub fn wait(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.take(left);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
