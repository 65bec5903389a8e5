//! The real binary in a pseudo-terminal, and what its screen shows.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long a test waits for something to appear. Generous: machines are shared, and nothing here measures time.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program in a terminal.
pub struct Terminal {
    output: Arc<Mutex<Output>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

/// What the program wrote.
struct Output {
    screen: vt100::Parser,
    /// What a person sees: the screen without half of an update.
    seen: String,
    raw: Vec<u8>,
    closed: bool,
}

/// Around what a terminal shows at once, or not at all.
const UPDATE: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

impl Output {
    fn new(size: Size) -> Self {
        Self { screen: size.parser(), seen: String::new(), raw: Vec::new(), closed: false }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.extend_from_slice(bytes);
        let newest = |mark: &[u8]| self.raw.windows(mark.len()).rposition(|window| window == mark);
        if newest(UPDATE.0) <= newest(UPDATE.1) {
            self.seen = self.screen.screen().contents();
        }
    }

    fn close(&mut self) {
        self.seen = self.screen.screen().contents();
        self.closed = true;
    }
}

/// Columns and rows.
#[derive(Debug, Clone, Copy)]
pub struct Size(pub u16, pub u16);

impl Size {
    fn pty(self) -> PtySize {
        PtySize { cols: self.0, rows: self.1, pixel_width: 0, pixel_height: 0 }
    }

    fn parser(self) -> vt100::Parser {
        let side = |length| NonZeroU16::new(length).expect("a terminal has room");
        vt100::Parser::new(side(self.1), side(self.0), 0)
    }
}

impl Terminal {
    /// Starts `idmux` with its files under `home`, on a machine without keyring.
    pub fn idmux(home: &Path, args: &[&str], size: Size) -> Self {
        Self::idmux_with(home, args, size, &[])
    }

    /// Starts `idmux` with further environment variables.
    pub fn idmux_with(home: &Path, args: &[&str], size: Size, variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_idmux"));
        command.args(args);
        Self::start(command, home, size, variables)
    }

    /// Starts `command` in the same surroundings.
    pub fn start(mut command: CommandBuilder, home: &Path, size: Size, variables: &[(&str, &str)]) -> Self {
        for (name, value) in [
            ("IDMUX_HOME", home.as_os_str()),
            ("HOME", home.as_os_str()),
            ("TERM", "xterm-256color".as_ref()),
            ("COLORTERM", "truecolor".as_ref()),
            ("NO_PROXY", "127.0.0.1,localhost".as_ref()),
            // No keyring unless the test brings one.
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus".as_ref()),
        ] {
            command.env(name, value);
        }
        for name in [
            "NO_COLOR",
            "IDMUX_LOG",
            "IDMUX_PASSPHRASE",
            "IDMUX_KEY_FILE",
            "IDMUX_CONTROL_TOKEN",
            // A test leaves the clipboard of whoever runs it alone.
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "http_proxy",
            "HTTP_PROXY",
        ] {
            command.env_remove(name);
        }
        for (name, value) in variables {
            command.env(name, value);
        }

        let pair = native_pty_system().openpty(size.pty()).expect("a pseudo-terminal");
        let child = pair.slave.spawn_command(command).expect("the program starts");
        // Otherwise the reader never sees the end.
        drop(pair.slave);
        let output = Arc::new(Mutex::new(Output::new(size)));
        let (shared, mut reader) = (Arc::clone(&output), pair.master.try_clone_reader().expect("a reader"));
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                lock(&shared).take(&buffer[..count]);
            }
            lock(&shared).close();
        });
        let keys = pair.master.take_writer().expect("a writer");
        Self { output, keys, child, master: pair.master }
    }

    /// Types. Escape sequences are the caller's.
    pub fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the program reads");
        self.keys.flush().expect("the program reads");
    }

    /// Types into a field, then waits until it shows there.
    pub fn fill(&mut self, text: &str) {
        self.send(text);
        self.wait_for(text);
    }

    /// Whether the terminal shows what is typed.
    #[cfg(unix)]
    pub fn echoes(&self) -> bool {
        let settings = self.master.get_termios().expect("a terminal has settings");
        // The names of the flags; their type is another crate's.
        let flags = format!("{:?}", settings.local_flags);
        flags.split(|c: char| !c.is_alphanumeric()).any(|flag| flag == "ECHO")
    }

    /// Waits until what is typed does not show, as at a prompt for a secret.
    #[cfg(unix)]
    pub fn wait_unseen(&self) {
        let end = Instant::now() + PATIENCE;
        while self.echoes() {
            assert!(Instant::now() < end, "the terminal shows what is typed");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The screen as text, as the program drew it last.
    pub fn screen(&self) -> String {
        lock(&self.output).seen.clone()
    }

    /// The screen with its styles.
    pub fn styled(&self) -> vt100::Screen {
        lock(&self.output).screen.screen().clone()
    }

    /// Everything that was written so far.
    pub fn raw(&self) -> Vec<u8> {
        lock(&self.output).raw.clone()
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> usize {
        lock(&self.output).raw.len()
    }

    /// Waits until the screen shows `text`.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("the text {text:?}"), |screen| screen.contains(text))
    }

    /// Waits until the screen is as wanted.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "{what} never came; the screen shows\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until nothing was written for `quiet`.
    pub fn settle(&self, quiet: Duration) {
        let end = Instant::now() + PATIENCE;
        let mut before = self.written();
        loop {
            thread::sleep(quiet);
            let now = self.written();
            if now == before {
                return;
            }
            before = now;
            assert!(Instant::now() < end, "it never settles");
        }
    }

    /// Changes the size of the terminal.
    pub fn resize(&self, size: Size) {
        let mut output = lock(&self.output);
        let side = |length| NonZeroU16::new(length).expect("a terminal has room");
        output.screen.screen_mut().set_size(side(size.1), side(size.0));
        drop(output);
        self.master.resize(size.pty()).expect("the terminal changes its size");
    }

    /// The program's process id.
    pub fn process_id(&self) -> u32 {
        self.child.process_id().expect("the program runs")
    }

    /// Waits for the end of the program, and of its output.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for")
                && lock(&self.output).closed
            {
                return status;
            }
            assert!(Instant::now() < end, "the program does not end; the screen shows\n{}", self.screen());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Quits as a person does, and waits for the end.
    pub fn quit(mut self) {
        self.send("q");
        assert!(self.wait_exit().success());
    }

    /// Ends the program from wherever it is, and waits for the end.
    pub fn leave(mut self) {
        self.send("\u{3}");
        assert!(self.wait_exit().success());
    }

    /// Whether the program left the terminal as it found it: main screen, cursor shown, no paste mode, no reports of the mouse.
    pub fn is_restored(&self) -> bool {
        let screen = self.styled();
        let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste() && !mouse
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lock(output: &Mutex<Output>) -> std::sync::MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}
