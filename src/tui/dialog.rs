//! The stack of dialogs: what is open, where its requests stand, and how it is drawn.

use std::any::Any;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Constraint, Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::component::{COLUMNS, FRAME, Modal, Page, Room, State, form_offers, next_second};
pub use super::effect::DialogId;
use super::keymap::{Action, Context};
use super::widget::line::{lines, span};
use super::widget::page::{Spot, paragraph};
use super::{layout, words};
use crate::session::{Event, EventKind, RequestId};
use crate::text;

/// Lines that a failure's message, and its hint, may take: the form has to stay in sight.
const MOST_LINES: usize = 5;

/// An open dialog.
#[derive(Debug)]
pub struct Dialog {
    /// Names this opening of it, so that an answer finds it, or finds that it is gone.
    pub id: DialogId,
    /// The component.
    pub body: Box<dyn Modal>,
    /// Where its request stands.
    pub progress: Progress,
    /// Whether its request only reads what it shows, so that nothing has to wait for the answer.
    pub reads: bool,
    /// The action that was asked for once, closing or quitting, and would lose what was typed.
    pub leaving: Option<Action>,
}

/// Where the request of a dialog stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// There is none.
    Idle,
    /// It is on its way; the id is there once the worker took it.
    Waiting(Option<RequestId>),
    /// It failed.
    Failed {
        /// What happened.
        message: String,
        /// What to do next.
        hint: String,
    },
}

/// What an event means for the dialog that waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is not the end yet.
    Underway,
    /// It is done.
    Done,
    /// It failed; the dialog says why.
    Failed,
}

impl Dialog {
    /// A dialog that was just opened.
    pub fn new(id: DialogId, body: Box<dyn Modal>) -> Self {
        Self { id, body, progress: Progress::Idle, reads: false, leaving: None }
    }

    /// Its component, if it is of that type.
    pub fn get<T: Modal>(&self) -> Option<&T> {
        (&*self.body as &dyn Any).downcast_ref()
    }

    /// The same, to be changed.
    pub fn get_mut<T: Modal>(&mut self) -> Option<&mut T> {
        (&mut *self.body as &mut dyn Any).downcast_mut()
    }

    /// Whether its component is of that type.
    pub fn is<T: Modal>(&self) -> bool {
        self.get::<T>().is_some()
    }

    /// Where its keys are pressed.
    pub fn context(&self) -> Context {
        self.body.context()
    }

    /// Whether Esc closes it.
    pub fn can_close(&self) -> bool {
        self.body.can_close()
    }

    /// Whether a request is on its way.
    pub fn is_waiting(&self) -> bool {
        matches!(self.progress, Progress::Waiting(_))
    }

    /// Whether the answer to that request is waited for.
    pub fn waits_for(&self, request: RequestId) -> bool {
        self.progress == Progress::Waiting(Some(request))
    }

    /// Whether an action waits until the answer is there: one change at a time. Reading holds nothing up, and what is listed
    /// can be looked through.
    pub fn holds_up(&self, action: Option<Action>) -> bool {
        let moves = self.body.form().is_none() && action.is_some_and(super::component::is_movement);
        self.is_waiting() && !self.reads && !moves
    }

    /// Says that the request failed. What was typed is still there, except secrets.
    pub fn fail(&mut self, message: String, hint: String) {
        self.progress = Progress::Failed { message, hint };
        self.body.after_failure();
    }

    /// Whether closing it would lose something that a person typed. An answer that is waited for is not asked about.
    pub fn holds_text(&self) -> bool {
        !self.is_waiting() && self.body.holds_text()
    }

    /// Whether quitting would lose work on somebody's data, which one key does not.
    pub fn holds_work(&self) -> bool {
        !self.is_waiting() && self.body.holds_work()
    }

    /// Whether an action that is bound to a key makes sense in it now.
    pub fn offers(&self, action: Action, state: &State) -> bool {
        match action {
            Action::Close => self.can_close(),
            Action::Quit => self.body.offers(action, state),
            _ if self.is_waiting() && !self.body.is_panel() => false,
            _ => form_offers(self.body.form(), action) && self.body.offers(action, state),
        }
    }

    /// The next moment at which it looks different by itself.
    pub fn next_change(&self, state: &State) -> Option<Timestamp> {
        // Something turns.
        if self.is_waiting() && !self.body.is_panel() {
            return next_second(state);
        }
        self.body.next_change(state)
    }

    /// Takes in an event of the dialog's request.
    pub fn receive(&mut self, event: &Event) -> Outcome {
        match &event.kind {
            EventKind::Failed(failure) => {
                self.fail(failure.message.clone(), failure.hint.clone());
                Outcome::Failed
            }
            EventKind::LogInRequired(reason) => {
                self.fail(reason.to_string(), "Cancel, then log in again.".into());
                Outcome::Failed
            }
            // Registering is followed by logging in.
            EventKind::Registered
            | EventKind::RefreshPostponed { .. }
            | EventKind::RecordSetAside { .. }
            | EventKind::BrowserNeeded { .. } => Outcome::Underway,
            // A panel stays, and shows what is new.
            _ if self.body.is_panel() => {
                self.progress = Progress::Idle;
                Outcome::Underway
            }
            _ => Outcome::Done,
        }
    }

    /// Draws it; where the cursor stands, if it is in a text field.
    pub fn draw(&self, state: &State, buffer: &mut Buffer) -> Option<Position> {
        let theme = &state.theme;
        let page = self.page(state);
        let area = place(state, &page);
        if page.alone {
            Clear.render(buffer.area, buffer);
            lines(area, buffer, page.drawn.lines);
            return None;
        }
        Clear.render(area, buffer);
        let title = text::inert(&page.title);
        let title = text::cut(&title, page.columns).into_owned();
        let mut block = Block::bordered()
            .border_type(BorderType::Thick)
            .border_style(theme.border_focus)
            .title(Line::from(span(format!(" {title} "), theme.border_focus)));
        if let Some(position) = page.position {
            block = block.title(Line::from(position).alignment(Alignment::Right));
        }
        block.render(area, buffer);
        let inside = layout::inside(area);
        lines(inside, buffer, page.drawn.lines);
        let (column, row) = page.drawn.cursor.filter(|_| !self.is_waiting())?;
        let position = Position { x: inside.x + column, y: inside.y + row };
        inside.contains(position).then_some(position)
    }

    /// What of it is at a place of the screen, as it is drawn there.
    pub fn under(&self, state: &State, at: Position) -> Option<Spot> {
        let page = self.page(state);
        let inside = layout::inside(place(state, &page));
        if !inside.contains(at) {
            return None;
        }
        page.drawn.at(at.x - inside.x, at.y - inside.y)
    }

    /// What it says, and below it where its request stands.
    fn page(&self, state: &State) -> Page {
        let mut page = self.body.draw(state, Room { screen: state.size });
        if !page.alone {
            self.progress(state, &mut page.drawn.lines);
        }
        page
    }

    fn progress(&self, state: &State, lines: &mut Vec<Line<'static>>) {
        let theme = &state.theme;
        let paragraph = |words: &str, style| paragraph(words, style, COLUMNS);
        if let Some(action) = self.leaving {
            // Quitting may be on a letter as well, which a field would take.
            let key = match action {
                Action::Quit => "Ctrl-C".into(),
                action => state.keymap.call(self.context(), action),
            };
            let quits = if action == Action::Quit { "quits and " } else { "" };
            lines.push(Line::default());
            lines.extend(paragraph(&format!("! {key} again {quits}drops what you typed."), theme.warn));
        }
        match &self.progress {
            Progress::Idle => {}
            // Panels are asked anew all the time: words that come and go would make them flicker.
            Progress::Waiting(_) if self.body.is_panel() => {}
            Progress::Waiting(_) => {
                lines.push(Line::default());
                let turn = words::spinner(state.now);
                lines.push(Line::from(span(format!("{turn} {}", self.body.waiting()), theme.busy)));
            }
            Progress::Failed { message, hint } => {
                lines.push(Line::default());
                lines.extend(paragraph(&format!("✗ {message}"), theme.bad).into_iter().take(MOST_LINES));
                if !hint.is_empty() {
                    lines.extend(paragraph(hint, theme.text).into_iter().take(MOST_LINES));
                }
            }
        }
    }
}

/// Where a page stands: in the middle.
fn place(state: &State, page: &Page) -> Rect {
    let frame = if page.alone { (0, 0) } else { FRAME };
    let width = page.columns as u16 + frame.0;
    let height = page.drawn.lines.len() as u16 + frame.1;
    let screen = Rect::from((Position::ORIGIN, state.size));
    screen.centered(Constraint::Length(width), Constraint::Length(height))
}
