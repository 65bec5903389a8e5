//! The plain mode: what the screen shows as lines of text, for screen readers, braille displays and pipes.
//!
//! It works on the same model as the screen, by the same actions, and asks for the fields of the same dialogs one by one. It
//! writes lines and nothing else: no colour, no cursor movement, nothing that is drawn over.

mod command;
mod lines;
mod questions;
mod reader;
mod talk;
mod views;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use ratatui::layout::Size;
use tokio::time::{Instant, sleep};

use super::message::Message;
use super::model::Model;
use super::state::{Start, whole_second};
use super::{Effect, Setup, TuiError, terminal};
use crate::hidden_input;
use reader::{Answer, Reader};
use talk::{Ask, Talk};

/// The model wants a screen; nothing is cut to this one.
const SIZE: Size = Size { width: 200, height: 60 };

/// What an event tells reaches the snapshot right after it. The next line is read when both are here.
const BEHIND: Duration = Duration::from_millis(100);

/// The longest sleep while something is due, as on the screen.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// Runs the plain mode until the person quits, standard input ends, a signal ends it, or `setup.stop` is cancelled.
///
/// # Errors
///
/// When standard output cannot be written.
pub async fn run(setup: Setup) -> Result<(), TuiError> {
    let ended = terminal::signals(Arc::default())?;
    let result = converse(setup, ended).await;
    hidden_input::end();
    match result {
        // Whoever read the lines has gone, as `head` does.
        Err(TuiError::Terminal(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

async fn converse(setup: Setup, ended: impl Future<Output = ()>) -> Result<(), TuiError> {
    let Setup { mut session, clock, stop, first_frame, demo, auto_lock, look, notify, keymap, mouse: _ } =
        setup;
    let mut model = Model::new(Start { now: clock.now(), size: SIZE, look, demo, auto_lock });
    model.state.keymap = keymap;
    let with_person = io::stdin().is_terminal();
    let mut talk = Talk::new(model, with_person);
    let mut output = Output { question: None, with_person };
    let (mut reader, mut answers) = Reader::start()?;
    let mut asked: Option<Ask> = None;
    let mut settled = Instant::now();
    let mut ended = std::pin::pin!(ended);
    // Nobody has to wait for it.
    let _ = first_frame.send(());
    let first = Message::Snapshot(session.snapshots.borrow_and_update().clone());
    let mut effects = VecDeque::from(talk.tell(first));
    loop {
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Send { operation, dialog } => {
                    let result = session.try_send(operation);
                    effects.extend(talk.sent(dialog, result));
                }
                Effect::Copy { text, name } => {
                    let terminal = io::stdout().is_terminal();
                    if terminal {
                        terminal::copy(&text)?;
                    }
                    let tool = terminal::clipboard::hand(&text).await;
                    effects.extend(talk.copied(name, terminal, tool));
                }
                Effect::Notify(words) if io::stdout().is_terminal() => notify.tell(&words)?,
                Effect::Edit { dialog, .. } => {
                    let result = Err("an editor needs the screen; edit changes a field".into());
                    effects.extend(talk.tell(Message::Edited { dialog, result }));
                }
                Effect::OpenBrowser(address) => crate::browser::open(address.as_str()),
                Effect::Quit => return output.say(talk.take_lines()).map_err(Into::into),
                Effect::Notify(_) | Effect::Repaint | Effect::Suspend | Effect::Rest => {}
            }
        }
        let settles = settled.saturating_duration_since(Instant::now());
        let ask = if asked.is_none() && settles.is_zero() { talk.ask() } else { None };
        output.say(talk.take_lines())?;
        if let Some(ask) = ask {
            output.prompt(&ask)?;
            reader.ask(ask.is_secret().then(|| ask.prompt()));
            asked = Some(ask);
        }
        let due = [talk.model().lock_at(), talk.model().attention.due()].into_iter().flatten().min();
        let nap = due.map(|due| {
            let nap = due.duration_since(clock.now()).max(SignedDuration::ZERO);
            // The model knows whole seconds only.
            (nap.unsigned_abs() + Duration::from_secs(1)).min(LONGEST_NAP)
        });
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = &mut ended => break,
            answer = answers.recv() => {
                output.question = None;
                let question = asked.take();
                effects.extend(talk.time(whole_second(clock.now())));
                effects.extend(match (question, answer) {
                    (Some(question), Some(Answer::Text(text))) => talk.answer(&question, &text),
                    _ => talk.end_of_input(),
                });
            }
            changed = session.snapshots.changed() => {
                if changed.is_err() {
                    break;
                }
                let snapshot = session.snapshots.borrow_and_update().clone();
                effects.extend(talk.tell(Message::Snapshot(snapshot)));
            }
            Some(event) = session.events.recv() => {
                effects.extend(talk.hear(event));
                settled = Instant::now() + BEHIND;
            }
            () = sleep(settles), if !settles.is_zero() => {}
            () = sleep(nap.unwrap_or_default()), if nap.is_some() => {}
        }
        effects.extend(talk.time(whole_second(clock.now())));
    }
    Ok(output.say(talk.take_lines())?)
}

/// Standard output.
struct Output {
    /// The question before the cursor, if there is one.
    question: Option<String>,
    /// Whether a person sees questions.
    with_person: bool,
}

impl Output {
    fn say(&mut self, lines: Vec<String>) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = lines.join("\n");
        text.push('\n');
        if let Some(question) = &self.question {
            // What is said in between takes the line; the question stands, and is said again.
            text.insert(0, '\n');
            text.push_str(question);
        }
        write(&text)
    }

    /// A pipe needs no questions: its lines are there already.
    fn prompt(&mut self, ask: &Ask) -> io::Result<()> {
        if !self.with_person {
            return Ok(());
        }
        write(self.question.insert(ask.prompt()))
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut output = terminal::Output::new()?;
    output.write_all(text.as_bytes())?;
    output.flush()
}
