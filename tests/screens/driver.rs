//! Drives the model as the event loop does, without a terminal.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use idmux::session::{AnyOperation, Event, Operation, RequestId, Snapshot};
use idmux::tui::Look;
use idmux::tui::dialog::DialogId;
use idmux::tui::effect::Effect;
use idmux::tui::message::Message;
use idmux::tui::model::Model;
use idmux::tui::state::Start;
use idmux::tui::theme::Theme;
use idmux::tui::update::update;
use idmux::tui::view::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;
use secrecy::SecretString;

use crate::fixture::now;

pub const SMALL: Size = Size { width: 80, height: 24 };
pub const MEDIUM: Size = Size { width: 120, height: 40 };
pub const LARGE: Size = Size { width: 160, height: 45 };

pub struct Screen {
    pub model: Model,
    /// The newest operation, and its request's id.
    pub sent: Option<(RequestId, AnyOperation)>,
    /// What was handed to the clipboard.
    pub copied: Option<SecretString>,
    /// What was handed to the editor.
    pub edited: Option<(DialogId, String)>,
    /// Whether somebody waits for the selection to rest.
    pub rests: bool,
    pub quit: bool,
    /// What was opened in the browser.
    pub browsed: Vec<String>,
    /// What a person was notified of.
    pub notified: Vec<String>,
}

impl Screen {
    pub fn new(size: Size) -> Self {
        let start =
            Start { now: now(), size, look: Look::fixed(Theme::ansi()), demo: false, auto_lock: None };
        Self {
            model: Model::new(start),
            sent: None,
            copied: None,
            edited: None,
            rests: false,
            quit: false,
            browsed: Vec::new(),
            notified: Vec::new(),
        }
    }

    pub fn with(size: Size, snapshot: Snapshot) -> Self {
        let mut screen = Self::new(size);
        screen.snapshot(snapshot);
        screen
    }

    /// The newest operation, if it is of this type.
    pub fn asked<O: Operation>(&self) -> Option<&O> {
        self.sent.as_ref()?.1.downcast_ref()
    }

    pub fn snapshot(&mut self, snapshot: Snapshot) {
        self.tell(Message::Snapshot(Arc::new(snapshot)));
    }

    pub fn event(&mut self, event: Event) {
        self.tell(Message::Event(event));
    }

    pub fn tell(&mut self, message: Message) {
        for effect in update(&mut self.model, message) {
            match effect {
                Effect::Quit => self.quit = true,
                Effect::Rest => self.rests = true,
                Effect::Repaint | Effect::Suspend => {}
                Effect::OpenBrowser(address) => self.browsed.push(address.as_str().to_owned()),
                Effect::Notify(words) => self.notified.push(words),
                Effect::Copy { text, name } => {
                    self.copied = Some(text);
                    self.tell(Message::Copied { name, terminal: true, tool: None });
                }
                Effect::Edit { dialog, text } => self.edited = Some((dialog, text)),
                Effect::Send { operation, dialog } => {
                    let id = RequestId::next();
                    self.sent = Some((id, operation));
                    self.tell(Message::Sent { dialog, result: Ok(id) });
                }
            }
        }
    }

    /// Lets the selection rest.
    pub fn rest(&mut self) {
        if std::mem::take(&mut self.rests) {
            self.tell(Message::Rested);
        }
    }

    pub fn press(&mut self, code: KeyCode) -> &mut Self {
        self.tell(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        self
    }

    /// Presses the keys of a text one by one.
    pub fn keys(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.press(KeyCode::Char(c));
        }
        self
    }

    /// The screen as text.
    pub fn draw(&self) -> String {
        self.terminal().backend().to_string()
    }

    /// The screen with its styles.
    pub fn buffer(&self) -> Buffer {
        let size = self.model.state.size;
        let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
        let mut frame = terminal.get_frame();
        view(&self.model, &mut frame);
        frame.buffer_mut().clone()
    }

    fn terminal(&self) -> Terminal<TestBackend> {
        let size = self.model.state.size;
        let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
        terminal.draw(|frame| view(&self.model, frame)).unwrap();
        terminal
    }
}
