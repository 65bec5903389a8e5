//! What a paste is to fields of one line.
//!
//! Kind: several lines glued together, so that a password stands in clear sight behind the address that it belongs to.

use zeroize::Zeroizing;

use super::field::LONGEST;
use super::{FieldKind, FieldName, Form};

impl Form {
    /// Inserts pasted text into the focused field, without control characters: a pasted line end submits nothing. Of several
    /// lines a field takes the first; an address that a password follows fills both fields. What was done otherwise than
    /// asked is said beside the field.
    pub fn paste(&mut self, text: &str) {
        let Some(field) = self.focused().filter(|field| field.is_text()) else { return };
        if field.joins_lines {
            let lines = lines(text, ends_word);
            let joined = Zeroizing::new(lines.iter().map(|line| line.as_str()).collect::<Vec<_>>().join(" "));
            return self.insert(&joined, None);
        }
        let is_secret = field.is_secret();
        let lines = lines(text, if is_secret { ends_line } else { ends_word });
        let Some(first) = lines.first() else { return };
        let count = lines.len();
        match lines.get(1).filter(|_| self.password_follows()) {
            Some(second) => {
                self.insert(first, None);
                self.focus_on(FieldName::Password);
                self.edit(|field| match &mut field.kind {
                    FieldKind::Secret(secret) => secret.wipe(),
                    _ => false,
                });
                let note = match count {
                    2 => "pasted: the address and the password".into(),
                    _ => format!("pasted: the first two of {count} lines"),
                };
                self.insert(second, Some(note));
            }
            None if count > 1 => {
                let note = format!("pasted: only the first of {count} lines");
                self.insert(first, Some(note));
            }
            None => self.insert(first, None),
        }
    }

    /// Whether the focus is on an address, and the next field is for its password.
    fn password_follows(&self) -> bool {
        let mut fields = self.fields().skip_while(|field| !self.is_focused(field.name));
        let is = |field: Option<&super::Field>, name| field.is_some_and(|field| field.name == name);
        is(fields.next(), FieldName::Email) && is(fields.next(), FieldName::Password)
    }

    /// Inserts one line into the focused field, and says something beside it.
    fn insert(&mut self, line: &str, note: Option<String>) {
        let mut taken = false;
        self.edit(|field| {
            taken = field.insert(line);
            taken
        });
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.note = if taken { note } else { Some(too_long()) };
        }
    }
}

fn too_long() -> String {
    format!("more than {} KB: nothing was pasted", LONGEST / 1024)
}

/// The first of the lines of a paste that has something in it, without control characters.
pub fn first_line(text: &str) -> Zeroizing<String> {
    lines(text, ends_word).into_iter().next().unwrap_or_default()
}

/// The lines that have something in them, without control characters.
fn lines(text: &str, ends: fn(char) -> bool) -> Vec<Zeroizing<String>> {
    let clean = |line: &str| Zeroizing::new(line.chars().filter(|c| !c.is_control()).collect::<String>());
    text.split(ends).map(clean).filter(|line| !line.trim().is_empty()).collect()
}

/// Whatever Unicode ends a line with.
fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A cell of a table ends as a line does. A secret has no cells.
fn ends_word(c: char) -> bool {
    c == '\t' || ends_line(c)
}

#[cfg(test)]
mod tests {
    use super::super::Field;
    use super::*;

    fn log_in() -> Form {
        let mut form = Form::new(vec![
            Field::choice(FieldName::Method, "Method", vec!["A", "B"]),
            Field::text(FieldName::Email, "E-mail", ""),
            Field::secret(FieldName::Password, "Password"),
            Field::text(FieldName::Alias, "Name", ""),
            Field::text(FieldName::Value, "Value", "").joining_lines(),
        ]);
        form.focus_on(FieldName::Email);
        form
    }

    fn note(form: &Form) -> &str {
        form.focused().and_then(|field| field.note.as_deref()).unwrap_or_default()
    }

    #[test]
    fn an_address_and_its_password_fill_both_fields() {
        for text in [
            "ada@example.com\nhunter2\n",
            "\r\nada@example.com\r\n\r\nhunter2",
            "ada@example.com\thunter2",
            "ada@example.com\u{2028}hunter2",
            "ada@example.com\u{85}hunter2",
        ] {
            let mut form = log_in();
            form.paste(text);
            assert_eq!(form.text(FieldName::Email), "ada@example.com", "{text:?}");
            assert_eq!(form.secret(FieldName::Password), "hunter2", "{text:?}");
            assert!(form.is_focused(FieldName::Password) && note(&form).contains("address and the password"));
        }
        let mut form = log_in();
        form.paste("ada@example.com\nhunter2\nhttps://example.com");
        assert_eq!(form.secret(FieldName::Password), "hunter2");
        assert!(note(&form).contains("first two of 3 lines"), "{}", note(&form));
        // What is known to be the password takes the place of what was typed.
        form.focus_on(FieldName::Email);
        form.paste("\nx\ny");
        assert_eq!(form.secret(FieldName::Password), "y");
    }

    #[test]
    fn any_other_field_takes_the_first_line_and_says_so_until_it_is_edited() {
        let mut form = log_in();
        for (name, text, taken) in [
            (FieldName::Alias, "shop\nhunter2", "shop"),
            (FieldName::Alias, "\u{1b}a\u{7}b\n", "shopab"),
            (FieldName::Password, "hun\tter2\nada\n", "hunter2"),
        ] {
            form.focus_on(name);
            form.paste(text);
            let value = if name == FieldName::Password { form.secret(name) } else { form.text(name) };
            assert_eq!(value, taken);
        }
        assert_eq!(note(&form), "pasted: only the first of 2 lines");
        form.paste("3");
        assert_eq!(note(&form), "");
        // The end of the line is none of the secret.
        form.paste("4\n");
        assert_eq!(form.secret(FieldName::Password), "hunter234");
    }

    #[test]
    fn json_of_several_lines_is_one_line() {
        let mut form = log_in();
        form.focus_on(FieldName::Value);
        form.paste("{\n\t\"a\": 1,\n\t\"b\": [2]\n}\n");
        assert_eq!(form.text(FieldName::Value), "{ \"a\": 1, \"b\": [2] }");
        assert_eq!(note(&form), "");
    }

    /// Kind: work that grows with the square of what comes.
    #[test]
    fn a_paste_is_inserted_at_once_and_bounded() {
        let mut form = log_in();
        form.paste("a@b");
        form.key(crossterm::event::KeyCode::Home.into());
        form.paste(&"x".repeat(LONGEST - 3));
        assert_eq!(form.text(FieldName::Email).len(), LONGEST);
        assert!(form.text(FieldName::Email).ends_with("xa@b"));
        form.key(crossterm::event::KeyCode::Char('y').into());
        form.paste("z");
        assert_eq!(form.text(FieldName::Email).len(), LONGEST, "a key and a paste add nothing");
        assert!(note(&form).contains("64 KB"), "{}", note(&form));
        form.focus_on(FieldName::Password);
        form.paste(&"é".repeat(200_000));
        assert_eq!(form.secret(FieldName::Password), "");
        assert!(note(&form).contains("64 KB"), "{}", note(&form));
    }
}
