//! Takes the terminal over, and gives it back on every way out.

pub mod background;
pub mod clipboard;
mod console;
pub mod input;
pub mod notification;
mod output;
mod quiet;

use std::io::{self, IsTerminal};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use futures_util::{Stream, stream};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Size;
#[cfg(unix)]
use rustix::process::Signal;
use secrecy::{ExposeSecret, SecretString};

pub use console::{Console, Lend};
pub use output::Output;
pub use quiet::Quiet;

use crate::crash;

/// The terminal as the event loop draws on it.
pub type Screen = Terminal<Quiet<CrosstermBackend<Output>>>;

/// Holds the terminal. Gives it back when dropped, and before a panic of this thread is printed.
///
/// A panic of any other thread leaves the screen alone and goes to the log: the program keeps running, and words on a
/// screen that is still drawn on help nobody.
#[derive(Debug)]
pub struct Guard {
    held: Arc<AtomicBool>,
}

/// Whether standard input and output are a terminal.
pub fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// What `TERM` says, where it names a terminal that shows lines and nothing else, as in Emacs's shell or a pipeline's log.
pub fn without_screen() -> Option<String> {
    if cfg!(not(unix)) {
        return None;
    }
    match std::env::var("TERM").unwrap_or_default().as_str() {
        "" => Some("not set".into()),
        name @ ("dumb" | "unknown") => Some(name.into()),
        _ => None,
    }
}

impl Guard {
    /// Takes the terminal over for the calling thread. With `ask`, the terminal is asked what is behind the text; the answer
    /// comes among the keys, and nothing waits for it. With `mouse`, clicks and the wheel come to the program.
    pub fn take(ask: bool, mouse: bool) -> io::Result<(Self, Screen)> {
        let held = Arc::new(AtomicBool::new(true));
        restore_on_panic(&held);
        let guard = Self { held };
        enter(mouse)?;
        if ask {
            execute!(io::stdout(), Print(background::QUESTION))?;
        }
        let backend = CrosstermBackend::new(Output::new()?);
        Ok((guard, Terminal::new(Quiet::new(backend))?))
    }
}

/// Hands a text to the clipboard of the terminal (OSC 52), wherever the program runs. What is drawn is flushed after each
/// frame, so nothing comes between.
pub fn copy(text: &SecretString) -> io::Result<()> {
    // The macro evaluates its writer twice: what the first one holds would never be flushed.
    let mut output = Output::new()?;
    execute!(output, CopyToClipboard::to_clipboard_from(text.expose_secret()))
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore(&self.held);
    }
}

/// Undoes what [`Guard::take`] did, once. There is nobody left to report an error to.
fn restore(held: &AtomicBool) {
    if held.swap(false, Ordering::SeqCst) {
        let _ = leave();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse { listen_to_mouse() } else { Ok(()) }
}

fn leave() -> io::Result<()> {
    let written = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    disable_raw_mode().and(written)
}

/// Gives the terminal back and stops this process with all of its group, as a shell's job: `sudo idmux` too. Returns when it
/// goes on, with the terminal taken again. Where nobody could let it go on, the system does not stop it.
#[cfg(unix)]
pub fn suspend(mouse: bool) -> io::Result<()> {
    leave()?;
    rustix::process::kill_current_process_group(Signal::TSTP)?;
    enter(mouse)
}

/// There are no jobs here.
#[cfg(not(unix))]
pub fn suspend(_mouse: bool) -> io::Result<()> {
    Ok(())
}

/// Takes the terminal again after the process was stopped without a word: a shell has set the terminal up for itself.
pub fn take_back(mouse: bool) -> io::Result<()> {
    if !is_raw() {
        // Raw mode is remembered as entered, and would not be entered again.
        disable_raw_mode()?;
    }
    enter(mouse)
}

/// The size of the terminal, asked before each frame. crossterm opens `/dev/tty` each time, and closes it.
#[cfg(unix)]
fn size() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(Size { width: size.ws_col, height: size.ws_row })
}

#[cfg(not(unix))]
fn size() -> Option<Size> {
    None
}

/// Whether keys come as they are pressed. Between raw modes the terminal would make another key of Enter.
#[cfg(unix)]
fn is_raw() -> bool {
    use rustix::termios::{LocalModes, tcgetattr};
    tcgetattr(io::stdin()).is_ok_and(|settings| !settings.local_modes.contains(LocalModes::ICANON))
}

#[cfg(not(unix))]
fn is_raw() -> bool {
    false
}

/// Clicks, the wheel, and movements with a button held. crossterm's own command asks for every movement of the pointer as
/// well, and the program would wake up for nothing at each of them.
#[cfg(unix)]
fn listen_to_mouse() -> io::Result<()> {
    execute!(io::stdout(), Print("\x1b[?1000h\x1b[?1002h\x1b[?1006h"))
}

/// The console has one mode for the mouse.
#[cfg(not(unix))]
fn listen_to_mouse() -> io::Result<()> {
    execute!(io::stdout(), crossterm::event::EnableMouseCapture)
}

fn restore_on_panic(held: &Arc<AtomicBool>) {
    let ours = thread::current().id();
    let held = Arc::clone(held);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == ours {
            restore(&held);
        }
        if held.load(Ordering::SeqCst) {
            tracing::error!("a task: {}", crash::record(info));
        } else {
            before(info);
        }
    }));
}

/// Says each time that the process goes on after it was stopped.
#[cfg(unix)]
pub fn continued() -> io::Result<impl Stream<Item = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    Ok(stream::unfold(signals, |mut signals| async move { signals.recv().await.map(|()| ((), signals)) }))
}

/// Nothing stops a process here.
#[cfg(not(unix))]
pub fn continued() -> io::Result<impl Stream<Item = ()>> {
    Ok(stream::pending())
}

/// Completes at the first signal that asks the program to end. What a key sends while the terminal is `lent` is for
/// whoever has it.
#[cfg(unix)]
pub fn signals(lent: Arc<AtomicBool>) -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Without it a window that was closed is noticed only when drawing fails.
    let mut hangup = signal(SignalKind::hangup())?;
    let mut quit = signal(SignalKind::quit())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => if !lent.load(Ordering::SeqCst) { break },
                _ = quit.recv() => if !lent.load(Ordering::SeqCst) { break },
                _ = terminate.recv() => break,
                _ = hangup.recv() => break,
            }
        }
    })
}

/// Completes when the program is asked to end.
#[cfg(not(unix))]
pub fn signals(lent: Arc<AtomicBool>) -> io::Result<impl Future<Output = ()>> {
    Ok(async move { while tokio::signal::ctrl_c().await.is_ok() && lent.load(Ordering::SeqCst) {} })
}
