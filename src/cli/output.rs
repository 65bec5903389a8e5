//! What a command writes: data on standard output, everything else on standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};

use serde_json::Value;
use zeroize::Zeroizing;

use super::problem::{Code, Problem};
use crate::text;

/// What a command has for standard output. It may be a token, so it is wiped after use.
#[derive(Clone, PartialEq, Eq)]
pub struct Printed(Zeroizing<String>);

impl std::fmt::Debug for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Printed({} bytes)", self.0.len())
    }
}

impl Printed {
    /// Text as it is, with the end of line that it needs.
    pub fn text(text: impl Into<String>) -> Self {
        let mut text = Zeroizing::new(text.into());
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        Self(text)
    }

    /// A sentence for a person; what comes from servers is inert in it.
    pub fn sentence(sentence: &str) -> Self {
        Self::text(text::inert(sentence))
    }

    /// JSON for a script.
    pub fn json(value: &Value) -> Self {
        Self::text(ascii_json(value))
    }

    /// JSON for a script, or else a sentence for a person.
    pub fn either(json: bool, value: &Value, sentence: &str) -> Self {
        if json { Self::json(value) } else { Self::sentence(sentence) }
    }

    /// Writes it to standard output. A reader that is gone has read all it wanted.
    ///
    /// # Errors
    /// When it cannot be written for another reason.
    pub fn write(&self) -> Result<(), Problem> {
        let mut out = io::stdout().lock();
        match out.write_all(self.0.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Problem::new(
                Code::Failed,
                format!("could not write to standard output: {error}"),
                "what was asked for is done; its result is not printed",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether standard output goes to a person's eyes.
pub fn is_seen() -> bool {
    io::stdout().is_terminal()
}

/// Says something beside the result. Standard error may be closed; there is nowhere else to say it.
pub fn warn(what: &str) {
    let _ = writeln!(io::stderr().lock(), "idmux: {}", text::inert(what));
}

/// Says an address that a person has to go to, on a line of its own.
pub fn address(address: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text::inert(address));
}

/// Says why the command failed.
pub fn report(problem: &Problem, json: bool) {
    let said = if json { ascii_json(&problem.for_scripts()) } else { problem.for_people() };
    let _ = writeln!(io::stderr().lock(), "{said}");
}

/// JSON in ASCII: what servers say is escaped in it, so that it does nothing to a terminal and means the same.
fn ascii_json(value: &Value) -> String {
    let mut ascii = String::new();
    for c in format!("{value:#}").chars() {
        if c.is_ascii() && c != '\x7f' {
            ascii.push(c);
        } else {
            // Outside of strings JSON is ASCII (RFC 8259, section 2), so this is inside one, where an escape may stand.
            for unit in c.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", Printed::text("secret")), "Printed(7 bytes)");
    }

    proptest! {
        #[test]
        fn json_is_inert_and_means_the_same(text in any::<String>()) {
            let value = json!({ &text: [text.clone()] });
            let ascii = ascii_json(&value);
            prop_assert!(ascii.chars().all(|c| c == '\n' || c.is_ascii() && !c.is_ascii_control()));
            prop_assert_eq!(serde_json::from_str::<Value>(&ascii).unwrap(), value);
        }
    }
}
