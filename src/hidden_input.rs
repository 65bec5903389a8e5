//! A line that a person types unseen, at a prompt of the command line and of the plain mode.
//!
//! Whoever ends, or is stopped, while it is typed leaves the terminal as it was: the thread that reads cannot be woken, so
//! what the terminal was like is kept where everybody finds it.

use std::io;

use zeroize::Zeroizing;

/// Asks, and reads the answer. It blocks.
///
/// # Errors
/// When there is no terminal, at its end, and with [`io::ErrorKind::Interrupted`] after Ctrl-C or [`end`].
pub fn ask(prompt: &str) -> io::Result<Zeroizing<String>> {
    system::read(prompt, true)
}

/// Reads the answer to a prompt that stands there already; it is shown again after a stop. It blocks.
///
/// # Errors
/// As [`ask`].
pub fn read_behind(prompt: &str) -> io::Result<Zeroizing<String>> {
    system::read(prompt, false)
}

/// Shows again what is typed, and hides nothing any more: the program ends.
pub fn end() {
    system::end();
}

#[cfg(unix)]
mod system {
    use std::fs::{File, OpenOptions};
    use std::io::{self, ErrorKind, Read, Write};
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use zeroize::Zeroizing;

    const CTRL_C: u8 = 0x03;
    const CTRL_Z: u8 = 0x1a;
    const CTRL_BACKSLASH: u8 = 0x1c;

    /// A stop reaches the thread that asked for it by way of another, a moment later.
    const STOP: Duration = Duration::from_millis(100);

    /// What has been done to the terminal.
    enum State {
        Shown,
        Hidden {
            terminal: File,
            before: Termios,
            drops_rest: bool,
        },
        /// The program ends, and nothing is hidden any more.
        Over,
    }

    static STATE: Mutex<State> = Mutex::new(State::Shown);

    fn state() -> MutexGuard<'static, State> {
        STATE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn read(prompt: &str, is_new: bool) -> io::Result<Zeroizing<String>> {
        let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        hide(&terminal, is_new)?;
        if is_new {
            terminal.write_all(prompt.as_bytes())?;
        }
        let keys = Keys { terminal: terminal.try_clone()?, prompt: prompt.to_owned(), is_new };
        let config = rpassword::ConfigBuilder::new().input_reader(keys).output_discard().build();
        let answer = rpassword::read_password_with_config(config).map(Zeroizing::new);
        show();
        terminal.write_all(b"\n")?;
        answer
    }

    pub fn end() {
        show();
        *state() = State::Over;
    }

    /// With `drops_rest`, what came behind the answer is dropped: the rest of a paste would go to the shell, in clear sight.
    ///
    /// Neither shows what is typed, nor waits for the end of its line: a line of the terminal's own has room for 4 KB, and a
    /// JWT may have more.
    fn hide(terminal: &File, drops_rest: bool) -> io::Result<()> {
        let mut state = state();
        if matches!(*state, State::Over) {
            return Err(ErrorKind::Interrupted.into());
        }
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        let seen = LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        hidden.local_modes.remove(seen);
        tcsetattr(terminal, OptionalActions::Now, &hidden)?;
        *state = State::Hidden { terminal: terminal.try_clone()?, before, drops_rest };
        Ok(())
    }

    /// As it was before. There is nobody left to report an error to.
    fn show() {
        let mut state = state();
        if let State::Hidden { terminal, before, drops_rest } = &*state {
            let when = if *drops_rest { OptionalActions::Flush } else { OptionalActions::Now };
            let _ = tcsetattr(terminal, when, before);
            *state = State::Shown;
        }
    }

    /// The bytes of the terminal, without those that the terminal would take for itself.
    struct Keys {
        terminal: File,
        prompt: String,
        is_new: bool,
    }

    impl Read for Keys {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            loop {
                let count = match self.terminal.read(buffer) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    result => result?,
                };
                match buffer.first() {
                    Some(&CTRL_Z) if count == 1 => self.stop()?,
                    Some(&CTRL_BACKSLASH) if count == 1 => {
                        show();
                        kill_process(getpid(), Signal::QUIT)?;
                    }
                    // What it does to the process may be its end.
                    Some(&CTRL_C) if count == 1 => {
                        show();
                        return Ok(count);
                    }
                    _ => return Ok(count),
                }
            }
        }
    }

    impl Keys {
        /// Stops as a shell's job, with the terminal as it was, and asks again when it goes on. Where nobody could let it go
        /// on, the system does not stop it.
        fn stop(&mut self) -> io::Result<()> {
            show();
            kill_current_process_group(Signal::TSTP)?;
            std::thread::sleep(STOP);
            hide(&self.terminal, self.is_new)?;
            self.terminal.write_all(format!("\r\n{}", self.prompt).as_bytes())
        }
    }
}

/// A console has no signals that leave it as it is.
#[cfg(not(unix))]
mod system {
    use std::io;

    use zeroize::Zeroizing;

    pub fn read(prompt: &str, is_new: bool) -> io::Result<Zeroizing<String>> {
        let answer = if is_new { rpassword::prompt_password(prompt) } else { rpassword::read_password() };
        answer.map(Zeroizing::new)
    }

    pub fn end() {}
}
