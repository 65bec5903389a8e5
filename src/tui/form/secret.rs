//! An editor for secrets that leaves no copies behind: no undo, no yank buffer, nothing in `Debug`.

use std::fmt;

use secrecy::SecretString;
use unicode_segmentation::UnicodeSegmentation;
use zeroize::{Zeroize, Zeroizing};

use super::field::LONGEST;

/// Room for any password that App Services takes, so that the buffer seldom moves.
const ROOM: usize = 512;

/// A secret while it is typed. Wiped when it is taken and when it is dropped.
pub struct SecretField {
    text: Zeroizing<String>,
    /// Whether what is typed next takes its place.
    replaceable: bool,
    /// Whether it is shown as it is.
    pub revealed: bool,
}

impl Default for SecretField {
    fn default() -> Self {
        Self { text: Zeroizing::new(String::with_capacity(ROOM)), replaceable: false, revealed: false }
    }
}

impl SecretField {
    /// Adds a character at the end, unless it is a control character or there is no room; whether it did.
    pub fn insert(&mut self, c: char) -> bool {
        if c.is_control() || c.len_utf8() > self.room() {
            return false;
        }
        if self.replaceable {
            self.wipe();
        }
        if self.text.len() + c.len_utf8() > self.text.capacity() {
            // A growing `String` frees its old buffer as it is; this one is wiped.
            let mut larger = Zeroizing::new(String::with_capacity(self.text.capacity() * 2));
            larger.push_str(&self.text);
            self.text = larger;
        }
        self.text.push(c);
        true
    }

    /// How many bytes there is room for.
    pub(super) fn room(&self) -> usize {
        let held = if self.replaceable { 0 } else { self.text.len() };
        LONGEST.saturating_sub(held)
    }

    /// Removes what was typed last; whether there was anything.
    pub fn backspace(&mut self) -> bool {
        if self.replaceable {
            return self.wipe();
        }
        match self.text.grapheme_indices(true).next_back() {
            Some((at, _)) => {
                self.text.truncate(at);
                true
            }
            None => false,
        }
    }

    /// Wipes everything; whether there was anything.
    pub fn wipe(&mut self) -> bool {
        let some = !self.text.is_empty();
        self.text.zeroize();
        (self.replaceable, self.revealed) = (false, false);
        some
    }

    /// Lets what is typed next take its place.
    pub fn offer_replacement(&mut self) {
        self.replaceable = true;
    }

    /// Takes the secret out and wipes the field.
    pub fn take(&mut self) -> SecretString {
        let secret = SecretString::from(self.text.as_str());
        self.wipe();
        secret
    }

    /// What was typed, for a check.
    pub fn peek(&self) -> &str {
        &self.text
    }

    /// How many dots stand for it.
    pub fn len(&self) -> usize {
        self.text.graphemes(true).count()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl fmt::Debug for SecretField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretField(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_secret_is_edited_by_grapheme_and_taken_once() {
        let mut field = SecretField::default();
        for c in "pässe\u{301}\n".chars() {
            field.insert(c);
        }
        assert_eq!(field.len(), 5);
        field.backspace();
        assert_eq!(field.peek(), "päss");
        assert_eq!(field.take().expose_secret(), "päss");
        assert!(field.is_empty() && !field.backspace() && !field.wipe());
    }

    #[test]
    fn a_secret_that_failed_is_sent_again_or_typed_anew() {
        let failed = || {
            let mut field = SecretField::default();
            assert!("wrong".chars().all(|c| field.insert(c)));
            field.offer_replacement();
            field
        };
        assert_eq!(failed().peek(), "wrong");
        let mut field = failed();
        assert!("new".chars().all(|c| field.insert(c)));
        assert_eq!(field.peek(), "new");
        let mut field = failed();
        assert!(field.backspace() && field.is_empty());
    }

    #[test]
    fn a_long_secret_is_kept_whole() {
        let mut field = SecretField::default();
        for _ in 0..2000 {
            assert!(field.insert('x'));
        }
        assert_eq!(field.take().expose_secret().len(), 2000);
    }

    #[test]
    fn a_secret_does_not_print() {
        let mut field = SecretField::default();
        field.insert('s');
        assert_eq!(format!("{field:?}"), "SecretField(…)");
    }
}
