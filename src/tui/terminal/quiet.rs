//! A backend that writes nothing when nothing changed.

use std::io::{self, Write};

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// Wraps a backend. A frame with changed cells becomes one synchronized update, so that the terminal never shows half of
/// it; a frame without any costs no byte, which the bare backend does not achieve: it resets colours and moves the cursor
/// each time.
#[derive(Debug)]
pub struct Quiet<B> {
    inner: B,
    /// Whether a synchronized update has begun.
    begun: bool,
    /// Where the cursor is shown, or that it is hidden; unknown at first.
    cursor: Option<Option<Position>>,
}

impl<B> Quiet<B> {
    /// Wraps a backend.
    pub fn new(inner: B) -> Self {
        Self { inner, begun: false, cursor: None }
    }
}

impl<W: Write> Quiet<CrosstermBackend<W>> {
    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            queue!(self.inner, BeginSynchronizedUpdate, crossterm::cursor::Hide)?;
            self.begun = true;
            self.cursor = Some(None);
        }
        Ok(())
    }
}

impl<W: Write> Backend for Quiet<CrosstermBackend<W>> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.begin()?;
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor == Some(None) {
            return Ok(());
        }
        self.inner.hide_cursor()?;
        self.cursor = Some(None);
        Ok(())
    }

    /// Shown where it is set: ratatui always does both.
    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor == Some(Some(position)) {
            return Ok(());
        }
        self.inner.set_cursor_position(position)?;
        self.inner.show_cursor()?;
        self.cursor = Some(Some(position));
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.begin()?;
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.begin()?;
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        super::size().map_or_else(|| self.inner.size(), Ok)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.begun) {
            queue!(self.inner, EndSynchronizedUpdate)?;
        }
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    use ratatui::layout::Rect;
    use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

    /// What was written, a piece for each flush.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    fn terminal() -> (Terminal<Quiet<CrosstermBackend<Written>>>, Written) {
        let written = Written::default();
        let backend = Quiet::new(CrosstermBackend::new(written.clone()));
        let viewport = Viewport::Fixed(Rect::new(0, 0, 20, 2));
        (Terminal::with_options(backend, TerminalOptions { viewport }).unwrap(), written)
    }

    fn text(words: &'static str) -> impl Fn(&mut Frame) {
        move |frame| frame.render_widget(words, frame.area())
    }

    #[test]
    fn a_changed_frame_is_one_synchronized_update() {
        let (mut terminal, written) = terminal();
        terminal.draw(text("hello")).unwrap();
        let bytes = written.take();
        assert!(bytes.starts_with("\x1b[?2026h") && bytes.contains("hello"), "{bytes:?}");
        assert!(bytes.ends_with("\x1b[?2026l"), "{bytes:?}");
    }

    #[test]
    fn an_unchanged_frame_writes_nothing() {
        let (mut terminal, written) = terminal();
        terminal.draw(text("hello")).unwrap();
        written.take();
        terminal.draw(text("hello")).unwrap();
        assert_eq!(written.take(), "");
    }

    #[test]
    fn a_cursor_that_stays_writes_nothing_and_one_that_moves_is_shown_there() {
        let (mut terminal, written) = terminal();
        let with_cursor = |column| {
            move |frame: &mut Frame| {
                frame.render_widget("hello", frame.area());
                frame.set_cursor_position((column, 0));
            }
        };
        terminal.draw(with_cursor(1)).unwrap();
        assert!(written.take().contains("\x1b[?25h"));
        terminal.draw(with_cursor(1)).unwrap();
        assert_eq!(written.take(), "");
        terminal.draw(with_cursor(3)).unwrap();
        assert!(written.take().contains("\x1b[1;4H"));
        terminal.draw(text("hello")).unwrap();
        assert_eq!(written.take(), "\x1b[?25l");
    }
}
