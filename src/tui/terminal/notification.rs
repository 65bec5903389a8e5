//! Tells a person who looks elsewhere that something needs them: the terminal's bell, and its notification.

use std::io::{self, Write};

use crate::text;

/// How a person wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notify {
    /// Ring the terminal's bell.
    pub bell: bool,
    /// Have the terminal show a notification.
    pub desktop: Desktop,
}

/// How a terminal is asked for a notification. None of them answers, so a person has to know which one theirs takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desktop {
    /// Not at all.
    Off,
    /// OSC 9: iTerm2, WezTerm, kitty, Windows Terminal.
    Osc9,
    /// OSC 777: rxvt-unicode, foot, Ghostty, VTE.
    Osc777,
}

/// Columns of a notification; terminals cut longer ones, or drop them.
const COLUMNS: usize = 160;

impl Notify {
    /// Nothing rings and nothing pops up.
    pub const NEVER: Self = Self { bell: false, desktop: Desktop::Off };

    /// What is written for these words. They may be from a server.
    fn sequence(self, words: &str) -> String {
        let words = text::inert(words);
        let words = text::cut(&words, COLUMNS);
        let desktop = match self.desktop {
            Desktop::Off => String::new(),
            // The name first: some terminals take a number at the start for a command.
            Desktop::Osc9 => format!("\x1b]9;idmux: {words}\x1b\\"),
            Desktop::Osc777 => format!("\x1b]777;notify;idmux;{}\x1b\\", words.replace(';', ",")),
        };
        let bell = if self.bell { "\x07" } else { "" };
        format!("{bell}{desktop}")
    }

    /// Tells the person.
    pub fn tell(self, words: &str) -> io::Result<()> {
        let sequence = self.sequence(words);
        if sequence.is_empty() {
            return Ok(());
        }
        let mut output = io::stdout().lock();
        output.write_all(sequence.as_bytes())?;
        output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_as_they_want() {
        let sequence = |bell, desktop| Notify { bell, desktop }.sequence("ada has to log in again");
        assert_eq!(sequence(true, Desktop::Off), "\x07");
        assert_eq!(sequence(false, Desktop::Osc9), "\x1b]9;idmux: ada has to log in again\x1b\\");
        assert_eq!(
            sequence(true, Desktop::Osc777),
            "\x07\x1b]777;notify;idmux;ada has to log in again\x1b\\"
        );
        assert_eq!(Notify::NEVER.sequence("ada"), "");
    }

    #[test]
    fn words_of_a_server_stay_words() {
        let notify = Notify { bell: false, desktop: Desktop::Osc777 };
        let sequence = notify.sequence("ada\x1b\\\x07\x1b]0;owned\x07;evil\u{202e}");
        assert_eq!(sequence.matches('\x1b').count(), 2, "its own beginning and end: {sequence:?}");
        assert_eq!(sequence.matches(';').count(), 3, "its own parts: {sequence:?}");
        assert!(!sequence.contains(['\x07', '\u{202e}']), "{sequence:?}");
        assert!(text::width(&notify.sequence(&"x".repeat(4000))) < 250);
    }
}
