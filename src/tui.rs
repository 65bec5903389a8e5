//! The terminal user interface.
//!
//! The model is the screen: [`update::update`] takes messages in and changes the [`model::Model`], [`view::view`] draws
//! it, and [`event_loop`] carries keys, snapshots, events and time to the one and draws the other when something changed.
//! It knows nothing of the worker but its public face, `crate::session`.

pub mod activity;
pub mod attention;
pub mod availability;
pub mod batch;
pub mod compare;
pub mod component;
pub mod content;
pub mod dialog;
pub mod editor;
pub mod effect;
pub mod event_loop;
pub mod filter;
pub mod form;
pub mod frame;
pub mod fuzzy;
pub mod hints;
pub mod history;
pub mod hit;
pub mod keymap;
pub mod layout;
pub mod lifetimes;
pub mod log;
pub mod message;
pub mod model;
mod mouse;
pub mod next_change;
pub mod plain;
pub mod state;
pub mod tabs;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod user_list;
pub mod view;
pub mod widget;
pub mod words;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::session::SessionHandle;
use effect::Effect;
pub use keymap::Keymap;
pub use state::Look;
pub use terminal::notification::{Desktop, Notify};

/// What the interface needs.
#[derive(Debug)]
pub struct Setup {
    /// The way to the worker.
    pub session: SessionHandle,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Cancelled when the program has to end for another reason than a key.
    pub stop: CancellationToken,
    /// Told right after the first frame is on the screen.
    pub first_frame: oneshot::Sender<()>,
    /// Whether this is the demonstration, where nothing is kept.
    pub demo: bool,
    /// Lock the vault after so long without a key press.
    pub auto_lock: Option<Duration>,
    /// How the screen looks.
    pub look: Look,
    /// How a person is told that something needs them.
    pub notify: Notify,
    /// What keys do.
    pub keymap: Keymap,
    /// Whether the mouse is listened to.
    pub mouse: bool,
}

/// Why the interface could not run, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is nobody to show anything to.
    #[error("standard input and output have to be a terminal; run idmux in one, without pipes")]
    NoTerminal,
    /// The terminal cannot be drawn on.
    #[error(
        "a terminal without cursor movement (TERM is {0}) cannot show the screen; run `idmux --plain`, which writes lines"
    )]
    NoScreen(String),
    /// The terminal refuses reading or writing.
    #[error("the terminal does not answer: {0}")]
    Terminal(#[from] io::Error),
}

/// Runs the interface until the person quits, a signal ends it, or `setup.stop` is cancelled.
///
/// Owns the terminal from start to end and gives it back on every way out. Has to run on the thread that polls it first,
/// as under [`block_on`](tokio::runtime::Runtime::block_on), since only a panic of that thread gives the terminal back.
///
/// # Errors
///
/// [`TuiError::NoTerminal`] without a terminal, [`TuiError::NoScreen`] on one that cannot be drawn on, [`TuiError::Terminal`] when it fails.
pub async fn run(setup: Setup) -> Result<(), TuiError> {
    if !terminal::is_terminal() {
        return Err(TuiError::NoTerminal);
    }
    if let Some(name) = terminal::without_screen() {
        return Err(TuiError::NoScreen(name));
    }
    let lent = Arc::new(AtomicBool::new(false));
    let ended = terminal::signals(Arc::clone(&lent))?;
    let continued = terminal::continued()?;
    // Elsewhere the answer would come as keys.
    let ask = cfg!(unix) && setup.look.theme.depends_on_background();
    let (guard, mut screen) = terminal::Guard::take(ask, setup.mouse)?;
    let console = terminal::Console::new(lent, setup.mouse)?;
    let result = event_loop::run(&mut screen, console, ended, continued, setup).await;
    // What is still buffered belongs to the screen that is about to be left.
    drop(screen);
    drop(guard);
    result
}
