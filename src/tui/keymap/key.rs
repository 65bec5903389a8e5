//! One key with its modifiers: how it is pressed, written and read.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers. Shift is part of the character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Why a text names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nobody knows it.
    #[error("there is no key '{0}': write a character, or one of {NAMES}, with ctrl- or alt- before it")]
    Unknown(String),
    /// Terminals send the same for another key.
    #[error("terminals send the same for {0} as for {1}; write {1}, or take another key")]
    SameAs(String, &'static str),
}

/// What is written for keys that are no character, for the error message.
const NAMES: &str = "enter, esc, tab, shift-tab, space, backspace, delete, insert, up, down, left, right, home, end, \
                     page-up, page-down, f1 to f12";

/// The written names. The first name of a code is the one to write.
const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backtab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("page-up", KeyCode::PageUp),
    ("pageup", KeyCode::PageUp),
    ("pgup", KeyCode::PageUp),
    ("page-down", KeyCode::PageDown),
    ("pagedown", KeyCode::PageDown),
    ("pgdn", KeyCode::PageDown),
];

pub(super) const fn key(code: KeyCode) -> Key {
    Key { code, modifiers: KeyModifiers::NONE }
}

pub(super) const fn plain(c: char) -> Key {
    key(KeyCode::Char(c))
}

pub(super) const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), modifiers: KeyModifiers::CONTROL }
}

impl Key {
    /// Whether this key was pressed.
    pub fn matches(self, event: &KeyEvent) -> bool {
        let held = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        self.code == event.code && self.modifiers == held
    }

    /// Whether the key makes text where text is typed.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }

    /// The press of this key.
    pub fn press(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// Reads a key as people write it: `R`, `ctrl-r`, `alt-x`, `space`, `f5`.
    ///
    /// # Errors
    /// When it is no key, or one that terminals cannot tell from another.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let unknown = || KeyError::Unknown(text.to_owned());
        let lower = text.to_ascii_lowercase();
        let (modifiers, name) = match lower.split_once('-') {
            Some(("ctrl", _)) => (KeyModifiers::CONTROL, &text["ctrl-".len()..]),
            Some(("alt", _)) => (KeyModifiers::ALT, &text["alt-".len()..]),
            _ => (KeyModifiers::NONE, text),
        };
        let mut characters = name.chars();
        let code = match (characters.next(), characters.next()) {
            // A held Control makes no difference between small and capital letters.
            (Some(c), None) if modifiers == KeyModifiers::CONTROL => KeyCode::Char(c.to_ascii_lowercase()),
            (Some(c), None) if !c.is_control() && c != ' ' => KeyCode::Char(c),
            _ => named(name).ok_or_else(unknown)?,
        };
        match (modifiers, code) {
            (KeyModifiers::CONTROL, KeyCode::Char('i')) => Err(KeyError::SameAs(text.to_owned(), "tab")),
            (KeyModifiers::CONTROL, KeyCode::Char('m')) => Err(KeyError::SameAs(text.to_owned(), "enter")),
            (KeyModifiers::CONTROL, KeyCode::Char('[')) => Err(KeyError::SameAs(text.to_owned(), "esc")),
            (KeyModifiers::CONTROL, KeyCode::Char(c)) if !c.is_ascii_graphic() && c != ' ' => Err(unknown()),
            _ => Ok(Self { code, modifiers }),
        }
    }

    /// How the key is shown.
    pub fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                c.to_ascii_uppercase().to_string()
            }
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
            other => format!("{other:?}"),
        };
        format!("{}{name}", self.held("Ctrl-", "Alt-"))
    }

    fn held(self, ctrl: &'static str, alt: &'static str) -> &'static str {
        match self.modifiers {
            KeyModifiers::CONTROL => ctrl,
            KeyModifiers::ALT => alt,
            _ => "",
        }
    }
}

/// The key as it is written in the configuration.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.held("ctrl-", "alt-"))?;
        let named = NAMED.iter().find(|(_, code)| *code == self.code);
        match (named, self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(number)) => write!(f, "f{number}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

fn named(name: &str) -> Option<KeyCode> {
    let name = name.to_ascii_lowercase();
    let named = NAMED.iter().find(|(known, _)| *known == name).map(|(_, code)| *code);
    named.or_else(|| {
        let number: u8 = name.strip_prefix('f')?.parse().ok()?;
        (1..=12).contains(&number).then_some(KeyCode::F(number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_read_as_people_write_them() {
        for (text, name) in [
            ("R", "R"),
            ("ctrl-r", "Ctrl-R"),
            ("Ctrl-R", "Ctrl-R"),
            ("alt-x", "Alt-x"),
            ("f5", "F5"),
            ("space", "Space"),
            ("shift-tab", "Shift-Tab"),
            ("page-up", "PgUp"),
            ("-", "-"),
            ("ctrl--", "Ctrl--"),
            ("é", "é"),
        ] {
            assert_eq!(Key::parse(text).map(Key::name), Ok(name.to_owned()), "{text}");
        }
        for wrong in ["", " ", "f0", "f13", "ctrl-", "hyper-x", "shift-a", "ab", "\t", "ctrl-ä"] {
            assert!(matches!(Key::parse(wrong), Err(KeyError::Unknown(_))), "{wrong}");
        }
        assert!(Key::parse("ctrl-m").unwrap_err().to_string().contains("enter"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "(ctrl-|alt-|Ctrl-|Alt-)?([!-~]|[a-z]{1,9}|f[0-9]{1,2}|\\PC)") {
            if let Ok(key) = Key::parse(&text) {
                prop_assert_eq!(Key::parse(&key.to_string()), Ok(key));
                prop_assert!(key.matches(&key.press()));
            }
        }
    }
}
