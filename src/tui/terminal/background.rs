//! Whether the terminal's background is dark or light: asked once, after the first frame, and answered among the keys.
//!
//! The answer to OSC 11 reaches crossterm's key stream as Alt-`]` and the characters behind it. They are taken out here;
//! keys that a person presses meanwhile pass. A terminal that does not answer costs nothing.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::theme::Background;

/// Asks for the background colour (xterm's control sequences, OSC 11).
pub const QUESTION: &str = "\x1b]11;?\x1b\\";

/// The longest answer; what is longer was none.
const LONGEST: usize = 40;

/// Looks for the answer among key presses.
#[derive(Debug, Default)]
pub struct Answer {
    /// What has come of it; `None` before its first character.
    begun: Option<String>,
    over: bool,
}

/// What a key press was.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A key that a person pressed.
    Key(KeyEvent),
    /// A part of the answer.
    Part,
    /// The end of the answer, and what it says.
    Background(Option<Background>),
}

impl Answer {
    /// Takes a key press in.
    pub fn hear(&mut self, key: KeyEvent) -> Heard {
        if self.over {
            return Heard::Key(key);
        }
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match (&mut self.begun, key.code) {
            (None, KeyCode::Char(']')) if alt => {
                self.begun = Some(String::new());
                Heard::Part
            }
            (None, _) => Heard::Key(key),
            // BEL or ST ends it.
            (Some(answer), KeyCode::Char('g')) if control => {
                self.over = true;
                Heard::Background(parse(answer))
            }
            (Some(answer), KeyCode::Char('\\')) if alt => {
                self.over = true;
                Heard::Background(parse(answer))
            }
            (Some(answer), KeyCode::Char(c)) if !alt && !control && answer.len() < LONGEST => {
                answer.push(c);
                Heard::Part
            }
            // Somebody pressed Alt-], and goes on typing.
            (Some(_), _) => {
                self.over = true;
                Heard::Key(key)
            }
        }
    }
}

/// Reads `11;rgb:rrrr/gggg/bbbb`, with one to four hex digits a channel.
fn parse(answer: &str) -> Option<Background> {
    let mut channels = answer.strip_prefix("11;rgb:")?.split('/').map(|digits| {
        let most = 16_u32.checked_pow(digits.len().try_into().ok()?)?.checked_sub(1)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        Some(f64::from(value) / f64::from(most))
    });
    let (red, green, blue) = (channels.next()??, channels.next()??, channels.next()??);
    // Perceived brightness (ITU-R BT.601).
    let brightness = 0.299 * red + 0.587 * green + 0.114 * blue;
    Some(if brightness < 0.5 { Background::Dark } else { Background::Light })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(answer: &str) -> Vec<KeyEvent> {
        let mut keys = vec![KeyEvent::new(KeyCode::Char(']'), KeyModifiers::ALT)];
        keys.extend(answer.chars().map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        keys
    }

    const BEL: KeyEvent = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL);
    const ST: KeyEvent = KeyEvent::new(KeyCode::Char('\\'), KeyModifiers::ALT);

    #[test]
    fn the_answer_is_taken_out_whatever_ends_it() {
        for (text, end, expected) in [
            ("11;rgb:1e1e/2222/2727", BEL, Some(Background::Dark)),
            ("11;rgb:ffff/ffff/ffff", ST, Some(Background::Light)),
            ("11;rgb:ff/f/fff", ST, Some(Background::Light)),
            ("11;rgb:0/0/0", BEL, Some(Background::Dark)),
            ("11;?", BEL, None),
            ("11;rgb:zz/0/0", BEL, None),
            ("11;rgb:fffff/0", BEL, None),
            ("", BEL, None),
        ] {
            let mut answer = Answer::default();
            for key in keys(text) {
                assert_eq!(answer.hear(key), Heard::Part, "{text}");
            }
            assert_eq!(answer.hear(end), Heard::Background(expected), "{text}");
            let later = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
            assert_eq!(answer.hear(later), Heard::Key(later), "{text}");
            assert_eq!(answer.hear(BEL), Heard::Key(BEL), "{text}");
        }
    }

    #[test]
    fn keys_before_the_answer_are_a_persons() {
        let mut answer = Answer::default();
        for c in "jk]".chars() {
            let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            assert_eq!(answer.hear(key), Heard::Key(key));
        }
        assert_eq!(answer.hear(keys("")[0]), Heard::Part);
    }

    #[test]
    fn what_only_looks_like_an_answer_does_not_swallow_keys_for_long() {
        let mut answer = Answer::default();
        let long: String = "j".repeat(LONGEST);
        for key in keys(&long) {
            assert_eq!(answer.hear(key), Heard::Part);
        }
        let next = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
        assert_eq!(answer.hear(next), Heard::Key(next));
    }
}
