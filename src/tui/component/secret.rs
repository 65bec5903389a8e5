//! A secret that is shown once.

use ratatui::text::Line;
use secrecy::{ExposeSecret, SecretString};

use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State};
use crate::text;
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::line::span;
use crate::tui::widget::page::Drawn;

/// The secret of an API key that was just made. It is on the screen until the dialog closes, and nowhere afterwards.
#[derive(Debug)]
pub struct ShownSecret {
    /// What it is the secret of; text from a server.
    pub name: String,
    /// The secret.
    pub secret: SecretString,
    /// Whether it was handed to the clipboard.
    pub copied: bool,
}

impl ShownSecret {
    /// A secret that nobody has copied yet.
    pub fn new(name: String, secret: SecretString) -> Self {
        Self { name, secret, copied: false }
    }
}

impl Component for ShownSecret {
    fn context(&self) -> Context {
        Context::Secret
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(Action::Submit) => vec![Reaction::Close],
            Input::Action(Action::Copy) => {
                self.copied = true;
                vec![Reaction::copy(self.secret.clone(), "the API key")]
            }
            _ => vec![],
        }
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        let columns = COLUMNS + 4;
        let drawn = Drawn::lines(secret(state, self, columns));
        Page::new(format!("The new API key {}", self.name), drawn).of_width(columns)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![format!("the API key {}, said this once: {}", self.name, self.secret.expose_secret())]
    }
}

impl Modal for ShownSecret {}

/// The secret of a key that was just made.
pub fn secret(state: &State, shown: &ShownSecret, columns: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let paragraph = |words: &str, style| {
        let lines = text::wrap(words, columns).into_iter();
        lines.map(|line| Line::from(span(line, style))).collect::<Vec<_>>()
    };
    let mut lines = paragraph(
        "This is the key. It is shown this once, and kept nowhere: copy it now, or make another later.",
        theme.text,
    );
    lines.push(Line::default());
    lines.extend(paragraph(&text::inert(shown.secret.expose_secret()), theme.strong));
    lines.push(Line::default());
    let copy = format!("{} copies it", state.keymap.call(Context::Secret, Action::Copy));
    let (words, style) =
        if shown.copied { ("✓ handed to the clipboard", theme.good) } else { (copy.as_str(), theme.muted) };
    lines.extend(paragraph(words, style));
    lines
}
