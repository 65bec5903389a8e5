//! Where a secret comes from: a prompt without echo, standard input, a file descriptor, for the vault also the
//! environment; never the arguments, which every process of the machine can read.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::sync::Arc;

use clap::Args;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::problem::{Code, Problem};
use crate::{hardening, hidden_input};

/// Longest secret that is read, in bytes. JWTs with many claims are the longest that occur.
const LONGEST: u64 = 64 * 1024;

/// Where a password comes from.
#[derive(Debug, Clone, Args)]
pub struct PasswordArgs {
    /// Read the password from standard input; one end of line at its end does not count.
    #[arg(long, conflicts_with = "password_fd")]
    password_stdin: bool,

    /// Read the password from this open file descriptor.
    #[arg(long, value_name = "N", value_parser = Descriptor::open)]
    password_fd: Option<Descriptor>,
}

/// Where a key or a JWT comes from.
#[derive(Debug, Clone, Args)]
pub struct SecretArgs {
    /// Read the secret from standard input; one end of line at its end does not count.
    #[arg(long, conflicts_with = "secret_fd")]
    secret_stdin: bool,

    /// Read the secret from this open file descriptor.
    #[arg(long, value_name = "N", value_parser = Descriptor::open)]
    secret_fd: Option<Descriptor>,
}

/// Where the vault's passphrase comes from.
#[derive(Debug, Clone, Args)]
pub struct PassphraseArgs {
    /// Read the passphrase from standard input; one end of line at its end does not count.
    #[arg(long, conflicts_with = "passphrase_fd")]
    passphrase_stdin: bool,

    /// Read the passphrase from this open file descriptor.
    #[arg(long, value_name = "N", value_parser = Descriptor::open)]
    passphrase_fd: Option<Descriptor>,
}

/// A file descriptor that somebody opened for idmux.
///
/// It is opened anew while the arguments are read: later the number may name a file of idmux's own, which would then be
/// sent to a server as a password.
#[derive(Debug, Clone)]
pub struct Descriptor {
    number: u32,
    file: Arc<File>,
}

impl Descriptor {
    /// Opens what the descriptor refers to by its name in the file system. That needs no unsafe code, and the descriptor
    /// itself stays its owner's.
    pub fn open(number: &str) -> Result<Self, String> {
        let number: u32 = number.parse().map_err(|_| "expected the number of an open file descriptor")?;
        let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
        let file = File::open(format!("{folder}/{number}")).map_err(|error| error.to_string())?;
        Ok(Self { number, file: Arc::new(file) })
    }
}

/// Where a secret comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A person types it.
    Prompt,
    /// Standard input, to its end.
    Stdin,
    /// An open file descriptor, to its end.
    Descriptor(Descriptor),
    /// An environment variable.
    Variable(&'static str),
}

impl Source {
    /// What the flags say; a person, where they say nothing.
    pub(super) fn from_flags(stdin: bool, descriptor: Option<&Descriptor>) -> Self {
        match (stdin, descriptor) {
            (true, _) => Self::Stdin,
            (false, Some(descriptor)) => Self::Descriptor(descriptor.clone()),
            (false, None) => Self::Prompt,
        }
    }
}

impl From<&PasswordArgs> for Source {
    fn from(args: &PasswordArgs) -> Self {
        Self::from_flags(args.password_stdin, args.password_fd.as_ref())
    }
}

impl From<&SecretArgs> for Source {
    fn from(args: &SecretArgs) -> Self {
        Self::from_flags(args.secret_stdin, args.secret_fd.as_ref())
    }
}

impl From<&PassphraseArgs> for Source {
    /// What the arguments name; without any, the environment, and only then a person.
    fn from(args: &PassphraseArgs) -> Self {
        match Self::from_flags(args.passphrase_stdin, args.passphrase_fd.as_ref()) {
            Self::Prompt if hardening::secret(hardening::PASSPHRASE).is_some() => {
                Self::Variable(hardening::PASSPHRASE)
            }
            source => source,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Question {
    /// `password`, `API key`.
    pub what: &'static str,
    /// Whose; a person sees it before typing.
    pub whose: String,
    /// Whether a person types it twice, since nobody can tell a new secret from a mistyped one.
    pub twice: bool,
    /// How it comes without a person.
    pub instead: &'static str,
}

/// Whether somebody is there to answer a prompt.
pub fn can_prompt() -> bool {
    io::stdin().is_terminal()
}

/// Reads a secret. It blocks a thread of its own, for as long as a person or a pipe takes.
///
/// # Errors
/// When nothing usable comes from there.
pub async fn read(source: Source, question: Question) -> Result<SecretString, Problem> {
    let read = move || match source {
        Source::Prompt => prompt(&question),
        Source::Stdin => from_reader(io::stdin().lock(), question.what, "standard input"),
        Source::Descriptor(Descriptor { number, file }) => {
            from_reader(&*file, question.what, &format!("file descriptor {number}"))
        }
        Source::Variable(name) => hardening::secret(name).ok_or_else(|| empty(question.what, name)),
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Err(Problem::interrupted()))
}

/// Reads text that may hold secrets from standard input, or from a file.
///
/// # Errors
/// When it cannot be read, is empty, too long, or not text.
pub async fn read_text(
    file: Option<std::path::PathBuf>,
    what: &'static str,
) -> Result<SecretString, Problem> {
    let read = move || match file {
        Some(path) => {
            let from = path.display().to_string();
            let file = File::open(&path).map_err(|error| unreadable(what, &from, &error))?;
            from_reader(file, what, &from)
        }
        None => from_reader(io::stdin().lock(), what, "standard input"),
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Err(Problem::interrupted()))
}

fn prompt(question: &Question) -> Result<SecretString, Problem> {
    let Question { what, whose, twice, instead } = question;
    if !can_prompt() {
        let message = format!("the {what} of {whose} is needed, and standard input is no terminal to ask at");
        return Err(Problem::new(Code::Input, message, *instead));
    }
    let ask = |text: String| {
        hidden_input::ask(&text).map(|text| SecretString::from(text.as_str())).map_err(|error| {
            match error.kind() {
                ErrorKind::Interrupted => Problem::interrupted(),
                ErrorKind::UnexpectedEof => empty(what, "the terminal"),
                _ => unreadable(what, "the terminal", &error),
            }
        })
    };
    use secrecy::ExposeSecret as _;
    let whose = crate::text::inert(whose);
    let first = ask(format!("{what} of {whose}: "))?;
    if first.expose_secret().is_empty() {
        return Err(empty(what, "the terminal"));
    }
    if *twice && ask(format!("{what} of {whose}, once more: "))?.expose_secret() != first.expose_secret() {
        return Err(Problem::new(Code::Input, format!("the {what} was not the same twice"), "try again"));
    }
    Ok(first)
}

fn from_reader(reader: impl Read, what: &str, from: &str) -> Result<SecretString, Problem> {
    // All the room it may need at once: a buffer that grows leaves pieces of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize + 1));
    reader.take(LONGEST + 1).read_to_string(&mut text).map_err(|error| unreadable(what, from, &error))?;
    if text.len() as u64 > LONGEST {
        let message = format!("the {what} from {from} is longer than {LONGEST} bytes");
        return Err(Problem::new(Code::Input, message, "give the secret alone"));
    }
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() { Err(empty(what, from)) } else { Ok(SecretString::from(secret)) }
}

fn empty(what: &str, from: &str) -> Problem {
    Problem::new(Code::Input, format!("no {what} came from {from}"), "")
}

fn unreadable(what: &str, from: &str, error: &io::Error) -> Problem {
    Problem::new(Code::Input, format!("could not read the {what} from {from}: {error}"), "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn read(bytes: &[u8]) -> Result<String, Problem> {
        from_reader(bytes, "password", "a test").map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn one_end_of_line_at_the_end_does_not_count() {
        for (given, secret) in
            [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), (" a\n\n", " a\n")]
        {
            assert_eq!(read(given.as_bytes()).unwrap(), secret, "{given:?}");
        }
    }

    #[test]
    fn nothing_too_much_and_no_text_are_refused_without_repeating_it() {
        let long = vec![b'x'; LONGEST as usize + 1];
        for given in [&b""[..], b"\n", b"\xff\xfe secret", &long] {
            let problem = read(given).unwrap_err();
            assert_eq!(problem.code, Code::Input);
            assert!(!problem.message.contains("secret") && problem.message.len() < 200, "{problem:?}");
        }
        assert_eq!(read(&long[1..]).unwrap().len() as u64, LONGEST);
    }
}
