//! Carries keys, snapshots, events and time to the model, and draws when something changed.
//!
//! There is no tick: the loop sleeps until something arrives, or until a text in sight changes by itself.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::KeyEventKind;
use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::editor::{self, Editor};
use super::effect::DialogId;
use super::effect::Effect;
use super::message::Message;
use super::model::Model;
use super::state::{Start, whole_second};
use super::terminal::Lend;
use super::terminal::clipboard;
use super::terminal::input::Input;
use super::update::update;
use super::view::view;
use super::{Notify, Setup, TuiError, next_change, terminal};
use crate::clock::Clock;
use crate::session::{Event, SessionHandle};

/// How many keys or events are taken in before a frame is drawn, so that a flood of them cannot hold it up.
const BATCH: usize = 64;

/// The longest sleep while something counts down: after a suspend, or when the clock was moved, the screen is wrong for no
/// longer than this.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// The selection rests when it has not moved for so long: longer than a held key takes to repeat, shorter than one waits.
const REST: Duration = Duration::from_millis(120);

/// Runs the interface on `terminal` until a key, `ended` or `setup.stop` ends it. Whenever `continued` says so, the program
/// was stopped, and somebody else had the terminal meanwhile.
///
/// # Errors
///
/// When the terminal cannot be read or drawn on.
pub async fn run<B, K>(
    terminal: &mut Terminal<B>,
    mut keys: K,
    ended: impl Future<Output = ()>,
    continued: impl Stream<Item = ()>,
    setup: Setup,
) -> Result<(), TuiError>
where
    B: Backend<Error = io::Error>,
    K: Stream<Item = io::Result<Input>> + Lend + Unpin,
{
    let Setup { session, clock, stop, first_frame, demo, auto_lock, look, keymap, mouse, notify } = setup;
    let size = terminal.get_frame().area().as_size();
    let mut model = Model::new(Start { now: clock.now(), size, look, demo, auto_lock });
    model.state.keymap = keymap;
    let (copies, mut copied) = mpsc::unbounded_channel();
    let mut ui = Interface {
        terminal,
        model,
        session,
        clock,
        worker_runs: true,
        quit: false,
        notify,
        mouse,
        moved: None,
        rest: None,
        to_edit: None,
        editor: None,
        copies,
    };
    let mut first_frame = Some(first_frame);
    let (mut ended, mut continued) = (std::pin::pin!(ended), std::pin::pin!(continued));
    ui.take_snapshot()?;
    while !ui.quit {
        ui.draw()?;
        ui.start_editor(&mut keys)?;
        if let Some(first_frame) = first_frame.take() {
            // Nobody has to wait for it.
            let _ = first_frame.send(());
        }
        let nap = ui.nap();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = &mut ended => break,
            Some(()) = continued.next(), if ui.editor.is_none() => {
                terminal::take_back(ui.mouse)?;
                ui.repaint()?;
            }
            result = editor::done(&mut ui.editor), if ui.editor.is_some() => {
                keys.take_back()?;
                ui.editor_ended(result)?;
            }
            input = keys.next(), if ui.editor.is_none() => match input {
                Some(input) => ui.take_inputs(input?, &mut keys).await?,
                None => break,
            },
            changed = ui.session.snapshots.changed(), if ui.worker_runs => match changed {
                Ok(()) => ui.take_snapshot()?,
                Err(_) => ui.worker_stopped()?,
            },
            event = ui.session.events.recv(), if ui.worker_runs => match event {
                Some(event) => ui.take_events(event)?,
                None => ui.worker_stopped()?,
            },
            Some(copied) = copied.recv() => ui.tell(copied)?,
            () = tokio::time::sleep_until(ui.rest.unwrap_or_else(Instant::now)), if ui.rest.is_some() => {
                ui.rest = None;
                ui.tell(Message::Rested)?;
            }
            () = tokio::time::sleep(nap.unwrap_or_default()), if nap.is_some() => {}
        }
        ui.take_time()?;
    }
    if let Some(editor) = &mut ui.editor {
        // Whoever asked this program to end has asked the editor, or has to: two programs on one terminal are none.
        let _ = editor.done().await;
    }
    Ok(())
}

struct Interface<'a, B: Backend> {
    terminal: &'a mut Terminal<B>,
    model: Model,
    session: SessionHandle,
    clock: Arc<dyn Clock>,
    worker_runs: bool,
    quit: bool,
    notify: Notify,
    mouse: bool,
    /// When the selection moved, as far as somebody waits for it to rest.
    moved: Option<Instant>,
    /// When it rests, if it moves.
    rest: Option<Instant>,
    /// What is to be edited as soon as the screen is drawn.
    to_edit: Option<(DialogId, String)>,
    /// The editor that has the terminal.
    editor: Option<Editor>,
    /// Where it is said how a copy went.
    copies: mpsc::UnboundedSender<Message>,
}

impl<B: Backend<Error = io::Error>> Interface<'_, B> {
    /// Draws the model. The backend writes only what changed, and nothing where nothing did.
    fn draw(&mut self) -> Result<(), TuiError> {
        if self.editor.is_some() {
            return Ok(());
        }
        self.terminal.autoresize()?;
        let size = self.terminal.get_frame().area().as_size();
        if size != self.model.state.size {
            self.tell(Message::Resize(size))?;
        }
        let model = &self.model;
        self.terminal.draw(|frame| view(model, frame))?;
        Ok(())
    }

    fn tell(&mut self, message: Message) -> Result<(), TuiError> {
        let mut effects = VecDeque::from(update(&mut self.model, message));
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Send { operation, dialog } => {
                    let result = self.session.try_send(operation);
                    effects.extend(update(&mut self.model, Message::Sent { dialog, result }));
                }
                Effect::Copy { text, name } => {
                    let written = terminal::copy(&text);
                    if let Err(error) = &written {
                        tracing::warn!(%error, "nothing was copied to the terminal");
                    }
                    let (terminal, copies) = (written.is_ok(), self.copies.clone());
                    tokio::spawn(async move {
                        let tool = clipboard::hand(&text).await;
                        // Nobody is there to hear of it when the program has ended.
                        let _ = copies.send(Message::Copied { name, terminal, tool });
                    });
                }
                Effect::OpenBrowser(address) => crate::browser::open(address.as_str()),
                Effect::Suspend => {
                    terminal::suspend(self.mouse)?;
                    self.repaint()?;
                }
                Effect::Notify(words) => {
                    if let Err(error) = self.notify.tell(&words) {
                        tracing::warn!(%error, "nobody was notified");
                    }
                }
                Effect::Edit { dialog, text } => self.to_edit = Some((dialog, text)),
                Effect::Rest => {
                    let now = Instant::now();
                    let moved = self.moved.replace(now);
                    // A single key is answered at once; one that is held, when it is let go.
                    if moved.is_none_or(|before| before + REST <= now) {
                        effects.extend(update(&mut self.model, Message::Rested));
                    } else {
                        self.rest = Some(now + REST);
                    }
                }
                Effect::Repaint => self.repaint()?,
                Effect::Quit => self.quit = true,
            }
        }
        Ok(())
    }

    /// Has the next frame write every cell, whatever the terminal shows.
    fn repaint(&mut self) -> Result<(), TuiError> {
        // `Terminal::clear` would ask the terminal for the cursor and lose the answer to the key stream.
        self.terminal.backend_mut().clear_region(ClearType::All)?;
        self.terminal.swap_buffers();
        Ok(())
    }

    /// Gives the terminal to an editor, if there is something to edit. The loop goes on: only keys and drawing wait.
    fn start_editor<K: Lend>(&mut self, keys: &mut K) -> Result<(), TuiError> {
        let Some((dialog, text)) = self.to_edit.take().filter(|_| self.editor.is_none()) else {
            return Ok(());
        };
        keys.lend()?;
        match Editor::start(dialog, &text) {
            Ok(editor) => self.editor = Some(editor),
            Err(error) => {
                keys.take_back()?;
                self.repaint()?;
                let result = Err(format!("the editor cannot be started: {error}"));
                self.tell(Message::Edited { dialog, result })?;
            }
        }
        Ok(())
    }

    /// The editor gave the terminal back.
    fn editor_ended(&mut self, result: Result<String, String>) -> Result<(), TuiError> {
        let Some(editor) = self.editor.take() else { return Ok(()) };
        self.repaint()?;
        self.tell(Message::Edited { dialog: editor.dialog, result })
    }

    async fn take_inputs<K>(&mut self, first: Input, keys: &mut K) -> Result<(), TuiError>
    where
        K: Stream<Item = io::Result<Input>> + Unpin,
    {
        self.take_input(first)?;
        for _ in 1..BATCH {
            match ready(keys).await {
                Some(input) => self.take_input(input?)?,
                None => break,
            }
        }
        Ok(())
    }

    /// A size that changed is noticed when drawing. A terminal that became small and large again before that has lost what
    /// stood outside, so every change has the frame written anew. Key releases, which Windows sends, mean nothing.
    fn take_input(&mut self, input: Input) -> Result<(), TuiError> {
        match input {
            Input::Key(key) if key.kind != KeyEventKind::Release => self.tell(Message::Key(key)),
            Input::Key(_) => Ok(()),
            Input::Background(background) => self.tell(Message::Background(background)),
            Input::Mouse(event) => self.tell(Message::Mouse { event, at: self.clock.now() }),
            Input::Paste(text) => self.tell(Message::Paste(text)),
            Input::Resize => self.repaint(),
        }
    }

    fn take_snapshot(&mut self) -> Result<(), TuiError> {
        let snapshot = self.session.snapshots.borrow_and_update().clone();
        self.tell(Message::Snapshot(snapshot))
    }

    fn take_events(&mut self, first: Event) -> Result<(), TuiError> {
        self.tell(Message::Event(first))?;
        for _ in 1..BATCH {
            match self.session.events.try_recv() {
                Ok(event) => self.tell(Message::Event(event))?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn worker_stopped(&mut self) -> Result<(), TuiError> {
        self.worker_runs = false;
        self.tell(Message::WorkerStopped)
    }

    fn take_time(&mut self) -> Result<(), TuiError> {
        let now = whole_second(self.clock.now());
        if now == self.model.state.now { Ok(()) } else { self.tell(Message::Now(now)) }
    }

    /// How long nothing in sight changes by itself; `None` where nothing ever does.
    fn nap(&self) -> Option<Duration> {
        let model = &self.model;
        // Nothing is in sight while an editor has the terminal.
        let seen = next_change::next_change(model).filter(|_| self.editor.is_none());
        let change = [seen, model.lock_at(), model.attention.due()].into_iter().flatten().min();
        let change = next_second(change?);
        let nap = change.duration_since(self.clock.now()).max(SignedDuration::ZERO);
        Some(nap.unsigned_abs().min(LONGEST_NAP))
    }
}

/// What a stream has ready now. It is asked with the task's own waker: a stream may keep the first waker that it is asked
/// with, as crossterm's does, and one that wakes nobody, such as that of `now_or_never`, would lose the next key.
async fn ready<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|context| match stream.poll_next_unpin(context) {
        Poll::Ready(item) => Poll::Ready(item),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// The first whole second that is not before `moment`: the model knows no time between.
fn next_second(moment: Timestamp) -> Timestamp {
    let second = whole_second(moment);
    if second == moment {
        second
    } else {
        second.saturating_add(SignedDuration::from_secs(1)).unwrap_or(second)
    }
}

#[cfg(test)]
mod tests;
