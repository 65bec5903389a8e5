//! What the screen is made of. A component is one file: its state, its keys, how it is drawn, when it looks different by
//! itself, what it offers, and the same in words.
//!
//! A component changes itself alone. What it wants of anything else it answers as [`Reaction`]s, which the stack of dialogs
//! and the model carry out in that order.

pub mod api_keys;
pub mod app_form;
pub mod apps;
pub mod browser;
pub mod clock;
pub mod confirm;
pub mod conflict;
pub mod copy_menu;
pub mod credentials;
pub mod custom_data;
pub mod delete;
pub mod document;
pub mod edit;
pub mod email;
pub mod help;
pub mod identities;
pub mod mailbox;
pub mod palette;
pub mod picker;
pub mod secret;
pub mod session;
pub mod timeline;
pub mod users;
pub mod vault;

use std::any::Any;
use std::fmt::Debug;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Size};

use super::batch::BatchAction;
use super::effect::Effect;
use super::form::{Field, Form};
use super::frame::Screen;
use super::keymap::{Action, Context};
pub use super::state::State;
pub use super::widget::input::{Input, is_movement, target};
use super::widget::page::{Drawn, Spot};
use super::words::Tone;
use crate::account::{AppAlias, UserKey};
use crate::data::DataEdit;
use crate::session::{AnyOperation, RequestId, UserView};

/// What a component wants of everything else.
#[derive(Debug)]
pub enum Reaction {
    /// Something outside of the model.
    Effect(Effect),
    /// Ask the worker, and wait for the answer.
    Ask(AnyOperation),
    /// Ask the worker for what is shown: nothing has to wait for the answer.
    Read(AnyOperation),
    /// Have a text edited in the person's editor.
    Edit(String),
    /// Say in the dialog what went wrong, and what to do next.
    Fail(String, String),
    /// Close this dialog.
    Close,
    /// Cancel a request that sent a browser away, and close the dialogs that wait for it.
    CancelWaiting(RequestId),
    /// Open another dialog above.
    Open(Box<dyn Modal>),
    /// Open the dialog that links an identity to a user.
    Link(UserKey),
    /// Do what a key of that action does: in the dialog that is on top then, else on the main screen.
    Act(Action),
    /// Say something in the activity line.
    Say(Tone, String),
    /// Select a user on the board.
    Select(UserKey),
    /// Select a user, wherever the person looks.
    GoTo(UserKey),
    /// Show the users of an app alone.
    Narrow(AppAlias),
    /// Use a theme that comes with the program.
    UseTheme(&'static str),
    /// Add a user to the comparison.
    Compare(UserKey),
    /// Do something to many users.
    Batch(BatchAction, Vec<UserKey>),
}

impl Reaction {
    /// Asks the worker, and waits.
    pub fn ask(operation: impl Into<AnyOperation>) -> Vec<Self> {
        vec![Self::Ask(operation.into())]
    }

    /// Asks the worker, without waiting in a dialog.
    pub fn send(operation: impl Into<AnyOperation>) -> Self {
        Self::Effect(Effect::Send { operation: operation.into(), dialog: None })
    }

    /// Reads what is shown anew.
    pub fn read(operation: impl Into<AnyOperation>) -> Vec<Self> {
        vec![Self::Read(operation.into())]
    }

    /// Opens another dialog above.
    pub fn open(dialog: impl Modal) -> Vec<Self> {
        vec![Self::Open(Box::new(dialog))]
    }

    /// Hands something to the clipboard.
    pub fn copy(text: impl Into<secrecy::SecretString>, name: &str) -> Self {
        Self::Effect(Effect::Copy { text: text.into(), name: name.to_owned() })
    }

    /// Warns in the activity line.
    pub fn warn(text: impl Into<String>) -> Self {
        Self::Say(Tone::Warn, text.into())
    }
}

/// The room that a dialog may take.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// The size of the screen.
    pub screen: Size,
}

/// Columns inside of a dialog.
pub const COLUMNS: usize = 62;

/// Most columns inside of a list.
const MOST_COLUMNS: usize = 104;

/// Columns around the inside of a dialog, and rows.
pub const FRAME: (u16, u16) = (4, 2);

impl Room {
    /// Columns of a list, which takes what is there.
    pub fn wide(self) -> usize {
        usize::from(self.screen.width).saturating_sub(8).min(MOST_COLUMNS)
    }

    /// All columns inside of a frame.
    pub fn columns(self) -> usize {
        usize::from(self.screen.width).saturating_sub(usize::from(FRAME.0) + 2)
    }

    /// Rows inside of a frame. What a failure may take has its place too.
    pub fn rows(self) -> usize {
        usize::from(self.screen.height).saturating_sub(usize::from(FRAME.1) + 2 + 3)
    }
}

/// What a dialog shows.
#[derive(Debug)]
pub struct Page {
    /// The title; it may be text from a server.
    pub title: String,
    /// What part of the whole is in sight, where not all is.
    pub position: Option<String>,
    /// Lines with the cursor somewhere in them.
    pub drawn: Drawn,
    /// How many columns they take.
    pub columns: usize,
    /// Whether they have the whole screen to themselves, without a frame.
    pub alone: bool,
}

impl Page {
    /// A page as wide as a form.
    pub fn new(title: impl Into<String>, drawn: Drawn) -> Self {
        Self { title: title.into(), position: None, drawn, columns: COLUMNS, alone: false }
    }

    /// The same in another width.
    pub fn of_width(self, columns: usize) -> Self {
        Self { columns, ..self }
    }
}

/// A component.
pub trait Component: Any + Debug + Send + Sync {
    /// Whose keys hold while it has the focus.
    fn context(&self) -> Context;

    /// Takes something in. Changes nothing but the component; what else is wanted, it answers.
    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction>;

    /// Draws it: what it says, where the cursor stands, and what a click hits.
    fn draw(&self, state: &State, room: Room) -> Page;

    /// The next moment at which it looks different by itself; `None` where nothing counts.
    fn next_change(&self, _state: &State) -> Option<Timestamp> {
        None
    }

    /// Whether an action that is bound to a key makes sense now. The line of keys leaves out what does not.
    fn offers(&self, _action: Action, _state: &State) -> bool {
        true
    }

    /// The same in words, for a person who reads lines.
    fn describe(&self, state: &State) -> Vec<String>;
}

/// A component that stands above the panes, and takes the keys until it closes.
///
/// Most are forms: those say which, and what submitting it comes to; the rest is done for them.
pub trait Modal: Component {
    /// The form, if it is one.
    fn form(&self) -> Option<&Form> {
        None
    }

    /// The same, to be changed.
    fn form_mut(&mut self) -> Option<&mut Form> {
        None
    }

    /// Shows and hides fields as the others demand.
    fn settle(&mut self) {}

    /// What is wrong with what was typed, beside the fields' own errors.
    fn objection(&self) -> Option<String> {
        None
    }

    /// What it is doing while it waits.
    fn waiting(&self) -> &'static str {
        ""
    }

    /// Whether it shows what the worker knows, and stays open until it is closed.
    fn is_panel(&self) -> bool {
        false
    }

    /// Whether Esc closes it.
    fn can_close(&self) -> bool {
        true
    }

    /// Goes back to what it showed before, where Esc does that first; whether there was something.
    fn step_back(&mut self) -> bool {
        false
    }

    /// Whether closing it would lose something that a person typed.
    fn holds_text(&self) -> bool {
        self.form().is_some_and(Form::has_typed)
    }

    /// Whether that is work on somebody's data, which one key does not drop even to quit.
    fn holds_work(&self) -> bool {
        false
    }

    /// Whether the dialogs below wait out of sight: what they show is the user's.
    fn hides_others(&self) -> bool {
        false
    }

    /// A person closed it. `request` is what it waited for.
    fn give_up(&mut self, _request: Option<RequestId>) -> Option<Reaction> {
        None
    }

    /// The request failed. What was typed is still there, except secrets.
    fn after_failure(&mut self) {
        if let Some(form) = self.form_mut() {
            form.request_failed();
        }
    }

    /// The change of a user's custom data that it asked for last, and what the user is called.
    fn data_edit(&self) -> Option<(UserKey, String, DataEdit)> {
        None
    }
}

/// A pane of the board. What it shows is of the selected user, or of all.
pub trait Panel: Debug + Send + Sync {
    /// Takes something in; `None` where it means here what it means everywhere.
    fn handle(&mut self, input: &Input, state: &mut State) -> Option<Vec<Reaction>>;

    /// Draws it; where the cursor stands, if a text is typed.
    fn draw(&self, state: &State, screen: &Screen, buffer: &mut Buffer) -> Option<Position>;

    /// The next moment at which it looks different by itself; `None` where nothing counts.
    fn next_change(&self, _state: &State) -> Option<Timestamp> {
        None
    }

    /// Prepares for drawing what is known of the selected user, whenever that is something new.
    fn show(&mut self, _user: Option<&UserView>, _is_another: bool) {}

    /// Brings cursor and offset in line with everything else. Cheap where nothing of it changed.
    fn settle(&mut self, _state: &State) {}

    /// Why an action makes no sense for what is under its cursor.
    fn why_not(&self, _action: Action) -> Option<String> {
        None
    }

    /// What a copy of what is under its cursor is, and what it is called.
    fn copied(&self, state: &State) -> Option<(String, String)>;
}

/// The place of the keys of a form.
pub fn form_context(form: &Form) -> Context {
    match form.focused() {
        Some(field) if field.is_text() => Context::TextField,
        Some(_) => Context::ChoiceField,
        None => Context::Notice,
    }
}

/// Whether an action makes sense for the field of a form that has the focus.
pub fn form_offers(form: Option<&Form>, action: Action) -> bool {
    let focused = form.and_then(Form::focused);
    match action {
        Action::Reveal => focused.is_some_and(Field::is_secret),
        Action::Right => focused.is_none_or(Field::has_alternatives),
        Action::NextField => form.is_some_and(|form| form.fields().count() > 1),
        _ => true,
    }
}

/// What keys, clicks and pasted text do to a form.
pub fn handle_form(form: &mut Form, input: &Input) {
    let in_text = form_context(form) == Context::TextField;
    match input {
        Input::Action(Action::NextField) => form.next(),
        Input::Action(Action::PreviousField) => form.previous(),
        Input::Action(Action::Up) => form.up(),
        Input::Action(Action::Down) => form.down(),
        Input::Action(Action::Left) => form.change(false),
        Input::Action(Action::Right) => form.change(true),
        Input::Action(Action::Reveal) => form.reveal(),
        Input::Key(key) if in_text => form.key(*key),
        Input::Paste(text) if in_text => form.paste(text),
        Input::Click(Spot::Field(name)) => {
            form.focus_on(*name);
            // Without effect on a text.
            form.change(true);
        }
        Input::Click(Spot::Option(name, option)) => form.choose(*name, *option),
        _ => {}
    }
}

/// A second from now: when something turns, or a clock goes on.
pub fn next_second(state: &State) -> Option<Timestamp> {
    state.now.saturating_add(jiff::SignedDuration::from_secs(1)).ok()
}
