//! What a command writes: data on standard output, everything else on standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use zeroize::Zeroizing;

use super::problem::{Code, Problem};
use crate::account::grant;
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

    /// A token or a key as it is, which is one word: an answer of a server that was more of it is not printed.
    ///
    /// # Errors
    /// When it is none.
    pub fn word(what: &str, secret: &str) -> Result<Self, Problem> {
        if grant::is_word(secret) {
            return Ok(Self::text(secret));
        }
        let message = format!("the {what} has characters that belong into none, and is not printed");
        Err(Problem::new(Code::NotTheProtocol, message, "log the user in again"))
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
        written(out.write_all(self.0.as_bytes()).and_then(|()| out.flush()))
    }
}

fn written(result: io::Result<()>) -> Result<(), Problem> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Problem::new(
            Code::Failed,
            format!("could not write to standard output: {error}"),
            "what was asked for is done; its result is not printed",
        )),
        _ => Ok(()),
    }
}

/// Prints a text that is all that a command does.
pub fn print(text: String) -> ExitCode {
    let mut out = io::stdout().lock();
    finish(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// The end of a command that only prints, by how the writing went.
pub fn finish(result: io::Result<()>) -> ExitCode {
    match written(result) {
        Ok(()) => done(),
        Err(problem) => {
            report(&problem);
            problem.exit_code()
        }
    }
}

/// Whether standard output goes to a person's eyes.
pub fn is_seen() -> bool {
    io::stdout().is_terminal()
}

/// What is said beside the result, where scripts read it: it goes out at the end, in one object.
static FOR_SCRIPTS: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// From now on standard error has objects for scripts, and nothing else.
pub fn for_scripts() {
    FOR_SCRIPTS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
}

fn warnings_for_scripts() -> Option<Vec<String>> {
    FOR_SCRIPTS.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(std::mem::take)
}

/// Says something beside the result. Standard error may be closed; there is nowhere else to say it.
pub fn warn(what: &str) {
    match &mut *FOR_SCRIPTS.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(warnings) => warnings.push(what.to_owned()),
        None => {
            let _ = writeln!(io::stderr().lock(), "idmux: {}", text::inert(what));
        }
    }
}

/// Says at once where a person has to go: for scripts as an object on one line, else below what `why` says.
pub fn address(why: &str, address: &str) {
    let for_scripts = FOR_SCRIPTS.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    let said = if for_scripts {
        ascii(&serde_json::json!({ "address": address }).to_string())
    } else {
        format!("idmux: {}\n{}", text::inert(why), text::inert(address))
    };
    let _ = writeln!(io::stderr().lock(), "{said}");
}

/// Says why the command failed, with the warnings that scripts have not seen yet.
pub fn report(problem: &Problem) {
    let said = match warnings_for_scripts() {
        Some(warnings) => {
            let mut object = problem.for_scripts();
            if !warnings.is_empty() {
                object["warnings"] = warnings.into();
            }
            ascii_json(&object)
        }
        None => problem.for_people(),
    };
    let _ = writeln!(io::stderr().lock(), "{said}");
}

/// The end of a command that did what it was asked for: scripts see its warnings, if it has some.
pub fn done() -> ExitCode {
    if let Some(warnings) = warnings_for_scripts().filter(|warnings| !warnings.is_empty()) {
        let object = serde_json::json!({ "warnings": warnings });
        let _ = writeln!(io::stderr().lock(), "{}", ascii_json(&object));
    }
    ExitCode::SUCCESS
}

/// JSON in ASCII: what servers say is escaped in it, so that it does nothing to a terminal and means the same.
fn ascii_json(value: &Value) -> String {
    ascii(&format!("{value:#}"))
}

fn ascii(json: &str) -> String {
    let mut ascii = String::new();
    for c in json.chars() {
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
