//! Reads lines from standard input on a thread of its own, one whenever one is asked for: a secret is read without echo.

use std::io::{self, BufRead, ErrorKind, IsTerminal};
use std::sync::mpsc as blocking;
use std::thread;

use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::hidden_input;

/// Longest line that is read, in bytes, so that a pipe without line ends fills no memory.
const LONGEST: u64 = 1 << 20;

/// What came.
pub enum Answer {
    /// A line, without its end. It may be a secret.
    Text(Zeroizing<String>),
    /// Nothing more comes.
    End,
}

/// The way to the thread.
#[derive(Debug)]
pub struct Reader {
    questions: blocking::Sender<Option<String>>,
}

impl Reader {
    /// Starts the thread. It ends with the process: nobody can wake it from a read.
    pub fn start() -> io::Result<(Self, mpsc::Receiver<Answer>)> {
        let (questions, asked) = blocking::channel();
        let (answers, answered) = mpsc::channel(1);
        thread::Builder::new().name("standard input".into()).spawn(move || {
            while let Ok(secret) = asked.recv() {
                let answer = read(secret).map_or(Answer::End, Answer::Text);
                if answers.blocking_send(answer).is_err() {
                    break;
                }
            }
        })?;
        Ok((Self { questions }, answered))
    }

    /// Has the next line read; a secret behind its `prompt`.
    pub fn ask(&mut self, secret: Option<String>) {
        // A thread that is gone closes the answers, which is noticed there.
        let _ = self.questions.send(secret);
    }
}

fn read(secret: Option<String>) -> io::Result<Zeroizing<String>> {
    if let Some(prompt) = secret.filter(|_| io::stdin().is_terminal()) {
        return hidden_input::read_behind(&prompt);
    }
    line(io::stdin().lock())
}

fn line(input: impl BufRead) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(1024));
    let read = input.take(LONGEST).read_line(&mut text)?;
    if read == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_without_their_ends_and_the_end_is_one() {
        let mut input = &b"one\r\ntwo\n\nlast"[..];
        let mut next = || line(&mut input).map(|text| text.to_string()).ok();
        assert_eq!(
            [next(), next(), next(), next(), next()],
            [Some("one".into()), Some("two".into()), Some(String::new()), Some("last".into()), None]
        );
    }
}
