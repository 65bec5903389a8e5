//! The smallest ratatui program: one line, drawn once a second and at each key. It is this binary with an argument.

use std::io::{self, stdout};
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, poll, read};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use portable_pty::CommandBuilder;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::pty::Program;

/// What makes this binary the smallest program.
pub const ARGUMENT: &str = "--smallest-program";

/// Starts it.
pub fn start() -> Program {
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this binary has a path"));
    command.arg(ARGUMENT);
    Program::start(command)
}

/// Is it.
pub fn run() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let (start, mut keys) = (Instant::now(), 0);
    loop {
        let seconds = start.elapsed().as_secs();
        terminal
            .draw(|frame| frame.render_widget(format!("{seconds} seconds, {keys} keys"), frame.area()))?;
        let next = Duration::from_secs(seconds + 1).saturating_sub(start.elapsed());
        if poll(next)? {
            match read()? {
                Event::Key(key) if key.code == KeyCode::Char('q') => break,
                Event::Key(_) => keys += 1,
                _ => {}
            }
        }
    }
    execute!(stdout(), LeaveAlternateScreen)?;
    disable_raw_mode()
}
